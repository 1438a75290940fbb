//! A map of smooth counts to places in the palette that follows the picture.

use std::sync::Arc;

use crate::error::Error;

/// Control points, joined by a monotone cubic: a smooth count and its place in the palette, where 1 is one whole pass.
///
/// Below the first count the curve goes on straight, above the last one it is constant.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    points: Arc<[(f64, f64)]>,
}

impl Curve {
    /// The most control points.
    pub const MAX_POINTS: usize = 4096;

    /// A curve through these points.
    ///
    /// # Errors
    /// [`Error::Curve`] unless there are 2 to [`Curve::MAX_POINTS`] of them, all finite, the counts rise, and the places do
    /// not fall.
    pub fn new(points: Vec<(f64, f64)>) -> Result<Self, Error> {
        let finite = points.iter().all(|(nu, place)| nu.abs() <= 1e10 && place.abs() <= 1e6);
        let rises = points.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1);
        if !(2..=Self::MAX_POINTS).contains(&points.len()) || !finite || !rises {
            return Err(Error::Curve);
        }
        Ok(Self { points: points.into() })
    }

    /// Smooth counts and their places, in ascending order.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }
}

/// A piece of a curve: `place + t (slope + t (second + t third))`, where t = nu - `from`.
#[derive(Clone, Copy)]
struct Piece {
    from: f64,
    place: f64,
    slope: f64,
    second: f64,
    third: f64,
}

/// The pieces of a curve, and where to find the one for a count.
pub(super) struct Pieces {
    pieces: Vec<Piece>,
    /// For counts above the first by 2^e (1 + i / 2^[`BITS`]) - 1: the last piece that begins no later.
    near: Vec<u16>,
}

/// Leading bits of the distance from the first count, behind the first one, that [`Pieces::near`] tells apart.
const BITS: u32 = 7;
/// Distances are below 2^this: counts are below 2^32, and so are the steps of a curve.
const LARGEST: usize = 35;

impl Pieces {
    pub(super) fn new(curve: &Curve) -> Self {
        let points = curve.points();
        let last = points.len() - 1;
        let mut pieces: Vec<Piece> = (0..last)
            .map(|i| {
                let ((from, place), (to, end)) = (points[i], points[i + 1]);
                let (width, secant) = (to - from, (end - place) / (to - from));
                let (slope, next) = (slope(points, i), slope(points, i + 1));
                let second = (3.0 * secant - 2.0 * slope - next) / width;
                let third = (slope + next - 2.0 * secant) / (width * width);
                Piece { from, place, slope, second, third }
            })
            .collect();
        let (from, place) = points[last];
        pieces.push(Piece { from, place, slope: 0.0, second: 0.0, third: 0.0 });
        let first = pieces[0].from;
        let begins = |key: usize| first - 1.0 + f64::from_bits((key as u64 + key_of(0.0)) << (52 - BITS));
        let near = |key: usize| (pieces.partition_point(|piece| piece.from <= begins(key)).max(1) - 1) as u16;
        let near = (0..LARGEST << BITS).map(near).collect();
        Self { pieces, near }
    }

    /// The place of a smooth count.
    #[inline(always)]
    pub(super) fn place(&self, nu: f64) -> f64 {
        let above = nu - self.pieces[0].from;
        if above < 0.0 {
            return self.pieces[0].place + above * self.pieces[0].slope;
        }
        let mut i = usize::from(self.near[((key_of(above) - key_of(0.0)) as usize).min(self.near.len() - 1)]);
        while self.pieces.get(i + 1).is_some_and(|next| next.from <= nu) {
            i += 1;
        }
        let Piece { from, place, slope, second, third } = self.pieces[i];
        let t = nu - from;
        place + t * (slope + t * (second + t * third))
    }
}

/// Exponent and leading bits of 1 + `above`, which is at least 1.
#[inline(always)]
fn key_of(above: f64) -> u64 {
    (1.0 + above).to_bits() >> (52 - BITS)
}

/// The slope at a control point.
fn slope(points: &[(f64, f64)], i: usize) -> f64 {
    let width = |i: usize| points[i + 1].0 - points[i].0;
    let secant = |i: usize| (points[i + 1].1 - points[i].1) / width(i);
    let last = points.len() - 1;
    if i == 0 || i == last {
        return secant(i.min(last - 1));
    }
    knot_slope((secant(i - 1), width(i - 1)), (secant(i), width(i)))
}

/// The slope of a cubic at a knot between two secants, each with its width, which makes the cubics beside it monotone.
///
/// F. N. Fritsch, J. Butland, "A method for constructing local monotone piecewise cubic interpolants" (1984): the weighted
/// harmonic mean of the two, and 0 where they differ in sign.
pub(super) fn knot_slope((a, before): (f64, f64), (b, after): (f64, f64)) -> f64 {
    if a * b <= 0.0 {
        return 0.0;
    }
    let (wa, wb) = (2.0 * after + before, after + 2.0 * before);
    (wa + wb) / (wa / a + wb / b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_meets_its_points_and_never_falls() {
        let points = vec![(5.5, 0.0), (6.0, 0.1), (6.25, 0.1), (100.0, 0.9), (1e5, 1.0), (4e9, 2.5)];
        let pieces = Pieces::new(&Curve::new(points.clone()).expect("a curve"));
        for (nu, place) in points {
            assert!((pieces.place(nu) - place).abs() < 1e-12, "{nu}");
        }
        assert!(pieces.place(5.0) < 0.0 && pieces.place(4.2e9) == 2.5);
        let mut before = f64::NEG_INFINITY;
        for i in 0..200_000 {
            let nu = libm::exp(f64::from(i) * 1.2e-4) - 3.0;
            let place = pieces.place(nu);
            assert!(place >= before - 1e-12, "falls at {nu}");
            before = place;
        }
    }

    #[test]
    fn the_piece_is_the_one_that_a_search_finds() {
        let points: Vec<(f64, f64)> =
            (0..3000).map(|i| (f64::from(i * i) * 0.37 - 12.0, f64::from(i))).collect();
        let pieces = Pieces::new(&Curve::new(points.clone()).expect("a curve"));
        for i in 0..100_000 {
            let nu = f64::from(i) * 33.1 - 11.9;
            let at = points.partition_point(|point| point.0 <= nu);
            let place = pieces.place(nu);
            let (least, most) = (points[at - 1].1, points.get(at).map_or(2999.0, |point| point.1));
            assert!((least..=most).contains(&place), "{nu}: {place}");
        }
    }

    #[test]
    fn points_that_make_no_curve_are_refused() {
        for points in [
            vec![],
            vec![(1.0, 0.0)],
            vec![(1.0, 0.0), (1.0, 0.5)],
            vec![(1.0, 0.5), (2.0, 0.4)],
            vec![(1.0, 0.5), (f64::NAN, 0.6)],
            vec![(1.0, 0.5), (2.0, f64::INFINITY)],
            vec![(-1e11, 0.5), (2.0, 0.6)],
        ] {
            assert_eq!(Curve::new(points.clone()), Err(Error::Curve), "{points:?}");
        }
    }
}
