//! The Mandelbrot bitmap of the Benchmarks Game at N = 16000: `cargo bench --bench benchmarks_game`.
//!
//! 50 iterations for each of 256 million points, one bit a point; the MD5 of the file is known from many programs.
//! `THREADS=1 cargo bench ...` for another number of threads than there are CPUs.
#![allow(clippy::print_stdout, reason = "prints its table")]

use std::io;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

use md5::{Digest, Md5};

use mandel::encode::{Append, Band, Encoder, Footprint, Needs, Out, Piece, Sink, Texts};
use mandel::render::{Making, Render, Target, Watch};
use mandel::{Aspect, Bailout, Coloring, Decimal, Escape, Grid, Plan, Scene, Viewport};

const SIZE: u32 = 16_000;
const MD5: &str = "8c2ed8883de64eccd3154ac612021fe8";

fn main() {
    // The samples are x = 2 i / N - 1.5 and y = 2 j / N - 1 for i and j from 0 to N - 1, and the file begins with the
    // smallest y. This view has the conjugates of these points, which have the same counts, and begins with the largest.
    let bounds: [Decimal; 4] =
        ["-1.5", "0.499875", "-0.999875", "1"].map(|text| text.parse().expect("a number"));
    let viewport = Viewport::region(bounds, Grid::Endpoints, Aspect::Stretch, (SIZE, SIZE)).expect("a view");
    let bailout = Bailout::new(50).expect("a limit").counts_alone();
    let scene = Scene::new(viewport, bailout, 1, Coloring::default()).expect("a scene");
    let threads = std::env::var("THREADS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let mut times: Vec<f64> = (0..7)
        .map(|_| {
            let start = Instant::now();
            let bitmap = pool.install(|| bitmap(&scene));
            let seconds = start.elapsed().as_secs_f64();
            let hash: String = Md5::digest(&bitmap).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, MD5);
            seconds
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "N = {SIZE}, {} threads: {:.3} s (least), {:.3} s (median), MD5 {MD5}",
        pool.current_num_threads(),
        times[0],
        times[times.len() / 2]
    );
}

/// The file.
fn bitmap(scene: &Scene) -> Vec<u8> {
    let plan = &Plan::new(scene.samples(), scene.bailout(), None);
    let steps = &AtomicU64::new(0);
    let making = Making { plan, known: None, max_steps: u64::MAX, steps, colors: false };
    let render = Render::new(scene, making).expect("a kernel");
    let mut file = Vec::new();
    let target = Target { sink: &Pbm, to: &mut file, texts: &[] };
    render.run(&mut [target], 2, Watch::none()).expect("memory");
    file
}

/// A portable bitmap (P4), black where samples do not escape, with a width that is a multiple of 8.
struct Pbm;

impl Sink for Pbm {
    fn needs(&self) -> Needs {
        Needs { rows: 1, numbers: true, ..Needs::default() }
    }

    fn footprint(&self) -> Footprint {
        Footprint { piece: 1, ..Footprint::default() }
    }

    fn least_size(&self) -> u64 {
        u64::from(SIZE) * u64::from(SIZE) / 8
    }

    fn encoder(&self) -> Box<dyn Encoder + '_> {
        Box::new(Bits)
    }

    fn begin<'a>(&self, to: &'a mut dyn Out, _: Texts) -> io::Result<Box<dyn Append + 'a>> {
        write!(to, "P4\n{SIZE} {SIZE}\n")?;
        Ok(Box::new(Bytes(to)))
    }
}

struct Bits;

impl Encoder for Bits {
    fn encode(&mut self, band: &Band, pieces: &mut Vec<Piece>) {
        let byte = |samples: &[Escape; 8]| {
            samples.iter().fold(0, |byte, sample| byte << 1 | u8::from(sample.n().is_none()))
        };
        let bytes = band.escapes.as_chunks().0.iter().map(byte).collect();
        pieces.push(Piece { bytes, ..Piece::default() });
    }
}

struct Bytes<'a>(&'a mut dyn Out);

impl Append for Bytes<'_> {
    fn append(&mut self, piece: Piece) -> io::Result<()> {
        self.0.write_all(&piece.bytes)
    }

    fn finish(self: Box<Self>) -> io::Result<()> {
        Ok(())
    }
}
