//! The exponential map: the rings around a point as the rows of a strip.
//!
//! Columns are angles, clockwise from the direction of the positive real axis, and rows are logarithms of the distance from the
//! center, the largest one at the top. Where a row and a column are as far apart in the strip, so are they in the plane, so the map is
//! conformal but for the rounding of [`octave`]. A zoom into the center moves the strip up. (Kalles Fraktaler and Fraktaler-3 lay out
//! the frames of a film in this way, an octave in each.)

use std::f64::consts::{FRAC_PI_2, LN_2, TAU};

use num_complex::Complex;

use crate::number::complexexp::ComplexExp;
use crate::number::floatexp::FloatExp;

/// Rows over which the distance from the center halves, for square samples: those columns times ln 2 / (2 pi), rounded.
pub(crate) fn octave(columns: u32) -> u32 {
    (f64::from(columns) * (LN_2 / TAU)).round().max(1.0) as u32
}

/// A strip, or one of its octaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Strip {
    /// The distance of the upper edge from the center.
    radius: FloatExp,
    /// How often the distance halves between the upper and the lower edge.
    octaves: f64,
    /// Where in the plane the strip is, for views that are not too deep for `f64`.
    center: Complex<f64>,
    /// The octave that is meant; nothing for all of them.
    only: Option<u32>,
}

impl Strip {
    /// A strip of pixels below the circle of this radius.
    pub(super) fn new(center: Complex<f64>, radius: FloatExp, (columns, rows): (u32, u32)) -> Self {
        let octaves = f64::from(rows) / f64::from(octave(columns));
        Self { radius, octaves, center, only: None }
    }

    /// Distances of neighbors at the lower edge of the last octave, along a row and across.
    pub(super) fn spacings(self, (columns, rows): (u32, u32)) -> [FloatExp; 2] {
        let least = self.radius * FloatExp::new(1.0, -(self.count() as i32));
        let across = LN_2 * self.octaves / f64::from(rows);
        [TAU / f64::from(columns), across].map(|part| least * FloatExp::from(part))
    }

    /// How many octaves there are, the last one perhaps in part.
    pub(super) fn count(self) -> u32 {
        self.octaves.ceil().max(1.0) as u32
    }

    /// Whether one octave is meant.
    pub(super) fn is_octave(self) -> bool {
        self.only.is_some()
    }

    /// The octave that is meant; the first one where all are.
    pub(super) fn first(self) -> u32 {
        self.only.unwrap_or(0)
    }

    /// How many octaves lie below the one that is meant.
    pub(super) fn below(self) -> u32 {
        self.only.map_or(0, |octave| self.count() - 1 - octave)
    }

    /// One octave alone.
    pub(super) fn only(self, octave: u32) -> Self {
        Self { only: Some(octave), ..self }
    }

    /// How many octaves the samples of a row, counted from the top, lie below the upper edge.
    pub(super) fn depth(self, row: u32, rows: u32) -> f64 {
        self.octaves * (2 * u64::from(row) + 1) as f64 / (2 * u64::from(rows)) as f64
    }

    /// The first row of an octave; the number of rows where that lies below the strip.
    pub(super) fn top(self, octave: u32, rows: u32) -> u32 {
        let guess = f64::from(octave) / self.octaves * f64::from(rows);
        let mut row = (guess.max(0.0) as u32).saturating_sub(2).min(rows);
        while row < rows && self.depth(row, rows) < f64::from(octave) {
            row += 1;
        }
        row
    }

    /// The largest distance from the center that the samples come close to.
    pub(super) fn radius(self) -> FloatExp {
        self.radius * FloatExp::new(1.0, -(self.first() as i32))
    }

    /// A sample minus the center; rows are counted from the top.
    pub(super) fn offset(self, (column, row): (u32, u32), (columns, rows): (u32, u32)) -> ComplexExp {
        let depth = self.depth(row, rows);
        let whole = depth.floor();
        let radius = self.radius * FloatExp::new(libm::exp2(whole - depth), -(whole as i32));
        // In quarters of a turn, of which the whole ones are exact.
        let angle = 4 * (2 * u64::from(column) + 1);
        let turn = 2 * u64::from(columns);
        let part = (angle % turn) as f64 / turn as f64;
        let (sin, cos) = libm::sincos(part * FRAC_PI_2);
        let (re, im) = match angle / turn {
            0 => (cos, -sin),
            1 => (-sin, -cos),
            2 => (-cos, sin),
            _ => (sin, cos),
        };
        ComplexExp::new(re * radius.mantissa(), im * radius.mantissa(), radius.exponent())
    }

    /// The center of the circles.
    pub(super) fn center(self) -> Complex<f64> {
        self.center
    }
}
