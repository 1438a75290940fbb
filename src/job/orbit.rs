//! The file of a reference orbit, which is computed once for all shards of a deep view.
//!
//! All numbers are little endian. Magic, then version, length and CRC-32 of the header (`u32` each), the header (JSON), then blocks of
//! at most 1 MiB, each behind its length and CRC-32 (`u32` each): all Z as pairs of `f64`, then the small Z (index `u32`, `f64`,
//! `f64`, exponent `i32`) and the small gaps 4 - |Z|^2 (`u32`, `f64`, `i32`). The SHA-256 of all before and an end magic
//! close the file. It holds as many Z as the samples of the view may need, so that its bytes depend on the view alone.

use std::io::{self, Read, Write};
use std::sync::Arc;

use serde_json::Value;

use crate::decode::read_error::{ReadError, damaged};
use crate::error::Error;
use crate::job::digest::{Digest, Hashing};
use crate::job::job::object;
use crate::kernel::deep::reference_orbit::{End, Extras, Points, ReferenceOrbit};
use crate::number::complex::format_complex;
use crate::number::complexexp::ComplexExp;
use crate::number::floatexp::FloatExp;
use crate::scene::scene::Scene;

const MAGIC: [u8; 8] = *b"\x89MRB\r\n\x1a\n";
const END_MAGIC: [u8; 8] = *b"\x89MRBEND\n";
const VERSION: u32 = 1;
/// The most bytes of a header, which holds the center.
const MAX_HEADER: u32 = 1 << 20;
/// The most bytes of a block.
const BLOCK: usize = 1 << 20;

/// The file name of an orbit.
pub fn orbit_name(digest: Digest) -> String {
    format!("orbit-{digest}.morb")
}

/// How many points, small Z and small gaps an orbit has, and how it ends.
#[derive(Clone, Copy)]
struct Counts {
    points: u32,
    tiny: u32,
    gaps: u32,
    end: Option<End>,
}

fn header(scene: &Scene, &Counts { points, tiny, gaps, end }: &Counts) -> String {
    let float = |x: FloatExp| format!("{:016x}e{}", x.mantissa().to_bits(), x.exponent());
    let samples = scene.samples().innermost();
    let end = match end {
        None => "open".to_string(),
        Some(End::Escaped) => "escaped".into(),
        Some(End::Period) => "period".into(),
        Some(End::Cycle(m)) => format!("cycle {m}"),
    };
    let entries: [(&str, Value); 7] = [
        ("center", format_complex(samples.center()).into()),
        ("end", end.into()),
        ("gaps", gaps.to_string().into()),
        ("points", points.to_string().into()),
        ("radius", float(samples.radius()).into()),
        ("spacing", float(samples.spacing_min()).into()),
        ("tiny", tiny.to_string().into()),
    ];
    object(entries.into_iter())
}

/// Writes the part of an orbit that a scene needs. Returns the digest of the file without its last bytes.
///
/// # Errors
/// Those of the writer.
pub fn write_orbit(scene: &Scene, orbit: &ReferenceOrbit, to: &mut dyn Write) -> io::Result<Digest> {
    let last = orbit.last().min(ReferenceOrbit::needed(scene.samples(), scene.bailout()));
    let Extras { tiny, gaps, end } = orbit.extras(last);
    let mut to = Hashing::new(to);
    let counts = Counts { points: last + 1, tiny: tiny.len() as u32, gaps: gaps.len() as u32, end };
    let header = header(scene, &counts);
    to.write_all(&MAGIC)?;
    for number in [VERSION, header.len() as u32, crc32fast::hash(header.as_bytes())] {
        to.write_all(&number.to_le_bytes())?;
    }
    to.write_all(header.as_bytes())?;
    blocks(&mut to, (0..=last).map(|m| orbit.rounded(m)), |z, bytes| {
        bytes.extend(z.re.to_le_bytes());
        bytes.extend(z.im.to_le_bytes());
    })?;
    blocks(&mut to, tiny.iter(), |(m, z), bytes| {
        let (re, im) = z.mantissas();
        bytes.extend(m.to_le_bytes());
        bytes.extend(re.to_le_bytes());
        bytes.extend(im.to_le_bytes());
        bytes.extend(z.exponent().to_le_bytes());
    })?;
    blocks(&mut to, gaps.iter(), |(m, gap), bytes| {
        bytes.extend(m.to_le_bytes());
        bytes.extend(gap.mantissa().to_le_bytes());
        bytes.extend(gap.exponent().to_le_bytes());
    })?;
    let digest = to.digest();
    let to = to.into_inner();
    to.write_all(&digest.0)?;
    to.write_all(&END_MAGIC)?;
    Ok(digest)
}

fn blocks<T>(
    to: &mut impl Write,
    items: impl Iterator<Item = T>,
    put: impl Fn(T, &mut Vec<u8>),
) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut flush = |bytes: &mut Vec<u8>| {
        to.write_all(&(bytes.len() as u32).to_le_bytes())?;
        to.write_all(&crc32fast::hash(bytes).to_le_bytes())?;
        to.write_all(bytes)?;
        bytes.clear();
        Ok::<(), io::Error>(())
    };
    for item in items {
        if bytes.len() + 32 > BLOCK {
            flush(&mut bytes)?;
        }
        put(item, &mut bytes);
    }
    if bytes.is_empty() { Ok(()) } else { flush(&mut bytes) }
}

/// The digest that the file of an orbit would have.
pub fn orbit_digest(scene: &Scene, orbit: &ReferenceOrbit) -> Digest {
    let digest = write_orbit(scene, orbit, &mut io::sink());
    // A sink takes everything.
    digest.unwrap_or(Digest([0; 32]))
}

/// Reads the orbit of a scene, if it is the one with this digest.
///
/// # Errors
/// [`ReadError`] with [`Error::Foreign`] for another orbit, [`Error::Damaged`], or [`Error::LongReference`] where it has
/// more than `max_steps` iterations.
pub fn read_orbit(
    scene: &Scene,
    digest: Digest,
    max_steps: u64,
    file: impl Read,
) -> Result<Arc<ReferenceOrbit>, ReadError> {
    let mut file = Hashing::new(io::BufReader::with_capacity(1 << 16, file));
    let Counts { points, tiny, gaps, end } = read_header(scene, &mut file)?;
    if u64::from(points) > max_steps.saturating_add(1) {
        return Err(Error::LongReference { max_steps }.into());
    }
    // Only what is no orbit at all has others than finite numbers.
    let float = |bytes: &[u8]| {
        Some(f64::from_le_bytes(bytes.try_into().unwrap_or_default()))
            .filter(|x| x.is_finite())
            .unwrap_or(0.0)
    };
    let read = Points {
        points: read_blocks(&mut file, points, 16, |bytes| [float(&bytes[..8]), float(&bytes[8..])])?,
        tiny: read_blocks(&mut file, tiny, 24, |bytes| {
            (
                number(&bytes[..4]),
                ComplexExp::new(float(&bytes[4..12]), float(&bytes[12..20]), exponent(&bytes[20..])),
            )
        })?,
        gaps: read_blocks(&mut file, gaps, 16, |bytes| {
            (number(&bytes[..4]), FloatExp::new(float(&bytes[4..12]), exponent(&bytes[12..])))
        })?,
        end,
    };
    let found = file.digest();
    let mut rest = Vec::new();
    file.take(41).read_to_end(&mut rest)?;
    if rest.len() != 40 || rest[..32] != found.0 || rest[32..] != END_MAGIC {
        return damaged("the SHA-256 does not fit");
    }
    if found != digest {
        let (found, expected) = (found.to_string(), digest.to_string());
        return Err(Error::Foreign { what: "SHA-256", found, expected }.into());
    }
    Ok(Arc::new(ReferenceOrbit::from_points(scene.samples(), read)))
}

/// Reads what stands before the blocks, if it is what the orbit of a scene has there.
fn read_header(scene: &Scene, file: &mut impl Read) -> Result<Counts, ReadError> {
    let mut magic = [0; 8];
    file.read_exact(&mut magic)?;
    let (version, length, checksum) = (word(file)?, word(file)?, word(file)?);
    if magic != MAGIC || version != VERSION {
        return damaged("it is no reference orbit of version 1");
    }
    if length > MAX_HEADER {
        return damaged("the header is longer than 1 MiB");
    }
    let mut text = vec![0; length as usize];
    file.read_exact(&mut text)?;
    let Some(counts) = counts(&text).filter(|_| crc32fast::hash(&text) == checksum) else {
        return damaged("the header is damaged");
    };
    if text != header(scene, &counts).as_bytes() {
        return damaged("it is the orbit of another view");
    }
    let Counts { points, end, .. } = counts;
    let needed = ReferenceOrbit::needed(scene.samples(), scene.bailout());
    if points == 0 || points - 1 > needed || (end.is_none() && points - 1 < needed) {
        return damaged("it has another length than the view needs");
    }
    Ok(counts)
}

/// The numbers of a header.
fn counts(text: &[u8]) -> Option<Counts> {
    let header: Value = serde_json::from_slice(text).ok()?;
    let count = |key: &str| header.get(key)?.as_str()?.parse::<u32>().ok();
    let end = match header.get("end")?.as_str()? {
        "open" => None,
        "escaped" => Some(End::Escaped),
        "period" => Some(End::Period),
        other => Some(End::Cycle(other.strip_prefix("cycle ")?.parse().ok()?)),
    };
    Some(Counts { points: count("points")?, tiny: count("tiny")?, gaps: count("gaps")?, end })
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().unwrap_or_default())
}

fn exponent(bytes: &[u8]) -> i32 {
    // Far beyond any view, and far enough from the end of the type.
    (number(bytes) as i32).clamp(i32::MIN / 4, i32::MAX / 4)
}

fn word(file: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// Reads `count` items of `size` bytes. The list grows as they come, whatever the header says.
fn read_blocks<T>(
    file: &mut impl Read,
    count: u32,
    size: usize,
    item: impl Fn(&[u8]) -> T,
) -> Result<Vec<T>, ReadError> {
    let mut items = Vec::new();
    let mut bytes = Vec::new();
    while (items.len() as u64) < u64::from(count) {
        let (length, checksum) = (word(file)? as usize, word(file)?);
        let left = (count as usize - items.len()).saturating_mul(size);
        if length == 0 || length > BLOCK.min(left) || !length.is_multiple_of(size) {
            return damaged("a block has another length than it should");
        }
        bytes.resize(length, 0);
        file.read_exact(&mut bytes)?;
        if crc32fast::hash(&bytes) != checksum {
            return damaged("the checksum of a block does not fit");
        }
        items.extend(bytes.chunks_exact(size).map(&item));
    }
    Ok(items)
}
