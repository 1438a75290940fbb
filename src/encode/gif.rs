//! GIF: 256 colors for all frames, chosen from the palette before the first one is made.

use std::io;
use std::sync::OnceLock;

use color_quant::NeuQuant;
use gif::{Encoder, Frame, Repeat};

use crate::encode::reel::{Reel, Timing};
use crate::encode::sink::{Append, Out, Piece, Texts};
use crate::pixmap::Pixmap;

pub(super) struct Gif {
    timing: Timing,
    /// 256 colors of three bytes.
    colors: Vec<u8>,
    /// The nearest of them to each color of five bits a channel, as far as it was asked for.
    nearest: Vec<OnceLock<u8>>,
    quantizer: NeuQuant,
}

/// Bits of a channel that are told apart when the nearest color is looked up.
const BITS: u32 = 5;

impl Gif {
    /// The 256 colors are chosen from `samples`, colors that the frames have.
    pub(super) fn new(timing: Timing, samples: &[[u8; 3]]) -> Self {
        let samples: Vec<u8> = samples.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
        let quantizer = NeuQuant::new(1, 256, &samples);
        let colors = quantizer.color_map_rgb();
        let nearest = (0..1 << (3 * BITS)).map(|_| OnceLock::new()).collect();
        Self { timing, colors, nearest, quantizer }
    }

    fn index(&self, pixel: [u8; 3]) -> u8 {
        let key = pixel.iter().fold(0, |key, &byte| key << BITS | usize::from(byte >> (8 - BITS)));
        *self.nearest[key].get_or_init(|| {
            // The middle of the colors that share the key.
            let middle = |byte: u8| byte >> (8 - BITS) << (8 - BITS) | 1 << (7 - BITS);
            let [r, g, b] = pixel.map(middle);
            self.quantizer.index_of(&[r, g, b, 255]) as u8
        })
    }
}

/// Thresholds for ordered dithering (B. E. Bayer, 1973).
const BAYER: [[u8; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];

impl Reel for Gif {
    fn frame(&self, pixmap: &Pixmap) -> Piece {
        let width = pixmap.width as usize;
        let pixels = pixmap.bytes.as_chunks::<3>().0.iter().enumerate();
        let indices: Vec<u8> = pixels
            .map(|(i, pixel)| {
                // Up to 15 levels around what is there: about the distance of neighboring colors.
                let shift = i32::from(BAYER[i / width % 4][i % width % 4]) * 2 - 15;
                self.index(pixel.map(|byte| (i32::from(byte) + shift / 2).clamp(0, 255) as u8))
            })
            .collect();
        let mut frame = Frame::from_indexed_pixels(pixmap.width as u16, pixmap.height as u16, indices, None);
        frame.make_lzw_pre_encoded();
        Piece { bytes: frame.buffer.into_owned(), ..Piece::default() }
    }

    fn begin<'a>(&'a self, to: &'a mut dyn Out, _: Texts) -> io::Result<Box<dyn Append + 'a>> {
        let Timing { width, height, .. } = self.timing;
        let mut encoder = Encoder::new(to, width as u16, height as u16, &self.colors).map_err(io_error)?;
        encoder.set_repeat(Repeat::Infinite).map_err(io_error)?;
        Ok(Box::new(Frames { gif: self, encoder, written: 0 }))
    }
}

fn io_error(error: gif::EncodingError) -> io::Error {
    match error {
        gif::EncodingError::Io(error) => error,
        other => io::Error::other(other),
    }
}

struct Frames<'a> {
    gif: &'a Gif,
    encoder: Encoder<&'a mut dyn Out>,
    written: u64,
}

impl Append for Frames<'_> {
    fn append(&mut self, piece: Piece) -> io::Result<()> {
        let Timing { width, height, rate: (frames, seconds), .. } = self.gif.timing;
        // Delays are whole hundredths of a second; the sum of them stays within one of the time.
        let time =
            |frame: u64| (frame * u64::from(seconds) * 100 + u64::from(frames) / 2) / u64::from(frames);
        let delay = time(self.written + 1) - time(self.written);
        self.written += 1;
        let frame = Frame {
            width: width as u16,
            height: height as u16,
            delay: delay.min(u64::from(u16::MAX)) as u16,
            buffer: piece.bytes.into(),
            ..Frame::default()
        };
        self.encoder.write_lzw_pre_encoded_frame(&frame).map_err(io_error)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        self.encoder.into_inner().map(drop).map_err(io_error)
    }
}
