//! Several nuclei of a view, those of the lowest periods first.

use num_complex::Complex;

use crate::error::Error;
use crate::find::newton::{bits_for, digits_for};
use crate::find::nucleus::{MORE_DIGITS, Nucleus};
use crate::kernel::critical_orbit::{CriticalOrbit, GUARD};
use crate::number::decimal::Decimal;
use crate::number::fixed::{ComplexFixed, ComplexLong};
use crate::number::floatexp::FloatExp;

/// Cells across and down.
const CELLS: i32 = 16;

impl Nucleus {
    /// Nuclei within `radius` of `center`, by period and then by distance from the center, each of them once. There may be others.
    ///
    /// The square around the view is cut into 16x16 cells. From the middle of each, the orbit is followed to the first n, at most
    /// `max_iter`, with |Z_n| < r |dZ_n/dc| for the radius r of the cell, and Newton's method leads to a nucleus of that period.
    ///
    /// # Errors
    /// None at present.
    pub fn several(center: &Complex<Decimal>, radius: FloatExp, max_iter: u32) -> Result<Vec<Self>, Error> {
        let middle = ComplexFixed::new(center, bits_for(digits_for(radius, MORE_DIGITS)));
        // From the middle of a cell to its corner.
        let reach = radius * FloatExp::from(std::f64::consts::SQRT_2 / f64::from(CELLS));
        let mut found: Vec<(Self, FloatExp)> = Vec::new();
        let odd = || (0..CELLS).map(|i| 2 * i + 1 - CELLS);
        for (x, y) in odd().flat_map(|y| odd().map(move |x| (x, y))) {
            // Half of the side of a cell is the radius / 16, here to 20 bits.
            let half = radius.mantissa() * f64::from(1 << 20);
            let [x, y] = [x, y].map(|offset| (half * f64::from(offset)) as i32);
            let start = middle.minus(&ComplexLong::new(-x, -y, radius.exponent() - 24));
            let Some(period) = first(&start, reach, max_iter) else { continue };
            let nucleus = Self::near(&start, &middle, reach, period);
            if let Some((nucleus, distance)) = nucleus.filter(|(_, distance)| *distance <= radius)
                && !found.iter().any(|(known, _)| known.is(&nucleus))
            {
                found.push((nucleus, distance));
            }
        }
        found.sort_by(|(one, near), (other, far)| {
            one.period.cmp(&other.period).then(near.partial_cmp(far).unwrap_or(std::cmp::Ordering::Equal))
        });
        Ok(found.into_iter().map(|(nucleus, _)| nucleus).collect())
    }

    /// Whether both are the same but for the last digits of their centers.
    fn is(&self, other: &Self) -> bool {
        let far = |one: &Decimal, other: &Decimal| {
            (one.clone() - other.clone()).to_floatexp().abs() > self.size.abs() * FloatExp::from(1e-6)
        };
        self.period == other.period
            && !far(&self.center.re, &other.center.re)
            && !far(&self.center.im, &other.center.im)
    }
}

/// The first n at which a disk around `start` is mapped onto one that contains 0, to first order.
fn first(start: &ComplexFixed, radius: FloatExp, max_iter: u32) -> Option<u32> {
    let bits = (-radius.exponent()).max(0) as usize + GUARD;
    let mut orbit = CriticalOrbit::new(start.with_bits(bits));
    for n in 1..=max_iter {
        orbit.step();
        if orbit.rounded().abs() < radius * orbit.derivative().abs() {
            return Some(n);
        }
        if orbit.escaped() {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::complex::parse_complex;

    #[test]
    fn nuclei_of_a_view_come_by_their_periods() {
        let center = parse_complex("-1.75").expect("a point");
        let nuclei = Nucleus::several(&center, 0.1.into(), 1000).expect("nuclei");
        assert_eq!(nuclei[0].period, 3);
        assert!(nuclei.len() > 5 && nuclei.is_sorted_by_key(|nucleus| nucleus.period));
        for (i, nucleus) in nuclei.iter().enumerate() {
            assert!(nuclei[..i].iter().all(|other| !other.is(nucleus)), "{i} twice");
        }
        let nowhere = parse_complex("1+i").expect("a point");
        assert_eq!(Nucleus::several(&nowhere, 0.01.into(), 1000).expect("none").len(), 0);
    }
}
