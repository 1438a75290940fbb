//! Inputs that are nearly right: parts of good ones, changed at random. Each has a number, and is the same on every machine.

/// Pseudorandom numbers: G. Marsaglia, "Xorshift RNGs", 2003, multiplied as S. Vigna's xorshift64* is.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(number: u64) -> Self {
        // Numbers in a row begin far apart; the state is never 0.
        Self(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// Below `end`, or 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end.max(1)
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// The most bytes of an input.
pub(crate) const MOST: usize = 1 << 16;

/// Words at the ends of what parsers take, and beyond.
const WORDS: [&str; 40] = [
    "0",
    "-0",
    "1",
    "-1",
    "4294967295",
    "4294967296",
    "2147483648",
    "18446744073709551616",
    "-9223372036854775809",
    "1e999",
    "1e-400",
    "1e100000",
    "1e-100000",
    "1e2147483648",
    "1e-9999999999999999999",
    "0x10",
    "nan",
    "inf",
    "1_000",
    "1,5",
    "1e",
    "e5",
    ".",
    "-.",
    "+",
    "i",
    "-i",
    "\u{2212}1",
    "\u{feff}",
    "\u{1f300}",
    "\0",
    "\r\n",
    "\t",
    "\"",
    "'",
    "\\u0000",
    "=",
    "#",
    ":",
    "99999999999999999999999999999999999999999999999999999999999999999999999999999999",
];
const BRACKETS: [&str; 8] = ["[", "]", "{", "}", "(", ")", "\"\"\"", "[["];
/// Numbers of four bytes at the ends of their range.
const EDGES: [u32; 10] = [0, 1, 0x7f, 0xff, 0xffff, 1 << 16, 0x7fff_ffff, 1 << 31, u32::MAX - 1, u32::MAX];

/// The input of this number.
pub(crate) fn input(corpus: &[Vec<u8>], number: u64) -> Vec<u8> {
    let mut random = Random::new(number);
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..1 + random.below(4) {
        change(&mut bytes, corpus, &mut random);
        bytes.truncate(MOST);
    }
    bytes
}

/// One change.
fn change(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    let length = 1 + random.below(8) * random.below(8);
    let end = bytes.len().min(at + length);
    match random.below(10) {
        0 | 1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        2 if at < bytes.len() => bytes[at] = random.next() as u8,
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(at..end)),
        5 => {
            let again = bytes[at..end].repeat(1 + random.below(3));
            insert(bytes, at, &again);
        }
        6 => {
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len() + 1);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        7 => insert(bytes, at, random.pick(&WORDS).as_bytes()),
        8 => {
            let times = if random.below(50) == 0 { 20_000 } else { 1 + random.below(3) };
            insert(bytes, at, random.pick(&BRACKETS).repeat(times).as_bytes());
        }
        _ => {
            let edge = EDGES[random.below(EDGES.len())];
            let edge = if random.below(2) == 0 { edge.to_le_bytes() } else { edge.to_be_bytes() };
            for (byte, edge) in bytes[at..].iter_mut().zip(edge) {
                *byte = edge;
            }
        }
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, more: &[u8]) {
    bytes.splice(at..at, more.iter().copied());
}
