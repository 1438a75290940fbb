//! Colors: a picture as sRGB bytes.

use image::RgbImage;

/// A picture: `width * height` pixels of three sRGB bytes (red, green, blue), row by row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixmap {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `3 * width * height` bytes.
    pub bytes: Vec<u8>,
}

impl From<RgbImage> for Pixmap {
    fn from(image: RgbImage) -> Self {
        let (width, height) = image.dimensions();
        Self { width, height, bytes: image.into_raw() }
    }
}

impl From<Pixmap> for RgbImage {
    /// Bytes that are missing are black.
    fn from(Pixmap { width, height, mut bytes }: Pixmap) -> Self {
        bytes.resize(3 * width as usize * height as usize, 0);
        Self::from_raw(width, height, bytes).unwrap_or_default()
    }
}
