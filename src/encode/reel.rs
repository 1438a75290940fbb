//! The interface of formats of whole films: one file, frame by frame.

use std::io;

use crate::encode::sink::{Append, Out, Piece, Texts};
use crate::pixmap::Pixmap;

/// A film file. A frame is encoded on any thread, and appended in order.
pub trait Reel: Send + Sync {
    /// Encodes a frame of three channels.
    fn frame(&self, pixmap: &Pixmap) -> Piece;

    /// Writes what stands before the first frame.
    ///
    /// # Errors
    /// Those of the writer.
    fn begin<'a>(&'a self, to: &'a mut dyn Out, texts: Texts) -> io::Result<Box<dyn Append + 'a>>;
}

/// What a film is, beside its pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Pixels in a row.
    pub width: u32,
    /// Rows of pixels.
    pub height: u32,
    /// Frames.
    pub frames: u32,
    /// Frames in a second, as a fraction: numerator and denominator, from 1 on.
    pub rate: (u32, u32),
}

/// How the color of pixels is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chroma {
    /// For each pixel.
    #[default]
    Full,
    /// For each square of four pixels.
    Quarter,
}
