//! From escape results to colors.

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

/// Everything that turns numbers into colors.
#[derive(Clone, Debug, PartialEq)]
pub struct Coloring {
    /// The colors of samples that escape.
    pub palette: Palette,
    /// How counts are laid along the palette.
    pub map: Map,
    /// Multiplies the place in the palette: 2 passes through it twice as fast.
    pub density: f64,
    /// Added to the place in the palette.
    pub offset: f64,
    /// Whole counts instead of smooth ones, and the palette's own steps where it has them.
    pub bands: bool,
    /// The color of samples that do not escape.
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
                "density must be above 0 and at most 1e6 (got {:?})",
                self.density
            )));
        }
        if self.offset.is_nan() || self.offset.abs() > 1e6 {
            return Err(Error::Scene(format!("offset must be between -1e6 and 1e6 (got {:?})", self.offset)));
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
        let to_srgb = ToSrgb::new();
        let turn = self.offset / passes;
        Painter {
            map: self.map,
            origin: if self.map == Map::Log { lowest } else { None }.unwrap_or(Escape::new(0, 0.0)),
            max_iter: f64::from(bailout.max_iter),
            entries: len as f64 * self.density / passes,
            first: len as f64 * (turn - turn.floor()),
            bands: self.bands,
            len: len as u32,
            bytes: table.iter().map(|light| light.map(|light| to_srgb.byte(light))).collect(),
            lights: table.iter().map(|&[r, g, b]| [r, g, b, 0]).collect(),
            to_srgb,
        }
    }
}

/// A coloring with its tables, for one picture.
///
/// Every sample becomes the number of an entry in one table of colors, the last of which is the interior's.
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
    /// The colors as they are written, for pixels of one sample.
    bytes: Vec<[u8; 3]>,
    /// The same in linear light. The fourth number makes room for vector additions.
    lights: Vec<[u16; 4]>,
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
        let run = RUN / k;
        for (i, pixels) in out.chunks_mut(3 * run).enumerate() {
            let count = pixels.len() / 3;
            let rows = samples.chunks_exact(k * width).map(|row| &row[i * run * k..][..count * k]);
            if k == 1 {
                let entries = &mut entries[..count];
                rows.for_each(|row| self.entries(row, entries));
                for (pixel, &entry) in pixels.as_chunks_mut().0.iter_mut().zip(&*entries) {
                    *pixel = self.bytes[entry as usize];
                }
            } else {
                self.average(rows, k, &mut entries, pixels);
            }
        }
    }

    /// Paints a run of pixels with the averages of their samples.
    fn average<'a>(
        &self,
        rows: impl Iterator<Item = &'a [Escape]>,
        k: usize,
        entries: &mut [u32; RUN],
        pixels: &mut [u8],
    ) {
        let samples = (k * k) as u64;
        // With two or more samples a side, a run holds at most half as many pixels as samples.
        let mut sums = [[samples as u32 / 2; 4]; RUN / 2];
        for row in rows {
            self.entries(row, &mut entries[..row.len()]);
            for (sum, entries) in sums.iter_mut().zip(entries[..row.len()].chunks_exact(k)) {
                for &entry in entries {
                    let light = self.lights[entry as usize];
                    *sum = [0, 1, 2, 3].map(|c| sum[c] + u32::from(light[c]));
                }
            }
        }
        // The quotient by multiplication is exact: the sum is below 2^23 and the factor less than 1 above
        // 2^32 / samples, so the product is less than 2^-9 too large, and a quotient that is not whole lies at least
        // 1 / samples >= 2^-6 below the next whole number.
        let factor = (1_u64 << 32).div_ceil(samples);
        for (pixel, sum) in pixels.as_chunks_mut().0.iter_mut().zip(sums) {
            *pixel = [0, 1, 2].map(|c| self.to_srgb.byte(((u64::from(sum[c]) * factor) >> 32) as u16));
        }
    }

    /// The entries of a run of samples.
    fn entries(&self, samples: &[Escape], out: &mut [u32]) {
        match self.map {
            // The map of most pictures gets a loop that compilers turn into vector code.
            Map::Log if self.is_small() => self.log_entries(samples, out),
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

    /// Whether [`Painter::log_entries`] can do the logarithmic map: differences of counts fit an `i32`, the entries
    /// of a turn are a power of two, and no entry is beyond 2^22. The logarithm is below 32, so an entry is
    /// below 32 * 0.225 ln 2 < 5 times `entries`, plus one turn.
    fn is_small(&self) -> bool {
        self.max_iter <= f64::from(i32::MAX) && self.len.is_power_of_two() && self.entries <= 8e5
    }

    /// The logarithmic map in single precision.
    fn log_entries(&self, samples: &[Escape], out: &mut [u32]) {
        /// Adding it leaves the nearest whole number in the low bits of the sum.
        const TO_NEAREST: f32 = 1.5 * (1 << 23) as f32;
        let (n0, f0) = self.origin.parts();
        let scale = (Coloring::LOG_DENSITY * std::f64::consts::LN_2 * self.entries) as f32;
        // Entry i reaches from i to i + 1, so its middle is what must be nearest.
        let first = (self.first - 0.5) as f32;
        let (mask, interior) = (self.len - 1, self.len);
        let weight = if self.bands { 0.0 } else { 1.0 };
        for (sample, out) in samples.iter().zip(out) {
            let (n, fraction) = sample.parts();
            let nu = n.wrapping_sub(n0) as i32 as f32 + (fraction - f0) * weight;
            // Spelled out, because the library's maximum takes care of numbers that are none.
            let nu = if nu > 0.0 { nu } else { 0.0 };
            let entry = (log2(nu + 1.0) * scale + first + TO_NEAREST).to_bits() & mask;
            *out = if n == u32::MAX { interior } else { entry };
        }
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
