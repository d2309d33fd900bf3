//! SQLite, whose databases are files.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use migrate_core::Dialect;
use migrate_tests::TestDatabase;

use crate::{Done as _, ReachingChain, look_at};

fn chains(folder: &str) -> Vec<ReachingChain> {
    let orders = "-- migrate: up\nCREATE TABLE orders (id INT PRIMARY KEY, n INT NOT NULL);\nINSERT INTO orders VALUES (1, 10), (2, 20);";
    vec![
        ReachingChain::new(
            "attach",
            &[
                orders,
                &format!(
                    "-- migrate: up no-transaction
ATTACH '{folder}/other.db' AS other;
CREATE TABLE IF NOT EXISTS other.kept (id INT);
INSERT INTO other.kept VALUES (1);
DETACH other;"
                ),
            ],
        )
        .wanted(&format!(
            "ATTACH '{folder}/wanted.db' AS other; CREATE TABLE other.t (id INT); CREATE TABLE orders (id INT PRIMARY KEY, n INT NOT NULL);"
        )),
        ReachingChain::new(
            "vacuum",
            &[
                orders,
                &format!("-- migrate: up no-transaction\nVACUUM INTO '{folder}/copy.db';"),
            ],
        ),
    ]
}

#[tokio::test]
async fn on_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let shown = folder.path().display().to_string();
    let mut projects = Vec::new();
    for chain in &chains(&shown) {
        let url = format!("sqlite://{shown}/{}.db", chain.name);
        let project = chain.project(Dialect::Sqlite, &url);
        project.run(["run", "--yes", "-q"]).success().done();
        TestDatabase::existing(&url)
            .execute("UPDATE orders SET n = n + 1; INSERT INTO orders VALUES (3, 30)")
            .await;
        projects.push(project);
    }
    fs::remove_file(folder.path().join("copy.db")).expect("the chain has made it");
    let before = picture(folder.path());
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        ["attach.db", "other.db", "vacuum.db"]
    );
    let said = look_at(&projects);
    let after = picture(folder.path());
    assert!(
        after.keys().eq(before.keys()),
        "{:?} {said:?}",
        after.keys()
    );
    for (name, bytes) in &before {
        assert!(after[name] == *bytes, "{name} has changed: {said:?}");
    }
}

/// The files with what is in them.
fn picture(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            (name.into_owned(), fs::read(&path).expect("a file"))
        })
        .collect()
}
