//! NumPy's array format: escape counts for `numpy.load`.

use std::io::{self, Write};

use crate::Escape;

/// Writes the header for `height` rows of `width` counts.
///
/// Format version 1.0 (NumPy Enhancement Proposal 1): magic, length, a Python literal padded with blanks so that the data
/// begins at a multiple of 64 bytes. Data type `<u4`: unsigned, 32 bits, little endian.
///
/// # Errors
/// Those of the writer.
pub fn write_header(to: &mut impl Write, width: u32, height: u32) -> io::Result<()> {
    let shape = format!("{{'descr': '<u4', 'fortran_order': False, 'shape': ({height}, {width}), }}");
    // Magic, version and length take 10 bytes, the line break at the end one.
    let padded = (10 + shape.len() + 1).next_multiple_of(64) - 10;
    to.write_all(b"\x93NUMPY\x01\x00")?;
    to.write_all(&(padded as u16).to_le_bytes())?;
    writeln!(to, "{shape:0$}", padded - 1)
}

/// Counts as the bytes of the array, `max_iter` where nothing escaped.
pub fn counts(escapes: &[Escape], max_iter: u32) -> Vec<u8> {
    let mut bytes = vec![0; 4 * escapes.len()];
    for (bytes, escape) in bytes.chunks_exact_mut(4).zip(escapes) {
        bytes.copy_from_slice(&escape.count(max_iter).to_le_bytes());
    }
    bytes
}

/// The size of the whole file in bytes.
pub fn file_size(width: u32, height: u32) -> u64 {
    let mut header = Vec::new();
    // Writing into memory cannot fail.
    let _ = write_header(&mut header, width, height);
    header.len() as u64 + 4 * u64::from(width) * u64::from(height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_aligned_and_says_the_shape() {
        for (width, height) in [(1, 1), (800, 600), (i32::MAX as u32, i32::MAX as u32)] {
            let mut bytes = Vec::new();
            write_header(&mut bytes, width, height).expect("memory");
            assert_eq!(bytes.len() % 64, 0);
            assert!(bytes.ends_with(b"\n"));
            let text = String::from_utf8_lossy(&bytes[10..]).into_owned();
            assert!(text.contains(&format!("({height}, {width})")), "{text}");
        }
    }
}
