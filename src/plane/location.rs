//! Places by name, and the view of each in a picture of any shape.

use num_complex::Complex;

use crate::error::Error;
use crate::number::complex::parse_complex;
use crate::number::decimal::Decimal;
use crate::plane::frame::{Extent, Frame};

/// A place worth looking at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Location {
    /// What `--at` calls it.
    pub name: &'static str,
    /// Center, as text for [`parse_complex`].
    pub center: &'static str,
    /// Height in the plane, as a decimal number.
    pub height: &'static str,
    /// Width in the plane that a picture higher than wide shows at least.
    pub width: &'static str,
    /// A limit that shows its detail.
    pub max_iter: u32,
    /// What there is to see.
    pub about: &'static str,
    /// Who found it, where that is known.
    pub credit: &'static str,
}

impl Location {
    /// The built-in places; the first is the default.
    pub const ALL: [Self; 16] = [
        Self {
            name: "home",
            center: "-0.65",
            height: "2.45",
            width: "2.8",
            max_iter: 1000,
            about: "the whole set",
            credit: "common knowledge",
        },
        Self {
            name: "seahorse",
            center: "-0.7453+0.1127i",
            height: "0.0065",
            width: "0.0065",
            max_iter: 4000,
            about: "spirals in the valley between cardioid and disk",
            credit: "common knowledge",
        },
        Self {
            name: "elephant",
            center: "0.2925755-0.0149977i",
            height: "0.0026",
            width: "0.0026",
            max_iter: 1000,
            about: "trunks at the cusp of the cardioid",
            credit: "common knowledge",
        },
        Self {
            name: "mini",
            center: "-1.74976",
            height: "0.04",
            width: "0.04",
            max_iter: 1000,
            about: "the largest small copy of the set, on the needle",
            credit: "common knowledge",
        },
        Self {
            name: "twins",
            center: include_str!("location/twins.txt"),
            height: "4e-14",
            width: "4e-14",
            max_iter: 4_036,
            about: "two islands in an embedded Julia set, at 1e14",
            credit: "the benchmark locations of Kalles Fraktaler",
        },
        Self {
            name: "crown",
            center: include_str!("location/crown.txt"),
            height: "6.153941e-24",
            width: "6.153941e-24",
            max_iter: 256_000,
            about: "spirals around a dark center, at 6e23",
            credit: "this project, with `mandel find`",
        },
        Self {
            name: "wreath",
            center: include_str!("location/wreath.txt"),
            height: "2.220244e-23",
            width: "2.220244e-23",
            max_iter: 128_000,
            about: "a ring of rings in the seahorse valley of a small copy, at 2e23",
            credit: "this project, with `mandel find`",
        },
        Self {
            name: "star",
            center: include_str!("location/star.txt"),
            height: "4e-50",
            width: "4e-50",
            max_iter: 263_010,
            about: "a dark star in a hexagon, at 1e50",
            credit: "the benchmark locations of Kalles Fraktaler",
        },
        Self {
            name: "leaves",
            center: include_str!("location/leaves.txt"),
            height: "8e-114",
            width: "8e-114",
            max_iter: 35_494,
            about: "leaves in a ring of lace, at 5e113",
            credit: "the benchmark locations of Kalles Fraktaler",
        },
        Self {
            name: "needle",
            center: include_str!("location/needle.txt"),
            height: "3.548625e-239",
            width: "3.548625e-239",
            max_iter: 20_000,
            about: "a copy of the set on the needle, period 200, at 1e239",
            credit: "computed as the nucleus of its period next to -2",
        },
        Self {
            name: "safari",
            center: include_str!("location/safari.txt"),
            height: "3.762333e-307",
            width: "3.762333e-307",
            max_iter: 256_000,
            about: "a sun in rings of lace, at 1e307, where double precision ends",
            credit: "the locations of rust-fractal",
        },
        Self {
            name: "ssssssssss",
            center: include_str!("location/ssssssssss.txt"),
            height: "1e-533",
            width: "1e-533",
            max_iter: 120_000,
            about: "a chain of S, at 4e533",
            credit: "Dinkydau",
        },
        Self {
            name: "dendrite",
            center: include_str!("location/dendrite.txt"),
            height: "4e-1000",
            width: "4e-1000",
            max_iter: 10_000,
            about: "the branch at i, which looks the same at every depth, at 1e1000",
            credit: "Misiurewicz point i, known to all",
        },
        Self {
            name: "blossom",
            center: include_str!("location/blossom.txt"),
            height: "4e-1086",
            width: "4e-1086",
            max_iter: 600_100,
            about: "leaves around leaves, at 1e1086",
            credit: "Olbaid-ST, Deep Mandelbrot Set 023",
        },
        Self {
            name: "branches",
            center: include_str!("location/branches.txt"),
            height: "3.26605e-1201",
            width: "3.26605e-1201",
            max_iter: 44_694,
            about: "branches that meet in twos, at 1e1201",
            credit: "the locations of rust-fractal",
        },
        Self {
            name: "urchin",
            center: include_str!("location/urchin.txt"),
            height: "1.481481e-8000",
            width: "1.481481e-8000",
            max_iter: 128_000,
            about: "spines around a Misiurewicz point, at 2.7e8000",
            credit: "the locations of rust-fractal",
        },
    ];

    /// The place of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.name == name)
    }

    /// The built-in place that is shown whole.
    pub fn of(frame: &Frame) -> Option<Self> {
        let Frame::Centered { center, extent } = frame else { return None };
        // The size first: centers have thousands of digits.
        let same = |place: &Self| {
            place.extent().is_ok_and(|of_place| of_place == *extent)
                && place.center().is_ok_and(|of_place| of_place == *center)
        };
        Self::ALL.into_iter().find(same)
    }

    /// The center, exactly.
    ///
    /// # Errors
    /// None for the places of [`Location::ALL`].
    pub fn center(&self) -> Result<Complex<Decimal>, Error> {
        parse_complex(self.center)
    }

    /// The size of the view: all of the place fits in, also in a picture that is higher than wide.
    ///
    /// # Errors
    /// None for the places of [`Location::ALL`].
    pub fn extent(&self) -> Result<Extent, Error> {
        Ok(Extent::Contains { width: self.width.parse()?, height: self.height.parse()? })
    }

    /// The frame of the view.
    ///
    /// # Errors
    /// None for the places of [`Location::ALL`].
    pub fn frame(&self) -> Result<Frame, Error> {
        Ok(Frame::Centered { center: self.center()?, extent: self.extent()? })
    }
}
