//! Deep views: deltas to one orbit of high precision.
#![allow(missing_docs)]
pub mod bla;
pub mod reference_orbit;
