//! Colours: a picture as sRGB bytes.

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
