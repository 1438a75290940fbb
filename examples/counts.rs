//! Escape counts of a region, as NumPy's tutorial computes them: `cargo run --release --example counts`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "examples print")]

use mandel::{Aspect, Bailout, Coloring, Error, Grid, Scene, Viewport, render};

fn main() -> Result<(), Error> {
    let bounds = ["-2", "1", "-1.5", "1.5"].map(str::parse);
    let [xmin, xmax, ymin, ymax] = bounds;
    let viewport =
        Viewport::region([xmin?, xmax?, ymin?, ymax?], Grid::Endpoints, Aspect::Stretch, (800, 800))?;
    let scene = Scene::new(viewport, Bailout::new(1000)?.counts_alone(), 1, Coloring::default())?;
    let field = render::field(&scene)?;
    let sum: u64 = field.counts().map(u64::from).sum();
    let inside = field.escapes.iter().filter(|escape| escape.n().is_none()).count();
    println!("{}x{} counts, sum {sum}, {inside} points did not escape", field.width, field.height);
    Ok(())
}
