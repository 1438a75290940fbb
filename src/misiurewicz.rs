//! Misiurewicz points: where the critical orbit is not periodic and becomes so.
//!
//! With preperiod q and period p, Z_q is the first point on the cycle and Z_{q+p} = Z_q, counted from Z_0 = 0: c = -2 has
//! preperiod 2 and period 1, and c = i has 2 and 2. (Some authors count from the critical value Z_1 and have a
//! preperiod that is lower by 1.) Around such a point the set looks like itself, scaled by the multiplier of the cycle
//! (Tan Lei, "Similarity between the Mandelbrot set and Julia sets", 1990).

use std::cmp::Ordering;
use std::collections::HashMap;

use num_complex::Complex;

use crate::fixed::{Fixed, Long};
use crate::floatexp::{ComplexExp, FloatExp};
use crate::nucleus::{MORE_DIGITS, WANDER};
use crate::orbit::{GUARD, Orbit, bits_for, digits_for, root};
use crate::{Decimal, Error};

/// A Misiurewicz point.
#[derive(Clone, Debug)]
pub struct Misiurewicz {
    /// The point, to forty digits more than it takes to see it in the view.
    pub center: Complex<Decimal>,
    /// The index of the first point of the orbit on the cycle, counted from Z_0 = 0. At least 2.
    pub preperiod: u32,
    /// The length of the cycle.
    pub period: u32,
    /// The derivative along the cycle: the surroundings, enlarged and turned by it, look the same.
    pub multiplier: ComplexExp,
}

/// Pairs that may turn out to belong to places outside the view before the search is given up.
const MISSES: usize = 1000;
/// How many of the pairs with the same sum are tried.
const EACH: usize = 3;
/// Cells to the unit in the table of points that the orbit has visited.
const CELLS: f64 = 256.0;
/// Rounded to 53 bits, points of the orbit that are the same lie no further apart.
const SAME: f64 = 1e-12;
/// Orbits of fewer steps than these are short.
const SHORT: u32 = 1000;
/// Where Newton's method starts, in halves of a radius from the center.
const STARTS: [(i32, i32); 9] =
    [(0, 0), (1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (-1, -1), (1, -1)];

/// A point of an orbit.
struct Visited {
    z: Fixed,
    rounded: Complex<f64>,
    derivative: ComplexExp,
}

impl Misiurewicz {
    /// The point with the lowest sum of preperiod and period within `radius` of `center`, as far as Newton's method
    /// finds it.
    ///
    /// To first order, the view is mapped by Z_{q-1+p} + Z_{q-1} onto a disk that contains 0. That sum is the factor of
    /// Z_{q+p} - Z_q which is not 0 for lower preperiods.
    ///
    /// # Errors
    /// [`Error::Scene`] where there is none, or none with preperiod and period up to `max_iter` together.
    pub fn find(center: &Complex<Decimal>, radius: FloatExp, max_iter: u32) -> Result<Self, Error> {
        let bits = (-radius.exponent()).max(0) as usize + GUARD;
        let mut orbit = Orbit::new(Fixed::new(center, bits));
        // A table tells which earlier Z_k lie near -Z_n, so that not all pairs are compared; then the first 53 bits
        // tell, and then all bits.
        let mut visited: Vec<Visited> = Vec::new();
        let mut table: HashMap<(i32, i32), Vec<u32>> = HashMap::new();
        let cell = |z: Complex<f64>| ((z.re * CELLS).floor() as i32, (z.im * CELLS).floor() as i32);
        let mut largest = FloatExp::ZERO;
        let mut misses = 0;
        for n in 1..max_iter {
            orbit.step();
            let (z, derivative) = (orbit.rounded().to_f64(), orbit.derivative());
            if derivative.abs() > largest {
                largest = derivative.abs();
            }
            let reach = (radius * largest).to_f64() * 2.0 + SAME;
            let near: Vec<u32> = if reach * CELLS < 1.0 {
                let (x, y) = cell(-z);
                let around = (x - 1..=x + 1).flat_map(|x| (y - 1..=y + 1).map(move |y| (x, y)));
                around.filter_map(|place| table.get(&place)).flatten().copied().collect()
            } else {
                (1..n).collect()
            };
            // The nearest first: Newton's method is surest there.
            let mut candidates: Vec<(FloatExp, u32)> = Vec::new();
            for k in near {
                let earlier = &visited[k as usize - 1];
                if (z + earlier.rounded).norm_sqr() > reach * reach {
                    continue;
                }
                let slope = (derivative + earlier.derivative).abs();
                let sum = Long::from(orbit.z().clone()).plus(&earlier.z.clone().into()).to_float().abs();
                if sum < radius * slope {
                    candidates.push((sum / slope, k));
                }
            }
            candidates.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
            // Where an orbit is short, all starts cost little.
            let starts = if n < SHORT { &STARTS[..] } else { &STARTS[..1] };
            for &(_, k) in candidates.iter().take(EACH) {
                if let Some(point) = Self::near(center, radius, k + 1, n - k, starts) {
                    return Ok(point);
                }
                misses += 1;
            }
            if orbit.escaped() || misses > MISSES {
                return Err(Error::Scene(
                    "no Misiurewicz point was found in this view; try a larger view, one that shows the boundary of \
                     the set, or name a preperiod and period"
                        .into(),
                ));
            }
            visited.push(Visited { z: orbit.z().clone(), rounded: z, derivative });
            table.entry(cell(z)).or_default().push(n);
        }
        Err(Error::Scene(format!(
            "no Misiurewicz point with preperiod and period up to {max_iter} together was found in this view; try a \
             larger max_iter or a larger view"
        )))
    }

    /// The point of that preperiod and period within `radius` of `center`.
    ///
    /// Newton's method starts at the center, and where that leads away, at eight places around it.
    ///
    /// # Errors
    /// [`Error::Scene`] where no start leads to one. What was found instead, a lower period, is named.
    pub fn of(
        center: &Complex<Decimal>,
        radius: FloatExp,
        preperiod: u32,
        period: u32,
    ) -> Result<Self, Error> {
        if preperiod < 2 || period < 1 || preperiod.checked_add(period).is_none() {
            return Err(Error::Scene(format!(
                "there is no Misiurewicz point with preperiod {preperiod} and period {period}: the least are 2 and 1, \
                 those of c = -2, counted from Z_0 = 0"
            )));
        }
        match Self::near(center, radius, preperiod, period, &STARTS) {
            Some(point) if point.period == period => Ok(point),
            Some(Self { period: found, .. }) => Err(Error::Scene(format!(
                "the point of preperiod {preperiod} in this view has period {found}, not {period}; ask for \
                 {preperiod},{found} or move the view"
            ))),
            None => Err(Error::Scene(format!(
                "no Misiurewicz point with preperiod {preperiod} and period {period} was found in this view; try a \
                 larger view, or leave out preperiod and period to find the lowest ones"
            ))),
        }
    }

    /// The point of that preperiod, and of that period or a divisor of it, if Newton's method leads
    /// to one in the view.
    fn near(
        center: &Complex<Decimal>,
        radius: FloatExp,
        preperiod: u32,
        period: u32,
        starts: &[(i32, i32)],
    ) -> Option<Self> {
        let digits = digits_for(radius, MORE_DIGITS);
        let earlier = preperiod - 1;
        let indices = [earlier, earlier + period];
        let middle = Fixed::new(center, bits_for(digits));
        let mut lower = None;
        for &(x, y) in starts {
            let start = middle.minus(&Long::new(x, y, radius.exponent() - 1));
            let Some(c) = root(&start, radius * FloatExp::from(WANDER), &indices, |_| bits_for(digits))
            else {
                continue;
            };
            if c.to(&middle).abs() > radius {
                continue;
            }
            match Self::at(&c, digits, preperiod, period) {
                Some(point) if point.period == period => return Some(point),
                Some(point) => lower = Some(point),
                None => {}
            }
        }
        lower
    }

    /// Describes the root `c` of Z_{q-1+p} + Z_{q-1}, if it is none of Z_{q-1} alone, and by the lowest period.
    fn at(c: &Fixed, digits: usize, preperiod: u32, period: u32) -> Option<Self> {
        let nought = FloatExp::new(1.0, GUARD as i32 + 8 - c.bits() as i32);
        let mut orbit = Orbit::new(c.clone());
        for _ in 1..preperiod {
            orbit.step();
        }
        let (earlier, slope) = (orbit.z().clone(), orbit.derivative());
        if orbit.rounded().abs() < nought * slope.abs() {
            return None;
        }
        let mut multiplier = ComplexExp::ONE;
        for p in 1..=period {
            orbit.step();
            multiplier = (multiplier * orbit.rounded()).shifted(1);
            let sum = Long::from(orbit.z().clone()).plus(&earlier.clone().into()).to_float();
            if period.is_multiple_of(p) && sum.abs() < nought * (orbit.derivative() + slope).abs() {
                return Some(Self { center: c.to_decimal(digits), preperiod, period: p, multiplier });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_complex;

    fn at(center: &str) -> Complex<Decimal> {
        parse_complex(center).expect("a point")
    }

    fn assert_near(multiplier: ComplexExp, re: f64, im: f64) {
        let error = multiplier - ComplexExp::from(Complex::new(re, im));
        assert!(error.abs() < FloatExp::from(1e-12), "{:?}", multiplier.to_f64());
    }

    #[test]
    fn the_tip_and_the_dendrite() {
        for (center, radius) in [("-1.99", 0.1), ("-2.0000000000000000000000000000001", 1e-30)] {
            let tip = Misiurewicz::find(&at(center), radius.into(), 1000).expect("the tip");
            assert_eq!((tip.center.clone(), tip.preperiod, tip.period), (at("-2"), 2, 1));
            assert_near(tip.multiplier, 4.0, 0.0);
        }
        for (center, radius) in [("0.01+0.99i", 0.03), ("1e-200+1i", 2e-200)] {
            let dendrite = Misiurewicz::find(&at(center), radius.into(), 1000).expect("i");
            assert_eq!((dendrite.center.clone(), dendrite.preperiod, dendrite.period), (at("i"), 2, 2));
            assert_near(dendrite.multiplier, 4.0, 4.0);
        }
    }

    #[test]
    fn a_pair_that_is_asked_for() {
        // The end of the upper branch of the period-3 bulb, whose three arms meet at preperiod 4 and period 1.
        let hub = Misiurewicz::of(&at("-0.1+0.96i"), 0.05.into(), 4, 1).expect("the hub");
        assert!((hub.center.re.to_f64() + 0.101_096_363_845_62).abs() < 1e-14, "{}", hub.center.re);
        assert!((hub.center.im.to_f64() - 0.956_286_510_809_14).abs() < 1e-14, "{}", hub.center.im);
        // Of period 4, i has only the divisor 2; preperiod 3 is another point.
        let error = Misiurewicz::of(&at("i"), 1e-3.into(), 2, 4).expect_err("period 2");
        assert!(error.to_string().contains("has period 2, not 4; ask for 2,2"), "{error}");
        assert!(Misiurewicz::of(&at("i"), 1e-3.into(), 3, 2).is_err());
        for (preperiod, period) in [(0, 1), (1, 3), (2, 0), (u32::MAX, 1)] {
            let error = Misiurewicz::of(&at("i"), 1e-3.into(), preperiod, period).expect_err("no such point");
            assert!(error.to_string().contains("the least are 2 and 1"), "{error}");
        }
    }

    #[test]
    fn views_without_one() {
        let outside = Misiurewicz::find(&at("1+i"), 0.01.into(), 1000).expect_err("nothing");
        assert!(outside.to_string().contains("larger view"), "{outside}");
        let inside = Misiurewicz::find(&at("-0.1"), 0.01.into(), 100).expect_err("nothing");
        assert!(inside.to_string().contains("larger max_iter"), "{inside}");
    }
}
