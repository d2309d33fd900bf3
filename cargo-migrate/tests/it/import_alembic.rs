//! `import alembic`, with histories that the real Alembic runs.

use std::process::Command;

use insta::assert_snapshot;
use migrate_core::Dialect;
use migrate_tests::alembic::Alembic;
use migrate_tests::{CommandOutput, TestDatabase, TestProject};
use serde_json::Value;

use crate::{Done as _, project};

const ENV: &str = r#"import os
from alembic import context
from sqlalchemy import create_engine

url = os.environ["OLD_URL"]
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url).connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"#;

/// A project with an Alembic environment in `old`.
pub(crate) fn with_alembic(dialect: Dialect) -> TestProject {
    let project = project();
    project.write("migrate.toml", format!("dialects = [\"{dialect}\"]\n"));
    project.write(
        "old/alembic.ini",
        "[alembic]\nscript_location = %(here)s/db\n",
    );
    project.write("old/db/env.py", ENV);
    project
}

/// Writes a revision; `head` is what stands between the docstring and the functions.
pub(crate) fn revision(project: &TestProject, id: &str, head: &str, up: &str, down: &str) {
    let indented = |code: &str| {
        code.lines()
            .map(|line| format!("    {line}\n"))
            .collect::<String>()
    };
    project.write(
        &format!("old/db/versions/{id}_x.py"),
        format!(
            "\"\"\"message of {id}\n\nmore of it\n\nRevision ID: {id}\nCreate Date: 2024-01-02 03:04:05.678901\n\n\"\"\"\nfrom typing import Sequence, Union\n\nfrom alembic import op\nimport sqlalchemy as sa\n\nrevision: str = '{id}'\n{head}\n\n\ndef upgrade() -> None:\n    \"\"\"Upgrade.\"\"\"\n{}\n\ndef downgrade() -> None:\n{}",
            indented(up),
            indented(down),
        ),
    );
}

/// A history with branches, a merge, a second base with a label, and a dependency.
fn branchy(dialect: Dialect) -> TestProject {
    let project = with_alembic(dialect);
    let table = |id: &str| {
        format!(
            "op.create_table('t_{id}', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.String(50), nullable=False, server_default=\"it's; -- odd\"))"
        )
    };
    for (id, head) in [
        ("a1", "down_revision: Union[str, None] = None"),
        ("b1", "down_revision = 'a1'"),
        ("c1", "down_revision = ('a1',)\nbranch_labels = ('side',)"),
        ("e1", "down_revision = 'd1'"),
        (
            "x1",
            "down_revision = None\nbranch_labels: Union[str, Sequence[str], None] = ('other',)",
        ),
        ("y1", "down_revision = 'x1'\ndepends_on = ('side',)"),
    ] {
        revision(
            &project,
            id,
            head,
            &table(id),
            &format!("op.drop_table('t_{id}')"),
        );
    }
    revision(
        &project,
        "d1",
        "down_revision = (\"b1\",\n    'c' '1')",
        "pass",
        "pass",
    );
    revision(
        &project,
        "f1",
        "down_revision = 'e1'",
        "op.create_index('ix_name', 't_e1', ['name'])\nop.bulk_insert(sa.table('t_e1', sa.column('name', sa.String)), [{'name': 'one'}, {'name': \"t'wo\"}])\nop.get_bind().execute(sa.text(\"UPDATE t_e1 SET name = '100%' WHERE name = 'one'\"))",
        "op.drop_index('ix_name', 't_e1')\nop.execute('DELETE FROM t_e1')",
    );
    revision(&project, "g1", "down_revision = 'f1'", "pass", "pass");
    revision(
        &project,
        "h1",
        "down_revision = 'g1'",
        "op.add_column('t_a1', sa.Column('more', sa.Numeric(10, 2)))",
        "raise NotImplementedError('the numbers are gone')",
    );
    if dialect == Dialect::Postgres {
        revision(
            &project,
            "i1",
            "down_revision = 'h1'",
            "op.execute('''CREATE FUNCTION one() RETURNS int AS $$\nBEGIN\n  RETURN 1;\nEND $$ LANGUAGE plpgsql''')\nwith op.get_context().autocommit_block():\n    op.execute('CREATE INDEX CONCURRENTLY ix_more ON t_a1 (more)')\nop.execute('COMMENT ON TABLE t_a1 IS $$-- Running upgrade a1 -> b1$$')",
            "op.drop_index('ix_more')\nop.execute('DROP FUNCTION one()')",
        );
    }
    project
}

/// The url as SQLAlchemy wants it.
pub(crate) fn old_url(database: &TestDatabase) -> String {
    let url = database.url();
    match database.dialect() {
        Dialect::Sqlite => url
            .replace("sqlite://", "sqlite:///")
            .replace("?mode=rwc", ""),
        Dialect::Postgres => url.replace("postgres://", "postgresql+psycopg://"),
        Dialect::MySql => url.replace("mysql://", "mysql+pymysql://"),
    }
}

pub(crate) fn alembic(
    project: &TestProject,
    database: &TestDatabase,
    arguments: &[&str],
) -> CommandOutput {
    let mut command = Command::new(Alembic::program("alembic"));
    command
        .current_dir(project.path().join("old"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("OLD_URL", old_url(database))
        .args(arguments);
    project.output(&mut command)
}

/// Imports, with the real program.
pub(crate) fn import(
    project: &TestProject,
    database: &TestDatabase,
    more: &[&str],
) -> CommandOutput {
    let program = Alembic::program("alembic");
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&folders);
    let own = program.parent().expect("it is in a folder").to_owned();
    let path = std::env::join_paths([own].into_iter().chain(folders)).expect("folders");
    let mut command = project.command();
    command
        .env("PATH", path)
        .env("OLD_URL", old_url(database))
        .args(["--database-url", database.url()])
        .args(["import", "alembic", "old", "--yes"])
        .args(more);
    project.output(&mut command)
}

/// The command on a database.
fn on(project: &TestProject, database: &TestDatabase, arguments: &[&str]) -> CommandOutput {
    let url = ["--database-url", database.url()];
    project.run(url.into_iter().chain(arguments.iter().copied()))
}

/// The schema without what the old tool keeps for itself.
pub(crate) fn schema(project: &TestProject, database: &TestDatabase, without: &str) -> Value {
    let mut schema = on(project, database, &["schema", "--format", "json"])
        .success()
        .json();
    schema["tables"]
        .as_object_mut()
        .expect("tables by name")
        .remove(without);
    schema
}

pub(crate) fn pending(project: &TestProject, database: &TestDatabase) -> Value {
    let status = on(project, database, &["status", "--format", "json"])
        .success()
        .json();
    status["pending"].clone()
}

async fn branches_and_merges(dialect: Dialect, name: &str) {
    let project = branchy(dialect);
    let old = TestDatabase::create(dialect, &format!("{name} old")).await;
    alembic(&project, &old, &["upgrade", "heads"])
        .success()
        .done();
    let imported = import(&project, &old, &["--stamp", "--format", "json"])
        .success()
        .json();
    assert_eq!(imported["left_out"], serde_json::json!([]));
    let drafts = imported["revisions"].as_array().expect("a list").iter();
    assert!(
        drafts.clone().all(|revision| revision["draft"] == false),
        "{imported}"
    );

    project.run(["check", "--locked"]).success().done();
    let nothing: Vec<Value> = Vec::new();
    assert_eq!(pending(&project, &old), Value::from(nothing.clone()));
    let ran = on(&project, &old, &["run", "heads", "--format", "json"])
        .success()
        .json();
    assert_eq!(ran["steps"], Value::from(nothing.clone()));
    on(&project, &old, &["verify"]).success().done();

    // The chain makes the same of an empty database.
    let new = TestDatabase::create(dialect, &format!("{name} new")).await;
    on(&project, &new, &["run", "heads"]).success().done();
    assert_eq!(
        schema(&project, &new, ""),
        schema(&project, &old, "alembic_version")
    );
    let rows = "SELECT name FROM t_e1 ORDER BY name";
    assert_eq!(new.rows(rows).await, old.rows(rows).await);

    // And goes on where Alembic has stopped.
    let half = TestDatabase::create(dialect, &format!("{name} half")).await;
    alembic(&project, &half, &["upgrade", "d1"])
        .success()
        .done();
    alembic(&project, &half, &["upgrade", "x1"])
        .success()
        .done();
    on(&project, &half, &["import", "alembic", "--stamp"])
        .success()
        .done();
    let current = on(&project, &half, &["current", "--format", "json"])
        .success()
        .json();
    assert_eq!(current["current"], serde_json::json!(["d1", "x1"]));
    on(&project, &half, &["verify"]).success().done();
    on(&project, &half, &["run", "heads"]).success().done();
    on(&project, &half, &["verify"]).success().done();
    assert_eq!(
        schema(&project, &half, "alembic_version"),
        schema(&project, &old, "alembic_version")
    );

    // Both go the same way back.
    let back = TestDatabase::create(dialect, &format!("{name} back")).await;
    alembic(&project, &back, &["upgrade", "g1"])
        .success()
        .done();
    alembic(&project, &back, &["downgrade", "a1"])
        .success()
        .done();
    let mine = TestDatabase::create(dialect, &format!("{name} mine")).await;
    on(&project, &mine, &["run", "g1"]).success().done();
    on(&project, &mine, &["revert", "a1"]).success().done();
    assert_eq!(
        schema(&project, &mine, ""),
        schema(&project, &back, "alembic_version")
    );
}

#[tokio::test]
async fn branches_and_merges_of_sqlite() {
    branches_and_merges(Dialect::Sqlite, "import alembic sqlite").await;
}

#[tokio::test]
async fn branches_and_merges_of_postgres() {
    branches_and_merges(Dialect::Postgres, "import alembic postgres").await;
}

#[tokio::test]
async fn branches_and_merges_of_mariadb() {
    branches_and_merges(Dialect::MySql, "import alembic mariadb").await;
}

#[tokio::test]
async fn what_cannot_be_carried_over_is_a_draft() {
    let project = with_alembic(Dialect::Sqlite);
    let database = TestDatabase::create(Dialect::Sqlite, "import alembic left").await;
    revision(
        &project,
        "a1",
        "down_revision = None",
        "op.create_table('t', sa.Column('id', sa.Integer))",
        "op.drop_table('t')",
    );
    revision(
        &project,
        "b1",
        "down_revision = 'a1'",
        "op.execute('SELECT 1')\nfor row in op.get_bind().execute(sa.text('SELECT 2')):\n    pass\nop.execute('SELECT 3')",
        "pass",
    );
    revision(
        &project,
        "c1",
        "down_revision = 'b1'",
        "with op.batch_alter_table('t') as batch:\n    batch.drop_column('id')",
        "pass",
    );
    revision(
        &project,
        "d1",
        "down_revision = 'c1'\nbranch_labels = (op,)",
        "if not op.get_context().as_sql:\n    op.execute('SELECT 4')",
        "pass",
    );
    revision(
        &project,
        "e1",
        "down_revision = 'd1'",
        "op.execute('SELECT 5')",
        "op.execute('SELECT 6')",
    );
    assert_snapshot!(import(&project, &database, &[]).success(), @r#"
    left out old/db/versions/b1_x.py:18: `upgrade()` cannot be written as SQL: TypeError: 'NoneType' object is not iterable; the SQL here is what came before
    left out old/db/versions/c1_x.py:18: `upgrade()` cannot be written as SQL: This operation cannot proceed in --sql mode; batch mode with dialect sqlite requires a live database connection with which to reflect the table "t". To generate a batch SQL migration script using tabl…
    left out old/db/versions/d1_x.py:16: its `branch_labels` is not a literal, and its value is known only by running it
    left out old/db/versions/d1_x.py:21: `upgrade()` has `as_sql`, and its SQL lacks what it does only with a database
    ------- stderr -------
    asking alembic upgrade --sql heads
    asking alembic upgrade --sql b1:heads
    asking alembic upgrade --sql c1:heads
    asking alembic downgrade --sql e1:base
    wrote 5 revisions, 2 sealed, 3 drafts, to migrations
    warning: 3 revisions could not be converted completely, for 4 reasons
    help: finish each, such as `cargo migrate edit b1`, before it is stamped or run; then `cargo migrate lock`
    "#);
    let check = project.run(["check"]).success();
    assert_eq!(
        check.to_string().matches("warning[empty-up]").count(),
        2,
        "{check}"
    );
    project.run(["check", "--locked"]).code(1).done();
    assert_snapshot!(project.read("migrations/20240102T030405_c1_message_of_c1.sql"), @r#"
    -- revision: c1
    -- parents: b1
    -- message: message of c1
    -- created: 2024-01-02T03:04:05.678901Z

    -- migrate: up
    -- import: not carried over: `upgrade()` cannot be written as SQL: This operation cannot proceed in --sql mode; batch mode with dialect sqlite requires a live database connection with which to reflect the table "t". To generate a batch SQL migration script using tabl…
    -- import: this is the original text
    -- | def upgrade() -> None:
    -- |     """Upgrade."""
    -- |     with op.batch_alter_table('t') as batch:
    -- |         batch.drop_column('id')

    -- migrate: down
    -- it did nothing in alembic, and does nothing here
    SELECT 1;
    "#);
    assert_snapshot!(project.read("migrations/20240102T030405_b1_message_of_b1.sql"), @r#"
    -- revision: b1
    -- parents: a1
    -- message: message of b1
    -- created: 2024-01-02T03:04:05.678901Z

    -- migrate: up
    -- import: not carried over whole: `upgrade()` cannot be written as SQL: TypeError: 'NoneType' object is not iterable; the SQL here is what came before
    SELECT 1;

    SELECT 2;
    -- import: this is the original text
    -- | def upgrade() -> None:
    -- |     """Upgrade."""
    -- |     op.execute('SELECT 1')
    -- |     for row in op.get_bind().execute(sa.text('SELECT 2')):
    -- |         pass
    -- |     op.execute('SELECT 3')

    -- migrate: down
    -- it did nothing in alembic, and does nothing here
    SELECT 1;
    "#);
}

#[tokio::test]
async fn files_that_alembic_wrote_give_the_same_chain() {
    let project = with_alembic(Dialect::Sqlite);
    let database = TestDatabase::create(Dialect::Sqlite, "import alembic files").await;
    for (id, down) in [("a1", "None"), ("b1", "'a1'")] {
        let table = format!("op.create_table('t_{id}', sa.Column('id', sa.Integer))");
        revision(
            &project,
            id,
            &format!("down_revision = {down}"),
            &table,
            &format!("op.drop_table('t_{id}')"),
        );
    }
    for (file, arguments) in [
        ("up.sql", ["upgrade", "--sql", "head"]),
        ("down.sql", ["downgrade", "--sql", "b1:base"]),
    ] {
        project.write(
            file,
            alembic(&project, &database, &arguments).success().stdout,
        );
    }
    assert_snapshot!(project.run(["import", "alembic", "old"]), @"
    ------- stderr -------
    error: this runs `alembic`, which runs the code of the project, and there is no terminal to ask for confirmation
    help: add `--yes`; or call it yourself, `alembic upgrade --sql heads > up.sql` and `alembic downgrade --sql <head>:base > down.sql`, and give the files with `--up-sql` and `--down-sql`
    [exit status: 1]
    ");
    assert_snapshot!(project.run(["import", "alembic", "old", "--up-sql", "up.sql", "--down-sql", "down.sql", "--dry-run"]), @"
    ------- stderr -------
    would write 2 revisions, 2 sealed, 0 drafts, to migrations
    ");
    assert!(!project.path().join("migrations").exists());
    project
        .run([
            "import",
            "alembic",
            "old",
            "--up-sql",
            "up.sql",
            "--down-sql",
            "down.sql",
        ])
        .success()
        .done();
    let of_files = project.read("migrations/chain.lock");
    std::fs::remove_dir_all(project.path().join("migrations")).unwrap();
    import(&project, &database, &[]).success().done();
    assert_eq!(project.read("migrations/chain.lock"), of_files);
}

#[tokio::test]
async fn an_environment_without_an_offline_mode() {
    let project = with_alembic(Dialect::Sqlite);
    let database = TestDatabase::create(Dialect::Sqlite, "import alembic online").await;
    project.write("old/db/env.py", "raise RuntimeError('only online')\n");
    revision(&project, "a1", "down_revision = None", "pass", "pass");
    assert_snapshot!(import(&project, &database, &[]), @"
    ------- stderr -------
    asking alembic upgrade --sql heads
    error: Alembic writes no SQL

    Caused by:
      RuntimeError: only online

    help: `alembic upgrade --sql heads` must work, its env.py needs an offline mode; or add `--online` and let env.py connect to an empty database; or pass files with `--up-sql` and `--down-sql`
    [exit status: 1]
    ");
    assert!(!project.path().join("migrations").exists());
}

/// A history that no offline mode can write: it asks the database, and rebuilds tables.
fn asking(dialect: Dialect) -> TestProject {
    let project = with_alembic(dialect);
    let asks = "if not sa.inspect(op.get_bind()).has_table('notes'):\n    op.create_table('notes', sa.Column('id', sa.Integer, primary_key=True), sa.Column('text', sa.String(80)), sa.Column('old', sa.Integer))";
    revision(
        &project,
        "a1",
        "down_revision = None",
        asks,
        "op.drop_table('notes')",
    );
    let fills = "notes = sa.table('notes', sa.column('id', sa.Integer), sa.column('text', sa.String))\nbind = op.get_bind()\nbind.execute(notes.insert(), [{'id': 1, 'text': \"it's 100%; -- ?\"}, {'id': 2, 'text': 'a\\\\b :c'}])\nfor row in bind.execute(sa.select(notes.c.id).order_by(notes.c.id)).fetchall():\n    bind.execute(notes.update().where(notes.c.id == row.id).values(text=notes.c.text))\nop.execute(\"UPDATE notes SET text = 'x%' WHERE id = 3\")";
    revision(
        &project,
        "b1",
        "down_revision = 'a1'",
        fills,
        "op.execute('DELETE FROM notes')",
    );
    let rebuilds = "with op.batch_alter_table('notes') as batch:\n    batch.drop_column('old')\n    batch.alter_column('text', existing_type=sa.String(80), nullable=False)\n    batch.create_unique_constraint('uq_text', ['text'])";
    let back = "with op.batch_alter_table('notes') as batch:\n    batch.drop_constraint('uq_text', type_='unique')\n    batch.alter_column('text', existing_type=sa.String(80), nullable=True)\n    batch.add_column(sa.Column('old', sa.Integer))";
    revision(&project, "c1", "down_revision = 'b1'", rebuilds, back);
    let only_online =
        "if not op.get_context().as_sql:\n    op.create_index('ix_id', 'notes', ['id', 'text'])";
    revision(
        &project,
        "d1",
        "down_revision = 'c1'",
        only_online,
        "op.drop_index('ix_id', 'notes')",
    );
    if dialect == Dialect::Postgres {
        let beside = "with op.get_context().autocommit_block():\n    op.execute('CREATE INDEX CONCURRENTLY ix_text ON notes (text)')\nop.execute(\"SELECT setval('notes_id_seq', 7)\")";
        revision(
            &project,
            "e1",
            "down_revision = 'd1'",
            beside,
            "op.drop_index('ix_text')",
        );
    }
    project
}

async fn a_real_run(dialect: Dialect, name: &str) {
    let project = asking(dialect);
    let old = TestDatabase::create(dialect, &format!("{name} old")).await;
    alembic(&project, &old, &["upgrade", "heads"])
        .success()
        .done();
    let scratch = TestDatabase::create(dialect, &format!("{name} scratch")).await;
    let imported = import(&project, &scratch, &["--online", "--format", "json"])
        .success()
        .json();
    assert_eq!(imported["left_out"], serde_json::json!([]));
    project.run(["check", "--locked"]).success().done();

    on(&project, &old, &["import", "alembic", "--stamp"])
        .success()
        .done();
    assert_eq!(pending(&project, &old), serde_json::json!([]));
    on(&project, &old, &["verify"]).success().done();

    let new = TestDatabase::create(dialect, &format!("{name} new")).await;
    on(&project, &new, &["run"]).success().done();
    assert_eq!(
        schema(&project, &new, ""),
        schema(&project, &old, "alembic_version")
    );
    let rows = "SELECT text FROM notes ORDER BY id";
    assert_eq!(new.rows(rows).await, old.rows(rows).await);
    assert_eq!(new.rows(rows).await.len(), 2);

    alembic(&project, &old, &["downgrade", "a1"])
        .success()
        .done();
    on(&project, &new, &["revert", "a1"]).success().done();
    assert_eq!(
        schema(&project, &new, ""),
        schema(&project, &old, "alembic_version")
    );
}

#[tokio::test]
async fn a_real_run_on_sqlite() {
    a_real_run(Dialect::Sqlite, "import alembic run sqlite").await;
}

#[tokio::test]
async fn a_real_run_on_postgres() {
    a_real_run(Dialect::Postgres, "import alembic run postgres").await;
}

#[tokio::test]
async fn a_real_run_on_mariadb() {
    a_real_run(Dialect::MySql, "import alembic run mariadb").await;
}

#[tokio::test]
async fn a_real_run_needs_an_empty_database() {
    let project = asking(Dialect::Sqlite);
    let database = TestDatabase::create(Dialect::Sqlite, "import alembic run in use").await;
    alembic(&project, &database, &["upgrade", "b1"])
        .success()
        .done();
    let before = schema(&project, &database, "");
    assert_snapshot!(import(&project, &database, &["--online"]), @"
    ------- stderr -------
    running alembic upgrade heads
    error: the run of Alembic was not recorded

    Caused by:
      the database has revisions already: `b1`

    help: env.py must connect to an empty database, and only to one that may be deleted; if its tables are those that `create_all()` makes before the first revision, add `--allow-tables`
    [exit status: 1]
    ");
    alembic(&project, &database, &["stamp", "base"])
        .success()
        .done();
    assert_snapshot!(import(&project, &database, &["--online"]), @"
    ------- stderr -------
    running alembic upgrade heads
    error: the run of Alembic was not recorded

    Caused by:
      the database has tables already, such as `notes`

    help: env.py must connect to an empty database, and only to one that may be deleted; if its tables are those that `create_all()` makes before the first revision, add `--allow-tables`
    [exit status: 1]
    ");
    assert_eq!(schema(&project, &database, ""), before);
    assert!(!project.path().join("migrations").exists());
}

#[tokio::test]
async fn a_real_run_that_fails_half_way() {
    let project = asking(Dialect::Sqlite);
    revision(
        &project,
        "e1",
        "down_revision = 'd1'",
        "op.execute('CREATE TABLE last (id INTEGER)')\nraise ValueError('no rows')",
        "raise NotImplementedError",
    );
    revision(
        &project,
        "f1",
        "down_revision = 'e1'",
        "op.execute('SELECT 1')",
        "pass",
    );
    let database = TestDatabase::create(Dialect::Sqlite, "import alembic run fails").await;
    assert_snapshot!(import(&project, &database, &["--online"]), @"
    changed old/db/versions/a1_x.py:20 and old/db/versions/b1_x.py:21: `upgrade()` has `get_bind`: its SQL is what it did on an empty database
    left out old/db/versions/e1_x.py:18: `upgrade()` fails on an empty database: ValueError: no rows; the SQL here is what came before
    ------- stderr -------
    running alembic upgrade heads
    running alembic downgrade base
    asking alembic upgrade --sql e1:heads
    asking alembic downgrade --sql f1:base
    wrote 6 revisions, 5 sealed, 1 draft, to migrations
    warning: 1 revision could not be converted completely, for 1 reason
    help: finish each, such as `cargo migrate edit e1`, before it is stamped or run; then `cargo migrate lock`
    ");
}
