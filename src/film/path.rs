//! The way of a film into the plane: the magnification and the angle of every frame.

use crate::error::{Error, FilmProblem};
use crate::number::decimal::Decimal;
use crate::number::floatexp::FloatExp;
use crate::plane::rotation::Rotation;

/// Frames that zoom in on one point, each by the same factor but for easing at the ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    from: Decimal,
    to: Decimal,
    frames: u32,
    ease: f64,
    turn: f64,
    /// Binary logarithm of `to / from`.
    octaves: f64,
}

impl Path {
    /// The longest part of a film in which the speed changes, at each end.
    pub const MAX_EASE: f64 = 0.5;

    /// A path of so many frames from one magnification to another one. Over the part `ease` of the time at either end the
    /// speed rises from 0 and falls to 0; along the way the picture turns by `turn` degrees, counter-clockwise.
    ///
    /// # Errors
    /// [`Error::Film`] without frames, for a way outwards, for an easing outside 0 to 0.5 and a turn beyond 1e6 degrees;
    /// [`Error::Extent`] for a magnification that is not above 0.
    pub fn new(from: Decimal, to: Decimal, frames: u32, ease: f64, turn: f64) -> Result<Self, Error> {
        let (low, high) = (from.to_floatexp(), to.to_floatexp());
        if [low, high].iter().any(|zoom| *zoom <= FloatExp::ZERO || !zoom.mantissa().is_finite()) {
            return Err(Error::Extent);
        }
        let problem = if frames == 0 {
            FilmProblem::NoFrames
        } else if from > to {
            FilmProblem::Outwards
        } else if !(0.0..=Self::MAX_EASE).contains(&ease) {
            FilmProblem::Ease(ease)
        } else if turn.is_nan() || turn.abs() > 1e6 {
            FilmProblem::Turn(turn)
        } else {
            let ratio = high / low;
            let octaves = f64::from(ratio.exponent()) + libm::log2(ratio.mantissa());
            return Ok(Self { from, to, frames, ease, turn, octaves });
        };
        Err(Error::Film(problem))
    }

    /// How many frames there are.
    pub fn frames(&self) -> u32 {
        self.frames
    }

    /// The magnification of the first frame.
    pub fn from(&self) -> &Decimal {
        &self.from
    }

    /// The magnification of the last frame.
    pub fn to(&self) -> &Decimal {
        &self.to
    }

    /// The part of the time at either end in which the speed changes.
    pub fn ease(&self) -> f64 {
        self.ease
    }

    /// By how many degrees the picture turns along the way.
    pub fn turn(&self) -> f64 {
        self.turn
    }

    /// How often the magnification doubles.
    pub fn octaves(&self) -> f64 {
        self.octaves
    }

    /// The part of the way that frame `i` has behind it, 0 to 1. A film of one frame is at its end.
    fn part(&self, i: u32) -> f64 {
        if self.frames == 1 {
            return 1.0;
        }
        let (t, e) = (f64::from(i) / f64::from(self.frames - 1), self.ease);
        // The speed is trapezoidal; its largest value is 1 / (1 - e), so that the whole way is 1.
        let eased = |t: f64| t * t / (2.0 * e * (1.0 - e));
        if t < e {
            eased(t)
        } else if 1.0 - t < e {
            1.0 - eased(1.0 - t)
        } else {
            (t - e / 2.0) / (1.0 - e)
        }
    }

    /// How many octaves frame `i` is above the last one.
    pub fn above(&self, i: u32) -> f64 {
        self.octaves * (1.0 - self.part(i))
    }

    /// The magnification of frame `i`: the given ones for the first and the last frame.
    pub fn zoom(&self, i: u32) -> Decimal {
        if i + 1 >= self.frames {
            return self.to.clone();
        }
        if i == 0 {
            return self.from.clone();
        }
        Decimal::shortest(self.above_last(self.above(i))).unwrap_or_else(|| self.to.clone())
    }

    /// The magnification so many octaves above the last frame.
    pub(super) fn above_last(&self, octaves: f64) -> FloatExp {
        let whole = octaves.ceil();
        self.to.to_floatexp() * FloatExp::new(libm::exp2(whole - octaves), -(whole as i32))
    }

    /// The angle of frame `i` where the first one has the angle `start`.
    ///
    /// # Errors
    /// None for angles that a [`Rotation`] has.
    pub fn rotation(&self, i: u32, start: Rotation) -> Result<Rotation, Error> {
        Rotation::new(start.degrees() + self.turn * self.part(i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zoom(text: &str) -> Decimal {
        text.parse().expect("a number")
    }

    fn path(frames: u32, ease: f64) -> Path {
        Path::new(zoom("1"), zoom("1e50"), frames, ease, 90.0).expect("a path")
    }

    #[test]
    fn frames_are_equal_factors_apart() {
        let path = path(51, 0.0);
        assert_eq!((path.zoom(0), path.zoom(50)), (zoom("1"), zoom("1e50")));
        for i in 1..50 {
            let off = path.zoom(i).to_floatexp() / zoom(&format!("1e{i}")).to_floatexp();
            assert!((off.to_f64() - 1.0).abs() < 1e-12, "{i}");
        }
        let start = Rotation::new(30.0).expect("an angle");
        let angles = [0, 25, 50].map(|i| path.rotation(i, start).expect("an angle").degrees());
        assert_eq!(angles, [30.0, 75.0, 120.0]);
    }

    #[test]
    fn eased_films_begin_and_end_slowly() {
        for ease in [0.1, 0.25, 0.5] {
            let path = path(101, ease);
            let steps: Vec<f64> = (0..100).map(|i| path.part(i + 1) - path.part(i)).collect();
            assert!((steps.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(steps[0] < 0.1 / ease / 50.0 && steps.iter().all(|step| *step > 0.0));
            for i in 0..50 {
                assert!((steps[i] - steps[99 - i]).abs() < 1e-12, "{ease} {i}");
            }
        }
    }

    #[test]
    fn nonsense_is_no_path() {
        let new =
            |from: &str, to: &str, frames, ease, turn| Path::new(zoom(from), zoom(to), frames, ease, turn);
        assert_eq!(new("1", "2", 0, 0.0, 0.0), Err(Error::Film(FilmProblem::NoFrames)));
        assert_eq!(new("2", "1", 1, 0.0, 0.0), Err(Error::Film(FilmProblem::Outwards)));
        assert_eq!(new("1", "2", 1, 0.6, 0.0), Err(Error::Film(FilmProblem::Ease(0.6))));
        assert_eq!(new("1", "2", 1, 0.0, 1e7), Err(Error::Film(FilmProblem::Turn(1e7))));
        assert_eq!(new("0", "2", 1, 0.0, 0.0), Err(Error::Extent));
        let still = new("7", "7", 3, 0.0, 0.0).expect("a view held still");
        assert_eq!(still.zoom(1), zoom("7"));
    }
}
