//! The command line: arguments become a job, results become files and messages.

pub(crate) mod args;
pub(crate) mod batch;
pub(crate) mod bench;
mod command;
mod edges;
pub(crate) mod failure;
mod file_id;
mod files;
pub(crate) mod find;
pub(crate) mod info;
mod interrupt;
mod memory;
pub(crate) mod palettes;
pub(crate) mod point;
mod progress;
pub(crate) mod render;
mod scene;
mod scene_file;
mod scene_json;
mod terminal;
mod threads;
mod value;
mod words;
