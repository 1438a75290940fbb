//! The comments in a JPEG, read without its pixels.

use std::io::Read;

use crate::encode::png_text::{MAX_TEXT, TextsError};
use crate::error::Error;

/// How a JPEG begins: start of image, and the first byte of the next marker.
pub const JPEG_SIGNATURE: [u8; 3] = [0xff, 0xd8, 0xff];

/// The comment (COM; ITU-T T.81, B.2.4.5) of a JPEG. A long one is cut into segments, which are put together.
///
/// Reads up to the first scan.
///
/// # Errors
/// [`TextsError`], where the file cannot be read, is no JPEG, is cut short, or has comments beyond [`MAX_TEXT`].
pub fn jpeg_comment(mut jpeg: impl Read) -> Result<String, TextsError> {
    let damaged = |problem| Err(TextsError::Damaged(Error::Damaged(problem)));
    let short = |error| TextsError::of(error, "the JPEG is cut short");
    let mut start = [0; 2];
    jpeg.read_exact(&mut start).map_err(short)?;
    if start != JPEG_SIGNATURE[..2] {
        return damaged("the file is not a JPEG");
    }
    let mut comment = Vec::new();
    loop {
        let mut marker = [0; 2];
        jpeg.read_exact(&mut marker).map_err(short)?;
        // A marker may be filled up by further bytes of ones.
        while marker == [0xff, 0xff] {
            jpeg.read_exact(&mut marker[1..]).map_err(short)?;
        }
        match marker {
            // The first scan, or the end.
            [0xff, 0xda | 0xd9] => {
                return Ok(String::from_utf8_lossy(&comment).trim_end_matches('\0').into());
            }
            // Without a length.
            [0xff, 0x01 | 0xd0..=0xd8] => continue,
            [0xff, _] => {}
            _ => return damaged("the JPEG is damaged: a marker is missing"),
        }
        let mut length = [0; 2];
        jpeg.read_exact(&mut length).map_err(short)?;
        let Some(length) = u16::from_be_bytes(length).checked_sub(2) else {
            return damaged("the JPEG is damaged: a segment has no length");
        };
        let mut segment = vec![0; usize::from(length)];
        jpeg.read_exact(&mut segment).map_err(short)?;
        if marker[1] == 0xfe {
            comment.extend(segment);
        }
        if comment.len() as u64 > MAX_TEXT {
            return damaged("the comments in the JPEG are longer than 2 MiB");
        }
    }
}
