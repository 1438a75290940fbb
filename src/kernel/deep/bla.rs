//! Many steps of a delta at once: bilinear approximation (BLA).
//!
//! A delta moves by z' = (2 Z + z) z + c. Where z is small beside Z its square may go, and what is left is linear: any number
//! of such steps are one, a u + b c. (Zhuoran, "Another solution to perturbation glitches", 2021; C. Heiland-Allen, "Deep zoom
//! theory and practice (again)", 2022.) Here the first step of a block is made in full, u = (2 Z + z) z, so that a
//! block may start where Z is next to 0 and a linear step would be good for nothing.
//!
//! # Which blocks there are
//!
//! Two neighbouring blocks merge into one, which is good for fewer z the closer the Z between them is to 0. So
//! neighbours merge pair by pair like a binary tree, but first those that meet at a large Z, and those that meet next to 0
//! last. The long blocks then reach from one approach to 0 to the next: from period to period of the small
//! copies of the set on the way to the view.
//!
//! # When a block holds
//!
//! At each Z_k inside, |z_k| may be at most [`EPSILON`] |Z_k|, and z_k = a_k u + b_k c there. With the largest |c| of the
//! view, |u| must stay below (EPSILON |Z_k| - |b_k| |c|) / |a_k| for all k. Sizes are those of the larger part.

use std::collections::BTreeSet;

use super::reference_orbit::ReferenceOrbit;
use crate::floatexp::{ComplexExp, FloatExp};

/// What a block leaves out of a step, z^2 beside 2 Z z, is at most half this part of it.
///
/// An error of one part in 2^32 of z is one of as much of c: a tenth of a millionth of a pixel at the edge of a picture
/// that is a thousand pixels wide. Hundreds of blocks, at the limit of what each allows, are still less than a
/// thousandth of a pixel.
pub const EPSILON: i32 = -32;

/// Shorter blocks are not kept, as they save nothing.
const SHORTEST: u32 = 4;

/// Steps `start + 1 ..= start + len` of a delta as one: z_out = a u + b c, where u = (2 Z + z) z with Z and z at `start`.
#[derive(Clone, Copy, Debug)]
pub struct WideBlock {
    pub a: ComplexExp,
    pub b: ComplexExp,
    /// The block holds while the larger part of u is below this.
    pub radius: FloatExp,
    pub start: u32,
    pub len: u32,
}

/// A block in plain numbers.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Block {
    pub a: [f64; 2],
    /// b times [`Bla::unit`], for c in that unit.
    pub b: [f64; 2],
    pub radius: f64,
    pub len: u32,
}

/// What is known of one step of the reference.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(32))]
pub struct Step {
    pub z: [f64; 2],
    /// The radius of the first block that starts here, or 0.
    pub radius: f64,
    /// The first of the blocks that start here, the shortest first, and how many there are.
    pub first: u32,
    pub count: u32,
}

/// A reference orbit with all its blocks.
pub struct Bla {
    /// One for each Z, from Z_0 = 0.
    pub steps: Vec<Step>,
    pub blocks: Vec<Block>,
    /// Blocks that leave the range of `f64`, in order of start and length.
    pub wide: Vec<WideBlock>,
    /// The power of two that c is measured in.
    pub unit: i32,
}

/// Plain blocks keep this far from the ends of `f64`, so that no product of two of their numbers gets lost.
const RANGE: i32 = 900;

impl Bla {
    /// The blocks for all |c| (larger part) up to `c_max`, which is measured in units of 2^`unit`.
    pub fn new(orbit: &ReferenceOrbit, c_max: FloatExp, unit: i32, approximate: bool) -> Self {
        let mut blocks = if approximate { merged(orbit, c_max) } else { Vec::new() };
        blocks.sort_unstable_by_key(|block| (block.start, block.len));
        let mut steps: Vec<Step> = orbit.z().iter().map(|z| Step { z: [z.re, z.im], ..Step::default() }).collect();
        let mut wide = Vec::new();
        let mut plain = Vec::with_capacity(blocks.len());
        for block in blocks {
            let b = block.b.shifted(unit);
            let fits = |x: ComplexExp| x.exponent() < RANGE;
            if !(fits(block.a) && fits(b) && block.radius.exponent() > -RANGE) {
                wide.push(block);
                continue;
            }
            let (a, b, radius) = (block.a.to_f64(), b.to_f64(), block.radius.to_f64());
            let step = &mut steps[block.start as usize];
            if step.count == 0 {
                (step.radius, step.first) = (radius, plain.len() as u32);
            }
            step.count += 1;
            plain.push(Block { a: [a.re, a.im], b: [b.re, b.im], radius, len: block.len });
        }
        Self { steps, blocks: plain, wide, unit }
    }

    /// The blocks that start at step m, the shortest first.
    #[inline(always)]
    pub fn at(&self, step: &Step) -> &[Block] {
        &self.blocks[step.first as usize..][..step.count as usize]
    }

    /// The longest wide block at m that holds for u.
    pub fn widest(&self, m: u32, u: FloatExp) -> Option<&WideBlock> {
        let from = self.wide.partition_point(|block| block.start < m);
        self.wide[from..].iter().take_while(|block| block.start == m && u < block.radius).last()
    }
}

/// All blocks of an orbit, in no particular order.
fn merged(orbit: &ReferenceOrbit, c_max: FloatExp) -> Vec<WideBlock> {
    let steps = orbit.z().len() as u32 - 1;
    let epsilon = FloatExp::new(1.0, EPSILON);
    // The size of Z where a block meets the one before it, as a power of two.
    let height = |m: u32| orbit.exact(m).exponent();
    let merge = |x: &WideBlock, y: &WideBlock| {
        let z = orbit.exact(y.start);
        // z_out of the first goes on as 2 Z z, which is u of the second without the square.
        let (a, b) = (z.shifted(1) * x.a, z.shifted(1) * x.b);
        let here = (z.chebyshev() * epsilon - x.b.chebyshev() * c_max) / x.a.chebyshev();
        let later = (y.radius - b.chebyshev() * c_max) / a.chebyshev();
        let radius = if later < here { later } else { here };
        let radius = if radius < x.radius { radius } else { x.radius };
        (radius > FloatExp::ZERO).then(|| WideBlock {
            a: a * y.a,
            b: b * y.a + y.b,
            radius,
            start: x.start,
            len: x.len + y.len,
        })
    };
    let single = |start| WideBlock {
        a: ComplexExp::ONE,
        b: ComplexExp::ONE,
        // A single step is exact.
        radius: FloatExp::new(1.0, RANGE),
        start,
        len: 1,
    };
    let mut row: Vec<WideBlock> = (0..steps).map(single).collect();
    let mut kept = Vec::new();
    // Powers of four, so that the tree below each is not cut into too small pieces.
    let thresholds: BTreeSet<i32> = (1..steps).map(|m| height(m) & !1).collect();
    for threshold in thresholds.into_iter().rev() {
        loop {
            let before = row.len();
            let mut next: Vec<WideBlock> = Vec::with_capacity(before);
            let mut i = 0;
            while let Some(block) = row.get(i) {
                i += 1;
                let second = row.get(i).filter(|second| height(second.start) >= threshold);
                next.push(match second.and_then(|second| merge(block, second)) {
                    None => *block,
                    Some(both) => {
                        i += 1;
                        if both.len >= SHORTEST {
                            kept.push(both);
                        }
                        both
                    }
                });
            }
            row = next;
            if row.len() == before {
                break;
            }
        }
    }
    kept
}
