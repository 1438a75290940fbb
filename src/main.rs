//! The `mandel` program.

fn main() {}
