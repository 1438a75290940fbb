//! The part of the plane that a view shows, and the axes of a lattice over it.

use std::f64::consts::LOG10_2;

use num_complex::Complex;

use crate::error::Error;
use crate::number::decimal::{Decimal, MAX_DIGITS};
use crate::number::floatexp::FloatExp;
use crate::plane::axis::{Axis, Grid};
use crate::plane::strip::Strip;

/// How a region is fitted into a picture of another aspect ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// Pixels stay square; the view grows to contain the region.
    Fit,
    /// The view is the region; pixels may not be square.
    Stretch,
}

/// How the plane is laid out in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Projection {
    /// As it is.
    Flat,
    /// As [`Frame::Exponential`] says.
    Exponential,
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
    /// The exponential map of the disk around a point: columns are angles, clockwise from the right, and rows go inwards by
    /// equal factors.
    Exponential {
        /// The center of the disk.
        center: Complex<Decimal>,
        /// The upper edge of the first row is a circle that a view of this magnification just contains: its diameter is 4 / zoom.
        zoom: Decimal,
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
            Self::Exponential { center, zoom } => vec![&center.re, &center.im, zoom],
            Self::Region { bounds, .. } => bounds.iter().collect(),
        }
    }

    /// Center and axes of the lattice of `size` samples over it.
    pub(super) fn axes(&self, grid: Grid, size: (u32, u32)) -> Result<(Complex<Decimal>, Axis, Axis), Error> {
        match self {
            Self::Centered { center, extent } => {
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
                Ok((center.clone(), axis(&center.re, size.0), axis(&center.im, size.1)))
            }
            Self::Exponential { center, zoom } => {
                let strip = strip(center, zoom, size)?;
                let [re, im] = strip.spacings(size);
                let axis =
                    |center: &Decimal, spacing, samples| Axis::centers(center.to_f64(), spacing, samples);
                Ok((center.clone(), axis(&center.re, re, size.0), axis(&center.im, im, size.1)))
            }
            Self::Region { bounds, aspect } => axes_of_region(bounds, grid, *aspect, size),
        }
    }
}

/// The strip of a view with this center and zoom.
pub(super) fn strip(center: &Complex<Decimal>, zoom: &Decimal, size: (u32, u32)) -> Result<Strip, Error> {
    let radius = FloatExp::from(2.0) / length(zoom)?;
    let strip = Strip::new(Complex::new(center.re.to_f64(), center.im.to_f64()), radius, size);
    let depth = f64::from(strip.count()) - f64::from(radius.exponent());
    if depth * LOG10_2 > MAX_DIGITS as f64 { Err(Error::StripDepth(strip.count())) } else { Ok(strip) }
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

/// A length in the plane, if it is finite and above 0.
fn length(decimal: &Decimal) -> Result<FloatExp, Error> {
    let length = decimal.to_floatexp();
    if length > FloatExp::ZERO && length.mantissa().is_finite() { Ok(length) } else { Err(Error::Extent) }
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
