//! Points with a property, and limits: what is found by following the critical orbit.

pub(crate) mod exact;
mod explore;
mod lowest;
pub(crate) mod max_iter;
pub(crate) mod misiurewicz;
pub(crate) mod newton;
pub(crate) mod nucleus;
mod several;

pub use exact::{ExactEscape, exact_escape};
pub use max_iter::{AutoMaxIter, auto_max_iter};
pub use misiurewicz::Misiurewicz;
pub use nucleus::{Nucleus, Shape};
