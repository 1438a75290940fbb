//! Built-in views by name.

/// A place worth looking at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// What `--at` calls it.
    pub name: &'static str,
    /// Center, as a point that [`parse_complex`](crate::parse_complex) reads.
    pub center: &'static str,
    /// Height in the plane, as a decimal number.
    pub height: &'static str,
    /// Width in the plane that must be seen too, in a picture that is higher than wide.
    pub width: &'static str,
    /// A limit that shows its detail.
    pub max_iter: u32,
    /// What there is to see.
    pub about: &'static str,
}

impl View {
    /// The views there are; the first is the default.
    pub const ALL: [Self; 4] = [
        Self {
            name: "home",
            center: "-0.65",
            height: "2.45",
            width: "2.8",
            max_iter: 1000,
            about: "the whole set",
        },
        Self {
            name: "seahorse",
            center: "-0.7453+0.1127i",
            height: "0.0065",
            width: "0.0065",
            max_iter: 4000,
            about: "spirals in the valley between cardioid and disk",
        },
        Self {
            name: "elephant",
            center: "0.2925755-0.0149977i",
            height: "0.0026",
            width: "0.0026",
            max_iter: 1000,
            about: "trunks at the cusp of the cardioid",
        },
        Self {
            name: "mini",
            center: "-1.74976",
            height: "0.04",
            width: "0.04",
            max_iter: 1000,
            about: "the largest small copy of the set, on the needle",
        },
    ];

    /// The view of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|view| view.name == name)
    }
}
