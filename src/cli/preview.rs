//! `--preview`: the picture in the terminal, line by line while it is made.
//!
//! It is one more format of the render, with the terminal as its file. Nothing is asked of the terminal, so one that does not answer
//! cannot stop a render: what it can show is taken from the environment.

use std::env;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, stderr};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mandel::Pixmap;
use mandel::encode::{Append, Band, Encoder, Footprint, Layout, Needs, Out, Piece, Sink, Texts, encode};
use rustix::termios::tcgetwinsize;

use crate::cli::terminal::say;

/// How pixels are shown.
#[derive(Clone, Copy, PartialEq)]
enum Protocol {
    /// Characters whose upper half has one color and whose lower half another, of 24 bits each.
    TrueColor,
    /// The same with the 256 colors of xterm.
    Indexed,
    /// Images by the graphics protocol of kitty.
    Kitty,
    /// Inline images of iTerm2.
    ITerm,
}

impl Protocol {
    /// What the terminal is said to know.
    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is = |name: &str, values: &[&str]| {
            variable(name).is_some_and(|value| values.iter().any(|known| value.contains(known)))
        };
        // Multiplexers do not hand images on.
        let direct = variable("TMUX").is_none() && !is("TERM", &["screen", "tmux"]);
        if direct && (is("TERM", &["kitty", "ghostty"]) || variable("KITTY_WINDOW_ID").is_some()) {
            Self::Kitty
        } else if direct && is("TERM_PROGRAM", &["iTerm.app", "WezTerm"]) {
            Self::ITerm
        } else if is("COLORTERM", &["truecolor", "24bit"]) || is("TERM", &["direct"]) {
            Self::TrueColor
        } else {
            Self::Indexed
        }
    }

    /// Pixels of a character, across and down.
    fn pixels(self) -> (u32, u32) {
        match self {
            Self::TrueColor | Self::Indexed => (1, 2),
            // About as many as the characters of common fonts have.
            Self::Kitty | Self::ITerm => (10, 20),
        }
    }
}

/// A small picture in the terminal.
pub(crate) struct Preview {
    layout: Layout,
    protocol: Protocol,
    /// Characters across and down.
    columns: u32,
    lines: u32,
}

/// Columns and rows of the largest picture. Larger windows are a mistake of whoever told their size, or show it in a corner.
const LARGEST: (u32, u32) = (1000, 500);

impl Preview {
    /// For a picture of that layout on standard error, or nothing where that is no terminal, which is said.
    pub(crate) fn on_stderr(layout: Layout) -> Option<Self> {
        if !stderr().is_terminal() {
            say("--preview draws in a terminal, and standard error is none; rendering without it");
            return None;
        }
        Some(Self::within(layout, None))
    }

    /// For standard error, which is a terminal, and at most for a window of so many columns and rows.
    pub(crate) fn within(layout: Layout, most: Option<(u32, u32)>) -> Self {
        let size = tcgetwinsize(stderr()).ok().map(|size| (size.ws_col.into(), size.ws_row.into()));
        let window = size.filter(|&(columns, rows)| columns > 0 && rows > 0).unwrap_or((80, 24));
        let most = most.unwrap_or(LARGEST);
        let window = (window.0.min(most.0), window.1.min(most.1));
        Self::new(layout, Protocol::of(|name| env::var(name).ok()), window)
    }

    /// As large as fits into a window of so many columns and rows. Characters are twice as high as wide.
    fn new(layout: Layout, protocol: Protocol, (columns, rows): (u32, u32)) -> Self {
        let (width, height) = (f64::from(layout.width), f64::from(layout.height));
        // Not the last column, where some terminals wrap, and a row for the prompt and one for the summary.
        let (most, rows) = (f64::from(columns.max(2) - 1), f64::from(rows.max(3) - 2));
        let across = most.min(2.0 * rows * width / height).floor().max(1.0);
        let down = (across / 2.0 * height / width).round().clamp(1.0, rows);
        Self { layout, protocol, columns: across as u32, lines: down as u32 }
    }

    /// Pixels of the small picture, no more than the large one has.
    fn size(&self) -> (u32, u32) {
        let (across, down) = self.protocol.pixels();
        match self.protocol {
            // One character shows two rows in any case.
            Protocol::TrueColor | Protocol::Indexed => (self.columns, 2 * self.lines),
            _ => (
                (self.columns * across).min(self.layout.width.max(1)),
                self.lines * down.min(self.layout.height.div_ceil(self.lines)),
            ),
        }
    }
}

impl Sink for Preview {
    fn needs(&self) -> Needs {
        Needs { rows: 1, colors: true, ..Needs::default() }
    }

    fn footprint(&self) -> Footprint {
        Footprint { piece: self.layout.channels() as u64, ..Footprint::default() }
    }

    fn least_size(&self) -> u64 {
        0
    }

    fn encoder(&self) -> Box<dyn Encoder + '_> {
        Box::new(Columns { layout: self.layout, width: self.size().0 })
    }

    fn begin<'a>(&self, to: &'a mut dyn Out, _: Texts) -> io::Result<Box<dyn Append + 'a>> {
        let (width, height) = self.size();
        Ok(Box::new(Lines {
            to,
            protocol: self.protocol,
            columns: self.columns,
            width: width as usize,
            rows: Rows {
                from: self.layout.height,
                to: height,
                sums: vec![0; 3 * width as usize],
                taken: 0,
                of: 0,
            },
            pixels: Vec::new(),
            line: 3 * width as usize * (height / self.lines) as usize,
        }))
    }
}

/// The index of the small pixel that pixel `i` of `from` belongs to, of `to`.
fn scaled(i: u32, from: u32, to: u32) -> u32 {
    (u64::from(i) * u64::from(to) / u64::from(from)) as u32
}

/// Makes rows narrow: each small pixel is the mean of those that it covers, or the one it lies in.
struct Columns {
    layout: Layout,
    width: u32,
}

impl Encoder for Columns {
    fn encode(&mut self, band: &Band, pieces: &mut Vec<Piece>) {
        let (from, channels) = (self.layout.width, self.layout.channels());
        let mut bytes = Vec::new();
        for row in band.pixels.chunks_exact(channels * from as usize) {
            for x in 0..self.width {
                let start = (u64::from(x) * u64::from(from) / u64::from(self.width)) as usize;
                let end = (u64::from(x + 1) * u64::from(from) / u64::from(self.width)) as usize;
                let run = &row[channels * start..channels * end.max(start + 1)];
                let (mut sum, count) = ([0_u64; 3], run.len() as u64 / channels as u64);
                for pixel in run.chunks_exact(channels) {
                    // What is transparent shows as black.
                    let opacity = pixel.get(3).map_or(255, |&opacity| u64::from(opacity));
                    sum = [0, 1, 2].map(|c| sum[c] + u64::from(pixel[c]) * opacity);
                }
                bytes.extend(sum.map(|sum| (sum / (255 * count)) as u8));
            }
        }
        pieces.push(Piece { bytes, ..Piece::default() });
    }
}

/// Makes rows few: means of those that fall together, or one row several times.
struct Rows {
    from: u32,
    to: u32,
    sums: Vec<u64>,
    /// Rows of the large picture so far, and how many of them are in the sums.
    taken: u32,
    of: u64,
}

impl Rows {
    /// Takes a row, and adds the small rows that are complete with it.
    fn take(&mut self, row: &[u8], out: &mut Vec<u8>) {
        self.sums.iter_mut().zip(row).for_each(|(sum, &byte)| *sum += u64::from(byte));
        self.of += 1;
        let first = scaled(self.taken, self.from, self.to);
        self.taken += 1;
        let next = if self.taken == self.from { self.to } else { scaled(self.taken, self.from, self.to) };
        if next > first {
            for _ in first..next {
                out.extend(self.sums.iter().map(|sum| (sum / self.of) as u8));
            }
            self.sums.fill(0);
            self.of = 0;
        }
    }
}

/// Draws lines of characters.
struct Lines<'a> {
    to: &'a mut dyn Out,
    protocol: Protocol,
    columns: u32,
    width: usize,
    rows: Rows,
    /// Pixels that are not drawn yet, and how many bytes of them make a line.
    pixels: Vec<u8>,
    line: usize,
}

impl Append for Lines<'_> {
    fn append(&mut self, piece: Piece) -> io::Result<()> {
        for row in piece.bytes.chunks_exact(3 * self.width) {
            self.rows.take(row, &mut self.pixels);
        }
        while self.pixels.len() >= self.line {
            let line: Vec<u8> = self.pixels.drain(..self.line).collect();
            let text = match self.protocol {
                Protocol::TrueColor => halves(&line, self.width, |[r, g, b]| format!("2;{r};{g};{b}")),
                Protocol::Indexed => halves(&line, self.width, |color| format!("5;{}", index(color))),
                // Encoding into memory cannot fail.
                Protocol::Kitty | Protocol::ITerm => self.image(line).unwrap_or_default(),
            };
            // A picture is not lost because its preview cannot be seen.
            let _ = self.to.write_all(text.as_bytes()).and_then(|()| self.to.flush());
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}

impl Lines<'_> {
    /// One line as an image of its own.
    fn image(&self, bytes: Vec<u8>) -> io::Result<String> {
        let (width, height) = (self.width as u32, (bytes.len() / 3 / self.width) as u32);
        let png = STANDARD.encode(encode(&Pixmap { width, height, alpha: false, bytes })?);
        let columns = self.columns;
        if self.protocol == Protocol::ITerm {
            let place = format!("inline=1;width={columns};height=1;preserveAspectRatio=0");
            return Ok(format!("\x1b]1337;File={place}:{png}\x07\n"));
        }
        // Transmit and show PNG data, in so many columns and one row, without an answer (q=2) and without moving the
        // cursor (C=1); in chunks of at most 4096 characters, all but the last with m=1.
        let mut text = String::new();
        let mut chunks = png.as_bytes().chunks(4096).peekable();
        let mut keys = format!("a=T,f=100,q=2,C=1,c={columns},r=1,");
        while let Some(chunk) = chunks.next() {
            let more = u8::from(chunks.peek().is_some());
            let _ = write!(text, "\x1b_G{keys}m={more};{}\x1b\\", String::from_utf8_lossy(chunk));
            keys.clear();
        }
        text.push('\n');
        Ok(text)
    }
}

/// A line of upper half blocks: the color of the upper pixel in front of that of the lower one.
fn halves(pixels: &[u8], width: usize, color: impl Fn([u8; 3]) -> String) -> String {
    let (upper, lower) = pixels.split_at(3 * width);
    let mut text = String::new();
    for (upper, lower) in upper.as_chunks().0.iter().zip(lower.as_chunks().0) {
        let _ = write!(text, "\x1b[38;{};48;{}m\u{2580}", color(*upper), color(*lower));
    }
    text + "\x1b[0m\n"
}

/// The color of xterm's cube of 6x6x6 that is closest: levels 0, 95, 135, 175, 215, 255 from index 16 on.
fn index(color: [u8; 3]) -> u8 {
    let [r, g, b] = color.map(|byte| match byte {
        0..48 => 0,
        48..115 => 1,
        _ => (byte - 35) / 40,
    });
    16 + 36 * r + 6 * g + b
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(protocol: Protocol, (width, height): (u32, u32), window: (u32, u32), rows: u32) -> String {
        let layout = Layout { width, height, supersample: 1, max_iter: 1, alpha: false };
        let preview = Preview::new(layout, protocol, window);
        let mut out = Vec::new();
        let mut to = preview.begin(&mut out, &[]).expect("memory");
        let pixels: Vec<u8> =
            (0..height).flat_map(|y| vec![(y * 255 / height) as u8; 3 * width as usize]).collect();
        let mut top = 0;
        for pixels in pixels.chunks((3 * width * rows) as usize) {
            let end = top + pixels.len() as u32 / 3 / width;
            let band = Band { rows: top..end, pixels, ..Band::default() };
            let mut pieces = Vec::new();
            preview.encoder().encode(&band, &mut pieces);
            pieces.into_iter().for_each(|piece| to.append(piece).expect("memory"));
            top = end;
        }
        to.finish().expect("memory");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_preview_fits_the_window_and_keeps_the_shape() {
        for (size, window, columns, lines) in [
            ((1920, 1080), (81, 100), 80, 23),
            ((1920, 1080), (200, 20), 64, 18),
            ((100, 4000), (80, 24), 1, 20),
            ((4000, 3), (40, 24), 39, 1),
            ((1, 1), (80, 24), 44, 22),
            ((3, 2), (0, 0), 1, 1),
        ] {
            let text = drawn(Protocol::TrueColor, size, window, 7);
            let count: Vec<usize> = text.lines().map(|line| line.matches('\u{2580}').count()).collect();
            assert_eq!(count, vec![columns; lines], "{size:?} in {window:?}");
        }
    }

    #[test]
    fn bands_do_not_matter_to_a_preview() {
        for protocol in [Protocol::TrueColor, Protocol::Indexed, Protocol::Kitty, Protocol::ITerm] {
            let whole = drawn(protocol, (300, 200), (80, 24), 200);
            assert_eq!(whole, drawn(protocol, (300, 200), (80, 24), 7));
        }
    }

    #[test]
    fn colors_are_those_of_the_pixels() {
        assert_eq!(
            drawn(Protocol::TrueColor, (1, 2), (80, 3), 1).lines().next(),
            Some("\x1b[38;2;0;0;0;48;2;127;127;127m\u{2580}\x1b[0m")
        );
        let [black, white, gray] = [[0; 3], [255; 3], [135; 3]].map(index);
        assert_eq!((black, white, gray), (16, 231, 102));
    }

    #[test]
    fn the_environment_says_what_a_terminal_knows() {
        let of = |set: &[(&str, &str)]| {
            Protocol::of(|name| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.to_string())
            })
        };
        assert!(of(&[]) == Protocol::Indexed);
        assert!(of(&[("COLORTERM", "truecolor"), ("TERM", "xterm-256color")]) == Protocol::TrueColor);
        assert!(of(&[("TERM", "xterm-kitty")]) == Protocol::Kitty);
        assert!(of(&[("TERM_PROGRAM", "iTerm.app"), ("COLORTERM", "truecolor")]) == Protocol::ITerm);
        assert!(of(&[("TERM", "tmux-256color"), ("TERM_PROGRAM", "iTerm.app")]) == Protocol::Indexed);
    }
}
