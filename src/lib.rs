//! Mandelbrot pictures and exact escape counts.
//!
//! ```
//! use mandel::{Bailout, Coloring, Grid, Location, Scene, Viewport, render};
//!
//! let home = Location::named("home").expect("built in");
//! let viewport = Viewport::new(home.frame()?, Grid::Centers, (192, 108))?;
//! let scene = Scene::new(viewport, Bailout::new(home.max_iter)?, 2, Coloring::default())?;
//! let pixmap = render::pixmap(&scene)?; // on the current rayon pool
//! assert_eq!(pixmap.bytes.len(), 3 * 192 * 108);
//! # Ok::<(), mandel::Error>(())
//! ```
//!
//! # Two laws
//!
//! 1. A picture is a function of its [`Scene`]. Threads, bands, vector width, machine and cropping never change a byte.
//! 2. Numbers ([`Field`]) and colors ([`Pixmap`]) are two products. Recoloring never iterates again.
//!
//! # Wings
//!
//! A file uses only wings that stand above its own here, and imports a thing from the file that defines it.
//! See `docs/architecture.md`.
//!
//! | wing | what lives there |
//! | --- | --- |
//! | `error` | what a caller can get wrong |
//! | `number` | numbers that `f64` cannot hold |
//! | `plane` | where samples lie |
//! | `field`, `pixmap` | results of samples, and colors of pixels |
//! | `kernel` | samples in, results out |
//! | `find` | points with a property, automatic limits |
//! | `color` | from numbers to colors |
//! | `scene` | everything that determines a picture, and its text |
//! | [`location`] | locations in the files of other programs |
//! | `encode` | file formats |
//! | [`render`] | a scene into files |
//! | [`decode`] | numbers from files |
//! | [`film`] | zooms into one point |
//! | [`job`] | a large render as a folder of finished pieces |
//! | the binary: `cli`, `main` | command line, files, terminal |

mod error;

mod number;

mod plane;

mod field;
mod pixmap;

mod kernel;

mod find;

mod color;

mod scene;

pub mod location;

pub mod encode;

pub mod render;

pub mod decode;

pub mod film;

pub mod job;

pub use color::{Channel, Coloring, Curve, Edge, Interior, Light, Map, Painter, Palette, Rgb, Shading};
pub use error::{
    Error, ErrorKind, FieldProblem, FilmProblem, JobProblem, NumberProblem, PaletteProblem, SceneProblem,
    Search,
};
pub use field::{Detail, Distance, Escape, Field};
pub use find::{AutoMaxIter, ExactEscape, Misiurewicz, Nucleus, Shape, auto_max_iter, exact_escape};
pub use kernel::{
    Bailout, End, F64_SPACING, Kernel, Level, Method, Plan, Proof, Prover, Reason, ReferenceOrbit, Shortcuts,
    Smoothing, escape,
};
pub use number::{
    ComplexExp, Decimal, FloatExp, MAX_DIGITS, format_complex, parse_complex, parse_magnitude, parse_pasted,
};
pub use pixmap::Pixmap;
pub use plane::{Aspect, Extent, Frame, Grid, Location, MAX_SIDE, Projection, Rotation, Viewport};
pub use scene::{Draft, Scene, SceneValue, Supersample};

/// What only the project's own tests and benches use. It may change at any time.
#[doc(hidden)]
pub mod internals {
    pub use crate::kernel::deep::perturbation::Perturbation;
    pub use crate::kernel::plan::direct;
    pub use crate::kernel::scalar::Scalar;
}
