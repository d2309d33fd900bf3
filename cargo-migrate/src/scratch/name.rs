//! The names of scratch databases.

use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// What the name of every scratch database begins with.
pub(super) const PREFIX: &str = "cargo_migrate_scratch_";

/// A unique name that contains the time of creation.
pub(super) fn name(now: u64, random: u32) -> String {
    format!("{PREFIX}{now:08x}_{random:08x}")
}

/// When a database of this name was created, in seconds since 1970 by the clock of its server.
pub(super) fn made_at(name: &str) -> Option<u64> {
    let (made, random) = name.strip_prefix(PREFIX)?.split_once('_')?;
    let is_hex = |part: &str| part.len() == 8 && part.bytes().all(|it| it.is_ascii_hexdigit());
    (is_hex(made) && is_hex(random)).then(|| u64::from_str_radix(made, 16).ok())?
}

/// Returns random bytes that cannot be guessed.
pub(super) fn random<const N: usize>() -> Result<[u8; N], CommandError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        CommandError::new(Failure::Io, "the system provides no random numbers").because(error)
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{made_at, name};

    #[test]
    fn a_name_says_when_it_was_made() {
        let name = name(0x6a1b_2c3d, 0xff);
        assert_eq!(name, "cargo_migrate_scratch_6a1b2c3d_000000ff");
        assert_eq!(made_at(&name), Some(0x6a1b_2c3d));
        for other in [
            "cargo_migrate_scratch_",
            "cargo_migrate_scratch_93ab93ab93ab93ab",
            "cargo_migrate_scratch_6a1b2c3d_000000fg",
            "cargo_migrate_scratch_+a1b2c3d_000000ff",
            "shop",
        ] {
            assert_eq!(made_at(other), None, "{other}");
        }
    }
}
