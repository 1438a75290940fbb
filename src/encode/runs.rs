//! Deflate for filtered pixels: runs and Huffman codes, nothing else (RFC 1951).
//!
//! In a filtered fractal most bytes are 0, 1 or 255 and take one to three bits, while a match at a large distance takes
//! about twenty. So the search for matches, most of the time of a general compressor, gains little: only repeats of the
//! byte or the pixel before pay. One pass finds such runs, one writes them. That is as fast as level 1 of zlib with files
//! a third smaller, and four times as fast as level 4 with files up to a tenth larger. `docs/performance.md` lists what
//! else was tried.

/// The shortest run that is written as one: one comparison of eight bytes finds it.
const SHORTEST: usize = 8;
/// The longest run that deflate has a code for.
const LONGEST: usize = 258;
/// Bytes that share their Huffman codes.
const BLOCK: usize = 256 << 10;
/// The symbol that ends a block.
const END: usize = 256;
/// Symbols for literals, the end, and lengths.
const SYMBOLS: usize = 286;

/// A token is a byte, or a run: this bit, whether its distance is a pixel instead of a byte in the next bit, the length in the others.
const RUN: u16 = 1 << 15;
const FAR: u16 = 1 << 14;

/// Deflates pieces of one stream, with buffers that are used again.
pub(super) struct Runs {
    /// The distances of runs: the byte before, and the pixel before.
    distances: [usize; 2],
    tokens: Vec<u16>,
}

impl Runs {
    /// For pixels of so many bytes: 3, 4, 6 or 8.
    pub(super) fn new(pixel: usize) -> Self {
        debug_assert!((3..=8).contains(&pixel), "a distance below a word, with a symbol of its own");
        Self { distances: [1, pixel], tokens: Vec::new() }
    }

    /// Appends `data` in deflated form. The output ends at a byte boundary; `last` ends the stream.
    pub(super) fn deflate(&mut self, data: &[u8], last: bool, out: &mut Vec<u8>) {
        let mut bits = Bits::new(out);
        let mut start = 0;
        while start < data.len() {
            let end = data.len().min(start + BLOCK);
            let counts = self.find(data, start, end);
            bits.room(2 * (end - start) + 1024);
            self.write(&counts, last && end == data.len(), &mut bits);
            start = end;
        }
        if !last {
            // An empty stored block ends at a byte boundary.
            bits.put(0, 3);
            bits.align();
            for byte in [0, 0, 0xff, 0xff] {
                bits.put(byte, 8);
            }
        }
        bits.align();
        bits.end();
    }

    /// Turns `data[start..end]` into tokens and counts their symbols.
    fn find(&mut self, data: &[u8], start: usize, end: usize) -> [u32; SYMBOLS] {
        // One token for each byte, and room for the last write of eight.
        self.tokens.resize(end - start + SHORTEST, 0);
        let mut made = 0;
        // Neighboring bytes are often equal. With four tables in turn, an increment does not wait for the last one.
        let mut literals = [[0_u32; 256]; 4];
        let mut counts = [0; SYMBOLS];
        let mut literal = |tokens: &mut [u16], bytes: [u8; SHORTEST], count: usize| {
            if let Some(tokens) = tokens.first_chunk_mut() {
                *tokens = bytes.map(u16::from);
            }
            for (place, &byte) in bytes[..count].iter().enumerate() {
                literals[place % 4][usize::from(byte)] += 1;
            }
        };
        let mut i = start;
        while i + SHORTEST <= end {
            let here = word(data, i);
            // Bytes that have none at the distance before them count as different.
            let before = self
                .distances
                .map(|distance| here ^ if i < distance { !here } else { word(data, i - distance) });
            let Some(far) = before.iter().position(|&difference| difference == 0) else {
                // A run at a distance cannot begin before the last byte that differs. Until the first such place, all are
                // literals.
                let count = before.map(|difference| SHORTEST - difference.leading_zeros() as usize / 8);
                let count = count[0].min(count[1]);
                literal(&mut self.tokens[made..], here.to_le_bytes(), count);
                made += count;
                i += count;
                continue;
            };
            let most = LONGEST.min(end - i);
            let length =
                SHORTEST + same(&data[i + SHORTEST..i + most], &data[i + SHORTEST - self.distances[far]..]);
            self.tokens[made] = RUN | if far == 1 { FAR } else { 0 } | length as u16;
            made += 1;
            counts[length_symbol(length).0] += 1;
            i += length;
        }
        let mut rest = [0; SHORTEST];
        rest[..end - i].copy_from_slice(&data[i..end]);
        literal(&mut self.tokens[made..], rest, end - i);
        self.tokens.truncate(made + end - i);
        for byte in 0..256 {
            counts[byte] = literals.iter().map(|counts| counts[byte]).sum();
        }
        counts[END] = 1;
        counts
    }

    /// Writes the tokens as one block with Huffman codes of its own.
    fn write(&self, counts: &[u32; SYMBOLS], last: bool, bits: &mut Bits) {
        let lengths = code_lengths(counts, 15);
        let used = lengths.iter().rposition(|&length| length > 0).map_or(257, |symbol| symbol + 1).max(257);
        // The symbols of both distances have codes of one bit, those between have none.
        let (symbol, extra_bits, extra) = distance_symbol(self.distances[1]);
        let distances = (0..=symbol).map(|other| u8::from(other == 0 || other == symbol));
        let all: Vec<u8> = lengths[..used].iter().copied().chain(distances).collect();
        bits.put(u64::from(last), 1);
        bits.put(2, 2);
        bits.put(used as u64 - 257, 5);
        bits.put(symbol as u64, 5);
        write_lengths(&all, bits);
        let codes = codes(&lengths);
        // The code of a run, without the bit of its distance, by its length.
        let runs: Vec<(u64, u32)> = (0..=LONGEST)
            .map(|length| {
                let (symbol, extra_bits, extra) = length_symbol(length.max(3));
                let (code, width) = codes[symbol];
                (code | extra << width, width + extra_bits)
            })
            .collect();
        for token in &self.tokens {
            if token & RUN == 0 {
                let (code, width) = codes[usize::from(*token)];
                bits.put(code, width);
            } else {
                let (code, width) = runs[usize::from(token & (FAR - 1))];
                match token & FAR {
                    0 => bits.put(code, width + 1),
                    _ => bits.put(code | (1 | extra << 1) << width, width + 1 + extra_bits),
                }
            }
        }
        let (code, width) = codes[END];
        bits.put(code, width);
    }
}

/// Eight bytes from `i` as a number.
#[inline(always)]
fn word(data: &[u8], i: usize) -> u64 {
    data[i..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// How many leading bytes of `a` equal those of `b`.
fn same(a: &[u8], b: &[u8]) -> usize {
    let words = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    let whole = 8 * words.take_while(|(a, b)| a == b).count();
    whole + a[whole..].iter().zip(&b[whole..]).take_while(|(a, b)| a == b).count()
}

/// Symbol of a distance from 3 to 8, the number of its extra bits, and those bits (RFC 1951, 3.2.5).
fn distance_symbol(distance: usize) -> (usize, u32, u64) {
    match distance {
        ..5 => (distance - 1, 0, 0),
        5..7 => (4, 1, (distance - 5) as u64),
        _ => (5, 1, (distance - 7) as u64),
    }
}

/// Symbol of a length, the number of its extra bits, and those bits (RFC 1951, 3.2.5).
fn length_symbol(length: usize) -> (usize, u32, u64) {
    match length {
        LONGEST => (285, 0, 0),
        3..11 => (254 + length, 0, 0),
        _ => {
            // From 11 on, four symbols share each number of extra bits.
            let above = length - 3;
            let extra_bits = above.ilog2() - 2;
            let symbol = 257 + 4 * extra_bits as usize + (above >> extra_bits);
            (symbol, extra_bits, (above & ((1 << extra_bits) - 1)) as u64)
        }
    }
}

/// Lengths of Huffman codes for symbols of these counts, none longer than `limit`; 0 for symbols that do not occur.
///
/// Builds the Huffman tree, then shortens codes beyond the limit at the cost of the next shorter ones. This is close to
/// the optimum and common in deflate encoders.
fn code_lengths(counts: &[u32], limit: usize) -> Vec<u8> {
    let mut lengths = vec![0; counts.len()];
    let mut symbols: Vec<usize> = (0..counts.len()).filter(|&symbol| counts[symbol] > 0).collect();
    symbols.sort_by_key(|&symbol| (counts[symbol], symbol));
    if symbols.len() < 2 {
        // The code of a single symbol has one bit.
        symbols.iter().for_each(|&symbol| lengths[symbol] = 1);
        return lengths;
    }
    // Leaves in ascending order of weight, then inner nodes, which are also created in ascending order: the lightest
    // node without a parent is the first such leaf or the first such inner node.
    let leaves = symbols.len();
    let mut weights: Vec<u32> = symbols.iter().map(|&symbol| counts[symbol]).collect();
    let mut parents = vec![0; 2 * leaves - 1];
    let (mut leaf, mut inner) = (0, leaves);
    for node in leaves..2 * leaves - 1 {
        let mut weight = 0;
        for _ in 0..2 {
            let lightest = if leaf < leaves && (inner >= node || weights[leaf] <= weights[inner]) {
                &mut leaf
            } else {
                &mut inner
            };
            weight += weights[*lightest];
            parents[*lightest] = node;
            *lightest += 1;
        }
        weights.push(weight);
    }
    let mut depths = vec![0_usize; 2 * leaves - 1];
    let mut of_length = vec![0_usize; limit + 1];
    for node in (0..2 * leaves - 2).rev() {
        depths[node] = depths[parents[node]] + 1;
        if node < leaves {
            of_length[depths[node].min(limit)] += 1;
        }
    }
    // Kraft: the sum of 2^-length must be 1. Each pass lengthens one code to make room for one that was cut.
    let mut sum: usize = (1..=limit).map(|length| of_length[length] << (limit - length)).sum();
    while sum > 1 << limit {
        of_length[limit] -= 1;
        if let Some(length) = (1..limit).rev().find(|&length| of_length[length] > 0) {
            of_length[length] -= 1;
            of_length[length + 1] += 2;
        }
        sum -= 1;
    }
    let longest_first =
        (1..=limit).rev().flat_map(|length| std::iter::repeat_n(length as u8, of_length[length]));
    for (&symbol, length) in symbols.iter().zip(longest_first) {
        lengths[symbol] = length;
    }
    lengths
}

/// The canonical codes of these lengths, as deflate writes them: lowest bit first, with their widths.
fn codes(lengths: &[u8]) -> Vec<(u64, u32)> {
    let mut next = [0_u32; 16];
    for length in 1..15 {
        let shorter = lengths.iter().filter(|&&l| usize::from(l) == length).count() as u32;
        next[length + 1] = (next[length] + shorter) << 1;
    }
    let code = |&length: &u8| {
        if length == 0 {
            return (0, 0);
        }
        let code = next[usize::from(length)];
        next[usize::from(length)] += 1;
        (u64::from(code.reverse_bits() >> (32 - u32::from(length))), u32::from(length))
    };
    lengths.iter().map(code).collect()
}

/// Writes the lengths of both codes, run-length and Huffman coded (RFC 1951, 3.2.7).
fn write_lengths(lengths: &[u8], bits: &mut Bits) {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    // Symbol, number of extra bits, extra bits.
    let mut symbols: Vec<(usize, u32, u64)> = Vec::new();
    for same in lengths.chunk_by(|a, b| a == b) {
        let (length, mut count) = (usize::from(same[0]), same.len());
        if length > 0 {
            symbols.push((length, 0, 0));
            count -= 1;
        }
        while count >= 3 {
            let (symbol, extra_bits, least, most) = match (length, count) {
                (1.., _) => (16, 2, 3, 6),
                (0, ..11) => (17, 3, 3, 10),
                (0, _) => (18, 7, 11, 138),
            };
            let run = count.min(most);
            symbols.push((symbol, extra_bits, (run - least) as u64));
            count -= run;
        }
        symbols.extend(std::iter::repeat_n((length, 0, 0), count));
    }
    let mut counts = [0; 19];
    symbols.iter().for_each(|(symbol, ..)| counts[*symbol] += 1);
    let lengths = code_lengths(&counts, 7);
    let codes = codes(&lengths);
    let used = ORDER.iter().rposition(|&symbol| lengths[symbol] > 0).unwrap_or(0).max(3) + 1;
    bits.put(used as u64 - 4, 4);
    for &symbol in &ORDER[..used] {
        bits.put(u64::from(lengths[symbol]), 3);
    }
    for (symbol, extra_bits, extra) in symbols {
        let (code, width) = codes[symbol];
        bits.put(code | extra << width, width + extra_bits);
    }
}

/// Writes numbers of a few bits, lowest bit first.
struct Bits<'a> {
    out: &'a mut Vec<u8>,
    /// Bytes of `out` that are complete; behind them is room.
    written: usize,
    waiting: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        Self { written: out.len(), out, waiting: 0, count: 0 }
    }

    /// Makes room for so many more bytes.
    fn room(&mut self, bytes: usize) {
        self.out.resize(self.written + bytes, 0);
    }

    /// Writes the low `width` bits of `value`, at most 56; the higher ones are 0.
    #[inline(always)]
    fn put(&mut self, value: u64, width: u32) {
        self.waiting |= value << self.count;
        self.count += width;
        if let Some(room) = self.out.get_mut(self.written..self.written + 8) {
            room.copy_from_slice(&self.waiting.to_le_bytes());
        }
        self.written += (self.count / 8) as usize;
        self.waiting >>= self.count & !7;
        self.count &= 7;
    }

    /// Fills up the last byte.
    fn align(&mut self) {
        self.put(0, (8 - self.count) % 8);
    }

    /// Gives back the room that was not needed.
    fn end(self) {
        self.out.truncate(self.written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn inflate(bytes: &[u8]) -> Vec<u8> {
        let mut data = Vec::new();
        flate2::read::DeflateDecoder::new(bytes).read_to_end(&mut data).expect("a deflate stream");
        data
    }

    #[test]
    fn every_piece_comes_back() {
        let mut state = 7_u32;
        let mut random = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let mut pieces: Vec<Vec<u8>> =
            vec![vec![5], vec![1, 2], vec![0; 7], vec![9; 300_000], (0..=255).collect()];
        pieces.push((0..100_000).map(|_| random()).collect());
        pieces.push((0..400_000).map(|i| if i % 1000 < 600 { 0 } else { random() % 3 }).collect());
        pieces.push((0..50_000).map(|i| [1, 2, 3][i % 3]).collect());
        for pixel in [4, 6, 8] {
            pieces.push((0..5000).map(|i| (i % pixel) as u8).collect());
        }
        // Counts that grow like Fibonacci's numbers lead to codes beyond 15 bits.
        let (mut a, mut b) = (1, 1);
        let mut skewed = Vec::new();
        for byte in 0..24_u8 {
            for i in 0..a {
                skewed.extend([byte, if i % 2 == 0 { 100 } else { 101 }]);
            }
            (a, b) = (b, a + b);
        }
        pieces.push(skewed);
        for length in 1..600 {
            pieces.push([vec![3, 1, 4, 1], vec![5; length], vec![9, 2]].concat());
        }
        let mut stream = Vec::new();
        for pixel in [3, 4, 6, 8] {
            stream.clear();
            for (i, piece) in pieces.iter().enumerate() {
                Runs::new(pixel).deflate(piece, i + 1 == pieces.len(), &mut stream);
            }
            assert!(inflate(&stream) == pieces.concat(), "{pixel}");
        }
    }

    #[test]
    fn lengths_have_the_symbols_of_the_specification() {
        for (length, symbol) in
            [(3, 257), (10, 264), (11, 265), (12, 265), (18, 268), (19, 269), (257, 284), (258, 285)]
        {
            assert_eq!(length_symbol(length).0, symbol, "{length}");
        }
    }
}
