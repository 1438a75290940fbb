//! A stretch of bytes.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::decode::read_error::ReadError;

/// A stretch of bytes in a file, or unpacked in memory.
pub(super) enum Bytes {
    File { file: Arc<File>, start: u64, length: u64 },
    Memory(Vec<u8>),
}

impl Bytes {
    /// All of a file.
    pub(super) fn all(file: &Arc<File>) -> Result<Self, ReadError> {
        Ok(Self::File { file: Arc::clone(file), start: 0, length: file.metadata()?.len() })
    }

    pub(super) fn length(&self) -> u64 {
        match self {
            Self::File { length, .. } => *length,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// Fills `out` with the bytes from `place` on.
    pub(super) fn read(&self, place: u64, out: &mut [u8]) -> Result<(), ReadError> {
        match self {
            Self::File { file, start, .. } => file.read_exact_at(out, start.saturating_add(place))?,
            Self::Memory(bytes) => {
                let all = usize::try_from(place).ok().and_then(|place| bytes.get(place..)?.get(..out.len()));
                out.copy_from_slice(all.ok_or(std::io::Error::from(std::io::ErrorKind::UnexpectedEof))?);
            }
        }
        Ok(())
    }
}
