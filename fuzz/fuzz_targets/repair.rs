//! Repairing a folder: what `chain` reads, sound or not.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| migrate_fuzz::repair(text));
