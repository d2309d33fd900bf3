//! A whole folder: revisions, chain.lock and migrate.toml, with a line `%%` between them; the first
//! two are the configuration and the lock.

#![no_main]

use libfuzzer_sys::fuzz_target;
use migrate_core::{Config, Dialects, HeadsRule, Level};
use migrate_fuzz::invariants;

fuzz_target!(|text: &str| {
    let mut parts = text.split("\n%%\n");
    let config = parts.next().unwrap_or_default();
    invariants::config(config);
    let mut config = Config::parse("migrate.toml", config).unwrap_or_default();
    let lock = parts.next();
    let texts: Vec<&str> = parts.collect();
    invariants::folder(&texts, lock, &config);
    // With drafts and lenient rules, more of them are sound.
    config.dialects = Dialects::NONE;
    config.rules.multiple_heads = HeadsRule::One(Level::Allow);
    config.rules.multiple_bases = Level::Allow;
    config.rules.redundant_parent = Level::Allow;
    if let Some(chain) = invariants::folder(&texts, None, &config) {
        migrate_fuzz::embedded(&chain);
    }
});
