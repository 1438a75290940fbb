//! YUV4MPEG2: a line of text, then for each frame a line and three planes of bytes (mjpegtools, yuv4mpeg(5)).
//!
//! Colors are those of ITU-R BT.709 in limited range, 16 to 235 and 16 to 240, with the sRGB values taken as they are. The format has
//! no word for the matrix; programs that ask have to be told.

use std::io;

use crate::encode::reel::{Chroma, Reel, Timing};
use crate::encode::sink::{Append, Bytes, Out, Piece, Texts};
use crate::pixmap::Pixmap;

pub(super) struct Y4m {
    timing: Timing,
    chroma: Chroma,
}

/// Red and blue in luma (BT.709, item 3.2).
const RED: f32 = 0.2126;
const BLUE: f32 = 0.0722;

impl Y4m {
    pub(super) fn new(timing: Timing, chroma: Chroma) -> Self {
        Self { timing, chroma }
    }

    fn header(&self) -> String {
        let Timing { width, height, rate: (frames, seconds), .. } = self.timing;
        let chroma = match self.chroma {
            Chroma::Full => "C444 XYSCSS=444",
            // Chroma in the middle of four pixels.
            Chroma::Quarter => "C420jpeg XYSCSS=420JPEG",
        };
        format!("YUV4MPEG2 W{width} H{height} F{frames}:{seconds} Ip A1:1 {chroma} XCOLORRANGE=LIMITED\n")
    }
}

/// Luma and the two differences of a color from 0 to 255, before rounding.
fn yuv([r, g, b]: [f32; 3]) -> [f32; 3] {
    let y = RED * r + (1.0 - RED - BLUE) * g + BLUE * b;
    let (u, v) = ((b - y) / (2.0 - 2.0 * BLUE), (r - y) / (2.0 - 2.0 * RED));
    [16.0 + y * (219.0 / 255.0), 128.0 + u * (224.0 / 255.0), 128.0 + v * (224.0 / 255.0)]
}

/// Truncation of a positive number plus a half rounds to nearest.
fn round(x: f32) -> u8 {
    (x + 0.5) as u8
}

impl Reel for Y4m {
    fn frame(&self, pixmap: &Pixmap) -> Piece {
        const LINE: &[u8] = b"FRAME\n";
        let (width, height) = (pixmap.width as usize, pixmap.height as usize);
        let all: Vec<[f32; 3]> =
            pixmap.bytes.as_chunks::<3>().0.iter().map(|pixel| yuv(pixel.map(f32::from))).collect();
        let mut bytes = Vec::with_capacity(LINE.len() + 3 * all.len());
        bytes.extend(LINE);
        bytes.extend(all.iter().map(|pixel| round(pixel[0])));
        for c in [1, 2] {
            match self.chroma {
                Chroma::Full => bytes.extend(all.iter().map(|pixel| round(pixel[c]))),
                // The last row or column of an odd size stands for itself alone.
                Chroma::Quarter => {
                    for (y, x) in
                        (0..height).step_by(2).flat_map(|y| (0..width).step_by(2).map(move |x| (y, x)))
                    {
                        let (below, right) = ((y + 1).min(height - 1), (x + 1).min(width - 1));
                        let at = |y: usize, x: usize| all[y * width + x][c];
                        bytes.push(round((at(y, x) + at(y, right) + at(below, x) + at(below, right)) / 4.0));
                    }
                }
            }
        }
        Piece { bytes, ..Piece::default() }
    }

    fn begin<'a>(&'a self, to: &'a mut dyn Out, _: Texts) -> io::Result<Box<dyn Append + 'a>> {
        to.write_all(self.header().as_bytes())?;
        Ok(Box::new(Bytes { to }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(chroma: Chroma, (width, height): (u32, u32), color: [u8; 3]) -> Vec<u8> {
        let timing = Timing { width, height, frames: 1, rate: (30000, 1001) };
        let y4m = Y4m::new(timing, chroma);
        let bytes = color.repeat((width * height) as usize);
        let mut out = Vec::new();
        let mut file = y4m.begin(&mut out, &[]).expect("memory");
        file.append(y4m.frame(&Pixmap { width, height, alpha: false, bytes })).expect("memory");
        file.finish().expect("memory");
        out
    }

    #[test]
    fn the_stream_has_the_bytes_of_its_format() {
        let white = encoded(Chroma::Full, (2, 1), [255; 3]);
        let header = b"YUV4MPEG2 W2 H1 F30000:1001 Ip A1:1 C444 XYSCSS=444 XCOLORRANGE=LIMITED\nFRAME\n";
        assert_eq!(white, [&header[..], &[235, 235, 128, 128, 128, 128]].concat());
        // BT.709: red is 63, 102, 240 in limited range.
        assert!(encoded(Chroma::Full, (1, 1), [255, 0, 0]).ends_with(&[63, 102, 240]));
        assert!(encoded(Chroma::Full, (1, 1), [0; 3]).ends_with(&[16, 128, 128]));
        // 3x3 pixels, and 2x2 of each difference.
        let odd = encoded(Chroma::Quarter, (3, 3), [0, 0, 255]);
        assert!(odd.ends_with(&[[32; 9].as_slice(), &[240; 4], &[118; 4]].concat()));
    }
}
