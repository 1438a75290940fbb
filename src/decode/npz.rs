//! NumPy's archives of arrays: ZIP files (PKWARE, "APPNOTE.TXT", 6.3.10).
//!
//! Members that are stored as they are stay in the file; deflated ones are unpacked into memory.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use flate2::read::DeflateDecoder;

use crate::decode::bytes::Bytes;
use crate::decode::npy::{Array, Kind, MAX_HEADER};
use crate::decode::planes::{Planes, fits};
use crate::decode::read_error::{ReadError, damaged};
use crate::encode::npz::{CERTAIN, COUNTS, DISTANCE, ESCAPED, FRACTION, SCENE_MEMBER};
use crate::encode::png_text::MAX_TEXT;
use crate::encode::sink::SCENE;
use crate::error::FieldProblem;
use crate::field::{Distance, Escape};

/// Counts with what there is beside them.
pub(super) struct Npz {
    counts: Array,
    escaped: Option<Array>,
    fractions: Option<Array>,
    distances: Option<Array>,
    certain: Option<Array>,
    texts: Vec<(String, String)>,
    limit: u32,
}

impl Npz {
    pub(super) fn new(file: &Arc<File>, memory: u64) -> Result<Self, ReadError> {
        let members = members(file)?;
        let mut free = memory;
        let mut array = |name: &str| -> Result<Option<Array>, ReadError> {
            let Some(member) = members.iter().find(|member| member.name == name) else { return Ok(None) };
            if member.deflated {
                // Nothing is unpacked that is no array.
                let begin = member.unpacked(file, member.size.min(MAX_HEADER + 12), free)?;
                Array::of(begin, member.size)?;
            }
            let bytes = member.bytes(file, free)?;
            if let Bytes::Memory(bytes) = &bytes {
                free -= bytes.len() as u64;
            }
            Array::new(bytes).map(Some)
        };
        let arrays: Vec<&str> =
            members.iter().map(|member| &*member.name).filter(|name| name.ends_with(".npy")).collect();
        let counts = match (array(COUNTS)?, &arrays[..]) {
            (Some(counts), _) => counts,
            (None, [only]) => array(only)?.ok_or(FieldProblem::Missing("array"))?,
            (None, _) => return Err(FieldProblem::Missing("array of the name counts").into()),
        };
        let (escaped, fractions, distances) = (array(ESCAPED)?, array(FRACTION)?, array(DISTANCE)?);
        let certain = array(CERTAIN)?;
        let texts = match members.iter().find(|member| member.name == SCENE_MEMBER) {
            Some(member) => texts(&member.text(file)?),
            None => Vec::new(),
        };
        let fit = |array: &Option<Array>, kind, pairs| {
            array
                .as_ref()
                .is_none_or(|array| array.size == counts.size && array.kind == kind && array.pairs == pairs)
        };
        let all = fit(&escaped, Kind::Bool, false)
            && fit(&certain, Kind::Bool, false)
            && fit(&fractions, Kind::F4, false)
            && fit(&distances, Kind::F4, true);
        if !all || counts.pairs || counts.kind == Kind::Bool {
            return damaged("its arrays do not fit each other");
        }
        Ok(Self { counts, escaped, fractions, distances, certain, texts, limit: u32::MAX })
    }
}

/// The scene, and the other texts, which stand before it as comments.
fn texts(text: &str) -> Vec<(String, String)> {
    let comments = text.lines().map_while(|line| line.strip_prefix("# ")?.split_once(": "));
    let mut texts: Vec<(String, String)> =
        comments.map(|(keyword, text)| (keyword.into(), text.into())).collect();
    let scene: String = text.split_inclusive('\n').skip(texts.len()).collect();
    if !scene.trim().is_empty() {
        texts.push((SCENE.into(), scene));
    }
    texts
}

impl Planes for Npz {
    fn size(&self) -> (u32, u32) {
        self.counts.size
    }

    fn has_distances(&self) -> bool {
        self.distances.is_some()
    }

    fn has_certainty(&self) -> bool {
        self.certain.is_some()
    }

    fn is_smooth_alone(&self) -> bool {
        self.counts.kind.is_smooth()
    }

    fn takes_limit(&self) -> bool {
        self.escaped.is_none()
    }

    fn limit(&mut self, limit: u32) {
        self.limit = limit;
    }

    fn texts(&self) -> Vec<(String, String)> {
        self.texts.clone()
    }

    fn escapes(&self, columns: &Range<u32>, rows: &Range<u32>, out: &mut [Escape]) -> Result<(), ReadError> {
        self.counts.counts(columns, rows, self.limit, out)?;
        if let Some(escaped) = &self.escaped {
            escaped.escaped(columns, rows, out)?;
        }
        match &self.fractions {
            Some(fractions) => fractions.fractions(columns, rows, out),
            None => Ok(()),
        }
    }

    fn certain(&self, columns: &Range<u32>, rows: &Range<u32>, out: &mut [bool]) -> Result<(), ReadError> {
        match &self.certain {
            Some(certain) => certain.flags(columns, rows, out),
            None => {
                out.fill(false);
                Ok(())
            }
        }
    }

    fn distances(
        &self,
        columns: &Range<u32>,
        rows: &Range<u32>,
        out: &mut [Distance],
    ) -> Result<(), ReadError> {
        match &self.distances {
            Some(distances) => distances.distances(columns, rows, out),
            None => {
                out.fill(Distance::NONE);
                Ok(())
            }
        }
    }
}

/// An entry of the directory.
struct Member {
    name: String,
    deflated: bool,
    /// Bytes in the file, and unpacked.
    packed: u64,
    size: u64,
    /// Where its own header begins.
    start: u64,
    /// The checksum of the unpacked content.
    crc: u32,
}

/// Members up to this size are read once more to compare their checksums: a quarter of a second. Where parts of larger ones are
/// wanted, it would take minutes.
const CHECKED: u64 = 1 << 30;
/// What is said of a member whose checksum is another one.
const CHANGED: &str = "a member has changed since it was written: its checksum differs";

/// Bytes of an unpacked member for each packed one, at most: the largest ratio of deflate is 1032.
const RATIO: u64 = 1032;
/// The same for a member of more than 64 MiB. Counts of pictures have a tenth of it.
const LARGE: u64 = 64 << 20;
const LARGE_RATIO: u64 = 200;

impl Member {
    /// Where the content begins in the file.
    fn content(&self, file: &File) -> Result<u64, ReadError> {
        let mut head = [0; 30];
        file.read_exact_at(&mut head, self.start)?;
        if head[..4] != *b"PK\x03\x04" {
            return damaged("its directory is damaged");
        }
        let lengths = u64::from(short(&head, 26)) + u64::from(short(&head, 28));
        let start = self.start.saturating_add(30 + lengths);
        if start.saturating_add(self.packed) > file.metadata()?.len() {
            return damaged("it is cut short");
        }
        Ok(start)
    }

    /// The content, in the file or, if it is deflated, in memory.
    fn bytes(&self, file: &Arc<File>, memory: u64) -> Result<Bytes, ReadError> {
        if self.deflated {
            let bytes = self.unpacked(file, self.size, memory)?;
            return match &bytes {
                Bytes::Memory(content) if crc32fast::hash(content) != self.crc => damaged(CHANGED),
                _ => Ok(bytes),
            };
        }
        let start = self.content(file)?;
        let stored = Bytes::File { file: Arc::clone(file), start, length: self.size };
        if self.size > CHECKED {
            return Ok(stored);
        }
        let mut content = Part { file, place: start, end: start + self.packed };
        let (mut crc, mut buffer) = (crc32fast::Hasher::new(), vec![0; 1 << 18]);
        loop {
            match content.read(&mut buffer)? {
                0 => break,
                length => crc.update(&buffer[..length]),
            }
        }
        if crc.finalize() != self.crc {
            return damaged(CHANGED);
        }
        Ok(stored)
    }

    /// The first `size` bytes of deflated content.
    fn unpacked(&self, file: &File, size: u64, memory: u64) -> Result<Bytes, ReadError> {
        let start = self.content(file)?;
        if self.size / RATIO > self.packed {
            return damaged("a member has a size that it cannot unpack to");
        }
        if self.size > LARGE && self.size / LARGE_RATIO > self.packed {
            return damaged("a member unpacks to far more than it is; numpy.savez stores it as it is");
        }
        fits(size, memory)?;
        let packed = Part { file, place: start, end: start + self.packed };
        let mut bytes = Vec::with_capacity(size as usize);
        let unpacked = DeflateDecoder::new(BufReader::new(packed)).take(size).read_to_end(&mut bytes);
        match unpacked {
            Ok(length) if length as u64 == size => Ok(Bytes::Memory(bytes)),
            Ok(_) => damaged("a member is shorter than the directory says"),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                damaged("a member cannot be unpacked")
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The content as text.
    fn text(&self, file: &Arc<File>) -> Result<String, ReadError> {
        if self.size > MAX_TEXT {
            return damaged("its scene is longer than 2 MiB");
        }
        let bytes = self.bytes(file, MAX_TEXT)?;
        let mut text = vec![0; self.size as usize];
        bytes.read(0, &mut text)?;
        String::from_utf8(text).or_else(|_| damaged("its scene is not UTF-8"))
    }
}

/// A part of a file, read in order.
struct Part<'a> {
    file: &'a File,
    place: u64,
    end: u64,
}

impl Read for Part<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let room = (self.end - self.place).min(out.len() as u64) as usize;
        let read = self.file.read_at(&mut out[..room], self.place)?;
        self.place += read as u64;
        Ok(read)
    }
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from(short(bytes, at)) | u32::from(short(bytes, at + 2)) << 16
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from(word(bytes, at)) | u64::from(word(bytes, at + 4)) << 32
}

/// The most bytes of a directory: an archive of arrays has few members.
const MAX_DIRECTORY: u64 = 1 << 16;

/// All members, from the directory at the end.
fn members(file: &File) -> Result<Vec<Member>, ReadError> {
    let (place, length) = directory(file)?;
    if length > MAX_DIRECTORY {
        return damaged("it has more members than a field has");
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact_at(&mut bytes, place)?;
    let mut members = Vec::new();
    let mut rest = &bytes[..];
    while rest.len() >= 46 && rest[..4] == *b"PK\x01\x02" {
        let (name, extra, comment) = (short(rest, 28), short(rest, 30), short(rest, 32));
        let [name, extra, comment] = [name, extra, comment].map(usize::from);
        let Some(after) = rest.get(46 + name + extra + comment..) else { break };
        let mut numbers = [word(rest, 24), word(rest, 20), word(rest, 42)].map(u64::from);
        zip64(&rest[46 + name..][..extra], &mut numbers);
        let [size, packed, start] = numbers;
        let method = short(rest, 10);
        if method != 0 && method != 8 || short(rest, 8) & 1 != 0 {
            return damaged("a member is packed in a way that NumPy does not read");
        }
        let deflated = method == 8;
        if !deflated && packed != size {
            return damaged("its directory is damaged");
        }
        let name = String::from_utf8_lossy(&rest[46..][..name]).into_owned();
        members.push(Member { name, deflated, packed, size, start, crc: word(rest, 16) });
        rest = after;
    }
    if !rest.is_empty() {
        return damaged("its directory is damaged");
    }
    Ok(members)
}

/// Puts in the numbers of 64 bits where those of 32 bits say that there are some.
fn zip64(mut extra: &[u8], numbers: &mut [u64; 3]) {
    while extra.len() >= 4 {
        let (id, length) = (short(extra, 0), usize::from(short(extra, 2)));
        let Some(field) = extra.get(4..4 + length) else { return };
        if id == 1 {
            let long_ones = numbers.iter_mut().filter(|number| **number == u64::from(u32::MAX));
            for (number, bytes) in long_ones.zip(field.as_chunks().0) {
                *number = u64::from_le_bytes(*bytes);
            }
            return;
        }
        extra = &extra[4 + length..];
    }
}

/// Where the directory begins, and its length.
fn directory(file: &File) -> Result<(u64, u64), ReadError> {
    /// The end of the directory, with the longest comment, and before it the place of the end with 64 bits.
    const END: u64 = 20 + 22 + 65535;
    let length = file.metadata()?.len();
    let start = length.saturating_sub(END);
    let mut bytes = vec![0; (length - start) as usize];
    file.read_exact_at(&mut bytes, start)?;
    let end = (0..(bytes.len() + 1).saturating_sub(22)).rev().find(|&at| bytes[at..at + 4] == *b"PK\x05\x06");
    let Some(end) = end else { return damaged("it is cut short: a ZIP without a directory") };
    let plain = (u64::from(word(&bytes, end + 16)), u64::from(word(&bytes, end + 12)));
    let Some(locator) = end.checked_sub(20).filter(|&at| bytes[at..at + 4] == *b"PK\x06\x07") else {
        return Ok(plain);
    };
    let mut end = [0; 56];
    file.read_exact_at(&mut end, long(&bytes, locator + 8))?;
    if end[..4] != *b"PK\x06\x06" {
        return damaged("its directory is damaged");
    }
    Ok((long(&end, 48), long(&end, 40)))
}
