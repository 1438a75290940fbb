//! The lowest period of the nuclei in a view, by exclusion of all lower ones.
//!
//! The view is covered by squares. Over a square all points of the critical orbit are enclosed in disks: where Z_n and D_n = dZ_n/dc
//! are those of its middle and d is the distance from there, |Z_n(c) - Z_n - D_n (c - middle)| <= E_n with
//!
//! E_1 = 0, E_{n+1} = 2 |Z_n| E_n + (|D_n| d + E_n)^2,
//!
//! as squaring Z_n + w gives Z_n^2 + 2 Z_n w + w^2. A square in which |Z_n| > |D_n| d + E_n holds no nucleus of period n. One that is
//! not excluded is searched by Newton's method, and cut into four where that leads nowhere.

use std::collections::VecDeque;

use crate::kernel::critical_orbit::CriticalOrbit;
use crate::number::fixed::{ComplexFixed, ComplexLong};
use crate::number::floatexp::FloatExp;

/// A square with its middle at (x + y i) 2^exponent from that of the view. Half of its side is 2^exponent.
#[derive(Clone, Copy)]
struct Square {
    x: i32,
    y: i32,
    exponent: i32,
}

/// Cuts of a square of the size of the view, so that (x, y) are far from overflow.
const DEPTH: i32 = 28;

/// The search in one view.
pub(super) struct Cover<'a> {
    middle: &'a ComplexFixed,
    radius: FloatExp,
    /// Iterations that are left, each counted by its words.
    budget: u64,
}

impl<'a> Cover<'a> {
    /// A view, and a bound for the work: so many iterations, each counted by the words of its numbers.
    pub(super) fn new(middle: &'a ComplexFixed, radius: FloatExp, budget: u64) -> Self {
        Self { middle, radius, budget }
    }

    /// The lowest period below `below` of a nucleus in the view, with what `search` gives for it: the period of a nucleus in the view
    /// to which Newton's method leads from a point for a multiple of that period. And
    /// whether every lower period is excluded, which it is unless the work or the cuts do not suffice.
    pub(super) fn lowest<T>(
        &mut self,
        below: u32,
        search: impl Fn(&ComplexFixed, u32) -> Option<(u32, T)>,
    ) -> (Option<T>, bool) {
        let (mut below, mut found, mut proven) = (below, None, true);
        let exponent = self.radius.exponent() + 1;
        let mut squares = VecDeque::from([Square { x: 0, y: 0, exponent }]);
        while let Some(square) = squares.pop_front() {
            let Some((period, bends)) = self.first(square, below) else { continue };
            if !bends
                && let Some((lower, nucleus)) =
                    search(&self.point(square), period).filter(|(n, _)| *n < below)
            {
                (below, found) = (lower, Some(nucleus));
                if period >= below {
                    continue;
                }
            }
            if self.budget == 0 || exponent - square.exponent >= DEPTH {
                proven = false;
                continue;
            }
            let parts = [(-1, 1), (1, 1), (-1, -1), (1, -1)].map(|(x, y)| Square {
                x: 2 * square.x + x,
                y: 2 * square.y + y,
                exponent: square.exponent - 1,
            });
            squares.extend(parts.into_iter().filter(|&part| self.meets(part)));
        }
        (found, proven)
    }

    /// Whether a square has a point in the view.
    fn meets(&self, Square { x, y, exponent }: Square) -> bool {
        let gap = |offset: i32| f64::from(offset.abs() - 1).max(0.0);
        FloatExp::new(libm::hypot(gap(x), gap(y)), exponent) <= self.radius
    }

    fn point(&self, Square { x, y, exponent }: Square) -> ComplexFixed {
        self.middle.minus(&ComplexLong::new(-x, -y, exponent))
    }

    /// The first period below `below` that is not excluded in a square, and whether Z_n is far from linear over it. `None` also where
    /// the work has come to its end.
    fn first(&mut self, square: Square, below: u32) -> Option<(u32, bool)> {
        /// All bounds are larger by this factor, for the roundings of derivatives and bounds themselves to 53 bits: at most some
        /// 2^32 iterations of some 2^-52.
        const SLACK: f64 = 1.0 + 1e-5;
        let distance = FloatExp::new(SLACK * std::f64::consts::SQRT_2, square.exponent);
        let point = self.point(square);
        // Where |Z| > 2 and |Z| >= |c|, it grows for ever.
        let (two, most) = (FloatExp::from(2.0), point.to_float().abs() + distance);
        let outside = if most > two { most } else { two };
        let mut orbit = CriticalOrbit::new(point);
        let mut error = FloatExp::ZERO;
        for n in 1..below {
            orbit.step();
            self.budget = self.budget.saturating_sub(1 + orbit.z().bits() as u64 / 64);
            let (z, linear) = (orbit.rounded().abs(), orbit.derivative().abs() * distance);
            let reach = (linear + error) * FloatExp::from(SLACK);
            if z <= reach || self.budget == 0 {
                return Some((n, error > linear || self.budget == 0));
            }
            if z > reach + outside {
                return None;
            }
            error = (z * error * FloatExp::from(2.0) + reach * reach) * FloatExp::from(SLACK);
        }
        None
    }
}
