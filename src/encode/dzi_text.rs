//! The texts in the description of a Deep Zoom pyramid.

use std::io::Read;

use crate::encode::png_text::{MAX_TEXT, TextsError};
use crate::error::Error;

/// How the description begins.
pub const DZI_SIGNATURE: [u8; 6] = *b"<?xml ";

/// All processing instructions of an XML file but the first, which says that it is one: keyword and text.
///
/// # Errors
/// Those of the reader, and [`Error::Damaged`] for a file that is longer than texts of a picture are, or is not UTF-8.
pub fn dzi_texts(xml: impl Read) -> Result<Vec<(String, String)>, TextsError> {
    let mut bytes = Vec::new();
    xml.take(MAX_TEXT + 1).read_to_end(&mut bytes).map_err(TextsError::Io)?;
    let damaged = |words| TextsError::Damaged(Error::Damaged(words));
    if bytes.len() as u64 > MAX_TEXT {
        return Err(damaged("it is longer than the description of a poster"));
    }
    let text = str::from_utf8(&bytes).map_err(|_| damaged("it is not UTF-8"))?;
    let parts = text.split("<?").skip(2).filter_map(|part| part.split_once("?>"));
    let texts = parts.filter_map(|(part, _)| part.split_once(char::is_whitespace));
    Ok(texts.map(|(keyword, text)| (keyword.into(), text.into())).collect())
}
