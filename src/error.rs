//! What a caller can get wrong, or the machine can refuse: one variant for each mistake, with its values.
//!
//! The texts state the fact. A front end adds which option or file a value came from, and what to do.

mod field_problem;
mod film_problem;
mod job_problem;
mod palette_problem;
mod scene_problem;

pub use field_problem::FieldProblem;
pub use film_problem::FilmProblem;
pub use job_problem::JobProblem;
pub use palette_problem::PaletteProblem;
pub use scene_problem::SceneProblem;

/// Everything that can go wrong in the library. Errors of files are the caller's, who opens them.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A text that should be a number or a point of the plane is not.
    #[error("{problem} at character {position}")]
    Number {
        /// Position of the first character that does not fit, in characters from 0.
        position: usize,
        /// What is wrong there.
        problem: NumberProblem,
    },
    /// A side of a picture is 0 or longer than [`MAX_SIDE`](crate::plane::viewport::MAX_SIDE).
    #[error("a size of {0}x{1} pixels")]
    Size(u32, u32),
    /// Width, height or zoom of a view is not a finite number above 0.
    #[error("the width and height of a view must be finite numbers above 0")]
    Extent,
    /// A region whose lower bound is not below its upper one.
    #[error("the region is empty")]
    EmptyRegion,
    /// A coordinate of the view lies beyond the largest `f64`.
    #[error("the view reaches beyond the largest f64, about 1.8e308")]
    BeyondF64,
    /// An exponential map by its edges.
    #[error("an exponential map has a center and a size, no edges")]
    Projection,
    /// An exponential map of so many octaves, which ends deeper than numbers of [`MAX_DIGITS`](crate::MAX_DIGITS) digits tell.
    #[error("an exponential map of {0} octaves ends beyond 1e-100000")]
    StripDepth(u32),
    /// An exponential map whose samples lie on its edges: the first and the last column would be one.
    #[error("the samples of an exponential map lie in the middle of its pixels")]
    Endpoints,
    /// An angle that is not finite.
    #[error("a rotation of {0:?} degrees")]
    Rotation(f64),
    /// More samples along a side than a lattice can have.
    #[error("{supersample} samples for each of {pixels} pixels along a side")]
    TooManySamples {
        /// Samples along a pixel.
        supersample: u32,
        /// Pixels along the side.
        pixels: u32,
    },
    /// A part of a view that is empty or reaches outside.
    #[error("a part of {width}x{height} at {left},{top} does not lie in a view of {view:?}")]
    Crop {
        /// First column of the part.
        left: u32,
        /// First row of the part.
        top: u32,
        /// Columns of the part.
        width: u32,
        /// Rows of the part.
        height: u32,
        /// Columns and rows of the view.
        view: (u32, u32),
    },
    /// A `max_iter` of 0 or `u32::MAX`.
    #[error("a max_iter of {0}")]
    MaxIter(u32),
    /// An escape radius below 2 or not a number.
    #[error("an escape radius of {0}")]
    EscapeRadius(f64),
    /// Supersampling outside 1 to [`Scene::MAX_SUPERSAMPLE`](crate::Scene::MAX_SUPERSAMPLE).
    #[error("{0} samples along a pixel")]
    Supersample(u32),
    /// A lattice of samples in place of one of pixels.
    #[error("the lattice of samples of a scene is not one of pixels")]
    Refined,
    /// A density that is not above 0 and at most 1e6.
    #[error("a density of {0:?}")]
    Density(f64),
    /// An offset outside -1e6 to 1e6.
    #[error("an offset of {0:?}")]
    Offset(f64),
    /// An origin that did not escape, or whose fraction is not finite.
    #[error("the origin of the coloring is not the smooth count of a sample that escaped")]
    Origin,
    /// Control points of a map: 2 to 4096, with counts that rise and places that do not fall.
    #[error("the control points of the map do not rise")]
    Curve,
    /// An angle beyond 1e6 degrees, a height outside 0.5 to 100 or a strength outside 0 to 1.
    #[error("the light is out of range")]
    Light,
    /// A width that is not above 0 and at most 1e6 pixels.
    #[error("the width of the edge is out of range")]
    Edge,
    /// A text that is no color.
    #[error("'{}' is no color", .0.escape_debug())]
    Color(String),
    /// A text that names no way to color samples that do not escape.
    #[error("'{}' is no color, 'transparent', 'period' or 'distance'", .0.escape_debug())]
    Interior(String),
    /// A palette of fewer than two colors.
    #[error("a palette of {0} colors")]
    FewColors(usize),
    /// Places of a palette that do not rise from 0 to 1.
    #[error("the places of a palette do not rise from 0 to 1")]
    Places,
    /// No palette of that name.
    #[error("no palette named '{}'", .0.escape_debug())]
    UnknownPalette(String),
    /// A file of palettes that cannot be used.
    #[error("line {line}, column {column}: {problem}")]
    PaletteFile {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong there.
        problem: PaletteProblem,
    },
    /// A file without a palette of that name, or of several of which none was named.
    #[error("no palette of that name in the file")]
    PaletteName {
        /// The name, if there was one.
        name: Option<String>,
        /// The names in the file.
        known: Vec<String>,
    },
    /// A text that names no set of instructions.
    #[error("no kernel named '{}'", .0.escape_debug())]
    UnknownLevel(String),
    /// A text that names no file format.
    #[error("no file format named '{}'", .0.escape_debug())]
    UnknownFormat(String),
    /// A format, by its suffix, whose pixels have no opacity, and a picture that has one.
    #[error("{0} has no opacity")]
    NoOpacity(String),
    /// A format, by its suffix, whose channels have 8 bits, where 16 are wanted.
    #[error("{0} has 8 bits a channel")]
    NoDepth(String),
    /// A format, by its suffix, and the most pixels along a side that it holds.
    #[error("{0} holds at most {1} pixels along a side")]
    FormatSide(String, u32),
    /// A format, by its suffix, and the most bytes of pixels that it holds.
    #[error("{0} holds at most {1} bytes of pixels")]
    FormatBytes(String, u64),
    /// Preperiod and period of which there is no Misiurewicz point: the least are 2 and 1, those of c = -2.
    #[error("no Misiurewicz point has preperiod {preperiod} and period {period}")]
    NoSuchPair {
        /// The index of the first point on the cycle, from Z_0 = 0.
        preperiod: u32,
        /// The length of the cycle.
        period: u32,
    },
    /// A search that did not find its point.
    #[error("nothing was found: {0}")]
    NotFound(Search),
    /// Scene text that cannot be used.
    #[error("line {line}, column {column}: {problem}")]
    SceneText {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What is wrong there.
        problem: SceneProblem,
    },
    /// A file that is not what it claims to be, or damaged.
    #[error("{0}")]
    Damaged(&'static str),
    /// A file of another job, kernel or part than the one that it is read for.
    #[error("its {what} is {found}, and {expected} is expected")]
    Foreign {
        /// What differs.
        what: &'static str,
        /// What the file says.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// A file of numbers that cannot be used.
    #[error("{0}")]
    Field(FieldProblem),
    /// A job that cannot be made or used.
    #[error("{0}")]
    Job(JobProblem),
    /// A scene and a path that make no film.
    #[error("{0}")]
    Film(FilmProblem),
    /// The machine lacks the instructions that were asked for.
    #[error("this processor does not have {0}")]
    Instructions(&'static str),
    /// The reference orbit of a view is longer than its limit.
    #[error("the reference orbit takes more than {max_steps} iterations")]
    LongReference {
        /// The most iterations that were allowed.
        max_steps: u64,
    },
    /// The count of a point could not be proven with the precision that is tried at most.
    #[error("{bits} bits do not decide whether the point has escaped after {iterations} iterations")]
    Undecided {
        /// Bits of the last try.
        bits: usize,
        /// Iterations after which the ball lay on both sides of |z| = 2.
        iterations: u64,
    },
    /// A search or preview that would keep more in memory than it may.
    #[error("more than {max_bytes} bytes of memory")]
    Memory {
        /// The most that was allowed.
        max_bytes: u64,
    },
    /// The system refused to start so many threads.
    #[error("the system refused {threads} threads: {reason}")]
    Threads {
        /// Threads that were asked for.
        threads: usize,
        /// What the pool said.
        reason: String,
    },
    /// A guarantee of this library did not hold.
    #[error("{0}")]
    Internal(String),
}

/// Why a text is no number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NumberProblem {
    /// Two signs in a row.
    #[error("a second sign")]
    SecondSign,
    /// Two decimal points.
    #[error("a second decimal point")]
    SecondPoint,
    /// Something else where a digit must stand.
    #[error("a digit was expected here")]
    NoDigit,
    /// The text ends before the number begins.
    #[error("a number was expected here")]
    Nothing,
    /// No whole number after the `e`.
    #[error("a whole power of ten was expected after the 'e'")]
    NoPower,
    /// A character that no number has.
    #[error("'{}' does not belong in a number", .0.escape_default())]
    Foreign(char),
    /// More significant digits than are read.
    #[error("{digits} digits; at most {max} are read")]
    TooManyDigits {
        /// Digits of the number.
        digits: usize,
        /// The most that are read.
        max: usize,
    },
    /// A power of ten that is too large or too small.
    #[error("a power of ten beyond 1e{max} or 1e-{max}")]
    Power {
        /// The largest power that is read.
        max: usize,
    },
    /// A power without a whole number before its `^`.
    #[error("a whole number was expected before the '^', as in 10^5")]
    NoBase,
    /// A comma that cannot divide two numbers.
    #[error("a comma that does not stand between two numbers; a decimal number needs a point")]
    DecimalComma,
    /// A text of two meanings.
    #[error("this can be read as {one} and as {other}; write the one that is meant")]
    Readings {
        /// One of them.
        one: String,
        /// The other.
        other: String,
    },
    /// A second part without an `i`.
    #[error("the imaginary part needs an 'i' at its end")]
    NoImaginaryUnit,
}

/// How a search ended without a result.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Search {
    /// The center leads to a nucleus outside the view.
    #[error("the nucleus of period {period} lies {radii} radii away")]
    NucleusOutside {
        /// Period of that nucleus.
        period: u32,
        /// Its distance from the center, in radii of the view.
        radii: f64,
    },
    /// The orbit of the center escapes, and no nucleus is near.
    #[error("the center escapes, and no nucleus is near")]
    CenterEscapes,
    /// No nucleus up to this period.
    #[error("no nucleus of a period up to {0}")]
    NoNucleus(u32),
    /// After so many steps of a walk, a view has no minibrot to go on with.
    #[error("after {0} steps no minibrot is in view")]
    NoWay(usize),
    /// Neither a Misiurewicz point in the view nor a sign of one.
    #[error("no Misiurewicz point")]
    NoMisiurewicz,
    /// No Misiurewicz point with preperiod and period up to this sum.
    #[error("no Misiurewicz point with preperiod and period up to {0} together")]
    NoMisiurewiczUpTo(u32),
    /// The point of that preperiod has another period.
    #[error("the point of preperiod {preperiod} has period {found}, not {period}")]
    OtherPeriod {
        /// The preperiod that was asked for.
        preperiod: u32,
        /// The period that was asked for.
        period: u32,
        /// The period of the point in the view.
        found: u32,
    },
    /// No start of Newton's method leads to a point of that preperiod and period.
    #[error("no Misiurewicz point with preperiod {preperiod} and period {period}")]
    NoPair {
        /// The preperiod that was asked for.
        preperiod: u32,
        /// The period that was asked for.
        period: u32,
    },
}

/// The kinds of failure, one exit code each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is invalid.
    Usage,
    /// Data that was read is damaged or foreign.
    Input,
    /// The machine is too small for the request.
    Limit,
    /// A fault of this library.
    Internal,
}

impl Error {
    /// Which kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Field(FieldProblem::Memory { .. }) => ErrorKind::Limit,
            Self::Damaged(_) | Self::Foreign { .. } | Self::Field(_) | Self::PaletteFile { .. } => {
                ErrorKind::Input
            }
            Self::Instructions(_)
            | Self::LongReference { .. }
            | Self::Undecided { .. }
            | Self::Memory { .. }
            | Self::Threads { .. } => ErrorKind::Limit,
            Self::Internal(_) => ErrorKind::Internal,
            _ => ErrorKind::Usage,
        }
    }
}
