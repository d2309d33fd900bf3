//! What loses data says so, and only that.

use migrate_core::Dialect;
use migrate_schema::{Renames, diff, statements};

use super::build::{Build, check, generated, index, sql_type};

/// Says whether the way there and the way back lose data, by the changes and by the statements.
#[track_caller]
fn loses(from: &Build, to: &Build) -> (bool, bool) {
    let dialect = from.0.dialect;
    let one = |from: &Build, to: &Build| {
        let changes = diff(&from.0, &to.0, &Renames::none());
        assert!(!changes.is_empty());
        let by_change = changes.iter().any(|change| change.is_destructive(dialect));
        let ddl = statements(&from.0, &to.0, &Renames::none());
        let by_statement = ddl.iter().any(|ddl| ddl.destructive.is_some());
        assert_eq!(by_change, by_statement, "{dialect}: {changes:#?} {ddl:#?}");
        by_change
    };
    (one(from, to), one(to, from))
}

#[test]
fn tables_and_columns_that_go_lose_what_they_hold() {
    for dialect in Dialect::ALL {
        let users = Build::users(dialect);
        let more = users.clone().table("posts", &[("id", "int")]);
        assert_eq!(loses(&users, &more), (false, true));
        let wider = users.clone().add_column("users", "name", "text", |_| {});
        assert_eq!(loses(&users, &wider), (false, true));
        let not_null = users
            .clone()
            .add_column("users", "name", "text", |column| column.nullable = false);
        assert_eq!(loses(&users, &not_null), (false, true));
    }
}

#[test]
fn what_can_be_made_again_loses_nothing() {
    for dialect in Dialect::ALL {
        let users = Build::users(dialect);
        let computed = users.clone().add_column("users", "older", "int", |column| {
            column.generated = generated("age + 1");
        });
        assert_eq!(loses(&users, &computed), (false, false));
        let indexed = users.clone().change("users", |table| {
            table.indexes.insert("by_age".to_owned(), index(&["age"]));
        });
        assert_eq!(loses(&users, &indexed), (false, false));
        let checked = users.clone().change("users", |table| {
            table.checks.push(check("age > 0", Some("grown")));
        });
        assert_eq!(loses(&users, &checked), (false, false));
        let seen = users.clone().view("ages", "SELECT age FROM users");
        assert_eq!(loses(&users, &seen), (false, false));
        let required = users
            .clone()
            .change("users", |table| table.columns[1].nullable = false);
        assert_eq!(loses(&users, &required), (false, false));
    }
}

#[test]
fn a_type_that_takes_less_loses_and_one_that_takes_more_does_not() {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let users = Build::users(dialect);
        for (column, word) in [(1, "short"), (0, "int")] {
            let narrow = users.clone().change("users", |table| {
                table.columns[column].sql_type = sql_type(dialect, word);
            });
            assert_eq!(loses(&users, &narrow), (true, false), "{dialect} {word}");
        }
    }
}

#[test]
fn a_value_of_an_enum_that_goes_is_lost() {
    let moods = |values: &[&str]| {
        Build::users(Dialect::Postgres)
            .values("mood", values)
            .change("users", |table| {
                table.columns[1].sql_type = "mood".to_owned();
            })
    };
    assert_eq!(loses(&moods(&["a", "b"]), &moods(&["b"])), (true, false));
    assert_eq!(
        loses(&moods(&["a", "b"]), &moods(&["b", "a"])),
        (false, false)
    );
}

#[test]
fn what_was_kept_and_is_computed_now_is_lost() {
    for dialect in Dialect::ALL {
        let plain = Build::users(dialect).add_column("users", "older", "int", |_| {});
        let computed = Build::users(dialect).add_column("users", "older", "int", |column| {
            column.generated = generated("age + 1");
        });
        assert_eq!(loses(&plain, &computed), (true, false));
    }
}

#[test]
fn the_history_of_a_table_goes_with_its_versioning() {
    let plain = Build::users(Dialect::MySql);
    let versioned = plain.clone().change("users", |table| {
        table.options.set("WITH SYSTEM VERSIONING");
    });
    assert_eq!(loses(&plain, &versioned), (false, true));
}
