//! Netpbm's formats PPM and PAM: a header in ASCII, then the channels of all pixels (netpbm.sourceforge.net/doc/ppm.html, pam.html).

use std::io;

use crate::encode::depth::Depth;
use crate::encode::footprint::Footprint;
use crate::encode::sink::{Append, Bytes, Encoder, Layout, Needs, Out, Sink, Texts};
use crate::encode::whole::Samples;

/// Which header.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// P6, without opacity.
    Ppm,
    /// P7.
    Pam,
}

/// A picture as PPM or PAM.
pub(super) struct Pnm {
    layout: Layout,
    depth: Depth,
    kind: Kind,
}

impl Pnm {
    pub(super) fn new(layout: Layout, depth: Depth, kind: Kind) -> Self {
        Self { layout, depth, kind }
    }

    fn header(&self) -> String {
        let Layout { width, height, alpha, .. } = self.layout;
        let most = (1_u32 << (8 * self.depth.bytes())) - 1;
        match self.kind {
            Kind::Ppm => format!("P6\n{width} {height}\n{most}\n"),
            Kind::Pam => {
                let (channels, kind) = (self.layout.channels(), if alpha { "RGB_ALPHA" } else { "RGB" });
                format!(
                    "P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {channels}\nMAXVAL {most}\nTUPLTYPE {kind}\nENDHDR\n"
                )
            }
        }
    }
}

impl Sink for Pnm {
    fn needs(&self) -> Needs {
        self.depth.needs()
    }

    fn footprint(&self) -> Footprint {
        Footprint { piece: (self.layout.channels() * self.depth.bytes()) as u64, ..Footprint::default() }
    }

    fn least_size(&self) -> u64 {
        let pixel = (self.layout.channels() * self.depth.bytes()) as u64;
        let pixels = u64::from(self.layout.width).saturating_mul(self.layout.height.into());
        pixel.saturating_mul(pixels).saturating_add(self.header().len() as u64)
    }

    fn encoder(&self) -> Box<dyn Encoder + '_> {
        Box::new(Samples { channels: self.layout.channels(), depth: self.depth })
    }

    fn begin<'a>(&self, to: &'a mut dyn Out, _: Texts) -> io::Result<Box<dyn Append + 'a>> {
        to.write_all(self.header().as_bytes())?;
        Ok(Box::new(Bytes { to }))
    }
}
