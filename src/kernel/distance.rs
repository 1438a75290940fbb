//! Distances of samples that are iterated in `f64`, from the derivative of their orbits.
//!
//! The count of a sample is known before, so that nothing is tested until it has been reached. The order of operations is that of
//! [`step`], and for the derivative d = dz/dc
//!
//! ```text
//! dx' = fma(2 x, dx, fma(-2 y, dy, 1))      dy' = fma(2 x, dy, 2 y * dx)
//! ```

use std::ops::Range;

use num_complex::Complex;

use crate::field::{Distance, Escape};
use crate::kernel::cpu::with_fma;
use crate::kernel::step::{norm_sqr, step};
use crate::number::log2::log2;
use crate::plane::viewport::Viewport;

/// The square of the radius that orbits continue to. The estimate leaves out the term c of the iterations that would follow, which is
/// |c| / |z|^2 of the next z: 3e-5 for |z| = 256.
pub(super) const RADIUS_SQR: f64 = 65536.0;

/// The next derivative, where `one` is the unit that c is measured in.
#[inline(always)]
pub(super) fn derive(x: f64, y: f64, dx: f64, dy: f64, one: f64) -> (f64, f64) {
    let (x, y) = (x + x, y + y);
    (x.mul_add(dx, (-y).mul_add(dy, one)), x.mul_add(dy, y * dx))
}

/// z ln |z| / d, in units of `spacing`.
#[inline(always)]
pub(super) fn estimate(z: Complex<f64>, d: Complex<f64>, spacing: f64) -> Distance {
    let (z_sqr, d_sqr) = (norm_sqr(z.re, z.im), norm_sqr(d.re, d.im));
    let factor = f64::from(log2(z_sqr as f32)) * (std::f64::consts::LN_2 / 2.0) / (d_sqr * spacing);
    let (re, im) = (z.re * d.re + z.im * d.im, z.im * d.re - z.re * d.im);
    let (x, y) = ((re * factor) as f32, (im * factor) as f32);
    // That the length is finite, without its root; and no branch, so that compilers vectorize loops of this.
    let finite = (x * x + y * y).is_finite();
    Distance { x: if finite { x } else { 0.0 }, y: if finite { y } else { 0.0 } }
}

/// The distance of the sample c, whose count is `n`, in units of `spacing`: the reference for [`distances`].
pub(crate) fn distance(c: Complex<f64>, n: u32, spacing: f64) -> Distance {
    let (mut x, mut y, mut dx, mut dy) = (0.0, 0.0, 0.0, 0.0);
    let mut made = 0;
    while made < n || norm_sqr(x, y) <= RADIUS_SQR {
        ((dx, dy), (x, y)) = (derive(x, y, dx, dy, 1.0), step(x, y, c.re, c.im));
        made += 1;
    }
    estimate(Complex::new(x, y), Complex::new(dx, dy), spacing)
}

/// Samples that iterate together: with four numbers to a vector and six vectors to four samples, twelve registers of sixteen. With three
/// vectors of samples instead of two some have to be kept in memory, which was no faster.
const GROUP: usize = 8;

/// The state of a group.
struct Group {
    c: [[f64; GROUP]; 2],
    z: [[f64; GROUP]; 2],
    d: [[f64; GROUP]; 2],
}

impl Group {
    /// Makes as many iterations in all samples.
    #[inline(always)]
    fn iterate(&mut self, iterations: u32) {
        let ([cx, cy], [mut x, mut y], [mut dx, mut dy]) = (self.c, self.z, self.d);
        for _ in 0..iterations {
            for i in 0..GROUP {
                (dx[i], dy[i]) = derive(x[i], y[i], dx[i], dy[i], 1.0);
                (x[i], y[i]) = step(x[i], y[i], cx[i], cy[i]);
            }
        }
        (self.z, self.d) = ([x, y], [dx, dy]);
    }

    /// Goes on with each sample until it has left.
    #[inline(always)]
    fn finish(&mut self) {
        let ([cx, cy], [mut x, mut y], [mut dx, mut dy]) = (self.c, self.z, self.d);
        loop {
            let mut inside = [false; GROUP];
            for i in 0..GROUP {
                // NaN, which an overflow may lead to, has left.
                inside[i] = norm_sqr(x[i], y[i]) <= RADIUS_SQR;
            }
            if inside == [false; GROUP] {
                break;
            }
            for i in 0..GROUP {
                let (next_d, next) = (derive(x[i], y[i], dx[i], dy[i], 1.0), step(x[i], y[i], cx[i], cy[i]));
                (dx[i], x[i]) = if inside[i] { (next_d.0, next.0) } else { (dx[i], x[i]) };
                (dy[i], y[i]) = if inside[i] { (next_d.1, next.1) } else { (dy[i], y[i]) };
            }
        }
        (self.z, self.d) = ([x, y], [dx, dy]);
    }

    /// The distances of all samples, their parts apart.
    #[inline(always)]
    fn estimates(&self, spacing: f64) -> [[f32; GROUP]; 2] {
        let mut out = [[0.0; GROUP]; 2];
        for i in 0..GROUP {
            let [z, d] = [&self.z, &self.d].map(|[re, im]| Complex::new(re[i], im[i]));
            let distance = estimate(z, d, spacing);
            (out[0][i], out[1][i]) = (distance.x, distance.y);
        }
        out
    }
}

/// Sorts samples by their counts, which are the upper halves: by eleven bits of them at a time, the lowest first (radix sort).
fn sort_by_count(keys: &mut Vec<u64>) {
    let mut sorted = vec![0; keys.len()];
    for shift in [32, 43, 54] {
        let digit = |key: u64| (key >> shift) as usize & 0x7ff;
        let mut places = [0; 0x800];
        keys.iter().for_each(|&key| places[digit(key)] += 1);
        if places.contains(&keys.len()) {
            continue;
        }
        let mut place = 0;
        for first in &mut places {
            place += std::mem::replace(first, place);
        }
        for &key in &*keys {
            let place = &mut places[digit(key)];
            sorted[*place] = key;
            *place += 1;
        }
        std::mem::swap(keys, &mut sorted);
    }
}

/// The distances of a rectangle of samples, from their results. Equal to [`distance`] of each, to the last bit.
pub(super) fn distances(
    viewport: &Viewport,
    columns: Range<u32>,
    rows: Range<u32>,
    escapes: &[Escape],
    out: &mut [Distance],
) {
    debug_assert!(
        escapes.len() == out.len() && out.len() == columns.len() * rows.len(),
        "one for each sample"
    );
    let spacing = viewport.spacing_min().to_f64();
    out.fill(Distance::NONE);
    // Samples with equal counts stand together, so that few iterations are tested.
    let escaped = |(i, escape): (usize, &Escape)| escape.n().map(|n| u64::from(n) << 32 | i as u64);
    let mut order: Vec<u64> = escapes.iter().enumerate().filter_map(escaped).collect();
    sort_by_count(&mut order);
    let index = |key: u64| key as u32 as usize;
    let point = |i: usize| {
        let (x, y) = ((i % columns.len()) as u32, (i / columns.len()) as u32);
        viewport.point(columns.start + x, rows.start + y)
    };
    with_fma(
        #[inline(always)]
        || {
            for keys in order.chunks(GROUP) {
                let zero = [[0.0; GROUP]; 2];
                // Places without a sample have left from the beginning.
                let mut group = Group { c: zero, z: [[f64::INFINITY; GROUP]; 2], d: zero };
                for (i, &key) in keys.iter().enumerate() {
                    let c = point(index(key));
                    (group.c[0][i], group.c[1][i], group.z[0][i], group.z[1][i]) = (c.re, c.im, 0.0, 0.0);
                }
                group.iterate((keys[0] >> 32) as u32);
                group.finish();
                let [x, y] = group.estimates(spacing);
                for (&key, (x, y)) in keys.iter().zip(x.into_iter().zip(y)) {
                    out[index(key)] = Distance { x, y };
                }
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;
    use crate::kernel::bailout::Bailout;
    use crate::kernel::cpu::Level;
    use crate::kernel::plan::Plan;
    use crate::number::decimal::Decimal;
    use crate::number::fixed::ComplexFixed;
    use crate::number::floatexp::FloatExp;
    use crate::plane::axis::Grid;
    use crate::plane::location::Location;

    /// ln ln |z|, from an orbit in fixed point, where |z| > 256 for the first time.
    fn double_logarithm(c: &Complex<Decimal>, bits: usize) -> f64 {
        let c = ComplexFixed::new(c, bits);
        let mut z = ComplexFixed::zero();
        loop {
            z = z.square_add(&c);
            let size = z.to_float().abs().to_f64();
            if size > 256.0 {
                return libm::log(libm::log(size));
            }
        }
    }

    /// The distance of c in spacings, from differences of the potential at points that are a millionth of a spacing away.
    ///
    /// The gradient of ln ln |z| along the real axis is x / (x^2 + y^2), and along the imaginary axis y / (x^2 + y^2).
    fn by_differences(c: &Complex<Decimal>, spacing: FloatExp) -> (f64, f64) {
        const STEP: i32 = -20;
        let bits = (90 - spacing.exponent()) as usize;
        let step = Decimal::from(spacing * FloatExp::new(1.0, STEP));
        let here = double_logarithm(c, bits);
        let slope =
            |c: Complex<Decimal>| (double_logarithm(&c, bits) - here) / FloatExp::new(1.0, STEP).to_f64();
        let along = slope(Complex::new(c.re.clone() + step.clone(), c.im.clone()));
        let up = slope(Complex::new(c.re.clone(), c.im.clone() + step));
        let norm_sqr = along * along + up * up;
        (along / norm_sqr, up / norm_sqr)
    }

    /// Compares with a lattice of 9 by 7 samples of a place, and returns how many were compared.
    fn compare(place: &str) -> usize {
        const SIZE: (u32, u32) = (9, 7);
        let place = Location::named(place).expect(place);
        // Samples of a large picture, a few of them.
        let viewport = Viewport::new(place.frame().expect("a frame"), Grid::Centers, (900, 700));
        let viewport = viewport.expect("a view").every(100);
        let bailout = Bailout::new(place.max_iter).expect("a limit");
        let kernel = |level: Option<Level>| {
            let plan = Plan::new(&viewport, bailout, level);
            plan.kernel_within(None, u64::MAX, &AtomicU64::new(0)).expect("a kernel")
        };
        let mut escapes = [Escape::NONE; (SIZE.0 * SIZE.1) as usize];
        let mut out = [Distance::NONE; (SIZE.0 * SIZE.1) as usize];
        kernel(None).iterate(0..SIZE.0, 0..SIZE.1, &mut escapes);
        kernel(None).distances(0..SIZE.0, 0..SIZE.1, &escapes, &mut out);
        let (center, spacing) = (viewport.center(), viewport.spacing_min());
        let mut compared = 0;
        for (i, found) in out.iter().enumerate().filter(|(_, found)| found.length() > 1.0) {
            let offset = viewport.offset(i as u32 % SIZE.0, i as u32 / SIZE.0).parts();
            let c = Complex::new(
                center.re.clone() + Decimal::from(offset.0),
                center.im.clone() + Decimal::from(offset.1),
            );
            let (x, y) = by_differences(&c, spacing);
            let error = libm::hypot(f64::from(found.x) - x, f64::from(found.y) - y) / libm::hypot(x, y);
            assert!(error < 1e-3, "{}, sample {i}: {found:?}, by differences ({x}, {y})", place.name);
            compared += 1;
        }
        compared
    }

    #[test]
    fn distances_are_those_of_the_potential_in_high_precision() {
        let mut compared = 0;
        for place in ["home", "seahorse", "elephant", "mini", "twins", "leaves", "needle", "dendrite"] {
            compared += compare(place);
        }
        assert!(compared >= 200, "{compared}");
    }
}
