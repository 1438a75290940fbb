//! A coloring with its tables: from escape results to sRGB bytes, or to linear light.

use std::array;

use crate::color::coloring::Coloring;
use crate::color::disagreement::{RANGE, disagreement, range};
use crate::color::interior::{Interior, Places};
use crate::color::lookup::{Lookup, turn};
use crate::color::rgb::ToSrgb;
use crate::color::shading::Shader;
use crate::field::{Distance, Escape};

/// The tables of a coloring for one picture.
///
/// Every sample becomes an index into one table of colors; its last entry is the interior's.
pub struct Painter {
    lookup: Lookup,
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
        let (mut table, passes) = turn(coloring);
        let len = table.len();
        let alpha = coloring.interior == Interior::Transparent;
        let interior = coloring.interior.color().linear();
        table.push(interior);
        let opaque = |entry: usize| u16::from(!(alpha && entry == len));
        let to_srgb = ToSrgb::new();
        Self {
            lookup: Lookup::new(coloring, max_iter, len, passes),
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
            shader: coloring.detail().has_distances().then(|| Shader::new(coloring.shading, rows, interior)),
            interior: Places::new(coloring.interior, rows),
            pass: len as f32 / passes as f32,
        }
    }

    /// Channels of a pixel: red, green, blue, and opacity where the interior is transparent.
    pub fn channels(&self) -> usize {
        if self.alpha { 4 } else { 3 }
    }

    /// Where in the palette a sample that escaped lies; 1 is one whole pass.
    pub(crate) fn place(&self, sample: Escape) -> f64 {
        self.lookup.place(sample) * self.lookup.entries / f64::from(self.pass)
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
                rows.for_each(|row| self.lookup.entries(row, entries));
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
            self.lookup.entries(row, &mut entries);
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
                    let at = if entry == self.lookup.len { (1.0, 0.0) } else { at };
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
            self.lookup.entries(row, &mut entries[..row.len()]);
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
        let passes = self.lookup.entries as f32 / self.lookup.len as f32;
        let (mut places, mut tones) = (vec![0.0; k * k], vec![0.0; k * k]);
        (0..width).map(move |x| {
            let indices = (0..k).flat_map(|y| (y * width + x) * k..(y * width + x + 1) * k);
            let mut open = 0;
            for ((place, tone), i) in places.iter_mut().zip(&mut tones).zip(indices) {
                let inside = samples[i].n().is_none();
                match &self.interior {
                    _ if !inside => *place = passes * self.lookup.place(samples[i]) as f32,
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
}
