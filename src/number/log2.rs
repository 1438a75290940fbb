//! The base-2 logarithm, the same to the last bit on every machine.
//!
//! Smooth counts and colors need a logarithm per sample, and those of system libraries differ in the last bit. This one
//! is a fixed sequence of IEEE operations without branches, which compilers vectorize.

/// Base-2 logarithm of a positive normal number, within 2e-7 (absolute below 1, relative above).
///
/// An infinite argument gives 128, the exponent that follows the largest finite one.
///
/// With x = 2^e m and m in [sqrt(1/2), sqrt(2)), log2 x = e + (2 / ln 2) artanh(s), s = (m - 1) / (m + 1).
/// There |s| <= 0.1716, and the first term left out of artanh(s) = s + s^3/3 + s^5/5 + s^7/7 + ...
/// is at most (2 / ln 2) 0.1716^9 / 9 = 4.2e-8, less than the rounding error of the others.
#[inline(always)]
pub(crate) fn log2(x: f32) -> f32 {
    /// The bits of sqrt(1/2). With them subtracted, the exponent field changes at sqrt(1/2) 2^k.
    const SQRT_HALF: i32 = 0x3f35_04f3;
    /// 2 / ln 2 divided by 1, 3, 5 and 7.
    const C1: f32 = 2.885_39;
    const C3: f32 = 0.961_796_7;
    const C5: f32 = 0.577_078;
    const C7: f32 = 0.412_198_6;
    let bits = x.to_bits() as i32;
    let e = (bits - SQRT_HALF) >> 23;
    let m = f32::from_bits((bits - (e << 23)) as u32);
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    e as f32 + s * (C1 + s2 * (C3 + s2 * (C5 + s2 * C7)))
}

#[cfg(test)]
mod tests {
    use super::log2;

    #[test]
    fn agrees_with_the_double_precision_logarithm() {
        let mut x = 1e-30_f32;
        while x < 1e30 {
            let truth = libm::log2(f64::from(x));
            let error = (f64::from(log2(x)) - truth).abs();
            assert!(error <= 2e-7 * truth.abs().max(1.0), "log2({x}) is {}, not {truth}", log2(x));
            x *= 1.000_37;
        }
    }

    #[test]
    fn powers_of_two_are_exact() {
        for e in -126..=127 {
            assert_eq!(log2(2_f32.powi(e)), e as f32);
        }
        assert_eq!(log2(f32::INFINITY), 128.0);
    }
}
