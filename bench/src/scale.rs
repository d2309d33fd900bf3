//! Chains of a thousand, ten thousand and a hundred thousand revisions: time and memory of the
//! command, and how both grow.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::chain::{write_graph, write_ours};
use crate::{Result, median, millis};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const ROUNDS: usize = 3;

const COMMANDS: &[(&str, &[&str])] = &[
    ("check", &["check"]),
    ("plan", &["plan", "--from", ""]),
    ("plan of one step", &["plan", "--from", "", "+1"]),
    ("history", &["history", "--no-graph"]),
    ("history, drawn", &["history"]),
    ("history, JSON", &["history", "--format", "json"]),
];

pub(crate) fn measure() -> Result<()> {
    let binary = build()?;
    for shape in ["in a row", "with a branch and a merge in ten"] {
        println!("revisions {shape}; medians, and how often that of the size before\n");
        println!(
            "{:<20} {:>10} {:>12} {:>6} {:>10} {:>6}",
            "", "revisions", "time", "x", "memory", "x"
        );
        let folder = tempfile::tempdir()?;
        let mut packages = Vec::new();
        for size in SIZES {
            let package = folder.path().join(size.to_string());
            write(&package, size, shape == "in a row")?;
            packages.push(package);
        }
        for (name, arguments) in COMMANDS {
            let mut before: Option<(Duration, u64)> = None;
            for (size, package) in SIZES.iter().zip(&packages) {
                let (time, peak) = run(&binary, package, arguments)?;
                let grown = before.map(|(time_before, peak_before)| {
                    (
                        format!("{:.1}", time.as_secs_f64() / time_before.as_secs_f64()),
                        format!("{:.1}", peak as f64 / peak_before as f64),
                    )
                });
                let (slower, larger) = grown.unwrap_or_default();
                println!(
                    "{name:<20} {size:>10} {:>12} {slower:>6} {:>6} MiB {larger:>6}",
                    millis(time),
                    peak / 1_024,
                );
                before = Some((time, peak));
            }
        }
        println!();
    }
    Ok(())
}

/// Builds the command as it is released; it is next to this program.
fn build() -> Result<PathBuf> {
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--locked",
            "--quiet",
            "-p",
            "cargo-migrate",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()?;
    if !built.success() {
        return Err("the command cannot be built".into());
    }
    let this = std::env::current_exe()?;
    let target = this
        .ancestors()
        .nth(2)
        .ok_or("this program is in target/")?;
    Ok(target.join("release/cargo-migrate"))
}

fn write(package: &Path, size: usize, in_a_row: bool) -> Result<()> {
    fs::create_dir_all(package.join("src"))?;
    fs::write(package.join("src/lib.rs"), "")?;
    fs::write(
        package.join("Cargo.toml"),
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
    )?;
    if in_a_row {
        return write_ours(package, size);
    }
    // Of ten, two branch off from the first, go on by turns, and are joined by the last.
    write_graph(package, size, |number| match (number, number % 10) {
        (0, _) => Vec::new(),
        (_, 0 | 1) => vec![number - 1],
        (_, 9) => vec![number - 1, number - 2],
        (_, _) => vec![number - 2],
    })
}

/// Runs a command several times; returns the median of its times and the most memory, in KiB.
fn run(binary: &Path, package: &Path, arguments: &[&str]) -> Result<(Duration, u64)> {
    let mut times = Vec::new();
    let mut peak = 0;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let mut child = Command::new(binary)
            .args(arguments)
            .current_dir(package)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let status = format!("/proc/{}/status", child.id());
        let ended = loop {
            // The kernel keeps the peak only as long as the process lives.
            peak = peak.max(resident(&status));
            match child.try_wait()? {
                Some(ended) => break ended,
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        times.push(began.elapsed());
        if !ended.success() {
            let stderr = child.wait_with_output()?.stderr;
            return Err(String::from_utf8_lossy(&stderr).into());
        }
    }
    Ok((median(&times), peak))
}

/// Reads the most memory a process has had, in KiB; none if the system does not report it.
fn resident(status: &str) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or_default()
}
