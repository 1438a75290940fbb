//! File formats, one file for each. All implement [`Sink`].

mod apng;
pub(crate) mod depth;
pub(crate) mod dzi;
pub(crate) mod dzi_text;
pub(crate) mod exr;
pub(crate) mod exr_text;
pub(crate) mod format;
mod gif;
mod halving;
mod jpeg_text;
mod movie;
pub(crate) mod npy;
pub(crate) mod npz;
mod picture;
pub(crate) mod png;
pub(crate) mod png_text;
mod pnm;
mod reel;
mod runs;
pub(crate) mod sink;
mod whole;
mod y4m;

pub use depth::Depth;
pub use dzi::Dzi;
pub use dzi_text::{DZI_SIGNATURE, dzi_texts};
pub use exr::Exr;
pub use exr_text::{EXR_SIGNATURE, exr_strings};
pub use format::{Format, Options};
pub use jpeg_text::{JPEG_SIGNATURE, jpeg_comment};
pub use movie::Movie;
pub use npy::{Npy, Values};
pub use npz::Npz;
pub use png::{Compression, Png, encode};
pub use png_text::{MAX_TEXT, SIGNATURE, TextsError, texts};
pub use reel::{Chroma, Reel, Timing};
pub use sink::{Append, Band, Encoder, Layout, Needs, Out, Piece, SCENE, Sink, Texts};
