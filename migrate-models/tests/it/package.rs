//! Packages of a few files.

use std::fs;
use std::path::PathBuf;

use migrate_core::{Diagnostic, Dialect};
use migrate_models::{Models, Reading, Root, read};
use migrate_schema::{Schema, Table};

/// Writes files into a new folder, and reads the models from those of `roots` that exist.
pub(crate) fn package(files: &[(&str, &str)]) -> Reading {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("the folder can be made");
        fs::write(path, text).expect("the file can be written");
    }
    let root = |name: &str, file: &str| {
        let file: PathBuf = folder.path().join(file);
        file.is_file().then(|| Root {
            name: name.to_owned(),
            file,
        })
    };
    let roots = [root("app", "src/lib.rs"), root("app_bin", "src/main.rs")];
    read(
        folder.path(),
        &roots.into_iter().flatten().collect::<Vec<_>>(),
    )
}

/// Reads one file that must be sound.
pub(crate) fn models(text: &str) -> Models {
    let reading = package(&[("src/lib.rs", text)]);
    assert!(!reading.has_errors(), "{}", rendered(&reading.diagnostics));
    reading.models
}

/// Returns the schema that a sound file describes.
pub(crate) fn schema(text: &str, dialect: Dialect) -> Schema {
    let schema = models(text).schema(dialect);
    schema.unwrap_or_else(|found| panic!("{}", rendered(&found)))
}

/// Returns the only table that a sound file describes.
pub(crate) fn table(text: &str, dialect: Dialect) -> Table {
    let mut tables = schema(text, dialect).tables;
    assert_eq!(tables.len(), 1, "{:?}", tables.keys());
    tables.pop_first().expect("there is one").1
}

/// Returns the rendered problems of a file.
pub(crate) fn wrong(text: &str) -> String {
    let reading = package(&[("src/lib.rs", text)]);
    match reading.has_errors() {
        true => rendered(&reading.diagnostics),
        false => match reading.models.schema(Dialect::Postgres) {
            Ok(schema) => panic!("nothing is wrong: {schema:#?}"),
            Err(found) => rendered(&found),
        },
    }
}

pub(crate) fn rendered(found: &[Diagnostic]) -> String {
    let rendered: Vec<_> = found.iter().map(ToString::to_string).collect();
    rendered.join("\n")
}
