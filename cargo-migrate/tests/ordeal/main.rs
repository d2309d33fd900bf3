//! Each ordeal for a few rounds. At length:
//! `./tests/with-servers cargo run --release -p migrate-ordeal`.

use std::os::unix::fs::PermissionsExt as _;

use migrate_core::Dialect;
use migrate_ordeal::{
    Arena, Result, Transactions, cut_connections, dead_servers, endless_statement, full_disk,
    killed_migrators, killed_reverts, locked_table, many_at_once, no_permission,
    read_only_database,
};

/// An ordeal of this name, whose rounds are always the same.
fn arena(dialect: Dialect, name: &str, rounds: u32) -> Result<Arena> {
    let name = format!("ordeal::{name}");
    let arena = Arena::new(env!("CARGO_BIN_EXE_cargo-migrate"), dialect, &name)?;
    Ok(arena.rounds(rounds))
}

/// A test for each database.
macro_rules! on {
    ($ordeal:ident ($($dialect:ident as $name:ident),+): $rounds:literal, $arena:ident => $tried:expr) => {
        mod $ordeal {
            use super::*;

            $(
                #[tokio::test]
                async fn $name() -> Result<()> {
                    let name = concat!(stringify!($ordeal), "_", stringify!($name));
                    let $arena = &arena(Dialect::$dialect, name, $rounds)?;
                    let tally = $tried.await?;
                    tally.sound();
                    Ok(())
                }
            )+
        }
    };
}

on!(many (Sqlite as sqlite, Postgres as postgres, MySql as mysql): 2, arena => {
    many_at_once(arena, 12, 30)
});

on!(many_through_pgbouncer (Postgres as postgres): 2, arena => {
    async { many_at_once(&arena.through_pgbouncer()?, 12, 30).await }
});

on!(killed (Sqlite as sqlite, Postgres as postgres, MySql as mysql): 6, arena => {
    killed_migrators(arena, 20, Transactions::Used)
});

on!(killed_through_pgbouncer (Postgres as postgres): 4, arena => {
    async { killed_migrators(&arena.through_pgbouncer()?, 20, Transactions::Used).await }
});

on!(killed_revert (Sqlite as sqlite, Postgres as postgres, MySql as mysql): 4, arena => {
    killed_reverts(arena, 20)
});

// What ran a second time is no flaw here, nor below: `docs/reliability.md` counts it.
on!(killed_outside_transaction (Sqlite as sqlite, Postgres as postgres): 4, arena => {
    killed_migrators(arena, 20, Transactions::Refused)
});

on!(killed_with_settings (Sqlite as sqlite, Postgres as postgres, MySql as mysql): 4, arena => {
    killed_migrators(arena, 20, Transactions::WithSettings)
});

// On MySQL a change of the schema that the dead server had done and not recorded may run again.
on!(dead_server (Postgres as postgres, MySql as mysql): 3, arena => {
    dead_servers(arena, 20)
});

on!(cut (Postgres as postgres, MySql as mysql): 8, arena => {
    cut_connections(arena, 20)
});

on!(full (Sqlite as sqlite, Postgres as postgres, MySql as mysql): 1, arena => {
    full_disk(arena)
});

on!(read_only (Sqlite as sqlite, Postgres as postgres, MySql as mysql): 1, arena => {
    read_only_database(arena)
});

on!(forbidden (Sqlite as sqlite, Postgres as postgres, MySql as mysql): 1, arena => {
    no_permission(arena)
});

on!(locked (Sqlite as sqlite, Postgres as postgres, MySql as mysql): 1, arena => {
    locked_table(arena)
});

on!(endless (Sqlite as sqlite, Postgres as postgres, MySql as mysql): 1, arena => {
    endless_statement(arena)
});

/// An ordeal must be able to fail: this command writes into the journal behind each run's back.
#[tokio::test]
async fn a_command_that_does_its_work_again_is_found() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("twice");
    std::fs::write(
        &script,
        format!(
            r#"#!/bin/sh
"{}" "$@" || exit
for last; do :; done
case $last in sqlite://*)
    file=${{last#sqlite://}}
    sqlite3 -cmd ".timeout 60000" "${{file%%\?*}}" "INSERT INTO journal VALUES ('r000', 'first')" ;;
esac
"#,
            env!("CARGO_BIN_EXE_cargo-migrate")
        ),
    )?;
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755))?;
    let arena = Arena::new(script, Dialect::Sqlite, "ordeal::twice")?;
    let tally = many_at_once(&arena, 2, 2).await?;
    assert_eq!(tally.flaws, ["round 1: extra: ran r000 first"]);
    Ok(())
}
