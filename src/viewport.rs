//! A window of the plane on a lattice of samples: the only place where a pixel becomes a point.

use num_complex::Complex;

use crate::{ComplexExp, Decimal, Error, FloatExp};

/// Where the samples of a row or column lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// Each pixel is a small rectangle, sampled at its center.
    Centers,
    /// The first and the last sample lie on the edges of the view, as with `numpy.linspace`.
    Endpoints,
}

/// What happens where region and picture differ in shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// Pixels stay square; the view grows to contain the region.
    Fit,
    /// The view is the region; pixels may not be square.
    Stretch,
}

impl Grid {
    /// How many spacings fit between the edges of a row of `samples`.
    fn intervals(self, samples: u32) -> u32 {
        match self {
            Self::Centers => samples,
            Self::Endpoints => (samples - 1).max(1),
        }
    }
}

/// The coordinates of the samples along one axis, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Axis {
    samples: u32,
    /// Distance between neighbours; the length of the axis if there is only one sample.
    spacing: FloatExp,
    place: Place,
}

/// The coordinates as `f64`, for views that are not too deep for it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Centers { center: f64 },
    Endpoints { first: f64, last: f64 },
}

impl Axis {
    fn centers(center: f64, spacing: FloatExp, samples: u32) -> Self {
        Self { samples, spacing, place: Place::Centers { center } }
    }

    fn endpoints(first: f64, last: f64, spacing: FloatExp, samples: u32) -> Self {
        Self { samples, spacing, place: Place::Endpoints { first, last } }
    }

    fn grid(self) -> Grid {
        match self.place {
            Place::Centers { .. } => Grid::Centers,
            Place::Endpoints { .. } => Grid::Endpoints,
        }
    }

    /// Twice the place of sample `i` from the middle, in spacings.
    fn factor(self, i: u32) -> i64 {
        2 * i64::from(i) + 1 - i64::from(self.samples)
    }

    /// The coordinate of sample `i`, from the integer alone, so that every row, band and vector lane
    /// computes the same point.
    fn coordinate(self, i: u32) -> f64 {
        match self.place {
            // The factor is odd-symmetric in i and exact, so mirrored samples of a view
            // centered on an axis are exact negatives of each other.
            Place::Centers { center } => center + self.factor(i) as f64 * (self.spacing.to_f64() / 2.0),
            // numpy.linspace: i * step + first, not fused, and the last entry set to the end.
            Place::Endpoints { first, last } => {
                if i > 0 && i == self.samples - 1 {
                    last
                } else if i == 0 {
                    first
                } else {
                    f64::from(i) * ((last - first) / f64::from(self.samples - 1)) + first
                }
            }
        }
    }

    /// The distance of sample `i` from the middle of the axis.
    fn offset(self, i: u32) -> FloatExp {
        // A single endpoint is the first.
        let alone = self.samples == 1 && self.grid() == Grid::Endpoints;
        let factor = if alone { -1 } else { self.factor(i) };
        FloatExp::from(factor as f64) * (self.spacing * FloatExp::new(1.0, -1))
    }

    /// From edge to edge.
    fn extent(self) -> FloatExp {
        self.spacing * FloatExp::from(f64::from(self.grid().intervals(self.samples)))
    }

    fn refined(self, k: u32) -> Self {
        let samples = self.samples * k;
        let spacing = match self.place {
            Place::Centers { .. } => self.spacing / FloatExp::from(f64::from(k)),
            Place::Endpoints { .. } => {
                self.extent() / FloatExp::from(f64::from(Grid::Endpoints.intervals(samples)))
            }
        };
        Self { samples, spacing, ..self }
    }
}

/// A rectangle of samples on a lattice in the complex plane.
///
/// Column 0 is at the left, row 0 at the top, the imaginary axis points up. A viewport may be a crop of a
/// larger lattice; its samples are then the very same points.
#[derive(Clone, Debug, PartialEq)]
pub struct Viewport {
    center: Complex<Decimal>,
    re: Axis,
    im: Axis,
    /// Place of the window on the lattice.
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

/// The most samples along one side: a PNG side ends at 2^31 - 1.
pub const MAX_SIDE: u32 = i32::MAX as u32;

fn check_size(width: u32, height: u32) -> Result<(), Error> {
    if width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE {
        return Err(Error::Scene(format!(
            "the size {width}x{height} is outside 1x1 to {MAX_SIDE}x{MAX_SIDE}"
        )));
    }
    Ok(())
}

fn check_extent(extent: FloatExp) -> Result<FloatExp, Error> {
    if extent > FloatExp::ZERO && extent.mantissa().is_finite() {
        Ok(extent)
    } else {
        Err(Error::Scene("the width and height of a view must be numbers above 0".into()))
    }
}

impl Viewport {
    /// A view of square pixels around `center`, `height` units of the plane high.
    ///
    /// With [`Grid::Endpoints`] the height reaches from the first row of samples to the last.
    ///
    /// # Errors
    /// [`Error::Scene`] for a size outside 1..=[`MAX_SIDE`], or a height that is not above 0.
    pub fn with_height(
        center: Complex<Decimal>,
        height: impl Into<FloatExp>,
        grid: Grid,
        size: (u32, u32),
    ) -> Result<Self, Error> {
        check_size(size.0, size.1)?;
        let height = check_extent(height.into())?;
        Self::square(center, height / FloatExp::from(f64::from(grid.intervals(size.1))), grid, size)
    }

    /// As [`Viewport::with_height`], but the width of the view is given.
    ///
    /// # Errors
    /// As there.
    pub fn with_width(
        center: Complex<Decimal>,
        width: impl Into<FloatExp>,
        grid: Grid,
        size: (u32, u32),
    ) -> Result<Self, Error> {
        check_size(size.0, size.1)?;
        let width = check_extent(width.into())?;
        Self::square(center, width / FloatExp::from(f64::from(grid.intervals(size.0))), grid, size)
    }

    fn square(
        center: Complex<Decimal>,
        spacing: FloatExp,
        grid: Grid,
        size: (u32, u32),
    ) -> Result<Self, Error> {
        let axis = |center: &Decimal, samples: u32| {
            let center = center.to_f64();
            match grid {
                Grid::Centers => Axis::centers(center, spacing, samples),
                Grid::Endpoints => {
                    let reach = spacing.to_f64() * f64::from(samples - 1) / 2.0;
                    Axis::endpoints(center - reach, center + reach, spacing, samples)
                }
            }
        };
        let (re, im) = (axis(&center.re, size.0), axis(&center.im, size.1));
        Self::whole(center, re, im)
    }

    /// The view of a region `[xmin, xmax, ymin, ymax]`.
    ///
    /// # Errors
    /// [`Error::Scene`] for a size outside 1..=[`MAX_SIDE`], or a region that is empty or not finite.
    pub fn region(
        [xmin, xmax, ymin, ymax]: &[Decimal; 4],
        grid: Grid,
        aspect: Aspect,
        size: (u32, u32),
    ) -> Result<Self, Error> {
        check_size(size.0, size.1)?;
        if xmin >= xmax || ymin >= ymax {
            return Err(Error::Scene("the region is empty".into()));
        }
        let center = Complex::new((xmin.clone() + xmax.clone()).half(), (ymin.clone() + ymax.clone()).half());
        let width = xmax.clone() - xmin.clone();
        let height = ymax.clone() - ymin.clone();
        let (columns, rows) = (grid.intervals(size.0), grid.intervals(size.1));
        // Square pixels take the larger of the two spacings; compared exactly, width / columns
        // against height / rows, so that a region that fits is not moved by a rounding.
        let keeps = |binding: bool| binding || aspect == Aspect::Stretch;
        let across = width.times(rows);
        let down = height.times(columns);
        let (across_spacing, down_spacing) = (
            width.to_floatexp() / FloatExp::from(f64::from(columns)),
            height.to_floatexp() / FloatExp::from(f64::from(rows)),
        );
        let spacing = if across >= down { across_spacing } else { down_spacing };
        let axis = |keep: bool, center: &Decimal, ends: [&Decimal; 2], own: FloatExp, samples: u32| {
            let (center, [first, last]) = (center.to_f64(), ends.map(Decimal::to_f64));
            match (grid, keep) {
                (Grid::Centers, true) => Axis::centers(center, own, samples),
                (Grid::Centers, false) => Axis::centers(center, spacing, samples),
                (Grid::Endpoints, true) => Axis::endpoints(first, last, own, samples),
                (Grid::Endpoints, false) => {
                    let reach = spacing.to_f64() * f64::from(samples - 1) / 2.0;
                    Axis::endpoints(center - reach, center + reach, spacing, samples)
                }
            }
        };
        let re = axis(keeps(across >= down), &center.re, [xmin, xmax], across_spacing, size.0);
        let im = axis(keeps(down >= across), &center.im, [ymin, ymax], down_spacing, size.1);
        Self::whole(center, re, im)
    }

    fn whole(center: Complex<Decimal>, re: Axis, im: Axis) -> Result<Self, Error> {
        let (width, height) = (re.samples, im.samples);
        let viewport = Self { center, re, im, left: 0, top: 0, width, height };
        if viewport.magnitude().is_finite() {
            Ok(viewport)
        } else {
            Err(Error::Scene("the view reaches beyond the largest f64, about 1.8e308".into()))
        }
    }

    /// `k` by `k` samples in place of each one.
    ///
    /// # Errors
    /// [`Error::Scene`] where a side would exceed [`MAX_SIDE`] samples.
    pub fn refined(&self, k: u32) -> Result<Self, Error> {
        for samples in [self.re.samples, self.im.samples] {
            if k == 0 || samples.checked_mul(k).is_none_or(|n| n > MAX_SIDE) {
                return Err(Error::Scene(format!(
                    "{k} samples for each of {samples} pixels along a side are more than {MAX_SIDE}; use a \
                     smaller size or less supersampling"
                )));
            }
        }
        Ok(Self {
            center: self.center.clone(),
            re: self.re.refined(k),
            im: self.im.refined(k),
            left: self.left * k,
            top: self.top * k,
            width: self.width * k,
            height: self.height * k,
        })
    }

    /// A part of this view: the same samples, `width` by `height` of them from column `left` and row `top`.
    ///
    /// # Errors
    /// [`Error::Scene`] if the part is empty or reaches outside.
    pub fn crop(&self, left: u32, top: u32, width: u32, height: u32) -> Result<Self, Error> {
        let inside = |from: u32, count: u32, all: u32| {
            count > 0 && from.checked_add(count).is_some_and(|end| end <= all)
        };
        if !inside(left, width, self.width) || !inside(top, height, self.height) {
            return Err(Error::Scene(format!(
                "a part of {width}x{height} at {left},{top} does not lie in a view of {}x{}",
                self.width, self.height
            )));
        }
        Ok(Self { left: self.left + left, top: self.top + top, width, height, ..self.clone() })
    }

    /// Samples in a row.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows of samples.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Where the samples lie.
    pub fn grid(&self) -> Grid {
        self.re.grid()
    }

    /// Center of the lattice, exactly.
    pub fn center(&self) -> &Complex<Decimal> {
        &self.center
    }

    /// Distance between neighbouring samples along each axis; the whole extent where there is only one.
    pub fn spacing(&self) -> (FloatExp, FloatExp) {
        (self.re.spacing, self.im.spacing)
    }

    /// Real part of the samples in column `x`.
    pub fn re(&self, x: u32) -> f64 {
        debug_assert!(x < self.width, "column outside the view");
        self.re.coordinate(self.left + x)
    }

    /// Imaginary part of the samples in row `y`.
    pub fn im(&self, y: u32) -> f64 {
        debug_assert!(y < self.height, "row outside the view");
        self.im.coordinate(self.im.samples - 1 - (self.top + y))
    }

    /// The point of the plane that sample (`x`, `y`) stands for.
    pub fn point(&self, x: u32, y: u32) -> Complex<f64> {
        Complex::new(self.re(x), self.im(y))
    }

    /// The way from the center of the lattice to sample (`x`, `y`), with 53 bits at any depth.
    pub fn offset(&self, x: u32, y: u32) -> ComplexExp {
        debug_assert!(x < self.width && y < self.height, "sample outside the view");
        let row = self.im.samples - 1 - (self.top + y);
        ComplexExp::from_parts(self.re.offset(self.left + x), self.im.offset(row))
    }

    /// The largest distance of a sample from the center of the lattice.
    pub fn radius(&self) -> FloatExp {
        ComplexExp::from_parts(self.re.offset(0), self.im.offset(0)).abs()
    }

    /// The largest absolute value of a coordinate in the whole lattice.
    pub fn magnitude(&self) -> f64 {
        [self.re, self.im]
            .iter()
            .flat_map(|axis| [axis.coordinate(0), axis.coordinate(axis.samples - 1)])
            .fold(0.0, |largest, coordinate| coordinate.abs().max(largest))
    }

    /// Width and height of the whole lattice in the plane, from edge to edge.
    pub fn extent(&self) -> (FloatExp, FloatExp) {
        (self.re.extent(), self.im.extent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_complex;

    fn region(bounds: [&str; 4]) -> [Decimal; 4] {
        bounds.map(|text| text.parse().expect(text))
    }

    #[test]
    fn mirrored_rows_are_exact_negatives() {
        let center = parse_complex("-0.65").expect("a point");
        let view = Viewport::with_height(center, 2.45, Grid::Centers, (7, 1080)).expect("a view");
        for y in 0..540 {
            assert_eq!(view.im(y), -view.im(1079 - y));
        }
        assert!(view.im(0) > 0.0, "the imaginary axis points up");
    }

    #[test]
    fn endpoints_are_those_of_linspace() {
        let bounds = region(["-2", "1", "-1.5", "1.5"]);
        let view = Viewport::region(&bounds, Grid::Endpoints, Aspect::Fit, (800, 800)).expect("a view");
        assert_eq!((view.re(0), view.re(799)), (-2.0, 1.0));
        assert_eq!((view.im(0), view.im(799)), (1.5, -1.5));
        assert_eq!(view.re(1), 1.0 * (3.0 / 799.0) + -2.0);
        let one = Viewport::region(&bounds, Grid::Endpoints, Aspect::Stretch, (1, 1)).expect("a view");
        assert_eq!((one.re(0), one.im(0)), (-2.0, -1.5));
    }

    #[test]
    fn a_view_grows_to_contain_the_region() {
        let bounds = region(["-2", "1", "-1", "1"]);
        let fit = Viewport::region(&bounds, Grid::Centers, Aspect::Fit, (300, 300)).expect("a view");
        assert_eq!(fit.spacing(), (0.01.into(), 0.01.into()));
        assert_eq!(fit.im(0), 1.495);
        let stretch = Viewport::region(&bounds, Grid::Centers, Aspect::Stretch, (300, 300)).expect("a view");
        assert_eq!(stretch.spacing(), (0.01.into(), (2.0 / 300.0).into()));
        let edges = Viewport::region(&bounds, Grid::Endpoints, Aspect::Fit, (301, 301)).expect("a view");
        assert_eq!((edges.re(0), edges.re(300), edges.im(300)), (-2.0, 1.0, -1.5));
    }

    #[test]
    fn a_crop_has_the_same_points() {
        let center = parse_complex("-0.7453+0.1127i").expect("a point");
        let view = Viewport::with_height(center, 0.0065, Grid::Centers, (641, 479)).expect("a view");
        let crop = view.crop(17, 33, 100, 50).expect("a crop");
        assert_eq!(crop.point(3, 4), view.point(20, 37));
        let finer = crop.refined(3).expect("a finer crop");
        assert_eq!(finer.point(1, 1), view.refined(3).expect("finer").point(52, 100));
        assert!(view.crop(600, 0, 42, 1).is_err());
    }

    #[test]
    fn nonsense_is_refused() {
        let center = || parse_complex("0").expect("a point");
        assert!(Viewport::with_height(center(), 1.0, Grid::Centers, (0, 1)).is_err());
        assert!(Viewport::with_height(center(), 0.0, Grid::Centers, (1, 1)).is_err());
        assert!(Viewport::with_height(center(), f64::INFINITY, Grid::Centers, (1, 1)).is_err());
        assert!(Viewport::with_height(center(), 1.5e308, Grid::Centers, (9, 1)).is_err());
        assert!(Viewport::region(&region(["1", "0", "0", "1"]), Grid::Centers, Aspect::Fit, (1, 1)).is_err());
    }
}
