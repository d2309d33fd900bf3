//! Packages that embed a chain, built by the real cargo.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The root of this workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .expect("the workspace is there")
}

/// Writes a file, and the folders above it.
pub(crate) fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a file has a folder"))
        .expect("the folder can be made");
    fs::write(path, text).expect("the file can be written");
}

/// Makes a workspace of these packages, with the locked dependencies of this one.
pub(crate) fn workspace(folder: &Path, members: &[&str]) {
    let quoted: Vec<_> = members.iter().map(|member| format!("{member:?}")).collect();
    let manifest = format!(
        "[workspace]\nresolver = \"3\"\nmembers = [{}]\n\n[profile.dev]\ndebug = false\n",
        quoted.join(", ")
    );
    write(&folder.join("Cargo.toml"), &manifest);
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("the lock can be copied");
    for member in members {
        let runtime = root().join("migrate-sqlx");
        let manifest = format!(
            "[package]\nname = \"{member}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nmigrate-sqlx = {{ path = {runtime:?}, features = [\"models\"] }}\n"
        );
        write(&folder.join(member).join("Cargo.toml"), &manifest);
    }
}

/// Runs cargo in `folder`, with the build folder of these tests, and returns its messages.
pub(crate) fn cargo(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(folder)
        .args(arguments)
        .args(["--offline", "--message-format=json"])
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("embed"),
        )
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo starts");
    let messages: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    assert!(
        !messages.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    messages
}
