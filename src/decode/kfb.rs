//! KFB, the maps of Kalles Fraktaler: counts and fractions, column by column.
//!
//! After `KFB` come width and height, all counts, the divisor of the coloring, the number of colors, three bytes for each, the limit of
//! iterations, what is missing to a smooth count plus 1 for each sample, and distances without direction, which are left out here.

use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::Range;
use std::sync::Arc;

use crate::decode::planes::{Planes, at, fits, size};
use crate::decode::read_error::{ReadError, damaged};
use crate::error::FieldProblem;
use crate::field::Escape;
use crate::kernel::bailout::Bailout;

/// All results of a map.
pub(super) struct Kfb {
    size: (u32, u32),
    max_iter: u32,
    escapes: Vec<Escape>,
}

/// The most colors of Kalles Fraktaler.
const COLORS: u64 = 1024;

impl Kfb {
    pub(super) fn new(file: &Arc<File>, memory: u64) -> Result<Self, ReadError> {
        let found = file.metadata()?.len();
        let mut from = BufReader::with_capacity(1 << 18, &**file);
        from.read_exact(&mut [0; 3])?;
        let (columns, rows) = (u64::from(word(&mut from)?), u64::from(word(&mut from)?));
        let plane = columns.saturating_mul(rows).saturating_mul(4);
        let least = plane.saturating_mul(2).saturating_add(23);
        let wrong = |expected| FieldProblem::Size { columns, rows, expected, found };
        if found < least {
            return Err(wrong(least).into());
        }
        let size = size(columns, rows)?;
        fits(plane.saturating_mul(2), memory)?;
        let mut escapes = vec![Escape::NONE; (plane / 4) as usize];
        by_column(size, &mut from, &mut escapes, |_, bits| Ok(Escape::from_parts(bits, 0.0)))?;
        let _divisor = word(&mut from)?;
        let colors = u64::from(word(&mut from)?);
        if colors > COLORS {
            return damaged("it has more than 1024 colors");
        }
        let sizes = [least + 3 * colors, least + 3 * colors + plane];
        if !sizes.contains(&found) {
            return Err(wrong(sizes[0]).into());
        }
        from.read_exact(&mut vec![0; 3 * colors as usize])?;
        let max_iter = word(&mut from)?;
        if !(1..=Bailout::MAX_ITER).contains(&max_iter) {
            return damaged("its limit of iterations is out of range");
        }
        by_column(size, &mut from, &mut escapes, |escape, bits| {
            let (n, missing) = (escape.parts().0, f32::from_bits(bits));
            match n {
                n if n >= max_iter => Ok(Escape::NONE),
                _ if missing.is_infinite() => Err("an infinite value"),
                _ if missing.is_nan() => Ok(Escape::NONE),
                n => Ok(Escape::new(n, 1.0 - missing)),
            }
        })?;
        Ok(Self { size, max_iter, escapes })
    }
}

fn word(from: &mut impl Read) -> Result<u32, ReadError> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// Reads four bytes for each sample, column by column.
fn by_column(
    (width, height): (u32, u32),
    from: &mut impl Read,
    escapes: &mut [Escape],
    read: impl Fn(Escape, u32) -> Result<Escape, &'static str>,
) -> Result<(), ReadError> {
    let mut column = vec![0; 4 * height as usize];
    for x in 0..width {
        from.read_exact(&mut column)?;
        let samples = escapes[x as usize..].iter_mut().step_by(width as usize);
        for (y, (escape, bytes)) in samples.zip(column.as_chunks().0).enumerate() {
            let place = |what| at(what, y, &(x..x + 1), &(0..height));
            *escape = read(*escape, u32::from_le_bytes(*bytes)).map_err(place)?;
        }
    }
    Ok(())
}

impl Planes for Kfb {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn is_smooth_alone(&self) -> bool {
        true
    }

    fn max_iter(&self) -> Option<u32> {
        Some(self.max_iter)
    }

    fn escapes(&self, columns: &Range<u32>, rows: &Range<u32>, out: &mut [Escape]) -> Result<(), ReadError> {
        for (y, out) in rows.clone().zip(out.chunks_exact_mut(columns.len())) {
            let left = y as usize * self.size.0 as usize + columns.start as usize;
            out.copy_from_slice(&self.escapes[left..][..out.len()]);
        }
        Ok(())
    }
}
