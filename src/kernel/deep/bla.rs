//! Many steps of a delta at once: bilinear approximation (BLA), with one square.
//!
//! A delta moves by z' = (2 Z + z) z + c. Where z is small beside Z its square may go, and what is left is linear: any number
//! of such steps are one, a u + b c. (Zhuoran, "Another solution to perturbation glitches", 2021; C. Heiland-Allen, "Deep zoom
//! theory and practice (again)", 2022.) Two things are different here. The first step of a block is made in
//! full, u = (2 Z + z) z, so that a block may start where Z is next to 0 and a linear step would be good for nothing.
//! And the square of u is kept, (a + s u) u + b c, which lets z be 2^16 times as large for the same error.
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
//! At each Z_k inside, |z_k| may be at most 2^[`EPSILON`] |Z_k|, and z_k is about a_k u + b_k c there. With the largest |c| of
//! the view, |u| must stay below (2^EPSILON |Z_k| - |b_k| |c|) / |a_k| for all k. Nor may the sample escape inside, which
//! |z_k| < (4 - |Z_k|^2) / 6 forbids. Sizes are those of the larger part.

use num_complex::Complex;

use super::reference_orbit::ReferenceOrbit;
use crate::floatexp::{ComplexExp, FloatExp};

/// z may be this power of two of Z inside a block.
///
/// What is left out has the size of (z / Z)^2 / 4, 2^-34 of z, and an error of z is one of the same part of c: less than a
/// ten-millionth of a pixel at the edge of a picture that is two thousand pixels wide. Hundreds of blocks, each at its
/// limit, are still less than a ten-thousandth of a pixel. (At 2^-20 a quarter as many samples next to the boundary come
/// to another count than by plain steps, and dense views take 1.7 times as long.)
const EPSILON: i32 = -16;

/// The same for blocks in which terms of u c and c^2 would matter, which are not kept: 2^-33 of z is left out.
const EPSILON_LINEAR: i32 = -32;

/// Shorter blocks are not kept: they save little, and there are as many of them as of all others.
const SHORTEST: u32 = 6;

/// Steps `start + 1 ..= start + len` of a delta as one: z_out = (a + s u) u + b c, where u = (2 Z + z) z with Z and z at
/// `start`.
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

/// A block in plain numbers, in one cache line.
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

/// The upper half of the bits of a number that is not negative: a rounded number, compared like one.
///
/// Sizes and radii are compared by it, since eight of them fit into one vector.
#[inline(always)]
pub(super) fn upper(size: f64) -> u32 {
    (size.to_bits() >> 32) as u32
}

/// A reference orbit with all its blocks.
pub(super) struct Bla {
    /// Its gap at the last Z is no number, so that whatever is compared with it fails.
    pub(super) orbit: ReferenceOrbit,
    /// In order of start and length, behind a first one that is the plain step.
    pub(super) blocks: Vec<Block>,
    /// The [`upper`] half of the radius of each block but the first one at its start, which has [`HEAD`] here;
    /// and so have [`BESIDE`] more at the end.
    pub(super) radii: Vec<i32>,
    /// Blocks that leave the range of `f64`, in the same order.
    pub(super) wide: Vec<WideBlock>,
    /// The power of two that c is measured in.
    pub(super) unit: i32,
}

/// Less than any radius: what ends the list of those at one start.
const HEAD: i32 = -1;

/// Radii that are compared at once.
pub(super) const BESIDE: usize = 8;

/// Plain blocks keep this far from the ends of `f64`, so that no product of two of their numbers gets lost.
const RANGE: i32 = 900;

impl Bla {
    /// The blocks for all |c| up to `c_max`, which is measured in units of 2^`unit`.
    pub(super) fn new(mut orbit: ReferenceOrbit, c_max: FloatExp, unit: i32, approximate: bool) -> Self {
        let b = [FloatExp::new(1.0, unit).to_f64(), 0.0];
        let step = Block { a: [1.0, 0.0], b, s: [0.0; 2], len: 1, start: 0, radius: 0 };
        let mut kept = Kept { unit, blocks: vec![step], wide: Vec::new() };
        if approximate {
            merge(&orbit, c_max, &mut kept);
        }
        let Kept { mut blocks, mut wide, .. } = kept;
        // The plain step is shorter than all blocks and stays the first.
        blocks.sort_unstable_by_key(|block| (block.start, block.len));
        wide.sort_unstable_by_key(|block| (block.start, block.len));
        let mut radii = Vec::with_capacity(blocks.len() + BESIDE);
        radii.push(HEAD);
        for (block, first) in blocks.iter().zip(0..).skip(1) {
            let step = &mut orbit.steps[block.start as usize];
            if step.radius == 0 {
                (step.first, step.radius) = (first, block.radius);
                radii.push(HEAD);
            } else {
                radii.push(block.radius as i32);
            }
        }
        radii.extend([HEAD; BESIDE]);
        if let Some(last) = orbit.steps.last_mut() {
            last.gap = f64::NAN;
        }
        Self { orbit, blocks, radii, wide, unit }
    }

    /// The longest block at m that holds for u of this size.
    #[inline(always)]
    pub(super) fn longest(&self, m: u32, size: f64) -> Option<&Block> {
        let (step, size) = (&self.orbit.steps[m as usize], upper(size));
        if size >= step.radius {
            return None;
        }
        let first = step.first as usize;
        let longer = self.radii[first + 1..].iter().take_while(|radius| (size as i32) < **radius).count();
        self.blocks.get(first + longer)
    }

    /// The same with the whole range of numbers: z_out and the number of steps.
    pub(super) fn longest_wide(&self, m: u32, u: ComplexExp, c: ComplexExp) -> Option<(ComplexExp, u32)> {
        let size = u.chebyshev();
        let from = self.wide.partition_point(|block| block.start < m);
        let here = self.wide[from..].iter().take_while(|block| block.start == m && size < block.radius);
        let (a, b, s, len) = match here.last() {
            Some(block) => (block.a, block.b, block.s, block.len),
            // From far below the range of `f64` every plain block holds.
            None => self.longest(m, size.to_f64()).map(|block| {
                let [a, b, s] = [block.a, block.b, block.s].map(|[re, im]| Complex::new(re, im).into());
                (a, ComplexExp::shifted(b, -self.unit), s, block.len)
            })?,
        };
        Some(((a + s * u) * u + b * c, len))
    }
}

/// The blocks that are kept.
struct Kept {
    unit: i32,
    blocks: Vec<Block>,
    wide: Vec<WideBlock>,
}

impl Kept {
    /// Keeps a block, as a plain one if its numbers allow.
    fn add(&mut self, block: WideBlock) {
        let factors = [block.a, block.b.shifted(self.unit), block.s];
        let fits = factors.iter().all(|factor| factor.exponent() < RANGE);
        if fits && block.radius.exponent() > -RANGE {
            let [a, b, s] = factors.map(|factor| factor.to_f64()).map(|x| [x.re, x.im]);
            let radius = upper(block.radius.to_f64());
            self.blocks.push(Block { a, b, s, len: block.len, start: block.start, radius });
        } else {
            self.wide.push(block);
        }
    }
}

/// A block while the tree grows.
#[derive(Clone, Copy)]
struct Branch {
    block: WideBlock,
    /// The factors of u c and of c^2, which only tell whether the block may go without them.
    uc: ComplexExp,
    cc: ComplexExp,
    /// The radius for z up to 2^[`EPSILON_LINEAR`] of Z.
    linear: FloatExp,
}

/// Finds all blocks of an orbit.
///
/// The orbit is gone through once. What lies behind is a stack of rows: in each the blocks meet at Z of one size, which is
/// smaller from row to row towards the bottom. A row is merged when a smaller Z comes than those in it, so that only a few
/// blocks are in work at a time.
fn merge(orbit: &ReferenceOrbit, c_max: FloatExp, kept: &mut Kept) {
    let last = orbit.last();
    let mut stack: Vec<(i64, Vec<Branch>)> = Vec::new();
    for m in 0..=last {
        // In powers of four; among equals the index decides, which makes a balanced tree of them. The end is below all.
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
        stack.push((i64::MAX, vec![Branch::step(m)]));
    }
}

/// Merges neighbors, and what comes of them, as long as there are two that can be; puts every new block into `kept`.
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
    /// A single step, which is exact.
    fn step(start: u32) -> Self {
        let radius = FloatExp::new(1.0, RANGE);
        let block =
            WideBlock { a: ComplexExp::ONE, b: ComplexExp::ONE, s: ComplexExp::ZERO, radius, start, len: 1 };
        Self { block, uc: ComplexExp::ZERO, cc: ComplexExp::ZERO, linear: radius }
    }

    /// This block and the next as one, where they meet at `z`; nothing if that would hold for no u.
    fn merge(&self, next: &Self, z: ComplexExp, gap: FloatExp, c_max: FloatExp) -> Option<Self> {
        let (x, y) = (&self.block, &next.block);
        // u of the next block is (2 Z + z) z with the outcome of this one for z.
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
