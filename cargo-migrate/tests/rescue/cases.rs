//! Each folder below `cases/` is a project in the state that somebody has reported.
//!
//! - `about.md`: what happened, in a sentence or two
//! - `before/`: the project; `committed/`: what git has of it, where that matters
//! - `args`: what is typed behind `cargo migrate repair`, if anything
//! - `doctor.txt`: what `cargo migrate doctor` says of it
//! - `repair.txt`: what `repair` says; `after/`: the project that it leaves
//!
//! `BLESS=1` writes the last three. Beside them each case must hold what [`Case::hold`] asserts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use migrate_tests::{CommandOutput, TestProject};

/// Files by their paths, relative to the project.
type Tree = BTreeMap<String, Vec<u8>>;

struct Case {
    name: String,
    folder: PathBuf,
    arguments: Vec<String>,
    project: TestProject,
}

/// What belongs to every project, and is none of the case's business.
const SCAFFOLD: [&str; 4] = ["Cargo.toml", "src/", ".git/", "migrations/.repair/"];

fn folders() -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rescue/cases");
    let mut folders: Vec<PathBuf> = fs::read_dir(cases)
        .expect("the cases are there")
        .map(|entry| entry.expect("readable").path())
        .collect();
    folders.sort();
    folders
}

fn tree(folder: &Path) -> Tree {
    fn walk(folder: &Path, prefix: &str, files: &mut Tree) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let entry = entry.expect("readable");
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{name}/"), files);
            } else {
                files.insert(name, fs::read(entry.path()).expect("readable"));
            }
        }
    }
    let mut files = Tree::new();
    walk(folder, "", &mut files);
    files
}

impl Case {
    fn new(folder: &Path) -> Self {
        let project = TestProject::new(env!("CARGO_BIN_EXE_cargo-migrate"));
        let committed = tree(&folder.join("committed"));
        if !committed.is_empty() {
            for (path, text) in &committed {
                project.write(path, text);
            }
            project.git(&["init", "--quiet"]);
            project.git(&["add", "--all"]);
            project.git(&["commit", "--quiet", "--message=before it broke"]);
            for path in committed.keys() {
                fs::remove_file(project.path().join(path)).expect("it was written");
            }
        }
        for (path, text) in tree(&folder.join("before")) {
            project.write(&path, text);
        }
        let arguments = fs::read_to_string(folder.join("args")).unwrap_or_default();
        Self {
            name: folder
                .file_name()
                .expect("it has a name")
                .to_string_lossy()
                .into_owned(),
            folder: folder.to_owned(),
            arguments: arguments.split_whitespace().map(str::to_owned).collect(),
            project,
        }
    }

    fn files(&self) -> Tree {
        let mut files = tree(self.project.path());
        files.retain(|path, _| !SCAFFOLD.iter().any(|scaffold| path.starts_with(scaffold)));
        files
    }

    fn repair(&self, more: &[&str]) -> CommandOutput {
        let said = self.arguments.iter().map(String::as_str);
        let arguments = ["repair"]
            .into_iter()
            .chain(said)
            .chain(more.iter().copied());
        self.project.run(arguments)
    }

    /// What `check` finds wrong, as code, file and message.
    fn wrong(found: &serde_json::Value) -> BTreeSet<String> {
        let found = found.as_array().expect("a list");
        let errors = found.iter().filter(|found| found["severity"] == "error");
        errors
            .map(|found| format!("{} {} {}", found["code"], found["file"], found["message"]))
            .collect()
    }

    /// What `doctor` says before anything is repaired, and asserts that it writes nothing.
    fn examine(&self) -> String {
        let before = self.files();
        let told = self.project.run(["doctor", "--offline"]);
        assert_eq!(
            self.files(),
            before,
            "{}: doctor wrote something",
            self.name
        );
        format!("{told}\n")
    }

    /// Runs the case; returns what it says and what it leaves.
    fn hold(&self) -> (String, Tree) {
        let name = &self.name;
        let before = self.files();
        let shown = self.repair(&[]);
        assert_eq!(self.files(), before, "{name}: showing it wrote something");
        assert!(
            !self.project.path().join("migrations/.repair").exists(),
            "{name}"
        );

        let done = self.repair(&["--execute"]);
        assert_eq!(
            done.stdout, shown.stdout,
            "{name}: something else was done than shown"
        );
        assert_eq!(done.code, shown.code, "{name}");
        let after = self.files();

        // What was replaced is kept as it was.
        let kept = tree(&self.project.path().join("migrations/.repair"));
        for (path, text) in before
            .iter()
            .filter(|(path, text)| after.get(*path) != Some(*text))
        {
            let file = path.rsplit('/').next().expect("a path has a name");
            let copy = kept
                .iter()
                .find(|(path, _)| path.ends_with(&format!("/{file}")));
            assert_eq!(
                copy.map(|(_, copy)| copy),
                Some(text),
                "{name}: no copy of {path}"
            );
        }

        // What is left is what it named, and nothing else.
        let again = self.repair(&["--execute", "--format", "json"]);
        let again = again.json();
        assert_eq!(
            again["edits"].as_array().map(Vec::len),
            Some(0),
            "{name}: repaired twice: {again:#}"
        );
        assert_eq!(again["copied_to"], serde_json::Value::Null, "{name}");
        assert_eq!(
            self.files(),
            after,
            "{name}: the second time wrote something"
        );
        let check = self.project.run(["check", "--format", "json"]);
        assert_eq!(
            Self::wrong(&check.json()["diagnostics"]),
            Self::wrong(&again["unresolved"]),
            "{name}"
        );
        assert_eq!(check.code, done.code, "{name}");
        let doctor = self.project.run(["doctor", "--offline"]);
        assert_eq!(doctor.code, done.code, "{name}: doctor says {doctor}");
        let left = again["unresolved"].as_array().expect("a list");
        assert!(
            left.iter().all(|found| found["help"].is_string()),
            "{name}: {left:#?}"
        );

        let typed: String = self
            .arguments
            .iter()
            .map(|word| format!(" {word}"))
            .collect();
        let told = format!(
            "$ cargo migrate repair{typed}\n{shown}\n\n$ cargo migrate repair{typed} --execute\n…\n{}",
            done.stderr
        );
        (told, after)
    }
}

#[test]
fn every_broken_project_is_repaired_as_far_as_it_can_be() {
    let mut wrong = Vec::new();
    for folder in folders() {
        let about = fs::read_to_string(folder.join("about.md")).expect("it says what happened");
        assert!(about.trim().len() > 20, "{}", folder.display());
        let case = Case::new(&folder);
        let examined = case.examine();
        let (told, after) = case.hold();
        if std::env::var_os("BLESS").is_some() {
            fs::write(case.folder.join("doctor.txt"), &examined).expect("it can be written");
            fs::write(case.folder.join("repair.txt"), &told).expect("it can be written");
            let expected = case.folder.join("after");
            if expected.exists() {
                fs::remove_dir_all(&expected).expect("it can be removed");
            }
            for (path, text) in &after {
                let path = expected.join(path);
                fs::create_dir_all(path.parent().expect("it has a folder"))
                    .expect("it can be made");
                fs::write(path, text).expect("it can be written");
            }
        }
        for (file, told) in [("doctor.txt", &examined), ("repair.txt", &told)] {
            let expected = fs::read_to_string(case.folder.join(file)).unwrap_or_default();
            if *told != expected {
                wrong.push(format!(
                    "{}/{file}: expected\n{expected}\nbut it said\n{told}",
                    case.name
                ));
            }
        }
        if after != tree(&case.folder.join("after")) {
            wrong.push(format!("{}: it leaves other files than `after`", case.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn there_are_many_ways_to_break_a_chain() {
    assert!(folders().len() >= 30, "only {}", folders().len());
}
