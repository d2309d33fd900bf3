//! schema.lock.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| migrate_fuzz::invariants::schema_lock(text));
