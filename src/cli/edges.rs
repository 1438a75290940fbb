//! Notes on a picture: a max_iter that is too small, or samples that are all alike.

use mandel::{Bailout, Escape, Scene};

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
        for row in escapes.chunks_exact(width as usize) {
            let mut before = row[0].n().is_none();
            for escape in row {
                let open = escape.n().is_none();
                edges.cut += u64::from(open != before);
                edges.open += u64::from(open);
                before = open;
                let n = escape.count(u32::MAX);
                let (least, most) = edges.counts;
                edges.counts = (least.min(n), if open { most } else { most.max(n) });
            }
        }
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
        if self.samples > 1 {
            notes.extend(self.blank(max_iter));
        }
        notes
    }

    /// The note for a view whose samples are all alike.
    fn blank(self, max_iter: u32) -> Option<String> {
        let (least, most) = self.counts;
        if self.open == self.samples {
            return Some(format!(
                "note: no sample escaped within {max_iter} iterations, so the picture is blank; the view lies inside \
                 the set, or needs a larger --max-iter"
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
