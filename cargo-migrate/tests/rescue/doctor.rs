//! What `doctor` says of files, git and configuration, and how.

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::TestProject;

use crate::patient::{Patient, findings, package, revision, text};

/// A sealed chain of one line on an SQLite file that is not there yet.
fn chain(ids: &[&str]) -> TestProject {
    let project = package();
    let mut parent = "none";
    for id in ids {
        project.write(&format!("migrations/{id}.sql"), revision(id, parent));
        parent = id;
    }
    project.write("migrate.toml", "[env.dev]\nurl = \"sqlite://dev.db\"\n");
    let _locked = project.run(["lock", "-q"]).success();
    project
}

fn codes(project: &TestProject) -> Vec<String> {
    let told = project.run(["doctor", "--format", "json"]);
    let mut codes: Vec<String> = findings(&told.json())
        .iter()
        .map(|found| format!("{} {}", text(&found["area"]), text(&found["code"])))
        .collect();
    codes.sort();
    codes
}

#[test]
fn a_sound_project() {
    let project = chain(&["a", "b"]);
    assert_snapshot!(project.run(["doctor"]), @"
    files: 2 revisions, one chain
    lock: 2 sealed
    git: no repository, or git is not installed
    ledger: sqlite://dev.db does not exist yet: `cargo migrate run` applies 2 revisions
    schema: not compared: nothing is recorded as applied
    models: no struct derives `Table`

    nothing is wrong
    ");
    assert!(!project.path().join("dev.db").exists(), "nothing is made");
    let _ran = project.run(["run", "-q"]).success();
    assert_snapshot!(project.run(["doctor"]), @"
    files: 2 revisions, one chain
    lock: 2 sealed
    git: no repository, or git is not installed
    ledger: sqlite://dev.db is at `b`: 2 applied
    schema: the tables match the applied revisions
    models: no struct derives `Table`

    nothing is wrong
    ");
    assert_snapshot!(project.run(["doctor", "--format", "json"]), @r#"
    {
      "ok": true,
      "diagnostics": []
    }
    "#);
}

#[test]
fn twelve_files_whose_parent_is_empty_are_one_finding() {
    let project = package();
    for number in 1..=12 {
        let id = format!("r{number:02}");
        project.write(&format!("migrations/{id}.sql"), revision(&id, "none"));
    }
    let told = project
        .run(["doctor", "--offline", "--format", "json"])
        .code(1);
    let found = findings(&told.json());
    let bases: Vec<_> = found
        .iter()
        .filter(|it| it["code"] == "multiple-bases")
        .collect();
    assert_eq!(bases.len(), 1, "{told}");
    assert!(text(&bases[0]["message"]).contains("12 bases"), "{told}");
    assert!(
        text(&bases[0]["why"]).contains("down_revision = None"),
        "{told}"
    );
    assert!(found.len() <= 4, "{told}");
    let human = project.run(["doctor", "--offline"]).code(1);
    assert!(
        human.stdout.ends_with("run first: cargo migrate repair\n"),
        "{human}"
    );
}

#[test]
fn many_of_a_kind_are_told_with_their_files() {
    let project = chain(&["a"]);
    for number in 1..=6 {
        project.write(&format!("migrations/x{number}.sql"), "SELECT 1;\n");
    }
    assert_snapshot!(project.run(["doctor", "--offline"]), @r#"
    files: 1 revision, one chain; 2 errors

    error[malformed-header]: expected a header line, a comment or a blank line before the first section; the same applies to 5 more: `migrations/x2.sql:1`, `migrations/x3.sql:1`, `migrations/x4.sql:1`, `migrations/x5.sql:1`, `migrations/x6.sql:1`
     --> migrations/x1.sql:1:1
      |
    1 | SELECT 1;
      | ^^^^^^^^^
      |
      = why: the file was written by hand or comes from another tool: only `cargo migrate new` and `import` write the header
      = help: begin the SQL with a line `-- migrate: up`

    error[missing-revision]: `migrations/x1.sql` does not name its revision; the same applies to 5 more: `migrations/x2.sql:1`, `migrations/x3.sql:1`, `migrations/x4.sql:1`, `migrations/x5.sql:1`, `migrations/x6.sql:1`
     --> migrations/x1.sql:1:1
      |
    1 | SELECT 1;
      | ^ expected `-- revision: <id>`
      |
      = why: the file was written by hand or comes from another tool: only `cargo migrate new` and `import` write the header
      = help: write the header, or delete the file and begin with `cargo migrate new "<message>"`

    lock: 1 sealed
    git: no repository, or git is not installed
    ledger: not checked (`--offline`)
    schema: not checked (`--offline`)
    models: no struct derives `Table`

    2 errors
    run first: cargo migrate explain malformed-header
    [exit status: 1]
    "#);
}

#[test]
fn an_edited_file_that_git_has() {
    let project = chain(&["a", "b"]);
    project.write(".gitignore", "dev.db*\n");
    project.git(&["init", "--quiet"]);
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message=work"]);
    let text = project.read("migrations/a.sql").replace("(40)", "(80)");
    project.write("migrations/a.sql", text);
    project.write("migrations/c.sql", revision("c", "b"));
    std::fs::remove_file(project.path().join("migrations/b.sql")).unwrap();
    assert_snapshot!(project.run(["doctor", "--offline"]), @"
    files: 2 revisions, 2 heads; 1 error

    error[unknown-parent]: revision `c` follows `b`, which does not exist
     --> migrations/c.sql:2:13
      |
    2 | -- parents: b
      |             ^ no revision has this id
      |
      = why: its file was deleted here and not committed: `git checkout HEAD -- migrations/b.sql` restores it
      = help: `b` is in chain.lock, so its file was deleted; find the commit with `git log --diff-filter=D --name-only` and restore it

    lock: 2 sealed; 3 errors

    error[lock-changed]: sealed revision `a` was edited
     --> migrations/a.sql:1:14
      |
    1 | -- revision: a
      |              ^
      |
      = why: it was edited here and not committed: the last commit has the sealed text
      = help: undo the edit with `git checkout HEAD -- migrations/a.sql` and write a new revision, or accept it with `cargo migrate lock --amend a`

    error[lock-missing]: revision `c` is not in chain.lock
     --> migrations/c.sql:1:14
      |
    1 | -- revision: c
      |              ^
      |
      = why: the file was put there by hand, or chain.lock was not committed with it
      = help: add it with `cargo migrate lock`

    error[lock-deleted]: the file of the sealed revision `b` is missing
     --> migrations/chain.lock:4:1
      |
    4 | b a a7b028f234079b5de44cfc060dd74b29034052f9f4cb51e9929f3ed95f738d84
      | ^
      |
      = why: its file was deleted here and not committed: `git checkout HEAD -- migrations/b.sql` restores it
      = help: restore it from git (`git log --diff-filter=D --name-only -- migrations`), or remove it from chain.lock with `cargo migrate lock --forget b`

    git: 1 warning

    warning[not-in-git]: git does not track `migrations/c.sql`
     --> migrations/c.sql
      = why: it was not added yet: whoever checks out this branch gets a chain without it
      = help: fix what is wrong with it, above; then `git add migrations/c.sql`

    ledger: not checked (`--offline`)
    schema: not checked (`--offline`)
    models: no struct derives `Table`

    4 errors, 1 warning
    run first: git checkout HEAD -- migrations/b.sql
    [exit status: 1]
    ");
}

#[test]
fn an_edit_that_git_cannot_undo_is_not_undone_by_git() {
    let project = chain(&["a"]);
    project.write(".gitignore", "dev.db*\n");
    project.git(&["init", "--quiet"]);
    project.git(&["add", ".gitignore"]);
    project.git(&["commit", "--quiet", "--message=work"]);
    let edit = |project: &TestProject, width: &str| {
        let text = project.read("migrations/a.sql").replace("(40)", width);
        project.write("migrations/a.sql", text);
    };
    edit(&project, "(80)");
    // Neither is the edit added to git.
    let told = project.run(["doctor", "--offline"]).code(1).stdout;
    assert!(!told.contains("git checkout"), "{told}");
    assert!(
        told.contains("fix what is wrong with it, above; then `git add"),
        "{told}"
    );
    assert!(
        told.ends_with("run first: cargo migrate explain lock-changed\n"),
        "{told}"
    );

    // The edit is committed: the last commit does not have the sealed text.
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message=edit"]);
    let told = project.run(["doctor", "--offline"]).code(1).stdout;
    assert!(!told.contains("git checkout"), "{told}");
    assert!(
        told.ends_with("run first: git log -p -- migrations/a.sql\n"),
        "{told}"
    );

    // The last commit has it under another name.
    edit(&project, "(40)");
    let text = project.read("migrations/a.sql").replace("(80)", "(40)");
    project.write("migrations/a.sql", &text);
    project.git(&["commit", "--quiet", "--all", "--message=undo"]);
    std::fs::remove_file(project.path().join("migrations/a.sql")).unwrap();
    project.write("migrations/z.sql", text.replace("(40)", "(90)"));
    let told = project.run(["doctor", "--offline"]).code(1).stdout;
    assert!(!told.contains("git checkout"), "{told}");
    assert!(
        told.contains("`git show HEAD:./migrations/a.sql` prints"),
        "{told}"
    );
}

#[test]
fn a_file_that_is_another_revision_now_is_not_overwritten() {
    let project = chain(&["a", "b"]);
    project.git(&["init", "--quiet"]);
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message=work"]);
    let text = project
        .read("migrations/b.sql")
        .replace("revision: b", "revision: x");
    project.write("migrations/b.sql", text);
    let told = project.run(["doctor", "--offline"]).code(1).stdout;
    assert!(!told.contains("git checkout"), "{told}");
    assert!(
        told.contains("`git diff HEAD -- migrations/b.sql` shows the edit"),
        "{told}"
    );
}

#[test]
fn a_merge_that_is_not_finished() {
    let project = chain(&["a"]);
    project.git(&["init", "--quiet"]);
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message=work"]);
    project.git(&["checkout", "--quiet", "-b", "feature"]);
    for (branch, width) in [("feature", "(50)"), ("main", "(60)")] {
        project.git(&["checkout", "--quiet", branch]);
        let text = project.read("migrations/a.sql").replace("(40)", width);
        project.write("migrations/a.sql", text);
        project.git(&["commit", "--quiet", "--all", "--message=work"]);
    }
    let merge = std::process::Command::new("git")
        .current_dir(project.path())
        .args([
            "-c",
            "user.name=me",
            "-c",
            "user.email=me@example.com",
            "merge",
            "feature",
        ])
        .output()
        .unwrap();
    assert!(!merge.status.success());
    let told = project.run(["doctor", "--offline"]).code(1);
    assert!(
        told.stdout
            .contains("git is in the middle of a merge, and `migrations/a.sql` is not merged"),
        "{told}"
    );
    assert!(told.stdout.contains("[conflict-markers]"), "{told}");
    assert!(told.stdout.ends_with("run first: git status\n"), "{told}");
}

#[test]
fn a_parent_that_is_on_another_branch() {
    let project = chain(&["a"]);
    project.git(&["init", "--quiet"]);
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message=work"]);
    project.git(&["checkout", "--quiet", "-b", "feature"]);
    project.write("migrations/x.sql", revision("x", "a"));
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message=work"]);
    project.git(&["checkout", "--quiet", "main"]);
    project.write("migrations/y.sql", revision("y", "x"));
    let told = project.run(["doctor", "--offline"]).code(1);
    assert!(
        told.stdout
            .contains("why: git has `x` on `feature`, which is not merged here"),
        "{told}"
    );
}

#[test]
fn what_others_have_published() {
    let project = chain(&["a"]);
    project.git(&["init", "--quiet"]);
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message=work"]);
    project.write("migrations/b.sql", revision("b", "a"));
    let _locked = project.run(["lock", "-q"]).success();
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message=theirs"]);
    project.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    project.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    assert_eq!(codes(&project), ["git behind"]);
    project.write("migrations/x.sql", revision("x", "a"));
    let _locked = project.run(["lock", "-q"]).success();
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message=ours"]);
    assert_eq!(codes(&project), ["git behind", "git forked-chain"]);
    let told = project.run(["doctor", "--offline"]).success();
    assert!(told.stdout.contains("warning[forked-chain]"), "{told}");
}

#[test]
fn drafts_that_nobody_sealed_and_what_editors_leave() {
    let project = chain(&["a"]);
    let old = revision("x", "a").replace("2026-11-20T14:32:01Z", "2026-10-01T00:00:00Z");
    let _new = project.run(["new", "x", "--rev-id", "x", "-q"]).success();
    project.write("migrations/20261120T143205_x_x.sql", old);
    project.write("migrations/a.sql.orig", "");
    project.write("migrations/old/b.sql", "");
    project.write(
        "migrations/a.sql",
        revision("a", "none").replace("-- created: 2026-11-20T14:32:01Z\n", ""),
    );
    assert_eq!(
        codes(&project),
        [
            "files leftover-file",
            "files unread-folder",
            "lock old-draft",
        ]
    );
    // Where several may come next, the time matters.
    project.write("migrations/y.sql", revision("y", "a"));
    let codes = codes(&project);
    assert!(
        codes.contains(&"files no-created-time".to_owned()),
        "{codes:?}"
    );
}

#[test]
fn a_lock_with_the_marks_of_a_merge() {
    let project = chain(&["a", "b"]);
    let lock = project.read("migrations/chain.lock");
    project.write(
        "migrations/chain.lock",
        format!("<<<<<<< HEAD\n{lock}=======\n>>>>>>> feature\n"),
    );
    let told = project.run(["doctor"]).code(1);
    assert!(told.stdout.contains("error[lock-malformed]"), "{told}");
    assert!(
        told.stdout.contains("why: a git merge was left unfinished"),
        "{told}"
    );
}

#[test]
fn folders_without_migrations() {
    let empty = TestProject::empty(env!("CARGO_BIN_EXE_cargo-migrate"));
    assert_snapshot!(empty.run(["doctor"]), @"
    files: 1 error

    error[no-migrations]: there is no migrations folder `migrations`
      = why: the project was not set up, `dir` in migrate.toml names another folder, or this is not the project's folder
      = help: start with `cargo migrate init`, or name the project with `-C <dir>`

    lock: no folder, no chain.lock
    git: no repository, or git is not installed
    ledger: not checked: there is no project here
    schema: not compared: no database was read
    models: no Cargo.toml, no models

    1 error
    run first: cargo migrate init
    [exit status: 1]
    ");
    for (file, text_of, command) in [
        ("alembic.ini", "", "cargo migrate import alembic"),
        ("diesel.toml", "", "cargo migrate import diesel"),
        (
            "migrations/20240101000000_x.sql",
            "CREATE TABLE t (id INT);",
            "cargo migrate import sqlx",
        ),
        (
            "migrations/2024-01-01-000000_x/up.sql",
            "",
            "cargo migrate import diesel",
        ),
        ("migrations/V1__x.sql", "", "cargo migrate import refinery"),
        (
            "migrations/000001_x.up.sql",
            "",
            "cargo migrate import golang-migrate",
        ),
        (
            "migrations/00001_x.sql",
            "-- +goose Up\n",
            "cargo migrate import goose",
        ),
        (
            "db/migrations/20240101000000_x.sql",
            "-- migrate:up\n",
            "cargo migrate import dbmate",
        ),
        ("sql/V1__x.sql", "", "cargo migrate import flyway"),
    ] {
        let project = package();
        project.write(file, text_of);
        let told = project.run(["doctor"]).code(1);
        assert!(
            told.stdout.contains("other-tool") && told.stdout.contains(command),
            "{file}: {told}"
        );
    }
}

#[test]
fn a_broken_configuration_does_not_hide_the_rest() {
    let project = chain(&["a"]);
    project.write("migrate.toml", "dir = \"migrations\"\nurls = 1\n[env.dev\n");
    project.write("migrations/x.sql", "SELECT 1;\n");
    assert_eq!(
        codes(&project),
        [
            "config malformed-config",
            "files malformed-header",
            "files missing-revision"
        ]
    );
    project.write("migrate.toml", "[env.dev]\nurl = \"sqlite://dev.db\"\n");
    let told = project
        .run(["doctor", "--env", "prod", "--format", "json"])
        .code(1);
    let found = findings(&told.json());
    assert!(
        found
            .iter()
            .any(|it| it["area"] == "ledger" && text(&it["message"]).contains("prod")),
        "{told}"
    );
    project.write("Cargo.toml", "[package\n");
    let told = project.run(["doctor"]);
    assert!(
        told.stdout.contains("files: ") && told.stdout.contains("models: "),
        "{told}"
    );
}

#[test]
fn garbage_is_told_and_not_died_of() {
    let project = chain(&["a"]);
    project.write("migrations/binary.sql", [0_u8, 159, 146, 150]);
    project.write("migrations/empty.sql", "");
    project.write("migrations/self.sql", revision("self", "self"));
    project.write("migrations/c1.sql", revision("c1", "c2"));
    project.write("migrations/c2.sql", revision("c2", "c1"));
    project.write("migrations/twice.sql", revision("a", "none"));
    project.write("migrations/lost.sql", revision("lost", "nobody"));
    std::fs::create_dir(project.path().join("migrations/folder.sql")).unwrap();
    let told = project.run(["doctor", "--format", "json"]).code(1);
    let found = findings(&told.json());
    for code in [
        "unreadable-file",
        "missing-revision",
        "self-parent",
        "cycle",
        "duplicate-revision",
        "unknown-parent",
    ] {
        assert!(
            found.iter().any(|it| it["code"] == code),
            "{code} in {told}"
        );
    }
    for it in &found {
        assert!(it["why"].is_string(), "{it}");
    }
}

#[test]
fn the_words_are_those_of_check() {
    let project = chain(&["a", "b"]);
    project.write("migrations/x.sql", revision("x", "a"));
    let check = project.run(["check", "--format", "json"]).code(1).json();
    let doctor = project.run(["doctor", "--format", "json"]).code(1).json();
    let told = findings(&doctor);
    for found in findings(&check) {
        let same = told.iter().any(|it| {
            [
                "code", "severity", "file", "line", "column", "message", "help",
            ]
            .iter()
            .all(|key| it[key] == found[key])
        });
        assert!(same, "{found} in {doctor}");
    }
    assert_eq!(doctor["ok"], false);
}

#[test]
fn a_thousand_revisions() {
    let project = package();
    let mut parent = "none".to_owned();
    for number in 0..1000 {
        let id = format!("r{number:04}");
        project.write(&format!("migrations/{id}.sql"), revision(&id, &parent));
        parent = id;
    }
    project.write("migrate.toml", "[env.dev]\nurl = \"sqlite://dev.db\"\n");
    let _locked = project.run(["lock", "-q"]).success();
    let told = project.run(["doctor"]).success();
    assert!(
        told.stdout.contains("files: 1000 revisions, one chain"),
        "{told}"
    );
}

/// Nothing of a password is told, whatever is wrong with the place it stands in.
#[test]
fn no_password_is_told() {
    let project = chain(&["a"]);
    let urls = [
        "postgres://me:hunter2@127.0.0.1:1/app",
        "mysql://me:hunter2@127.0.0.1:1/app",
        "postgres://me:hunter2/x@127.0.0.1:1/app",
        "hunter2@127.0.0.1:1/app",
    ];
    for url in urls {
        project.write("migrate.toml", format!("[env.dev]\nurl = \"{url}\"\n"));
        for format in ["human", "json"] {
            let told = project
                .run(["doctor", "--format", format])
                .code(1)
                .to_string();
            assert!(!told.contains("hunter2"), "{told}");
            assert!(
                told.contains("ledger"),
                "that it is not reached is told: {told}"
            );
            let told = project
                .run(["doctor", "--format", format, "--database-url", url])
                .to_string();
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
    project.write("migrate.toml", "[env.dev]\nurl = \"${TEST_URL}\"\n");
    project.write(".env", "TEST_URL=postgres://me:hunter2@127.0.0.1:1/app\n");
    let told = project.run(["doctor"]).code(1);
    assert!(!told.to_string().contains("hunter2"), "{told}");
    assert!(told.stdout.contains("no server listens there"), "{told}");
}

#[test]
fn a_database_that_is_not_named() {
    let project = chain(&["a"]);
    project.write("migrate.toml", "");
    project.write(".env.example", "DATABASE_URL=\n");
    let told = project.run(["doctor"]).success();
    assert!(told.stdout.contains("note[no-database]"), "{told}");
    assert!(told.stdout.contains("copy it and fill it in"), "{told}");
    project.write("migrate.toml", "[env.dev]\nurl = \"${NOT_SET}\"\n");
    let told = project.run(["doctor"]).code(1);
    assert!(told.stdout.contains("error[unset-variable]"), "{told}");
}

#[test]
fn a_file_that_is_no_database() {
    let project = chain(&["a"]);
    project.write("dev.db", "this is no database at all, and longer than a header of one would be, which has a hundred bytes");
    let told = project.run(["doctor"]).code(1);
    assert!(
        told.stdout.contains("the file is not an SQLite database"),
        "{told}"
    );
    project.write("dev.db", "");
    let _sound = project.run(["doctor"]).success();
}

/// A revision that another branch has is told with that branch, and brought here by the repair.
#[tokio::test]
async fn a_database_that_another_branch_has_migrated() {
    let patient = Patient::healthy(Dialect::Sqlite, "rescue_branch", &["a"]).await;
    patient.write(".gitignore", ".env\n");
    patient.git(&["init", "--quiet"]);
    patient.git(&["add", "--all"]);
    patient.git(&["commit", "--quiet", "--message=work"]);
    patient.git(&["checkout", "--quiet", "-b", "feature"]);
    patient.write("migrations/x.sql", revision("x", "a"));
    patient.ok(&["lock", "-q"]);
    patient.ok(&["run", "-q"]);
    patient.git(&["add", "--all"]);
    patient.git(&["commit", "--quiet", "--message=feature"]);
    patient.git(&["checkout", "--quiet", "main"]);
    let finding = patient.finding("ledger-unknown");
    assert!(
        text(&finding["why"]).contains("git has `x` on `feature`"),
        "{finding}"
    );
    assert!(
        text(&finding["why"]).contains("cargo migrate switch HEAD"),
        "{finding}"
    );
    let repaired = patient.repair(false);
    assert!(
        repaired.told.contains("git has it on `feature` as well"),
        "{}",
        repaired.told
    );
    patient.ok(&["switch", "HEAD", "--yes", "-q"]);
    assert!(patient.repair(false).is_nothing());
}

/// Whoever is at work is told, and not waited for.
#[tokio::test]
async fn a_migrator_at_work_is_told() {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let patient = Patient::with(dialect, "rescue_locked", &["a"]).await;
        let sleep = match dialect {
            Dialect::Postgres => "SELECT pg_sleep(60)",
            _ => "SELECT SLEEP(60)",
        };
        patient.write(
            "migrations/b.sql",
            revision("b", "a").replace("CREATE TABLE", &format!("{sleep};\nCREATE TABLE")),
        );
        patient.ok(&["lock", "-q"]);
        let mut running = patient
            .project
            .command()
            .args(["run", "-q"])
            .spawn()
            .unwrap();
        let told = loop {
            let told = patient.run(&["doctor", "--format", "json"]);
            if told.stdout.contains("ledger-locked") {
                break told;
            }
            assert!(running.try_wait().unwrap().is_none(), "{told}");
        };
        running.kill().unwrap();
        running.wait().unwrap();
        assert!(told.stdout.contains("a migrator is running"), "{told}");
    }
}

#[test]
fn models_that_no_revision_makes() {
    let project = chain(&["a"]);
    let model = "use migrate_sqlx::Table;\n\n#[derive(Table)]\n#[table(name = \"t_a\")]\nstruct A {\n    id: i64,\n    #[column(type = \"VARCHAR(40)\")]\n    name: Option<String>,\n}\n";
    project.write("src/lib.rs", model);
    let told = project.run(["doctor"]).success();
    assert!(
        told.stdout.contains("models: 1 model, matching the chain"),
        "{told}"
    );
    project.write("src/lib.rs", model.replace("name: Option", "nick: Option"));
    let told = project.run(["doctor", "--format", "json"]).code(1);
    let found = findings(&told.json());
    let differ = found.iter().find(|it| it["code"] == "models-differ");
    let differ = differ.unwrap_or_else(|| panic!("{told}"));
    assert!(text(&differ["message"]).contains("t_a.nick"), "{told}");
    assert!(text(&differ["help"]).contains("new --auto"), "{told}");
    project.write("src/lib.rs", model);
    let _locked = project.run(["lock", "-q"]).success();
    project.write(
        "migrations/schema.lock",
        project
            .read("migrations/schema.lock")
            .replace("head a ", "head zzz "),
    );
    assert_eq!(codes(&project), ["lock schema-lock-stale"]);
    let _locked = project.run(["lock", "-q"]).success();
    assert_eq!(codes(&project), [""; 0]);
}

/// A table of the ledger's name that is not its own, and one that lost its key.
#[tokio::test]
async fn tables_that_are_no_ledger() {
    let patient = Patient::with(Dialect::Sqlite, "rescue_foreign_ledger", &["a"]).await;
    let database = &patient.database;
    database
        .execute("CREATE TABLE migrate_revision (x INTEGER)")
        .await;
    assert_eq!(patient.found(), ["ledger foreign-ledger"]);
    database.execute("DROP TABLE migrate_revision").await;
    patient.ok(&["run", "-q"]);
    for sql in [
        "CREATE TABLE copy AS SELECT * FROM migrate_revision",
        "DROP TABLE migrate_revision",
        "ALTER TABLE copy RENAME TO migrate_revision",
        "INSERT INTO migrate_revision SELECT * FROM migrate_revision",
    ] {
        database.execute(sql).await;
    }
    assert_eq!(patient.found(), ["ledger ledger-duplicate"]);
    assert_eq!(patient.repair(true).unresolved, ["a ledger-duplicate"]);
}
