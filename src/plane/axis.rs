//! The coordinates of samples along one axis.

use crate::number::floatexp::FloatExp;

/// Where the samples of a row or column lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// Each pixel is a small rectangle, sampled at its center.
    Centers,
    /// The first and the last sample lie on the edges of the view, as with `numpy.linspace`.
    Endpoints,
}

impl Grid {
    /// How many spacings fit between the edges of a row of `samples`.
    pub(super) fn intervals(self, samples: u32) -> u32 {
        match self {
            Self::Centers => samples,
            Self::Endpoints => (samples - 1).max(1),
        }
    }
}

/// The coordinates of the samples along one axis, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) samples: u32,
    /// Distance between neighbors; the length of the axis if there is only one sample.
    pub(super) spacing: FloatExp,
    place: Place,
}

/// The coordinates as `f64`, for views that are not too deep for it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Centers { center: f64 },
    Endpoints { first: f64, last: f64 },
}

impl Axis {
    pub(super) fn centers(center: f64, spacing: FloatExp, samples: u32) -> Self {
        Self { samples, spacing, place: Place::Centers { center } }
    }

    pub(super) fn endpoints(first: f64, last: f64, spacing: FloatExp, samples: u32) -> Self {
        Self { samples, spacing, place: Place::Endpoints { first, last } }
    }

    pub(super) fn grid(self) -> Grid {
        match self.place {
            Place::Centers { .. } => Grid::Centers,
            Place::Endpoints { .. } => Grid::Endpoints,
        }
    }

    /// Twice the signed distance of sample `i` from the middle, in spacings.
    fn factor(self, i: u32) -> f64 {
        // A single sample of `Endpoints` lies at the first end.
        let alone = self.samples == 1 && self.grid() == Grid::Endpoints;
        if alone { -1.0 } else { (2 * i64::from(i) + 1 - i64::from(self.samples)) as f64 }
    }

    /// The signed distance of sample `i` from the middle of the axis, for views that are not too deep for `f64`.
    pub(super) fn distance(self, i: u32) -> f64 {
        self.factor(i) * (self.spacing.to_f64() / 2.0)
    }

    /// The coordinate of sample `i`, computed from the integer alone, so that it is the same in every band and lane.
    pub(super) fn coordinate(self, i: u32) -> f64 {
        match self.place {
            // The factor is exact and antisymmetric about the middle, so mirrored samples of a view centered on an axis
            // are exact negatives of each other.
            Place::Centers { center } => center + self.distance(i),
            // As numpy.linspace: i * step + first without fused multiply-add, and exactly `last` at the end.
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

    /// The signed distance of sample `i` from the middle of the axis, at any depth.
    pub(super) fn offset(self, i: u32) -> FloatExp {
        FloatExp::from(self.factor(i)) * (self.spacing * FloatExp::new(1.0, -1))
    }

    /// From edge to edge.
    pub(super) fn extent(self) -> FloatExp {
        self.spacing * FloatExp::from(f64::from(self.grid().intervals(self.samples)))
    }

    /// `k` samples in place of each one, between the same edges.
    pub(super) fn refined(self, k: u32) -> Self {
        let samples = self.samples * k;
        match self.place {
            Place::Centers { .. } => {
                Self { samples, spacing: self.spacing / FloatExp::from(f64::from(k)), ..self }
            }
            Place::Endpoints { .. } => self.resampled(samples),
        }
    }

    /// Another number of samples between the same edges.
    pub(super) fn resampled(self, samples: u32) -> Self {
        let spacing = self.extent() / FloatExp::from(f64::from(self.grid().intervals(samples)));
        Self { samples, spacing, ..self }
    }
}
