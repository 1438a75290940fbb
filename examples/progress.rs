//! A picture into memory, with progress, by as many threads as are wanted: `cargo run --release --example progress`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "examples print")]

use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use mandel::encode::{Format, Options};
use mandel::render::{self, Render, Target, Watch};
use mandel::{Draft, Location};

fn main() -> Result<(), Box<dyn Error>> {
    let place = Location::named("seahorse").ok_or("no such place")?;
    let draft = Draft {
        center: Some(place.center()?),
        extent: Some(place.extent()?),
        max_iter: Some(place.max_iter),
        size: Some((1280, 720)),
        ..Draft::default()
    };
    let scene = draft.scene()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let png = pool.install(|| {
        let render = Render::of(&scene)?;
        let sinks = [Format::default().sink(render::layout(&scene), Options::default())];
        let rows = render::rows_per_band(&scene, 16, &sinks);
        let mut png = Vec::new();
        let mut target = [Target { sink: sinks[0].as_ref(), to: &mut png, texts: &[] }];
        // Called on the threads that make the bands.
        let done = AtomicU32::new(0);
        let band = |band: &mandel::encode::Band| {
            let rows = band.rows.len() as u32;
            let done = done.fetch_add(rows, Ordering::Relaxed) + rows;
            eprintln!("{done} of {} rows", scene.viewport().height());
        };
        // Setting it from anywhere ends the render before the next band.
        let cancel = AtomicBool::new(false);
        let watch = Watch { band: &band, cancel: &cancel, ..Watch::none() };
        render.run(&mut target, rows, watch).map_err(|error| format!("{error:?}"))?;
        Ok::<_, Box<dyn Error + Send + Sync>>(png)
    });
    println!("a PNG of {} bytes", png.map_err(|error| error.to_string())?.len());
    Ok(())
}
