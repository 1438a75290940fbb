//! The colors along a line of a picture.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits, RgbImage, guess_format};

use crate::color::rgb::{Rgb, ToSrgb};
use crate::error::{Error, PaletteProblem};

/// Colors that are taken of a photograph. With 256, single hairs and twigs of it became lines in the fractal; with 24, it lost its
/// accents. The colors of a median cut have no order, and sorted by lightness they made every photograph one dull wash.
const COLORS: u32 = 64;
/// Colors of a strip, which is a palette already.
const COLORS_OF_STRIP: u32 = 256;
/// How many times as long as high a strip is at least.
const STRIP: u32 = 4;
/// The most bytes that decoding may take: a photograph of 64 megapixels.
const MAX_BYTES: u64 = 256 << 20;

/// A picture, by the first bytes of its file.
pub(super) struct Picture(ImageFormat);

impl Picture {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        guess_format(bytes).ok().map(Self)
    }

    /// The colors along the main diagonal, from the upper left to the lower right: 64, or 256 of a strip, each the mean in
    /// linear light of the pixels around its place. Where the longer side has no more pixels than that, they are taken one by one.
    pub(super) fn colors(&self, bytes: &[u8]) -> Result<Vec<Rgb>, Error> {
        let mut reader = ImageReader::with_format(Cursor::new(bytes), self.0);
        let mut limits = Limits::default();
        limits.max_alloc = Some(MAX_BYTES);
        reader.limits(limits);
        let fails = |problem| Error::PaletteFile { line: 1, column: 1, problem };
        if self.0 == ImageFormat::Jpeg && is_cut(bytes) {
            return Err(fails(PaletteProblem::Picture("the JPEG ends before its last row".into())));
        }
        let picture = reader.decode().map_err(|error| fails(PaletteProblem::Picture(error.to_string())))?;
        let picture = picture.into_rgb8();
        let colors = along_diagonal(&picture);
        if colors.len() < 2 { Err(fails(PaletteProblem::FewColors(colors.len()))) } else { Ok(colors) }
    }
}

/// Whether a JPEG has no end of image (FF D9) behind its last start of scan (FF DA), where FF is followed by 0 or the number of a restart
/// marker (ITU-T T.81, B.1.1). Decoders fill what is missing with gray.
fn is_cut(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    last(0xd9) <= last(0xda)
}

fn along_diagonal(picture: &RgbImage) -> Vec<Rgb> {
    let (width, height) = picture.dimensions();
    let (long, short) = (width.max(height), width.min(height));
    let count = long.min(if long / STRIP >= short { COLORS_OF_STRIP } else { COLORS });
    let part = |i: u32, side: u32| {
        let place = |i: u32| (u64::from(i) * u64::from(side) / u64::from(count)) as u32;
        place(i)..place(i + 1).max(place(i) + 1)
    };
    let to_srgb = ToSrgb::new();
    let mean = |i: u32| {
        let (mut sums, mut pixels) = ([0_u64; 3], 0_u64);
        for (x, y) in part(i, height).flat_map(|y| part(i, width).map(move |x| (x, y))) {
            let light = Rgb(picture.get_pixel(x, y).0).linear();
            sums = [0, 1, 2].map(|c| sums[c] + u64::from(light[c]));
            pixels += 1;
        }
        Rgb(sums.map(|sum| to_srgb.byte(((sum + pixels / 2) / pixels) as u16)))
    };
    (0..count).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_jpeg_is_none() {
        let mut jpeg = Vec::new();
        let encoder = image::codecs::jpeg::JpegEncoder::new(&mut jpeg);
        let picture = RgbImage::from_fn(64, 48, |x, y| image::Rgb([x as u8, y as u8, 0]));
        picture.write_with_encoder(encoder).expect("memory");
        let colors = |bytes: &[u8]| Picture::of(bytes).expect("a JPEG").colors(bytes);
        assert!(colors(&jpeg).is_ok());
        for length in [jpeg.len() - 1, jpeg.len() - 100, jpeg.len() / 2] {
            assert!(colors(&jpeg[..length]).is_err(), "{length} of {}", jpeg.len());
        }
    }
}
