//! A window of a lattice of samples in the plane: the only place where a pixel becomes a point.

use num_complex::Complex;

use crate::error::Error;
use crate::number::complexexp::ComplexExp;
use crate::number::decimal::Decimal;
use crate::number::floatexp::FloatExp;
use crate::plane::axis::{Axis, Grid};

/// How a region is fitted into a picture of another aspect ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// Pixels stay square; the view grows to contain the region.
    Fit,
    /// The view is the region; pixels may not be square.
    Stretch,
}

/// The part of the plane that a view shows, with all digits that were given.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// Square pixels around a point.
    Centered {
        /// The center of the view.
        center: Complex<Decimal>,
        /// How large the view is.
        extent: Extent,
    },
    /// The rectangle between two real and two imaginary parts.
    Region {
        /// `[xmin, xmax, ymin, ymax]`.
        bounds: [Decimal; 4],
        /// How it is fitted.
        aspect: Aspect,
    },
}

impl Frame {
    /// All numbers that define it.
    pub(crate) fn numbers(&self) -> Vec<&Decimal> {
        match self {
            Self::Centered { center, extent } => {
                let extent = match extent {
                    Extent::Zoom(length) | Extent::Height(length) | Extent::Width(length) => vec![length],
                    Extent::Contains { width, height } => vec![width, height],
                };
                [vec![&center.re, &center.im], extent].concat()
            }
            Self::Region { bounds, .. } => bounds.iter().collect(),
        }
    }
}

/// The size of a view in the plane.
///
/// With [`Grid::Endpoints`] it reaches from the first sample to the last.
#[derive(Clone, Debug, PartialEq)]
pub enum Extent {
    /// The height is 4 / zoom.
    Zoom(Decimal),
    /// The height.
    Height(Decimal),
    /// The width.
    Width(Decimal),
    /// The least view that is as wide and as high as this.
    Contains {
        /// The least width.
        width: Decimal,
        /// The least height.
        height: Decimal,
    },
}

/// A rectangle of samples on a lattice in the complex plane.
///
/// Column 0 is at the left, row 0 at the top, the imaginary axis points up. A viewport may be a crop of a
/// larger lattice; its samples are then exactly the same points.
#[derive(Clone, Debug, PartialEq)]
pub struct Viewport {
    frame: Frame,
    center: Complex<Decimal>,
    re: Axis,
    im: Axis,
    /// Column and row of the lattice at which the window begins.
    left: u32,
    top: u32,
    width: u32,
    height: u32,
    /// The window has every `step`-th column and row of the lattice.
    step: u32,
}

/// The most samples along one side: a PNG side ends at 2^31 - 1.
pub const MAX_SIDE: u32 = i32::MAX as u32;

/// A length in the plane, if it is finite and above 0.
fn length(decimal: &Decimal) -> Result<FloatExp, Error> {
    let length = decimal.to_floatexp();
    if length > FloatExp::ZERO && length.mantissa().is_finite() { Ok(length) } else { Err(Error::Extent) }
}

impl Viewport {
    /// The lattice of `size` samples over a part of the plane.
    ///
    /// # Errors
    /// [`Error::Size`] for a side outside 1..=[`MAX_SIDE`], [`Error::Extent`] for a size that is not finite and above 0,
    /// [`Error::EmptyRegion`], and [`Error::BeyondF64`] for coordinates that `f64` cannot hold.
    pub fn new(frame: Frame, grid: Grid, size: (u32, u32)) -> Result<Self, Error> {
        if size.0 == 0 || size.1 == 0 || size.0 > MAX_SIDE || size.1 > MAX_SIDE {
            return Err(Error::Size(size.0, size.1));
        }
        let (center, re, im) = match &frame {
            Frame::Centered { center, extent } => {
                let spacing = spacing(extent, grid, size)?;
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
                (center.clone(), axis(&center.re, size.0), axis(&center.im, size.1))
            }
            Frame::Region { bounds, aspect } => axes_of_region(bounds, grid, *aspect, size)?,
        };
        let (width, height) = size;
        let viewport = Self { frame, center, re, im, left: 0, top: 0, width, height, step: 1 };
        if viewport.magnitude().is_finite() { Ok(viewport) } else { Err(Error::BeyondF64) }
    }

    /// A view of square pixels around `center`, `height` units of the plane high.
    ///
    /// # Errors
    /// Those of [`Viewport::new`].
    pub fn with_height(
        center: Complex<Decimal>,
        height: impl Into<FloatExp>,
        grid: Grid,
        size: (u32, u32),
    ) -> Result<Self, Error> {
        let extent = Extent::Height(Decimal::shortest(height.into()).ok_or(Error::Extent)?);
        Self::new(Frame::Centered { center, extent }, grid, size)
    }

    /// The view of a region `[xmin, xmax, ymin, ymax]`.
    ///
    /// # Errors
    /// Those of [`Viewport::new`].
    pub fn region(bounds: [Decimal; 4], grid: Grid, aspect: Aspect, size: (u32, u32)) -> Result<Self, Error> {
        Self::new(Frame::Region { bounds, aspect }, grid, size)
    }

    /// `k` by `k` samples in place of each one.
    ///
    /// # Errors
    /// [`Error::TooManySamples`] where a side would exceed [`MAX_SIDE`] samples.
    pub(crate) fn refined(&self, k: u32) -> Result<Self, Error> {
        debug_assert_eq!(self.step, 1, "all samples of a window");
        for pixels in [self.re.samples, self.im.samples] {
            if k == 0 || pixels.checked_mul(k).is_none_or(|samples| samples > MAX_SIDE) {
                return Err(Error::TooManySamples { supersample: k, pixels });
            }
        }
        Ok(Self {
            re: self.re.refined(k),
            im: self.im.refined(k),
            left: self.left * k,
            top: self.top * k,
            width: self.width * k,
            height: self.height * k,
            ..self.clone()
        })
    }

    /// A lattice of other size over the same rectangle of the plane: the whole one that this is a window of.
    pub(crate) fn resampled(&self, width: u32, height: u32) -> Self {
        let whole = self.whole();
        Self { re: self.re.resampled(width), im: self.im.resampled(height), width, height, ..whole }
    }

    /// Every `step`-th sample of every `step`-th row, from the middle of the first such cell.
    pub(crate) fn every(&self, step: u32) -> Self {
        let first = |samples: u32| step.min(samples) / 2;
        let count = |samples: u32| (samples - first(samples)).div_ceil(step);
        Self {
            left: self.left + first(self.width) * self.step,
            top: self.top + first(self.height) * self.step,
            width: count(self.width),
            height: count(self.height),
            step: self.step * step,
            ..self.clone()
        }
    }

    /// A part of this view: the same samples, `width` by `height` of them from column `left` and row `top`.
    ///
    /// # Errors
    /// [`Error::Crop`] if the part is empty or reaches outside.
    pub fn crop(&self, left: u32, top: u32, width: u32, height: u32) -> Result<Self, Error> {
        let inside = |from: u32, count: u32, all: u32| {
            count > 0 && from.checked_add(count).is_some_and(|end| end <= all)
        };
        if !inside(left, width, self.width) || !inside(top, height, self.height) {
            return Err(Error::Crop { left, top, width, height, view: (self.width, self.height) });
        }
        let (left, top) = (self.left + left * self.step, self.top + top * self.step);
        Ok(Self { left, top, width, height, ..self.clone() })
    }

    /// The part of the plane that the whole lattice shows.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The whole lattice that this is a window of.
    pub fn whole(&self) -> Self {
        debug_assert_eq!(self.step, 1, "all samples of a window");
        let (width, height) = (self.re.samples, self.im.samples);
        Self { left: 0, top: 0, width, height, ..self.clone() }
    }

    /// Column and row of the whole lattice at which the window begins.
    pub fn corner(&self) -> (u32, u32) {
        (self.left, self.top)
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

    /// Distance between neighboring samples along each axis; the whole extent if there is only one.
    pub fn spacing(&self) -> (FloatExp, FloatExp) {
        (self.re.spacing, self.im.spacing)
    }

    /// The smaller of the two spacings.
    pub(crate) fn spacing_min(&self) -> FloatExp {
        if self.re.spacing < self.im.spacing { self.re.spacing } else { self.im.spacing }
    }

    /// Real part of the samples in column `x`.
    pub fn re(&self, x: u32) -> f64 {
        debug_assert!(x < self.width, "column outside the view");
        self.re.coordinate(self.left + x * self.step)
    }

    /// Imaginary part of the samples in row `y`.
    pub fn im(&self, y: u32) -> f64 {
        debug_assert!(y < self.height, "row outside the view");
        self.im.coordinate(self.row(y))
    }

    /// The index of row `y` along the imaginary axis, which points up.
    fn row(&self, y: u32) -> u32 {
        self.im.samples - 1 - (self.top + y * self.step)
    }

    /// The point of the plane of sample (`x`, `y`).
    pub fn point(&self, x: u32, y: u32) -> Complex<f64> {
        Complex::new(self.re(x), self.im(y))
    }

    /// Sample (`x`, `y`) minus the center of the lattice, with 53 bits at any depth.
    pub fn offset(&self, x: u32, y: u32) -> ComplexExp {
        debug_assert!(x < self.width && y < self.height, "sample outside the view");
        ComplexExp::from_parts(self.re.offset(self.left + x * self.step), self.im.offset(self.row(y)))
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

/// The distance between neighbors of a view with this extent.
fn spacing(extent: &Extent, grid: Grid, size: (u32, u32)) -> Result<FloatExp, Error> {
    let sides = [size.0, size.1].map(|side| FloatExp::from(f64::from(side)));
    let [columns, rows] = [size.0, size.1].map(|side| FloatExp::from(f64::from(grid.intervals(side))));
    Ok(match extent {
        Extent::Zoom(zoom) => FloatExp::from(4.0) / length(zoom)? / rows,
        Extent::Height(height) => length(height)? / rows,
        Extent::Width(width) => length(width)? / columns,
        Extent::Contains { width, height } => {
            let (high, wide) = (length(height)?, length(width)? * sides[1] / sides[0]);
            (if high < wide { wide } else { high }) / rows
        }
    })
}

/// Center and axes of a region.
fn axes_of_region(
    [xmin, xmax, ymin, ymax]: &[Decimal; 4],
    grid: Grid,
    aspect: Aspect,
    size: (u32, u32),
) -> Result<(Complex<Decimal>, Axis, Axis), Error> {
    if xmin >= xmax || ymin >= ymax {
        return Err(Error::EmptyRegion);
    }
    let center = Complex::new((xmin.clone() + xmax.clone()).half(), (ymin.clone() + ymax.clone()).half());
    let width = xmax.clone() - xmin.clone();
    let height = ymax.clone() - ymin.clone();
    let (columns, rows) = (grid.intervals(size.0), grid.intervals(size.1));
    // Square pixels take the larger of the two spacings, width / columns and height / rows. They are compared exactly,
    // so that rounding does not move the edges of a region that fits.
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
    Ok((center, re, im))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::complex::parse_complex;

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
        let view =
            Viewport::region(bounds.clone(), Grid::Endpoints, Aspect::Fit, (800, 800)).expect("a view");
        assert_eq!((view.re(0), view.re(799)), (-2.0, 1.0));
        assert_eq!((view.im(0), view.im(799)), (1.5, -1.5));
        assert_eq!(view.re(1), 1.0 * (3.0 / 799.0) + -2.0);
        let one = Viewport::region(bounds.clone(), Grid::Endpoints, Aspect::Stretch, (1, 1)).expect("a view");
        assert_eq!((one.re(0), one.im(0)), (-2.0, -1.5));
    }

    #[test]
    fn a_view_grows_to_contain_the_region() {
        let bounds = region(["-2", "1", "-1", "1"]);
        let fit = Viewport::region(bounds.clone(), Grid::Centers, Aspect::Fit, (300, 300)).expect("a view");
        assert_eq!(fit.spacing(), (0.01.into(), 0.01.into()));
        assert_eq!(fit.im(0), 1.495);
        let stretch =
            Viewport::region(bounds.clone(), Grid::Centers, Aspect::Stretch, (300, 300)).expect("a view");
        assert_eq!(stretch.spacing(), (0.01.into(), (2.0 / 300.0).into()));
        let edges =
            Viewport::region(bounds.clone(), Grid::Endpoints, Aspect::Fit, (301, 301)).expect("a view");
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
        let every = view.every(7);
        assert_eq!((every.width(), every.height()), (92, 68));
        assert_eq!(every.point(2, 1), view.point(17, 10));
        assert_eq!(crop.whole(), view);
    }

    #[test]
    fn nonsense_is_refused() {
        let center = || parse_complex("0").expect("a point");
        assert!(Viewport::with_height(center(), 1.0, Grid::Centers, (0, 1)).is_err());
        assert!(Viewport::with_height(center(), 0.0, Grid::Centers, (1, 1)).is_err());
        assert!(Viewport::with_height(center(), f64::INFINITY, Grid::Centers, (1, 1)).is_err());
        assert!(Viewport::with_height(center(), 1.5e308, Grid::Centers, (9, 1)).is_err());
        assert!(Viewport::region(region(["1", "0", "0", "1"]), Grid::Centers, Aspect::Fit, (1, 1)).is_err());
    }
}
