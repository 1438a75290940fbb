//! Attracting cycles of deep samples. The symbols are those of [`deep`](super).
//!
//! An orbit that begins at w is a delta of w to Z_0 = 0, as that of a sample which has just been rebased. So F^n(w) and its
//! derivatives by w and c come from iterations, blocks and rebases as the delta of a sample does.

use std::ops::RangeInclusive;

use num_complex::Complex;

use crate::kernel::attractor::{Along, Candidates, Cycle, Map, Number, cycle};
use crate::kernel::deep::bla::Bla;
use crate::number::complexexp::ComplexExp;

/// Deltas in `f64`, or with wide exponents where they leave its range.
pub(super) trait Delta: Number {
    /// A number that is in range.
    fn from_wide(number: ComplexExp) -> Self;
    /// Z_m.
    fn point(bla: &Bla, m: u32) -> Self;
    /// The longest block at m that holds for u and has at most `most` iterations.
    fn block(bla: &Bla, m: u32, u: Self, most: u32) -> Option<Leap<Self>>;
}

/// A block of `len` iterations: a, b in units of c, and s.
pub(super) struct Leap<T> {
    a: T,
    b: T,
    s: T,
    len: u32,
}

impl Delta for Complex<f64> {
    fn from_wide(number: ComplexExp) -> Self {
        number.to_f64()
    }

    #[inline(always)]
    fn point(bla: &Bla, m: u32) -> Self {
        bla.rounded(m)
    }

    #[inline(always)]
    fn block(bla: &Bla, m: u32, u: Self, most: u32) -> Option<Leap<Self>> {
        let block = bla.longest_within(m, u.re.abs().max(u.im.abs()), most)?;
        let [a, b, s] = [block.a, block.b, block.s].map(|[re, im]| Complex::new(re, im));
        Some(Leap { a, b, s, len: block.len })
    }
}

impl Delta for ComplexExp {
    fn from_wide(number: ComplexExp) -> Self {
        number
    }

    fn point(bla: &Bla, m: u32) -> Self {
        bla.exact(m)
    }

    fn block(bla: &Bla, m: u32, u: Self, most: u32) -> Option<Leap<Self>> {
        let block = bla.longest_wide_within(m, u, most)?;
        Some(Leap { a: block.a, b: block.b.shifted(bla.unit), s: block.s, len: block.len })
    }
}

/// F for the sample at C + c.
struct Deep<'a, T> {
    bla: &'a Bla,
    c: T,
    /// c in units of [`Bla::unit`].
    scaled: T,
}

/// An orbit: n iterations after its beginning it is Z_m + z.
struct Orbit<T> {
    n: u32,
    m: u32,
    z: T,
}

impl<T: Delta> Deep<'_, T> {
    /// Z_m + z.
    #[inline(always)]
    fn value(&self, orbit: &Orbit<T>) -> T {
        T::point(self.bla, orbit.m) + orbit.z
    }

    /// Makes an iteration, or a block of at most `most`, and rebases.
    #[inline(always)]
    fn advance(&self, orbit: &mut Orbit<T>, most: u32, along: &mut impl Along<T>) {
        let f = self.value(orbit);
        let u = (T::point(self.bla, orbit.m) + f) * orbit.z;
        let len = if let Some(Leap { a, b, s, len }) = T::block(self.bla, orbit.m, u, most) {
            let bend = s.twice();
            along.leap(f, a + bend * u, bend, b);
            orbit.z = (a + s * u) * u + b * self.scaled;
            len
        } else {
            along.iterate(f);
            orbit.z = u + self.c;
            1
        };
        (orbit.n, orbit.m) = (orbit.n + len, orbit.m + len);
        let f = self.value(orbit);
        if f.chebyshev() < orbit.z.chebyshev() {
            (orbit.m, orbit.z) = (0, f);
        } else if orbit.m == self.bla.last() {
            orbit.m = self.bla.after_last();
            orbit.z = if orbit.m == 0 { f } else { orbit.z };
        }
    }
}

impl<T: Delta> Map for Deep<'_, T> {
    type Number = T;

    #[inline(always)]
    fn iterate(&self, w: T, n: u32, along: &mut impl Along<T>) -> Option<T> {
        let mut orbit = Orbit { n: 0, m: 0, z: w };
        while orbit.n < n {
            let left = n - orbit.n;
            self.advance(&mut orbit, left, along);
            if self.value(&orbit).chebyshev() > 256.0.into() {
                return None;
            }
        }
        Some(self.value(&orbit))
    }
}

/// Those m at which |Z_m| is less than before: blocks do not pass them while a period is sought. Elsewhere in a block no orbit comes nearer to 0
/// than at one of them, since there it hardly differs from the reference.
pub(super) fn minima(bla: &Bla) -> Vec<u32> {
    let mut least = None;
    let mut minima = Vec::new();
    for m in 1..=bla.last() {
        let size = bla.exact(m).norm_sqr();
        if least.is_none_or(|least| size < least) {
            least = Some(size);
            minima.push(m);
        }
    }
    minima
}

/// The cycle that the sample at C + c comes to within `max_iter` iterations. `minima` are those of the reference.
///
/// Lower periods than that of the view, which only a component has that reaches into it from outside, are sought last: an
/// orbit that begins at such a z_n is no small delta, and has no blocks.
#[inline(always)]
pub(super) fn attractor<T: Delta>(bla: &Bla, minima: &[u32], c: ComplexExp, max_iter: u32) -> Option<Cycle> {
    let scaled = T::from_wide(c.shifted(-bla.unit));
    let map = Deep { bla, c: T::from_wide(c), scaled };
    let period = bla.period();
    let found = search(&map, minima, period..=max_iter, max_iter);
    if period > 1 { found.or_else(|| search(&map, minima, 1..=period - 1, max_iter)) } else { found }
}

/// The cycle with one of these periods.
#[inline(always)]
fn search<T: Delta>(
    map: &Deep<T>,
    minima: &[u32],
    periods: RangeInclusive<u32>,
    max_iter: u32,
) -> Option<Cycle> {
    let bla = map.bla;
    let unit = T::from_wide(ComplexExp::ONE.shifted(bla.unit));
    let mut candidates = Candidates::new();
    let mut orbit = Orbit { n: 0, m: 0, z: T::ZERO };
    while orbit.n < max_iter {
        let next = minima.get(minima.partition_point(|m| *m <= orbit.m)).map_or(u32::MAX, |m| m - orbit.m);
        let most = next.min(max_iter.min(candidates.again()) - orbit.n);
        map.advance(&mut orbit, most, &mut ());
        let f = map.value(&orbit);
        for period in candidates.take(orbit.n, f.norm_sqr()).into_iter().flatten() {
            if periods.contains(&period)
                && let Some(cycle) = cycle(map, f, period, unit)
            {
                return Some(cycle);
            }
        }
    }
    None
}
