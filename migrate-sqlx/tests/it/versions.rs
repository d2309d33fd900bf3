//! Versions of an application, and other chains, beside one another on one database.

use migrate_sqlx::LedgerNames;
use migrate_tests::TestDatabase;

use crate::chain::{AB, Written, migrations, migrations_with};
use crate::scenarios::{connect, run};

/// A newer version: `c` follows the first revision, as a branch may, and is merged.
const NEWER: [Written<'static>; 4] = [
    AB[0],
    AB[1],
    (
        "c:a",
        "CREATE TABLE c (id INTEGER PRIMARY KEY);",
        "DROP TABLE c;",
    ),
    ("m:b, c", "", ""),
];

pub(crate) async fn an_older_version_takes_the_database_back(database: TestDatabase) {
    run(&database, &migrations(&NEWER)).await.unwrap();
    let older = migrations(&AB);
    with_pool!(database, |pool| {
        let refused = older.ensure_current(&pool).await.unwrap_err();
        assert_eq!(refused.code(), "database-newer");
        let report = older.runner().retreat(&pool).await.unwrap();
        assert_eq!(report.steps.len(), 2);
        assert_eq!(report.current, ["b"]);
        older.ensure_current(&pool).await.unwrap();
        assert!(
            older
                .runner()
                .retreat(&pool)
                .await
                .unwrap()
                .steps
                .is_empty()
        );
    });
    assert_eq!(
        database.tables().await,
        ["a", "b", "migrate_event", "migrate_revision"]
    );
}

pub(crate) async fn head_is_the_chains_and_not_the_ledgers(database: TestDatabase) {
    let newer = migrations(&NEWER);
    let older = migrations(&AB[..1]);
    for target in ["head", "heads", "a@head"] {
        run(&database, &newer).await.unwrap();
        let runner = older.runner().target(target.parse().unwrap());
        let report = connect(&database).await.revert(runner).await.unwrap();
        assert_eq!(report.current, ["a"], "{target}");
        assert_eq!(
            database.tables().await,
            ["a", "migrate_event", "migrate_revision"],
            "{target}"
        );
    }
}

/// Two libraries that both keep the default names must not touch what is the other's.
pub(crate) async fn the_ledger_of_another_chain_is_left_alone(database: TestDatabase) {
    run(&database, &migrations(&AB)).await.unwrap();
    let jobs: [Written<'_>; 1] = [(
        "jobs_1",
        "CREATE TABLE jobs (id INTEGER PRIMARY KEY);",
        "DROP TABLE jobs;",
    )];
    let shared = migrations(&jobs);
    with_pool!(database, |pool| {
        for error in [
            shared.run(&pool).await.unwrap_err(),
            shared.ensure_current(&pool).await.unwrap_err(),
            shared.runner().retreat(&pool).await.unwrap_err(),
        ] {
            assert_eq!(error.code(), "another-chain");
            assert!(error.to_string().contains("`a`, `b`"), "{error}");
            let help = error.help().unwrap();
            assert!(
                help.contains("prefix") && !help.contains("revert"),
                "{help}"
            );
        }
        let apart = LedgerNames {
            prefix: "jobs_".into(),
            ..LedgerNames::DEFAULT
        };
        shared.with_ledger(apart.clone()).run(&pool).await.unwrap();
        migrations_with(&jobs, apart)
            .ensure_current(&pool)
            .await
            .unwrap();
    });
    assert_eq!(
        database.rows("SELECT COUNT(*) FROM migrate_revision").await,
        [["2"]]
    );
    assert_eq!(
        database.rows("SELECT COUNT(*) FROM jobs_revision").await,
        [["1"]]
    );
}

const CREATE: Written<'static> = (
    "a",
    "CREATE TABLE a (id INTEGER PRIMARY KEY, old INTEGER);",
    "DROP TABLE a;",
);
const EXPAND: Written<'static> = (
    "x:a",
    "ALTER TABLE a ADD COLUMN note INTEGER;",
    "ALTER TABLE a DROP COLUMN note;",
);
const CONTRACT: Written<'static> = (
    "d:x",
    "ALTER TABLE a DROP COLUMN old;",
    "ALTER TABLE a ADD COLUMN old INTEGER;",
);

/// Two versions of an application run at once while one replaces the other.
pub(crate) async fn a_version_works_beside_another_one(database: TestDatabase) {
    let first = migrations(&[CREATE]);
    let second = migrations(&[CREATE, EXPAND]);
    let third = migrations(&[CREATE, EXPAND, CONTRACT]);
    let changed = migrations(&[("a", "CREATE TABLE b (id INTEGER);", ""), EXPAND]);
    with_pool!(database, |pool| {
        // Nothing is there, then too little.
        let refused = first.ensure_compatible(&pool).await.unwrap_err();
        assert_eq!(refused.code(), "not-current");
        first.run(&pool).await.unwrap();
        let refused = third.ensure_compatible(&pool).await.unwrap_err();
        assert_eq!(refused.code(), "not-current");
        assert!(
            refused
                .to_string()
                .contains("1 revision to apply, the first is `x`"),
            "{refused}"
        );

        second.run(&pool).await.unwrap();
        for version in [&first, &second, &third] {
            version.ensure_compatible(&pool).await.unwrap();
        }
        let older = first.ensure_current(&pool).await.unwrap_err();
        assert_eq!(older.code(), "database-newer");
        assert_eq!(first.run(&pool).await.unwrap_err().code(), "database-newer");
        let report = first.runner().ahead_is_fine().run(&pool).await.unwrap();
        assert!(report.steps.is_empty());
        assert_eq!(report.current, ["x"]);
        let refused = changed.ensure_compatible(&pool).await.unwrap_err();
        assert_eq!(refused.code(), "revision-changed");

        third.run(&pool).await.unwrap();
        third.ensure_compatible(&pool).await.unwrap();
        for older in [&first, &second] {
            let refused = older.ensure_compatible(&pool).await.unwrap_err();
            assert_eq!(refused.code(), "database-newer");
            assert!(
                refused.to_string().contains("of the phase `contract`"),
                "{refused}"
            );
            assert!(refused.to_string().ends_with("`d`"), "{refused}");
            let refused = older.runner().ahead_is_fine().run(&pool).await.unwrap_err();
            assert_eq!(refused.code(), "database-newer");
        }
        let stranger = migrations(&[("jobs_1", "SELECT 1;", "")]);
        let refused = stranger.ensure_compatible(&pool).await.unwrap_err();
        assert_eq!(refused.code(), "another-chain");
    });
    assert_eq!(
        database
            .rows("SELECT revision, phase FROM migrate_revision ORDER BY revision")
            .await,
        [["a", "expand"], ["d", "contract"], ["x", "expand"]]
    );
}
