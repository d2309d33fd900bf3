//! What only looks writes nothing: not to the database, not to others, not to users, roles and
//! settings of the server; whatever a chain's statements reach out to.
//!
//! Each chain is applied for real, and then life goes on: rows are added, passwords changed, rights
//! taken away. The witnesses are the server's own log of statements, and dumps of all it has before
//! and after.

mod mysql;
mod postgres;
mod sqlite;

use std::fs;
use std::path::Path;

use migrate_core::Dialect;
use migrate_tests::{CommandOutput, TestProject};

/// The commands that look without replaying the chain.
const LOOK: &[&str] = &[
    "status",
    "status --format json",
    "current",
    "plan",
    "plan --down",
    "history",
    "history --applied",
    "heads",
    "branches",
    "show r1",
    "schema",
    "schema --format sql",
    "snapshot",
    "snapshot --list",
    "backup",
    "run --dry-run",
    "run --sql",
    "run --sql base:head",
    "revert --dry-run",
    "revert --sql",
    "redo --dry-run",
    "reset --dry-run",
    "switch HEAD --dry-run",
    "stamp base --dry-run",
    "check",
    "check --locked",
    "repair",
    "repair --files",
    "lock",
    "edit r1",
    "explain statement-failed",
    "completions bash",
    "rebase r1 --dry-run",
    "merge",
    "baseline --dry-run",
    "import sqlx --dry-run",
];

/// The commands that replay the chain in a scratch database.
const REPLAY: &[&str] = &[
    "verify",
    "verify --models",
    "models",
    "doctor",
    "diff database head",
    "diff base current --format sql",
    "diff database wanted.sql",
    "stamp --detect --dry-run",
    "stamp --detect head --dry-run",
    "new --auto more",
    "new --auto more --schema wanted.sql",
    "check --models",
    "lock --schema",
    "repair --ledger",
    "repair --schema",
    "repair --schema --allow-changes --allow-drops --dry-run",
];

/// One for each way in which a chain or a file is run there: enough where another chain has had all.
const EACH_WAY: &[&str] = &[
    "verify",
    "stamp --detect --dry-run",
    "diff database wanted.sql",
];

/// The subcommands that have no form that only looks.
const CHANGE: &[&str] = &["init"];

/// A chain of revisions `r1`, `r2`, … in one line, each the text below its header.
struct ReachingChain {
    name: &'static str,
    revisions: Vec<String>,
    /// SQL that says the same schema to `--schema`, and reaches out as the chain does.
    wanted: String,
}

impl ReachingChain {
    fn new(name: &'static str, revisions: &[&str]) -> Self {
        Self {
            name,
            revisions: revisions.iter().map(ToString::to_string).collect(),
            wanted: "CREATE TABLE orders (id INT PRIMARY KEY, n INT NOT NULL);\n".to_owned(),
        }
    }

    fn wanted(mut self, sql: &str) -> Self {
        self.wanted = sql.to_owned();
        self
    }

    /// A project with it, none of it applied.
    fn project(&self, dialect: Dialect, url: &str) -> TestProject {
        let project = TestProject::new(env!("CARGO_BIN_EXE_cargo-migrate"));
        project.write(
            "migrate.toml",
            format!(
                "dialects = [\"{dialect}\"]\n[rules]\nmissing-down = \"allow\"\n[env.dev]\nurl = \"${{TEST_URL}}\"\nprotected = true\n"
            ),
        );
        project.write(".env", format!("TEST_URL={url}\n"));
        project.write("wanted.sql", &self.wanted);
        let mut parent = "none".to_owned();
        for (number, text) in (1..).zip(&self.revisions) {
            project.write(
                &format!("migrations/r{number}.sql"),
                format!("-- revision: r{number}\n-- parents: {parent}\n-- created: 2026-11-20T14:32:{number:02}Z\n\n{text}\n"),
            );
            parent = format!("r{number}");
        }
        project.run(["lock", "-q"]).success().done();
        // Later: with models, `lock` replays the chain as well.
        project.write(
            "src/lib.rs",
            "/// An order.\n#[derive(migrate_sqlx::Table)]\n#[table(name = \"orders\")]\npub struct Order {\n    pub id: i32,\n    pub n: i32,\n}\n",
        );
        project
    }
}

/// Runs every command on the first of these projects, and on the others each way of replaying.
fn look_at(projects: &[TestProject]) -> Vec<(String, CommandOutput)> {
    let (first, others) = projects.split_first().expect("there are chains");
    let mut said = look(first, LOOK);
    said.extend(look(first, REPLAY));
    for project in others {
        said.extend(look(project, EACH_WAY));
    }
    said
}

/// How a command ended on each project.
fn codes(said: &[(String, CommandOutput)], command: &str) -> Vec<i32> {
    said.iter()
        .filter(|(words, _)| words == command)
        .filter_map(|(_, output)| output.code)
        .collect()
}

/// How many commands look at once: most of the time they wait for databases to be made.
const AT_ONCE: usize = 4;

/// Runs commands, each in a copy of the project, and returns what they said; none may crash.
fn look(project: &TestProject, commands: &[&str]) -> Vec<(String, CommandOutput)> {
    let one = |words: &str| {
        let copy = TestProject::empty(env!("CARGO_BIN_EXE_cargo-migrate"));
        copy_folder(project.path(), copy.path());
        let mut command = copy.command();
        command.args(words.split(' ')).env("EDITOR", "true");
        let output = copy.output(&mut command);
        let ended = matches!(output.code, Some(0..=2));
        assert!(ended, "`{words}` crashed: {output}");
        (words.to_owned(), output)
    };
    let mut outputs = Vec::new();
    for some in commands.chunks(AT_ONCE) {
        std::thread::scope(|scope| {
            let running: Vec<_> = some
                .iter()
                .map(|words| scope.spawn(|| one(words)))
                .collect();
            let ended = running
                .into_iter()
                .map(|it| it.join().expect("it does not crash"));
            outputs.extend(ended);
        });
    }
    outputs
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("a copy")),
        }
    }
}

/// Says where two dumps differ.
#[track_caller]
fn assert_same(before: &str, after: &str, said: &[(String, CommandOutput)]) {
    if before == after {
        return;
    }
    let diff = similar::TextDiff::from_lines(before, after);
    let diff = diff.unified_diff().context_radius(2).to_string();
    let said: String = said
        .iter()
        .map(|(words, output)| format!("$ {words}\n{output}\n"))
        .collect();
    panic!("looking has changed something:\n{diff}\nthe commands said:\n{said}");
}

trait Done {
    fn done(self);
}

impl Done for CommandOutput {
    fn done(self) {}
}

#[test]
fn every_command_is_tried() {
    let project = TestProject::new(env!("CARGO_BIN_EXE_cargo-migrate"));
    let help = project.run(["--help"]).success().stdout;
    let (_, commands) = help.split_once("\nCommands:\n").expect("commands");
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let mut known = 0;
    for line in commands {
        let Some(name) = line
            .split_whitespace()
            .next()
            .filter(|_| line.starts_with("  "))
        else {
            continue;
        };
        let is_tried = LOOK
            .iter()
            .chain(REPLAY)
            .chain(CHANGE)
            .any(|tried| tried.split(' ').next() == Some(name));
        // What is wrapped is no command.
        if line.starts_with("   ") {
            continue;
        }
        assert!(is_tried, "`{name}` is not tried, or only changes");
        known += 1;
    }
    assert!(known > 25, "{help}");
}
