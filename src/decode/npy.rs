//! NumPy's arrays (NumPy Enhancement Proposal 1): two-dimensional, C order, little endian.

use std::ops::Range;

use crate::decode::bytes::Bytes;
use crate::decode::planes::{Planes, at, size, smooth};
use crate::decode::read_error::{ReadError, damaged};
use crate::encode::npy::MAGIC;
use crate::error::FieldProblem;
use crate::field::{Distance, Escape};

/// The most bytes of a header.
pub(super) const MAX_HEADER: u64 = 1 << 16;

/// Types of numbers that are read.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Bool,
    U4,
    U8,
    I4,
    I8,
    F4,
    F8,
}

impl Kind {
    /// Whether counts of this type are smooth ones.
    pub(super) fn is_smooth(self) -> bool {
        matches!(self, Self::F4 | Self::F8)
    }
}

const KINDS: [(&str, Kind, usize); 7] = [
    ("|b1", Kind::Bool, 1),
    ("<u4", Kind::U4, 4),
    ("<u8", Kind::U8, 8),
    ("<i4", Kind::I4, 4),
    ("<i8", Kind::I8, 8),
    ("<f4", Kind::F4, 4),
    ("<f8", Kind::F8, 8),
];

/// An array with one or two numbers for each sample.
pub(super) struct Array {
    bytes: Bytes,
    /// Where the numbers begin.
    start: u64,
    pub(super) kind: Kind,
    /// Bytes of a sample.
    sample: usize,
    pub(super) size: (u32, u32),
    /// Whether there are two numbers for each sample.
    pub(super) pairs: bool,
}

impl Array {
    /// Reads the header, and checks that the numbers take exactly what follows it.
    pub(super) fn new(bytes: Bytes) -> Result<Self, ReadError> {
        let length = bytes.length();
        Self::of(bytes, length)
    }

    /// The same for `all` bytes, of which at least the header is there.
    pub(super) fn of(bytes: Bytes, all: u64) -> Result<Self, ReadError> {
        let mut head = [0; 12];
        bytes.read(0, &mut head[..10])?;
        if head[..6] != MAGIC {
            return damaged("an array does not begin as NPY");
        }
        // Versions 2 and 3 have a length of four bytes.
        let (length, begin) = match head[6] {
            1 => (u64::from(u16::from_le_bytes([head[8], head[9]])), 10),
            2 | 3 => {
                bytes.read(8, &mut head[8..])?;
                (u64::from(u32::from_le_bytes([head[8], head[9], head[10], head[11]])), 12)
            }
            version => return Err(FieldProblem::Header(format!("has version {version}, not 1 to 3")).into()),
        };
        if length > MAX_HEADER {
            return Err(FieldProblem::Header(format!("has {length} bytes, more than 65536")).into());
        }
        let mut text = vec![0; length as usize];
        bytes.read(begin, &mut text)?;
        let start = begin + length;
        let Header { kind, fortran, shape } = Header::read(&text)?;
        let Some(&(_, kind, number)) = KINDS.iter().find(|(name, ..)| *name == kind) else {
            return Err(FieldProblem::Type(kind).into());
        };
        let (height, width, pairs) = match shape[..] {
            [height, width] => (height, width, false),
            [height, width, 2] => (height, width, true),
            _ => return Err(FieldProblem::Shape(format!("{shape:?}")).into()),
        };
        if fortran {
            return Err(FieldProblem::Header(
                "says Fortran order; numpy.ascontiguousarray makes it C order".into(),
            )
            .into());
        }
        let sample = if pairs { 2 * number } else { number };
        let found = all.saturating_sub(start);
        let expected = width.saturating_mul(height).saturating_mul(sample as u64);
        if expected != found {
            return Err(FieldProblem::Size { columns: width, rows: height, expected, found }.into());
        }
        Ok(Self { bytes, start, kind, sample, size: size(width, height)?, pairs })
    }

    /// The bytes of `columns` x `rows`.
    fn read(&self, columns: &Range<u32>, rows: &Range<u32>) -> Result<Vec<u8>, ReadError> {
        let mut bytes = vec![0; columns.len() * rows.len() * self.sample];
        let width = u64::from(self.size.0);
        let place =
            |y: u32| self.start + (u64::from(y) * width + u64::from(columns.start)) * self.sample as u64;
        if columns.len() as u64 == width {
            self.bytes.read(place(rows.start), &mut bytes)?;
        } else {
            for (y, bytes) in rows.clone().zip(bytes.chunks_exact_mut(columns.len() * self.sample)) {
                self.bytes.read(place(y), bytes)?;
            }
        }
        Ok(bytes)
    }

    /// Counts, or smooth counts, of `columns` x `rows`. Whole counts that are not below `limit` did not escape.
    pub(super) fn counts(
        &self,
        columns: &Range<u32>,
        rows: &Range<u32>,
        limit: u32,
        out: &mut [Escape],
    ) -> Result<(), ReadError> {
        let bytes = self.read(columns, rows)?;
        let whole = |n: i128| match n {
            ..0 => Err("a count below 0"),
            n if n >= i128::from(u32::MAX) => Err("a count beyond 2^32 - 2"),
            n if n >= i128::from(limit) => Ok(Escape::NONE),
            n => Ok(Escape::new(n as u32, 0.0)),
        };
        let place = |index, what| at(what, index, columns, rows);
        match self.kind {
            Kind::U4 => each(&bytes, out, |b| {
                let n = u32::from_le_bytes(b);
                Ok(if n >= limit { Escape::NONE } else { Escape::new(n, 0.0) })
            }),
            Kind::I4 => each(&bytes, out, |b| whole(i32::from_le_bytes(b).into())),
            Kind::U8 => each(&bytes, out, |b| whole(u64::from_le_bytes(b).into())),
            Kind::I8 => each(&bytes, out, |b| whole(i64::from_le_bytes(b).into())),
            Kind::F4 => each(&bytes, out, |b| smooth(f32::from_le_bytes(b).into())),
            Kind::F8 => each(&bytes, out, |b| smooth(f64::from_le_bytes(b))),
            Kind::Bool => Ok(()),
        }
        .map_err(|(index, what)| place(index, what))
    }

    /// Takes out what did not escape.
    pub(super) fn escaped(
        &self,
        columns: &Range<u32>,
        rows: &Range<u32>,
        out: &mut [Escape],
    ) -> Result<(), ReadError> {
        for (out, escaped) in out.iter_mut().zip(self.read(columns, rows)?) {
            if escaped == 0 {
                *out = Escape::NONE;
            }
        }
        Ok(())
    }

    /// The elements themselves, of an array of them.
    pub(super) fn flags(
        &self,
        columns: &Range<u32>,
        rows: &Range<u32>,
        out: &mut [bool],
    ) -> Result<(), ReadError> {
        let bytes = self.read(columns, rows)?;
        out.iter_mut().zip(bytes).for_each(|(out, byte)| *out = byte != 0);
        Ok(())
    }

    /// Puts in fractions. Those of samples that escaped have to be finite.
    pub(super) fn fractions(
        &self,
        columns: &Range<u32>,
        rows: &Range<u32>,
        out: &mut [Escape],
    ) -> Result<(), ReadError> {
        let bytes = self.read(columns, rows)?;
        for (index, (out, bytes)) in out.iter_mut().zip(bytes.as_chunks().0).enumerate() {
            let fraction = f32::from_le_bytes(*bytes);
            if out.n().is_some() && !fraction.is_finite() {
                return Err(at("an infinite value", index, columns, rows));
            }
            *out = Escape::from_parts(out.parts().0, fraction);
        }
        Ok(())
    }

    /// Distances of `columns` x `rows`.
    pub(super) fn distances(
        &self,
        columns: &Range<u32>,
        rows: &Range<u32>,
        out: &mut [Distance],
    ) -> Result<(), ReadError> {
        let bytes = self.read(columns, rows)?;
        for (out, [x, y]) in out.iter_mut().zip(bytes.as_chunks::<4>().0.as_chunks().0) {
            *out = Distance { x: f32::from_le_bytes(*x), y: f32::from_le_bytes(*y) };
        }
        Ok(())
    }
}

/// Turns the bytes of each sample into its result; the first mistake with its index.
fn each<const SIZE: usize>(
    bytes: &[u8],
    out: &mut [Escape],
    read: impl Fn([u8; SIZE]) -> Result<Escape, &'static str>,
) -> Result<(), (usize, &'static str)> {
    for (index, (out, bytes)) in out.iter_mut().zip(bytes.as_chunks().0).enumerate() {
        *out = read(*bytes).map_err(|what| (index, what))?;
    }
    Ok(())
}

/// An array of counts, or of smooth counts, alone.
pub(super) struct Counts {
    array: Array,
    limit: u32,
}

impl Counts {
    pub(super) fn new(array: Array) -> Result<Self, ReadError> {
        match (array.pairs, array.kind) {
            (true, _) => {
                Err(FieldProblem::Missing("counts: two numbers for each sample are distances").into())
            }
            (_, Kind::Bool) => Err(FieldProblem::Type("|b1".into()).into()),
            _ => Ok(Self { array, limit: u32::MAX }),
        }
    }
}

impl Planes for Counts {
    fn size(&self) -> (u32, u32) {
        self.array.size
    }

    fn is_smooth_alone(&self) -> bool {
        self.array.kind.is_smooth()
    }

    fn takes_limit(&self) -> bool {
        true
    }

    fn limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    fn escapes(&self, columns: &Range<u32>, rows: &Range<u32>, out: &mut [Escape]) -> Result<(), ReadError> {
        self.array.counts(columns, rows, self.limit, out)
    }
}

/// What the header of an array says.
struct Header {
    kind: String,
    fortran: bool,
    shape: Vec<u64>,
}

impl Header {
    /// Reads a dictionary of Python with exactly these three keys, in any order.
    fn read(text: &[u8]) -> Result<Self, ReadError> {
        let wrong = || FieldProblem::Header("is no dictionary with descr, fortran_order and shape".into());
        let text = std::str::from_utf8(text).map_err(|_| wrong())?;
        let body = text.trim().strip_prefix('{').and_then(|text| text.strip_suffix('}')).ok_or_else(wrong)?;
        let (mut kind, mut fortran, mut shape) = (None, None, None);
        let mut rest = body.trim();
        while !rest.is_empty() {
            let (key, value) = quoted(rest).ok_or_else(wrong)?;
            let value = value.trim_start().strip_prefix(':').ok_or_else(wrong)?.trim_start();
            rest = match key {
                "descr" if value.starts_with(['\'', '"']) => {
                    let (name, rest) = quoted(value).ok_or_else(wrong)?;
                    kind = Some(name.to_string());
                    rest
                }
                "descr" => return Err(FieldProblem::Type("several fields".into()).into()),
                "fortran_order" => {
                    let known = [("True", true), ("False", false)];
                    let found = known.iter().find_map(|(name, is)| Some((*is, value.strip_prefix(name)?)));
                    let (is, rest) = found.ok_or_else(wrong)?;
                    fortran = Some(is);
                    rest
                }
                "shape" => {
                    let (inside, rest) =
                        value.strip_prefix('(').and_then(|value| value.split_once(')')).ok_or_else(wrong)?;
                    let sides = inside.split(',').map(str::trim).filter(|side| !side.is_empty());
                    let sides: Result<Vec<u64>, _> = sides.map(str::parse).collect();
                    shape = Some(sides.map_err(|_| FieldProblem::Shape(format!("({inside})")))?);
                    rest
                }
                _ => return Err(wrong().into()),
            };
            let after = rest.trim_start();
            rest = match after.strip_prefix(',') {
                Some(rest) => rest.trim_start(),
                None if after.is_empty() => after,
                None => return Err(wrong().into()),
            };
        }
        match (kind, fortran, shape) {
            (Some(kind), Some(fortran), Some(shape)) => Ok(Self { kind, fortran, shape }),
            _ => Err(wrong().into()),
        }
    }
}

/// A text in quotes without any escape, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| ['\'', '"'].contains(c))?;
    text[1..].split_once(quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Option<(String, bool, Vec<u64>)> {
        Header::read(text.as_bytes()).ok().map(|Header { kind, fortran, shape }| (kind, fortran, shape))
    }

    #[test]
    fn headers_are_read_as_python_writes_them() {
        let plain = Some(("<f8".into(), false, vec![3, 4]));
        for text in [
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }   \n",
            "{\"shape\": (3,4), \"descr\":\"<f8\" , \"fortran_order\" :False}",
        ] {
            assert_eq!(header(text), plain, "{text}");
        }
        for text in [
            "",
            "{}",
            "{'descr': '<f8', 'fortran_order': False}",
            "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3, 4)}",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': (3, 4)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, -4)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 99999999999999999999)}",
            "{'descr': '<f8' 'fortran_order': False, 'shape': (3, 4)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), 'more': 1}",
            "{'descr: '<f8', 'fortran_order': False, 'shape': (3, 4",
            "{(((((((((((((((((((((((((",
        ] {
            assert_eq!(header(text), None, "{text}");
        }
    }
}
