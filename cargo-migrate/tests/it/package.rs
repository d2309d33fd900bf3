//! Which package is meant.

use crate::Done as _;
use insta::assert_snapshot;
use migrate_tests::TestProject;

/// A workspace of two packages; `migrated` of them have migrations.
fn workspace(migrated: &[&str]) -> TestProject {
    let project = TestProject::empty(env!("CARGO_BIN_EXE_cargo-migrate"));
    project.write(
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two\"]\n",
    );
    for name in ["one", "two"] {
        project.write(
            &format!("{name}/Cargo.toml"),
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
        );
        project.write(&format!("{name}/src/lib.rs"), "");
    }
    for name in migrated {
        project
            .run(["init", "-q", "-p", name, "--dialect", "sqlite"])
            .success()
            .done();
        project
            .run(["new", "begin", "-p", name, "--rev-id", &format!("{name}_1")])
            .success()
            .done();
        let file = format!("{name}/migrations/20261120T143205_{name}_1_begin.sql");
        let filled = project
            .read(&file)
            .replace("-- migrate: up\n", "-- migrate: up\nSELECT 1;\n");
        project.write(&file, filled);
    }
    project
}

#[test]
fn two_packages_of_a_workspace() {
    let project = workspace(&["one", "two"]);
    assert_snapshot!(project.run(["heads"]), @r#"
    ------- stderr -------
    error: several packages of this workspace have migrations: `one`, `two`
    help: name one, such as `-p one`
    [exit status: 2]
    "#);
    assert_snapshot!(project.run(["heads", "-p", "two"]), @"two_1 begin (head, base)");
    assert_snapshot!(project.run(["heads", "-C", "one/src"]), @"one_1 begin (head, base)");
    assert_snapshot!(project.run(["heads", "-p", "three"]), @r#"
    ------- stderr -------
    error: the workspace has no package `three`
    help: expected one of `one`, `two`
    [exit status: 2]
    "#);
    assert_snapshot!(project.run(["new", "more", "-p", "two"]), @"two/migrations/20261120T143205_910a2dec8902_more.sql");
}

#[test]
fn the_only_one_that_has_migrations() {
    assert_snapshot!(workspace(&["two"]).run(["heads"]), @"two_1 begin (head, base)");
    assert_snapshot!(workspace(&[]).run(["heads"]), @r#"
    ------- stderr -------
    error: no package of this workspace has migrations
    help: name one: `cargo migrate -p <package> init`
    [exit status: 2]
    "#);
    assert_snapshot!(workspace(&["two"]).run(["heads", "-C", "one"]), @r#"
    ------- stderr -------
    error: there is no migrations folder `migrations`
    help: create it with `cargo migrate init -C one`
    [exit status: 1]
    "#);
}

#[test]
fn the_database_of_a_package_is_beside_its_configuration() {
    let project = workspace(&["one"]);
    project.run(["run", "-p", "one", "-q"]).success().done();
    assert!(project.path().join("one/dev.db").exists());
    assert!(!project.path().join("dev.db").exists());
}

#[test]
fn a_folder_without_a_package() {
    let project = TestProject::empty(env!("CARGO_BIN_EXE_cargo-migrate"));
    assert_snapshot!(project.run(["heads"]), @r#"
    ------- stderr -------
    error: there is neither a Cargo.toml nor a migrate.toml nor a migrations folder in `$PROJECT` or above it
    help: change to your package, name it with `-C <dir>`, or start here with `cargo migrate init`
    [exit status: 1]
    "#);
    assert_snapshot!(project.run(["heads", "-C", "nowhere"]), @r#"
    ------- stderr -------
    error: `nowhere` cannot be entered

    Caused by:
      No such file or directory (os error 2)
    [exit status: 2]
    "#);
    project.run(["init", "-q"]).success().done();
    assert_snapshot!(project.run(["heads"]), @r#"
    ------- stderr -------
    there is no revision yet: `cargo migrate new "<message>"` writes the first
    "#);
}

#[test]
fn a_manifest_that_cargo_cannot_read() {
    let project = TestProject::empty(env!("CARGO_BIN_EXE_cargo-migrate"));
    project.write("Cargo.toml", "[package\n");
    let output = project.run(["heads"]).code(1);
    assert!(
        output
            .stderr
            .starts_with("error: cargo cannot read this package\n"),
        "{output}"
    );
}
