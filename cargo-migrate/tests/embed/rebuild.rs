//! What makes cargo compile an application again, without a build.rs.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::package::{cargo, workspace, write};

/// Builds the application; says whether it was compiled, and what it prints.
fn build(folder: &Path, name: &str) -> (bool, String) {
    let messages = cargo(folder, &["build", "-p", name]);
    let artifact = messages
        .iter()
        .find(|message| {
            message["reason"] == "compiler-artifact" && message["target"]["name"] == name
        })
        .unwrap_or_else(|| panic!("{messages:#?}"));
    let program = artifact["executable"].as_str().expect("a program");
    let output = Command::new(program)
        .output()
        .expect("the application runs");
    let compiled = artifact["fresh"] == false;
    (
        compiled,
        String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

fn migrate(package: &Path, arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-migrate"))
        .args(arguments)
        .current_dir(package)
        .env_remove("CI")
        .env_remove("DATABASE_URL")
        .env_remove("MIGRATE_ENV")
        .output()
        .expect("the command starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn an_edit_a_new_revision_and_the_configuration_compile_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    workspace(folder, &["rebuilt"]);
    let package = folder.join("rebuilt");
    write(
        &package.join("src/main.rs"),
        "static M: migrate_sqlx::Migrations = migrate_sqlx::embed_migrations!();\nfn main() { println!(\"{} {M:?}\", M.revisions().len()); }\n",
    );
    write(&package.join("migrate.toml"), "dialects = [\"sqlite\"]\n");
    migrate(&package, &["init"]);
    let sql = package.join("a.sql");
    write(&sql, "CREATE TABLE first (id INTEGER);\n");
    migrate(
        &package,
        &["new", "first", "--rev-id", "a", "--sql", "a.sql"],
    );

    let (_, said) = build(folder, "rebuilt");
    assert!(
        said.starts_with("1 ") && said.contains("CREATE TABLE first"),
        "{said}"
    );
    assert!(!build(folder, "rebuilt").0, "nothing changed");

    let file = fs::read_dir(package.join("migrations"))
        .expect("the folder is there")
        .map(|entry| entry.expect("readable").path())
        .find(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .expect("the revision is there");
    let edited = fs::read_to_string(&file)
        .expect("readable")
        .replace("first (id", "edited (id");
    write(&file, &edited);
    let (compiled, said) = build(folder, "rebuilt");
    assert!(compiled && said.contains("CREATE TABLE edited"), "{said}");

    migrate(
        &package,
        &["new", "second", "--rev-id", "b", "--sql", "a.sql"],
    );
    let (compiled, said) = build(folder, "rebuilt");
    assert!(compiled && said.starts_with("2 "), "{said}");

    write(
        &package.join("migrate.toml"),
        "dialects = [\"sqlite\"]\n[ledger]\nprefix = \"other_\"\n",
    );
    let (compiled, said) = build(folder, "rebuilt");
    assert!(compiled && said.contains("other_"), "{said}");
    assert!(!build(folder, "rebuilt").0, "nothing changed");
}

/// What is not there cannot be tracked: a command tells by the time of chain.lock.
#[test]
fn a_configuration_and_a_schema_that_appear_compile_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    workspace(folder, &["appearing"]);
    let package = folder.join("appearing");
    write(
        &package.join("src/main.rs"),
        "static M: migrate_sqlx::Migrations = migrate_sqlx::embed_migrations!();\n#[derive(migrate_sqlx::Table)]\n#[table(name = \"first\")]\npub struct First { pub id: i64 }\nfn main() { println!(\"{M:?}\"); }\n",
    );
    migrate(&package, &["init"]);
    write(&package.join("a.sql"), "CREATE TABLE first (id TEXT);\n");
    migrate(
        &package,
        &["new", "first", "--rev-id", "a", "--sql", "a.sql"],
    );
    fs::remove_file(package.join("migrate.toml")).expect("init wrote it");
    let (_, said) = build(folder, "appearing");
    assert!(!said.contains("other_"), "{said}");
    assert!(!build(folder, "appearing").0, "nothing changed");

    write(
        &package.join("migrate.toml"),
        "dialects = [\"sqlite\"]\n[ledger]\nprefix = \"other_\"\n[env.dev]\nurl = \"sqlite://dev.db\"\n",
    );
    migrate(&package, &["check"]);
    let (compiled, said) = build(folder, "appearing");
    assert!(compiled && said.contains("other_"), "{said}");

    // schema.lock shows that the struct does not fit.
    migrate(&package, &["run"]);
    assert!(package.join("migrations/schema.lock").is_file());
    let messages = cargo(folder, &["build", "-p", "appearing"]);
    let told = messages.iter().any(|message| {
        let text = message["message"]["message"].as_str();
        text.is_some_and(|text| text.contains("type-mismatch"))
    });
    assert!(told, "{messages:#?}");
}

/// A crate of the company that exports everything, and an application that knows only that one, under
/// another name.
#[test]
fn the_runtime_may_be_renamed_and_exported_by_another_crate() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    workspace(folder, &["facade", "behind"]);
    let manifest = fs::read_to_string(folder.join("facade/Cargo.toml")).expect("written above");
    let renamed = manifest.replace(
        "migrate-sqlx = { path",
        "mover = { package = \"migrate-sqlx\", path",
    );
    write(&folder.join("facade/Cargo.toml"), &renamed);
    write(
        &folder.join("facade/src/lib.rs"),
        "pub use mover as moves;\n",
    );
    let behind = folder.join("behind");
    write(
        &behind.join("Cargo.toml"),
        "[package]\nname = \"behind\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nhouse = { package = \"facade\", path = \"../facade\" }\n",
    );
    write(
        &behind.join("src/main.rs"),
        "static M: house::moves::Migrations = house::moves::embed_migrations!();\n#[derive(house::moves::Table)]\n#[table(name = \"first\", crate = \"house::moves\")]\npub struct First { pub id: String }\nfn main() { println!(\"{}\", M.revisions().len()); }\n",
    );
    migrate(&behind, &["init"]);
    write(&behind.join("a.sql"), "CREATE TABLE first (id TEXT);\n");
    migrate(
        &behind,
        &["new", "first", "--rev-id", "a", "--sql", "a.sql"],
    );
    assert_eq!(build(folder, "behind"), (true, "1".to_owned()));
}
