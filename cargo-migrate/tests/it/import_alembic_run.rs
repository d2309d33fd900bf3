//! `import alembic --online` with engines, databases and settings of real projects.

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};
use serde_json::json;

use crate::Done as _;
use crate::import::on;
use crate::import_alembic::{alembic, import, pending, revision, schema, with_alembic};

/// An env.py whose engine gets these arguments, and `more` before it connects.
fn env(engine: &str, more: &str) -> String {
    format!(
        "import os\nimport sqlalchemy as sa\nfrom alembic import context\n\nengine = sa.create_engine(os.environ['OLD_URL']{engine})\n{more}\nwith engine.connect() as connection:\n    context.configure(connection=connection, render_as_batch=True)\n    with context.begin_transaction():\n        context.run_migrations()\n"
    )
}

/// Values that a driver gets apart from the statement.
fn with_values(dialect: Dialect, engine: &str) -> TestProject {
    let project = with_alembic(dialect);
    project.write("old/db/env.py", env(engine, ""));
    revision(
        &project,
        "a1",
        "down_revision = None",
        "t = op.create_table('t', sa.Column('id', sa.Integer, primary_key=True), sa.Column('a', sa.String(80)), sa.Column('b', sa.Integer))\nop.bulk_insert(t, [{'id': 1, 'a': \"it's :a ? $1 %s 100%\", 'b': 7}, {'id': 2, 'a': 'x', 'b': None}])",
        "op.drop_table('t')",
    );
    revision(
        &project,
        "b1",
        "down_revision = 'a1'",
        "t = sa.table('t', sa.column('id', sa.Integer), sa.column('a', sa.String), sa.column('b', sa.Integer))\nop.get_bind().execute(t.update().where(t.c.id == 2, t.c.a.in_(['x', ':b'])).values(a=\"y -- :no ?\", b=t.c.id + 5))\nop.get_bind().execute(sa.text(\"INSERT INTO t (id, a, b) VALUES (:one, 'c \\\\:b ?', :two)\"), {'one': 3, 'two': 9})",
        "op.execute('DELETE FROM t WHERE id = 3')",
    );
    project
}

async fn values(dialect: Dialect, style: &str) {
    let project = with_values(dialect, &format!(", paramstyle='{style}'"));
    let old = TestDatabase::create(dialect, &format!("alembic {style} old")).await;
    alembic(&project, &old, &["upgrade", "heads"])
        .success()
        .done();
    let scratch = TestDatabase::create(dialect, &format!("alembic {style} scratch")).await;
    let imported = import(&project, &scratch, &["--online", "--format", "json"])
        .success()
        .json();
    assert_eq!(imported["left_out"], json!([]), "{style}");
    project.run(["check", "--locked"]).success().done();
    let new = TestDatabase::create(dialect, &format!("alembic {style} new")).await;
    on(&project, &new, &["run"]).success().done();
    let rows = "SELECT id, a, b FROM t ORDER BY id";
    assert_eq!(new.rows(rows).await, old.rows(rows).await, "{style}");
    assert_eq!(new.rows(rows).await.len(), 3);
}

#[tokio::test]
async fn styles_of_parameters_of_sqlite() {
    for style in ["qmark", "named", "numeric", "numeric_dollar"] {
        values(Dialect::Sqlite, style).await;
    }
}

#[tokio::test]
async fn styles_of_parameters_of_postgres() {
    for style in ["pyformat", "format"] {
        values(Dialect::Postgres, style).await;
    }
}

#[tokio::test]
async fn styles_of_parameters_of_mariadb() {
    for style in ["pyformat", "format"] {
        values(Dialect::MySql, style).await;
    }
}

/// A statement that cannot be written costs its own revision, and no other.
#[tokio::test]
async fn a_value_that_is_no_literal() {
    let project = with_values(Dialect::Sqlite, "");
    revision(
        &project,
        "c1",
        "down_revision = 'b1'",
        "import sqlite3\nclass Point:\n    pass\nsqlite3.register_adapter(Point, lambda point: 'point')\nop.add_column('t', sa.Column('p', sa.String(20)))\nop.get_bind().exec_driver_sql('UPDATE t SET p = ?', (Point(),))\nop.get_bind().exec_driver_sql('UPDATE t SET b = 1')",
        "with op.batch_alter_table('t') as batch:\n    batch.drop_column('p')",
    );
    revision(
        &project,
        "d1",
        "down_revision = 'c1'",
        "if op.get_bind().exec_driver_sql(\"SELECT count(*) FROM t WHERE p = 'point'\").scalar() != 3:\n    raise ValueError('not executed')\nop.execute('CREATE TABLE d (id INTEGER)')",
        "op.execute('DROP TABLE d')",
    );
    let scratch = TestDatabase::create(Dialect::Sqlite, "alembic no literal").await;
    assert_snapshot!(import(&project, &scratch, &["--online"]).success(), @"
    changed old/db/versions/b1_x.py:21 and old/db/versions/d1_x.py:20: `upgrade()` has `get_bind`: its SQL is what it did on an empty database
    left out old/db/versions/c1_x.py:18: `upgrade()` runs a statement that cannot be written as SQL: a value of the type `Point` is no literal; the SQL here is the rest
    ------- stderr -------
    running alembic upgrade heads
    running alembic downgrade base
    wrote 4 revisions, 3 sealed, 1 draft, to migrations
    warning: 1 revision could not be converted completely, for 1 reason
    help: finish each, such as `cargo migrate edit c1`, before it is stamped or run; then `cargo migrate lock`
    ");
    let text = project.read("migrations/20240102T030405_c1_message_of_c1.sql");
    assert!(
        text.contains("\nALTER TABLE t ADD COLUMN p VARCHAR(20);"),
        "{text}"
    );
    assert!(text.contains("\nUPDATE t SET b = 1;"), "{text}");
}

/// SQLAlchemy's own recipe for transactions of SQLite sends `BEGIN` in an event.
#[tokio::test]
async fn the_begin_of_an_event_is_not_of_the_revision() {
    for begin in ["BEGIN", "BEGIN IMMEDIATE", "begin exclusive transaction"] {
        let project = with_values(Dialect::Sqlite, "");
        let recipe = format!(
            "@sa.event.listens_for(engine, 'connect')\ndef connects(connection, record):\n    connection.isolation_level = None\n\n@sa.event.listens_for(engine, 'begin')\ndef begins(connection):\n    connection.exec_driver_sql('{begin}')\n"
        );
        project.write("old/db/env.py", env("", &recipe));
        revision(
            &project,
            "c1",
            "down_revision = 'b1'",
            "with op.batch_alter_table('t') as batch:\n    batch.drop_column('b')",
            "with op.batch_alter_table('t') as batch:\n    batch.add_column(sa.Column('b', sa.Integer))",
        );
        let scratch = TestDatabase::create(Dialect::Sqlite, "alembic begins").await;
        let imported = import(&project, &scratch, &["--online", "--format", "json"])
            .success()
            .json();
        assert_eq!(imported["left_out"], json!([]), "{begin}");
        project.run(["check", "--locked"]).success().done();
        for id in ["a1", "c1"] {
            let file = format!("migrations/20240102T030405_{id}_message_of_{id}.sql");
            let text = project.read(&file);
            assert!(text.contains("-- migrate: up\n"), "{text}");
            assert!(!text.to_uppercase().contains("\nBEGIN"), "{text}");
        }
        let new = TestDatabase::create(Dialect::Sqlite, "alembic begins new").await;
        on(&project, &new, &["run"]).success().done();
        on(&project, &new, &["verify"]).success().done();
    }
}

/// A new value of an enum can be used after the `COMMIT`.
#[tokio::test]
async fn a_commit_of_the_revision_itself_on_postgres() {
    let project = with_values(Dialect::Postgres, "");
    revision(
        &project,
        "c1",
        "down_revision = 'b1'",
        "op.execute(\"CREATE TYPE mood AS ENUM ('sad')\")\nop.execute('COMMIT')\nop.execute(\"ALTER TYPE mood ADD VALUE 'glad'\")\nop.execute('COMMIT')\nop.execute(\"CREATE TABLE m (m mood DEFAULT 'glad')\")",
        "op.execute('DROP TABLE m')\nop.execute('DROP TYPE mood')",
    );
    let scratch = TestDatabase::create(Dialect::Postgres, "alembic commits").await;
    let imported = import(&project, &scratch, &["--online", "--format", "json"])
        .success()
        .json();
    assert_eq!(imported["left_out"], json!([]));
    let new = TestDatabase::create(Dialect::Postgres, "alembic commits new").await;
    on(&project, &new, &["run"]).success().done();
    on(&project, &new, &["verify"]).success().done();
}

/// The application made its first tables with `create_all()`, and the revisions begin there.
#[tokio::test]
async fn revisions_on_top_of_create_all() {
    let project = with_alembic(Dialect::Sqlite);
    project.write("old/db/env.py", env("", ""));
    let made = "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20));\nCREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER REFERENCES users (id));";
    revision(
        &project,
        "a1",
        "down_revision = None",
        "if 'mail' not in [c['name'] for c in sa.inspect(op.get_bind()).get_columns('users')]:\n    op.add_column('users', sa.Column('mail', sa.String(80)))",
        "with op.batch_alter_table('users') as batch:\n    batch.drop_column('mail')",
    );
    revision(
        &project,
        "b1",
        "down_revision = 'a1'",
        "with op.batch_alter_table('users') as batch:\n    batch.alter_column('name', existing_type=sa.String(20), nullable=False)",
        "with op.batch_alter_table('users') as batch:\n    batch.alter_column('name', existing_type=sa.String(20), nullable=True)",
    );
    let old = TestDatabase::create(Dialect::Sqlite, "create_all old").await;
    old.execute(made).await;
    alembic(&project, &old, &["upgrade", "heads"])
        .success()
        .done();

    let scratch = TestDatabase::create(Dialect::Sqlite, "create_all scratch").await;
    scratch.execute(made).await;
    import(&project, &scratch, &["--online"]).code(1).done();
    let sql = on(&project, &scratch, &["schema", "--format", "sql"])
        .success()
        .stdout;
    project.write("base.sql", sql);
    let imported = import(
        &project,
        &scratch,
        &["--online", "--allow-tables", "--format", "json"],
    )
    .success()
    .json();
    assert_eq!(imported["left_out"], json!([]));
    project
        .run([
            "new",
            "create_all",
            "--rev-id",
            "made",
            "--parent",
            "base",
            "--sql",
            "base.sql",
        ])
        .success()
        .done();
    project
        .run(["rebase", "a1", "--onto", "made"])
        .success()
        .done();
    project.run(["lock"]).success().done();
    project.run(["check", "--locked"]).success().done();

    on(&project, &old, &["import", "alembic", "--stamp"])
        .success()
        .done();
    assert_eq!(pending(&project, &old), json!([]));
    on(&project, &old, &["verify"]).success().done();
    let new = TestDatabase::create(Dialect::Sqlite, "create_all new").await;
    on(&project, &new, &["run"]).success().done();
    assert_eq!(
        schema(&project, &new, ""),
        schema(&project, &old, "alembic_version")
    );
}

/// Alembic is called in the root of the repository, and its path is relative to there.
#[tokio::test]
async fn a_script_location_that_begins_above_the_folder() {
    let project = with_values(Dialect::Sqlite, "");
    project.write("old/alembic.ini", "[alembic]\nscript_location = old/db\n");
    let scratch = TestDatabase::create(Dialect::Sqlite, "alembic location").await;
    let output = import(&project, &scratch, &["--online", "--format", "json"]).success();
    assert_eq!(output.json()["left_out"], json!([]));
    assert_snapshot!(output.stderr, @"
    running alembic -c old/alembic.ini upgrade heads
    running alembic -c old/alembic.ini downgrade base
    ");
}
