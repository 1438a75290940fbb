//! Files of shards, read and checked to the last byte.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use flate2::{Decompress, FlushDecompress, Status};
use serde_json::Value;

use crate::decode::read_error::{ReadError, damaged};
use crate::error::Error;
use crate::field::{Detail, Distance, Escape};
use crate::job::digest::{Digest, Hashing};
use crate::job::job::Job;
use crate::job::shard::{END_MAGIC, Entry, MAGIC, MAX_HEADER, Tally, VERSION, header, trailer};
use crate::job::tiles::Rect;

/// A complete shard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verified {
    /// Its number, from 1.
    pub shard: u32,
    /// The SHA-256 that the file carries.
    pub digest: Digest,
    /// The SHA-256 of what identifies its numbers, however they are packed.
    pub content: Digest,
    /// Where the index begins.
    pub(super) index: u64,
}

/// [`verify`] for a file. Only a regular one is opened: a pipe would never end.
///
/// # Errors
/// Those of [`verify`].
pub fn verify_file(job: &Job, path: &Path) -> Result<Verified, ReadError> {
    if !fs::metadata(path)?.is_file() {
        return Err(Error::Damaged("it is no regular file").into());
    }
    verify(job, File::open(path)?)
}

/// Reads a whole shard of a job and checks all of it: that it is of this job, that all its tiles are there, that no byte was
/// changed, and that all counts can be.
///
/// # Errors
/// [`ReadError`]: [`Error::Foreign`] for a shard of something else, [`Error::Damaged`] for everything else that is
/// wrong with the file.
pub fn verify(job: &Job, file: impl Read) -> Result<Verified, ReadError> {
    let mut file = Hashing::new(io::BufReader::with_capacity(1 << 16, file));
    let shard = read_header(job, &mut file)?;
    let tiles = job.tiles();
    let mut unpacker = Unpacker::new(job);
    let (mut entries, mut tally) = (Vec::new(), Tally::default());
    let (mut stored, mut escapes, mut distances) = (Vec::new(), Vec::new(), Vec::new());
    for &tile in &job.dealt()[shard as usize - 1] {
        for block in 0..tiles.blocks(tile) {
            let place = file.length();
            let mut head = [0; 12];
            file.read_exact(&mut head)?;
            let entry = unpacker.head(head, &tiles.block(tile, block), place)?;
            stored.resize(entry.stored as usize, 0);
            file.read_exact(&mut stored)?;
            let rect = tiles.block(tile, block);
            unpacker.unpack(&stored, entry.checksum, &rect, (&mut escapes, &mut distances))?;
            tally.add(Tally::of(&escapes, job.scene().bailout().max_iter()));
            entries.push(entry);
        }
    }
    let index = file.length();
    let expected = trailer(&entries, &tally, index);
    let mut found = vec![0; expected.len()];
    file.read_exact(&mut found)?;
    if found != expected {
        return damaged("index or histogram do not fit its blocks");
    }
    let (digest, length) = (file.digest(), file.length() + 48);
    let mut end = [0; 48];
    file.read_exact(&mut end)?;
    if end[..32] != digest.0 {
        return damaged("the SHA-256 does not fit");
    }
    if end[32..40] != length.to_le_bytes() || end[40..] != END_MAGIC {
        return damaged("the end is damaged");
    }
    if file.read(&mut [0])? != 0 {
        return damaged("there is something behind its end");
    }
    // The histogram does not depend on how blocks are packed, but where they lie does.
    let content: Vec<u8> = entries.iter().flat_map(|entry| entry.checksum.to_le_bytes()).collect();
    Ok(Verified { shard, digest, content: Digest::of(&content), index })
}

/// Reads what stands before the blocks. Returns the number of the shard.
fn read_header(job: &Job, file: &mut impl Read) -> Result<u32, ReadError> {
    let mut magic = [0; 8];
    file.read_exact(&mut magic)?;
    if magic != MAGIC {
        return damaged("it is no shard");
    }
    let mut number = || -> Result<u32, ReadError> {
        let mut bytes = [0; 4];
        file.read_exact(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    };
    let (version, length, checksum) = (number()?, number()?, number()?);
    if version != VERSION {
        let (found, expected) = (version.to_string(), VERSION.to_string());
        return Err(Error::Foreign { what: "version", found, expected }.into());
    }
    if length > MAX_HEADER {
        return damaged("the header is longer than 64 KiB");
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact(&mut bytes)?;
    if crc32fast::hash(&bytes) != checksum {
        return damaged("the checksum of the header does not fit");
    }
    let Ok(Value::Object(keys)) = serde_json::from_slice(&bytes) else {
        return damaged("the header cannot be read");
    };
    let text = |key: &str| keys.get(key).and_then(Value::as_str).unwrap_or_default();
    for (what, key, expected) in
        [("kernel", "kernel", job.kernel().to_string()), ("job", "job", job.id().to_string())]
    {
        if text(key) != expected {
            // What a foreign file says is repeated; it may say anything.
            let found = text(key).chars().take(64).map(|c| if c.is_control() { '?' } else { c }).collect();
            return Err(Error::Foreign { what, found, expected }.into());
        }
    }
    match text("shard").parse() {
        Ok(shard) if (1..=job.shards()).contains(&shard) && bytes == header(job, shard) => Ok(shard),
        _ => damaged("the header does not fit its job"),
    }
}

/// Unpacks blocks, on one thread.
pub(super) struct Unpacker {
    inflate: Decompress,
    raw: Vec<u8>,
    max_iter: u32,
    /// Bytes of a sample.
    sample: usize,
    /// Whether there are fractions.
    fractions: bool,
    detail: Detail,
}

impl Unpacker {
    pub(super) fn new(job: &Job) -> Self {
        let max_iter = job.scene().bailout().max_iter();
        let (fractions, detail) = (job.has_fractions(), job.detail());
        let sample = 4 + if fractions { 4 } else { 0 } + if detail.has_distances() { 8 } else { 0 };
        Self { inflate: Decompress::new(false), raw: Vec::new(), max_iter, sample, fractions, detail }
    }

    /// What stands before a block.
    pub(super) fn head(&self, head: [u8; 12], rect: &Rect, place: u64) -> Result<Entry, ReadError> {
        let number = |i: usize| u32::from_le_bytes([head[i], head[i + 1], head[i + 2], head[i + 3]]);
        let (raw, stored, checksum) = (number(0), number(4), number(8));
        let expected = rect.samples() * self.sample;
        // Deflate never adds more than five bytes to each 16 KiB.
        if raw as usize != expected || stored as usize > expected + expected / 1024 + 64 {
            return damaged("a block has another length than its tile");
        }
        Ok(Entry { place, stored, checksum })
    }

    /// The results in a block, and the distances if there are any.
    pub(super) fn unpack(
        &mut self,
        stored: &[u8],
        checksum: u32,
        rect: &Rect,
        (escapes, distances): (&mut Vec<Escape>, &mut Vec<Distance>),
    ) -> Result<(), ReadError> {
        let samples = rect.samples();
        self.raw.resize(samples * self.sample, 0);
        self.inflate.reset(false);
        let status = self.inflate.decompress(stored, &mut self.raw, FlushDecompress::Finish);
        let whole = (self.inflate.total_in(), self.inflate.total_out());
        if !matches!(status, Ok(Status::StreamEnd)) || whole != (stored.len() as u64, self.raw.len() as u64) {
            return damaged("a block cannot be unpacked");
        }
        if crc32fast::hash(&self.raw) != checksum {
            return damaged("the checksum of a block does not fit");
        }
        let word = |plane: usize, i: usize| {
            let byte = |place: usize| self.raw[(4 * plane + place) * samples + i];
            u32::from_le_bytes([byte(0), byte(1), byte(2), byte(3)])
        };
        let across = if self.fractions { 2 } else { 1 };
        escapes.clear();
        escapes.reserve(samples);
        distances.clear();
        let mut possible = true;
        for i in 0..samples {
            let count = word(0, i);
            let fraction = f32::from_bits(if self.fractions { word(1, i) } else { 0 });
            let mut distance = Distance::NONE;
            if self.detail.has_distances() {
                let [x, y] = [across, across + 1].map(|plane| f32::from_bits(word(plane, i)));
                distance = Distance { x, y };
                distances.push(distance);
            }
            let escape = match count {
                u32::MAX => Escape::inside(fraction as u32),
                _ => Escape::new(count, fraction),
            };
            possible &= count <= self.max_iter || count == u32::MAX;
            // As a number that was read, so that 0.5 is no period.
            possible &= fraction.is_finite() && escape.parts().1 == fraction && distance.length().is_finite();
            possible &= match escape.n() {
                Some(_) => self.detail.distances || distance == Distance::NONE,
                None if self.detail.interiors => escape.period().is_some() || distance == Distance::NONE,
                None => escape == Escape::NONE && distance == Distance::NONE,
            };
            escapes.push(escape);
        }
        if possible { Ok(()) } else { damaged("it holds counts that no sample can have") }
    }
}
