//! `#[derive(Table)]`: what rustc says of models that do not fit the chain.

use std::fs;
use std::path::Path;

use migrate_core::{Code, Diagnostic};
use migrate_models::{Root, read};
use migrate_schema::lock::SchemaLock;

use crate::diagnostics::{compiler, copy};
use crate::package::{cargo, root, workspace, write};

/// What a derive can find: it sees one struct and the schema at the head.
const CODES: [Code; 7] = [
    Code::SchemaLockMalformed,
    Code::MalformedModel,
    Code::ModelWithoutTable,
    Code::FieldWithoutColumn,
    Code::ColumnWithoutField,
    Code::TypeMismatch,
    Code::NullMismatch,
];

/// What the command finds in a package.
fn check(package: &Path) -> Vec<Diagnostic> {
    let root = Root {
        name: "app".to_owned(),
        file: package.join("src/lib.rs"),
    };
    let reading = read(package, &[root]);
    let mut found = reading.diagnostics;
    let shown = "migrations/schema.lock";
    let text = SchemaLock::read(&package.join("migrations"), shown).expect("readable");
    if let Some(text) = text {
        match SchemaLock::parse(shown, &text) {
            Ok(lock) => found.extend(reading.models.check(&lock)),
            Err(wrong) => found.extend(wrong),
        }
    }
    found
}

#[test]
fn every_diagnostic_of_a_model_is_a_compile_error_in_the_words_of_the_command() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let codes = CODES.map(Code::as_str);
    workspace(folder.path(), &codes);
    let fixture = |code: &str| root().join("migrate-models/tests/fixtures").join(code);
    for code in codes {
        copy(&fixture(code), &folder.path().join(code));
    }
    let messages = cargo(folder.path(), &["check", "--workspace", "--keep-going"]);
    let mut wrong = Vec::new();
    for code in codes {
        let told = compiler(&messages, code);
        for found in check(&folder.path().join(code)) {
            let words = match found.code {
                // Its place is in another file, so it is drawn in the message.
                Code::SchemaLockMalformed => found.render_for_rustc(),
                _ => {
                    let help = found.help.as_deref().unwrap_or_default();
                    format!("{} [{}]\n  = help: {help}", found.message, found.code)
                }
            };
            let place = found.labels[0].place.as_ref().expect("a place");
            let arrow = format!("--> {code}/src/lib.rs:{}:{}", place.line, place.column);
            let said = told.iter().any(|(text, drawn)| {
                text.ends_with(&words)
                    && (found.code == Code::SchemaLockMalformed || drawn.contains(&arrow))
            });
            assert!(
                said,
                "{code}: expected\n{words}\n{arrow}\nbut rustc said\n{told:#?}"
            );
        }
        let drawn: String = told.iter().map(|(_, rendered)| *rendered).collect();
        let expected = fixture(code).join("expected.rustc.txt");
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

const MODEL: &str = "#[derive(migrate_sqlx::Table)]\n#[table(name = \"users\")]\nstruct User { id: i64, name: String }\nuse migrate_sqlx::Table as _;\nfn main() { let user = User { id: 1, name: String::new() }; println!(\"{} {} {:?} {}\", user.id, user.name, User::COLUMNS, User::NAME); }\n";

const LOCK: &str = "version 1\n[sqlite]\ntable users\ntable users column id at=1 type=INTEGER\ntable users column name at=2 type=TEXT\n";

/// What rustc says of a package, and whether it was compiled at all. Each test needs a package of
/// another name: to cargo, two of one name in two workspaces are the same.
fn build(folder: &Path, package: &str) -> (Vec<String>, bool) {
    let messages = cargo(folder, &["check", "-p", package]);
    let told = compiler(&messages, package);
    let told = told.iter().map(|(text, _)| (*text).to_owned()).collect();
    let fresh = messages.iter().any(|message| {
        message["reason"] == "compiler-artifact"
            && message["target"]["name"] == package
            && message["fresh"] == true
    });
    (told, !fresh)
}

/// Writes a file so that it is younger than any build before, however coarse the clock of the file
/// system is: that is what cargo goes by.
fn rewrite(path: &Path, text: &str) {
    let written = |path: &Path| {
        let metadata = fs::metadata(path).expect("it is there");
        metadata.modified().expect("it has a time")
    };
    fs::create_dir_all(path.parent().expect("in a folder")).expect("the folder can be made");
    let marker = path.with_extension("marker");
    write(&marker, "");
    loop {
        write(path, text);
        if written(path) > written(&marker) {
            return;
        }
    }
}

#[test]
fn a_changed_schema_compiles_the_models_again_and_the_check_can_be_switched_off() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    workspace(folder, &["modelled"]);
    let package = folder.join("modelled");
    rewrite(&package.join("src/main.rs"), MODEL);
    // Without a schema.lock there is nothing to compare with.
    assert_eq!(build(folder, "modelled"), (Vec::new(), true));

    let lock = package.join("migrations/schema.lock");
    rewrite(&lock, LOCK);
    rewrite(&package.join("src/main.rs"), MODEL);
    assert_eq!(build(folder, "modelled"), (Vec::new(), true));
    assert_eq!(build(folder, "modelled"), (Vec::new(), false));

    rewrite(&lock, &LOCK.replace("type=TEXT", "type=TEXT null"));
    let (told, _) = build(folder, "modelled");
    assert!(
        told.len() == 1 && told[0].contains("[null-mismatch]"),
        "{told:?}"
    );

    rewrite(&package.join("migrate.toml"), "[models]\ncheck = false\n");
    rewrite(&package.join("src/main.rs"), MODEL);
    assert_eq!(build(folder, "modelled"), (Vec::new(), true));
    // migrate.toml itself is tracked.
    rewrite(&package.join("migrate.toml"), "dir = \"migrations\"\n");
    let (told, _) = build(folder, "modelled");
    assert!(
        told.len() == 1 && told[0].contains("[null-mismatch]"),
        "{told:?}"
    );

    rewrite(&lock, LOCK);
    assert_eq!(build(folder, "modelled"), (Vec::new(), true));
}

#[test]
fn what_rust_allows_in_a_struct_is_no_hindrance() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    workspace(folder, &["allowed"]);
    let text = r##"
use migrate_sqlx::Table;

macro_rules! model {
    ($name:ident, $($field:ident: $of:ty),*) => {
        #[derive(Table)]
        pub struct $name { $(pub $field: $of),* }
    };
}
model!(Made, id: i64, name: Option<String>);

#[derive(Table)]
#[table(name = r#"odd "name""#, schema = "app")]
pub struct Generic<'a, T: Clone, const N: usize> where T: Default {
    pub id: &'a [T],
    pub r#type: [u8; N],
    #[column(type = "text")]
    pub(crate) other: Box<dyn Fn(T) -> T>,
}

#[cfg_attr(all(), derive(Table))]
#[cfg_attr(all(), table(name = "conditional"))]
pub struct Conditional {
    #[cfg(any())]
    pub nothing: Nowhere,
    pub id: u32,
}

fn main() {
    assert_eq!(Made::COLUMNS, ["id", "name"]);
    assert_eq!(Generic::<'static, u8, 3>::COLUMNS, ["id", "type", "other"]);
    assert_eq!(<Generic<'static, u8, 3> as Table>::SCHEMA, Some("app"));
    assert_eq!(Conditional::NAME, "conditional");
}
"##;
    let package = folder.join("allowed");
    rewrite(
        &package.join("src/main.rs"),
        &format!("#![allow(dead_code)]\n{text}"),
    );
    assert_eq!(build(folder, "allowed").0, Vec::<String>::new());
    // A struct that is no table is told once, and nothing follows from it.
    rewrite(
        &package.join("src/main.rs"),
        "#[derive(migrate_sqlx::Table)]\nenum E { A }\nfn main() { let _ = E::A; }\n",
    );
    let (told, _) = build(folder, "allowed");
    assert!(
        told.len() == 1 && told[0].contains("is not a struct with named fields"),
        "{told:?}"
    );
}
