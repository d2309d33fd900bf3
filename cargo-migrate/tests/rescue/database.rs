//! A ledger that tells another story than the files and the tables: one case each, on the three
//! databases.

use migrate_core::Dialect;

use crate::patient::{Patient, revision, text};

macro_rules! cases {
    ($($name:ident,)*) => {
        $(mod $name {
            use migrate_core::Dialect;

            #[tokio::test]
            async fn on_sqlite() {
                super::$name(Dialect::Sqlite, concat!("rescue_", stringify!($name))).await;
            }

            #[tokio::test]
            async fn on_postgres() {
                super::$name(Dialect::Postgres, concat!("rescue_", stringify!($name))).await;
            }

            #[tokio::test]
            async fn on_mariadb() {
                super::$name(Dialect::MySql, concat!("rescue_", stringify!($name))).await;
            }
        })*
    };
}

cases! {
    a_lost_file_is_written_again,
    lost_files_come_back_with_their_parents,
    what_needs_a_parent_that_nobody_has_is_left,
    a_file_that_was_edited_is_put_back,
    an_amended_revision_is_taken_into_the_ledger,
    an_amended_revision_whose_tables_differ_is_told,
    a_changed_draft_is_for_its_author,
    what_follows_an_undecided_revision_is_held_back,
    rows_follow_a_rebase,
    a_missing_row_is_recorded_where_its_table_is_there,
    a_missing_row_without_its_table_is_left_for_run,
    all_rows_but_the_head_were_lost,
    a_half_done_revision_that_somebody_finished,
    a_half_done_revision_that_somebody_took_back,
    a_half_done_revision_that_cannot_be_finished,
    a_half_done_revision_whose_file_was_repaired,
    a_half_done_revision_that_nobody_can_judge,
    an_unfinished_revision_that_applied_ones_follow,
    a_statement_in_doubt_is_judged_by_the_table,
    a_revert_that_stopped_is_judged_by_the_table,
    a_row_that_was_written_by_hand,
    a_row_that_is_no_revision,
    everything_at_once,
    a_database_without_a_ledger,
    tables_that_were_dropped_and_made_by_hand,
    rows_of_a_newer_version_are_let_alone,
    another_tool_tells_another_story,
    a_file_name_of_the_ledger_stays_in_the_folder,
    a_protected_environment_is_asked,
    files_and_ledger_are_repaired_at_once,
    a_chain_of_bases_that_was_applied,
}

async fn a_lost_file_is_written_again(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b"]).await;
    let text_before = patient.project.read("migrations/b.sql");
    patient.remove("migrations/b.sql");
    assert_eq!(
        patient.found(),
        ["ledger ledger-unknown", "lock lock-deleted"]
    );
    let finding = patient.finding("ledger-unknown");
    assert_eq!(
        text(&finding["message"]),
        "the database has applied the revision `b`, which no file has"
    );
    assert_eq!(
        text(&finding["why"]),
        "chain.lock lists it, so its file was deleted or not committed"
    );
    assert!(text(&finding["help"]).contains("`cargo migrate repair --ledger`"));
    patient
        .cured(&["b ledger-unknown write-file"], &["migrations/b.sql"])
        .await;
    assert_eq!(patient.project.read("migrations/b.sql"), text_before);
}

async fn lost_files_come_back_with_their_parents(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b", "c"]).await;
    let lock = patient.project.read("migrations/chain.lock");
    patient.remove("migrations/b.sql");
    patient.remove("migrations/c.sql");
    patient.ok(&["lock", "--forget", "b", "--forget", "c", "-q"]);
    assert_eq!(patient.found(), ["ledger ledger-unknown"]);
    patient
        .cured(
            &["b ledger-unknown write-file", "c ledger-unknown write-file"],
            &[
                "migrations/b.sql",
                "migrations/c.sql",
                "migrations/chain.lock",
            ],
        )
        .await;
    assert_eq!(patient.project.read("migrations/chain.lock"), lock);
}

async fn what_needs_a_parent_that_nobody_has_is_left(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b", "c"]).await;
    patient.remove("migrations/b.sql");
    patient.remove("migrations/c.sql");
    patient.ok(&["lock", "--forget", "b", "--forget", "c", "-q"]);
    patient.forget("b").await;
    let repaired = patient.repair(true);
    assert_eq!(repaired.unresolved, ["c ledger-unknown"]);
    assert!(
        repaired.done.is_empty() && repaired.edits.is_empty(),
        "{}",
        repaired.told
    );
    assert!(
        repaired
            .told
            .contains("it needs `b`, which neither a file nor the ledger has"),
        "{}",
        repaired.told
    );
}

async fn a_file_that_was_edited_is_put_back(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b"]).await;
    let before = patient.project.read("migrations/a.sql");
    patient.edit("migrations/a.sql", "VARCHAR(40)", "VARCHAR(80)");
    assert_eq!(
        patient.found(),
        ["ledger ledger-edited", "lock lock-changed"]
    );
    patient
        .cured(&["a ledger-edited put-file-back"], &["migrations/a.sql"])
        .await;
    assert_eq!(patient.project.read("migrations/a.sql"), before);
    let kept = patient
        .project
        .read("migrations/.repair/20261120T143205Z/a.sql");
    assert!(kept.contains("VARCHAR(80)"), "what was replaced is kept");
}

async fn an_amended_revision_is_taken_into_the_ledger(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b"]).await;
    patient.edit(
        "migrations/a.sql",
        "DROP TABLE t_a",
        "DROP TABLE IF EXISTS t_a",
    );
    patient.ok(&["lock", "--amend", "a", "-q"]);
    assert_eq!(
        patient.found(),
        ["ledger ledger-amended"],
        "what follows it is told once it is repaired"
    );
    let before = patient.ledger().await;
    patient
        .cured(
            &["a ledger-amended rewrite-row", "b ledger-stale relink-row"],
            &[],
        )
        .await;
    let after = patient.ledger().await;
    assert_ne!(before[0][3], after[0][3], "the hash is the new one");
    assert_eq!(before[1][3], after[1][3]);
    assert_ne!(before[1][4], after[1][4], "the chain hash is the new one");
    let events = patient.events().await;
    assert!(
        events[0].starts_with("a it was changed on purpose"),
        "{events:?}"
    );
    assert!(
        events[0].contains(&before[0][3]) && events[0].contains("DROP TABLE t_a"),
        "what was there is told: {events:?}"
    );
}

async fn an_amended_revision_whose_tables_differ_is_told(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a"]).await;
    patient.edit(
        "migrations/a.sql",
        "VARCHAR(40)",
        "VARCHAR(40), age INTEGER",
    );
    patient.ok(&["lock", "--amend", "a", "-q"]);
    let repaired = patient.repair(true);
    assert_eq!(repaired.done, ["a ledger-amended rewrite-row"]);
    assert_eq!(repaired.unresolved, ["a ledger-amended"]);
    assert!(repaired.told.contains("t_a.age"), "{}", repaired.told);
    patient.ok(&["status"]);
    assert_eq!(patient.found(), ["schema schema-missing"]);
    assert!(text(&patient.finding("schema-missing")["message"]).contains("t_a.age"));
}

async fn a_changed_draft_is_for_its_author(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a"]).await;
    patient.ok(&["new", "add x", "--rev-id", "x", "-q"]);
    let file = "migrations/20261120T143205_x_add_x.sql";
    patient.write(file, revision("x", "a"));
    patient.ok(&["run", "-q"]);
    patient.edit(file, "VARCHAR(40)", "VARCHAR(80)");
    assert_eq!(
        patient.found(),
        ["ledger ledger-draft-changed", "schema schema-different"]
    );
    let repaired = patient.repair(true);
    assert_eq!(repaired.unresolved, ["x ledger-draft-changed"]);
    assert!(
        repaired.told.contains("`cargo migrate redo x`"),
        "{}",
        repaired.told
    );
    patient.ok(&["redo", "x", "-q"]);
    patient.well();
}

/// An application compares the heads' chain hashes: they must not say that all is well.
async fn what_follows_an_undecided_revision_is_held_back(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b"]).await;
    patient.edit(
        "migrations/a.sql",
        "DROP TABLE t_a",
        "DROP TABLE IF EXISTS t_a",
    );
    patient.ok(&["lock", "--amend", "a", "-q"]);
    patient.edit(
        "migrations/a.sql",
        "DROP TABLE IF EXISTS t_a",
        "DROP TABLE t_a CASCADE",
    );
    let before = patient.ledger().await;
    let repaired = patient.repair(true);
    assert_eq!(
        repaired.unresolved,
        ["a ledger-all-differ", "b ledger-stale"]
    );
    assert_eq!(patient.ledger().await, before);
    patient.ok(&["lock", "--amend", "a", "-q"]);
    patient
        .cured(
            &["a ledger-amended rewrite-row", "b ledger-stale relink-row"],
            &[],
        )
        .await;
}

async fn rows_follow_a_rebase(dialect: Dialect, name: &str) {
    let patient = Patient::with(dialect, name, &["a"]).await;
    patient.write("migrations/x.sql", revision("x", "a"));
    patient.write("migrations/y.sql", revision("y", "x"));
    patient.ok(&["lock", "-q"]);
    patient.ok(&["run", "-q"]);
    // The branch of somebody else comes in, and ours is put behind it.
    patient.write("migrations/b.sql", revision("b", "a"));
    patient.edit("migrations/x.sql", "-- parents: a", "-- parents: b");
    patient.ok(&["lock", "--amend", "x", "-q"]);
    patient.ok(&["lock", "-q"]);
    assert_eq!(
        patient.found(),
        [
            "ledger ledger-missing",
            "ledger ledger-moved",
            "schema schema-missing"
        ]
    );
    let repaired = patient.repair(true);
    assert_eq!(
        repaired.done,
        ["x ledger-moved rewrite-row", "y ledger-stale relink-row"],
        "{}",
        repaired.told
    );
    assert_eq!(repaired.unresolved, ["b ledger-missing"]);
    assert!(
        repaired.told.contains("`cargo migrate run` applies it"),
        "{}",
        repaired.told
    );
    patient.ok(&["run", "-q"]);
    patient.well();
}

async fn a_missing_row_is_recorded_where_its_table_is_there(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b", "c"]).await;
    patient.forget("b").await;
    // Somebody else's table is no reason to doubt it.
    patient
        .database
        .execute("CREATE TABLE other (id INTEGER)")
        .await;
    let found = patient.found();
    assert_eq!(found, ["ledger ledger-missing", "schema schema-extra"]);
    patient.database.execute("DROP TABLE other").await;
    patient.cured(&["b ledger-missing record"], &[]).await;
    assert_eq!(patient.ledger().await.len(), 3);
}

async fn a_missing_row_without_its_table_is_left_for_run(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b", "c"]).await;
    patient.forget("b").await;
    patient.forget("a").await;
    patient.database.execute("DROP TABLE t_b").await;
    let repaired = patient.repair(true);
    assert_eq!(repaired.done, ["a ledger-missing record"]);
    assert_eq!(repaired.unresolved, ["b ledger-missing"]);
    assert!(
        repaired.told.contains("missing table `t_b`"),
        "{}",
        repaired.told
    );
    patient.ok(&["run", "-q"]);
    patient.well();
}

async fn all_rows_but_the_head_were_lost(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b", "c", "d"]).await;
    for id in ["a", "b", "c"] {
        patient.forget(id).await;
    }
    assert_eq!(
        text(&patient.finding("ledger-missing")["message"]),
        "applied revisions need `a`, `b`, `c`, which the ledger does not have"
    );
    patient
        .cured(
            &[
                "a ledger-missing record",
                "b ledger-missing record",
                "c ledger-missing record",
            ],
            &[],
        )
        .await;
}

/// `a` is applied; `b` stopped behind its first statement.
async fn half_done(dialect: Dialect, name: &str) -> Patient {
    let patient = Patient::healthy(dialect, name, &["a"]).await;
    patient.write(
        "migrations/b.sql",
        "-- revision: b\n-- parents: a\n-- message: add b\n-- created: 2026-11-20T14:33:00Z\n\n-- migrate: up no-transaction\nCREATE TABLE one (id INTEGER PRIMARY KEY);\nCREATE TABLE two (id INTEGER PRIMARY KEY);\n\n-- migrate: down no-transaction\nDROP TABLE two;\nDROP TABLE one;\n",
    );
    patient.ok(&["lock", "-q"]);
    patient
        .database
        .execute("CREATE TABLE two (no INTEGER)")
        .await;
    let failed = patient.run(&["run", "-q"]);
    assert_eq!(failed.code, Some(1), "{failed}");
    patient
}

async fn a_half_done_revision_that_somebody_finished(dialect: Dialect, name: &str) {
    let patient = half_done(dialect, name).await;
    patient.database.execute("DROP TABLE two").await;
    patient
        .database
        .execute("CREATE TABLE two (id INTEGER PRIMARY KEY)")
        .await;
    assert!(
        patient
            .found()
            .contains(&"ledger ledger-unfinished".to_owned())
    );
    let finding = patient.finding("ledger-unfinished");
    assert!(
        text(&finding["message"])
            .starts_with("`b` is unfinished: 1 of its statements were finished"),
        "{finding}"
    );
    patient
        .cured(&["b ledger-unfinished count-as-applied"], &[])
        .await;
}

async fn a_half_done_revision_that_somebody_took_back(dialect: Dialect, name: &str) {
    let patient = half_done(dialect, name).await;
    patient.database.execute("DROP TABLE two").await;
    patient.database.execute("DROP TABLE one").await;
    let repaired = patient.repair(true);
    assert_eq!(
        repaired.done,
        ["b ledger-unfinished forget"],
        "{}",
        repaired.told
    );
    let events = patient.events().await;
    assert!(events[0].contains("statements finished: 1"), "{events:?}");
    assert!(events[0].contains("CREATE TABLE one"), "{events:?}");
    patient.well();
}

async fn a_half_done_revision_that_cannot_be_finished(dialect: Dialect, name: &str) {
    let patient = half_done(dialect, name).await;
    // Its own SQL is wrong, so no scratch database can have the schema after it.
    patient.edit(
        "migrations/b.sql",
        "CREATE TABLE two (id INTEGER PRIMARY KEY);",
        "DROP TABLE nobody;",
    );
    patient.ok(&["lock", "--amend", "b", "-q"]);
    patient.database.execute("DROP TABLE two").await;
    let repaired = patient.repair(true);
    assert_eq!(repaired.unresolved, ["b ledger-unfinished"]);
    assert!(repaired.told.contains("nobody"), "{}", repaired.told);
    patient.database.execute("DROP TABLE one").await;
    let repaired = patient.repair(true);
    assert_eq!(
        repaired.done,
        ["b ledger-unfinished forget"],
        "{}",
        repaired.told
    );
    patient.ok(&["status"]);
    assert!(patient.repair(true).is_nothing());
}

async fn a_half_done_revision_whose_file_was_repaired(dialect: Dialect, name: &str) {
    let patient = half_done(dialect, name).await;
    patient.edit(
        "migrations/b.sql",
        "two (id INTEGER PRIMARY KEY)",
        "two (id INTEGER PRIMARY KEY, age INTEGER)",
    );
    patient.ok(&["lock", "--amend", "b", "-q"]);
    patient.database.execute("DROP TABLE two").await;
    patient
        .database
        .execute("CREATE TABLE two (id INTEGER PRIMARY KEY, age INTEGER)")
        .await;
    patient
        .cured(&["b ledger-unfinished count-as-applied"], &[])
        .await;
}

async fn a_half_done_revision_that_nobody_can_judge(dialect: Dialect, name: &str) {
    let patient = half_done(dialect, name).await;
    let before = patient.ledger().await;
    let repaired = patient.repair(true);
    assert_eq!(repaired.unresolved, ["b ledger-unfinished"]);
    assert!(repaired.told.contains("two"), "{}", repaired.told);
    assert!(repaired.told.contains("run --resume"), "{}", repaired.told);
    assert_eq!(patient.ledger().await, before);
    patient.database.execute("DROP TABLE two").await;
    patient.ok(&["run", "--resume", "-q"]);
    patient.well();
}

async fn an_unfinished_revision_that_applied_ones_follow(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b", "c"]).await;
    patient
        .database
        .execute("UPDATE migrate_revision SET state = 'failed' WHERE revision = 'b'")
        .await;
    patient.database.execute("DROP TABLE t_b").await;
    let before = patient.ledger().await;
    let repaired = patient.repair(true);
    assert_eq!(repaired.unresolved, ["b ledger-unfinished"]);
    assert!(
        repaired.told.contains("missing table `t_b`"),
        "{}",
        repaired.told
    );
    assert_eq!(patient.ledger().await, before);

    patient
        .database
        .execute("CREATE TABLE t_b (id INTEGER PRIMARY KEY, name VARCHAR(40))")
        .await;
    patient
        .cured(&["b ledger-unfinished count-as-applied"], &[])
        .await;
}

async fn a_statement_in_doubt_is_judged_by_the_table(dialect: Dialect, name: &str) {
    let patient = half_done(dialect, name).await;
    patient.database.execute("DROP TABLE two").await;
    patient
        .database
        .execute("CREATE TABLE two (id INTEGER PRIMARY KEY)")
        .await;
    // The migrator died before it could say what became of the second statement.
    patient
        .database
        .execute("UPDATE migrate_revision SET error = 'the next one was begun, and its end was not recorded' WHERE revision = 'b'")
        .await;
    assert!(
        patient
            .found()
            .contains(&"ledger ledger-in-doubt".to_owned())
    );
    assert_eq!(
        text(&patient.finding("ledger-in-doubt")["message"]),
        "it is unknown whether statement 2 of `b` was finished: `CREATE TABLE two (id INTEGER PRIMARY KEY);`"
    );
    patient
        .cured(&["b ledger-in-doubt count-as-applied"], &[])
        .await;
}

async fn a_revert_that_stopped_is_judged_by_the_table(dialect: Dialect, name: &str) {
    let patient = half_done(dialect, name).await;
    patient.database.execute("DROP TABLE two").await;
    patient.ok(&["run", "--resume", "-q"]);
    patient.database.execute("DROP TABLE one").await;
    // The first statement of the way back is done, the second one fails.
    assert_eq!(patient.run(&["revert", "--yes", "-q"]).code, Some(1));
    let repaired = patient.repair(true);
    assert_eq!(
        repaired.done,
        ["b ledger-unfinished forget"],
        "{}",
        repaired.told
    );
    patient.well();
}

async fn a_row_that_was_written_by_hand(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b"]).await;
    let before = patient.ledger().await;
    patient
        .database
        .execute("UPDATE migrate_revision SET hash = 'x', chain_hash = 'x', body = '' WHERE revision = 'b'")
        .await;
    assert_eq!(patient.found(), ["ledger ledger-by-hand"]);
    patient.cured(&["b ledger-by-hand rewrite-row"], &[]).await;
    assert_eq!(patient.ledger().await, before);
}

async fn a_row_that_is_no_revision(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a"]).await;
    let insert = "INSERT INTO migrate_revision (revision, parents, message, hash, chain_hash, state, statements, error, applied_at, duration_ms, tool, phase, file, body) \
                  VALUES ('hotfix', '', 'by hand', '', '', 'applied', 0, NULL, '2026-01-01T00:00:00.000Z', 0, 'psql', 'contract', '', 'ALTER TABLE t_a')";
    patient.database.execute(insert).await;
    patient
        .database
        .execute("CREATE TABLE hot (id INTEGER)")
        .await;
    assert_eq!(
        patient.found(),
        ["ledger ledger-foreign", "schema schema-extra"]
    );
    let repaired = patient.repair(true);
    assert_eq!(repaired.unresolved, ["hotfix ledger-foreign"]);
    assert!(
        repaired.told.contains("extra table `hot`"),
        "{}",
        repaired.told
    );
    patient.database.execute("DROP TABLE hot").await;
    patient.cured(&["hotfix ledger-foreign forget"], &[]).await;
    let events = patient.events().await;
    assert!(events[0].contains("ALTER TABLE t_a"), "{events:?}");
}

async fn everything_at_once(dialect: Dialect, name: &str) {
    let patient = half_done(dialect, name).await;
    // `a` was edited, what `b` had begun was taken back, a file behind `a` is lost and `a` is not
    // recorded.
    patient.database.execute("DROP TABLE two").await;
    patient.ok(&["run", "--resume", "-q"]);
    patient.write("migrations/c.sql", revision("c", "b"));
    patient.ok(&["lock", "-q"]);
    patient.ok(&["run", "-q"]);
    patient.edit("migrations/b.sql", "two (id", "two (no INTEGER, id");
    patient.remove("migrations/c.sql");
    patient.forget("a").await;
    assert_eq!(
        patient.found(),
        [
            "ledger ledger-edited",
            "ledger ledger-missing",
            "ledger ledger-unknown",
            "lock lock-changed",
            "lock lock-deleted",
        ]
    );
    patient
        .cured(
            &[
                "b ledger-edited put-file-back",
                "c ledger-unknown write-file",
                "a ledger-missing record",
            ],
            &["migrations/b.sql", "migrations/c.sql"],
        )
        .await;
}

async fn a_database_without_a_ledger(dialect: Dialect, name: &str) {
    let patient = Patient::with(dialect, name, &["a", "b"]).await;
    patient
        .database
        .execute("CREATE TABLE t_a (id INTEGER PRIMARY KEY, name VARCHAR(40))")
        .await;
    assert_eq!(patient.found(), ["ledger no-ledger"]);
    let finding = patient.finding("no-ledger");
    assert!(
        text(&finding["message"]).contains("1 table and no ledger: `t_a`"),
        "{finding}"
    );
    assert_eq!(
        text(&finding["help"]),
        "they are those of `a`: `cargo migrate stamp --detect` records it"
    );
    assert_eq!(patient.database.tables().await, ["t_a"], "nothing is made");
    let refused = patient.run(&["repair", "--ledger"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("has no ledger to repair"),
        "{refused}"
    );
    patient
        .database
        .execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        .await;
    let finding = patient.finding("no-ledger");
    assert_eq!(
        text(&finding["why"]),
        "Alembic created them: its table `alembic_version` exists"
    );
    // Whoever made the tables, they are those of a revision.
    assert_eq!(
        text(&finding["help"]),
        "they are those of `a`: `cargo migrate stamp --detect` records it"
    );
    // Where the tables do not say it, the other tool's table does, if the chain has its versions.
    let add = "ALTER TABLE t_a ADD COLUMN age INTEGER";
    patient.database.execute(add).await;
    let help = || text(&patient.finding("no-ledger")["help"]);
    assert_eq!(
        help(),
        "the nearest revision is `a`, with 1 difference: `cargo migrate stamp --detect` lists them"
    );
    patient
        .database
        .execute("INSERT INTO alembic_version VALUES ('a')")
        .await;
    assert_eq!(
        help(),
        "`cargo migrate import alembic --stamp` records what `alembic_version` says"
    );
    patient.remove("migrations/a.sql");
    patient.remove("migrations/b.sql");
    patient.remove("migrations/chain.lock");
    assert!(help().starts_with("import its history with `cargo migrate import alembic`"));
}

async fn tables_that_were_dropped_and_made_by_hand(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b"]).await;
    patient.database.execute("DROP TABLE t_a").await;
    patient
        .database
        .execute("CREATE TABLE by_hand (id INTEGER)")
        .await;
    patient
        .database
        .execute("ALTER TABLE t_b ADD age INTEGER")
        .await;
    assert_eq!(
        patient.found(),
        ["schema schema-extra", "schema schema-missing"]
    );
    let missing = patient.finding("schema-missing");
    assert_eq!(
        text(&missing["message"]),
        "the database lacks 1 thing: table `t_a`"
    );
    assert!(text(&missing["help"]).contains("`cargo migrate repair --schema`"));
    let extra = patient.finding("schema-extra");
    assert!(
        text(&extra["message"]).contains("table `by_hand`"),
        "{extra}"
    );
    assert!(
        text(&extra["message"]).contains("column `t_b.age`"),
        "{extra}"
    );
    assert!(
        patient.repair(true).is_nothing(),
        "the ledger itself is sound"
    );
}

async fn rows_of_a_newer_version_are_let_alone(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a"]).await;
    patient
        .database
        .execute("UPDATE migrate_revision SET hash = '2:abc', chain_hash = '2:abc'")
        .await;
    assert!(patient.found().contains(&"ledger ledger-newer".to_owned()));
    let before = patient.ledger().await;
    let repaired = patient.repair(true);
    assert_eq!(repaired.unresolved, ["a ledger-newer"]);
    assert_eq!(patient.ledger().await, before);
}

async fn another_tool_tells_another_story(dialect: Dialect, name: &str) {
    let patient = Patient::with(dialect, name, &["a", "b"]).await;
    patient.ok(&["run", "a", "-q"]);
    patient
        .database
        .execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        .await;
    patient
        .database
        .execute("INSERT INTO alembic_version VALUES ('a')")
        .await;
    assert_eq!(
        patient.found(),
        [""; 0],
        "it says the same, and is no table of ours"
    );
    patient
        .database
        .execute("UPDATE alembic_version SET version_num = 'b'")
        .await;
    assert_eq!(patient.found(), ["ledger other-tool"]);
    assert_eq!(
        text(&patient.finding("other-tool")["message"]),
        "`alembic_version` of Alembic says that `b` is applied, and the ledger does not"
    );
    patient
        .database
        .execute("UPDATE alembic_version SET version_num = 'zzz'")
        .await;
    assert!(
        text(&patient.finding("other-tool")["message"]).contains("does not match the ledger"),
        "what the chain does not know is told as well"
    );
}

async fn a_file_name_of_the_ledger_stays_in_the_folder(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b"]).await;
    patient
        .database
        .execute("UPDATE migrate_revision SET file = '../b.sql' WHERE revision = 'b'")
        .await;
    patient.remove("migrations/b.sql");
    patient
        .cured(&["b ledger-unknown write-file"], &["migrations/b.sql"])
        .await;
    assert!(!patient.project.path().join("b.sql").exists());
}

async fn a_protected_environment_is_asked(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b"]).await;
    patient.edit("migrate.toml", "[env.dev]", "[env.dev]\nprotected = true");
    patient.forget("a").await;
    let refused = patient.run(&["repair", "--ledger", "--execute"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    assert!(refused.stderr.contains("`dev` is protected"), "{refused}");
    assert_eq!(patient.ledger().await.len(), 1);
    patient.ok(&["repair", "--ledger", "--execute", "--yes", "-q"]);
    assert_eq!(patient.ledger().await.len(), 2);
}

/// A file is lost, another was edited, a third came by hand without a parent that fits, and a row is
/// gone: one command, and the chain runs on.
async fn files_and_ledger_are_repaired_at_once(dialect: Dialect, name: &str) {
    let patient = Patient::healthy(dialect, name, &["a", "b", "c", "d"]).await;
    let text_of = |file: &str| patient.project.read(file);
    let (b, c) = (text_of("migrations/b.sql"), text_of("migrations/c.sql"));
    patient.remove("migrations/b.sql");
    patient.edit("migrations/c.sql", "-- parents: b", "-- parents: none");
    patient.edit("migrations/c.sql", "VARCHAR(40)", "VARCHAR(80)");
    patient.write("migrations/x.sql", revision("x", "a"));
    patient.forget("a").await;

    let shown = patient.run(&["repair", "--format", "json"]).success();
    assert_eq!(shown.json()["executed"], false);
    assert!(!patient.project.path().join("migrations/b.sql").exists());
    assert_eq!(patient.ledger().await.len(), 3);

    let told = patient.run(&["repair", "--execute"]).success();
    assert!(told.stdout.contains("record a:"), "{told}");
    assert_eq!(text_of("migrations/b.sql"), b);
    assert_eq!(text_of("migrations/c.sql"), c);
    patient.ok(&["check"]);
    assert_eq!(patient.ledger().await.len(), 4);
    let again = patient.run(&["repair", "--execute"]).success();
    assert!(again.stderr.contains("nothing to repair"), "{again}");
    patient.ok(&["run", "-q"]);
    patient.ok(&["verify"]);
    assert_eq!(patient.found(), [""; 0]);
}

/// Every parent was emptied, and the lock is gone: the chain is joined, and the rows follow it.
async fn a_chain_of_bases_that_was_applied(dialect: Dialect, name: &str) {
    let patient = Patient::with(dialect, name, &["a", "bb", "ccc"]).await;
    patient.edit("migrations/bb.sql", "-- parents: a", "-- parents: none");
    patient.edit("migrations/ccc.sql", "-- parents: bb", "-- parents: none");
    patient.remove("migrations/chain.lock");
    patient.edit(
        "migrate.toml",
        "[env.dev]",
        "[rules]\nmultiple-bases = \"allow\"\nmultiple-heads = \"allow\"\n\n[env.dev]",
    );
    patient.ok(&["lock", "-q"]);
    patient.ok(&["run", "heads", "-q"]);
    patient.edit(
        "migrate.toml",
        "multiple-bases = \"allow\"\nmultiple-heads = \"allow\"\n",
        "",
    );

    let told = patient.run(&["repair", "--execute"]).success();
    assert!(told.stdout.contains("rewrite row bb:"), "{told}");
    patient.ok(&["check"]);
    let status = patient
        .run(&["status", "--format", "json"])
        .success()
        .json();
    assert_eq!(status["current"], serde_json::json!(["ccc"]));
    assert_eq!(status["changed"], serde_json::json!([]));
    let again = patient.run(&["repair", "--execute"]).success();
    assert!(again.stderr.contains("nothing to repair"), "{again}");
    let told = patient.run(&["run"]).success();
    assert!(told.stderr.contains("nothing to apply"), "{told}");
}
