//! Notes on a picture: a max_iter that is too small, or samples that are all alike.

use mandel::{Bailout, Escape, FloatExp, Scene};

/// Half the diagonal of views in which the set, some 3 wide, is hardly a dot.
const FAR: f64 = 1e3;

/// How many samples that reached max_iter lie beside one that escaped, and the range of counts. Many such samples mean
/// that the limit, not the set, draws the shape.
#[derive(Clone, Copy)]
pub(crate) struct Edges {
    cut: u64,
    samples: u64,
    /// Samples that have not escaped.
    open: u64,
    /// The least and the largest count of those that have.
    counts: (u32, u32),
}

impl Default for Edges {
    fn default() -> Self {
        Self { cut: 0, samples: 0, open: 0, counts: (u32::MAX, 0) }
    }
}

impl Edges {
    pub(crate) fn of(escapes: &[Escape], width: u32) -> Self {
        let mut edges = Self { samples: escapes.len() as u64, ..Self::default() };
        // Plain loops over one number each, which compilers turn into vector code. No escape is u32::MAX, and 0 after adding 1.
        let counts = || escapes.iter().map(|escape| escape.count(u32::MAX));
        edges.open = counts().map(|n| u64::from(n == u32::MAX)).sum();
        edges.counts = (
            counts().fold(u32::MAX, u32::min),
            counts().fold(0, |most, n| most.max(n.wrapping_add(1))).saturating_sub(1),
        );
        let pairs = escapes.chunks_exact(width as usize).flat_map(|row| row.windows(2));
        edges.cut = pairs.filter(|pair| pair[0].n().is_none() != pair[1].n().is_none()).count() as u64;
        edges
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.cut += other.cut;
        self.samples += other.samples;
        self.open += other.open;
        self.counts = (self.counts.0.min(other.counts.0), self.counts.1.max(other.counts.1));
    }

    /// The notes for these samples of a scene.
    pub(crate) fn notes(self, scene: &Scene) -> Vec<String> {
        let percent = 100.0 * self.cut as f64 / self.samples as f64;
        let max_iter = scene.bailout().max_iter();
        let better = max_iter.saturating_mul(4).min(Bailout::MAX_ITER);
        let mut notes = Vec::new();
        if percent >= 2.0 && better > max_iter {
            notes.push(format!(
                "note: {percent:.1} % of the samples reached max_iter beside ones that escaped; \
                 more detail may appear with --max-iter {better}"
            ));
        }
        if self.samples > 1 && scene.viewport().radius() > FloatExp::from(FAR) {
            notes.push(format!(
                "note: the set is {:.1e} of the picture wide; a larger --zoom shows it",
                3.0 / (2.0 * scene.viewport().radius().to_f64())
            ));
        } else if self.samples > 1 {
            notes.extend(self.blank(max_iter));
        }
        notes
    }

    /// The note for a view whose samples are all alike, or nearly.
    fn blank(self, max_iter: u32) -> Option<String> {
        let (least, most) = self.counts;
        if self.open == self.samples {
            return Some(format!(
                "note: no sample escaped within {max_iter} iterations, so the picture is blank; the view lies inside \
                 the set, or needs a larger --max-iter"
            ));
        }
        // One in a thousand is hardly seen.
        if self.samples - self.open <= self.samples / 1000 {
            return Some(format!(
                "note: only {} of {} samples escaped within {max_iter} iterations, so the picture is nearly blank; the \
                 view lies inside the set, or needs a larger --max-iter",
                self.samples - self.open,
                self.samples
            ));
        }
        (self.open == 0 && least == most).then(|| {
            format!(
                "note: all samples escaped after {least} iteration{}, so the picture is blank; the view lies outside \
                 the set. Its center needs more digits, or the zoom must be smaller; 'mandel find' finds a center",
                if least == 1 { "" } else { "s" }
            )
        })
    }
}
