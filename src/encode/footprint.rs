//! The memory that a format takes.

/// Bytes that a format takes at most, whatever the pixels are: nothing that it packs need become smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// The buffers of an encoder, of which each thread has one, whatever the height of a band.
    pub encoder: u64,
    /// The buffers of an encoder for each pixel of a band.
    pub band: u64,
    /// The pieces of a band, for each of its pixels.
    pub piece: u64,
    /// What is kept until the end, for each pixel of the picture. More than 0 says that the whole picture is in memory.
    pub whole: u64,
    /// What is kept between bands beside that.
    pub kept: u64,
}
