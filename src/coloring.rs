//! From escape results to colours.

use crate::color::ToSrgb;
use crate::log2::log2;
use crate::{Bailout, Error, Escape, Palette, Rgb};

/// How a smooth count becomes a place in the palette, where 1 is one whole pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Map {
    /// 0.225 ln(1 + nu - nu_min): equal ratios look equal, at any depth.
    Log,
    /// nu / max_iter: one pass from 0 to max_iter.
    Linear,
    /// sqrt(nu / max_iter).
    Sqrt,
    /// nu / 64: a pass every 64 iterations.
    Cyclic,
}

/// Everything that turns numbers into colours.
#[derive(Clone, Debug, PartialEq)]
pub struct Coloring {
    /// The colours of samples that escape.
    pub palette: Palette,
    /// How counts are laid along the palette.
    pub map: Map,
    /// Multiplies the place in the palette: 2 passes through it twice as fast.
    pub density: f64,
    /// Added to the place in the palette.
    pub offset: f64,
    /// Whole counts instead of smooth ones, and the palette's own steps where it has them.
    pub bands: bool,
    /// The colour of samples that do not escape.
    pub interior: Rgb,
}

impl Default for Coloring {
    /// Palette `glacier`, logarithmic map, smooth, black interior.
    fn default() -> Self {
        Self {
            palette: Palette::default(),
            map: Map::Log,
            density: 1.0,
            offset: 0.0,
            bands: false,
            interior: Rgb::BLACK,
        }
    }
}

impl Coloring {
    /// Passes through the palette while 1 + nu - nu_min grows by a factor of e, with the logarithmic map.
    const LOG_DENSITY: f64 = 0.225;
    /// Iterations in one pass of the cyclic map.
    const CYCLE: f64 = 64.0;

    /// Checks that density and offset are usable numbers.
    ///
    /// # Errors
    /// [`Error::Scene`] naming the one that is not.
    pub fn check(&self) -> Result<(), Error> {
        if !(self.density.is_finite() && self.density > 0.0 && self.density <= 1e6) {
            return Err(Error::Scene(format!(
                "density must be above 0 and at most 1e6 (got {})",
                self.density
            )));
        }
        if self.offset.is_nan() || self.offset.abs() > 1e6 {
            return Err(Error::Scene(format!("offset must be between -1e6 and 1e6 (got {})", self.offset)));
        }
        Ok(())
    }

    /// Makes ready for painting a picture whose smallest smooth count is that of `lowest`.
    pub fn painter(&self, bailout: Bailout, lowest: Option<Escape>) -> Painter {
        let mut table = self.palette.table(self.bands);
        // A palette whose ends differ runs forth and back, so that it can repeat without a seam.
        let mut passes = 1.0;
        if !self.palette.is_cyclic() {
            table.extend(table.clone().into_iter().rev());
            passes = 2.0;
        }
        let len = table.len();
        table.push(self.interior.linear());
        let turn = self.offset / passes;
        Painter {
            map: self.map,
            origin: if self.map == Map::Log { lowest } else { None }.unwrap_or(Escape::new(0, 0.0)),
            max_iter: f64::from(bailout.max_iter),
            entries: len as f64 * self.density / passes,
            first: len as f64 * (turn - turn.floor()),
            bands: self.bands,
            len: len as u32,
            table,
            to_srgb: ToSrgb::new(),
        }
    }
}

/// A coloring with its tables, for one picture.
///
/// Every sample becomes the number of an entry in one table of colours, the last of which is the interior's.
pub struct Painter {
    map: Map,
    /// Where the logarithmic map begins.
    origin: Escape,
    max_iter: f64,
    /// Entries for each whole step of the map.
    entries: f64,
    /// The entry at place 0.
    first: f64,
    bands: bool,
    /// Entries in one turn of the palette.
    len: u32,
    table: Vec<[u16; 3]>,
    to_srgb: ToSrgb,
}

/// Samples whose entries are found in one go: few enough for the first-level cache, many enough for vectors.
const RUN: usize = 512;

impl Painter {
    /// Paints one row of pixels from the `k` rows of samples it covers, `k` by `k` samples a pixel.
    ///
    /// `samples` holds `k` rows of `k * width` results, `out` receives `3 * width` sRGB bytes.
    /// Samples are averaged as light.
    pub fn paint(&self, samples: &[Escape], k: usize, out: &mut [u8]) {
        let width = out.len() / 3;
        debug_assert_eq!(samples.len(), k * k * width, "k rows of k samples a pixel");
        let mut entries = [0; RUN];
        let mut sums = [[0_u32; 3]; RUN];
        let count = (k * k) as u32;
        let run = RUN / k;
        for (i, pixels) in out.chunks_mut(3 * run).enumerate() {
            let sums = &mut sums[..pixels.len() / 3];
            sums.fill([count / 2; 3]);
            for row in samples.chunks_exact(k * width) {
                let row = &row[i * run * k..][..sums.len() * k];
                let entries = &mut entries[..row.len()];
                self.entries(row, entries);
                for (sum, entries) in sums.iter_mut().zip(entries.chunks_exact(k)) {
                    for &entry in entries {
                        let light = self.table[entry as usize];
                        *sum = [0, 1, 2].map(|c| sum[c] + u32::from(light[c]));
                    }
                }
            }
            for (pixel, sum) in pixels.chunks_exact_mut(3).zip(sums) {
                for (byte, sum) in pixel.iter_mut().zip(sum) {
                    *byte = self.to_srgb.byte((*sum / count) as u16);
                }
            }
        }
    }

    /// The entries of a run of samples.
    fn entries(&self, samples: &[Escape], out: &mut [u32]) {
        match self.map {
            // The one map that is used for most pictures gets loops that compilers turn into vector code.
            Map::Log if self.len.is_power_of_two() && self.is_small() => {
                let mask = self.len - 1;
                self.each(samples, out, |sample| self.log_entry(sample) & mask);
            }
            Map::Log if self.is_small() => {
                self.each(samples, out, |sample| self.log_entry(sample) % self.len);
            }
            Map::Log => self.each(samples, out, |sample| {
                let nu = self.above_origin(sample).max(0.0);
                self.wrap(Coloring::LOG_DENSITY * std::f64::consts::LN_2 * f64::from(log2(nu as f32 + 1.0)))
            }),
            Map::Linear => {
                self.each(samples, out, |sample| self.wrap(self.above_origin(sample) / self.max_iter));
            }
            Map::Sqrt => self.each(samples, out, |sample| {
                self.wrap((self.above_origin(sample).max(0.0) / self.max_iter).sqrt())
            }),
            Map::Cyclic => {
                self.each(samples, out, |sample| self.wrap(self.above_origin(sample) / Coloring::CYCLE));
            }
        }
    }

    #[inline(always)]
    fn each(&self, samples: &[Escape], out: &mut [u32], entry: impl Fn(Escape) -> u32) {
        for (&sample, out) in samples.iter().zip(out) {
            *out = if sample.n().is_none() { self.len } else { entry(sample) };
        }
    }

    /// Whether the logarithmic map stays within what [`Painter::log_entry`] can do: differences of counts in
    /// an `i32`, and entries below 2^24, which `f32` tells apart.
    fn is_small(&self) -> bool {
        self.max_iter <= f64::from(i32::MAX) && self.entries <= 1e6
    }

    /// The logarithmic map in single precision, before the palette repeats.
    #[inline(always)]
    fn log_entry(&self, sample: Escape) -> u32 {
        let fraction = if self.bands { 0.0 } else { sample.fraction() - self.origin.fraction() };
        let nu = sample.steps_above(self.origin) as i32 as f32 + fraction;
        let scale = (Coloring::LOG_DENSITY * std::f64::consts::LN_2 * self.entries) as f32;
        (log2(nu.max(0.0) + 1.0) * scale + self.first as f32) as i32 as u32
    }

    /// How far a count lies above that of the origin.
    #[inline(always)]
    fn above_origin(&self, sample: Escape) -> f64 {
        let fraction = if self.bands { 0.0 } else { sample.fraction() - self.origin.fraction() };
        f64::from(fraction) + sample.steps_above(self.origin) as f64
    }

    /// The entry at a place of the palette, where 1 is one whole pass.
    #[inline(always)]
    fn wrap(&self, place: f64) -> u32 {
        let len = f64::from(self.len);
        let entry = place * self.entries + self.first;
        let entry = entry - len * (entry / len).floor();
        // Just below the end of a turn the difference may round up to its length.
        (entry as u32).min(self.len - 1)
    }
}
