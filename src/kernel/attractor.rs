//! Attracting cycles: period, multiplier, and how far the sample is from the boundary of its component.
//!
//! With F(w) = w^2 + c a cycle of period p is a root of F^p(w) = w, and attracting where its multiplier l = dF^p/dw is below 1
//! in size. A sample that does not escape comes to the only one there is. It is sought by Newton's method from those z_n
//! that are nearer to 0 than all before: near a nucleus of period n, F^n maps a neighborhood of 0 onto itself nearly as w ->
//! w^2, so that Newton's method converges from anywhere in it. (C. Heiland-Allen, "Practical interior distance rendering",
//! 2014.)
//!
//! The estimate is half the conformal radius, (1 - |l|^2) / (2 |dl/dc|), since l maps the component onto the disk (A. Douady, J. Hubbard).
//! Along the cycle w depends on c too, dw/dc = (dF^p/dc) / (1 - l), so that
//!
//! ```text
//! dl/dc = d2F^p/dwdc + d2F^p/dw2 (dF^p/dc) / (1 - l)
//! ```

use std::ops::{Add, Div, Mul, Range, Sub};

use num_complex::Complex;

use crate::field::{Distance, Escape};
use crate::kernel::cpu::with_fma;
use crate::kernel::step::{norm_sqr, step};
use crate::number::complexexp::ComplexExp;
use crate::number::floatexp::FloatExp;
use crate::plane::viewport::Viewport;

/// What orbits are computed in: `f64`, or numbers with wide exponents.
pub(super) trait Number:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// What sizes are compared in.
    type Real: Copy + PartialOrd + Mul<Output = Self::Real> + From<f64>;
    const ZERO: Self;
    const ONE: Self;
    fn twice(self) -> Self;
    /// |self|^2.
    fn norm_sqr(self) -> Self::Real;
    /// The larger part. Unlike a square it cannot underflow.
    fn chebyshev(self) -> Self::Real;
    fn wide(self) -> ComplexExp;
}

impl Number for Complex<f64> {
    type Real = f64;
    const ZERO: Self = Self::new(0.0, 0.0);
    const ONE: Self = Self::new(1.0, 0.0);

    #[inline(always)]
    fn twice(self) -> Self {
        self + self
    }

    #[inline(always)]
    fn norm_sqr(self) -> f64 {
        self.re * self.re + self.im * self.im
    }

    #[inline(always)]
    fn chebyshev(self) -> f64 {
        self.re.abs().max(self.im.abs())
    }

    fn wide(self) -> ComplexExp {
        if self.is_finite() { self.into() } else { ComplexExp::ZERO }
    }
}

impl Number for ComplexExp {
    type Real = FloatExp;
    const ZERO: Self = Self::ZERO;
    const ONE: Self = Self::ONE;

    fn twice(self) -> Self {
        self.shifted(1)
    }

    fn norm_sqr(self) -> FloatExp {
        let (re, im) = self.parts();
        re * re + im * im
    }

    fn chebyshev(self) -> FloatExp {
        self.chebyshev()
    }

    fn wide(self) -> ComplexExp {
        self
    }
}

/// F for one c.
pub(super) trait Map {
    type Number: Number;
    /// F^n(w), or `None` if that is far outside the disk in which all cycles are, or not even finite. Derivatives go along.
    fn iterate(&self, w: Self::Number, n: u32, along: &mut impl Along<Self::Number>) -> Option<Self::Number>;
}

/// Derivatives of an orbit f that begins at w.
pub(super) trait Along<T> {
    /// From f to f^2 + c.
    fn iterate(&mut self, f: T);
    /// From f to (a + s u) u + b c and a constant, where u is f^2 and a constant: `slope` is a + 2 s u, `bend` is 2 s, and b
    /// is in units of c.
    fn leap(&mut self, f: T, slope: T, bend: T, b: T);
}

/// None.
impl<T> Along<T> for () {
    #[inline(always)]
    fn iterate(&mut self, _: T) {}
    #[inline(always)]
    fn leap(&mut self, _: T, _: T, _: T, _: T) {}
}

/// The first derivative by w.
struct Slope<T>(T);

impl<T: Number> Along<T> for Slope<T> {
    #[inline(always)]
    fn iterate(&mut self, f: T) {
        self.0 = (f * self.0).twice();
    }

    #[inline(always)]
    fn leap(&mut self, f: T, slope: T, _: T, _: T) {
        self.0 = slope * (f * self.0).twice();
    }
}

/// Derivatives by w and c, which is measured in `unit`.
struct Jet<T> {
    by_w: T,
    by_c: T,
    by_ww: T,
    by_wc: T,
    unit: T,
}

impl<T: Number> Jet<T> {
    fn new(unit: T) -> Self {
        Self { by_w: T::ONE, by_c: T::ZERO, by_ww: T::ZERO, by_wc: T::ZERO, unit }
    }

    /// The derivatives of f^2 by w, c, twice by w, and by both.
    #[inline(always)]
    fn square(&self, f: T) -> [T; 4] {
        [
            (f * self.by_w).twice(),
            (f * self.by_c).twice(),
            (self.by_w * self.by_w + f * self.by_ww).twice(),
            (self.by_w * self.by_c + f * self.by_wc).twice(),
        ]
    }
}

impl<T: Number> Along<T> for Jet<T> {
    #[inline(always)]
    fn iterate(&mut self, f: T) {
        let [by_w, by_c, by_ww, by_wc] = self.square(f);
        (self.by_w, self.by_c, self.by_ww, self.by_wc) = (by_w, by_c + self.unit, by_ww, by_wc);
    }

    #[inline(always)]
    fn leap(&mut self, f: T, slope: T, bend: T, b: T) {
        let [by_w, by_c, by_ww, by_wc] = self.square(f);
        (self.by_w, self.by_c) = (slope * by_w, slope * by_c + b);
        self.by_ww = slope * by_ww + bend * by_w * by_w;
        self.by_wc = slope * by_wc + bend * by_w * by_c;
    }
}

/// An attracting cycle.
#[derive(Clone, Copy)]
pub(super) struct Cycle {
    pub(super) period: u32,
    /// l.
    multiplier: Complex<f64>,
    /// dl/dc, in the unit that c is measured in.
    by_c: ComplexExp,
}

impl Cycle {
    /// The distance in spacings of the samples, where `unit` is the unit of c in them.
    pub(super) fn distance(&self, unit: FloatExp) -> Distance {
        let size = self.multiplier.norm_sqr();
        if self.by_c == ComplexExp::ZERO {
            return Distance::NONE;
        }
        // At the nucleus there is no direction, and any will do.
        let direction = if size > 0.0 { self.multiplier / size.sqrt() } else { Complex::ONE };
        let radius = ComplexExp::from(direction * (-0.5 * (1.0 - size))) / self.by_c;
        let (x, y) = radius.parts();
        let (x, y) = (x * unit, y * unit);
        let length = (x * x + y * y).sqrt();
        let most = FloatExp::from(f64::from(Distance::MAX));
        let factor = if length > most { most / length } else { FloatExp::ONE };
        let [x, y] = [x, y].map(|part| (part * factor).to_f64() as f32);
        Distance { x, y }
    }
}

/// The most steps of Newton's method. Three or four are usual.
const STEPS: u32 = 16;
/// |dF^n/dw|^2 beyond which there is no attracting cycle near w. Where F^n is like w -> w^2 + k with k in the set it is below 16 at k.
const STEEP: f64 = 256.0;
/// |w - z_n|^2 by |z_n|^2 beyond which there is none either. Where F^n is like w -> w^2 + k the attracting w has |w - k| = |w|^2 <= |w| / 2, so that
/// it is at most 1.
const FAR: f64 = 4.0;
/// Each step of Newton's method is shorter than the one before, in squares: next to where components meet three roots are
/// close together, and steps are two thirds of those before until w is among them.
const SHRINKS: f64 = 0.5;
/// A step so much smaller than the one before, in squares, is the last one: convergence is quadratic, and the error that is
/// left is the square of that, 2^-32, of the size of the neighborhood.
const LAST: f64 = 1.0 / (1 << 16) as f64;
/// What the error of w may change in l at most for a cycle to be one, squared.
const EXACT: f64 = 1.0 / (1_u64 << 24) as f64;

/// What it may change in l at most without a further step, squared, and the most such steps. Next to the boundary 1 - |l| is small against 1; where many
/// bits were rounded off, on components of few spacings in `f64`, further steps are no better.
const POLISHED: f64 = 1.0 / (1_u64 << 48) as f64;
const POLISH: u32 = 3;

/// The step of Newton's method from w, where F^n(w) = f with derivative `slope`.
#[inline(always)]
fn step_to_root<T: Number>(w: T, f: T, slope: T) -> Option<T> {
    let by_w = slope - T::ONE;
    let usable = slope.norm_sqr() <= STEEP.into() && by_w.norm_sqr() > 0.0.into();
    usable.then(|| (f - w) / by_w)
}

/// Where Newton's method for F^n(w) = w comes to from z_n, which may be a root.
#[inline(always)]
fn root<M: Map>(map: &M, z: M::Number, n: u32) -> Option<M::Number> {
    let (mut w, mut before) = (z, None);
    for _ in 0..STEPS {
        let mut slope = Slope(M::Number::ONE);
        let f = map.iterate(w, n, &mut slope)?;
        let step = step_to_root(w, f, slope.0)?;
        w = w - step;
        if (w - z).norm_sqr() > z.norm_sqr() * FAR.into() {
            return None;
        }
        let size = step.norm_sqr();
        // A step that does not shrink is one of roundings, or leads nowhere: whether w is a root is asked next.
        if before.is_some_and(|before| size <= before * LAST.into() || size > before * SHRINKS.into()) {
            return Some(w);
        }
        before = Some(size);
    }
    None
}

/// Whether w is on an attracting cycle whose period divides n, where `bend` is a second derivative there.
#[inline(always)]
fn attracts<M: Map>(map: &M, w: M::Number, n: u32, bend: M::Number) -> bool {
    let mut slope = Slope(M::Number::ONE);
    map.iterate(w, n, &mut slope).is_some_and(|f| is_exact(w, f, slope.0, bend))
}

/// Whether F^n(w) = f with this derivative is as near to w as an attracting cycle needs.
#[inline(always)]
fn is_exact<T: Number>(w: T, f: T, slope: T, bend: T) -> bool {
    let error = |step: T| (step * bend).norm_sqr() <= EXACT.into();
    slope.norm_sqr() < 1.0.into() && step_to_root(w, f, slope).is_some_and(error)
}

/// The attracting cycle near z_n whose period divides n. c is measured in `unit`.
#[inline(always)]
pub(super) fn cycle<M: Map>(map: &M, z: M::Number, n: u32, unit: M::Number) -> Option<Cycle> {
    let mut w = root(map, z, n)?;
    let mut jet = Jet::new(unit);
    let f = map.iterate(w, n, &mut jet)?;
    if !is_exact(w, f, jet.by_w, jet.by_ww) {
        return None;
    }
    let period = least_period(n, |divisor| attracts(map, w, divisor, jet.by_ww));
    let (mut f, mut is_new) = (f, period == n);
    for _ in 0..POLISH {
        if !is_new {
            jet = Jet::new(unit);
            f = map.iterate(w, period, &mut jet)?;
        }
        let step = step_to_root(w, f, jet.by_w)?;
        if (step * jet.by_ww).norm_sqr() <= POLISHED.into() {
            break;
        }
        (w, is_new) = (w - step, false);
    }
    let Jet { by_w, by_c, by_ww, by_wc, .. } = jet;
    let by_c = by_wc + by_ww * (by_c / (M::Number::ONE - by_w));
    let cycle = Cycle { period, multiplier: by_w.wide().to_f64(), by_c: by_c.wide() };
    (by_w.norm_sqr() < 1.0.into()).then_some(cycle)
}

/// The least divisor of n that is a period.
fn least_period(n: u32, is_period: impl Fn(u32) -> bool) -> u32 {
    let (mut period, mut rest, mut prime) = (n, n, 2);
    while rest > 1 {
        if u64::from(prime) * u64::from(prime) > u64::from(rest) {
            prime = rest;
        }
        let divides = rest.is_multiple_of(prime);
        while rest.is_multiple_of(prime) {
            rest /= prime;
        }
        while divides && period.is_multiple_of(prime) && is_period(period / prime) {
            period /= prime;
        }
        prime += 1;
    }
    period
}

/// From which z_n an orbit's cycle is sought, and of which period.
///
/// Where z_n is nearer to 0 than before, n may be the period. An orbit that comes slowly to its cycle has many such n, and an
/// attempt costs a small multiple of n. So one is left out where the periods that were tried have a sum beyond 4 n, which
/// keeps it below 6 n for ever.
///
/// The last such p is tried again from z_2p, z_4p, z_8p, ..., which are nearer to the cycle: close to the boundary others are
/// next to it.
pub(super) struct Candidates<R> {
    /// The last minimum and its n.
    least: R,
    period: u32,
    /// When it is tried again.
    again: u32,
    /// The sum of all periods that were tried.
    tried: u64,
}

impl<R: PartialOrd + From<f64>> Candidates<R> {
    pub(super) fn new() -> Self {
        Self { least: f64::from(u32::MAX).into(), period: 0, again: u32::MAX, tried: 0 }
    }

    /// The n at which the last one is tried again, whatever z_n is.
    pub(super) fn again(&self) -> u32 {
        self.again
    }

    /// Takes |z_n|^2, and returns up to two periods.
    #[inline(always)]
    pub(super) fn take(&mut self, n: u32, norm_sqr: R) -> [Option<u32>; 2] {
        let minimum = (norm_sqr < self.least && self.tried <= 4 * u64::from(n)).then_some(n);
        let again = (n == self.again).then_some(self.period);
        if minimum.is_some() {
            (self.least, self.period) = (norm_sqr, n);
        }
        if minimum.or(again).is_some() {
            self.again = n.saturating_mul(2);
        }
        let both = [again, minimum];
        self.tried += both.iter().flatten().map(|&period| u64::from(period)).sum::<u64>();
        both
    }
}

/// F in `f64`, in the operation order of [`step`].
struct Direct {
    c: Complex<f64>,
}

impl Map for Direct {
    type Number = Complex<f64>;

    #[inline(always)]
    fn iterate(&self, w: Complex<f64>, n: u32, along: &mut impl Along<Complex<f64>>) -> Option<Complex<f64>> {
        let (mut x, mut y) = (w.re, w.im);
        for _ in 0..n {
            along.iterate(Complex::new(x, y));
            (x, y) = step(x, y, self.c.re, self.c.im);
        }
        (norm_sqr(x, y) <= f64::from(1 << 16)).then(|| Complex::new(x, y))
    }
}

/// The cycle that the orbit of 0 comes to within `max_iter` iterations.
#[inline(always)]
pub(super) fn attractor(c: Complex<f64>, max_iter: u32) -> Option<Cycle> {
    let map = Direct { c };
    let mut candidates = Candidates::new();
    let (mut x, mut y) = (0.0, 0.0);
    for n in 1..=max_iter {
        (x, y) = step(x, y, c.re, c.im);
        let z = Complex::new(x, y);
        for period in candidates.take(n, Number::norm_sqr(z)).into_iter().flatten() {
            if let Some(cycle) = cycle(&map, z, period, Complex::ONE) {
                return Some(cycle);
            }
        }
    }
    None
}

/// Periods and distances of those samples of a rectangle that did not escape.
pub(super) fn interiors(
    viewport: &Viewport,
    max_iter: u32,
    columns: Range<u32>,
    rows: Range<u32>,
    escapes: &mut [Escape],
    distances: &mut [Distance],
) {
    debug_assert!(
        escapes.len() == distances.len() && escapes.len() == columns.len() * rows.len(),
        "two results per sample"
    );
    let unit = FloatExp::ONE / viewport.spacing_min();
    let places = rows.flat_map(|y| columns.clone().map(move |x| (x, y)));
    with_fma(
        #[inline(always)]
        || {
            for ((x, y), (escape, distance)) in places.zip(escapes.iter_mut().zip(distances)) {
                if escape.n().is_none() {
                    put(attractor(viewport.point(x, y), max_iter), unit, escape, distance);
                }
            }
        },
    );
}

/// Puts what was found of a sample in its place.
pub(super) fn put(cycle: Option<Cycle>, unit: FloatExp, escape: &mut Escape, distance: &mut Distance) {
    *escape = Escape::inside(cycle.map_or(0, |cycle| cycle.period));
    *distance = cycle.map_or(Distance::NONE, |cycle| cycle.distance(unit));
}
