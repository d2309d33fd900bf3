//! A database's own dump of its schema: the witness of what a schema that was read has left out.

mod mysql;
mod postgres;

pub use mysql::{mysql_dump, mysql_script};
pub use postgres::postgres_dump;

use std::process::{Command, Output};

/// Runs a dump client and returns what it wrote.
fn output_of(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the dump client is installed");
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?}: {stderr}");
    String::from_utf8(stdout).expect("a dump is UTF-8")
}

/// Sorts the lines between the parentheses of `CREATE TABLE`: a column that was added comes last,
/// and no statement changes that.
fn with_sorted_tables(dump: &str) -> String {
    let mut sorted = Vec::new();
    let mut lines = dump.lines();
    while let Some(line) = lines.next() {
        sorted.push(line.to_owned());
        if !(line.starts_with("CREATE ") && line.contains("TABLE ") && line.ends_with('(')) {
            continue;
        }
        let mut inside = Vec::new();
        let end = loop {
            match lines.next() {
                Some(line) if line.starts_with(')') => break Some(line),
                Some(line) => inside.push(line.trim_end_matches(',').to_owned()),
                None => break None,
            }
        };
        inside.sort();
        sorted.append(&mut inside);
        sorted.extend(end.map(str::to_owned));
    }
    sorted.join("\n")
}
