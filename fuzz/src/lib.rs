//! What the fuzz targets share.

#[path = "../../migrate-core/tests/it/invariants.rs"]
pub mod invariants;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use migrate_core::embedded::{decode, encode};
use migrate_models::{Root, read};
use migrate_schema::create;
use migrate_schema::lock::SchemaLock;
use migrate_core::{Chain, Config, Dialect, File, Folder, Survey};
use migrate_repair::{HeadsRepair, Repair, RepairOptions};

/// A chain that was baked into a binary is the same chain; unlike [`invariants::embedded`], it
/// gives the memory back, as a fuzzer runs for hours.
pub fn embedded(chain: &Chain) {
    let texts: Vec<*mut str> = chain
        .revisions()
        .iter()
        .map(|revision| Box::into_raw(revision.text.to_string().into_boxed_str()))
        .collect();
    let table = Box::into_raw(encode(chain).into_boxed_slice());
    // SAFETY: they come from the boxes above, and live until `decoded` is gone.
    let borrowed: Vec<&'static str> = texts.iter().map(|text| unsafe { &**text }).collect();
    let borrowed = Box::into_raw(borrowed.into_boxed_slice());
    let decoded = unsafe { decode(&*borrowed, &*table) };
    assert_eq!(decoded, invariants::as_embedded(chain));
    drop(decoded);
    // SAFETY: each was a box, and nothing borrows from it any more.
    unsafe {
        drop(Box::from_raw(borrowed));
        drop(Box::from_raw(table));
        texts.into_iter().for_each(|text| drop(Box::from_raw(text)));
    }
}

/// A folder of this process, where a source lies to be read.
static PACKAGE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("migrate-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the source");
    folder
});

/// Models are read or refused with reasons; what they describe can be said as a schema of each
/// dialect, written to schema.lock and read back, and is what they describe then.
pub fn models(text: &str) {
    let file = PACKAGE.join("lib.rs");
    fs::write(&file, text).expect("the folder is ours");
    let root = Root {
        name: "fuzzed".to_owned(),
        file,
    };
    let reading = read(&PACKAGE, &[root]);
    reading.diagnostics.iter().for_each(invariants::diagnostic);
    let Ok(models) = reading.into_models() else {
        return;
    };
    for dialect in Dialect::ALL {
        let schema = match models.schema(dialect) {
            Ok(schema) => schema,
            Err(found) => {
                assert!(!found.is_empty());
                found.iter().for_each(invariants::diagnostic);
                continue;
            }
        };
        assert_eq!(create(&schema).is_empty(), schema.tables.is_empty());
        let lock = SchemaLock {
            schemas: BTreeMap::from([(dialect, schema)]),
            ..SchemaLock::default()
        };
        let written = lock.render();
        assert_eq!(SchemaLock::parse("schema.lock", &written), Ok(lock.clone()));
        models.check(&lock).iter().for_each(invariants::diagnostic);
    }
}

/// A repaired folder has nothing left to repair, and is unchanged if there was nothing to repair. In
/// the text, a line `%%` separates the configuration, the lock and the
/// revisions.
pub fn repair(text: &str) {
    let mut parts = text.split("\n%%\n");
    let config = parts.next().unwrap_or_default();
    let config = Config::parse("migrate.toml", config).unwrap_or_default();
    let lock = parts.next().map(str::to_owned);
    let files = parts.enumerate().map(|(number, text)| File {
        name: format!("{number:04}.sql"),
        text: text.to_owned().into(),
    });
    let folder = Folder {
        shown: "migrations".to_owned(),
        files: files.collect(),
        lock,
        ..Folder::default()
    };
    for heads in [HeadsRepair::Merge, HeadsRepair::Rebase { published: None }] {
        let options = RepairOptions {
            heads,
            ..RepairOptions::default()
        };
        let repaired = Repair::new(&folder, &config, &options);
        repaired.unresolved.iter().for_each(invariants::diagnostic);
        if repaired.is_empty() {
            assert_eq!(repaired.folder.files, folder.files);
            assert_eq!(repaired.folder.lock, folder.lock);
            continue;
        }
        for done in &repaired.done {
            assert!(!done.reason.contains('\n'), "{done:?}");
        }
        // The unresolved diagnostics are exactly those that remain.
        let mut left = Survey::new(&repaired.folder, &config).diagnostics;
        left.retain(migrate_core::Diagnostic::is_error);
        assert_eq!(left, repaired.unresolved);
        let again = Repair::new(&repaired.folder, &config, &options);
        assert!(again.is_empty(), "{:?}\n{:?}", again.done, repaired.done);
    }
}
