//! From a sample to its entry in a table of colors.

use crate::color::coloring::{Coloring, Map};
use crate::color::curve::Pieces;
use crate::field::Escape;
use crate::number::log2::log2;

/// How a coloring turns samples into entries of one turn of its palette, and of one more behind it, that of the interior.
pub(super) struct Lookup {
    map: Map,
    /// The curve of a map that has one.
    curve: Option<Pieces>,
    /// Where the logarithmic map begins.
    origin: Escape,
    max_iter: f64,
    /// Entries that a sample moves by for each unit of the map.
    pub(super) entries: f64,
    /// The entry at place 0.
    first: f64,
    bands: bool,
    /// Entries in one turn of the palette.
    pub(super) len: u32,
}

/// The colors of one turn of a palette in linear light, and in how many passes it runs through them.
pub(super) fn turn(coloring: &Coloring) -> (Vec<[u16; 3]>, f64) {
    let mut table = coloring.palette.table(coloring.bands);
    if coloring.palette.is_cyclic() {
        return (table, 1.0);
    }
    // A palette whose ends differ runs forth and back, so that it can repeat without a seam.
    table.extend(table.clone().into_iter().rev());
    (table, 2.0)
}

impl Lookup {
    /// For counts up to `max_iter`, and a [`turn`] of `len` entries in so many passes.
    pub(super) fn new(coloring: &Coloring, max_iter: u32, len: usize, passes: f64) -> Self {
        let turn = coloring.offset / passes;
        let curve = coloring.curve.as_ref().filter(|_| coloring.map.is_curve()).map(Pieces::new);
        let map = if coloring.map.is_curve() && curve.is_none() { Map::Log } else { coloring.map };
        Self {
            map,
            curve,
            origin: coloring.origin.filter(|_| coloring.map == Map::Log).unwrap_or(Escape::new(0, 0.0)),
            max_iter: f64::from(max_iter),
            entries: len as f64 * coloring.density / passes,
            first: len as f64 * (turn - turn.floor()),
            bands: coloring.bands,
            len: len as u32,
        }
    }

    /// The entries of a run of samples.
    pub(super) fn entries(&self, samples: &[Escape], out: &mut [u32]) {
        match self.map {
            // The map of the default view has a loop that compilers vectorize.
            Map::Log if self.is_small() => self.log_entries(samples, out),
            _ => self.each(samples, out, |sample| self.wrap(self.place(sample))),
        }
    }

    #[inline(always)]
    fn each(&self, samples: &[Escape], out: &mut [u32], entry: impl Fn(Escape) -> u32) {
        for (&sample, out) in samples.iter().zip(out) {
            *out = if sample.n().is_none() { self.len } else { entry(sample) };
        }
    }

    /// The place of a sample that escaped, as the map gives it, before density and offset.
    #[inline(always)]
    pub(super) fn place(&self, sample: Escape) -> f64 {
        let nu = self.above_origin(sample);
        match (self.map, &self.curve) {
            (Map::Auto | Map::Histogram, Some(curve)) => curve.place(nu),
            (Map::Auto | Map::Histogram, None) => 0.0,
            (Map::Log, _) => {
                Coloring::LOG_DENSITY * std::f64::consts::LN_2 * f64::from(log2(nu.max(0.0) as f32 + 1.0))
            }
            (Map::Linear, _) => nu / self.max_iter,
            (Map::Sqrt, _) => (nu.max(0.0) / self.max_iter).sqrt(),
            (Map::Cyclic, _) => nu / Coloring::CYCLE,
        }
    }

    /// Whether [`Lookup::log_entries`] is valid: differences of counts fit an `i32`, the entries of a turn are a power
    /// of two, and no entry is beyond 2^22. The logarithm is below 32, so an entry is below 32 * 0.225 ln 2 < 5 times
    /// `entries`, plus one turn.
    ///
    /// The origin may be one that no sample has. Fractions of samples are below 2^18: an orbit that passes |z| = 2 by
    /// 2^-b reaches |z| = 4 after b / 2 more iterations, and b is at most the 332,193 bits of a view at 1e100000.
    fn is_small(&self) -> bool {
        let (n0, f0) = self.origin.parts();
        let origin = n0 <= i32::MAX as u32 && f0.abs() <= (1 << 18) as f32;
        origin && self.max_iter <= f64::from(i32::MAX) && self.len.is_power_of_two() && self.entries <= 8e5
    }

    /// The logarithmic map in single precision.
    fn log_entries(&self, samples: &[Escape], out: &mut [u32]) {
        /// Adding it leaves the nearest whole number in the low bits of the sum.
        const TO_NEAREST: f32 = 1.5 * (1 << 23) as f32;
        let (n0, f0) = self.origin.parts();
        let scale = (Coloring::LOG_DENSITY * std::f64::consts::LN_2 * self.entries) as f32;
        // Entry i stands for i to i + 1, so rounding must be to the nearest middle.
        let first = (self.first - 0.5) as f32;
        let (mask, interior) = (self.len - 1, self.len);
        let weight = if self.bands { 0.0 } else { 1.0 };
        for (sample, out) in samples.iter().zip(out) {
            let (n, fraction) = sample.parts();
            let nu = n.wrapping_sub(n0) as i32 as f32 + (fraction - f0) * weight;
            // Not `f32::max`, which costs more for its handling of NaN.
            let nu = if nu > 0.0 { nu } else { 0.0 };
            let entry = (log2(nu + 1.0) * scale + first + TO_NEAREST).to_bits() & mask;
            *out = if n == u32::MAX { interior } else { entry };
        }
    }

    /// The smooth count, or the whole one with `bands`, minus that of the origin.
    #[inline(always)]
    fn above_origin(&self, sample: Escape) -> f64 {
        let fraction = if self.bands { 0.0 } else { sample.fraction() - self.origin.fraction() };
        f64::from(fraction) + sample.iterations_above(self.origin) as f64
    }

    /// The entry at a place of the palette, where 1 is one whole pass.
    #[inline(always)]
    fn wrap(&self, place: f64) -> u32 {
        let len = f64::from(self.len);
        let entry = place * self.entries + self.first;
        let entry = entry - len * (entry / len).floor();
        // Just below the end of a turn the difference may round up to `len`.
        (entry as u32).min(self.len - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::color::palette::Palette;

    /// Counts around powers of two, with fractions beyond those that a kernel gives, and one that did not escape.
    fn samples() -> Vec<Escape> {
        const FRACTIONS: [f32; 12] =
            [-40.0, -39.7, -17.3, -9.0, -2.5, -1.0, -0.3, 0.0, 0.25, 0.624_999, 0.999_999_94, 1.0];
        let powers = (0..=31).flat_map(|power| [(1_u32 << power) - 1, 1 << power, (1 << power) + 1]);
        let counts = powers.chain((1..3000).step_by(7)).filter(|n| (1..=i32::MAX as u32).contains(n));
        let escapes = counts.flat_map(|n| FRACTIONS.map(|fraction| Escape::new(n, fraction)));
        escapes.chain([Escape::NONE]).collect()
    }

    fn lookup(coloring: &Coloring, max_iter: u32) -> Lookup {
        let (table, passes) = turn(coloring);
        Lookup::new(coloring, max_iter, table.len(), passes)
    }

    fn palette(name: &str) -> Palette {
        Palette::named(name).unwrap_or_else(|| Palette::from_list(name).expect("a palette"))
    }

    /// A bound for the error of both computations of the entry, as a real number, of a sample whose logarithm is `log`.
    ///
    /// With u = 2^-24, the error of one rounding in single precision: 1 + nu has passed at most three roundings
    /// (the difference of counts, the sum with that of the fractions, which both round alike, and the 1), so its
    /// logarithm is off by 3 u / ln 2, and `log2` adds 2e-7 times the logarithm, or 2e-7 where that is below 1. The
    /// product with the scale has two roundings, the first entry one, the sum one.
    fn tolerance(lookup: &Lookup, log: f64) -> f64 {
        let u = f64::from(f32::EPSILON) / 2.0;
        let scale = Coloring::LOG_DENSITY * std::f64::consts::LN_2 * lookup.entries;
        let logarithm = 3.0 * u / std::f64::consts::LN_2 + 2e-7 * log.max(1.0);
        // A hundredth more for products of errors.
        1.01 * (scale * logarithm + u * (2.0 * scale * log + lookup.first + (scale * log + lookup.first)))
    }

    /// Compares both with the logarithm in double precision, and returns for how many samples they differ.
    fn compare(lookup: &Lookup, samples: &[Escape]) -> usize {
        let (mut fast, mut plain) = (vec![0; samples.len()], vec![0; samples.len()]);
        lookup.log_entries(samples, &mut fast);
        lookup.each(samples, &mut plain, |sample| lookup.wrap(lookup.place(sample)));
        for (&sample, entries) in samples.iter().zip(fast.iter().zip(&plain)) {
            if sample.n().is_none() {
                assert_eq!(entries, (&lookup.len, &lookup.len), "the interior");
                continue;
            }
            let log = libm::log2(1.0 + lookup.above_origin(sample).max(0.0));
            let exact = Coloring::LOG_DENSITY * std::f64::consts::LN_2 * lookup.entries * log + lookup.first;
            let error = tolerance(lookup, log);
            let least = (exact - error).floor();
            let most = (exact + error).floor();
            for &entry in [entries.0, entries.1] {
                // How far the entry lies above the least one, on the circle.
                let above = (f64::from(entry) - least).rem_euclid(f64::from(lookup.len));
                assert!(above <= most - least, "{sample:?}: {entry}, exactly {exact} within {error}");
            }
        }
        fast.iter().zip(&plain).filter(|(fast, plain)| fast != plain).count()
    }

    #[test]
    fn vector_and_scalar_logarithmic_entries_agree_within_single_precision() {
        let samples = samples();
        let origins = [
            (1, 0.0),
            (1601, 120.609_06),
            (5, -9.3),
            (1000, 0.4),
            (1 << 20, 1.0),
            (i32::MAX as u32 - 1, 0.0),
        ];
        let origins = origins.map(|(n, fraction)| Some(Escape::new(n, fraction)));
        let mut compared = 0;
        for (name, bands) in [("glacier", false), ("#000,#fff", false), ("glacier", true), ("viridis", true)]
        {
            for density in [1e-6, 0.01, 1.0, 7.3, 195.0, 3000.0, 1e6] {
                for (i, origin) in origins.into_iter().chain([None]).enumerate() {
                    let offset = [0.0, 0.3, -0.7, 999_999.9][i % 4];
                    let palette = palette(name);
                    let coloring =
                        Coloring { palette, density, offset, bands, origin, ..Coloring::default() };
                    let lookup = lookup(&coloring, i32::MAX as u32);
                    if lookup.is_small() {
                        compared += 1;
                        let differ = compare(&lookup, &samples);
                        // Where an entry is much wider than the error, few samples lie at an edge.
                        assert!(density > 1.0 || differ * 50 <= samples.len(), "{coloring:?}: {differ}");
                    }
                }
            }
        }
        // Five densities of each palette, and one more where a turn has 256 entries.
        assert_eq!(compared, 7 * (4 * 5 + 1));
    }

    #[test]
    fn an_origin_that_no_sample_has_takes_the_scalar_entries() {
        for origin in [Escape::new(3_000_000_000, 0.0), Escape::NONE, Escape::new(1, -1e30)] {
            let coloring = Coloring { origin: Some(origin), ..Coloring::default() };
            assert!(!lookup(&coloring, 1000).is_small(), "{origin:?}");
        }
        let twilight = Coloring { palette: palette("twilight"), bands: true, ..Coloring::default() };
        assert!(!lookup(&twilight, 1000).is_small(), "510 entries a turn");
        assert!(!lookup(&Coloring::default(), u32::MAX - 1).is_small(), "counts beyond i32");
        // A sample far below its origin has the first color.
        let coloring = Coloring { origin: Some(Escape::new(3_000_000_000, 0.0)), ..Coloring::default() };
        let mut entries = [1];
        lookup(&coloring, 1000).entries(&[Escape::new(5, 0.5)], &mut entries);
        assert_eq!(entries, [0]);
    }
}
