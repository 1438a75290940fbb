//! How the counts of a picture are distributed.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;

use crate::color::coloring::Coloring;
use crate::field::Escape;
use crate::kernel::bailout::{Bailout, Kernel};
use crate::render::in_order::in_order;

/// The distribution of smooth counts. It does not depend on how many threads found it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// All samples.
    pub samples: u64,
    /// Those that did not escape within `max_iter`.
    pub inside: u64,
    /// Those whose count, or that there is none, is proven; where that was asked for.
    pub certain: Option<u64>,
    /// The lowest and the highest smooth count.
    pub extremes: Option<(f64, f64)>,
    sum: f64,
    /// Samples by smooth count, in bins.
    bins: BTreeMap<u64, u64>,
}

/// Bits of a smooth count that tell bins apart, behind the first one: quantiles are within 2^-14 of it.
const BITS: u32 = 14;
/// Added to a smooth count, so that bins are fine enough where it is small: 2^-10, and that it is above 0.
const ABOVE: f64 = 16.0;

/// The bin of a smooth count. Nothing is that low but counts of other programs.
fn bin(nu: f64) -> u64 {
    (nu + ABOVE).max(0.0).to_bits() >> (52 - BITS)
}

/// The lowest smooth count in a bin.
fn lowest(bin: u64) -> f64 {
    f64::from_bits(bin << (52 - BITS)) - ABOVE
}

impl Statistics {
    /// Those of all samples of a kernel, on the current rayon pool. `certain` says how many results of some rows are proven, if it knows.
    pub fn of(
        kernel: &dyn Kernel,
        (width, height): (u32, u32),
        certain: impl Fn(Range<u32>, &[Escape]) -> Option<u64> + Sync,
    ) -> Self {
        /// Samples in a part. Sums are rounded part by part, so that this is the same on all machines.
        const SAMPLES: u32 = 1 << 16;
        let rows = (SAMPLES / width).max(1);
        let mut all = Self::default();
        let result: Result<(), Infallible> = in_order(
            height.div_ceil(rows),
            Vec::new,
            |escapes: &mut Vec<Escape>, part| {
                let rows = part * rows..height.min((part + 1).saturating_mul(rows));
                escapes.resize(rows.len() * width as usize, Escape::NONE);
                kernel.iterate(0..width, rows.clone(), escapes);
                Self { certain: certain(rows, escapes), ..Self::of_part(escapes) }
            },
            |part| {
                all.add(part);
                Ok(())
            },
        );
        let Ok(()) = result;
        all
    }

    fn of_part(escapes: &[Escape]) -> Self {
        let mut counts: Vec<f64> = escapes.iter().filter_map(|escape| escape.smooth()).collect();
        counts.sort_unstable_by(f64::total_cmp);
        let mut bins = BTreeMap::new();
        for chunk in counts.chunk_by(|a, b| bin(*a) == bin(*b)) {
            *bins.entry(bin(chunk[0])).or_default() += chunk.len() as u64;
        }
        Self {
            samples: escapes.len() as u64,
            inside: (escapes.len() - counts.len()) as u64,
            certain: None,
            extremes: counts.first().copied().zip(counts.last().copied()),
            sum: counts.iter().sum(),
            bins,
        }
    }

    fn add(&mut self, part: Self) {
        self.samples += part.samples;
        self.inside += part.inside;
        self.certain = part.certain.map(|certain| self.certain.unwrap_or(0) + certain);
        self.sum += part.sum;
        self.extremes = match (self.extremes, part.extremes) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
        for (bin, samples) in part.bins {
            *self.bins.entry(bin).or_default() += samples;
        }
    }

    fn escaped(&self) -> u64 {
        self.samples - self.inside
    }

    /// The mean smooth count of the samples that escaped.
    pub fn mean(&self) -> Option<f64> {
        (self.escaped() > 0).then(|| self.sum / self.escaped() as f64)
    }

    /// The smooth count that this share of the samples that escaped does not exceed, 0 to 1.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let (least, most) = self.extremes?;
        let rank = (share * self.escaped() as f64).ceil() as u64;
        let mut below = 0;
        let reached = self.bins.iter().find(|(_, samples)| {
            below += *samples;
            below >= rank
        });
        reached.map(|(bin, _)| ((lowest(*bin) + lowest(bin + 1)) / 2.0).clamp(least, most))
    }

    /// Samples that escaped, in `parts` ranges of smooth counts that are equal by the logarithm of 1 + nu - nu_min, as the logarithmic map
    /// sees them.
    pub fn histogram(&self, parts: u32) -> Vec<(Range<f64>, u64)> {
        let Some((least, most)) = self.extremes else { return Vec::new() };
        let top = libm::log1p(most - least);
        let edge = |i: u32| least + libm::expm1(top * f64::from(i) / f64::from(parts));
        let mut histogram: Vec<_> = (0..parts).map(|i| (edge(i)..edge(i + 1), 0)).collect();
        for (bin, samples) in &self.bins {
            let middle = (lowest(*bin) + lowest(bin + 1)) / 2.0;
            let part = histogram.partition_point(|(range, _)| range.end <= middle);
            histogram[part.min(parts as usize - 1)].1 += samples;
        }
        histogram
    }

    /// A limit to try: four times what all but a thousandth of the samples that escape take, rounded up to two digits.
    pub fn max_iter(&self) -> Option<u32> {
        let enough = 4.0 * self.quantile(0.999)?.max(1.0);
        let unit = libm::exp10(libm::floor(libm::log10(enough)) - 1.0).max(1.0);
        Some((libm::ceil(enough / unit) * unit).min(f64::from(Bailout::MAX_ITER)) as u32)
    }

    /// A density to try with the logarithmic map: the palette is passed once between the counts that 5 % and 95 % of the samples do
    /// not exceed. Two digits.
    pub fn density(&self) -> Option<f64> {
        let (least, _) = self.extremes?;
        let log = |share| Some(libm::log1p(self.quantile(share)? - least));
        let passes = Coloring::LOG_DENSITY * (log(0.95)? - log(0.05)?);
        let density = (1.0 / passes).clamp(0.01, 100.0);
        let unit = libm::exp10(libm::floor(libm::log10(density)) - 1.0);
        Some(libm::round(density / unit) * unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statistics(escapes: &[Escape]) -> Statistics {
        let mut all = Statistics::default();
        escapes.chunks(7).for_each(|part| all.add(Statistics::of_part(part)));
        all
    }

    #[test]
    fn quantiles_are_those_of_the_samples() {
        let mut escapes: Vec<Escape> = (1..=1000).map(|n| Escape::new(n, 0.25)).collect();
        escapes.extend([Escape::NONE; 250]);
        let all = statistics(&escapes);
        assert_eq!((all.samples, all.inside, all.extremes), (1250, 250, Some((1.25, 1000.25))));
        assert_eq!(all.mean(), Some(500.75));
        for (share, nu) in [(0.0, 1.25), (0.25, 250.25), (0.5, 500.25), (0.95, 950.25), (1.0, 1000.25)] {
            let found = all.quantile(share).expect("samples that escape");
            assert!((found - nu).abs() <= nu / 8192.0 + 1e-3, "{share}: {found}");
        }
        assert_eq!(all.max_iter(), Some(4000));
        let histogram = all.histogram(10);
        assert_eq!(histogram.iter().map(|(_, samples)| samples).sum::<u64>(), 1000);
        assert!(histogram.is_sorted_by(|(a, _), (b, _)| a.end == b.start));
    }

    #[test]
    fn what_does_not_escape_has_no_quantiles() {
        let all = statistics(&[Escape::NONE; 20]);
        assert_eq!((all.mean(), all.quantile(0.5), all.max_iter(), all.density()), (None, None, None, None));
        assert!(all.histogram(5).is_empty());
        // Equal counts.
        let all = statistics(&[Escape::new(5, 0.5); 20]);
        assert_eq!((all.quantile(0.5), all.density()), (Some(5.5), Some(100.0)));
        assert_eq!(all.histogram(3).iter().map(|(_, samples)| samples).sum::<u64>(), 20);
    }
}
