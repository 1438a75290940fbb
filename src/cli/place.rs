//! Built-in views by their names.

use mandel::Location;

use crate::cli::failure::{Failure, usage};
use crate::cli::words::did_you_mean;

/// The names of the built-in views.
pub(crate) fn names() -> Vec<String> {
    Location::ALL.iter().map(|place| place.name.to_string()).collect()
}

/// The view of that name.
pub(crate) fn place(name: &str) -> Result<Location, Failure> {
    Location::named(name).ok_or_else(|| {
        let names: Vec<&str> = Location::ALL.iter().map(|place| place.name).collect();
        let meant = did_you_mean(name, names.iter().copied());
        usage(format!("no view named '{}'{meant}; known: {}", name.escape_debug(), names.join(", ")))
    })
}
