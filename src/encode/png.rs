//! PNG.

use std::io::{self, Write};

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, ImageError};

use crate::Pixmap;

/// Writes a picture as PNG, through the `image` crate.
///
/// # Errors
/// Those of the writer.
pub fn write(to: impl Write, pixmap: &Pixmap) -> io::Result<()> {
    PngEncoder::new(to)
        .write_image(&pixmap.bytes, pixmap.width, pixmap.height, ExtendedColorType::Rgb8)
        .map_err(|error| match error {
            ImageError::IoError(error) => error,
            other => io::Error::other(other),
        })
}
