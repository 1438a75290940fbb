//! Colors: a picture as sRGB bytes.

use image::RgbImage;

/// A picture: `width * height` pixels of three sRGB bytes (red, green, blue), and one of opacity where there is one, row by row from the
/// top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixmap {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Whether pixels have a fourth byte, the opacity, which is not premultiplied.
    pub alpha: bool,
    /// `3 * width * height` bytes, or `4 * width * height`.
    pub bytes: Vec<u8>,
}

impl From<RgbImage> for Pixmap {
    fn from(image: RgbImage) -> Self {
        let (width, height) = image.dimensions();
        Self { width, height, alpha: false, bytes: image.into_raw() }
    }
}

impl From<Pixmap> for RgbImage {
    /// Bytes that are missing are black; the opacity is left out.
    fn from(Pixmap { width, height, alpha, mut bytes }: Pixmap) -> Self {
        if alpha {
            bytes = bytes.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        }
        bytes.resize(3 * width as usize * height as usize, 0);
        Self::from_raw(width, height, bytes).unwrap_or_default()
    }
}
