//! Every diagnostic in a realistic folder, one mistake per folder.
//!
//! `BLESS=1` writes the present output to each `expected.txt`.

#[expect(unreachable_pub, reason = "the fuzz targets are other crates")]
mod invariants;
mod properties;
mod scale;
mod sections;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use migrate_core::{Code, Config, Diagnostic, Folder, Published, Survey};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// Reports what `check` reports for a package; beside a folder `published`, what `check --since`
/// does.
fn check(package: &Path) -> Vec<Diagnostic> {
    let config = match Config::read(package) {
        Ok(config) => config,
        Err(diagnostics) => return diagnostics,
    };
    let read =
        |dir: &str| Folder::read(&package.join(dir), &config.dir).expect("the folder is there");
    let folder = read(&config.dir);
    if package.join("published").is_dir() {
        let published = Published {
            name: "origin/main".to_owned(),
            tip: read("published"),
            fork_point: read("fork-point"),
        };
        return published.check(&folder, &config);
    }
    let survey = Survey::new(&folder, &config);
    let mut diagnostics = survey.diagnostics.clone();
    // Most fixtures are drafts; only the fixture of that code reports it.
    if package.ends_with("lock-draft") {
        diagnostics.extend(survey.drafts());
    }
    // Only `check` reports it, and other fixtures have such statements for other reasons.
    if package.ends_with("reaches-out") {
        diagnostics.extend(migrate_replay::reaching(&survey, &config));
    }
    diagnostics
}

#[test]
fn every_code_is_reported_as_its_fixture_expects() {
    let mut wrong = Vec::new();
    for code in Code::ALL.iter().filter(|code| !code.is_of_models()) {
        let package = fixtures().join(code.as_str());
        let found = check(&package);
        assert!(
            found.iter().any(|diagnostic| diagnostic.code == *code),
            "{code} is not found in its fixture, but {found:#?}"
        );
        let rendered: String = found
            .iter()
            .map(|diagnostic| format!("{diagnostic}\n\n"))
            .collect();
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
    for code in Code::ALL.iter().filter(|code| !code.is_of_models()) {
        for found in check(&fixtures().join(code.as_str())) {
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
    let codes: BTreeSet<_> = Code::ALL
        .iter()
        .filter(|code| !code.is_of_models())
        .map(|code| code.as_str().to_owned())
        .collect();
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
