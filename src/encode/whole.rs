//! Formats whose encoders take the whole picture at once.

use std::io::{self, Cursor, Write};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::qoi::QoiEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};
use tiff::encoder::colortype::{ColorType, RGB8, RGB16, RGBA8, RGBA16};
use tiff::encoder::{Compression, DeflateLevel, Predictor, TiffEncoder, TiffValue};
use tiff::tags::Tag;

use crate::encode::depth::Depth;
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
        Needs { whole: true, ..self.depth.needs() }
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
            Kind::Qoi => QoiEncoder::new(to).write_image(samples, width, height, color),
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

/// Writes a TIFF: deflated strips of differences between neighboring pixels.
fn tiff(picture: &Picture, to: &mut dyn Write) -> io::Result<()> {
    let mut file = Cursor::new(Vec::new());
    match (picture.depth, picture.layout.alpha) {
        (Depth::Eight, false) => strips::<RGB8>(picture, &picture.samples, &mut file)?,
        (Depth::Eight, true) => strips::<RGBA8>(picture, &picture.samples, &mut file)?,
        (Depth::Sixteen, alpha) => {
            let pairs = picture.samples.as_chunks().0.iter();
            let samples: Vec<u16> = pairs.map(|&pair| u16::from_be_bytes(pair)).collect();
            match alpha {
                false => strips::<RGB16>(picture, &samples, &mut file)?,
                true => strips::<RGBA16>(picture, &samples, &mut file)?,
            }
        }
    }
    to.write_all(file.get_ref())
}

fn strips<C: ColorType>(picture: &Picture, samples: &[C::Inner], file: &mut Cursor<Vec<u8>>) -> io::Result<()>
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
