//! What the outputs of a render take of its samples.

use mandel::Detail;

/// What some output takes.
#[derive(Clone, Copy)]
pub(crate) struct Takes {
    pub(crate) colors: bool,
    pub(crate) detail: Detail,
}
