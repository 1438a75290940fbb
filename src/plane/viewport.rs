//! A window of a lattice of samples in the plane: the only place where a pixel becomes a point.

use std::ops::Range;

use num_complex::Complex;

use crate::error::Error;
use crate::number::complexexp::ComplexExp;
use crate::number::decimal::Decimal;
use crate::number::floatexp::FloatExp;
use crate::plane::axis::{Axis, Grid};
use crate::plane::frame::{Aspect, Extent, Frame, strip};
use crate::plane::rotation::{Rotation, Turn};
use crate::plane::strip::Strip;

/// A rectangle of samples on a lattice in the complex plane.
///
/// Column 0 is at the left, row 0 at the top, and the imaginary axis points up unless the lattice is rotated about its
/// center. A viewport may be a crop of a larger lattice; its samples are then exactly the same points.
#[derive(Clone, Debug, PartialEq)]
pub struct Viewport {
    frame: Frame,
    center: Complex<Decimal>,
    re: Axis,
    im: Axis,
    /// Nothing where rows and columns run along the axes of the plane.
    turn: Option<Turn>,
    /// Where columns are angles and rows are distances; then the axes only hold how many, and how far apart they are at the end.
    strip: Option<Strip>,
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

impl Viewport {
    /// The lattice of `size` samples over a part of the plane.
    ///
    /// # Errors
    /// [`Error::Size`] for a side outside 1..=[`MAX_SIDE`], [`Error::Extent`] for a size that is not finite and above 0,
    /// [`Error::EmptyRegion`], [`Error::BeyondF64`] for coordinates that `f64` cannot hold, and [`Error::Endpoints`] for an exponential
    /// map with samples on its edges.
    pub fn new(frame: Frame, grid: Grid, size: (u32, u32)) -> Result<Self, Error> {
        if size.0 == 0 || size.1 == 0 || size.0 > MAX_SIDE || size.1 > MAX_SIDE {
            return Err(Error::Size(size.0, size.1));
        }
        let (center, re, im) = frame.axes(grid, size)?;
        let (width, height) = size;
        let strip = match &frame {
            Frame::Exponential { .. } if grid == Grid::Endpoints => return Err(Error::Endpoints),
            Frame::Exponential { center, zoom } => Some(strip(center, zoom, size)?),
            _ => None,
        };
        let viewport =
            Self { frame, center, re, im, turn: None, strip, left: 0, top: 0, width, height, step: 1 };
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

    /// This lattice, turned about its center by `rotation` instead of the one that it has.
    ///
    /// # Errors
    /// [`Error::BeyondF64`] for coordinates that `f64` cannot hold.
    pub fn with_rotation(self, rotation: Rotation) -> Result<Self, Error> {
        let turn = (rotation != Rotation::NONE).then(|| Turn::new(rotation, &self.center));
        let viewport = Self { turn, ..self };
        if viewport.magnitude().is_finite() { Ok(viewport) } else { Err(Error::BeyondF64) }
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

    /// How the lattice is turned about its center.
    pub fn rotation(&self) -> Rotation {
        self.turn.map_or(Rotation::NONE, |turn| turn.rotation)
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
        let least = if self.re.spacing < self.im.spacing { self.re.spacing } else { self.im.spacing };
        least * FloatExp::new(1.0, self.strip.map_or(0, Strip::below) as i32)
    }

    /// Whether rows and columns run along the axes of the plane, so that [`Viewport::re`] and [`Viewport::im`] are the
    /// parts of each point.
    pub(crate) fn is_upright(&self) -> bool {
        self.turn.is_none() && self.strip.is_none()
    }

    /// How many octaves an exponential map has, of which the last one may not be whole. Nothing for other views, nor for an octave
    /// alone.
    pub(crate) fn octaves(&self) -> Option<u32> {
        self.strip.filter(|strip| !strip.is_octave()).map(Strip::count)
    }

    /// An octave of an exponential map: the same lattice, with the spacing and the radius of that octave alone.
    pub(crate) fn octave(&self, octave: u32) -> Self {
        Self { strip: self.strip.map(|strip| strip.only(octave)), ..self.clone() }
    }

    /// The last octave of an exponential map, where its samples are closest; other views themselves.
    pub(crate) fn innermost(&self) -> Self {
        self.octaves().map_or_else(|| self.clone(), |count| self.octave(count - 1))
    }

    /// The rows of the window whose samples lie in an octave of an exponential map.
    pub(crate) fn rows_of_octave(&self, octave: u32) -> Range<u32> {
        let Some(strip) = self.strip else { return 0..self.height };
        let row = |octave| {
            let row = strip.top(octave, self.im.samples).saturating_sub(self.top);
            row.div_ceil(self.step).min(self.height)
        };
        row(octave)..if octave + 1 < strip.count() { row(octave + 1) } else { self.height }
    }

    /// The octave of an exponential map that a row lies in, and by which factor its samples are farther apart than those at the
    /// lower edge of that octave.
    pub(crate) fn octave_of(&self, y: u32) -> (u32, f64) {
        let Some(strip) = self.strip else { return (0, 1.0) };
        let depth = strip.depth(self.top + y * self.step, self.im.samples);
        let octave = (depth.floor() as u32).min(strip.count() - 1);
        (octave, libm::exp2(f64::from(octave) + 1.0 - depth))
    }

    /// Real part of the samples in column `x` of an upright view.
    pub(crate) fn re(&self, x: u32) -> f64 {
        self.re.coordinate(self.column(x))
    }

    /// Imaginary part of the samples in row `y` of an upright view.
    pub(crate) fn im(&self, y: u32) -> f64 {
        self.im.coordinate(self.row(y))
    }

    /// The index of column `x` in the whole lattice.
    fn column(&self, x: u32) -> u32 {
        debug_assert!(x < self.width, "column outside the view");
        self.left + x * self.step
    }

    /// The index of row `y` in the whole lattice, from the bottom up.
    fn row(&self, y: u32) -> u32 {
        debug_assert!(y < self.height, "row outside the view");
        self.im.samples - 1 - (self.top + y * self.step)
    }

    /// The point of the plane of sample (`x`, `y`).
    pub fn point(&self, x: u32, y: u32) -> Complex<f64> {
        self.point_at(self.column(x), self.row(y))
    }

    /// The point of a sample of the whole lattice; rows are counted from the bottom up.
    fn point_at(&self, column: u32, row: u32) -> Complex<f64> {
        if let Some(strip) = self.strip {
            let offset = self.unturned(column, row);
            let offset = self.turn.map_or(offset, |turn| turn.rotation.turned(offset));
            return strip.center() + offset.to_f64();
        }
        match self.turn {
            None => Complex::new(self.re.coordinate(column), self.im.coordinate(row)),
            Some(turn) => turn.point(Complex::new(self.re.distance(column), self.im.distance(row))),
        }
    }

    /// What would be the offset of a sample of the whole lattice if that were upright.
    fn unturned(&self, column: u32, row: u32) -> ComplexExp {
        if let Some(strip) = self.strip {
            let (columns, rows) = (self.re.samples, self.im.samples);
            return strip.offset((column, rows - 1 - row), (columns, rows));
        }
        ComplexExp::from_parts(self.re.offset(column), self.im.offset(row))
    }

    /// Sample (`x`, `y`) minus the center of the lattice, with 53 bits at any depth.
    pub fn offset(&self, x: u32, y: u32) -> ComplexExp {
        let offset = self.unturned(self.column(x), self.row(y));
        self.turn.map_or(offset, |turn| turn.rotation.turned(offset))
    }

    /// The largest distance of a sample from the center of the lattice, which a rotation does not change.
    pub fn radius(&self) -> FloatExp {
        self.strip.map_or_else(|| self.unturned(0, 0).abs(), Strip::radius)
    }

    /// The largest absolute value of a coordinate in the whole lattice.
    pub fn magnitude(&self) -> f64 {
        if let Some(strip) = self.strip {
            return strip.center().re.abs().max(strip.center().im.abs()) + strip.radius().to_f64();
        }
        let (right, top) = (self.re.samples - 1, self.im.samples - 1);
        [(0, 0), (right, 0), (0, top), (right, top)]
            .map(|(column, row)| self.point_at(column, row))
            .iter()
            .flat_map(|corner| [corner.re, corner.im])
            .fold(0.0, |largest, coordinate| coordinate.abs().max(largest))
    }

    /// Width and height of the whole lattice in the plane, along its rows and columns, from edge to edge. The diameter of an
    /// exponential map.
    pub fn extent(&self) -> (FloatExp, FloatExp) {
        if let Some(strip) = self.strip {
            let diameter = strip.radius() * FloatExp::from(2.0);
            return (diameter, diameter);
        }
        (self.re.extent(), self.im.extent())
    }
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
