//! The texts in a PNG, read without its pixels.

use std::io::{self, Read};

use flate2::read::ZlibDecoder;

use crate::error::Error;

/// The most bytes of an unpacked text, of a chunk that holds one, and of all texts before another one is read.
pub const MAX_TEXT: u64 = 2 << 20;

/// How a PNG begins.
pub const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Why the texts of a picture cannot be read.
#[derive(Debug)]
pub enum TextsError {
    /// The file cannot be read.
    Io(io::Error),
    /// The file is not of its format, or damaged.
    Damaged(Error),
}

impl From<io::Error> for TextsError {
    fn from(error: io::Error) -> Self {
        Self::of(error, "the PNG is cut short")
    }
}

impl TextsError {
    /// A failure to read, where the end of the file means `short`.
    pub(super) fn of(error: io::Error, short: &'static str) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged(Error::Damaged(short)),
            _ => Self::Io(error),
        }
    }
}

fn damaged<T>(problem: &'static str) -> Result<T, TextsError> {
    Err(TextsError::Damaged(Error::Damaged(problem)))
}

/// Keyword and text of each text chunk (tEXt, zTXt and iTXt; PNG specification, 11.3.3).
///
/// Reads the whole file and compares the checksum of every chunk, in memory that does not depend on the file.
///
/// # Errors
/// [`TextsError`], where the file cannot be read, is no PNG, is cut short or damaged, or has texts beyond [`MAX_TEXT`].
pub fn texts(mut png: impl Read) -> Result<Vec<(String, String)>, TextsError> {
    let mut signature = [0; 8];
    png.read_exact(&mut signature)?;
    if signature != SIGNATURE {
        return damaged("the file is not a PNG");
    }
    let mut texts: Vec<(String, String)> = Vec::new();
    let mut taken = 0;
    loop {
        let mut head = [0; 8];
        png.read_exact(&mut head)?;
        let [a, b, c, d, name @ ..] = head;
        let length = u64::from(u32::from_be_bytes([a, b, c, d]));
        let mut crc = crc32fast::Hasher::new();
        crc.update(&name);
        let is_text = [*b"tEXt", *b"zTXt", *b"iTXt"].contains(&name);
        if is_text && length > MAX_TEXT {
            return damaged("a text in the PNG is longer than 2 MiB");
        }
        if is_text && taken > MAX_TEXT {
            return damaged("the texts in the PNG are longer than 2 MiB");
        }
        let mut text = Vec::new();
        let mut left = length;
        let mut buffer = [0; 1 << 13];
        while left > 0 {
            let part = left.min(buffer.len() as u64) as usize;
            png.read_exact(&mut buffer[..part])?;
            crc.update(&buffer[..part]);
            if is_text {
                text.extend_from_slice(&buffer[..part]);
            }
            left -= part as u64;
        }
        let mut expected = [0; 4];
        png.read_exact(&mut expected)?;
        if crc.finalize() != u32::from_be_bytes(expected) {
            return damaged("the PNG is damaged: the checksum of a chunk does not fit");
        }
        if is_text {
            let (keyword, text) = unpack(name, &text)?;
            // Empty texts take memory too.
            taken += (size_of::<(String, String)>() + keyword.len() + text.len()) as u64;
            texts.push((keyword, text));
        }
        if name == *b"IEND" {
            return Ok(texts);
        }
    }
}

/// Keyword and text of one chunk. Behind the keyword and a 0 a zTXt has a byte for the method of compression, an iTXt two bytes on
/// compression, language, 0, translated keyword, 0.
fn unpack(name: [u8; 4], chunk: &[u8]) -> Result<(String, String), TextsError> {
    let cut = || damaged("the PNG is damaged: a text chunk is cut short");
    let mut parts = chunk.splitn(2, |&byte| byte == 0);
    let (Some(keyword), Some(rest)) = (parts.next(), parts.next()) else { return cut() };
    let (packed, text) = match (&name, rest) {
        (b"tEXt", text) => (false, text),
        (b"zTXt", [_, text @ ..]) => (true, text),
        (b"iTXt", [packed, _, rest @ ..]) => match rest.splitn(3, |&byte| byte == 0).nth(2) {
            Some(text) => (*packed != 0, text),
            None => return cut(),
        },
        _ => return cut(),
    };
    let mut bytes = Vec::new();
    if !packed {
        bytes.extend_from_slice(text);
    } else if ZlibDecoder::new(text).take(MAX_TEXT + 1).read_to_end(&mut bytes).is_err() {
        return damaged("the PNG is damaged: a text cannot be unpacked");
    }
    if bytes.len() as u64 > MAX_TEXT {
        return damaged("a text in the PNG is longer than 2 MiB");
    }
    let keyword = String::from_utf8_lossy(keyword).into_owned();
    match String::from_utf8(bytes) {
        Ok(text) => Ok((keyword, text)),
        Err(_) if name == *b"iTXt" => damaged("the PNG is damaged: a text is not UTF-8"),
        // Of these the specification says Latin-1, whose characters are the first of Unicode.
        Err(error) => Ok((keyword, error.as_bytes().iter().copied().map(char::from).collect())),
    }
}
