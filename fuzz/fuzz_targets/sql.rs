//! The lexer, the splitter and the lints of every dialect.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| migrate_fuzz::invariants::section(text));
