//! A project with a database, on which things go wrong.

use migrate_core::Dialect;
use migrate_tests::{CommandOutput, TestDatabase, TestProject};
use serde_json::Value;

/// A project whose `dev` is the test's database.
pub(crate) struct Patient {
    pub(crate) project: TestProject,
    pub(crate) database: TestDatabase,
}

/// A package without migrations.
pub(crate) fn package() -> TestProject {
    TestProject::new(env!("CARGO_BIN_EXE_cargo-migrate"))
}

/// The text of a revision with a table of its name.
pub(crate) fn revision(id: &str, parents: &str) -> String {
    format!(
        "-- revision: {id}\n-- parents: {parents}\n-- message: add {id}\n-- created: 2026-11-20T14:32:0{}Z\n\n-- migrate: up\nCREATE TABLE t_{id} (id INTEGER PRIMARY KEY, name VARCHAR(40));\n\n-- migrate: down\nDROP TABLE t_{id};\n",
        id.len() % 10
    )
}

impl Patient {
    /// A sealed chain of one line, none of it applied.
    pub(crate) async fn with(dialect: Dialect, name: &str, ids: &[&str]) -> Self {
        let project = package();
        let mut parent = "none";
        for id in ids {
            project.write(&format!("migrations/{id}.sql"), revision(id, parent));
            parent = id;
        }
        let database = TestDatabase::create(dialect, name).await;
        project.write(
            "migrate.toml",
            format!("dialects = [\"{dialect}\"]\n\n[env.dev]\nurl = \"${{TEST_URL}}\"\n"),
        );
        project.write(".env", format!("TEST_URL={}\n", database.url()));
        let patient = Self { project, database };
        patient.ok(&["lock", "-q"]);
        patient
    }

    /// The same, all of it applied.
    pub(crate) async fn healthy(dialect: Dialect, name: &str, ids: &[&str]) -> Self {
        let patient = Self::with(dialect, name, ids).await;
        patient.ok(&["run", "-q"]);
        patient
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> CommandOutput {
        self.project.run(arguments)
    }

    #[track_caller]
    pub(crate) fn ok(&self, arguments: &[&str]) {
        let _told = self.run(arguments).success();
    }

    #[track_caller]
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        self.project.write(path, text);
    }

    #[track_caller]
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.project.read(path);
        assert!(text.contains(from), "{text}");
        self.write(path, text.replace(from, to));
    }

    pub(crate) fn remove(&self, path: &str) {
        std::fs::remove_file(self.project.path().join(path)).expect("the file is there");
    }

    /// Runs git as somebody without settings.
    pub(crate) fn git(&self, arguments: &[&str]) {
        self.project.git(arguments);
    }

    /// What `doctor` finds, errors and warnings, as `area code`.
    #[track_caller]
    pub(crate) fn found(&self) -> Vec<String> {
        let told = self.run(&["doctor", "--format", "json"]);
        let mut codes: Vec<String> = findings(&told.json())
            .iter()
            .filter(|found| found["severity"] != "note")
            .map(|found| format!("{} {}", text(&found["area"]), text(&found["code"])))
            .collect();
        codes.sort();
        codes
    }

    /// The finding of a code.
    #[track_caller]
    pub(crate) fn finding(&self, code: &str) -> Value {
        let told = self.run(&["doctor", "--format", "json"]);
        let found = findings(&told.json());
        let it = found.iter().find(|found| found["code"] == code);
        it.unwrap_or_else(|| panic!("no {code} in\n{told}")).clone()
    }

    /// What `repair --ledger` says that it does, as `revision problem action`; nothing is written
    /// but with `execute`.
    #[track_caller]
    pub(crate) fn repair(&self, execute: bool) -> Repaired {
        let mut arguments = vec!["repair", "--ledger", "--format", "json"];
        if execute {
            arguments.push("--execute");
        }
        let told = self.run(&arguments);
        let document = told.json();
        let list = |key: &str| document[key].as_array().cloned().unwrap_or_default();
        let done = list("ledger")
            .iter()
            .map(|it| {
                [&it["revision"], &it["problem"], &it["action"]]
                    .map(text)
                    .join(" ")
            })
            .collect();
        let edits = list("edits").iter().map(|it| text(&it["file"])).collect();
        let left = list("unresolved");
        assert_eq!(told.code, Some(i32::from(!left.is_empty())), "{told}");
        Repaired {
            done,
            edits,
            unresolved: left
                .iter()
                .map(|it| format!("{} {}", text(&it["revision"]), text(&it["problem"])))
                .collect(),
            told: told.to_string(),
        }
    }

    /// Repairs, and demands that all is well then: nothing to do again, `status` clean, `run` goes
    /// on, the tables as the chain makes them, and a doctor that is content.
    pub(crate) async fn cured(&self, done: &[&str], edits: &[&str]) {
        let before = self.ledger().await;
        let planned = self.repair(false);
        assert_eq!(planned.done, done, "{}", planned.told);
        assert_eq!(planned.edits, edits, "{}", planned.told);
        assert_eq!(planned.unresolved, [""; 0], "{}", planned.told);
        assert_eq!(self.ledger().await, before, "a dry run writes nothing");
        let executed = self.repair(true);
        assert_eq!(executed.done, done, "{}", executed.told);
        self.well();
    }

    /// Demands that all is well.
    #[track_caller]
    pub(crate) fn well(&self) {
        let again = self.repair(true);
        assert!(again.is_nothing(), "{}", again.told);
        self.ok(&["status"]);
        self.ok(&["check", "-q"]);
        self.ok(&["run", "-q"]);
        self.ok(&["verify"]);
        assert_eq!(self.found(), [""; 0]);
    }

    /// The rows of the ledger: id, state, parents and hashes.
    pub(crate) async fn ledger(&self) -> Vec<Vec<String>> {
        self.database
            .rows("SELECT revision, state, parents, hash, chain_hash, file FROM migrate_revision ORDER BY revision")
            .await
    }

    /// Takes a row out behind the tool's back.
    pub(crate) async fn forget(&self, id: &str) {
        self.database
            .execute(&format!(
                "DELETE FROM migrate_revision WHERE revision = '{id}'"
            ))
            .await;
    }

    /// The details of the events that a repair has left, the oldest first.
    pub(crate) async fn events(&self) -> Vec<String> {
        let rows = self
            .database
            .rows("SELECT revision, detail FROM migrate_event WHERE kind = 'repair' ORDER BY id")
            .await;
        rows.into_iter().map(|row| row.join(" ")).collect()
    }
}

/// What a repair has done.
#[derive(Debug)]
pub(crate) struct Repaired {
    pub(crate) done: Vec<String>,
    pub(crate) edits: Vec<String>,
    pub(crate) unresolved: Vec<String>,
    pub(crate) told: String,
}

impl Repaired {
    pub(crate) fn is_nothing(&self) -> bool {
        self.done.is_empty() && self.edits.is_empty() && self.unresolved.is_empty()
    }
}

#[track_caller]
pub(crate) fn findings(document: &Value) -> Vec<Value> {
    let found = document["diagnostics"].as_array();
    found.unwrap_or_else(|| panic!("{document}")).clone()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
