//! Short programs, and who runs them.

use std::process::Command;

use crate::Result;

/// Returns whether this runs as root, which servers refuse.
pub(crate) fn is_root() -> Result<bool> {
    Ok(user("-u")? == "0")
}

/// Asks `id` who this is: `-u`, `-g`.
pub(crate) fn user(option: &str) -> Result<String> {
    let output = Command::new("id").arg(option).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Runs a short program to its end; fails if it does.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let output = command
        .output()
        .map_err(|error| format!("{}: {error}", command.get_program().display()))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{} failed: {}{}",
            command.get_program().display(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
        .into()),
    }
}
