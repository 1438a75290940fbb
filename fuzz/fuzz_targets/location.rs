#![no_main]

#[allow(dead_code, reason = "each target calls one parser")]
#[path = "../../tests/fuzz/parsers.rs"]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::location(bytes));
