//! One revision file, from its text to the table in a binary.

#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_core::Config;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    if let Some(chain) = migrate_fuzz::invariants::folder(&[&text], None, &Config::default()) {
        migrate_fuzz::embedded(&chain);
    }
});
