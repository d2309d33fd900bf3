//! Models of applications that exist: their structs as they are, beside the schema that they have.
//! Nothing is to be done then; and what changes later is done, and nothing else.

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};

use crate::{Done as _, project};

/// A desktop application: ids as BLOB, moments and JSON as TEXT, states as TEXT with a check.
const BOARD: &str = r#"
CREATE TABLE projects (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    git_repo_path TEXT NOT NULL DEFAULT '' UNIQUE,
    setup_script TEXT DEFAULT '',
    use_existing BOOLEAN NOT NULL DEFAULT TRUE,
    created_at TEXT NOT NULL DEFAULT (datetime('now', 'subsec')),
    updated_at TEXT NOT NULL DEFAULT (datetime('now', 'subsec'))
);
CREATE TABLE tasks (
    id BLOB PRIMARY KEY,
    project_id BLOB NOT NULL,
    title TEXT NOT NULL,
    description TEXT,
    status TEXT NOT NULL DEFAULT 'todo'
        CHECK (status IN ('todo','inprogress','done','cancelled','inreview')),
    position REAL NOT NULL DEFAULT 0,
    parent BLOB REFERENCES tasks(id),
    created_at TEXT NOT NULL DEFAULT (datetime('now', 'subsec')),
    FOREIGN KEY (project_id) REFERENCES projects(id) ON DELETE CASCADE
);
CREATE INDEX idx_tasks_project ON tasks (project_id, created_at DESC);
CREATE INDEX idx_tasks_open ON tasks (status) WHERE status <> 'done';
CREATE TABLE runs (
    id BLOB PRIMARY KEY,
    task_id BLOB NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
    action TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(action)),
    exit_code INTEGER,
    dropped INTEGER NOT NULL DEFAULT 0,
    started_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    bytes INTEGER GENERATED ALWAYS AS (length(action)) STORED
);
CREATE TABLE run_logs (
    run_id BLOB NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
    id BLOB NOT NULL,
    logs TEXT NOT NULL,
    byte_size INT NOT NULL,
    PRIMARY KEY (run_id, id)
);
CREATE TABLE tags (
    tag_name TEXT NOT NULL COLLATE NOCASE CHECK (instr(tag_name, ' ') = 0),
    content VARCHAR(2000) NOT NULL,
    CONSTRAINT one_name UNIQUE (tag_name)
);
CREATE TABLE images (id INTEGER PRIMARY KEY AUTOINCREMENT, file_path VARCHAR(255) NOT NULL, size BIGINT, hash TEXT NOT NULL UNIQUE) STRICT_OR_NOT;
CREATE TABLE migration_state (entity TEXT NOT NULL, local_id BLOB NOT NULL, PRIMARY KEY (entity, local_id)) WITHOUT ROWID;
CREATE VIRTUAL TABLE task_texts USING fts5(title, description, content='tasks');
CREATE TRIGGER tasks_texts AFTER INSERT ON tasks BEGIN
    INSERT INTO task_texts (rowid, title, description) VALUES (new.rowid, new.title, new.description);
END;
CREATE VIEW open_tasks AS SELECT id, title FROM tasks WHERE status <> 'done';
"#;

const BOARD_MODELS: &str = r#"
use chrono::{DateTime, Utc};
use migrate_sqlx::Table;
use std::path::PathBuf;
use uuid::Uuid;

#[derive(sqlx::FromRow, Table)]
#[table(name = "projects")]
pub struct Project {
    pub id: Uuid,
    pub name: String,
    pub git_repo_path: PathBuf,
    pub setup_script: Option<String>,
    pub use_existing: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(sqlx::Type)]
#[sqlx(type_name = "task_status", rename_all = "lowercase")]
pub enum TaskStatus { Todo, InProgress, InReview, Done, Cancelled }

#[derive(sqlx::FromRow, Table)]
#[table(name = "tasks")]
pub struct Task {
    pub id: Uuid,
    pub project_id: Uuid,
    pub title: String,
    pub description: Option<String>,
    pub status: TaskStatus,
    pub position: f64,
    pub parent: Option<Uuid>,
    pub created_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow, Table)]
#[table(name = "runs")]
pub struct Run {
    pub id: Uuid,
    pub task_id: Uuid,
    pub action: sqlx::types::Json<Action>,
    pub exit_code: Option<i64>,
    pub dropped: bool,
    pub started_at: DateTime<Utc>,
}

pub struct Action { pub command: String }

#[derive(sqlx::FromRow, Table)]
#[table(name = "run_logs")]
pub struct RunLog { pub run_id: Uuid, pub id: Uuid, pub logs: String, pub byte_size: i64 }

#[derive(sqlx::FromRow, Table)]
#[table(name = "tags")]
pub struct Tag { pub tag_name: String, pub content: String }

#[derive(sqlx::FromRow, Table)]
#[table(name = "images")]
pub struct Image { pub id: i64, pub file_path: String, pub size: Option<i64>, pub hash: String }
"#;

fn adopted(dialect: Dialect, url: &str, schema: &str, models: &str) -> TestProject {
    let project = project();
    project.write("src/lib.rs", models);
    project.write(
        "migrate.toml",
        format!("dialects = [\"{dialect}\"]\n[env.dev]\nurl = \"${{TEST_URL}}\"\n"),
    );
    project.write(".env", format!("TEST_URL={url}\n"));
    project.write("base.sql", schema);
    project.run(["init", "-q"]).success().done();
    let base = [
        "new", "--sql", "base.sql", "base", "--rev-id", "first", "-q",
    ];
    project.run(base).success().done();
    project.run(["run", "-q"]).success().done();
    project
}

/// Nothing is to be done for the models.
#[track_caller]
fn has_nothing_to_do(project: &TestProject) {
    project.run(["check", "--models"]).success().done();
    let none = project.run(["new", "--auto", "nothing"]).success();
    assert!(none.stderr.contains("nothing to do"), "{none}");
    project.run(["verify", "--models"]).success().done();
}

/// Writes the revision for changed models, and gives what it does: up, then down.
#[track_caller]
fn changes(project: &TestProject, id: &str, old: &str, new: &str) -> String {
    let models = project.read("src/lib.rs");
    assert!(models.contains(old), "{old}");
    project.write("src/lib.rs", models.replacen(old, new, 1));
    let written = project.run(["new", "--auto", id, "--rev-id", id]).success();
    let text = project.read(written.stdout.trim());
    let (_, sections) = text.split_once("-- migrate: up\n").expect("it has one");
    project.run(["run", "-q"]).success().done();
    project.run(["revert", "-q"]).success().done();
    project.run(["verify"]).success().done();
    project.run(["run", "-q"]).success().done();
    has_nothing_to_do(project);
    // Only MariaDB writes how wide a number is displayed.
    sections
        .replace("bigint(20)", "bigint")
        .replace("int(11)", "int")
}

#[test]
fn structs_beside_a_schema_of_sqlite() {
    let board = BOARD.replace(" STRICT_OR_NOT", "");
    let project = adopted(Dialect::Sqlite, "sqlite://dev.db", &board, BOARD_MODELS);
    has_nothing_to_do(&project);

    // What comes, comes; and goes again, as it has been said.
    assert_snapshot!(changes(
        &project,
        "a",
        "pub byte_size: i64 }",
        "pub byte_size: i64, #[column(index, default = 7)] pub level: i32 }",
    ), @r#"
    ALTER TABLE "run_logs" ADD COLUMN "level" INTEGER NOT NULL DEFAULT 7;
    CREATE INDEX "run_logs_level_idx" ON "run_logs" ("level");

    -- migrate: down
    DROP INDEX "run_logs_level_idx";
    -- destructive: the values of `run_logs.level`
    ALTER TABLE "run_logs" DROP COLUMN "level";
    "#);
    assert_snapshot!(changes(
        &project,
        "b",
        "#[column(index, default = 7)] pub level",
        "#[column(default = 7)] pub level",
    ), @r#"
    DROP INDEX "run_logs_level_idx";

    -- migrate: down
    CREATE INDEX "run_logs_level_idx" ON "run_logs" ("level");
    "#);
    assert_snapshot!(changes(
        &project,
        "c",
        ", #[column(default = 7)] pub level: i32",
        "",
    ), @r#"
    -- destructive: the values of `run_logs.level`
    ALTER TABLE "run_logs" DROP COLUMN "level";

    -- migrate: down
    ALTER TABLE "run_logs" ADD COLUMN "level" INTEGER NOT NULL DEFAULT 7;
    "#);
    // A key that the schema had under its own name is the one that is said.
    let models = project.read("src/lib.rs").replace(
        "pub project_id: Uuid",
        "#[column(references = \"projects\")] pub project_id: Uuid",
    );
    project.write(
        "src/lib.rs",
        models.replace(
            "pub struct Task {",
            "#[table(index(project_id, created_at desc))]\npub struct Task {",
        ),
    );
    has_nothing_to_do(&project);
    assert_snapshot!(changes(
        &project,
        "d",
        "#[table(index(project_id, created_at desc))]\n",
        "",
    ), @r#"
    DROP INDEX "idx_tasks_project";

    -- migrate: down
    CREATE INDEX "idx_tasks_project" ON "tasks" ("project_id", "created_at" DESC);
    "#);
    // Another value of a state is allowed, and the rest of the table stays.
    let text = changes(
        &project,
        "e",
        "Done, Cancelled }",
        "Done, Cancelled, Archived }",
    );
    let (up, _) = text.split_once("-- migrate: down").expect("it has one");
    assert!(up.contains("'archived'"), "{up}");
    assert!(
        up.contains(
            "FOREIGN KEY (\"project_id\") REFERENCES \"projects\" (\"id\") ON DELETE CASCADE"
        ),
        "{up}"
    );
    assert!(up.contains("CREATE TRIGGER tasks_texts"), "{up}");
    // A table of its own, and without it again.
    let text = changes(
        &project,
        "f",
        "pub struct Action {",
        "#[derive(Table)]\n#[table(name = \"notes\")]\npub struct Note { pub id: i64 }\n\npub struct Action {",
    );
    assert!(text.starts_with("CREATE TABLE \"notes\""), "{text}");
    let text = changes(
        &project,
        "g",
        "#[derive(Table)]\n#[table(name = \"notes\")]\npub struct Note { pub id: i64 }\n",
        "",
    );
    assert!(text.contains("DROP TABLE \"notes\""), "{text}");
    assert!(!text.contains("tasks"), "{text}");
}

/// A revision that was deleted is found once more.
#[test]
fn a_deleted_revision_is_written_again() {
    let project = adopted(
        Dialect::Sqlite,
        "sqlite://dev.db",
        "CREATE TABLE base (id INTEGER);\n",
        "#[derive(migrate_sqlx::Table)]\npub struct Note { pub id: i64, #[column(unique)] pub mail: String, #[column(default = 1)] pub level: i32 }\n",
    );
    changes(&project, "a", "pub struct", "pub  struct");
    let models = project.read("src/lib.rs");
    for (old, new) in [
        ("#[column(unique)] ", ""),
        ("#[column(default = 1)] ", ""),
        (", #[column(default = 1)] pub level: i32", ""),
        ("level: i32", "level: Option<i32>"),
        (
            "pub mail: String",
            "#[column(rename_from = \"mail\")] pub email: String",
        ),
    ] {
        let mut written = Vec::new();
        for _ in 0..2 {
            project.write("src/lib.rs", models.replace(old, new));
            let file = project
                .run(["new", "--auto", "b", "--rev-id", "b"])
                .success();
            let file = file.stdout.trim().to_owned();
            written.push(project.read(&file));
            std::fs::remove_file(project.path().join(file)).expect("it is there");
            let forget = ["lock", "--forget", "b", "-q"];
            project.run(forget).success().done();
        }
        assert_eq!(written[0], written[1]);
        project.write("src/lib.rs", &models);
    }
}

const DOCUMENTS: &str = r#"
CREATE EXTENSION IF NOT EXISTS citext;
CREATE SCHEMA app;
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE SEQUENCE numbers;
CREATE FUNCTION new_ref() RETURNS text LANGUAGE sql AS $$ SELECT 'r' || nextval('numbers') $$;
CREATE TYPE lone AS ENUM ('a', 'b', 'c');
CREATE TABLE ev (id bigint NOT NULL, at date NOT NULL, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE ev_2024 PARTITION OF ev FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE ev_rest PARTITION OF ev DEFAULT;
CREATE TABLE par (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, name text NOT NULL CHECK (name <> '') NO INHERIT);
CREATE TABLE kid (extra int) INHERITS (par);
CREATE UNLOGGED TABLE app.doc (
    id bigint GENERATED ALWAYS AS IDENTITY (START WITH 100 INCREMENT BY 5 CYCLE) PRIMARY KEY,
    tenant citext NOT NULL DEFAULT 'x',
    body varchar(300) COLLATE "C" NOT NULL,
    mail email,
    ref text NOT NULL DEFAULT new_ref(),
    st lone NOT NULL DEFAULT 'a',
    n bigint NOT NULL DEFAULT nextval('numbers'),
    price numeric(12,2) NOT NULL DEFAULT 0,
    at timestamp(3) with time zone NOT NULL DEFAULT now(),
    data json NOT NULL,
    hidden int NOT NULL DEFAULT 4,
    EXCLUDE USING btree (body WITH =)
) WITH (fillfactor = 70);
ALTER TABLE app.doc ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE app.doc REPLICA IDENTITY FULL;
CREATE INDEX doc_b ON app.doc USING gin (to_tsvector('english', body));
CREATE UNIQUE INDEX doc_u ON app.doc (ref) INCLUDE (id) WITH (fillfactor = 50);
COMMENT ON COLUMN app.doc.body IS 'text';
ALTER TABLE app.doc ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.doc FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON app.doc USING (tenant = current_user);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER t BEFORE UPDATE ON app.doc FOR EACH ROW EXECUTE FUNCTION f();
CREATE VIEW v AS SELECT id, body FROM app.doc;
CREATE FUNCTION docs() RETURNS SETOF app.doc LANGUAGE sql AS $$ SELECT * FROM app.doc $$;
CREATE TABLE orgs (org_id serial PRIMARY KEY);
CREATE TABLE member (user_id serial PRIMARY KEY, org int NOT NULL REFERENCES orgs ON DELETE CASCADE DEFERRABLE);
"#;

#[tokio::test]
async fn structs_beside_a_schema_of_postgres() {
    const MODELS: &str = r#"
use migrate_sqlx::Table;
#[derive(Table)] #[table(name = "ev")] pub struct Ev { pub id: i64, pub at: chrono::NaiveDate, pub note: Option<String> }
#[derive(Table)] #[table(name = "par")] pub struct Par { pub id: i64, pub name: String }
#[derive(sqlx::Type)] #[sqlx(type_name = "lone", rename_all = "snake_case")] pub enum Lone { A, C }
#[derive(Table)] #[table(name = "app.doc")] pub struct Doc {
    pub id: i64,
    pub tenant: String,
    pub body: String,
    pub mail: Option<Mail>,
    pub r#ref: String,
    pub st: Lone,
    pub n: i64,
    pub price: rust_decimal::Decimal,
    pub at: chrono::DateTime<chrono::Utc>,
    pub data: serde_json::Value,
}
#[derive(Table)] #[table(name = "member")] pub struct Member { pub user_id: i32, pub org: i32 }
"#;
    let database = TestDatabase::create(Dialect::Postgres, "cli_adopt").await;
    let project = adopted(Dialect::Postgres, database.url(), DOCUMENTS, MODELS);
    has_nothing_to_do(&project);
    assert_snapshot!(changes(
        &project,
        "a",
        "pub org: i32 }",
        "#[column(references = \"orgs\")] pub org: i32, #[column(default = \"new_ref()\")] pub code: String, #[column(postgres(type = \"email\"))] pub mail: Option<String> }",
    ), @r#"
    ALTER TABLE "member" ADD COLUMN "code" text NOT NULL DEFAULT new_ref();
    ALTER TABLE "member" ADD COLUMN "mail" email;

    -- migrate: down
    -- destructive: the values of `member.code`
    ALTER TABLE "member" DROP COLUMN "code";
    -- destructive: the values of `member.mail`
    ALTER TABLE "member" DROP COLUMN "mail";
    "#);
    let text = changes(
        &project,
        "b",
        "pub enum Lone { A, C }",
        "pub enum Lone { A, C, D }",
    );
    let (up, _) = text.split_once("-- migrate: down").expect("it has one");
    assert_eq!(up.trim(), "ALTER TYPE \"lone\" ADD VALUE 'd' AFTER 'c';");
    assert_snapshot!(changes(
        &project,
        "c",
        "#[column(references = \"orgs\")] pub org: i32",
        "pub org: i32",
    ), @r#"
    ALTER TABLE "member" DROP CONSTRAINT "member_org_fkey";

    -- migrate: down
    ALTER TABLE "member" ADD CONSTRAINT "member_org_fkey" FOREIGN KEY ("org") REFERENCES "orgs" ("org_id") ON DELETE CASCADE DEFERRABLE;
    "#);
    assert_snapshot!(changes(&project, "d", "pub r#ref: String,", "#[column(rename_from = \"ref\")] pub reference: String,"), @r#"
    ALTER TABLE "app"."doc" RENAME COLUMN "ref" TO "reference";

    -- migrate: down
    ALTER TABLE "app"."doc" RENAME COLUMN "reference" TO "ref";
    "#);
}

async fn beside_a_schema_of_mysql(schema: &str, name: &str) {
    const MODELS: &str = r#"
use migrate_sqlx::Table;
#[derive(Table)] #[table(name = "users")] pub struct User { pub user_id: i64, pub name: String, pub administrator: bool, pub date_registered: String }
#[derive(Table)] #[table(name = "torrents")] pub struct Torrent {
    pub torrent_id: i64, pub uploader_id: i64, pub info_hash: String, pub size: i64, pub body: Option<String>,
    pub uploaded: chrono::NaiveDateTime, pub state: State, pub rating: Option<rust_decimal::Decimal>, pub data: serde_json::Value,
}
#[derive(sqlx::Type)] #[sqlx(rename_all = "snake_case")] pub enum State { New, Done }
#[derive(Table)] #[table(name = "ver")] pub struct Ver { pub id: i32, pub v: Option<i32> }
"#;
    let database = TestDatabase::create(Dialect::MySql, name).await;
    let project = adopted(Dialect::MySql, database.url(), schema, MODELS);
    has_nothing_to_do(&project);
    assert_snapshot!(changes(
        &project,
        "a",
        "pub size: i64,",
        "#[column(index)] pub size: i64, #[column(references = \"users\", on_delete = \"set null\")] pub editor: Option<i32>,",
    ), @r"
    ALTER TABLE `torrents`
        ADD COLUMN `editor` int AFTER `size`,
        ADD INDEX `editor` (`editor`),
        ADD INDEX `torrents_size_idx` (`size`);
    ALTER TABLE `torrents` ADD CONSTRAINT `torrents_ibfk_1` FOREIGN KEY (`editor`) REFERENCES `users` (`user_id`) ON DELETE SET NULL;

    -- migrate: down
    ALTER TABLE `torrents` DROP FOREIGN KEY `torrents_ibfk_1`;
    -- destructive: drop column `torrents.editor`
    ALTER TABLE `torrents`
        DROP INDEX `editor`,
        DROP INDEX `torrents_size_idx`,
        DROP COLUMN `editor`;
    ");
    assert_snapshot!(changes(&project, "b", "#[column(index)] pub size: i64", "pub size: i64"), @r"
    ALTER TABLE `torrents` DROP INDEX `torrents_size_idx`;

    -- migrate: down
    ALTER TABLE `torrents` ADD INDEX `torrents_size_idx` (`size`);
    ");
    assert_snapshot!(changes(&project, "c", "pub id: i32, pub v: Option<i32>", "pub id: i32, pub v: Option<i64>"), @r"
    ALTER TABLE `ver` MODIFY COLUMN `v` bigint;

    -- migrate: down
    -- destructive: alter column `ver.v`: type `bigint` becomes `int`
    ALTER TABLE `ver` MODIFY COLUMN `v` int;
    ");
    assert_snapshot!(changes(&project, "d", "enum State { New, Done }", "enum State { New, Done, Bad }"), @r"
    ALTER TABLE `torrents` MODIFY COLUMN `state` enum('new','done','old','bad') NOT NULL DEFAULT 'new';

    -- migrate: down
    -- destructive: alter column `torrents.state`: type `enum('new','done','old','bad')` becomes `enum('new','done','old')`
    ALTER TABLE `torrents` MODIFY COLUMN `state` enum('new','done','old') NOT NULL DEFAULT 'new';
    ");
}

const TORRENTS: &str = "
CREATE TABLE users (
    user_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(80) CHARACTER SET latin1 COLLATE latin1_german1_ci NOT NULL,
    administrator TINYINT(1) NOT NULL DEFAULT 0,
    date_registered CHAR(19) NOT NULL DEFAULT '1970-01-01 00:00:00',
    secret VARCHAR(10) NOT NULL DEFAULT '',
    UNIQUE KEY one_name (name)
) ROW_FORMAT = DYNAMIC DEFAULT CHARSET = utf8mb4 COMMENT = 'people';
CREATE TABLE torrents (
    torrent_id INT NOT NULL AUTO_INCREMENT,
    uploader_id INT NOT NULL,
    info_hash CHAR(40) NOT NULL,
    size BIGINT NOT NULL DEFAULT 0,
    body MEDIUMTEXT,
    uploaded DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    state ENUM('new', 'done', 'old') NOT NULL DEFAULT 'new',
    rating DECIMAL(5,2),
    data JSON NOT NULL,
    secret INT INVISIBLE_COLUMN DEFAULT 3,
    PRIMARY KEY (torrent_id),
    UNIQUE KEY hash (info_hash),
    FULLTEXT KEY texts (body),
    KEY beginning (body(20)),
    CONSTRAINT uploader FOREIGN KEY (uploader_id) REFERENCES users (user_id) ON DELETE CASCADE
);
CREATE TABLE forgotten (id INT PRIMARY KEY, user INT, FOREIGN KEY (user) REFERENCES users (user_id));
CREATE VIEW names AS SELECT name FROM users;
";

#[tokio::test]
async fn structs_beside_a_schema_of_mysql() {
    let schema = TORRENTS.replace("INVISIBLE_COLUMN", "");
    let schema = format!(
        "{schema}CREATE TABLE ver (id INT NOT NULL, v INT, PRIMARY KEY (id)) PARTITION BY HASH (id) PARTITIONS 3;\n"
    );
    beside_a_schema_of_mysql(&schema, "cli_adopt").await;
}

/// What rows get that have no value yet passes the column's own check, and sqlx reads it.
#[tokio::test]
async fn rows_get_values_that_the_application_reads() {
    const MORE: &str = r#"
use migrate_sqlx::Table;
#[derive(sqlx::Type)] #[sqlx(type_name = "level", rename_all = "snake_case")] pub enum Level { Low, High }
#[derive(Table)] #[table(name = "t")] pub struct T {
    pub id: i64,
    pub lvl: Level,
    pub uid: uuid::Uuid,
    pub bytes: Vec<u8>,
    pub j: serde_json::Value,
    pub born: chrono::NaiveDate,
    pub at: chrono::DateTime<chrono::Utc>,
    pub tt: chrono::NaiveTime,
    pub flag: bool,
    pub code: uuid::fmt::Hyphenated,
    pub price: sqlx::types::Text<rust_decimal::Decimal>,
    pub peer: sqlx::types::Text<std::net::IpAddr>,
    pub seen: sqlx::types::Text<chrono::DateTime<chrono::Utc>>,
    pub name: sqlx::types::Text<Name>,
}
pub struct Name(String);
"#;
    let database = TestDatabase::create(Dialect::Sqlite, "cli_fillers").await;
    let few = "use migrate_sqlx::Table;\n#[derive(Table)] #[table(name = \"t\")] pub struct T { pub id: i64 }\n";
    let schema = "CREATE TABLE t (id INTEGER PRIMARY KEY);\n";
    let project = adopted(Dialect::Sqlite, database.url(), schema, few);
    database.execute("INSERT INTO t VALUES (1)").await;
    project.write("src/lib.rs", MORE);
    let written = project
        .run(["new", "--auto", "more", "--rev-id", "b"])
        .success();
    assert!(written.stderr.contains("on SQLite: "), "{written}");
    project.run(["run", "-q"]).success().done();
    has_nothing_to_do(&project);

    let pool = sqlx::SqlitePool::connect(database.url())
        .await
        .expect("it is there");
    let row = sqlx::query("SELECT * FROM t")
        .fetch_one(&pool)
        .await
        .expect("a row");
    use sqlx::Row as _;
    assert_eq!(row.get::<String, _>("lvl"), "low");
    assert_eq!(row.get::<Vec<u8>, _>("uid"), [0; 16]);
    assert!(row.get::<Vec<u8>, _>("bytes").is_empty());
    assert_eq!(row.get::<String, _>("j"), "{}");
    assert_eq!(row.get::<String, _>("born"), "1970-01-01");
    assert_eq!(row.get::<String, _>("at"), "1970-01-01 00:00:00");
    assert_eq!(row.get::<String, _>("tt"), "00:00:00");
    assert!(!row.get::<bool, _>("flag"));
    for (column, value) in [
        ("price", "0"),
        ("peer", "0.0.0.0"),
        ("seen", "1970-01-01T00:00:00Z"),
        ("name", ""),
    ] {
        assert_eq!(row.get::<String, _>(column), value, "{column}");
    }
    assert_eq!(
        row.get::<String, _>("code"),
        "00000000-0000-0000-0000-000000000000"
    );
    pool.close().await;
}

/// The examples of the guide are made on a server, on top of what the chain makes.
#[tokio::test]
async fn the_examples_of_the_guide() {
    const GUIDE: &str = include_str!("../../../docs/models.md");
    let blocks: Vec<&str> = GUIDE
        .split("```rust\n")
        .skip(1)
        .map(|rest| rest.split("```").next().expect("it ends"))
        .collect();
    let of = |word: &str| {
        let found = blocks.iter().find(|block| block.contains(word));
        *found.unwrap_or_else(|| panic!("the guide has no example with `{word}`"))
    };
    let models = format!(
        "use chrono::{{DateTime, Utc}};\nuse uuid::Uuid;\n{}\n#[derive(Table)]\n{}\npub struct Post {{ pub id: i64, pub team: i64, pub user: i64, {} pub mail: String, #[column(mysql(type = \"text\"))] pub body: String }}\n",
        of("sqlx::FromRow"),
        of("one_team"),
        of("citext"),
    );
    for dialect in Dialect::ALL {
        let database = TestDatabase::create(dialect, "cli_guide").await;
        let chain = match dialect {
            Dialect::Postgres => "CREATE EXTENSION citext;\nCREATE EXTENSION pg_trgm;\n",
            Dialect::Sqlite | Dialect::MySql => "CREATE TABLE other (id INTEGER);\n",
        };
        let project = adopted(dialect, database.url(), chain, &models);
        let written = ["new", "--auto", "models", "--rev-id", "b", "-q"];
        project.run(written).success().done();
        project.run(["run", "-q"]).success().done();
        has_nothing_to_do(&project);
    }
}

/// Structs that are printed for a schema leave nothing to do.
async fn printed(dialect: Dialect, schema: &str, name: &str) {
    let database = TestDatabase::create(dialect, name).await;
    let project = adopted(dialect, database.url(), schema, "");
    let printed = project.run(["models"]).success().stdout;
    project.write("src/lib.rs", &printed);
    has_nothing_to_do(&project);
    assert_eq!(project.run(["models"]).success().stdout, "");
    // The compiler has nothing against them either.
    project.run(["lock", "--schema", "-q"]).success().done();
    let reading = migrate_models::read(
        project.path(),
        &[migrate_models::Root {
            name: "app".to_owned(),
            file: project.path().join("src/lib.rs"),
        }],
    );
    let text = project.read("migrations/schema.lock");
    let lock = migrate_schema::lock::SchemaLock::parse("schema.lock", &text).expect("readable");
    assert_eq!(reading.models.check(&lock), [], "{printed}");
    assert!(!reading.models.is_empty());
}

/// The schemas whose printed structs are compiled and read.
macro_rules! every_type {
    ($dialect:literal) => {
        include_str!(concat!(
            "../../../tests/tests/printed_models/",
            $dialect,
            ".sql"
        ))
    };
}

#[tokio::test]
async fn structs_for_tables_without_any_on_sqlite() {
    let board = BOARD.replace(" STRICT_OR_NOT", "");
    printed(Dialect::Sqlite, &board, "cli_models").await;
    printed(Dialect::Sqlite, every_type!("sqlite"), "cli_models").await;
}

#[tokio::test]
async fn structs_for_tables_without_any_on_postgres() {
    printed(Dialect::Postgres, DOCUMENTS, "cli_models").await;
    printed(Dialect::Postgres, every_type!("postgres"), "cli_models").await;
}

#[tokio::test]
async fn structs_for_tables_without_any_on_mysql() {
    let torrents = TORRENTS.replace("INVISIBLE_COLUMN", "");
    printed(Dialect::MySql, &torrents, "cli_models").await;
    printed(Dialect::MySql, every_type!("mysql"), "cli_models").await;
}

/// One set of structs beside what two databases have, as a tracker that runs on both of them.
#[tokio::test]
async fn structs_beside_a_schema_of_sqlite_and_mysql() {
    const MODELS: &str = r#"
use migrate_sqlx::Table;
#[derive(sqlx::FromRow, Table)] #[table(name = "torrust_users")] pub struct User { pub user_id: i64, pub date_registered: Option<String>, pub administrator: bool }
#[derive(sqlx::FromRow, Table)] #[table(name = "torrust_user_profiles")] pub struct UserProfile {
    pub user_id: i64, pub username: String, pub email: Option<String>, pub email_verified: bool, pub bio: Option<String>, pub avatar: Option<String>,
}
#[derive(sqlx::FromRow, Table)] #[table(name = "torrust_torrents")] pub struct Torrent {
    pub torrent_id: i64, pub uploader_id: i64, pub category_id: Option<i64>, pub info_hash: String, pub size: i64, pub name: String,
    pub date_uploaded: chrono::NaiveDateTime, pub private: Option<bool>, pub root_hash: bool,
}
#[derive(sqlx::FromRow, Table)] #[table(name = "torrust_torrents", partial)] pub struct TorrentListing { pub torrent_id: i64, pub name: String }
"#;
    let project = project();
    for (dialect, key, moment) in [
        (
            "sqlite",
            "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
            "TEXT",
        ),
        (
            "mysql",
            "INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT",
            "DATETIME",
        ),
    ] {
        let blob = if dialect == "sqlite" {
            "TEXT"
        } else {
            "CHAR(40) CHARACTER SET ascii"
        };
        project.write(
            &format!("db/{dialect}/20240101000000_users.sql"),
            format!("CREATE TABLE torrust_users (user_id {key}, date_registered VARCHAR(19) DEFAULT NULL, administrator BOOL NOT NULL DEFAULT FALSE);\nCREATE TABLE torrust_user_profiles (user_id INTEGER NOT NULL, username VARCHAR(24) NOT NULL UNIQUE, email VARCHAR(320) UNIQUE, email_verified BOOL NOT NULL DEFAULT FALSE, bio TEXT, avatar TEXT, FOREIGN KEY (user_id) REFERENCES torrust_users (user_id) ON DELETE CASCADE);\nCREATE TABLE torrust_forgotten (name VARCHAR(64) NOT NULL);\n"),
        );
        project.write(
            &format!("db/{dialect}/20240102000000_torrents.sql"),
            format!("CREATE TABLE torrust_torrents (torrent_id {key}, uploader_id INTEGER NOT NULL REFERENCES torrust_users (user_id) ON DELETE CASCADE, category_id INTEGER, info_hash {blob} NOT NULL UNIQUE, size BIGINT NOT NULL, name VARCHAR(255) NOT NULL, date_uploaded {moment} NOT NULL, private BOOLEAN, root_hash BOOL NOT NULL DEFAULT FALSE);\nCREATE INDEX by_uploader ON torrust_torrents (uploader_id);\n"),
        );
    }
    let database = TestDatabase::create(Dialect::MySql, "cli_two").await;
    project.write("src/lib.rs", MODELS);
    project.write(".env", format!("TEST_URL={}\n", database.url()));
    project.write(
        "migrate.toml",
        "dialects = [\"sqlite\", \"mysql\"]\ndefault-env = \"lite\"\n[env.lite]\nurl = \"sqlite://dev.db\"\n[env.my]\nurl = \"${TEST_URL}\"\n",
    );
    project.run(["import", "sqlx", "db"]).success().done();
    for env in ["lite", "my"] {
        project.run(["run", "-q", "--env", env]).success().done();
        project
            .run(["verify", "--models", "--env", env])
            .success()
            .done();
    }
    has_nothing_to_do(&project);
    // With structs for the other tables, too.
    let printed = project.run(["models"]).success().stdout;
    assert_eq!(printed.matches("pub struct").count(), 1, "{printed}");
    project.write("src/lib.rs", format!("{MODELS}{printed}"));
    has_nothing_to_do(&project);
}
