//! Many steps of a delta at once: bilinear approximation (BLA).

use super::reference_orbit::ReferenceOrbit;
use crate::floatexp::{ComplexExp, FloatExp};

/// Steps `start + 1 ..= start + len` of the reference as one: z_out = a (2 Z + z) z + b c.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    pub a: ComplexExp,
    pub b: ComplexExp,
    /// Holds while the larger part of (2 Z + z) z is below this.
    pub radius: FloatExp,
    pub start: u32,
    pub len: u32,
}

/// All blocks of a reference.
pub struct Bla {
    pub blocks: Vec<Block>,
    /// Where the blocks that start at m begin in `blocks`; one more entry than there are steps.
    pub first: Vec<u32>,
}

/// What a merged block leaves out, z^2 beside 2 Z z, may be at most this part of what it keeps.
pub const EPSILON_LOG2: i32 = -32;

impl Bla {
    pub fn new(orbit: &ReferenceOrbit, c_max: FloatExp, epsilon: i32) -> Self {
        let z = orbit.z();
        let steps = z.len() as u32 - 1;
        let epsilon = FloatExp::new(1.0, epsilon);
        let bound = |m: u32| orbit.exact(m).chebyshev() * epsilon;
        // Boundaries fall in the order of their size.
        let single = |m| Block { a: ComplexExp::ONE, b: ComplexExp::ONE, radius: FloatExp::new(1.0, 1000), start: m, len: 1 };
        let mut row: Vec<Block> = (0..steps).map(single).collect();
        let mut kept: Vec<Block> = Vec::new();
        // Whether the boundary before a block of the row is to stay for ever.
        let mut threshold = 0;
        let lowest = (1..steps).map(|m| orbit.exact(m).chebyshev().exponent()).min().unwrap_or(0);
        let merge = |x: &Block, y: &Block| -> Option<Block> {
            let at = orbit.exact(y.start);
            let slope = at.shifted(1);
            let (za, zb) = (slope * x.a, slope * x.b);
            let first = (bound(y.start) - x.b.chebyshev() * c_max) / x.a.chebyshev();
            let second = (y.radius - zb.chebyshev() * c_max) / za.chebyshev();
            let mut radius = x.radius;
            for r in [first, second] { if r < radius { radius = r; } }
            (radius > FloatExp::ZERO).then(|| Block {
                a: za * y.a, b: zb * y.a + y.b, radius, start: x.start, len: x.len + y.len,
            })
        };
        while threshold >= lowest {
            // Rounds of merging pairs, until no boundary above the threshold can fall.
            loop {
                let mut next: Vec<Block> = Vec::with_capacity(row.len() / 2 + 1);
                let mut merged = false;
                let mut i = 0;
                while i < row.len() {
                    if i + 1 < row.len() && orbit.exact(row[i + 1].start).chebyshev().exponent() >= threshold {
                        if let Some(block) = merge(&row[i], &row[i + 1]) {
                            kept.push(block);
                            next.push(block);
                            merged = true;
                            i += 2;
                            continue;
                        }
                    }
                    next.push(row[i]);
                    i += 1;
                }
                row = next;
                if !merged { break; }
            }
            threshold -= 2;
        }
        kept.retain(|b| b.len >= 3);
        kept.sort_unstable_by_key(|b| (b.start, b.len));
        let mut first = vec![0u32; steps as usize + 2];
        for b in &kept { first[b.start as usize + 1] += 1; }
        for i in 1..first.len() { first[i] += first[i - 1]; }
        Self { blocks: kept, first }
    }
}
