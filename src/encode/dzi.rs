//! Deep Zoom: a picture as a pyramid of tiles, which viewers load as far as they show them.
//!
//! The file itself is a description in XML (<https://learn.microsoft.com/previous-versions/windows/silverlight/dotnet-windows-silverlight/cc645077(v=vs.95)>).
//! The tiles are files beside it, PNG without texts, named `LEVEL/COLUMN_ROW.png`. The last level is the picture; a pixel of another
//! is the mean in linear light of two by two pixels of the next, of fewer at an odd edge; level 0 is one pixel.
//!
//! A tile has 256 by 256 pixels of its own and one more on each side that has a neighbor: OpenSeadragon stretches tiles without an
//! overlap by a pixel, to hide seams. Their PNG is made of strips: 16 rows of their own, and the first and the last row alone. A
//! strip is a part of one band of rows, so the last level, most of the work, is encoded by all threads, and what is kept is the
//! encoded part of one row of tiles in each level.

use std::io;

use crate::encode::depth::Depth;
use crate::encode::footprint::Footprint;
use crate::encode::halving::Halving;
use crate::encode::png::{Compression, Png, StripEncoder};
use crate::encode::sink::{Append, Band, Encoder, Layout, Needs, Out, Piece, Sink, Texts};

/// Pixels of its own along the side of a tile. A screen takes some tens of tiles.
const TILE: u32 = 256;
/// Pixels that a tile has of each neighbor.
const OVERLAP: u32 = 1;
/// Rows of a strip of a tile. With 8, files were 1.5 % larger; with 32, 0.6 % smaller, and bands of wide pictures take twice
/// the memory.
const STRIP: u32 = 16;

/// A picture as a Deep Zoom pyramid of 8-bit PNG tiles.
pub struct Dzi {
    layout: Layout,
    compression: Compression,
}

impl Dzi {
    /// The format for a picture of that size.
    pub fn new(layout: Layout, compression: Compression) -> Self {
        Self { layout, compression }
    }

    /// The number of the last level, which is the picture: the first that is as large.
    fn last_level(&self) -> u32 {
        self.layout.width.max(self.layout.height).next_power_of_two().ilog2()
    }

    fn strip_encoder(&self) -> StripEncoder {
        StripEncoder::new(self.compression, self.layout.channels())
    }
}

impl Sink for Dzi {
    fn needs(&self) -> Needs {
        Needs { rows: STRIP, colors: true, ..Needs::default() }
    }

    fn footprint(&self) -> Footprint {
        let Layout { width, height, .. } = self.layout;
        // Encoded, a row of tiles of the last level takes as much as its pixels at most; all others together as much again. Strips
        // that are not yet encoded: one of each level.
        let rows = u64::from(TILE.min(height) + STRIP.min(height));
        let channels = self.layout.channels() as u64;
        let kept = 2 * channels * u64::from(width) * rows;
        // The strips of all tiles, a quarter as many pixels of the level below, and for both as much again of columns that two tiles share.
        Footprint { piece: 2 * channels, kept, ..Footprint::default() }
    }

    fn least_size(&self) -> u64 {
        let Layout { width, height, .. } = self.layout;
        // The largest ratio of deflate is 1032.
        self.layout.channels() as u64 * u64::from(width) * u64::from(height) / 1032
    }

    fn encoder(&self) -> Box<dyn Encoder + '_> {
        let level = Level::new(self.layout, self.last_level());
        Box::new(Strips { level, tiles: self.strip_encoder(), halving: Halving::new() })
    }

    fn begin<'a>(&self, to: &'a mut dyn Out, texts: Texts) -> io::Result<Box<dyn Append + 'a>> {
        let Layout { width, height, .. } = self.layout;
        writeln!(to, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
        for (keyword, text) in texts {
            writeln!(to, "<?{keyword} {}?>", text.replace("?>", "? >"))?;
        }
        writeln!(
            to,
            r#"<Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="png" Overlap="{OVERLAP}" TileSize="{TILE}">"#
        )?;
        writeln!(to, "  <Size Width=\"{width}\" Height=\"{height}\"/>\n</Image>")?;
        let mut levels = vec![Level::new(self.layout, self.last_level())];
        while let Some(below) = levels.last().and_then(Level::below) {
            levels.push(below);
        }
        let (tiles, halving) = (self.strip_encoder(), Halving::new());
        let waiting = (0, Vec::new());
        Ok(Box::new(Pyramid {
            to,
            levels,
            compression: self.compression,
            tiles,
            halving,
            waiting,
            strips: Vec::new(),
        }))
    }
}

/// A level on its way to its tiles.
struct Level {
    layout: Layout,
    number: u32,
    /// Rows that are encoded.
    done: u32,
    /// Rows that are not, fewer than a strip.
    rows: Vec<u8>,
    /// What is encoded of the tiles in the row that is being made, and of those in the next row.
    tiles: [Vec<Vec<Piece>>; 2],
}

/// Which row of tiles a strip belongs to.
#[derive(Clone, Copy)]
enum Part {
    /// It is the last row of tiles that end where the strip begins.
    Before,
    Own,
    /// It is the first row of tiles that begin where the strip ends.
    After,
}

impl Level {
    fn new(layout: Layout, number: u32) -> Self {
        let tiles = || vec![Vec::new(); layout.width.div_ceil(TILE) as usize];
        Self { layout, number, done: 0, rows: Vec::new(), tiles: [tiles(), tiles()] }
    }

    /// The next smaller level.
    fn below(&self) -> Option<Self> {
        let Layout { width, height, .. } = self.layout;
        let layout = Layout { width: width.div_ceil(2), height: height.div_ceil(2), ..self.layout };
        Some(Self::new(layout, self.number.checked_sub(1)?))
    }

    /// Bytes of a row.
    fn row(&self) -> usize {
        self.layout.channels() * self.layout.width as usize
    }

    /// Columns, or rows, of pixels that the tile of that place has.
    fn span(index: u32, pixels: u32) -> std::ops::Range<u32> {
        (index * TILE).saturating_sub(OVERLAP)..((index + 1) * TILE + OVERLAP).min(pixels)
    }

    /// The strips that rows `rows` of the level are encoded into, in this order, each for all tiles.
    fn parts(&self, rows: &std::ops::Range<u32>) -> impl Iterator<Item = Part> + use<> {
        let before = (rows.start > 0 && rows.start.is_multiple_of(TILE)).then_some(Part::Before);
        let after = (rows.end < self.layout.height && rows.end.is_multiple_of(TILE)).then_some(Part::After);
        before.into_iter().chain([Part::Own]).chain(after)
    }

    /// Encodes the pixels of a strip of rows from `top` on.
    fn encode(&self, pixels: &[u8], top: u32, encoder: &mut StripEncoder) -> Vec<Piece> {
        let (row, channels) = (self.row(), self.layout.channels());
        let rows = top..top + (pixels.len() / row) as u32;
        let mut strips = Vec::new();
        for part in self.parts(&rows) {
            let (pixels, last) = match part {
                Part::Before => (&pixels[..row], true),
                Part::Own => (pixels, rows.end == self.layout.height),
                Part::After => (&pixels[pixels.len() - row..], false),
            };
            for column in 0..self.tiles[0].len() as u32 {
                let span = Self::span(column, self.layout.width);
                let span = channels * span.start as usize..channels * span.end as usize;
                strips.push(encoder.strip(pixels.chunks_exact(row).map(|row| &row[span.clone()]), last));
            }
        }
        strips
    }

    /// Takes what so many more rows were encoded into, and writes the tiles that are complete.
    fn take(
        &mut self,
        count: u32,
        strips: Vec<Piece>,
        to: &mut dyn Out,
        compression: Compression,
    ) -> io::Result<()> {
        let rows = self.done..self.done + count;
        let mut strips = strips.into_iter();
        for part in self.parts(&rows) {
            let tiles = &mut self.tiles[usize::from(matches!(part, Part::After))];
            tiles.iter_mut().zip(&mut strips).for_each(|(tile, strip)| tile.push(strip));
            if matches!(part, Part::Before) {
                self.put(rows.start / TILE - 1, to, compression)?;
                self.tiles.swap(0, 1);
            }
        }
        self.done = rows.end;
        if rows.end == self.layout.height {
            self.put((rows.end - 1) / TILE, to, compression)?;
        }
        Ok(())
    }

    /// Writes a row of tiles.
    fn put(&mut self, row: u32, to: &mut dyn Out, compression: Compression) -> io::Result<()> {
        let height = Self::span(row, self.layout.height).len() as u32;
        for (column, tile) in (0_u32..).zip(&mut self.tiles[0]) {
            let width = Self::span(column, self.layout.width).len() as u32;
            let layout = Layout { width, height, ..self.layout };
            let tile = Piece::joined(std::mem::take(tile));
            let mut bytes = Vec::with_capacity(tile.bytes.len() + 256);
            let mut file = Png::new(layout, compression, Depth::Eight).begin(&mut bytes, &[])?;
            file.append(tile)?;
            file.finish()?;
            to.file(&format!("{}/{column}_{row}.png", self.number), &bytes)?;
        }
        Ok(())
    }
}

/// Encodes the last level: of each strip of rows the same rows of the level below, as they are, and then the strips of all tiles.
struct Strips {
    level: Level,
    tiles: StripEncoder,
    halving: Halving,
}

impl Encoder for Strips {
    fn encode(&mut self, band: &Band, pieces: &mut Vec<Piece>) {
        debug_assert!(band.rows.start.is_multiple_of(STRIP), "whole strips");
        let row = self.level.row();
        let strips = band.pixels.chunks(row * STRIP as usize);
        for (pixels, top) in strips.zip(band.rows.clone().step_by(STRIP as usize)) {
            let bytes = self.halving.halve(pixels, self.level.layout);
            pieces.push(Piece { bytes, length: (pixels.len() / row) as u64, ..Piece::default() });
            pieces.extend(self.level.encode(pixels, top, &mut self.tiles));
        }
    }
}

/// Makes tiles of strips, and the smaller levels.
struct Pyramid<'a> {
    to: &'a mut dyn Out,
    /// From the last, which is the picture, down to one pixel.
    levels: Vec<Level>,
    compression: Compression,
    tiles: StripEncoder,
    halving: Halving,
    /// How many rows the strips that come next are of, and the same rows of the level below.
    waiting: (u32, Vec<u8>),
    strips: Vec<Piece>,
}

impl Pyramid<'_> {
    /// Adds rows of a level below the last.
    fn add(&mut self, index: usize, pixels: Vec<u8>) -> io::Result<()> {
        let Some(level) = self.levels.get_mut(index) else { return Ok(()) };
        level.rows.extend(pixels);
        let count = (level.rows.len() / level.row()) as u32;
        if count < STRIP && level.done + count < level.layout.height {
            return Ok(());
        }
        // A strip of the level above has no more than half a strip of rows here, so this is one.
        let pixels = std::mem::take(&mut level.rows);
        let strips = level.encode(&pixels, level.done, &mut self.tiles);
        let halved = self.halving.halve(&pixels, level.layout);
        level.take(count, strips, self.to, self.compression)?;
        self.add(index + 1, halved)
    }
}

impl Append for Pyramid<'_> {
    fn append(&mut self, piece: Piece) -> io::Result<()> {
        let level = &mut self.levels[0];
        if self.waiting.0 == 0 {
            self.waiting = (piece.length as u32, piece.bytes);
            return Ok(());
        }
        self.strips.push(piece);
        let (count, halved) = &mut self.waiting;
        let parts = level.parts(&(level.done..level.done + *count)).count();
        if self.strips.len() < parts * level.tiles[0].len() {
            return Ok(());
        }
        let (count, halved) = (std::mem::take(count), std::mem::take(halved));
        level.take(count, std::mem::take(&mut self.strips), self.to, self.compression)?;
        self.add(1, halved)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        debug_assert!(self.levels.iter().all(|level| level.done == level.layout.height), "all rows");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Write;

    use super::*;

    /// Files by name.
    #[derive(Default)]
    struct Files(Vec<u8>, BTreeMap<String, Vec<u8>>);

    impl Write for Files {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Out for Files {
        fn file(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
            assert!(self.1.insert(name.into(), bytes.into()).is_none(), "{name} twice");
            Ok(())
        }
    }

    /// The pyramid of a picture whose pixels have these bytes, made of bands of so many rows.
    fn pyramid(layout: Layout, pixels: &[u8], rows: u32) -> Files {
        let dzi = Dzi::new(layout, Compression::Fast);
        let (mut files, mut pieces) = (Files::default(), Vec::new());
        let mut encoder = dzi.encoder();
        let bands = pixels.chunks(rows as usize * layout.channels() * layout.width as usize);
        for (top, pixels) in (0..layout.height).step_by(rows as usize).zip(bands) {
            let rows = top..layout.height.min(top + rows);
            let band = Band { rows, pixels, ..Band::default() };
            encoder.encode(&band, &mut pieces);
        }
        let mut pyramid = dzi.begin(&mut files, &[("mandel", "a ?> b")]).expect("memory");
        pieces.into_iter().for_each(|piece| pyramid.append(piece).expect("memory"));
        pyramid.finish().expect("memory");
        files
    }

    /// A level put together from its tiles.
    fn level(files: &Files, number: u32, (width, height): (u32, u32)) -> image::RgbaImage {
        let mut whole = image::RgbaImage::new(width, height);
        let mut tiles = 0;
        for (name, bytes) in &files.1 {
            let Some(tile) = name.strip_prefix(&format!("{number}/")) else { continue };
            let (column, row) = tile.trim_end_matches(".png").split_once('_').expect("a name");
            let [column, row] = [column, row].map(|n| n.parse::<u32>().expect("a number"));
            let (left, top) = ((column * 256).saturating_sub(1), (row * 256).saturating_sub(1));
            let tile = image::load_from_memory(bytes).expect("a tile").into_rgba8();
            let (right, bottom) = ((column * 256 + 257).min(width), (row * 256 + 257).min(height));
            assert_eq!(tile.dimensions(), (right - left, bottom - top), "{name}");
            for (x, y, pixel) in tile.enumerate_pixels() {
                let place = whole.get_pixel_mut(left + x, top + y);
                // Where tiles overlap they agree. A pixel that nobody has put is transparent and black.
                assert!(place.0 == [0; 4] || place == pixel, "{name}: {x}, {y}");
                *place = *pixel;
            }
            tiles += 1;
        }
        assert_eq!(tiles, width.div_ceil(TILE) * height.div_ceil(TILE), "all tiles of level {number}");
        whole
    }

    #[test]
    fn each_level_is_the_mean_of_the_next_in_linear_light() {
        let linear = |byte: u8| {
            let x = f64::from(byte) / 255.0;
            if x <= 0.040_45 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
        };
        for (width, height, alpha) in [
            (1, 1, false),
            (700, 523, false),
            (257, 1, false),
            (3, 600, true),
            (512, 256, true),
            (513, 769, false),
        ] {
            let layout = Layout { width, height, supersample: 1, max_iter: 1, alpha };
            let mut state = 1_u32;
            let pixels: Vec<u8> = (0..layout.channels() as u32 * width * height)
                .map(|i| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    if i % 97 < 50 { (i / 7) as u8 } else { (state >> 24) as u8 }
                })
                .collect();
            let files = pyramid(layout, &pixels, 16);
            assert!(files.1 == pyramid(layout, &pixels, 64).1, "bands change nothing");
            let (mut size, mut number) = ((width, height), Dzi::new(layout, Compression::Fast).last_level());
            let mut above = level(&files, number, size);
            assert!(
                above
                    .as_raw()
                    .chunks(4)
                    .map(|pixel| &pixel[..layout.channels()])
                    .eq(pixels.chunks(layout.channels()))
            );
            while number > 0 {
                (size, number) = ((size.0.div_ceil(2), size.1.div_ceil(2)), number - 1);
                let here = level(&files, number, size);
                for (x, y, pixel) in here.enumerate_pixels() {
                    let at = |i: u32, j: u32| {
                        above
                            .get_pixel(
                                (2 * x + i).min(above.width() - 1),
                                (2 * y + j).min(above.height() - 1),
                            )
                            .0
                    };
                    let four = [at(0, 0), at(1, 0), at(0, 1), at(1, 1)];
                    let opacity: f64 = four.iter().map(|pixel| f64::from(pixel[3])).sum();
                    assert!((f64::from(pixel[3]) - opacity / 4.0).abs() <= 0.5);
                    for c in (0..3).filter(|_| opacity > 0.0) {
                        let sum: f64 = four.iter().map(|pixel| f64::from(pixel[3]) * linear(pixel[c])).sum();
                        let (least, most) = (pixel[c].saturating_sub(1), pixel[c].saturating_add(1));
                        assert!(
                            linear(least) <= sum / opacity && sum / opacity <= linear(most),
                            "{number}: {x}, {y}"
                        );
                    }
                }
                above = here;
            }
            assert_eq!(size, (1, 1));
        }
    }

    #[test]
    fn the_description_says_size_and_texts() {
        let layout = Layout { width: 3, height: 2, supersample: 1, max_iter: 1, alpha: false };
        let files = pyramid(layout, &[0; 18], 16);
        assert_eq!(
            String::from_utf8_lossy(&files.0),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<?mandel a ? > b?>\n\
             <Image xmlns=\"http://schemas.microsoft.com/deepzoom/2008\" Format=\"png\" Overlap=\"1\" TileSize=\"256\">\n  \
             <Size Width=\"3\" Height=\"2\"/>\n</Image>\n"
        );
        assert_eq!(files.1.keys().collect::<Vec<_>>(), ["0/0_0.png", "1/0_0.png", "2/0_0.png"]);
    }
}
