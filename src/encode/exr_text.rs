//! The string attributes of an OpenEXR file, read without its pixels.

use std::io::{self, Read};

use crate::encode::png_text::{MAX_TEXT, TextsError};
use crate::error::Error;

/// How an OpenEXR file begins: the number 20000630.
pub const EXR_SIGNATURE: [u8; 4] = [0x76, 0x2f, 0x31, 0x01];

/// The most bytes of a name or type, more than any version of the format allows.
const MAX_NAME: usize = 255;
/// The most bytes of a header, of which only strings are kept.
const MAX_HEADER: u64 = 64 << 20;

/// Name and value of each attribute of type `string` in the first header (OpenEXR File Layout, "Header Attributes").
///
/// # Errors
/// [`TextsError`], where the file cannot be read, is no OpenEXR file, is cut short, has strings beyond [`MAX_TEXT`] or a header
/// beyond 64 MiB.
pub fn exr_strings(exr: impl Read) -> Result<Vec<(String, String)>, TextsError> {
    let damaged = |problem| Err(TextsError::Damaged(Error::Damaged(problem)));
    let short = |error| TextsError::of(error, "the header of the EXR is cut short, or longer than 64 MiB");
    let mut exr = exr.take(MAX_HEADER);
    let mut start = [0; 8];
    exr.read_exact(&mut start).map_err(short)?;
    if start[..4] != EXR_SIGNATURE {
        return damaged("the file is not an OpenEXR file");
    }
    let mut strings = Vec::new();
    let mut taken = 0;
    loop {
        let Some(name) = name(&mut exr).map_err(short)? else {
            return damaged("the EXR is damaged: a name is too long");
        };
        if name.is_empty() {
            return Ok(strings);
        }
        let Some(kind) = self::name(&mut exr).map_err(short)? else {
            return damaged("the EXR is damaged: a name is too long");
        };
        let mut size = [0; 4];
        exr.read_exact(&mut size).map_err(short)?;
        let size = u64::from(u32::from_le_bytes(size));
        if kind != "string" {
            let skipped = io::copy(&mut exr.by_ref().take(size), &mut io::sink()).map_err(short)?;
            if skipped < size {
                return Err(short(io::ErrorKind::UnexpectedEof.into()));
            }
            continue;
        }
        // Empty strings take memory too.
        taken += size + (name.len() + size_of::<(String, String)>()) as u64;
        if taken > MAX_TEXT {
            return damaged("the texts in the EXR are longer than 2 MiB");
        }
        let mut value = vec![0; size as usize];
        exr.read_exact(&mut value).map_err(short)?;
        strings.push((name, String::from_utf8_lossy(&value).into_owned()));
    }
}

/// The text up to the next 0; `None` if it is too long.
fn name(exr: &mut impl Read) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    loop {
        let mut byte = [0];
        exr.read_exact(&mut byte)?;
        match byte {
            [0] => return Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            _ if bytes.len() == MAX_NAME => return Ok(None),
            [byte] => bytes.push(byte),
        }
    }
}
