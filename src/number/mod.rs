//! Numbers that `f64` cannot hold: exact decimals, high precision, any exponent.

pub(crate) mod complex;
pub(crate) mod complexexp;
pub(crate) mod decimal;
pub(crate) mod fixed;
pub(crate) mod floatexp;
pub(crate) mod log2;
pub(crate) mod pasted;

pub use complex::{format_complex, parse_complex};
pub use complexexp::ComplexExp;
pub use decimal::{Decimal, MAX_DIGITS};
pub use floatexp::FloatExp;
pub use pasted::{parse_magnitude, parse_pasted};
