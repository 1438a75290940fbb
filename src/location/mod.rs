//! Locations in the files of other programs: read into a [`Draft`](crate::Draft), and written.
//!
//! Each file of this folder knows one format. All numbers are read from their digits; a location that asks for another formula,
//! power, seed, skew or stretch is refused, and what concerns color there is left out.
//!
//! # Which way up
//!
//! Kalles Fraktaler, Fraktaler-3, DeepDrill, XaoS and Mandelbrot.site draw the imaginary axis downward, this library and Fractint
//! upward. The picture is what a location is for, so the picture is kept: the center is the complex conjugate of the one in the
//! file, digit for digit. The set is symmetric about the real axis, so the picture is the same one, and rotations keep their sense.

mod deepdrill;
mod found;
mod fractint;
mod fraktaler3;
mod kalles_fraktaler;
mod mandelbrot_site;
mod problem;
mod program;
mod value;
mod written;
mod xaos;

pub use found::Found;
pub use problem::{LocationError, LocationProblem};
pub use program::Program;
