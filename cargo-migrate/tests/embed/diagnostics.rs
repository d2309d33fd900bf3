//! The macro says what `check` says, word for word.

use std::fs;
use std::path::Path;

use migrate_core::{Code, Config, Diagnostic, Folder, Survey};
use serde_json::Value;

use crate::package::{cargo, root, workspace, write};

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("the fixture is there") {
        let path = entry.expect("readable").path();
        let to = to.join(path.file_name().expect("named"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::create_dir_all(to.parent().expect("in a folder")).expect("the folder can be made");
            fs::copy(&path, &to).expect("the file can be copied");
        }
    }
}

/// What `check` finds in a package.
fn check(package: &Path) -> Vec<Diagnostic> {
    match Config::read(package) {
        Ok(config) => {
            let folder =
                Folder::read(&package.join(&config.dir), &config.dir).expect("the folder is there");
            Survey::new(&folder, &config).diagnostics
        }
        Err(diagnostics) => diagnostics,
    }
}

/// The compiler's words on a package, as text and as it draws them.
pub(crate) fn compiler<'a>(messages: &'a [Value], package: &str) -> Vec<(&'a str, &'a str)> {
    messages
        .iter()
        .filter(|message| {
            message["reason"] == "compiler-message"
                && message["target"]["name"] == package.replace('-', "_")
        })
        .filter_map(|message| {
            Some((
                message["message"]["message"].as_str()?,
                message["message"]["rendered"].as_str()?,
            ))
        })
        .filter(|(text, _)| !text.starts_with("aborting due to"))
        .collect()
}

#[test]
fn every_diagnostic_is_a_compile_error_in_the_words_of_check() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let codes = Code::ALL.iter().filter(|code| !code.is_of_models());
    let codes: Vec<&str> = codes.map(|code| code.as_str()).collect();
    workspace(folder.path(), &codes);
    for code in &codes {
        let package = folder.path().join(code);
        copy(
            &root().join("migrate-core/tests/fixtures").join(code),
            &package,
        );
        let source = "//! A broken chain.\npub static MIGRATIONS: migrate_sqlx::Migrations = migrate_sqlx::embed_migrations!();\n";
        write(&package.join("src/lib.rs"), source);
    }
    let messages = cargo(folder.path(), &["check", "--workspace", "--keep-going"]);
    let mut wrong = Vec::new();
    for code in &codes {
        let told = compiler(&messages, code);
        let found = check(&folder.path().join(code));
        let errors: Vec<_> = found.iter().filter(|found| found.is_error()).collect();
        // Errors hide warnings; a warning comes as the note on something deprecated.
        let expected = if errors.is_empty() {
            found.iter().collect()
        } else {
            errors
        };
        assert_eq!(told.len(), expected.len(), "{code}: {told:#?}");
        for (diagnostic, (text, _)) in expected.iter().zip(&told) {
            let words = diagnostic.render_for_rustc();
            let same = if diagnostic.is_error() {
                *text == words
            } else {
                text.ends_with(&words)
            };
            assert!(same, "{code}: expected\n{words}\nbut rustc said\n{text}");
        }
        let drawn: String = told.iter().map(|(_, rendered)| *rendered).collect();
        let expected = root()
            .join("migrate-core/tests/fixtures")
            .join(code)
            .join("expected.rustc.txt");
        if std::env::var_os("BLESS").is_some() {
            fs::write(&expected, &drawn).expect("the fixture can be written");
        }
        let expected = fs::read_to_string(&expected).unwrap_or_default();
        if drawn != expected {
            wrong.push(format!(
                "{code}: expected\n{expected}\nbut rustc drew\n{drawn}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_argument_or_folder_is_told_too() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    workspace(folder.path(), &["number", "missing"]);
    for (package, argument) in [("number", "3"), ("missing", "\"nowhere\"")] {
        let source = format!(
            "pub static M: migrate_sqlx::Migrations = migrate_sqlx::embed_migrations!({argument});\n"
        );
        write(&folder.path().join(package).join("src/lib.rs"), &source);
    }
    let messages = cargo(folder.path(), &["check", "--workspace", "--keep-going"]);
    let number = compiler(&messages, "number");
    assert!(
        number
            .iter()
            .any(|(text, _)| text.contains("a folder in quotes")),
        "{number:?}"
    );
    let missing = compiler(&messages, "missing");
    assert!(
        missing[0]
            .0
            .contains("the migrations folder `nowhere` cannot be read"),
        "{missing:?}"
    );
    assert!(missing[0].0.contains("cargo migrate init"), "{missing:?}");
}
