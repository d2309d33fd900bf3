//! Changes and statements come in an order that works.

use migrate_core::Dialect;
use migrate_schema::{Change, Object, Renames, create, diff};

use super::build::{Build, foreign_key, key, told};

/// `c` needs `b`, which needs `a`; the names are in the other order.
fn chain(dialect: Dialect) -> Build {
    let mut build = Build::new(dialect);
    for name in ["z", "m", "a"] {
        build = build
            .table(name, &[("id", "bigint"), ("other", "bigint")])
            .change(name, |table| table.primary_key = Some(key(&["id"], None)));
    }
    build
        .change("a", |table| {
            table
                .foreign_keys
                .push(foreign_key("other", "m", Some("to_m")));
        })
        .change("m", |table| {
            table
                .foreign_keys
                .push(foreign_key("other", "z", Some("to_z")));
        })
        .view("first", "SELECT id FROM second")
        .view("second", "SELECT id FROM a")
}

#[test]
fn what_is_needed_comes_first_and_goes_last() {
    for dialect in Dialect::ALL {
        let (nothing, chain) = (Build::new(dialect), chain(dialect));
        assert_eq!(
            told(&nothing, &chain),
            [
                "create table `z`",
                "create table `m`",
                "create table `a`",
                "create view `second`",
                "create view `first`"
            ]
        );
        assert_eq!(
            told(&chain, &nothing),
            [
                "drop view `first`",
                "drop view `second`",
                "drop table `a`",
                "drop table `m`",
                "drop table `z`"
            ]
        );
    }
}

#[test]
fn a_schema_that_is_the_same_changes_nothing() {
    for dialect in Dialect::ALL {
        let chain = chain(dialect);
        assert!(diff(&chain.0, &chain.0, &Renames::none()).is_empty());
        // Nor does the order of columns alone.
        let moved = chain.clone().change("a", |table| table.columns.reverse());
        assert!(diff(&chain.0, &moved.0, &Renames::none()).is_empty());
    }
}

#[test]
fn a_thousand_tables_are_compared_and_made() {
    let mut large = Build::new(Dialect::Postgres);
    for number in 0..1000 {
        let name = format!("t{number}");
        large = large
            .table(
                &name,
                &[("id", "bigint"), ("name", "text"), ("other_id", "bigint")],
            )
            .change(&name, |table| {
                table.primary_key = Some(key(&["id"], Some(&format!("t{number}_pkey"))));
                if number > 0 {
                    table.foreign_keys.push(foreign_key(
                        "other_id",
                        &format!("t{}", number - 1),
                        Some("f"),
                    ));
                }
            });
    }
    let changed = large
        .clone()
        .without("t999")
        .change("t500", |table| table.columns[1].nullable = false);
    let changes = diff(&large.0, &changed.0, &Renames::none());
    assert!(
        matches!(
            &changes[..],
            [
                Change::Drop(Object::Table { .. }),
                Change::Alter {
                    to: Object::Column { .. },
                    ..
                }
            ]
        ),
        "{changes:?}"
    );
    assert_eq!(create(&large.0).len(), 1000);
}
