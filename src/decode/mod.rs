//! Numbers from files, as a kernel: one file for each format. They are read where they are needed.

mod bytes;
mod exr;
mod field_file;
mod kfb;
mod npy;
mod npz;
mod planes;
pub(crate) mod read_error;
pub(crate) mod recent;

pub use field_file::FieldFile;
pub use read_error::ReadError;
