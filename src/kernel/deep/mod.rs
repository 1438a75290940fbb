//! Deep views: every sample as a small delta to one reference orbit of high precision (perturbation).
//!
//! One mechanism for all depths: [`reference_orbit`] computes one orbit with as many bits as the view needs; [`sample`]
//! iterates the delta of one sample to it, in `f64`, or with a separate exponent while the delta is too small for
//! that; [`bla`] makes many such iterations at once; [`perturbation`] is the kernel. There are no glitches to detect or
//! repair, since a sample that comes nearer to 0 than to the reference is rebased: compared with its start again.
//!
//! # Symbols
//!
//! | here | literature | meaning |
//! | --- | --- | --- |
//! | C | C, c_0 | the point whose orbit is the reference |
//! | Z_m | Z_m, X_n | the reference orbit: Z_0 = 0, Z_{m+1} = Z_m^2 + C |
//! | m | m | index of the Z that the sample is compared with; 0 again after a rebase |
//! | n | n | iterations of the sample; n >= m |
//! | c | c, delta, delta_0 | from C to the point of the sample |
//! | z | z, Delta_n, delta_n | from Z_m to the orbit of the sample |
//! | f | Z + z, Y_n | the orbit of the sample itself: f = Z_m + z |
//! | w | 2 Z + z | w = Z_m + f |
//! | u | - | u = w z, the next delta without c |
//! | `gap` | - | 4 - \|Z_m\|^2: the sample has escaped when \|f\|^2 - \|Z_m\|^2 exceeds it |
//! | a, b | A, B | the linear coefficients of a block: z_out = (a + s u) u + b c; in the literature of z, here of u |
//! | s | - | the coefficient of u^2 in a block |
//! | `radius` | R, r | a block holds while \|u\| is below it; in the literature a bound of \|z\| |
//! | d | dZ/dc, J | the derivative of z, and of f, by c, which is measured in `unit` |
//! | r | r | of a view: the largest \|c\| of its samples |
//! | `unit` | - | the power of two that c is measured in where it would leave the range of `f64` |
//!
//! X_n, Delta_n and delta_0 are those of K. I. Martin, "SuperFractalThing maths", 2013; Z, z, C, c, A, B and R those of
//! C. Heiland-Allen, "Deep zoom theory and practice (again)", 2022.

pub(crate) mod attractor;
pub(crate) mod bla;
pub(crate) mod certainty;
pub(crate) mod circle;
pub(crate) mod derivative;
#[cfg(target_arch = "x86_64")]
pub(crate) mod lanes_avx2;
pub(crate) mod perturbation;
pub(crate) mod reference_orbit;
#[cfg(target_arch = "x86_64")]
pub(crate) mod row_avx2;
pub(crate) mod sample;
