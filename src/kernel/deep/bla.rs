//! Many iterations of a delta at once: bilinear approximation (BLA), with one quadratic term. The symbols are those of
//! [`deep`](super).
//!
//! An iteration of a delta is z' = (2 Z + z) z + c. Where z is small beside Z, its square is negligible and the map is linear in
//! z and c, and so is any number of iterations. (Zhuoran, "Another solution to perturbation glitches", 2021;
//! C. Heiland-Allen, "Deep zoom theory and practice (again)", 2022.) Two things are different here. The first
//! iteration of a block is computed in full, u = (2 Z + z) z, and the block is a function of u: so it may start at a Z
//! next to 0, where z^2 is not negligible. And the term of u^2 is kept, z_out = (a + s u) u + b c, which permits z to be 2^16
//! times as large for the same error.
//!
//! # Which blocks there are
//!
//! Two neighboring blocks merge into one. The range of u for which that holds is smaller the closer the Z where they meet is to
//! 0. So neighbors are merged pair by pair as in a binary tree, but first those that meet at a large Z, and
//! last those that meet next to 0. The long blocks then reach from one approach to 0 to the next: over a period of one of
//! the small copies of the set around the view.
//!
//! # When a block holds
//!
//! All sizes are those of the larger part, |z| <= sqrt(2) size. At each Z_k inside a block two bounds hold:
//!
//! - |z_k| <= 2^[`EPSILON`] |Z_k|, for the error.
//! - |z_k| < (4 - |Z_k|^2) / 6, so that the sample does not escape inside the block: with g = 4 - |Z_k|^2 that is
//!   |z_k| < 0.236 g in absolute value, hence 2 |Z_k| + |z_k| < 2 sqrt(4 - g) + 0.236 g <= 4, and
//!   |Z_k + z_k|^2 <= |Z_k|^2 + (2 |Z_k| + |z_k|) |z_k| < |Z_k|^2 + g = 4.
//!
//! z_k is a_k u + b_k c to first order. So the block holds while |u| < (bound_k - |b_k| r) / |a_k| for all k, where r is the
//! largest |c| of the view. `radius` is the least of these. The larger part of a product can be twice the product of
//! the larger parts (where both factors lie near a diagonal), which is left out here: z_k may exceed a bound by that
//! much. The second bound is the smaller one only where |Z_k| is within 2^-14 of 2.

use std::sync::Arc;

use num_complex::Complex;

use crate::kernel::deep::reference_orbit::{End, ReferenceOrbit};
use crate::number::complexexp::ComplexExp;
use crate::number::floatexp::FloatExp;

/// The largest |z| / |Z| inside a block, as a power of two.
///
/// *The error of a block.* With r_k = z_k / (2 Z_k) the exact iteration is z_{k+1} = 2 Z_k z_k (1 + r_k) + c, so that a block
/// multiplies by the product of all 1 + r_k. The terms kept are 1 + sum r_k, with r_k to first order. What is left out is
/// 2 sum_{i<k} r_i r_k to leading order: half of it from the product, half because z_k itself has the factors 1 + r_i before
/// it. That is at most (sum |r_k|)^2. Each |r_k| is at most about 2^-17, and since z grows, few of them are near that: the
/// relative error of z is about 2^-34.
///
/// *In pixels.* To first order z = (dz/dc) c, so that a relative error of z has the effect of the same relative error of
/// c. (After a rebase at a period, |z| is at most twice |dz/dc| r, as the disk of all samples contains 0 there.) In a picture two
/// thousand pixels wide |c| is at most about 1200 pixels: 2^-34 of that is a ten-millionth of a pixel, and a thousand
/// blocks, each at its limit, are a ten-thousandth.
///
/// Measured: with 2^-20 a quarter as many samples next to the boundary have another count than without blocks, and dense views
/// take 1.7 times as long.
const EPSILON: i32 = -16;

/// The same for blocks in which the terms of u c and c^2, which are not kept, are not negligible. All second-order terms
/// together are then sum r_k, about 2^-33 of z.
const EPSILON_LINEAR: i32 = -32;

/// Shorter blocks are not kept: they save little, and in a balanced tree three of four blocks have two or four iterations.
const SHORTEST: u32 = 6;

/// `len` iterations of a delta from Z_start on: z_out = (a + s u) u + b c, where u = (2 Z + z) z with Z and z at `start`.
#[derive(Clone, Copy, Debug)]
pub(super) struct WideBlock {
    pub(super) a: ComplexExp,
    pub(super) b: ComplexExp,
    pub(super) s: ComplexExp,
    /// The block holds while the larger part of u is below this.
    pub(super) radius: FloatExp,
    pub(super) start: u32,
    pub(super) len: u32,
}

/// A block in `f64`, in one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(super) struct Block {
    pub(super) a: [f64; 2],
    /// b times [`Bla::unit`], for c in that unit.
    pub(super) b: [f64; 2],
    pub(super) s: [f64; 2],
    pub(super) len: u32,
    start: u32,
    /// The [`upper`] half of the radius.
    radius: u32,
}

#[inline(always)]
pub(super) fn times(x: Complex<f64>, y: Complex<f64>) -> Complex<f64> {
    Complex::new(x.re.mul_add(y.re, -(x.im * y.im)), x.re.mul_add(y.im, x.im * y.re))
}

/// x y + z.
#[inline(always)]
pub(super) fn times_add(x: Complex<f64>, y: Complex<f64>, z: Complex<f64>) -> Complex<f64> {
    Complex::new(
        x.re.mul_add(y.re, (-x.im).mul_add(y.im, z.re)),
        x.re.mul_add(y.im, x.im.mul_add(y.re, z.im)),
    )
}

impl Block {
    /// (a + s u) u + b c.
    #[inline(always)]
    pub(super) fn leap(&self, u: Complex<f64>, c: Complex<f64>) -> Complex<f64> {
        let number = |[re, im]: [f64; 2]| Complex::new(re, im);
        let slope = times_add(number(self.s), u, number(self.a));
        times_add(slope, u, times(number(self.b), c))
    }
}

/// The upper half of the bits of a number that is not negative. As integers these halves are in the order of the numbers.
///
/// Sizes and radii are compared by it, since eight of them fit into one vector.
#[inline(always)]
pub(super) fn upper(size: f64) -> u32 {
    (size.to_bits() >> 32) as u32
}

/// What an iteration needs at one Z of the reference.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
pub(super) struct OrbitPoint {
    /// Z.
    pub(super) z: [f64; 2],
    /// 4 - |Z|^2; NaN at the last Z, and at Z_1 where the circle |c| = 2 passes through the view, so that no sample passes the
    /// comparison with it unattended.
    pub(super) gap: f64,
    /// The index of the first block that starts here.
    pub(super) first: u32,
    /// The upper half of its radius, or 0 where no block starts.
    pub(super) radius: u32,
}

/// A reference orbit with all its blocks.
///
/// Invariants, on which vector loops rest: m + len <= last for every block that starts at m; `points[m].first` is an index of
/// `blocks`; `radii` has one entry for each block and [`BESIDE`] more.
pub(super) struct Bla {
    orbit: Arc<ReferenceOrbit>,
    /// One for each Z that is used.
    pub(super) points: Vec<OrbitPoint>,
    /// In order of start and length, after block 0, which is a single iteration at any Z.
    pub(super) blocks: Vec<Block>,
    /// The [`upper`] half of the radius of each block. Block 0, the first block of each start and the [`BESIDE`] entries after
    /// the last block have [`HEAD`] instead.
    pub(super) radii: Vec<i32>,
    /// Blocks that leave the range of `f64`, in the same order.
    pub(super) wide: Vec<WideBlock>,
    /// Those blocks in `f64` whose b in units of c is below its range, in the same order: for orbits that begin where they please.
    small: Vec<WideBlock>,
    /// The power of two that c is measured in.
    pub(super) unit: i32,
    /// The same as a number, which is 0 where that underflows.
    pub(super) one: f64,
}

/// Less than any size, so that it ends a search through the blocks of one start.
const HEAD: i32 = -1;

/// Radii that are compared at once.
pub(super) const BESIDE: usize = 8;

/// Blocks in `f64` have coefficients below 2^900 and radii above 2^-900, so that products with them stay in its range.
const RANGE: i32 = 900;

impl Bla {
    /// The blocks up to Z_last for all |c| up to `c_max`. c is measured in units of 2^`unit`.
    pub(super) fn new(
        orbit: Arc<ReferenceOrbit>,
        last: u32,
        c_max: FloatExp,
        unit: i32,
        approximate: bool,
    ) -> Self {
        let last = last.min(orbit.last());
        let one = FloatExp::new(1.0, unit).to_f64();
        let single = Block { a: [1.0, 0.0], b: [one, 0.0], s: [0.0; 2], len: 1, start: 0, radius: 0 };
        let mut kept = Kept { unit, blocks: vec![single], wide: Vec::new(), small: Vec::new() };
        if approximate {
            merge(&orbit, last, c_max, &mut kept);
        }
        let Kept { mut blocks, mut wide, mut small, .. } = kept;
        // The single iteration has start 0 and is shorter than all others, so that it stays the first.
        blocks.sort_unstable_by_key(|block| (block.start, block.len));
        wide.sort_unstable_by_key(|block| (block.start, block.len));
        small.sort_unstable_by_key(|block| (block.start, block.len));
        let at = |m: u32| {
            let z = orbit.rounded(m);
            let gap = if m == last { f64::NAN } else { orbit.gap(m).to_f64() };
            OrbitPoint { z: [z.re, z.im], gap, first: 0, radius: 0 }
        };
        let mut points: Vec<OrbitPoint> = (0..=last).map(at).collect();
        let mut radii = Vec::with_capacity(blocks.len() + BESIDE);
        radii.push(HEAD);
        for (block, first) in blocks.iter().zip(0..).skip(1) {
            let point = &mut points[block.start as usize];
            if point.radius == 0 {
                (point.first, point.radius) = (first, block.radius);
                radii.push(HEAD);
            } else {
                radii.push(block.radius as i32);
            }
        }
        radii.extend([HEAD; BESIDE]);
        Self { orbit, points, blocks, radii, wide, small, unit, one }
    }

    /// The index of the last Z that is used.
    #[inline(always)]
    pub(super) fn last(&self) -> u32 {
        self.points.len() as u32 - 1
    }

    /// The index that a sample goes on with after the last Z: that of the equal Z where the orbit ends in a cycle, or 0
    /// for a rebase.
    pub(super) fn after_last(&self) -> u32 {
        match self.orbit.end() {
            Some(End::Cycle(earlier)) if self.last() == self.orbit.last() => earlier,
            _ => 0,
        }
    }

    /// The lowest period of a nucleus in the view, as far as it is known, or 1.
    pub(super) fn period(&self) -> u32 {
        if self.orbit.end() == Some(End::Period) { self.orbit.last() } else { 1 }
    }

    /// Z_m as `f64`.
    #[inline(always)]
    pub(super) fn rounded(&self, m: u32) -> Complex<f64> {
        let [re, im] = self.points[m as usize].z;
        Complex::new(re, im)
    }

    /// Z_m with an exponent beyond that of `f64`.
    pub(super) fn exact(&self, m: u32) -> ComplexExp {
        self.orbit.exact(m)
    }

    /// 4 - |Z_m|^2 with all its bits.
    pub(super) fn gap(&self, m: u32) -> FloatExp {
        self.orbit.gap(m)
    }

    /// The longest block at m that holds for u of this size.
    #[inline(always)]
    pub(super) fn longest(&self, m: u32, size: f64) -> Option<&Block> {
        let (point, size) = (&self.points[m as usize], upper(size));
        if size >= point.radius {
            return None;
        }
        let first = point.first as usize;
        let longer = self.radii[first + 1..].iter().take_while(|radius| (size as i32) < **radius).count();
        self.blocks.get(first + longer)
    }

    /// The same with at most `most` iterations.
    #[inline(always)]
    pub(super) fn longest_within(&self, m: u32, size: f64, most: u32) -> Option<&Block> {
        let longest = self.longest(m, size)?;
        if longest.len <= most {
            return Some(longest);
        }
        let from = self.points[m as usize].first as usize;
        self.blocks[from..].iter().take_while(|block| block.start == m && block.len <= most).last()
    }

    /// [`Bla::longest_within`] for numbers beyond the range of `f64`, which keeps b where u is not large against b c.
    pub(super) fn longest_wide_within(&self, m: u32, u: ComplexExp, most: u32) -> Option<WideBlock> {
        let both = [&self.wide, &self.small].map(|list| longest_in(list, m, u, most));
        let longest = both.into_iter().flatten().max_by_key(|block| block.len);
        longest
            .or_else(|| self.longest_within(m, u.chebyshev().to_f64(), most).map(|block| self.widened(block)))
    }

    /// The longest block at m that holds for numbers beyond the range of `f64`.
    pub(super) fn longest_wide(&self, m: u32, u: ComplexExp) -> Option<WideBlock> {
        longest_in(&self.wide, m, u, u32::MAX)
            // A size below the range of `f64` becomes 0, for which every block in `f64` holds.
            .or_else(|| self.longest(m, u.chebyshev().to_f64()).map(|block| self.widened(block)))
    }

    fn widened(&self, block: &Block) -> WideBlock {
        let [a, b, s] = [block.a, block.b, block.s].map(|[re, im]| Complex::new(re, im).into());
        let b = ComplexExp::shifted(b, -self.unit);
        WideBlock { a, b, s, radius: FloatExp::new(1.0, -RANGE), start: block.start, len: block.len }
    }
}

/// The longest block at m in a list that holds for u and has at most `most` iterations.
fn longest_in(list: &[WideBlock], m: u32, u: ComplexExp, most: u32) -> Option<WideBlock> {
    let size = u.chebyshev();
    let from = list.partition_point(|block| block.start < m);
    let holds = |block: &&WideBlock| block.start == m && size < block.radius && block.len <= most;
    list[from..].iter().take_while(holds).last().copied()
}

/// The blocks that are kept.
struct Kept {
    unit: i32,
    blocks: Vec<Block>,
    wide: Vec<WideBlock>,
    small: Vec<WideBlock>,
}

impl Kept {
    /// Keeps a block, in `f64` if its numbers allow.
    fn add(&mut self, block: WideBlock) {
        let factors = [block.a, block.b.shifted(self.unit), block.s];
        let fits = factors.iter().all(|factor| factor.exponent() < RANGE);
        if fits && block.radius.exponent() > -RANGE {
            let [a, b, s] = factors.map(|factor| factor.to_f64()).map(|x| [x.re, x.im]);
            let radius = upper(block.radius.to_f64());
            self.blocks.push(Block { a, b, s, len: block.len, start: block.start, radius });
            if factors[1].exponent() <= -RANGE {
                self.small.push(block);
            }
        } else {
            self.wide.push(block);
        }
    }
}

/// A block while the tree is built.
#[derive(Clone, Copy)]
struct Branch {
    block: WideBlock,
    /// The coefficients of u c and of c^2, which only tell whether they are negligible.
    uc: ComplexExp,
    cc: ComplexExp,
    /// The radius for z up to 2^[`EPSILON_LINEAR`] of Z.
    linear: FloatExp,
}

/// Finds all blocks of an orbit.
///
/// One pass over the orbit, with a stack of rows. The blocks of a row meet at Z of one size, which decreases from the top of
/// the stack to the bottom. A row is merged when a smaller Z follows than those in it, so that the stack stays small.
fn merge(orbit: &ReferenceOrbit, last: u32, c_max: FloatExp, kept: &mut Kept) {
    let mut stack: Vec<(i64, Vec<Branch>)> = Vec::new();
    for m in 0..=last {
        // Sizes in powers of four; among equals the trailing zeros of the index decide, which makes the tree of those balanced.
        // The last Z is below all others, so that everything before it is merged.
        let height = |m: u32| i64::from(orbit.exact(m).exponent() & !1) * 32 - i64::from(m.trailing_zeros());
        let height = if m == last { i64::MIN } else { height(m) };
        let mut row = Vec::new();
        while let Some((_, mut above)) = stack.pop_if(|(meet, _)| *meet > height) {
            above.append(&mut row);
            row = pair_by_pair(above, orbit, c_max, kept);
        }
        match stack.last_mut() {
            Some((meet, below)) if *meet == height => below.append(&mut row),
            _ if m > 0 => stack.push((height, row)),
            _ => {}
        }
        stack.push((i64::MAX, vec![Branch::single(m)]));
    }
}

/// Merges neighbors, and the results again, as long as there are two that can be; puts every new block into `kept`.
fn pair_by_pair(
    mut row: Vec<Branch>,
    orbit: &ReferenceOrbit,
    c_max: FloatExp,
    kept: &mut Kept,
) -> Vec<Branch> {
    loop {
        let before = row.len();
        let mut next = Vec::with_capacity(before);
        let mut i = 0;
        while let Some(x) = row.get(i) {
            i += 1;
            let both = row.get(i).and_then(|y| {
                let m = y.block.start;
                x.merge(y, orbit.exact(m), orbit.gap(m), c_max)
            });
            i += usize::from(both.is_some());
            if let Some(block) = both.and_then(|both| both.finished(c_max)) {
                kept.add(block);
            }
            next.push(both.unwrap_or(*x));
        }
        row = next;
        if row.len() == before {
            return row;
        }
    }
}

impl Branch {
    /// A single iteration, which is exact.
    fn single(start: u32) -> Self {
        let radius = FloatExp::new(1.0, RANGE);
        let block =
            WideBlock { a: ComplexExp::ONE, b: ComplexExp::ONE, s: ComplexExp::ZERO, radius, start, len: 1 };
        Self { block, uc: ComplexExp::ZERO, cc: ComplexExp::ZERO, linear: radius }
    }

    /// This block and the next as one, where they meet at `z`; nothing if that would hold for no u.
    fn merge(&self, next: &Self, z: ComplexExp, gap: FloatExp, c_max: FloatExp) -> Option<Self> {
        let (x, y) = (&self.block, &next.block);
        // u of the next block is (2 Z + z) z, where z is the z_out of this one.
        let twice = z.shifted(1);
        let (a, b) = (twice * x.a, twice * x.b);
        let (by_a, by_b) = (a.chebyshev(), b.chebyshev() * c_max);
        let (x_a, x_b) = (x.a.chebyshev(), x.b.chebyshev() * c_max);
        let inside = gap / FloatExp::from(6.0);
        let radius = |epsilon: i32, of_x: FloatExp, of_y: FloatExp| {
            let here = (least(z.chebyshev() * FloatExp::new(1.0, epsilon), inside) - x_b) / x_a;
            least(of_x, least(here, (of_y - by_b) / by_a))
        };
        let total = radius(EPSILON, x.radius, y.radius);
        if total <= FloatExp::ZERO {
            return None;
        }
        let uu = twice * x.s + x.a * x.a;
        let uc = twice * self.uc + (x.a * x.b).shifted(1);
        let cc = twice * self.cc + x.b * x.b;
        Some(Self {
            block: WideBlock {
                a: a * y.a,
                b: b * y.a + y.b,
                s: uu * y.a + a * a * y.s,
                radius: total,
                start: x.start,
                len: x.len + y.len,
            },
            uc: uc * y.a + (a * b).shifted(1) * y.s + a * next.uc,
            cc: cc * y.a + b * b * y.s + b * next.uc + next.cc,
            linear: radius(EPSILON_LINEAR, self.linear, next.linear),
        })
    }

    /// The block, if it is worth keeping.
    fn finished(&self, c_max: FloatExp) -> Option<WideBlock> {
        let small = FloatExp::new(1.0, EPSILON_LINEAR);
        let beside =
            |cross: ComplexExp, kept: ComplexExp| cross.chebyshev() * c_max < kept.chebyshev() * small;
        let complete = beside(self.uc, self.block.a) && beside(self.cc, self.block.b);
        let radius = if complete { self.block.radius } else { self.linear };
        (self.block.len >= SHORTEST && radius > FloatExp::ZERO).then_some(WideBlock { radius, ..self.block })
    }
}

fn least(a: FloatExp, b: FloatExp) -> FloatExp {
    if b < a { b } else { a }
}
