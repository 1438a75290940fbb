//! Output formats, each written to any `Write`.

pub mod npy;
pub mod png;
