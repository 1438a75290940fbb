//! The orbit that all samples of a deep view are compared with.
//!
//! # How far
//!
//! The orbit ends where the samples, to first order a disk of radius r |dZ_m/dC| around Z_m, come to
//! surround 0. (That m is a period of the view, as for the smallest copy of the set in it; C. Heiland-Allen, "Deep
//! zoom theory and practice", 2021.) From there all samples can be compared with the orbit from its start, and what that rounds off is
//! 2^-53 of the disk. So a long orbit is stored once round, without the nucleus of the copy having to be found.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use num_complex::Complex;

use crate::fixed::Fixed;
use crate::floatexp::{ComplexExp, FloatExp};
use crate::orbit::Orbit;
use crate::{Decimal, Error};

/// How long a reference orbit may become, and how long it is so far.
pub struct Allowance {
    /// The most steps.
    pub max_steps: u64,
    /// Steps made; another thread may look.
    pub steps: Arc<AtomicU64>,
}

impl Allowance {
    /// What a step may take, with the blocks that start there: 32 bytes, and 68 for each block, of which there are at most
    /// a third as many as steps. Lists that grow reserve up to twice what they hold.
    pub const BYTES: u64 = 128;

    /// As many steps as fit into so many bytes.
    pub fn of_bytes(bytes: u64) -> Self {
        Self { max_steps: bytes / Self::BYTES, steps: Arc::default() }
    }
}

impl Default for Allowance {
    /// As long as an orbit can be.
    fn default() -> Self {
        Self::of_bytes(u64::MAX)
    }
}

/// What the loops need at one step of the reference.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub struct Step {
    /// Z.
    pub z: [f64; 2],
    /// 4 - |Z|^2.
    pub gap: f64,
    /// The index of the first block that starts here.
    pub first: u32,
    /// The upper half of its radius, or 0 where no block starts.
    pub radius: u32,
}

/// Z_0 = 0, Z_1, Z_2, ... of a point in or near the view, rounded to `f64`.
pub struct ReferenceOrbit {
    /// One for each Z, from Z_0 = 0.
    pub(super) steps: Vec<Step>,
    /// Those Z_m that are too small for `f64`, by m.
    tiny: Vec<(u32, ComplexExp)>,
    /// 4 - |Z_m|^2 where that is small, by m.
    gaps: Vec<(u32, FloatExp)>,
    end: End,
}

/// Why an orbit has the length that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The last Z is beyond |Z| = 4.
    Escaped,
    /// The view around the last Z contains 0: that many steps are a period of the view.
    Period,
    /// The last Z is that of this earlier step, to the last bit: the orbit goes round an attracting cycle for ever.
    Cycle(u32),
    /// More steps are never asked for.
    Limit,
}

/// Numbers below 2 to this power are kept with their exponent; `f64` itself ends at 2^-1022.
const TINY: i32 = -960;
/// Below this, `f64` has lost so many bits of 4 - |Z|^2 that it is kept apart.
const SMALL_GAP: f64 = 1e-4;
/// Cycles are looked for after so many steps.
const SETTLED: u32 = 512;
/// Bits beyond those that tell one sample from the next.
///
/// They stand for 2^-48 of the distance between two samples. For samples at the edge of a picture, thousands of those
/// from the reference, errors then stay below what `f64` rounds off.
const GUARD: i32 = 48;

/// Bits behind the binary point that the reference needs for samples this far apart.
pub fn bits(spacing: FloatExp) -> u32 {
    (GUARD - spacing.exponent()).max(64) as u32
}

impl ReferenceOrbit {
    /// The orbit of `c` for samples that lie `spacing` apart within `radius` of it.
    ///
    /// # Errors
    /// [`Error::Limit`] where it would be longer than `allowance` permits.
    pub fn new(
        c: &Complex<Decimal>,
        spacing: FloatExp,
        radius: FloatExp,
        max_iter: u32,
        allowance: &Allowance,
    ) -> Result<Self, Error> {
        // A derivative a little below 1 asks for a few bits more.
        let mut exact = Orbit::new(Fixed::new(c, bits(spacing) as usize + 32));
        // Room that is not used is not taken, and a list that need not move is never there twice.
        let room = u64::from(max_iter).min(allowance.max_steps / 4).min(1 << 20) as usize + 1;
        let mut orbit =
            Self { steps: Vec::with_capacity(room), tiny: Vec::new(), gaps: Vec::new(), end: End::Limit };
        orbit.push(Complex::ZERO, FloatExp::from(4.0));
        let mut saved = (Fixed::zero(), i32::MIN, 0);
        for m in 1..=max_iter {
            if u64::from(m) > allowance.max_steps {
                return Err(Error::Limit(format!(
                    "the reference orbit of this view takes more than {} steps, and no more fit into memory; \
                     use a smaller --max-iter, or a center near a small copy of the set ('mandel find' finds one)",
                    allowance.max_steps
                )));
            }
            allowance.steps.store(m.into(), Ordering::Relaxed);
            exact.step();
            let z = exact.rounded();
            if z.exponent() < TINY {
                orbit.tiny.push((m, z));
            }
            let near = z.to_f64();
            let mut gap = FloatExp::from(4.0 - near.norm_sqr());
            if gap.abs() < FloatExp::from(SMALL_GAP) {
                gap = -exact.z().norm_minus_4();
                orbit.gaps.push((m, gap));
            }
            orbit.push(near, gap);
            // Samples that have just escaped need it further, until they are well outside.
            if z.exponent() >= 2 {
                orbit.end = End::Escaped;
                break;
            }
            if z.abs() < radius * exact.derivative().abs() {
                orbit.end = End::Period;
                break;
            }
            // Brent's way to find a cycle. On one that repels, as that of i, the derivative grows; there the way round
            // is worth going many times, as more and more of it becomes one block.
            let derivative = exact.derivative().exponent();
            if saved.0 == *exact.z() && derivative <= saved.1 {
                orbit.end = End::Cycle(saved.2);
                break;
            }
            if m.is_power_of_two() && m >= SETTLED {
                saved = (exact.z().clone(), derivative, m);
            }
        }
        Ok(orbit)
    }

    fn push(&mut self, z: Complex<f64>, gap: FloatExp) {
        self.steps.push(Step { z: [z.re, z.im], gap: gap.to_f64(), first: 0, radius: 0 });
    }

    /// The index of the last Z.
    #[inline(always)]
    pub fn last(&self) -> u32 {
        self.steps.len() as u32 - 1
    }

    /// Z_m as `f64`.
    #[inline(always)]
    pub fn rounded(&self, m: u32) -> Complex<f64> {
        let [re, im] = self.steps[m as usize].z;
        Complex::new(re, im)
    }

    /// Why there are no more.
    pub fn end(&self) -> End {
        self.end
    }

    /// The step that stands for the last one: an earlier one on a cycle, or 0 where samples are to be compared with the
    /// orbit from its start.
    pub fn after_last(&self) -> u32 {
        if let End::Cycle(earlier) = self.end { earlier } else { 0 }
    }

    /// Z_m with its whole range.
    pub fn exact(&self, m: u32) -> ComplexExp {
        find(&self.tiny, m).unwrap_or_else(|| self.rounded(m).into())
    }

    /// 4 - |Z_m|^2 with all its bits.
    pub fn gap(&self, m: u32) -> FloatExp {
        find(&self.gaps, m).unwrap_or_else(|| FloatExp::from(4.0 - self.rounded(m).norm_sqr()))
    }
}

fn find<T: Copy>(list: &[(u32, T)], m: u32) -> Option<T> {
    list.binary_search_by_key(&m, |&(m, _)| m).ok().map(|i| list[i].1)
}
