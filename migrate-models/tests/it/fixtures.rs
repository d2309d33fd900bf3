//! Every diagnostic on realistic models, one mistake per package.
//!
//! `BLESS=1` writes the present output to each `expected.txt`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use migrate_core::{Code, Diagnostic, Dialect};
use migrate_models::{Root, read};
use migrate_schema::lock::SchemaLock;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Returns all that the command finds in a package: in its sources, and by comparing them with the
/// schema at the head.
fn found(package: &Path) -> Vec<Diagnostic> {
    let root = Root {
        name: "app".to_owned(),
        file: package.join("src/lib.rs"),
    };
    let reading = read(package, &[root]);
    let mut found = reading.diagnostics;
    let shown = "migrations/schema.lock";
    match SchemaLock::read(&package.join("migrations"), shown) {
        Ok(Some(text)) => match SchemaLock::parse(shown, &text) {
            Ok(lock) => found.extend(reading.models.check(&lock)),
            Err(wrong) => found.extend(wrong),
        },
        Ok(None) => {}
        Err(wrong) => found.push(*wrong),
    }
    found.extend(
        reading
            .models
            .schema(Dialect::Postgres)
            .err()
            .into_iter()
            .flatten(),
    );
    found
}

fn codes() -> impl Iterator<Item = &'static Code> {
    Code::ALL.iter().filter(|code| code.is_of_models())
}

#[test]
fn every_code_is_reported_as_its_fixture_expects() {
    let mut wrong = Vec::new();
    for code in codes() {
        let package = fixtures().join(code.as_str());
        let found = found(&package);
        assert!(
            found.iter().any(|diagnostic| diagnostic.code == *code),
            "{code} is not found in its fixture, but {found:#?}"
        );
        let rendered: String = found.iter().map(|found| format!("{found}\n\n")).collect();
        let expected = package.join("expected.txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &rendered).expect("the fixture can be written");
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        if rendered != expected {
            wrong.push(format!(
                "{code}: expected\n{expected}\nbut got
{rendered}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_error_and_warning_says_what_to_do_next() {
    for code in codes() {
        for found in found(&fixtures().join(code.as_str())) {
            assert!(found.help.is_some(), "no help: {found}");
            assert!(
                !found.message.ends_with('.') && !found.message.contains('\n'),
                "{found}"
            );
        }
    }
}

#[test]
fn every_fixture_is_of_a_code() {
    let codes: BTreeSet<_> = codes().map(|code| code.as_str().to_owned()).collect();
    let folders: BTreeSet<_> = fs::read_dir(fixtures())
        .expect("the fixtures are there")
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(codes, folders);
}
