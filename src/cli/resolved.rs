//! A scene that is ready to be rendered, and what was found on the way to it.

use std::f64::consts::LOG10_2;
use std::sync::Arc;

use mandel::{Kernel, Plan, ReferenceOrbit, Scene};

use crate::cli::failure::Failure;
use crate::cli::memory;
use crate::cli::progress::{Meter, Progress, Stage};

/// A center of so few digits is taken as exact: i, -0.75, 0.3125.
const EXACT_DIGITS: i64 = 4;

/// A scene in which only the origin of the coloring may be open, and what was computed to resolve it.
pub(crate) struct Resolved {
    pub(crate) scene: Scene,
    /// The reference orbit that an automatic `max_iter` was found with.
    pub(crate) reference: Option<Arc<ReferenceOrbit>>,
    /// Whether the center was given.
    pub(super) centered: bool,
    /// What differs from the file that the scene comes from.
    pub(super) notes: Vec<String>,
}

impl Resolved {
    /// A scene that was resolved before.
    pub(crate) fn known(scene: Scene) -> Self {
        Self { scene, reference: None, centered: false, notes: Vec::new() }
    }

    /// The kernel of its samples. A deep one takes a reference orbit, which `progress` shows.
    pub(crate) fn kernel(&self, progress: Progress) -> Result<Box<dyn Kernel>, Failure> {
        let plan = Plan::new(self.scene.samples(), self.scene.bailout(), None);
        let steps = Arc::default();
        let shown = if plan.is_deep() { progress } else { Progress::Never };
        let _meter = Meter::start(shown, Stage::Reference, Arc::clone(&steps));
        Ok(plan.kernel_within(self.reference.clone(), memory::max_steps(0), &steps)?)
    }

    /// What to say of the scene before it is rendered, a line each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let notes = self.notes.iter().map(|note| format!("note: {note}"));
        notes.chain(self.digits_note()).collect()
    }

    /// What to say where the center has fewer digits than the view can tell apart.
    fn digits_note(&self) -> Option<String> {
        self.missing_digits().map(|(given, needed)| {
            format!(
                "note: the center has {given} digits behind the point, and the samples of this view differ in \
                 digit {needed}; what is missing counts as zeros"
            )
        })
    }

    /// How many digits behind the point the center has, and how many it needs, where those are more.
    pub(crate) fn missing_digits(&self) -> Option<(i64, i64)> {
        let viewport = self.scene.viewport();
        if !self.centered || !Plan::new(viewport, self.scene.bailout(), None).is_deep() {
            return None;
        }
        // Neighbors differ in the first digit behind the zeros of the spacing.
        let needed = (f64::from(-viewport.spacing().1.exponent()) * LOG10_2).ceil() as i64 + 1;
        let given = viewport.center().re.decimals().max(viewport.center().im.decimals());
        (given > EXACT_DIGITS && given < needed).then_some((given, needed))
    }
}
