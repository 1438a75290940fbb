//! Nuclei: the centers of the hyperbolic components, and so of the minibrots, of the Mandelbrot set.
//!
//! A nucleus of period p is a point c whose critical orbit returns to 0 after p iterations, and not before.

use num_complex::Complex;

use crate::error::{Error, Search};
use crate::find::lowest::Cover;
use crate::find::newton::{bits_for, digits_for, root};
use crate::kernel::critical_orbit::{CriticalOrbit, GUARD};
use crate::number::complexexp::ComplexExp;
use crate::number::decimal::Decimal;
use crate::number::fixed::ComplexFixed;
use crate::number::floatexp::FloatExp;
use crate::plane::location::Location;

/// The shape of a hyperbolic component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A cardioid: the nucleus is that of a minibrot, or of the whole set.
    Cardioid,
    /// A disk, attached to a larger component.
    Disk,
}

/// A nucleus and the component around it.
#[derive(Clone, Debug)]
pub struct Nucleus {
    /// The nucleus, to forty digits more than it takes to see its component.
    pub center: Complex<Decimal>,
    /// The least number of iterations after which 0 returns to 0.
    pub period: u32,
    /// The factor by which the component is turned and scaled against the one of period 1, whose size is 1.
    pub size: ComplexExp,
    /// Cardioid or disk.
    pub shape: Shape,
    /// Whether it is proven that the view it was found in has no nucleus of a lower period.
    pub lowest: bool,
}

/// Digits of a center beyond the size of its component, so that views of it can be enlarged by as many powers of ten.
pub(crate) const MORE_DIGITS: usize = 40;
/// The most radii from the center that Newton's method may lead.
pub(crate) const WANDER: f64 = 16.0;
/// Candidates that may lead outside the view before the search ends.
const MISSES: u32 = 24;
/// Work for the proof that a period is the lowest: so many iterations, each counted by the words of its numbers. A few seconds.
const WORK: u64 = 1 << 24;

impl Nucleus {
    /// The nucleus of lowest period within `radius` of `center`.
    ///
    /// A first one is found along the orbit of the center. Then all lower periods are excluded over the whole of the view, or one is
    /// found there. Where that takes too long, [`Nucleus::lowest`] is false.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none, or none of a period up to `max_iter`.
    pub fn find(center: &Complex<Decimal>, radius: FloatExp, max_iter: u32) -> Result<Self, Error> {
        let first = Self::along_center(center, radius, max_iter);
        let middle = ComplexFixed::new(center, bits_for(digits_for(radius, MORE_DIGITS)));
        let below = first.as_ref().map_or(max_iter.saturating_add(1), |nucleus| nucleus.period);
        let search = |start: &ComplexFixed, period| {
            let (nucleus, distance) = Self::near(start, &middle, radius, period)?;
            (distance <= radius).then_some((nucleus.period, nucleus))
        };
        let mut cover = Cover::new(&middle, radius, WORK);
        // Orbits inside the set never end, so low periods are looked for first.
        let limits = (3..).map(|power| below.min(4_u32.saturating_pow(power)));
        for limit in limits {
            let (lower, lowest) = cover.lowest(limit, search);
            if lower.is_some() || limit == below || !lowest {
                return Ok(Self { lowest, ..lower.map_or(first, Ok)? });
            }
        }
        first
    }

    /// The radius of the least view around `center` in which a nucleus is near its orbit, of those that are 4, 16, 64, ... times as
    /// large as `radius` up to the whole set. `None` if there is none up to `max_iter`.
    pub fn wider(center: &Complex<Decimal>, radius: FloatExp, max_iter: u32) -> Option<FloatExp> {
        let wider = |radius: &FloatExp| Some(*radius * FloatExp::from(4.0));
        std::iter::successors(wider(&radius), wider)
            .take_while(|radius| *radius < FloatExp::from(8.0))
            .find(|radius| Self::along_center(center, *radius, max_iter).is_ok())
    }

    /// A nucleus of low period in the view, by the orbit of its center.
    ///
    /// The period is the first n with |Z_n| < radius |dZ_n/dc|: to first order, the view is mapped onto a disk that
    /// contains 0 (R. Munafo, "Period", in The Encyclopedia of the Mandelbrot Set). Newton's method leads from there
    /// to the nucleus. If that lies outside the view, as it may if the view is not small against the component, the
    /// search goes on.
    fn along_center(center: &Complex<Decimal>, radius: FloatExp, max_iter: u32) -> Result<Self, Error> {
        let middle = ComplexFixed::new(center, bits_for(digits_for(radius, MORE_DIGITS)));
        let bits = (-radius.exponent()).max(0) as usize + GUARD;
        let mut orbit = CriticalOrbit::new(ComplexFixed::new(center, bits));
        let mut outside = None;
        let mut misses = 0;
        for n in 1..=max_iter {
            orbit.step();
            if orbit.rounded().abs() < radius * orbit.derivative().abs() {
                match Self::near(&middle, &middle, radius, n) {
                    Some((nucleus, distance)) if distance <= radius => return Ok(nucleus),
                    found => outside = outside.or(found),
                }
                misses += 1;
            }
            if orbit.escaped() || misses == MISSES {
                break;
            }
        }
        Err(Error::NotFound(match outside {
            Some((nucleus, distance)) => {
                Search::NucleusOutside { period: nucleus.period, radii: (distance / radius).to_f64() }
            }
            None if orbit.escaped() => Search::CenterEscapes,
            None => Search::NoNucleus(max_iter),
        }))
    }

    /// The nucleus of that period, or of a divisor of it, to which Newton's method leads from `start`, and its distance from the
    /// `middle` of the view. `None` if it leads far away from the view.
    pub(super) fn near(
        start: &ComplexFixed,
        middle: &ComplexFixed,
        radius: FloatExp,
        period: u32,
    ) -> Option<(Self, FloatExp)> {
        // The size is 1 / derivative^2 up to a moderate factor (see `at`), for which there are 5 digits more.
        let bits = |derivative: ComplexExp| {
            let unit = FloatExp::ONE / (derivative.abs() * derivative.abs());
            bits_for(digits_for(unit, MORE_DIGITS + 5))
        };
        let c = root(start, radius * FloatExp::from(WANDER), &[period], bits)?;
        Some((Self::at(&c, period)?, c.distance(middle)))
    }

    /// The nucleus at the root `c` of Z_period, with its lowest period; `None` if c is no root.
    fn at(c: &ComplexFixed, period: u32) -> Option<Self> {
        // Z_n counts as 0 if, to first order, a change of c by this makes it 0.
        let tolerance = FloatExp::new(1.0, GUARD as i32 + 8 - c.bits() as i32);
        let mut orbit = CriticalOrbit::new(c.clone());
        // Derivatives of Z_n: by Z_1 at fixed c, twice by c, and by c and Z_1.
        let (mut by_z, mut by_cc, mut by_cz) = (ComplexExp::ONE, ComplexExp::ZERO, ComplexExp::ZERO);
        orbit.step();
        for n in 1..=period {
            let (z, by_c) = (orbit.rounded(), orbit.derivative());
            if period.is_multiple_of(n) && z.abs() < tolerance * by_c.abs() {
                // To first order, n iterations near 0 are w -> by_z w^2 + by_c (c - c_0), which scaling turns into
                // w -> w^2 + (c - c_0) / size (the size estimate of J. Hubbard and R. Munafo, 1 / (beta lambda^2),
                // with lambda = by_z and beta lambda = by_c).
                let size = ComplexExp::ONE / (by_c * by_z);
                let center = c.to_decimal(digits_for(size.abs(), MORE_DIGITS));
                // The next order has c + e c^2 in place of c. It is e = 0 for a cardioid and -1, the logistic map, for a
                // disk (A. Dolotin and A. Morozov, "On the shapes of elementary domains", 2008).
                let bend = size * (by_cc / by_c.shifted(1) + by_cz / by_z);
                let to_disk = (bend + ComplexExp::ONE).abs();
                let shape = if bend.abs() < to_disk { Shape::Cardioid } else { Shape::Disk };
                return Some(Self { center, period: n, size, shape, lowest: false });
            }
            by_cc = (z * by_cc + by_c * by_c).shifted(1);
            by_cz = (z * by_cz + by_c * by_z).shifted(1);
            by_z = (z * by_z).shifted(1);
            orbit.step();
        }
        None
    }

    /// Center and height of a view of the component and its surroundings. Turned by minus the argument of its size,
    /// the view is upright.
    ///
    /// Three sizes high: a minibrot, which is 2.5 sizes wide, lies in it as the whole set lies in the home view, and its
    /// antenna has room in a square picture too. A disk extends half a size from its nucleus; more room would show the
    /// nucleus of the component to which it is attached.
    ///
    /// # Errors
    /// None for a nucleus that was found.
    pub fn framing(&self) -> Result<(Complex<Decimal>, FloatExp), Error> {
        let height = self.size.abs() * FloatExp::from(3.0);
        if self.shape == Shape::Disk {
            return Ok((self.center.clone(), height));
        }
        let home = Location::ALL[0].center()?;
        let (re, im) =
            (ComplexExp::from_parts(home.re.to_floatexp(), home.im.to_floatexp()) * self.size).parts();
        // The sum has hardly more digits than the nucleus, of which forty lie behind those of the size.
        let moved = |part: &Decimal, by| Ok(part.clone() + Decimal::shortest(by).ok_or(Error::Extent)?);
        Ok((Complex::new(moved(&self.center.re, re)?, moved(&self.center.im, im)?), height))
    }

    /// The height of a view of the embedded Julia set that surrounds a minibrot: 4 |size|^(3/4).
    pub fn julia_height(&self) -> FloatExp {
        let root = self.size.abs().sqrt();
        root * root.sqrt() * FloatExp::from(4.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::complex::parse_complex;

    fn find(center: &str, radius: f64) -> Nucleus {
        Nucleus::find(&parse_complex(center).expect("a point"), radius.into(), 100_000).expect(center)
    }

    /// Both parts begin with these digits, rounded in the last place.
    fn assert_digits(nucleus: &Nucleus, re: &str, im: &str) {
        for (found, known) in [(&nucleus.center.re, re), (&nucleus.center.im, im)] {
            let known: Decimal = known.parse().expect("digits");
            let places = known.to_string().split_once('.').map_or(0, |(_, places)| places.len());
            let unit: Decimal = format!("1e-{places}").parse().expect("a unit");
            let error = found.clone() - known.clone();
            assert!(error < unit && -error < unit, "{found} is not {known}");
        }
    }

    #[test]
    fn nuclei_of_low_periods() {
        // Roots of Z_p(c), computed elsewhere with other programs.
        for (period, near, re, im) in [
            (1, "-0.1", "0", "0"),
            (2, "-0.96", "-1", "0"),
            (3, "-1.75", "-1.754877666246692760049508896358528691895", "0"),
            (3, "-0.12+0.74i", "-0.12256116687665361997524555182", "0.7448617666197442365931704286"),
            (4, "-1.94", "-1.940799806529484752232090979655", "0"),
            (4, "0.28+0.53i", "0.2822713907669138796968175393", "0.5300606175785252994878690475"),
            (5, "-1.985", "-1.985424253054205310609750582719", "0"),
            (5, "-1.625", "-1.625413725123303737443410575023", "0"),
        ] {
            let nucleus = find(near, 0.2 / f64::from(period * period));
            assert_eq!(nucleus.period, period, "{near}");
            assert_digits(&nucleus, re, im);
        }
    }

    #[test]
    fn sizes_and_shapes() {
        use Shape::{Cardioid, Disk};
        let set = find("0.1", 0.5);
        assert_eq!((set.size.to_f64(), set.shape), (Complex::new(1.0, 0.0), Cardioid));
        // lambda = -2 and beta = 1/2: the disk of radius 1/4 is half a size in radius.
        let disk = find("-1", 0.1);
        assert_eq!((disk.size.to_f64(), disk.shape), (Complex::new(0.5, 0.0), Disk));
        // Z = c, c^2 + c: lambda = 4 c (c^2 + c), and dZ_3/dc = 1 + 2 (c^2 + c)(1 + 2 c).
        let mini = find("-1.75", 0.01);
        let c = mini.center.re.to_f64();
        let expected = 1.0 / (4.0 * c * (c * c + c) * (1.0 + 2.0 * (c * c + c) * (1.0 + 2.0 * c)));
        assert!((mini.size.to_f64() - expected).norm() < 1e-15, "{:?}", mini.size.to_f64());
        assert_eq!(mini.shape, Cardioid);
        assert_eq!(find("-0.12+0.74i", 0.05).shape, Disk);
        assert_eq!(find("-0.15+1.03i", 0.01).shape, Cardioid);
    }

    #[test]
    fn a_deep_one() {
        // The real minibrot of period 200 nearest to -2; the center is given to a thousandth of its size.
        let known = format!(
            "-1.{}42668574690370152486887341496992198279539391046495156437862088266738590329911741950434088623\
             70758555984601058292006584653443881381813937309763690343079234372392",
            "9".repeat(119)
        );
        let center = parse_complex(&known[..245]).expect("a point");
        let radius: Decimal = "2e-239".parse().expect("a radius");
        let nucleus = Nucleus::find(&center, radius.to_floatexp(), 100_000).expect("a nucleus");
        assert_eq!((nucleus.period, nucleus.shape), (200, Shape::Cardioid));
        assert_eq!(nucleus.size.abs().to_string(), "8.88085e-240");
        assert_digits(&nucleus, &known, "0");
    }

    #[test]
    fn a_lower_period_is_told_from_its_multiples() {
        // Newton's method for period 6 near the nucleus of period 3.
        let center = parse_complex("-1.7548").expect("a point");
        let center = ComplexFixed::new(&center, 256);
        let (nucleus, _) = Nucleus::near(&center, &center, 0.001.into(), 6).expect("a nucleus");
        assert_eq!(nucleus.period, 3);
    }

    /// Roots of Z_n for n = 1 to 9 by Newton's method in double precision, from a fine lattice over the view.
    fn lowest_by_lattice(center: Complex<f64>, radius: f64) -> Option<u32> {
        const SIDE: i32 = 15;
        (1..10).find(|&n| {
            (-SIDE..=SIDE).flat_map(|x| (-SIDE..=SIDE).map(move |y| (x, y))).any(|(x, y)| {
                let offset = Complex::new(f64::from(x), f64::from(y)) * (radius / f64::from(SIDE));
                let mut c: Complex<f64> = center + offset;
                let mut step = f64::INFINITY;
                for _ in 0..50 {
                    let (mut z, mut d) = (Complex::new(0.0, 0.0), Complex::new(0.0, 0.0));
                    for _ in 0..n {
                        (z, d) = (z * z + c, z * d * 2.0 + 1.0);
                    }
                    step = (z / d).norm();
                    c -= z / d;
                }
                step < 1e-12 && (c - center).norm() < radius
            })
        })
    }

    #[test]
    fn no_lower_period_is_overlooked() {
        let mut state = 1_u64;
        let mut random = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut seen = 0;
        for _ in 0..90 {
            let center = Complex::new(random() * 2.6 - 2.0, random() * 1.2);
            let radius = 0.05 * 2.0_f64.powf(2.5 * random());
            let text = format!("{}+{}i", center.re, center.im);
            let found = Nucleus::find(&parse_complex(&text).expect("a point"), radius.into(), 9);
            if let Ok(nucleus) = &found {
                assert!(nucleus.lowest, "{text} {radius}");
                seen += 1;
            }
            assert_eq!(
                found.ok().map(|nucleus| nucleus.period),
                lowest_by_lattice(center, radius),
                "{text} {radius}"
            );
        }
        assert!(seen > 15, "{seen}");
    }

    #[test]
    fn views_without_a_nucleus() {
        let find = |center: &str, radius: f64, max_iter| {
            let center = parse_complex(center).expect("a point");
            match Nucleus::find(&center, radius.into(), max_iter).expect_err("nothing") {
                Error::NotFound(search) => search,
                other => panic!("{other}"),
            }
        };
        assert_eq!(find("1+i", 0.01, 1000), Search::CenterEscapes);
        match find("-0.8+0.1i", 0.2, 8) {
            Search::NucleusOutside { period: 2, radii } => assert!((radii - 1.11803).abs() < 1e-5),
            other => panic!("{other}"),
        }
        assert_eq!(find("-0.1", 0.01, 1000), Search::NoNucleus(1000));
        assert_eq!(find("-1.7548776662466927", 1e-9, 2), Search::NoNucleus(2));
        assert_eq!(find("1e5000", 1.0, 2), Search::CenterEscapes);
    }
}
