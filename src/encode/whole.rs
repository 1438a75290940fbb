//! Formats whose encoders take the whole picture at once.

use std::io::{self, BufWriter, Cursor, Seek, SeekFrom, Write};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};
use tiff::encoder::colortype::{ColorType, RGB8, RGB16, RGBA8, RGBA16};
use tiff::encoder::{Compression, DeflateLevel, Predictor, TiffEncoder, TiffValue};
use tiff::tags::Tag;

use crate::encode::depth::Depth;
use crate::encode::footprint::Footprint;
use crate::encode::picture::Picture;
use crate::encode::png;
use crate::encode::sink::{Append, Band, Encoder, Layout, Needs, Out, Piece, Sink, Texts};

/// Which encoder takes the picture.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// PNG at the highest effort.
    Png,
    /// TIFF with deflated strips; the scene is its description.
    Tiff,
    /// WebP without loss.
    WebP,
    /// QOI.
    Qoi,
    /// JPEG of this quality, 1 to 100.
    Jpeg(u8),
}

/// A format that keeps the whole picture in memory.
pub(super) struct Whole {
    layout: Layout,
    depth: Depth,
    kind: Kind,
}

impl Whole {
    pub(super) fn new(layout: Layout, depth: Depth, kind: Kind) -> Self {
        Self { layout, depth, kind }
    }

    /// Bytes of all pixels.
    fn size(&self) -> u64 {
        let pixel = (self.layout.channels() * self.depth.bytes()) as u64;
        pixel.saturating_mul(self.layout.width.into()).saturating_mul(self.layout.height.into())
    }
}

impl Sink for Whole {
    fn needs(&self) -> Needs {
        self.depth.needs()
    }

    fn footprint(&self) -> Footprint {
        let channels = self.layout.channels() as u64;
        let pixel = channels * self.depth.bytes() as u64;
        // The pixels, and what an encoder makes of them before it writes.
        let whole = pixel
            + match self.kind {
                // The whole file.
                Kind::Png => pixel,
                // The pixels with an opacity, and the file.
                Kind::WebP => 4 + channels,
                // Numbers of 16 bits.
                Kind::Tiff if self.depth == Depth::Sixteen => pixel,
                Kind::Tiff | Kind::Qoi | Kind::Jpeg(_) => 0,
            };
        let kept = match self.kind {
            // A strip as it is, its differences, and deflated: whole rows up to a million bytes, or one.
            Kind::Tiff => 3 * (pixel * u64::from(self.layout.width)).max(1_000_000),
            _ => 0,
        };
        Footprint { piece: pixel, whole, kept, ..Footprint::default() }
    }

    fn least_size(&self) -> u64 {
        // Where all pixels are alike, every format has next to nothing to write.
        self.size() / 1032
    }

    fn encoder(&self) -> Box<dyn Encoder + '_> {
        Box::new(Samples { channels: self.layout.channels(), depth: self.depth })
    }

    fn begin<'a>(&self, to: &'a mut dyn Out, texts: Texts) -> io::Result<Box<dyn Append + 'a>> {
        let texts = texts.iter().map(|(keyword, text)| (keyword.to_string(), text.to_string())).collect();
        let samples = Vec::with_capacity(self.size() as usize);
        let picture = Picture { layout: self.layout, depth: self.depth, samples, texts };
        Ok(Box::new(Collected { picture, kind: self.kind, to }))
    }
}

/// Hands on the channels of the pixels as bytes.
pub(super) struct Samples {
    pub(super) channels: usize,
    pub(super) depth: Depth,
}

impl Encoder for Samples {
    fn encode(&mut self, band: &Band, pieces: &mut Vec<Piece>) {
        let mut bytes = Vec::new();
        let samples = self.depth.samples(band, self.channels, u16::to_be_bytes, &mut bytes);
        let bytes = if self.depth == Depth::Eight { samples.to_vec() } else { bytes };
        pieces.push(Piece { bytes, ..Piece::default() });
    }
}

/// Collects the picture, and encodes it at the end.
struct Collected<'a> {
    picture: Picture,
    kind: Kind,
    to: &'a mut dyn Out,
}

impl Append for Collected<'_> {
    fn append(&mut self, piece: Piece) -> io::Result<()> {
        self.picture.samples.extend(piece.bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        let Self { picture, kind, to } = *self;
        let Layout { width, height, alpha, .. } = picture.layout;
        let color = if alpha { ExtendedColorType::Rgba8 } else { ExtendedColorType::Rgb8 };
        let samples = &picture.samples;
        let written = match kind {
            Kind::Png => return png::encode_whole(&picture, to),
            Kind::Tiff => return tiff(&picture, to),
            Kind::WebP => WebPEncoder::new_lossless(to).write_image(samples, width, height, color),
            // That of `image` makes the whole file in memory.
            Kind::Qoi => {
                let encoder = qoi::Encoder::new(samples, width, height).map_err(io::Error::other)?;
                // It writes each pixel by itself.
                let mut to = BufWriter::new(to);
                return match encoder.encode_to_stream(&mut to) {
                    Ok(_) => to.flush(),
                    Err(qoi::Error::IoError(error)) => Err(error),
                    Err(other) => Err(io::Error::other(other)),
                };
            }
            Kind::Jpeg(quality) => {
                JpegEncoder::new_with_quality(to, quality).write_image(samples, width, height, color)
            }
        };
        written.map_err(|error| match error {
            image::ImageError::IoError(error) => error,
            other => io::Error::other(other),
        })
    }
}

/// Writes a TIFF, whose beginning tells where its end is, so that it is made in memory for a pipe.
fn tiff(picture: &Picture, to: &mut dyn Out) -> io::Result<()> {
    match to.write_at(0, &[]) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {
            let mut file = Cursor::new(Vec::new());
            tiff_at(picture, &mut file)?;
            to.write_all(file.get_ref())
        }
        possible => {
            possible?;
            let mut file = BufWriter::new(Places { to, place: 0, end: 0 });
            tiff_at(picture, &mut file)?;
            file.flush()
        }
    }
}

/// A file that is written in several places.
struct Places<'a> {
    to: &'a mut dyn Out,
    place: u64,
    end: u64,
}

impl Write for Places<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write_at(self.place, bytes)?;
        self.place += bytes.len() as u64;
        self.end = self.end.max(self.place);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Seek for Places<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(by) => self.place.checked_add_signed(by),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
        };
        self.place = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.place)
    }
}

/// Deflated strips of differences between neighboring pixels.
fn tiff_at(picture: &Picture, file: &mut (impl Write + Seek)) -> io::Result<()> {
    match (picture.depth, picture.layout.alpha) {
        (Depth::Eight, false) => strips::<RGB8>(picture, &picture.samples, file),
        (Depth::Eight, true) => strips::<RGBA8>(picture, &picture.samples, file),
        (Depth::Sixteen, alpha) => {
            let pairs = picture.samples.as_chunks().0.iter();
            let samples: Vec<u16> = pairs.map(|&pair| u16::from_be_bytes(pair)).collect();
            match alpha {
                false => strips::<RGB16>(picture, &samples, file),
                true => strips::<RGBA16>(picture, &samples, file),
            }
        }
    }
}

fn strips<C: ColorType>(
    picture: &Picture,
    samples: &[C::Inner],
    file: &mut (impl Write + Seek),
) -> io::Result<()>
where
    [C::Inner]: TiffValue,
{
    let Layout { width, height, .. } = picture.layout;
    let write = || {
        let mut encoder = TiffEncoder::new(file)?
            .with_compression(Compression::Deflate(DeflateLevel::Balanced))
            .with_predictor(Predictor::Horizontal);
        let mut image = encoder.new_image::<C>(width, height)?;
        for (keyword, text) in &picture.texts {
            let tag = match keyword.as_str() {
                "Software" => Tag::Software,
                "mandel" => Tag::ImageDescription,
                _ => continue,
            };
            image.encoder().write_tag(tag, text.as_str())?;
        }
        image.write_data(samples)
    };
    write().map_err(|error: tiff::TiffError| match error {
        tiff::TiffError::IoError(error) => error,
        other => io::Error::other(other),
    })
}
