//! How many bits a channel of a pixel has in a file.

use crate::color::rgb::srgb16;
use crate::encode::sink::{Band, Needs};

/// How many bits a channel of a pixel has in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// 8 bits.
    #[default]
    Eight,
    /// 16 bits, made of linear light of 16 bits: in the darkest parts steps are a thirteenth of that light, twenty to an 8-bit step.
    Sixteen,
}

impl Depth {
    /// Bytes of a channel.
    pub fn bytes(self) -> usize {
        match self {
            Self::Eight => 1,
            Self::Sixteen => 2,
        }
    }

    /// The colors that are required of the render.
    pub(super) fn needs(self) -> Needs {
        let light = self == Self::Sixteen;
        Needs { rows: 1, colors: !light, light, ..Needs::default() }
    }

    /// The sRGB channels of a band, those of 16 bits as `bytes` has them. They are put into `buffer` where they are not there already.
    pub(super) fn samples<'a>(
        self,
        band: &Band<'a>,
        channels: usize,
        bytes: impl Fn(u16) -> [u8; 2],
        buffer: &'a mut Vec<u8>,
    ) -> &'a [u8] {
        if self == Self::Eight {
            return band.pixels;
        }
        buffer.resize(2 * band.light.len(), 0);
        let table = srgb16();
        let pixels = buffer.as_chunks_mut().0.chunks_mut(channels).zip(band.light.chunks(channels));
        for (pixel, light) in pixels {
            for (c, (sample, &light)) in pixel.iter_mut().zip(light).enumerate() {
                // Opacity is no light.
                *sample = bytes(if c < 3 { table[usize::from(light)] } else { light });
            }
        }
        buffer
    }
}
