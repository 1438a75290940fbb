//! The tiles of a deep view, which share one reference orbit: `cargo run --release --example tiles`.
//!
//! A tile is a part of the whole lattice, so its counts are those that the whole has there.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "examples print")]

use std::sync::atomic::AtomicU64;

use mandel::{Bailout, Error, Escape, Grid, Location, Plan, Viewport};

fn main() -> Result<(), Error> {
    const TILE: u32 = 64;
    let place = Location::named("leaves").expect("a built-in view");
    let bailout = Bailout::new(place.max_iter)?;
    let whole = Viewport::new(place.frame()?, Grid::Centers, (256, 128))?;
    // Once: the orbit of the center, with as many bits as 5e113 takes.
    let steps = AtomicU64::new(0);
    let orbit = Plan::new(&whole, bailout, None).reference(None, u64::MAX, &steps)?;
    for top in (0..whole.height()).step_by(TILE as usize) {
        for left in (0..whole.width()).step_by(TILE as usize) {
            let tile = whole.crop(left, top, TILE, TILE)?;
            let kernel = Plan::new(&tile, bailout, None).kernel_within(orbit.clone(), u64::MAX, &steps)?;
            let mut escapes = vec![Escape::NONE; (TILE * TILE) as usize];
            kernel.iterate(0..TILE, 0..TILE, &mut escapes);
            let least = escapes.iter().filter_map(|escape| escape.n()).min();
            println!("tile at {left},{top}: least count {least:?}");
        }
    }
    Ok(())
}
