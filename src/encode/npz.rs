//! NumPy's archive of arrays: all numbers of a picture for `numpy.load`, and the scene as text.
//!
//! The archive is a ZIP whose members are stored as they are (PKWARE, "APPNOTE.TXT", 6.3.10). Their sizes are known beforehand, so
//! each has its place in the file from the start, and bands are written into all of them at once.

use std::io;

use crc32fast::Hasher;

use crate::encode::beside::Beside;
use crate::encode::footprint::Footprint;
use crate::encode::npy::{both, flatten, header};
use crate::encode::sink::{Append, Band, Encoder, Layout, Needs, Out, Piece, SCENE, Sink, Texts};

/// The member with the scene, and with the other texts of the file as its comments: a scene text.
pub(crate) const SCENE_MEMBER: &str = "scene.toml";
/// Escape counts as `uint32`, `max_iter` where nothing escaped, as an NPY has them.
pub(crate) const COUNTS: &str = "counts.npy";
/// Whether a sample escaped. A count of `max_iter` alone does not tell.
pub(crate) const ESCAPED: &str = "escaped.npy";
/// What has to be added to a count to make it smooth, as `float32`.
pub(crate) const FRACTION: &str = "fraction.npy";
/// Distances as an NPY has them.
pub(crate) const DISTANCE: &str = "distance.npy";

/// Whether the count of a sample is proven.
pub(crate) const CERTAIN: &str = "certain.npy";

/// Name, data type, what stands behind rows and columns in the shape, and bytes of a sample.
type Plane = (&'static str, &'static str, &'static str, u64);

const PLANES: [Plane; 5] = [
    (COUNTS, "<u4", "", 4),
    (ESCAPED, "|b1", "", 1),
    (FRACTION, "<f4", "", 4),
    (DISTANCE, "<f4", ", 2", 8),
    (CERTAIN, "|b1", "", 1),
];

/// All numbers of a picture.
pub struct Npz {
    layout: Layout,
    beside: Beside,
}

impl Npz {
    /// The format for the samples of a picture of that size.
    pub fn new(layout: Layout, beside: Beside) -> Self {
        Self { layout, beside }
    }

    fn planes(&self) -> impl Iterator<Item = Plane> {
        PLANES.into_iter().filter(|(name, ..)| match *name {
            DISTANCE => self.beside.distances,
            CERTAIN => self.beside.certain,
            _ => true,
        })
    }

    /// Bytes of a sample.
    fn sample(&self) -> u64 {
        self.planes().map(|(.., size)| size).sum()
    }
}

impl Sink for Npz {
    fn needs(&self) -> Needs {
        Needs {
            rows: 1,
            numbers: true,
            distances: self.beside.distances,
            certain: self.beside.certain,
            ..Needs::default()
        }
    }

    fn footprint(&self) -> Footprint {
        Footprint { piece: u64::from(self.layout.supersample).pow(2) * self.sample(), ..Footprint::default() }
    }

    fn least_size(&self) -> u64 {
        let (width, height) = self.layout.samples();
        self.sample().saturating_mul(width).saturating_mul(height)
    }

    fn takes_places(&self) -> bool {
        true
    }

    fn is_field(&self) -> bool {
        true
    }

    fn encoder(&self) -> Box<dyn Encoder + '_> {
        Box::new(Planes { max_iter: self.layout.max_iter, beside: self.beside })
    }

    fn begin<'a>(&self, to: &'a mut dyn Out, texts: Texts) -> io::Result<Box<dyn Append + 'a>> {
        let mut archive = Archive { to, members: Vec::new(), end: 0, next: 0, arrays: 0 };
        let text = scene_text(texts);
        if !text.is_empty() {
            archive.add(SCENE_MEMBER, text.as_bytes(), 0)?;
        }
        archive.arrays = archive.members.len();
        archive.next = archive.arrays;
        let (width, height) = self.layout.samples();
        for (name, kind, parts, size) in self.planes() {
            let data = size.saturating_mul(width).saturating_mul(height);
            archive.add(name, &header(kind, parts, (width, height)), data)?;
        }
        Ok(Box::new(archive))
    }
}

/// The scene, with the other texts as comments before it.
fn scene_text(texts: Texts) -> String {
    let (scenes, others): (Vec<_>, Vec<_>) = texts.iter().partition(|(keyword, _)| *keyword == SCENE);
    let comment = |(keyword, text): &(&str, &str)| format!("# {keyword}: {}\n", text.replace('\n', " "));
    let comments: String = others.into_iter().map(comment).collect();
    comments + &scenes.into_iter().map(|(_, text)| *text).collect::<String>()
}

struct Planes {
    max_iter: u32,
    beside: Beside,
}

impl Encoder for Planes {
    /// A piece for each plane.
    fn encode(&mut self, band: &Band, pieces: &mut Vec<Piece>) {
        let mut plane = |bytes: Vec<u8>| {
            let (checksum, length) = (crc32fast::hash(&bytes), bytes.len() as u64);
            pieces.push(Piece { bytes, checksum, length });
        };
        plane(flatten(band.escapes, |escape| escape.count(self.max_iter).to_le_bytes()));
        plane(flatten(band.escapes, |escape| [u8::from(escape.n().is_some())]));
        plane(flatten(band.escapes, |escape| escape.parts().1.to_bits().to_le_bytes()));
        if self.beside.distances {
            plane(flatten(band.distances, both));
        }
        if self.beside.certain {
            plane(flatten(band.certain, |certain| [u8::from(*certain)]));
        }
    }
}

/// A member of the archive, of which some is written.
struct Member {
    name: &'static str,
    /// Where it begins in the file.
    start: u64,
    /// Bytes of its content.
    size: u64,
    /// Where its content goes on.
    place: u64,
    /// The CRC-32 of the content so far.
    checksum: Hasher,
}

struct Archive<'a> {
    to: &'a mut dyn Out,
    members: Vec<Member>,
    /// Where the last member ends.
    end: u64,
    /// The member that the next piece belongs to, and the first one that pieces are for.
    next: usize,
    arrays: usize,
}

/// What is in place of a number that takes more than 32 bits, and the header of the extra field that holds it.
const ZIP64: u32 = u32::MAX;
const ZIP64_FIELD: u16 = 1;
/// Where the checksum stands in the header of a member.
const CHECKSUM: u64 = 14;
/// January 1st, 1980: the first day that the format knows, so that nothing in the file says when it was made.
const NO_DATE: u16 = 0x21;

/// A number in 32 bits if it fits.
fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(ZIP64)
}

/// The extra field for those numbers that do not fit, which are in the order of the header.
fn extra(numbers: &[u64]) -> Vec<u8> {
    let long: Vec<u8> =
        numbers.iter().filter(|n| short(**n) == ZIP64).flat_map(|n| n.to_le_bytes()).collect();
    match long.len() {
        0 => long,
        length => [&ZIP64_FIELD.to_le_bytes()[..], &(length as u16).to_le_bytes(), &long].concat(),
    }
}

impl Archive<'_> {
    /// Adds a member with the beginning of its content, and how much will follow.
    fn add(&mut self, name: &'static str, content: &[u8], more: u64) -> io::Result<()> {
        let size = (content.len() as u64).saturating_add(more);
        let mut checksum = Hasher::new();
        checksum.update(content);
        let member = Member { name, start: self.end, size, place: 0, checksum };
        // Here both sizes are given, or neither.
        let extra = extra(&[size, size]);
        let mut bytes = b"PK\x03\x04".to_vec();
        bytes.extend(member.common());
        bytes.extend((extra.len() as u16).to_le_bytes());
        bytes.extend(name.bytes());
        bytes.extend(extra);
        bytes.extend(content);
        self.to.write_at(member.start, &bytes)?;
        let place = member.start + bytes.len() as u64;
        self.end = place.saturating_add(more);
        self.members.push(Member { place, ..member });
        Ok(())
    }
}

impl Member {
    /// What both headers of a member have in common: from the version needed to the length of the name.
    fn common(&self) -> Vec<u8> {
        /// Version 4.5 of the format has numbers of 64 bits.
        const VERSION: u16 = 45;
        let mut bytes = VERSION.to_le_bytes().to_vec();
        // Flags, method (stored) and time.
        bytes.extend([0; 6]);
        bytes.extend(NO_DATE.to_le_bytes());
        bytes.extend(self.checksum.clone().finalize().to_le_bytes());
        bytes.extend([short(self.size); 2].iter().flat_map(|size| size.to_le_bytes()));
        bytes.extend((self.name.len() as u16).to_le_bytes());
        bytes
    }

    /// Its entry in the directory at the end.
    fn entry(&self) -> Vec<u8> {
        let extra = extra(&[self.size, self.size, self.start]);
        let mut bytes = b"PK\x01\x02\x2d\x00".to_vec();
        bytes.extend(self.common());
        bytes.extend((extra.len() as u16).to_le_bytes());
        // Length of the comment, number of the disk, attributes of two kinds.
        bytes.extend([0; 10]);
        bytes.extend(short(self.start).to_le_bytes());
        bytes.extend(self.name.bytes());
        bytes.extend(extra);
        bytes
    }
}

impl Append for Archive<'_> {
    fn append(&mut self, piece: Piece) -> io::Result<()> {
        let member = &mut self.members[self.next];
        self.to.write_at(member.place, &piece.bytes)?;
        member.place += piece.length;
        member.checksum.combine(&Hasher::new_with_initial_len(piece.checksum, piece.length));
        self.next = if self.next + 1 == self.members.len() { self.arrays } else { self.next + 1 };
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        let Self { to, members, end, .. } = *self;
        let mut directory = Vec::new();
        for member in &members {
            let checksum = member.checksum.clone().finalize();
            to.write_at(member.start + CHECKSUM, &checksum.to_le_bytes())?;
            directory.extend(member.entry());
        }
        let (count, length) = (members.len() as u64, directory.len() as u64);
        if short(end) == ZIP64 {
            // The end of the directory with 64 bits, and where it is.
            let here = end + length;
            directory.extend(b"PK\x06\x06");
            directory.extend(44_u64.to_le_bytes());
            directory.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            directory.extend([count, count, length, end].iter().flat_map(|number| number.to_le_bytes()));
            directory.extend(b"PK\x06\x07\0\0\0\0");
            directory.extend(here.to_le_bytes());
            directory.extend(1_u32.to_le_bytes());
        }
        directory.extend(b"PK\x05\x06\0\0\0\0");
        directory.extend([count as u16; 2].iter().flat_map(|count| count.to_le_bytes()));
        directory.extend((length as u32).to_le_bytes());
        directory.extend(short(end).to_le_bytes());
        directory.extend([0; 2]);
        to.write_at(end, &directory)
    }
}
