//! Rendering: bands of a scene on all threads of the caller's pool, into any number of files.

pub(crate) mod bands;
pub mod bench;
mod cancelled;
pub(crate) mod contrast;
pub(crate) mod in_order;
pub(crate) mod layout;
pub(crate) mod pipeline;
mod recount;
mod refine;
mod statistics;
pub(crate) mod stored;

pub use bands::{Schedule, default_rows_per_band, field, iterate};
pub use layout::{layout, memory, rows_per_band};
pub use pipeline::{Making, Render, RenderError, Target, Watch, pixmap};
pub use recount::{Compared, Recount, SMOOTH_ERROR, Tally, Verdict, exact_point, recount, some_samples};
pub use statistics::Statistics;
