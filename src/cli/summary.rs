//! What a render says when it has ended.

use mandel::Scene;
use serde_json::{Value, json};

use crate::cli::edges::Edges;
use crate::cli::memory;
use crate::cli::scene_json::scene_json;
use crate::cli::terminal::{bytes, rate};

/// What has been written.
pub(crate) struct Written {
    /// The files.
    pub(crate) names: Vec<String>,
    pub(crate) edges: Edges,
    /// The mean over the picture.
    pub(crate) samples_per_pixel: f64,
}

/// What was rendered, how, and into which files.
pub(crate) struct Summary<'a> {
    pub(crate) scene: &'a Scene,
    /// The kernel, and why it was chosen.
    pub(crate) kernel: String,
    pub(crate) reason: String,
    pub(crate) threads: usize,
    pub(crate) rows_per_chunk: u32,
    /// The names of the files.
    pub(crate) outputs: Vec<String>,
    /// The mean over the picture.
    pub(crate) samples_per_pixel: f64,
    pub(crate) seconds: f64,
    /// Bytes of memory that the whole process was expected to take at most, beside a reference orbit; where the system tells.
    pub(crate) memory: Option<u64>,
    /// Whether the view is known, which it is not where numbers of other programs were read.
    pub(crate) view: bool,
}

impl Summary<'_> {
    /// A line for a person.
    pub(crate) fn line(&self) -> String {
        let scene = self.scene;
        let (width, height) = (scene.viewport().width(), scene.viewport().height());
        let k = scene.supersample();
        let samples = match k {
            _ if scene.refines() => format!(", {:.1} samples a pixel", self.samples_per_pixel),
            1 => String::new(),
            _ => format!(", {k}x{k} samples"),
        };
        let names = match &self.outputs[..] {
            [name] => name.clone(),
            // A line for each, and one for what they have in common.
            names => format!("{}\n{} files", names.join("\n"), names.len()),
        };
        format!(
            "{names}: {width}x{height}{samples}, max_iter {}, {}, {} thread{}, {:.3} s, {}",
            scene.bailout().max_iter(),
            self.kernel,
            self.threads,
            if self.threads == 1 { "" } else { "s" },
            self.seconds,
            rate(f64::from(width) * f64::from(height) / self.seconds),
        )
    }

    /// The memory that was taken, in a line.
    pub(crate) fn memory_line(&self) -> Option<String> {
        let (peak, most) = (memory::peak()?, self.memory?);
        Some(format!("memory: {} at the peak, {} expected at most", bytes(peak), bytes(most)))
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        let mut scene = scene_json(self.scene);
        if let (false, Some(tables)) = (self.view, scene.as_object_mut()) {
            tables.remove("view");
        }
        json!({
            "scene": scene,
            "kernel": self.kernel,
            "kernel_reason": self.reason,
            "threads": self.threads,
            "rows_per_chunk": self.rows_per_chunk,
            "outputs": self.outputs,
            "samples_per_pixel": self.samples_per_pixel,
            "seconds": self.seconds,
            "memory_peak": memory::peak(),
            "memory_expected": self.memory,
        })
    }
}
