//! A coloring with its tables: from escape results to sRGB bytes, or to linear light.

use std::array;

use crate::color::coloring::{Coloring, Map};
use crate::color::curve::Pieces;
use crate::color::interior::{Interior, Places};
use crate::color::rgb::ToSrgb;
use crate::color::shading::Shader;
use crate::field::{Distance, Escape};
use crate::number::log2::log2;

/// The tables of a coloring for one picture.
///
/// Every sample becomes an index into one table of colors; its last entry is the interior's.
pub struct Painter {
    map: Map,
    /// The curve of a map that has one.
    curve: Option<Pieces>,
    /// Where the logarithmic map begins.
    origin: Escape,
    max_iter: f64,
    /// Entries that a sample moves by for each unit of the map.
    entries: f64,
    /// The entry at place 0.
    first: f64,
    bands: bool,
    /// Entries in one turn of the palette.
    len: u32,
    /// Whether pixels have a fourth channel, the part of their samples that are not transparent.
    alpha: bool,
    /// The colors as sRGB bytes, for pixels of one sample.
    bytes: Vec<[u8; 4]>,
    /// The same in linear light. The fourth number counts samples that are not transparent.
    lights: Vec<[u16; 4]>,
    to_srgb: ToSrgb,
    /// Where colors depend on distances.
    shader: Option<Shader>,
    /// Where those of samples that do not escape do, or on their periods.
    interior: Option<Places>,
    /// Entries in one pass of the palette.
    pass: f32,
}

/// A number that a channel of a pixel is made of: a sRGB byte, or 16 bits of linear light.
pub trait Channel: Copy {
    /// The color of an entry, with its opacity.
    fn color(painter: &Painter, entry: u32) -> [Self; 4];

    /// That of linear light.
    fn of(painter: &Painter, light: u16) -> Self;

    /// The opacity of a pixel in which `part` of `all` samples are not transparent.
    fn opacity(part: u32, all: u32) -> Self;
}

impl Channel for u8 {
    #[inline(always)]
    fn color(painter: &Painter, entry: u32) -> [Self; 4] {
        painter.bytes[entry as usize]
    }

    #[inline(always)]
    fn of(painter: &Painter, light: u16) -> Self {
        painter.to_srgb.byte(light)
    }

    #[inline(always)]
    fn opacity(part: u32, all: u32) -> Self {
        ((part * 255 + all / 2) / all) as Self
    }
}

impl Channel for u16 {
    #[inline(always)]
    fn color(painter: &Painter, entry: u32) -> [Self; 4] {
        let [r, g, b, opaque] = painter.lights[entry as usize];
        [r, g, b, Self::opacity(opaque.into(), 1)]
    }

    #[inline(always)]
    fn of(_: &Painter, light: u16) -> Self {
        light
    }

    #[inline(always)]
    fn opacity(part: u32, all: u32) -> Self {
        ((part * 65535 + all / 2) / all) as Self
    }
}

/// Samples in a batch: few enough for the first-level cache, many enough for vector code.
const RUN: usize = 512;

impl Painter {
    /// The tables of a coloring, for counts up to `max_iter` in a picture that has so many `rows` of pixels as a whole.
    /// A logarithmic map without an origin begins at 0, and so
    /// does the map of a view without a curve, in which nothing escapes.
    pub fn new(coloring: &Coloring, max_iter: u32, rows: u32) -> Self {
        let mut table = coloring.palette.table(coloring.bands);
        // A palette whose ends differ runs forth and back, so that it can repeat without a seam.
        let mut passes = 1.0;
        if !coloring.palette.is_cyclic() {
            table.extend(table.clone().into_iter().rev());
            passes = 2.0;
        }
        let len = table.len();
        let alpha = coloring.interior == Interior::Transparent;
        let interior = coloring.interior.color().linear();
        table.push(interior);
        let opaque = |entry: usize| u16::from(!(alpha && entry == len));
        let to_srgb = ToSrgb::new();
        let (turn, shading) = (coloring.offset / passes, coloring.shading);
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
            alpha,
            bytes: (0..)
                .zip(&table)
                .map(|(i, light)| {
                    let [r, g, b] = light.map(|light| to_srgb.byte(light));
                    [r, g, b, u8::opacity(opaque(i).into(), 1)]
                })
                .collect(),
            lights: (0..).zip(&table).map(|(i, &[r, g, b])| [r, g, b, opaque(i)]).collect(),
            to_srgb,
            shader: coloring.detail().has_distances().then(|| Shader::new(shading, rows, interior)),
            interior: Places::new(coloring.interior, rows),
            pass: len as f32 / passes as f32,
        }
    }

    /// Channels of a pixel: red, green, blue, and opacity where the interior is transparent.
    pub fn channels(&self) -> usize {
        if self.alpha { 4 } else { 3 }
    }

    /// Paints one row of pixels from the `k` rows of samples it covers, `k` by `k` samples a pixel.
    ///
    /// `samples` holds `k` rows of `k * width` results, `out` receives the [channels](Self::channels) of `width` pixels; `distances`
    /// are those of the samples where the coloring takes them. Samples are averaged in linear light, those that are not transparent;
    /// the opacity is their part, and not premultiplied.
    pub fn paint<T: Channel>(&self, samples: &[Escape], distances: &[Distance], k: usize, out: &mut [T]) {
        match self.alpha {
            false => self.paint_pixels(samples, distances, k, out.as_chunks_mut::<3>().0),
            true => self.paint_pixels(samples, distances, k, out.as_chunks_mut::<4>().0),
        }
    }

    fn paint_pixels<T: Channel, const N: usize>(
        &self,
        samples: &[Escape],
        distances: &[Distance],
        k: usize,
        out: &mut [[T; N]],
    ) {
        let width = out.len();
        debug_assert_eq!(samples.len(), k * k * width, "k rows of k samples a pixel");
        if let Some(shader) = &self.shader {
            return self.shaded(shader, samples, distances, k, out);
        }
        let mut entries = [0; RUN];
        let run = RUN / k;
        for (i, pixels) in out.chunks_mut(run).enumerate() {
            let count = pixels.len();
            let rows = samples.chunks_exact(k * width).map(|row| &row[i * run * k..][..count * k]);
            if k == 1 {
                let entries = &mut entries[..count];
                rows.for_each(|row| self.entries(row, entries));
                for (pixel, &entry) in pixels.iter_mut().zip(&*entries) {
                    let color = T::color(self, entry);
                    *pixel = array::from_fn(|c| color[c]);
                }
            } else {
                self.average(rows, k, &mut entries, pixels);
            }
        }
    }

    /// Paints one row of pixels whose samples have distances.
    fn shaded<T: Channel, const N: usize>(
        &self,
        shader: &Shader,
        samples: &[Escape],
        distances: &[Distance],
        k: usize,
        out: &mut [[T; N]],
    ) {
        let (width, count) = (out.len(), (k * k) as u32);
        debug_assert_eq!(samples.len(), distances.len(), "a distance for each sample");
        let mut sums = vec![[0; 4]; width];
        let (mut entries, mut shades) = (vec![0; k * width], vec![(0.0, 0.0); k * width]);
        for (row, distances) in samples.chunks_exact(k * width).zip(distances.chunks_exact(k * width)) {
            self.entries(row, &mut entries);
            for (at, &distance) in shades.iter_mut().zip(distances) {
                *at = shader.at(distance, k as f32);
            }
            if let Some(places) = &self.interior {
                self.inside((places, shader), (row, distances), k, (&mut entries, &mut shades));
            }
            let pixels = entries.chunks_exact(k).zip(shades.chunks_exact(k));
            for (sum, (entries, shades)) in sums.iter_mut().zip(pixels) {
                for (&entry, &at) in entries.iter().zip(shades) {
                    // An interior of one color has no distance.
                    let at = if entry == self.len { (1.0, 0.0) } else { at };
                    let light = self.lights[entry as usize];
                    let mut shaded = shader.shade(light, at);
                    shaded[3] = light[3].into();
                    *sum = [0, 1, 2, 3].map(|c| sum[c] + shaded[c]);
                }
            }
        }
        self.divide(&sums, count, out);
    }

    /// The entries and shades of samples that did not escape. The relief rises on to the middle of each component; the edge
    /// is outside.
    fn inside(
        &self,
        (places, shader): (&Places, &Shader),
        (samples, distances): (&[Escape], &[Distance]),
        k: usize,
        (entries, shades): (&mut [u32], &mut [(f32, f32)]),
    ) {
        for (i, &sample) in samples.iter().enumerate().filter(|(_, sample)| sample.n().is_none()) {
            if let Some(place) = places.place(sample, distances[i], k as f32) {
                entries[i] = (place * self.pass) as u32;
                let Distance { x, y } = distances[i];
                let (gain, _) = shader.at(Distance { x: -x, y: -y }, k as f32);
                shades[i] = (gain, 0.0);
            }
        }
    }

    /// Paints a run of pixels with the averages of their samples.
    fn average<'a, T: Channel, const N: usize>(
        &self,
        rows: impl Iterator<Item = &'a [Escape]>,
        k: usize,
        entries: &mut [u32; RUN],
        pixels: &mut [[T; N]],
    ) {
        // With two or more samples a side, a run holds at most half as many pixels as samples.
        let mut sums = [[0; 4]; RUN / 2];
        for row in rows {
            self.entries(row, &mut entries[..row.len()]);
            for (sum, entries) in sums.iter_mut().zip(entries[..row.len()].chunks_exact(k)) {
                for &entry in entries {
                    let light = self.lights[entry as usize];
                    *sum = [0, 1, 2, 3].map(|c| sum[c] + u32::from(light[c]));
                }
            }
        }
        self.divide(&sums, (k * k) as u32, pixels);
    }

    /// How far the samples of each pixel of a row are from agreeing, in passes of the palette: 0 where all are alike or none
    /// escapes, and where some do not the part of the fewer ones.
    ///
    /// Samples whose places lie in a plane are averaged well by however few. So what counts is the largest distance from the plane
    /// that fits them best, and a part of the range from the least place to the largest, as an edge along a row or a
    /// column of 2x2 samples lies in a plane too. Of what distances do to colors the same part of the range counts.
    pub(crate) fn disagreements<'a>(
        &'a self,
        samples: &'a [Escape],
        distances: &'a [Distance],
        k: usize,
    ) -> impl Iterator<Item = f32> + 'a {
        let width = samples.len() / (k * k);
        let passes = self.entries as f32 / self.len as f32;
        let (mut places, mut tones) = (vec![0.0; k * k], vec![0.0; k * k]);
        (0..width).map(move |x| {
            let indices = (0..k).flat_map(|y| (y * width + x) * k..(y * width + x + 1) * k);
            let mut open = 0;
            for ((place, tone), i) in places.iter_mut().zip(&mut tones).zip(indices) {
                let inside = samples[i].n().is_none();
                match &self.interior {
                    _ if !inside => *place = passes * self.place(samples[i]) as f32,
                    Some(places) => *place = places.place(samples[i], distances[i], k as f32).unwrap_or(0.0),
                    None => *place = 0.0,
                }
                open += usize::from(inside);
                if let Some(shader) = &self.shader {
                    let (gain, edge) = shader.at(distances[i], k as f32);
                    *tone = if inside { gain } else { gain * (1.0 - edge) };
                }
            }
            match open {
                0 => (RANGE * range(&tones)).max(disagreement(&places, k)),
                _ if open == k * k && self.interior.is_some() => {
                    (RANGE * range(&tones)).max(disagreement(&places, k))
                }
                _ => open.min(k * k - open) as f32 / (k * k) as f32,
            }
        })
    }

    /// Divides sums of colors by the number of samples in each, to nearest.
    fn divide<T: Channel, const N: usize>(&self, sums: &[[u32; 4]], samples: u32, pixels: &mut [[T; N]]) {
        if self.alpha {
            for (pixel, &[r, g, b, opaque]) in pixels.iter_mut().zip(sums) {
                let of = |sum: u32| T::of(self, ((sum + opaque / 2) / opaque.max(1)) as u16);
                let color = [of(r), of(g), of(b), T::opacity(opaque, samples)];
                *pixel = array::from_fn(|c| color[c]);
            }
            return;
        }
        // Division by multiplication is exact: the sum is below 2^23 and the factor less than 1 above 2^32 / samples, so
        // the quotient is less than 2^-9 too large, and one that is not whole lies at least 1 / samples >= 2^-6 below the
        // next whole number.
        let (factor, half) = ((1_u64 << 32).div_ceil(samples.into()), samples / 2);
        for (pixel, sum) in pixels.iter_mut().zip(sums) {
            *pixel = array::from_fn(|c| T::of(self, ((u64::from(sum[c] + half) * factor) >> 32) as u16));
        }
    }

    /// The entries of a run of samples.
    fn entries(&self, samples: &[Escape], out: &mut [u32]) {
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
    fn place(&self, sample: Escape) -> f64 {
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

    /// Whether [`Painter::log_entries`] is valid: differences of counts fit an `i32`, the entries of a turn are a power
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

/// How far `k` by `k` numbers are from lying in a plane, or a part of their range.
fn disagreement(places: &[f32], k: usize) -> f32 {
    let middle = (k - 1) as f32 / 2.0;
    let at = |i: usize| ((i % k) as f32 - middle, (i / k) as f32 - middle);
    let (mut sum, mut x_sum, mut y_sum, mut sqr) = (0.0, 0.0, 0.0, 0.0);
    for (i, &place) in places.iter().enumerate() {
        let (x, y) = at(i);
        (sum, x_sum, y_sum, sqr) = (sum + place, x_sum + x * place, y_sum + y * place, sqr + x * x);
    }
    let (mean, along, down) = (sum / (k * k) as f32, x_sum / sqr, y_sum / sqr);
    let off = places.iter().enumerate().map(|(i, &place)| {
        let (x, y) = at(i);
        (place - (mean + along * x + down * y)).abs()
    });
    off.fold(RANGE * range(places), f32::max)
}

/// The largest number less the least one.
fn range(numbers: &[f32]) -> f32 {
    let least = numbers.iter().copied().fold(f32::INFINITY, f32::min);
    numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max) - least
}

/// The part of the range of places that counts as disagreement.
const RANGE: f32 = 0.1;

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

    fn palette(name: &str) -> Palette {
        Palette::named(name).unwrap_or_else(|| Palette::from_list(name).expect("a palette"))
    }

    /// A bound for the error of both computations of the entry, as a real number, of a sample whose logarithm is `log`.
    ///
    /// With u = 2^-24, the error of one rounding in single precision: 1 + nu has passed at most three roundings
    /// (the difference of counts, the sum with that of the fractions, which both round alike, and the 1), so its
    /// logarithm is off by 3 u / ln 2, and `log2` adds 2e-7 times the logarithm, or 2e-7 where that is below 1. The
    /// product with the scale has two roundings, the first entry one, the sum one.
    fn tolerance(painter: &Painter, log: f64) -> f64 {
        let u = f64::from(f32::EPSILON) / 2.0;
        let scale = Coloring::LOG_DENSITY * std::f64::consts::LN_2 * painter.entries;
        let logarithm = 3.0 * u / std::f64::consts::LN_2 + 2e-7 * log.max(1.0);
        // A hundredth more for products of errors.
        1.01 * (scale * logarithm + u * (2.0 * scale * log + painter.first + (scale * log + painter.first)))
    }

    /// Compares both with the logarithm in double precision, and returns for how many samples they differ.
    fn compare(painter: &Painter, samples: &[Escape]) -> usize {
        let (mut fast, mut plain) = (vec![0; samples.len()], vec![0; samples.len()]);
        painter.log_entries(samples, &mut fast);
        painter.each(samples, &mut plain, |sample| painter.wrap(painter.place(sample)));
        for (&sample, entries) in samples.iter().zip(fast.iter().zip(&plain)) {
            if sample.n().is_none() {
                assert_eq!(entries, (&painter.len, &painter.len), "the interior");
                continue;
            }
            let log = libm::log2(1.0 + painter.above_origin(sample).max(0.0));
            let exact =
                Coloring::LOG_DENSITY * std::f64::consts::LN_2 * painter.entries * log + painter.first;
            let error = tolerance(painter, log);
            let least = (exact - error).floor();
            let most = (exact + error).floor();
            for &entry in [entries.0, entries.1] {
                // How far the entry lies above the least one, on the circle.
                let above = (f64::from(entry) - least).rem_euclid(f64::from(painter.len));
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
                    let painter = Painter::new(&coloring, i32::MAX as u32, 1);
                    if painter.is_small() {
                        compared += 1;
                        let differ = compare(&painter, &samples);
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
            assert!(!Painter::new(&coloring, 1000, 1).is_small(), "{origin:?}");
        }
        let twilight = Coloring { palette: palette("twilight"), bands: true, ..Coloring::default() };
        assert!(!Painter::new(&twilight, 1000, 1).is_small(), "510 entries a turn");
        assert!(!Painter::new(&Coloring::default(), u32::MAX - 1, 1).is_small(), "counts beyond i32");
        // A sample far below its origin has the first color.
        let coloring = Coloring { origin: Some(Escape::new(3_000_000_000, 0.0)), ..Coloring::default() };
        let mut entries = [1];
        Painter::new(&coloring, 1000, 1).entries(&[Escape::new(5, 0.5)], &mut entries);
        assert_eq!(entries, [0]);
    }
}
