//! A spot check of counts: some samples of a view, counted again with proof.

use std::collections::HashSet;

use num_complex::Complex;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use crate::field::Escape;
use crate::find::exact::{ExactEscape, exact_escape_until};
use crate::kernel::bailout::{Bailout, Kernel};
use crate::kernel::plan::Plan;
use crate::number::decimal::Decimal;
use crate::number::floatexp::FloatExp;
use crate::plane::viewport::Viewport;

/// A sample that was looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recount {
    /// Its column and row.
    pub sample: (u32, u32),
    /// What the kernel has there.
    pub found: Escape,
    /// What is known of that.
    pub verdict: Verdict,
}

/// What is known of a count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// It is that of exact arithmetic.
    Right,
    /// This one is that of exact arithmetic.
    Wrong(Escape),
    /// The precision did not suffice to prove a count: see [`exact_escape`](crate::exact_escape).
    Undecided,
    /// It was not counted to the end before the check was stopped.
    Unchecked,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// The smallest n with |z_n| > 2: it is right if it is that number.
    Counts,
    /// Smooth counts, of which the count cannot be told: they are right to [`SMOOTH_ERROR`] and the rounding of an `f32`.
    SmoothCounts,
}

/// How far a smooth count may be off. One that is found at the radius R differs from one that is found further out by at most
/// |c| / (R^2 ln R ln 2), which is 0.004 for R = 16 and |c| = 2; one that is off by an iteration differs by 1.
pub const SMOOTH_ERROR: f64 = 0.01;

impl Compared {
    fn agree(self, found: Escape, exact: Escape) -> bool {
        match (self, found.smooth(), exact.smooth()) {
            (Self::SmoothCounts, Some(found), Some(exact)) => {
                (found - exact).abs() <= SMOOTH_ERROR + exact.abs() * f64::from(f32::EPSILON)
            }
            _ => found.n() == exact.n(),
        }
    }
}

/// How many samples have which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// [`Verdict::Right`].
    pub right: u64,
    /// [`Verdict::Wrong`].
    pub wrong: u64,
    /// [`Verdict::Undecided`].
    pub undecided: u64,
    /// [`Verdict::Unchecked`].
    pub unchecked: u64,
}

impl Tally {
    /// Counts verdicts.
    pub fn of(recounts: &[Recount]) -> Self {
        let mut tally = Self::default();
        for recount in recounts {
            *match recount.verdict {
                Verdict::Right => &mut tally.right,
                Verdict::Wrong(_) => &mut tally.wrong,
                Verdict::Undecided => &mut tally.undecided,
                Verdict::Unchecked => &mut tally.unchecked,
            } += 1;
        }
        tally
    }

    /// All samples.
    pub fn sampled(self) -> u64 {
        self.proven() + self.undecided + self.unchecked
    }

    /// Samples of which the exact count is known.
    pub fn proven(self) -> u64 {
        self.right + self.wrong
    }

    /// The part of the proven samples that is right, 0 to 1; nothing where none is proven.
    pub fn share(self) -> Option<f64> {
        (self.proven() > 0).then(|| self.right as f64 / self.proven() as f64)
    }

    /// The interval of 95 % confidence for the share of right samples in a view of `all` samples: the score interval of
    /// E. B. Wilson (1927). It is the share itself where all of the view is proven.
    pub fn interval(self, all: u64) -> Option<(f64, f64)> {
        /// The quantile 0.975 of the normal distribution.
        const Z: f64 = 1.959_963_984_540_054;
        let share = self.share()?;
        if self.proven() == all {
            return Some((share, share));
        }
        let n = self.proven() as f64;
        let z2 = Z * Z;
        let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        // At the ends rounding alone would leave 0 or 1.
        let low = if self.right == 0 { 0.0 } else { (middle - half).max(0.0) };
        let high = if self.wrong == 0 { 1.0 } else { (middle + half).min(1.0) };
        Some((low, high))
    }
}

/// Column and row of `count` different samples of a view, or all of them if there are no more.
///
/// They are a fixed pseudorandom sequence: SplitMix64 from the state 0 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable
/// pseudorandom number generators", 2014), each number as a part of 2^64 of all samples, row by row, without those that came
/// before. So the samples of a smaller count are the first ones of a larger, and the same view has the same ones anywhere.
pub fn some_samples(viewport: &Viewport, count: u32) -> Vec<(u32, u32)> {
    let width = u64::from(viewport.width());
    let all = width * u64::from(viewport.height());
    let place = |index: u64| ((index % width) as u32, (index / width) as u32);
    if u64::from(count) >= all {
        return (0..all).map(place).collect();
    }
    let mut taken = HashSet::with_capacity(count as usize);
    let indices = (1..).map(|k| ((u128::from(split_mix(k)) * u128::from(all)) >> 64) as u64);
    indices.filter(|index| taken.insert(*index)).take(count as usize).map(place).collect()
}

/// The `k`-th number of SplitMix64, from 1 on.
fn split_mix(k: u64) -> u64 {
    let z = k.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The point of a sample, exactly.
///
/// Where the view is iterated in `f64`, the sample is the pair of `f64` that is iterated. In a deep view it is the center, with
/// all its digits, plus the offset of the sample, of which both parts have 53 bits.
pub fn exact_point(viewport: &Viewport, bailout: Bailout, (x, y): (u32, u32)) -> Complex<Decimal> {
    if Plan::new(viewport, bailout, None).is_deep() {
        let (center, (re, im)) = (viewport.center(), viewport.offset(x, y).parts());
        return Complex::new(center.re.clone() + Decimal::from(re), center.im.clone() + Decimal::from(im));
    }
    let point = viewport.point(x, y);
    Complex::new(FloatExp::from(point.re).into(), FloatExp::from(point.im).into())
}

/// Counts these samples of a view again, with proof, on the current rayon pool, and compares the results of `kernel` with that.
///
/// `done` is called after each sample. Once `stop` says so, those that are not finished are [`Verdict::Unchecked`].
pub fn recount(
    kernel: &dyn Kernel,
    viewport: &Viewport,
    bailout: Bailout,
    compared: Compared,
    samples: &[(u32, u32)],
    stop: impl Fn() -> bool + Sync,
    done: impl Fn() + Sync,
) -> Vec<Recount> {
    // Only smooth counts need the iterations beyond |z| = 2.
    let limit = if compared == Compared::Counts { bailout.counts_alone() } else { bailout };
    let found = results(kernel, samples, &stop);
    let one = |(&sample, found): (&(u32, u32), Option<Escape>)| {
        let unchecked = Recount { sample, found: Escape::NONE, verdict: Verdict::Unchecked };
        let Some(found) = found.filter(|_| !stop()) else { return unchecked };
        let point = exact_point(viewport, bailout, sample);
        let verdict = match exact_escape_until(&point, limit, &stop) {
            Ok(Some(ExactEscape { escape, .. })) if compared.agree(found, escape) => Verdict::Right,
            Ok(Some(ExactEscape { escape, .. })) => Verdict::Wrong(escape),
            Ok(None) => Verdict::Unchecked,
            Err(_) => Verdict::Undecided,
        };
        done();
        Recount { sample, found, verdict }
    };
    // Samples take from microseconds to minutes, so each is handed out alone.
    samples.par_iter().zip(found).with_max_len(1).map(one).collect()
}

/// What the kernel has for each sample; nothing for those that were left when `stop` said so.
///
/// They are asked for from row to row, since the kernel of an exponential map keeps what it made for the last octaves, and a file that is packed
/// its last blocks.
fn results(
    kernel: &dyn Kernel,
    samples: &[(u32, u32)],
    stop: &(impl Fn() -> bool + Sync),
) -> Vec<Option<Escape>> {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_unstable_by_key(|index| (samples[*index].1, samples[*index].0));
    let one = |index: usize| {
        let mut found = [Escape::NONE];
        if stop() {
            return (index, None);
        }
        kernel.iterate_at(&samples[index..=index], &mut found);
        (index, Some(found[0]))
    };
    let made: Vec<_> = order.into_par_iter().map(one).collect();
    let mut all = vec![None; samples.len()];
    made.into_iter().for_each(|(index, found)| all[index] = found);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::axis::Grid;

    #[test]
    fn samples_are_different_and_the_first_ones_of_more() {
        let home = Complex::new(Decimal::from(0), Decimal::from(0));
        let view = Viewport::with_height(home, 4.0, Grid::Centers, (40, 30)).expect("a view");
        let (some, more) = (some_samples(&view, 200), some_samples(&view, 1199));
        assert_eq!(some, more[..200]);
        assert_eq!(more.iter().collect::<HashSet<_>>().len(), 1199);
        assert!(more.iter().all(|&(x, y)| x < 40 && y < 30));
        assert_eq!(some_samples(&view, 1200).len(), 1200);
        // The first number of SplitMix64 from the state 0, as published with java.util.SplittableRandom.
        assert_eq!(split_mix(1), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn intervals_are_those_of_the_score_test() {
        // E. B. Wilson's formula, as R's prop.test(x, n, correct = FALSE) has it.
        for (right, wrong, low, high) in
            [(8, 2, 0.490_162, 0.943_318), (200, 0, 0.981_154, 1.0), (0, 10, 0.0, 0.277_533)]
        {
            let tally = Tally { right, wrong, ..Tally::default() };
            let found = tally.interval(1 << 20).expect("an interval");
            assert!((found.0 - low).abs() < 1e-6 && (found.1 - high).abs() < 1e-6, "{right}: {found:?}");
        }
        let all = Tally { right: 9, wrong: 1, ..Tally::default() };
        assert_eq!(all.interval(10), Some((0.9, 0.9)));
        assert_eq!(Tally { unchecked: 4, ..Tally::default() }.interval(10), None);
    }
}
