//! A picture that is complete, for encoders that take all of it at once.

use crate::encode::depth::Depth;
use crate::encode::sink::Layout;

/// A picture that is complete, with its texts.
pub(super) struct Picture {
    pub(super) layout: Layout,
    pub(super) depth: Depth,
    /// Channels row by row; of 16 bits big endian.
    pub(super) samples: Vec<u8>,
    pub(super) texts: Vec<(String, String)>,
}
