//! Misiurewicz points: where the critical orbit is not periodic and becomes so.
//!
//! With preperiod q and period p, Z_q is the first point on the cycle and Z_{q+p} = Z_q, counted from Z_0 = 0: c = -2 has
//! preperiod 2 and period 1, and c = i has 2 and 2. (Some authors count from the critical value Z_1 and have a
//! preperiod that is lower by 1.) At such a point the set is asymptotically self-similar: scaling by the multiplier of
//! the cycle maps it to itself in the limit (Tan Lei, "Similarity between the Mandelbrot set and Julia sets", 1990).

use std::cmp::Ordering;
use std::collections::HashMap;

use num_complex::Complex;

use crate::error::{Error, Search};
use crate::find::newton::{bits_for, digits_for, root};
use crate::find::nucleus::{MORE_DIGITS, WANDER};
use crate::kernel::critical_orbit::{CriticalOrbit, GUARD};
use crate::number::complexexp::ComplexExp;
use crate::number::decimal::Decimal;
use crate::number::fixed::{ComplexFixed, ComplexLong};
use crate::number::floatexp::FloatExp;

/// A Misiurewicz point.
#[derive(Clone, Debug)]
pub struct Misiurewicz {
    /// The point, to forty digits more than it takes to see it in the view.
    pub center: Complex<Decimal>,
    /// The index of the first point of the orbit on the cycle, counted from Z_0 = 0. At least 2.
    pub preperiod: u32,
    /// The length of the cycle.
    pub period: u32,
    /// The multiplier of the cycle, which is the factor of self-similarity of the set at the point.
    pub multiplier: ComplexExp,
}

/// Pairs that may lead outside the view before the search ends.
const MISSES: usize = 1000;
/// How many of the pairs with the same sum are tried.
const EACH: usize = 3;
/// Cells per unit length in the table of [`Visits`].
const CELLS: f64 = 256.0;
/// Bytes that a point of the orbit takes beside its digits: its entry, twice while the list is moved, and its index in
/// the table.
const ENTRY: u64 = 2 * size_of::<Visit>() as u64 + 128;
/// Bound for the distance of equal points of the orbit after rounding to 53 bits.
const SAME: f64 = 1e-12;
/// Below this index an orbit is cheap to follow, and all starts of Newton's method are tried.
const SHORT: u32 = 1000;
/// Where Newton's method starts, in halves of a radius from the center.
const STARTS: [(i32, i32); 9] =
    [(0, 0), (1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (-1, -1), (1, -1)];

/// A point of the orbit.
struct Visit {
    z: ComplexFixed,
    rounded: Complex<f64>,
    derivative: ComplexExp,
}

/// The points Z_1, Z_2, ... of the orbit so far, and a table of their indices by cells of the plane.
#[derive(Default)]
struct Visits {
    points: Vec<Visit>,
    table: HashMap<(i32, i32), Vec<u32>>,
}

impl Visits {
    fn cell(z: Complex<f64>) -> (i32, i32) {
        ((z.re * CELLS).floor() as i32, (z.im * CELLS).floor() as i32)
    }

    fn push(&mut self, point: Visit) {
        let place = self.table.entry(Self::cell(point.rounded)).or_default();
        self.points.push(point);
        place.push(self.points.len() as u32);
    }

    /// All k with |Z_n + Z_k| < radius |d(Z_n + Z_k)/dc| for Z_n = `point`, by the quotient of both in ascending order.
    ///
    /// `reach` bounds the right side. The table gives the k with Z_k near -Z_n; of those the first 53 bits decide,
    /// then all bits.
    fn opposite(&self, point: &Visit, radius: FloatExp, reach: f64) -> Vec<u32> {
        let near: Vec<u32> = if reach * CELLS < 1.0 {
            let (x, y) = Self::cell(-point.rounded);
            let around = (x - 1..=x + 1).flat_map(|x| (y - 1..=y + 1).map(move |y| (x, y)));
            around.filter_map(|cell| self.table.get(&cell)).flatten().copied().collect()
        } else {
            (1..=self.points.len() as u32).collect()
        };
        let mut found: Vec<(FloatExp, u32)> = Vec::new();
        for k in near {
            let earlier = &self.points[k as usize - 1];
            if (point.rounded + earlier.rounded).norm_sqr() > reach * reach {
                continue;
            }
            let slope = (point.derivative + earlier.derivative).abs();
            let sum = ComplexLong::from(point.z.clone()).plus(&earlier.z.clone().into()).to_float().abs();
            if sum < radius * slope {
                found.push((sum / slope, k));
            }
        }
        found.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
        found.into_iter().map(|(_, k)| k).collect()
    }
}

impl Misiurewicz {
    /// The point with the lowest sum of preperiod and period within `radius` of `center`, as far as Newton's method
    /// finds it.
    ///
    /// To first order, the view is mapped by Z_{q-1+p} + Z_{q-1} onto a disk that contains 0. That sum is a factor of
    /// Z_{q+p} - Z_q = (Z_{q-1+p} + Z_{q-1}) (Z_{q-1+p} - Z_{q-1}); the other factor is 0 at points of lower preperiod.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none, or none with preperiod and period up to `max_iter` together, and
    /// [`Error::Memory`] where the points of the orbit, which are kept, take more than `max_bytes`.
    pub fn find(
        center: &Complex<Decimal>,
        radius: FloatExp,
        max_iter: u32,
        max_bytes: u64,
    ) -> Result<Self, Error> {
        let bits = (-radius.exponent()).max(0) as usize + GUARD;
        let mut orbit = CriticalOrbit::new(ComplexFixed::new(center, bits));
        let mut visits = Visits::default();
        let mut largest = FloatExp::ZERO;
        let mut misses = 0;
        let mut bytes = 0;
        for n in 1..max_iter {
            orbit.step();
            let (z, derivative) = (orbit.z().clone(), orbit.derivative());
            let point = Visit { z, rounded: orbit.rounded().to_f64(), derivative };
            if derivative.abs() > largest {
                largest = derivative.abs();
            }
            let reach = (radius * largest).to_f64() * 2.0 + SAME;
            let starts = if n < SHORT { &STARTS[..] } else { &STARTS[..1] };
            // Newton's method is surest where the first-order estimate of the distance is least.
            for k in visits.opposite(&point, radius, reach).into_iter().take(EACH) {
                if let Some(point) = Self::near(center, radius, k + 1, n - k, starts) {
                    return Ok(point);
                }
                misses += 1;
            }
            if orbit.escaped() || misses > MISSES {
                return Err(Error::NotFound(Search::NoMisiurewicz));
            }
            bytes += ENTRY + 2 * orbit.z().bits() as u64 / 8;
            if bytes > max_bytes {
                return Err(Error::Memory { max_bytes });
            }
            visits.push(point);
        }
        Err(Error::NotFound(Search::NoMisiurewiczUpTo(max_iter)))
    }

    /// The point of that preperiod and period within `radius` of `center`.
    ///
    /// Newton's method starts at the center and, if that leads out of the view, at eight points around it.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no start leads to one. It names a lower period, if one was found.
    pub fn of(
        center: &Complex<Decimal>,
        radius: FloatExp,
        preperiod: u32,
        period: u32,
    ) -> Result<Self, Error> {
        if preperiod < 2 || period < 1 || preperiod.checked_add(period).is_none() {
            return Err(Error::NoSuchPair { preperiod, period });
        }
        match Self::near(center, radius, preperiod, period, &STARTS) {
            Some(point) if point.period == period => Ok(point),
            Some(Self { period: found, .. }) => {
                Err(Error::NotFound(Search::OtherPeriod { preperiod, period, found }))
            }
            None => Err(Error::NotFound(Search::NoPair { preperiod, period })),
        }
    }

    /// The point of that preperiod, and of that period or a divisor of it, if Newton's method leads to one in the view.
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
        let middle = ComplexFixed::new(center, bits_for(digits));
        let mut lower = None;
        for &(x, y) in starts {
            let start = middle.minus(&ComplexLong::new(x, y, radius.exponent() - 1));
            let Some(c) = root(&start, radius * FloatExp::from(WANDER), &indices, |_| bits_for(digits))
            else {
                continue;
            };
            if c.distance(&middle) > radius {
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

    /// The Misiurewicz point at the root `c` of Z_{q-1+p} + Z_{q-1}, with its lowest period; `None` if c is a root of
    /// Z_{q-1}, and so periodic.
    fn at(c: &ComplexFixed, digits: usize, preperiod: u32, period: u32) -> Option<Self> {
        // A value counts as 0 if, to first order, a change of c by this makes it 0.
        let tolerance = FloatExp::new(1.0, GUARD as i32 + 8 - c.bits() as i32);
        let mut orbit = CriticalOrbit::new(c.clone());
        for _ in 1..preperiod {
            orbit.step();
        }
        let (earlier, slope) = (orbit.z().clone(), orbit.derivative());
        if orbit.rounded().abs() < tolerance * slope.abs() {
            return None;
        }
        let mut multiplier = ComplexExp::ONE;
        for p in 1..=period {
            orbit.step();
            multiplier = (multiplier * orbit.rounded()).shifted(1);
            let sum = ComplexLong::from(orbit.z().clone()).plus(&earlier.clone().into()).to_float();
            if period.is_multiple_of(p) && sum.abs() < tolerance * (orbit.derivative() + slope).abs() {
                return Some(Self { center: c.to_decimal(digits), preperiod, period: p, multiplier });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::complex::parse_complex;

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
            let tip = Misiurewicz::find(&at(center), radius.into(), 1000, u64::MAX).expect("the tip");
            assert_eq!((tip.center.clone(), tip.preperiod, tip.period), (at("-2"), 2, 1));
            assert_near(tip.multiplier, 4.0, 0.0);
        }
        for (center, radius) in [("0.01+0.99i", 0.03), ("1e-200+1i", 2e-200)] {
            let dendrite = Misiurewicz::find(&at(center), radius.into(), 1000, u64::MAX).expect("i");
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
        let other = Search::OtherPeriod { preperiod: 2, period: 4, found: 2 };
        assert_eq!(error, Error::NotFound(other));
        assert!(Misiurewicz::of(&at("i"), 1e-3.into(), 3, 2).is_err());
        for (preperiod, period) in [(0, 1), (1, 3), (2, 0), (u32::MAX, 1)] {
            let error = Misiurewicz::of(&at("i"), 1e-3.into(), preperiod, period).expect_err("no such point");
            assert_eq!(error, Error::NoSuchPair { preperiod, period });
        }
    }

    #[test]
    fn views_without_one() {
        let find = |center, radius: f64, max_iter, max_bytes| {
            Misiurewicz::find(&at(center), radius.into(), max_iter, max_bytes).expect_err("nothing")
        };
        assert_eq!(find("1+i", 0.01, 1000, u64::MAX), Error::NotFound(Search::NoMisiurewicz));
        assert_eq!(find("-0.1", 0.01, 100, u64::MAX), Error::NotFound(Search::NoMisiurewiczUpTo(100)));
        assert_eq!(find("-0.1", 0.01, 100_000, 1 << 20), Error::Memory { max_bytes: 1 << 20 });
    }
}
