//! A Rust source with structs that derive `Table`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| migrate_fuzz::models(text));
