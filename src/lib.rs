//! Mandelbrot pictures and exact escape counts.
//!
//! ```
//! use mandel::{Bailout, Coloring, Grid, Scene, View, Viewport, render};
//!
//! let home = View::named("home").expect("built in");
//! let center = mandel::parse_complex(home.center)?;
//! let viewport = Viewport::with_height(center, 2.45, Grid::Centers, (192, 108))?;
//! let scene = Scene::new(viewport, Bailout::new(home.max_iter)?, 2, Coloring::default())?;
//! let pixmap = render::pixmap(&scene)?; // on the current rayon pool
//! assert_eq!(pixmap.bytes.len(), 3 * 192 * 108);
//! # Ok::<(), mandel::Error>(())
//! ```
//!
//! # Two laws
//!
//! 1. A picture is a function of its [`Scene`]. Threads, bands, vector width and machine never change a byte.
//! 2. Numbers ([`Field`]) and colors ([`Pixmap`]) are two products. Recoloring never iterates again.
//!
//! # Layers
//!
//! A module uses only what stands above it.
//!
//! | layer | modules |
//! | --- | --- |
//! | 0 | [`error`], [`decimal`], [`color`], `log2`, [`floatexp`], [`fixed`], `orbit` |
//! | 1 | [`viewport`], [`field`], [`palette`], [`pixmap`] |
//! | 2 | [`kernel`], [`coloring`], [`encode`] |
//! | 3 | [`scene`], [`view`], [`nucleus`], [`misiurewicz`] |
//! | 4 | [`render`] |
//! | 5 | [`mod@bench`] |
//! | the binary | `cli`, `main`: command line, files, terminal |

pub mod error;

pub mod color;
pub mod decimal;
pub mod fixed;
pub mod floatexp;
mod log2;
mod orbit;

pub mod field;
pub mod palette;
pub mod pixmap;
pub mod viewport;

pub mod coloring;
pub mod encode;
pub mod kernel;

pub mod misiurewicz;
pub mod nucleus;

pub mod scene;
pub mod view;

pub mod render;

pub mod bench;

pub use color::Rgb;
pub use coloring::{Coloring, Map, Painter};
pub use decimal::{Decimal, parse_complex};
pub use error::{Error, ErrorKind};
pub use field::{Escape, Field};
pub use floatexp::{ComplexExp, FloatExp};
pub use kernel::{
    Allowance, Bailout, ExactEscape, Kernel, KernelChoice, Plan, Shortcuts, auto_max_iter, escape,
    exact_escape, plan,
};
pub use misiurewicz::Misiurewicz;
pub use nucleus::Nucleus;
pub use palette::Palette;
pub use pixmap::Pixmap;
pub use scene::Scene;
pub use view::View;
pub use viewport::{Aspect, Grid, Viewport};
