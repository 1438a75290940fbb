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
        if !(self.offset.abs() <= 1e6) {
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
        let (origin, unit) = match self.map {
            Map::Log => (lowest, 1.0 / (Self::LOG_DENSITY * std::f64::consts::LN_2)),
            Map::Linear | Map::Sqrt => (None, f64::from(bailout.max_iter)),
            Map::Cyclic => (None, Self::CYCLE),
        };
        Painter {
            map: self.map,
            origin: origin.unwrap_or(Escape::new(0, 0.0)),
            unit,
            density: self.density / passes,
            offset: self.offset / passes,
            bands: self.bands,
            table,
            interior: self.interior.linear(),
            to_srgb: ToSrgb::new(),
        }
    }
}

/// A coloring with its tables, for one picture.
pub struct Painter {
    map: Map,
    origin: Escape,
    unit: f64,
    density: f64,
    offset: f64,
    bands: bool,
    table: Vec<[u16; 3]>,
    interior: [u16; 3],
    to_srgb: ToSrgb,
}

impl Painter {
    /// Paints one row of pixels from the `k` rows of samples it covers, `k` by `k` samples a pixel.
    ///
    /// `samples` holds `k` rows of `k * width` results, `out` receives `3 * width` sRGB bytes.
    /// Samples are averaged as light.
    pub fn paint(&self, samples: &[Escape], k: usize, out: &mut [u8]) {
        let width = out.len() / 3;
        debug_assert_eq!(samples.len(), k * k * width, "k rows of k samples a pixel");
        let count = (k * k) as u32;
        for (x, pixel) in out.chunks_exact_mut(3).enumerate() {
            let mut sum = [0_u32; 3];
            for row in samples.chunks_exact(k * width) {
                for &sample in &row[x * k..][..k] {
                    let light = self.light(sample);
                    for c in 0..3 {
                        sum[c] += u32::from(light[c]);
                    }
                }
            }
            for c in 0..3 {
                pixel[c] = self.to_srgb.byte(((sum[c] + count / 2) / count) as u16);
            }
        }
    }

    /// The colour of one sample in linear light.
    fn light(&self, sample: Escape) -> [u16; 3] {
        if sample.n().is_none() {
            return self.interior;
        }
        let steps = sample.steps_above(self.origin) as f64;
        let nu =
            if self.bands { steps } else { steps + f64::from(sample.fraction() - self.origin.fraction()) };
        let place = match self.map {
            Map::Log => f64::from(log2(nu.max(0.0) as f32 + 1.0)) / self.unit,
            Map::Linear | Map::Cyclic => nu / self.unit,
            Map::Sqrt => (nu.max(0.0) / self.unit).sqrt(),
        };
        let t = place * self.density + self.offset;
        let turn = t - t.floor();
        // The product rounds up to the length itself just below the end of a turn.
        let entry = (turn * self.table.len() as f64) as usize;
        self.table[entry.min(self.table.len() - 1)]
    }
}
