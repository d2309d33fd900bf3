//! `schema`, on SQLite; what is read of each database has the runtime's own tests.

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_schema::Schema;
use migrate_tests::{TestDatabase, TestProject};

use crate::{Done as _, project};

const SHOP: &str = "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL COLLATE NOCASE UNIQUE, pk TEXT DEFAULT 'x', shown AS (lower(email)), CHECK (length(email) > 2));
CREATE TABLE orders (id INTEGER PRIMARY KEY, person_id INTEGER NOT NULL REFERENCES people ON DELETE CASCADE, \"odd name\" INT, at TEXT);
CREATE TABLE faces (person_id INTEGER PRIMARY KEY, parent INTEGER REFERENCES faces, CONSTRAINT whose FOREIGN KEY (person_id) REFERENCES people DEFERRABLE INITIALLY DEFERRED) WITHOUT ROWID;
CREATE INDEX recent ON orders (at DESC, lower(at)) WHERE at > '2020';
CREATE VIEW buyers AS SELECT person_id FROM orders;
CREATE TRIGGER seen AFTER INSERT ON orders BEGIN SELECT 1; END;";

async fn shop(name: &str) -> (TestProject, TestDatabase) {
    let project = project();
    project.write("migrate.toml", "dialects = [\"sqlite\"]\n");
    let database = TestDatabase::create(Dialect::Sqlite, name).await;
    database.execute(SHOP).await;
    project.write(".env", format!("DATABASE_URL={}\n", database.url()));
    (project, database)
}

#[tokio::test]
async fn people_read_a_paragraph_a_table() {
    let (project, _database) = shop("cli schema human").await;
    assert_snapshot!(project.run(["schema"]), @"
    table faces
        person_id  INTEGER  not null
        parent     INTEGER
        primary key (person_id)
        foreign key (parent) references faces (person_id)
        foreign key whose (person_id) references people (id) deferrable initially deferred
        WITHOUT ROWID

    table orders
        id         INTEGER  not null
        person_id  INTEGER  not null
        odd name   INT
        at         TEXT
        primary key (id)
        foreign key (person_id) references people (id) on delete cascade
        index recent (at desc, lower(at)) where at > '2020'
        trigger seen

    table people
        id     INTEGER  not null  auto increment
        email  TEXT     not null  collate NOCASE
        pk     TEXT     default 'x'
        shown           as lower(email)
        primary key (id)
        unique (email)
        check (length(email) > 2)

    view buyers
    ");
    assert_snapshot!(project.run(["schema", "buyers", "faces", "-v"]), @"
    table faces
        person_id  INTEGER  not null
        parent     INTEGER
        primary key (person_id)
        foreign key (parent) references faces (person_id)
        foreign key whose (person_id) references people (id) deferrable initially deferred
        WITHOUT ROWID

    view buyers
            SELECT person_id FROM orders
    ");
}

#[tokio::test]
async fn programs_read_the_whole_schema() {
    let (project, _database) = shop("cli schema json").await;
    let document = project.run(["schema", "--format", "json"]).success();
    let schema: Schema = serde_json::from_str(&document.stdout).expect("a schema");
    assert_eq!(schema.dialect, Dialect::Sqlite);
    assert_eq!(schema.tables.len(), 3);
    let written = serde_json::to_string_pretty(&schema).expect("a document");
    assert_eq!(written, document.stdout.trim_end());
}

#[tokio::test]
async fn documents_get_a_diagram() {
    let (project, _database) = shop("cli schema mermaid").await;
    assert_snapshot!(project.run(["schema", "--format", "mermaid"]), @r#"
    erDiagram
        "faces" {
            INTEGER person_id PK, FK
            INTEGER parent FK
        }
        "orders" {
            INTEGER id PK
            INTEGER person_id FK
            INT odd_name
            TEXT at
        }
        "people" {
            INTEGER id PK
            TEXT email UK
            TEXT pk_
            _ shown
        }
        "faces" |o--o{ "faces" : "parent"
        "people" ||--o| "faces" : "person_id"
        "people" ||--o{ "orders" : "person_id"
    "#);
    assert_snapshot!(project.run(["schema", "--format", "dot"]), @"
    ------- stderr -------
    error: only `history` and `schema` can be answered with a diagram, and `schema` and `diff` with SQL
    help: the others know `--format human` and `--format json`
    [exit status: 2]
    ");
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let (project, _database) = shop("cli schema missing").await;
    assert_snapshot!(project.run(["schema", "order"]), @"
    ------- stderr -------
    error: the database has no table or view `order`
    help: did you mean `orders`?
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["schema", "nothing"]), @r#"
    ------- stderr -------
    error: the database has no table or view `nothing`
    help: `cargo migrate schema` shows all of them
    [exit status: 1]
    "#);
}

#[tokio::test]
async fn a_url_typed_as_a_name_keeps_its_password() {
    let (project, _database) = shop("cli schema secret").await;
    let output = project.run(["schema", "postgres://me:s3cret@host.name/app?a=s3cret"]);
    assert_eq!(output.code, Some(1));
    assert!(!output.to_string().contains("s3cret"), "{output}");
}

#[test]
fn a_database_that_does_not_exist_has_nothing_and_is_not_made() {
    let project = project();
    project.write("migrate.toml", "dialects = [\"sqlite\"]\n");
    assert_snapshot!(project.run(["schema", "--database-url", "sqlite://none.db"]), @"
    ------- stderr -------
    sqlite://none.db is empty
    ");
    assert!(!project.path().join("none.db").exists());
}

/// The ledger and nothing else.
#[test]
fn a_migrated_database_shows_no_ledger() {
    let project = crate::chain("a");
    project.run(["run"]).success().done();
    assert_snapshot!(project.run(["schema"]), @"
    table t_a
        id  INTEGER  not null
        primary key (id)
    ");
}
