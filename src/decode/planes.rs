//! What a format gives of a file of numbers, and what all formats check.

use std::ops::Range;

use crate::decode::read_error::ReadError;
use crate::error::FieldProblem;
use crate::field::{Distance, Escape};
use crate::kernel::bailout::Bailout;
use crate::plane::viewport::MAX_SIDE;

/// What a format gives of a file.
pub(super) trait Planes: Send + Sync {
    /// Columns and rows of samples.
    fn size(&self) -> (u32, u32);

    /// Whether there are distances.
    fn has_distances(&self) -> bool {
        false
    }

    /// Whether it says which counts are proven.
    fn has_certainty(&self) -> bool {
        false
    }

    /// Whether there are smooth counts alone, so that each count is one of those rounded down, or from another program.
    fn is_smooth_alone(&self) -> bool {
        false
    }

    /// The limit that was iterated to, where the file says it.
    fn max_iter(&self) -> Option<u32> {
        None
    }

    /// Whether only a limit tells which samples did not escape: those with a count that is not below it.
    fn takes_limit(&self) -> bool {
        false
    }

    /// Sets that limit.
    fn limit(&mut self, _: u32) {}

    /// The texts in the file, by keyword.
    fn texts(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The results of `columns` x `rows`, row by row.
    fn escapes(&self, columns: &Range<u32>, rows: &Range<u32>, out: &mut [Escape]) -> Result<(), ReadError>;

    /// Whether their counts are proven.
    fn certain(&self, _: &Range<u32>, _: &Range<u32>, out: &mut [bool]) -> Result<(), ReadError> {
        out.fill(false);
        Ok(())
    }

    /// Their distances: to the right and up.
    fn distances(&self, _: &Range<u32>, _: &Range<u32>, out: &mut [Distance]) -> Result<(), ReadError> {
        out.fill(Distance::NONE);
        Ok(())
    }
}

/// Checks a size in samples.
pub(super) fn size(width: u64, height: u64) -> Result<(u32, u32), ReadError> {
    let fits = |side: u64| u32::try_from(side).ok().filter(|side| (1..=MAX_SIDE).contains(side));
    match (fits(width), fits(height)) {
        (Some(width), Some(height)) => Ok((width, height)),
        _ => Err(FieldProblem::Shape(format!("{width}x{height}")).into()),
    }
}

/// Checks that there is so much memory.
pub(super) fn fits(needed: u64, memory: u64) -> Result<(), ReadError> {
    if needed > memory { Err(FieldProblem::Memory { needed, free: memory }.into()) } else { Ok(()) }
}

/// A mistake at a place: the sample of this index of `columns` x `rows`.
pub(super) fn at(what: &'static str, index: usize, columns: &Range<u32>, rows: &Range<u32>) -> ReadError {
    let (column, row) = (index % columns.len(), index / columns.len());
    FieldProblem::Value { what, column: columns.start + column as u32, row: rows.start + row as u32 }.into()
}

/// The result of a sample with this smooth count: NaN stands for no escape.
pub(super) fn smooth(nu: f64) -> Result<Escape, &'static str> {
    match nu {
        nu if nu.is_nan() => Ok(Escape::NONE),
        nu if nu.is_infinite() => Err("an infinite value"),
        nu if !(-1e4..f64::from(Bailout::MAX_ITER)).contains(&nu) => {
            Err("a count beyond 2^32 - 2 or far below 0")
        }
        nu => {
            let n = nu.floor().max(0.0);
            Ok(Escape::new(n as u32, (nu - n) as f32))
        }
    }
}
