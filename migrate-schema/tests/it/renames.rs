//! Renames are proposed, and done only where somebody says so.

use migrate_core::Dialect;
use migrate_schema::{Name, Rename, Renames, diff, likely_renames};

use super::build::Build;

/// `users` with another name for the table and for a column.
fn renamed(dialect: Dialect) -> (Build, Build) {
    let users = Build::users(dialect);
    let mut accounts = users
        .clone()
        .change("users", |table| table.columns[1].name = "mail".to_owned());
    let table = accounts
        .0
        .tables
        .remove(&"users".into())
        .expect("it is there");
    accounts.0.tables.insert("accounts".into(), table);
    (users, accounts)
}

fn words(renames: &[Rename]) -> Vec<String> {
    renames.iter().map(ToString::to_string).collect()
}

#[test]
fn a_table_and_its_column_are_proposed_and_then_nothing_is_lost() {
    for dialect in Dialect::ALL {
        let (from, to) = renamed(dialect);
        let likely = likely_renames(&from.0, &to.0);
        assert_eq!(
            words(&likely),
            ["users=accounts", "accounts.email=accounts.mail"]
        );
        let renames: Renames = likely.into_iter().collect();
        let changes = diff(&from.0, &to.0, &renames);
        let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "rename table `users` to `accounts`",
                "rename column `accounts.email` to `mail`"
            ]
        );
        assert!(!changes.iter().any(|change| change.is_destructive(dialect)));
        let back = diff(&to.0, &from.0, &renames.reversed());
        assert_eq!(back[0].to_string(), "rename table `accounts` to `users`");
        assert_eq!(back[1].to_string(), "rename column `users.mail` to `email`");
    }
}

#[test]
fn what_is_not_alike_is_not_proposed() {
    let users = Build::users(Dialect::Postgres);
    let other = Build::new(Dialect::Postgres).table("rooms", &[("number", "int"), ("id", "text")]);
    assert_eq!(likely_renames(&users.0, &other.0), []);
    // Another type, or one of several in another place.
    let typed = users
        .clone()
        .change("users", |table| table.columns[1].name = "mail".to_owned());
    let typed = typed.change("users", |table| {
        table.columns[1].sql_type = "bytea".to_owned();
    });
    assert_eq!(likely_renames(&users.0, &typed.0), []);
    let moved = users.clone().change("users", |table| {
        let mut column = table.columns.remove(1);
        column.name = "mail".to_owned();
        table.columns.push(column.clone());
        column.name = "post".to_owned();
        table.columns.push(column);
    });
    assert_eq!(likely_renames(&users.0, &moved.0), []);
    // And nothing that is there in both.
    assert_eq!(likely_renames(&users.0, &users.0), []);
}

#[test]
fn each_new_table_is_proposed_once() {
    let from = Build::new(Dialect::Sqlite)
        .table("a", &[("id", "int")])
        .table("b", &[("id", "int")]);
    let to = Build::new(Dialect::Sqlite).table("c", &[("id", "int")]);
    assert_eq!(words(&likely_renames(&from.0, &to.0)), ["a=c"]);
}

#[test]
fn renames_are_read_as_they_are_written() {
    let (from, to) = renamed(Dialect::Postgres);
    let none = Renames::none();
    let table = Rename::parse("users=accounts", &from.0, &to.0, &none).expect("both are there");
    assert_eq!(table.to_string(), "users=accounts");
    let known: Renames = [table].into_iter().collect();
    for text in [
        "users.email=mail",
        "accounts.email=accounts.mail",
        " users.email = users.mail ",
    ] {
        let column = Rename::parse(text, &from.0, &to.0, &known).expect("both are there");
        assert_eq!(
            column,
            Rename::Column {
                table: Name::plain("accounts"),
                from: "email".to_owned(),
                to: "mail".to_owned(),
            }
        );
    }
    for (text, error) in [
        (
            "users",
            "`users` does not say what it is renamed to; write `old=new` or `table.old=new`",
        ),
        (
            "people=accounts",
            "there is no table or column `people` to rename",
        ),
        (
            "users.name=mail",
            "there is no table or column `users.name` to rename",
        ),
        (
            "users=people",
            "`users` cannot become `people`: that is not in the new schema",
        ),
        (
            "users.email=post",
            "`users.email` cannot become `post`: that is not in the new schema",
        ),
    ] {
        let found = Rename::parse(text, &from.0, &to.0, &known).expect_err(text);
        assert_eq!(found.to_string(), error);
    }
}

#[test]
fn names_of_columns_that_differ_in_case_are_the_same_where_the_database_says_so() {
    for (dialect, expected) in [
        (
            Dialect::Sqlite,
            vec!["rename column `users.email` to `Email`"],
        ),
        (
            Dialect::MySql,
            vec!["rename column `users.email` to `Email`"],
        ),
        (
            Dialect::Postgres,
            vec!["drop column `users.email`", "add column `users.Email`"],
        ),
    ] {
        let from = Build::users(dialect);
        let to = from
            .clone()
            .change("users", |table| table.columns[1].name = "Email".to_owned());
        assert_eq!(super::build::told(&from, &to), expected, "{dialect}");
    }
}
