//! PNG.

use std::io;

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::Pixmap;

/// A picture as PNG, through the `image` crate.
///
/// # Errors
/// Those of the encoder, which has none for a picture whose size fits its bytes.
pub fn encode(pixmap: &Pixmap) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(&pixmap.bytes, pixmap.width, pixmap.height, ExtendedColorType::Rgb8)
        .map_err(io::Error::other)?;
    Ok(bytes)
}
