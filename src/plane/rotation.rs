//! The angle by which a picture is turned about the center of its view.

use std::f64::consts::PI;

use num_complex::Complex;

use crate::error::Error;
use crate::number::complexexp::ComplexExp;
use crate::number::decimal::Decimal;

/// A turn of the picture, counter-clockwise as seen, about the center of the whole lattice.
///
/// The angle is in degrees, so that quarter turns are exact, and above -180 up to 180, so that one view has one text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotation {
    degrees: f64,
    /// By which offsets are multiplied: e^(-i angle), since a picture turns against the lattice that it is sampled on.
    factor: ComplexExp,
}

impl Rotation {
    /// No turn: rows run along the real axis.
    pub const NONE: Self = Self { degrees: 0.0, factor: ComplexExp::ONE };

    /// A turn by any finite number of degrees. Whole turns are taken off, exactly.
    ///
    /// # Errors
    /// [`Error::Rotation`] if the number is not finite.
    pub fn new(degrees: f64) -> Result<Self, Error> {
        if !degrees.is_finite() {
            return Err(Error::Rotation(degrees));
        }
        // The remainder is exact, and so is each difference below, of numbers within a factor of 2 of each other.
        let rest = degrees % 360.0;
        let degrees = match rest {
            _ if rest > 180.0 => rest - 360.0,
            _ if rest <= -180.0 => rest + 360.0,
            // Turns -0 into 0.
            _ => rest + 0.0,
        };
        let quarters = libm::round(degrees / 90.0);
        // libm computes the same bits on every machine, and sin 0 = 0 and cos 0 = 1.
        let (sin, cos) = libm::sincos((degrees - quarters * 90.0) * (PI / 180.0));
        let (cos, sin) = match quarters as i32 {
            0 => (cos, sin),
            1 => (-sin, cos),
            -1 => (sin, -cos),
            _ => (-cos, -sin),
        };
        Ok(Self { degrees, factor: Complex::new(cos, -sin).into() })
    }

    /// The angle, above -180 up to 180.
    pub fn degrees(self) -> f64 {
        self.degrees
    }

    /// By which a direction in the plane is multiplied to be that in the picture: e^(i angle).
    pub(crate) fn to_picture(self) -> Complex<f64> {
        self.factor.to_f64().conj()
    }

    /// The offset from the center in the plane of a sample that has this offset on the lattice before the turn.
    pub(super) fn turned(self, offset: ComplexExp) -> ComplexExp {
        offset * self.factor
    }
}

/// A rotation about a point, both as `f64` too, for views that are not too deep for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turn {
    pub(super) rotation: Rotation,
    factor: Complex<f64>,
    center: Complex<f64>,
}

impl Turn {
    pub(super) fn new(rotation: Rotation, center: &Complex<Decimal>) -> Self {
        let center = Complex::new(center.re.to_f64(), center.im.to_f64());
        Self { rotation, factor: rotation.factor.to_f64(), center }
    }

    /// The point of a sample that has this offset before the turn. No operation is fused, so all kernels have these bits.
    #[inline(always)]
    pub(super) fn point(self, offset: Complex<f64>) -> Complex<f64> {
        self.center + offset * self.factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::complex::parse_complex;
    use crate::plane::axis::Grid;
    use crate::plane::frame::{Aspect, Extent, Frame};
    use crate::plane::viewport::Viewport;

    fn rotation(degrees: f64) -> Rotation {
        Rotation::new(degrees).expect("a finite angle")
    }

    fn length(text: &str) -> Decimal {
        text.parse().expect("a length")
    }

    fn view(center: &str, extent: Extent, size: (u32, u32), degrees: f64) -> Viewport {
        let center = parse_complex(center).expect("a point");
        let view = Viewport::new(Frame::Centered { center, extent }, Grid::Centers, size).expect("a view");
        view.with_rotation(rotation(degrees)).expect("a view")
    }

    #[test]
    fn angles_are_reduced_exactly() {
        for (given, kept) in [
            (0.0, 0.0),
            (-0.0, 0.0),
            (30.0, 30.0),
            (180.0, 180.0),
            (-180.0, 180.0),
            (181.0, -179.0),
            (-270.0, 90.0),
            (720.0, 0.0),
            (-359.99, 360.0 - 359.99),
            (-1e-300, -1e-300),
            // 2^60 modulo 360.
            ((1_u64 << 60) as f64, 136.0),
        ] {
            assert_eq!(rotation(given).degrees().to_bits(), f64::to_bits(kept), "{given}");
            assert_eq!(rotation(kept), rotation(given), "{given}");
        }
        assert_eq!(rotation(360.0), Rotation::NONE);
        for degrees in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(matches!(Rotation::new(degrees), Err(Error::Rotation(_))));
        }
    }

    #[test]
    fn factors_are_those_of_the_angle() {
        let factor = |degrees: f64| rotation(degrees).factor.to_f64();
        for (degrees, re, im) in [(0.0, 1.0, 0.0), (90.0, 0.0, -1.0), (180.0, -1.0, 0.0), (270.0, 0.0, 1.0)] {
            assert_eq!(factor(degrees), Complex::new(re, im), "{degrees}");
        }
        for degrees in (-180..=180).map(|step| f64::from(step) * 0.997) {
            let expected = Complex::from_polar(1.0, -degrees.to_radians());
            assert!((factor(degrees) - expected).norm() < 4e-16, "{degrees}");
            assert_eq!(factor(-degrees), factor(degrees).conj(), "{degrees}");
        }
    }

    /// A picture that is turned by 90 degrees has the right edge of the other at its top.
    #[test]
    fn quarter_turns_have_the_points_of_the_other_lattice() {
        for (center, side) in [("-0.7453+0.1127i", "1.3e-4"), ("0", "0.01"), ("-1.75", "3e-700")] {
            for (width, height) in [(6, 6), (7, 4), (1, 5)] {
                let (wide, high) = (Extent::Width(length(side)), Extent::Height(length(side)));
                let plain = view(center, wide.clone(), (width, height), 0.0);
                let across = (height, width);
                for (size, degrees) in
                    [(across, 90.0), ((width, height), 180.0), (across, 270.0), (across, -90.0)]
                {
                    let extent = if degrees == 180.0 { &wide } else { &high };
                    let turned = view(center, extent.clone(), size, degrees);
                    for (x, y) in (0..size.1).flat_map(|y| (0..size.0).map(move |x| (x, y))) {
                        let (from_x, from_y) = match degrees {
                            90.0 => (width - 1 - y, x),
                            180.0 => (width - 1 - x, height - 1 - y),
                            _ => (y, height - 1 - x),
                        };
                        assert_eq!(turned.point(x, y), plain.point(from_x, from_y), "{degrees}: {x},{y}");
                        assert_eq!(turned.offset(x, y), plain.offset(from_x, from_y), "{degrees}: {x},{y}");
                    }
                    assert_eq!(turned.magnitude(), plain.magnitude());
                }
            }
        }
    }

    /// Against exact decimals: a turn by the angle whose cosine is 0.6 and whose sine is 0.8.
    #[test]
    fn points_are_turned_about_the_center() {
        let degrees = libm::atan2(0.8, 0.6).to_degrees();
        for (spacing, tenth, error) in
            [("1e-3", "1e-4", "3e-17"), ("1e-300", "1e-301", "3e-314"), ("1e-4000", "1e-4001", "3e-4014")]
        {
            let view = view("-0.5+0.25i", Extent::Width(length(spacing).times(40)), (40, 30), degrees);
            for (x, y) in [(0, 0), (39, 29), (39, 0), (17, 4)] {
                // The offset before the turn, in half spacings. The picture turns counter-clockwise, so the lattice turns
                // clockwise.
                let (dx, dy) = (2 * x as i32 - 39, 29 - 2 * y as i32);
                let expected = [6 * dx + 8 * dy, 6 * dy - 8 * dx].map(|tenths| {
                    let size = length(tenth).times(tenths.unsigned_abs()).half();
                    if tenths < 0 { -size } else { size }
                });
                let found = view.offset(x, y).parts();
                for (found, expected) in [found.0, found.1].into_iter().zip(&expected) {
                    let off = Decimal::from(found) - expected.clone();
                    assert!(off < length(error) && -off < length(error), "{spacing}: {x},{y}");
                }
                let point = view.point(x, y);
                let [re, im] = expected.map(|part| part.to_f64());
                assert!((point - Complex::new(re - 0.5, im + 0.25)).norm() < 3e-16, "{spacing}: {x},{y}");
            }
        }
    }

    #[test]
    fn parts_of_a_turned_view_have_its_points() {
        let view = view("-0.7453+0.1127i", Extent::Height(length("0.0065")), (641, 479), 33.3);
        let crop = view.crop(17, 33, 100, 50).expect("a crop");
        assert_eq!(crop.point(3, 4), view.point(20, 37));
        assert_eq!(crop.offset(3, 4), view.offset(20, 37));
        let finer = crop.refined(3).expect("a finer crop");
        assert_eq!(finer.point(1, 1), view.refined(3).expect("finer").point(52, 100));
        assert_eq!(view.every(7).point(2, 1), view.point(17, 10));
        assert_eq!(crop.whole(), view);
        assert_eq!(crop.rotation().degrees(), 33.3);
    }

    #[test]
    fn a_turned_view_reaches_as_far() {
        for grid in [Grid::Centers, Grid::Endpoints] {
            let bounds = ["-2", "1", "-0.5", "0.75"].map(|text| text.parse().expect("a number"));
            let plain = Viewport::region(bounds, grid, Aspect::Stretch, (31, 17)).expect("a view");
            let turned = plain.clone().with_rotation(rotation(-72.0)).expect("a view");
            assert_eq!(
                (turned.extent(), turned.spacing(), turned.radius()),
                (plain.extent(), plain.spacing(), plain.radius())
            );
            let all = || (0..17).flat_map(|y| (0..31).map(move |x| (x, y)));
            let reach = all().map(|(x, y)| turned.offset(x, y).abs().to_f64()).fold(0.0, f64::max);
            assert!((reach / turned.radius().to_f64() - 1.0).abs() < 1e-15);
            let largest = all()
                .map(|(x, y)| turned.point(x, y))
                .fold(0.0, |largest: f64, point| largest.max(point.re.abs()).max(point.im.abs()));
            assert_eq!(turned.magnitude(), largest);
        }
    }
}
