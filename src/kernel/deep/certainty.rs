//! Proven counts of deep samples. The symbols are those of [`deep`](super), the bounds those of [`certainty`](crate::kernel::certainty).
//!
//! Here e bounds the error of the delta. Iterations are made one by one, without blocks. What an iteration adds to the error:
//!
//! - the roundings of its operations, and that of Z to `f64`, relative to |z|;
//! - the rounding of the reference: Z_{m+1} is not quite Z_m^2 + C, but cut off behind the bits that
//!   [`CriticalOrbit`](crate::kernel::critical_orbit::CriticalOrbit) keeps.
//!
//! A rebase adds the rounding of Z_m, which matters where f is small against it.

use std::ops::{Add, Mul};
use std::sync::Arc;

use num_complex::Complex;

use crate::kernel::attractor::Number;
use crate::kernel::bailout::Bailout;
use crate::kernel::certainty::{Proof, Prover, SLACK, Trials, U};
use crate::kernel::cpu::with_fma;
use crate::kernel::deep::attractor::Delta;
use crate::kernel::deep::bla::Bla;
use crate::kernel::deep::perturbation::{Perturbation, is_wide};
use crate::kernel::deep::reference_orbit::{ReferenceOrbit, bits};
use crate::kernel::deep::sample::Reference;
use crate::number::complexexp::ComplexExp;
use crate::number::floatexp::FloatExp;
use crate::plane::viewport::Viewport;

/// What bounds are computed in.
trait Real: Copy + PartialOrd + Add<Output = Self> + Mul<Output = Self> + From<f64> {
    /// More than all that is lost below the range of the numbers in one iteration.
    const TINY: Self;
    fn from_wide(number: FloatExp) -> Self;
}

impl Real for f64 {
    const TINY: Self = 1e-300;

    fn from_wide(number: FloatExp) -> Self {
        number.to_f64()
    }
}

impl Real for FloatExp {
    const TINY: Self = Self::ZERO;

    fn from_wide(number: FloatExp) -> Self {
        number
    }
}

/// Numbers whose sizes are bounded.
trait Bounded: Delta<Real: Real> {
    /// |self|, or a little more.
    fn size(self) -> Self::Real;
    /// The sum of both parts, which is not below |self|: enough for what is rounded off.
    fn at_most(self) -> Self::Real;
    /// |Z_m + self|^2 - |Z_m|^2 as Re(self conj w), and 4 - |Z_m|^2.
    fn excess_and_gap(self, w: Self, reference: &Reference, m: u32) -> (Self::Real, Self::Real);
    fn minus(a: Self::Real, b: Self::Real) -> Self::Real;
}

impl Bounded for Complex<f64> {
    #[inline(always)]
    fn size(self) -> f64 {
        let square = self.norm_sqr();
        if square > 1e-280 { square.sqrt() } else { self.at_most() }
    }

    #[inline(always)]
    fn at_most(self) -> f64 {
        self.re.abs() + self.im.abs()
    }

    fn excess_and_gap(self, w: Self, reference: &Reference, m: u32) -> (f64, f64) {
        (self.re.mul_add(w.re, self.im * w.im), reference.bla.gap(m).to_f64())
    }

    fn minus(a: f64, b: f64) -> f64 {
        a - b
    }
}

impl Bounded for ComplexExp {
    fn size(self) -> FloatExp {
        self.abs()
    }

    fn at_most(self) -> FloatExp {
        let (re, im) = self.mantissas();
        FloatExp::new(re.abs() + im.abs(), self.exponent())
    }

    fn excess_and_gap(self, w: Self, reference: &Reference, m: u32) -> (FloatExp, FloatExp) {
        let ((zr, zi), (wr, wi)) = (self.parts(), w.parts());
        (zr * wr + zi * wi, reference.bla.gap(m))
    }

    fn minus(a: FloatExp, b: FloatExp) -> FloatExp {
        a - b
    }
}

/// Proves the counts of the samples of a deep view.
pub(crate) struct Deep {
    viewport: Viewport,
    max_iter: u32,
    /// Without blocks.
    reference: Reference,
    /// Bounds of |Z_m^2 + C - Z_{m+1}|.
    cut_off: Vec<FloatExp>,
}

impl Deep {
    /// For the samples of `viewport`, compared with the orbit of its center, so that each delta at first is an offset without rounding.
    pub(crate) fn new(viewport: &Viewport, bailout: Bailout, orbit: Arc<ReferenceOrbit>) -> Self {
        debug_assert_eq!(orbit.center(), viewport.center(), "the orbit of the center");
        let reference = Perturbation::with_blocks(viewport, bailout, orbit, false).into_reference();
        let cut_off = cut_off(&reference.bla, viewport);
        Self { viewport: viewport.clone(), max_iter: bailout.max_iter(), reference, cut_off }
    }
}

impl Prover for Deep {
    fn prove(&self, x: u32, y: u32) -> Proof {
        let c = self.viewport.offset(x, y);
        let mut proof = Proof::Unknown;
        with_fma(
            #[inline(always)]
            || {
                proof = match is_wide(self.viewport.spacing_min()) {
                    true => self.prove_as::<ComplexExp>(c),
                    false => self.prove_as::<Complex<f64>>(c),
                }
            },
        );
        proof
    }
}

/// Bounds of what is cut off behind the last bit of each Z_{m+1}.
///
/// As many bits are kept as the view needs, which are at least `bits` and 32, less the exponent of dZ_{m+1}/dC, and at least 64. Both parts lose
/// the last bit of the square, of C with fewer bits, and of C with all of them: less than 2^3 such bits in all. The derivative is at most D with
/// D_{m+1} = 2 |Z_m| D_m + 1.
fn cut_off(bla: &Bla, viewport: &Viewport) -> Vec<FloatExp> {
    let all = bits(viewport.spacing_min()) as i32 + 32;
    let mut derivative = FloatExp::ZERO;
    (0..bla.last())
        .map(|m| {
            let twice = bla.exact(m).abs() * FloatExp::from(2.0 * SLACK);
            derivative = twice * derivative + FloatExp::from(SLACK);
            // The last one is larger than the derivative by less than a factor of 2.
            FloatExp::new(1.0, 3 - (all - derivative.exponent() - 1).max(64))
        })
        .collect()
}

/// Where a sample is, and how far from it the true one may be.
struct State<T: Number> {
    m: u32,
    z: T,
    error: T::Real,
}

/// A disk of deltas to Z_m, and the bound of its image.
struct Trap<T: Number> {
    m: u32,
    center: T,
    radius: T::Real,
    image: T::Real,
}

impl Deep {
    #[inline(always)]
    fn prove_as<T: Bounded>(&self, exact: ComplexExp) -> Proof {
        let bla = &self.reference.bla;
        let real = |x: f64| T::Real::from(x);
        let c = T::from_wide(exact);
        let mut now = State { m: 0, z: T::ZERO, error: real(0.0) };
        let mut trials = Trials::new(1);
        let mut trap: Option<Trap<T>> = None;
        let (mut reference, mut f, mut size) = (T::ZERO, T::ZERO, real(0.0));
        for n in 1..=self.max_iter {
            let w = reference + f;
            let next = w * now.z + c;
            // Of Z in w and of the sums; of the product, whose four products and two sums are at most |w| |z| each; of the sum with c.
            let of_w = real(2.0) * reference.at_most() + size + w.at_most();
            let of_all = now.z.at_most() * (of_w + real(4.0) * w.at_most()) + next.at_most();
            let cut_off = T::Real::from_wide(self.cut_off[now.m as usize]);
            let rounding = real(U) * of_all + cut_off + T::Real::TINY;
            let slope = real(2.0) * (size + real(U) * (reference.at_most() + size));
            let grown = |error: T::Real| ((slope + error) * error + rounding) * real(SLACK);
            now = State { m: now.m + 1, z: next, error: grown(now.error) };
            reference = T::point(bla, now.m);
            f = reference + now.z;
            size = f.size();
            match self.side(&now, exact, (n, reference, f)) {
                Some(true) => return Proof::Escapes(n),
                Some(false) => {}
                None => return Proof::Unknown,
            }
            if let Some(trap) = &mut trap {
                trap.image = grown(trap.image);
            }
            // The disk has left what is known to stay.
            trap = trap.filter(|trap| size + trap.image < real(2.0 - 1e-9));
            let before = now.m;
            if f.chebyshev() < now.z.chebyshev() || (now.m == bla.last() && bla.after_last() == 0) {
                let lost = real(U) * (reference.at_most() + size);
                let image = |trap: Trap<T>| Trap { image: (trap.image + lost) * real(SLACK), ..trap };
                now = State { m: 0, z: f, error: (now.error + lost) * real(SLACK) };
                trap = trap.map(image);
                reference = T::ZERO;
            } else if now.m == bla.last() {
                now.m = bla.after_last();
            }
            if now.m < before {
                if trap.as_ref().is_some_and(|trap| trap.holds(&now)) {
                    return Proof::Stays;
                }
                if let Some(part) = trials.next() {
                    let radius = real(part) * now.z.size() + real(16.0) * now.error;
                    trap = Some(Trap { m: now.m, center: now.z, radius, image: radius });
                }
            }
        }
        Proof::Stays
    }

    /// Whether a sample after its `n`-th iteration is outside |f| = 2, where it is sure.
    #[inline(always)]
    fn side<T: Bounded>(
        &self,
        now: &State<T>,
        exact: ComplexExp,
        (n, reference, f): (u32, T, T),
    ) -> Option<bool> {
        let real = |x: f64| T::Real::from(x);
        if let (1, Some(circle)) = (n, &self.reference.circle) {
            return Some(circle.is_outside(exact));
        }
        let (size, error) = (f.size(), now.error);
        // Rounding f adds less: Z and f are below 100.
        let near = error + real(1e-12);
        if size + near < real(2.0) {
            return Some(false);
        }
        let w = reference + f;
        let (excess, gap) = now.z.excess_and_gap(w, &self.reference, now.m);
        let absolute = if gap < real(0.0) { T::minus(real(0.0), gap) } else { gap };
        // A gap that is small comes from all bits of Z. Another one comes from Z in `f64`: that and the square round |Z|^2 twice each.
        let of_gap = if absolute < real(0.9e-4) {
            real(4.0 * U) * absolute
        } else {
            real(8.0 * U) * (reference.at_most() * reference.at_most() + real(2.0))
        };
        let of_w = real(2.0) * reference.at_most() + size + real(4.0) * w.at_most();
        let rounding = real(U) * (now.z.at_most() * of_w) + of_gap + T::Real::TINY;
        let margin = ((real(2.0) * size + near) * error + rounding) * real(SLACK);
        let over = T::minus(excess, gap);
        match () {
            () if over > margin => Some(true),
            () if over + margin < real(0.0) => Some(false),
            () => None,
        }
    }
}

impl<T: Bounded> Trap<T> {
    /// Whether the image lies in the disk.
    fn holds(&self, now: &State<T>) -> bool {
        let distance = (now.z - self.center).size();
        now.m == self.m && (distance + self.image) * T::Real::from(SLACK) < self.radius
    }
}
