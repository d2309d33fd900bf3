//! What Alembic's autogenerate finds, and what it does not
//! (<https://alembic.sqlalchemy.org/en/latest/autogenerate.html#what-does-autogenerate-detect-and-what-does-it-not-detect>).

use migrate_core::Dialect;

use super::build::{Build, check, foreign_key, index, key, sql_type, told};

/// Compares on each dialect; the way back must be found too.
#[track_caller]
fn finds(case: impl Fn(Dialect) -> (Build, Build), up: &[&str], down: &[&str]) {
    for dialect in Dialect::ALL {
        let (from, to) = case(dialect);
        assert_eq!(told(&from, &to), up, "{dialect}");
        assert_eq!(told(&to, &from), down, "{dialect}, back");
        assert!(told(&to, &to).is_empty());
    }
}

#[test]
fn detected_by_alembic_table_additions_and_removals() {
    finds(
        |dialect| {
            let users = Build::users(dialect);
            (users.clone(), users.table("posts", &[("id", "int")]))
        },
        &["create table `posts`"],
        &["drop table `posts`"],
    );
}

#[test]
fn detected_by_alembic_column_additions_and_removals() {
    finds(
        |dialect| {
            let users = Build::users(dialect);
            (
                users.clone(),
                users.add_column("users", "name", "text", |_| {}),
            )
        },
        &["add column `users.name`"],
        &["drop column `users.name`"],
    );
}

#[test]
fn detected_by_alembic_change_of_nullable_status() {
    finds(
        |dialect| {
            let users = Build::users(dialect);
            (
                users.clone(),
                users.change("users", |table| table.columns[1].nullable = false),
            )
        },
        &["alter column `users.email`: not null"],
        &["alter column `users.email`: allows null"],
    );
}

#[test]
fn detected_by_alembic_basic_indexes() {
    finds(
        |dialect| {
            let users = Build::users(dialect);
            let with = users.clone().change("users", |table| {
                table.indexes.insert("by_age".to_owned(), index(&["age"]));
            });
            (users, with)
        },
        &["create index `by_age` on `users`"],
        &["drop index `by_age` of `users`"],
    );
}

#[test]
fn detected_by_alembic_explicitly_named_unique_constraints() {
    finds(
        |dialect| {
            let users = Build::users(dialect);
            let with = users.clone().change("users", |table| {
                table.uniques.push(key(&["age"], Some("one_age")));
            });
            (users, with)
        },
        &["add unique constraint `one_age` to `users`"],
        &["drop unique constraint `one_age` of `users`"],
    );
}

#[test]
fn detected_by_alembic_basic_foreign_key_constraints() {
    finds(
        |dialect| {
            let posts = Build::users(dialect).table("posts", &[("user_id", "bigint")]);
            let with = posts.clone().change("posts", |table| {
                table
                    .foreign_keys
                    .push(foreign_key("user_id", "users", Some("to_user")));
            });
            (posts, with)
        },
        &["add foreign key `to_user` to `posts`"],
        &["drop foreign key `to_user` of `posts`"],
    );
}

#[test]
fn optional_in_alembic_change_of_column_type() {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let users = Build::users(dialect);
        let wide = users.clone().change("users", |table| {
            table.columns[2].sql_type = sql_type(dialect, "bigint");
        });
        let (narrow_type, wide_type) = (sql_type(dialect, "int"), sql_type(dialect, "bigint"));
        assert_eq!(
            told(&users, &wide),
            [format!(
                "alter column `users.age`: type `{narrow_type}` becomes `{wide_type}`"
            )]
        );
    }
    let users = Build::users(Dialect::Sqlite);
    let text = users.clone().change("users", |table| {
        table.columns[2].sql_type = "TEXT".to_owned();
    });
    assert_eq!(
        told(&users, &text),
        ["alter column `users.age`: type `INTEGER` becomes `TEXT`"]
    );
}

#[test]
fn optional_in_alembic_change_of_server_default() {
    finds(
        |dialect| {
            let users = Build::users(dialect);
            (
                users.clone(),
                users.change("users", |table| {
                    table.columns[2].default = Some("18".to_owned());
                }),
            )
        },
        &["alter column `users.age`: default `18`"],
        &["alter column `users.age`: no default `18`"],
    );
}

#[test]
fn impossible_in_alembic_changes_of_table_name() {
    // Without being told so, it is another table, as it is for Alembic.
    finds(
        |dialect| {
            let users = Build::users(dialect);
            let mut renamed = users.clone();
            let table = renamed
                .0
                .tables
                .remove(&"users".into())
                .expect("it is there");
            renamed.0.tables.insert("accounts".into(), table);
            (users, renamed)
        },
        &["drop table `users`", "create table `accounts`"],
        &["drop table `accounts`", "create table `users`"],
    );
}

#[test]
fn impossible_in_alembic_changes_of_column_name() {
    finds(
        |dialect| {
            let users = Build::users(dialect);
            (
                users.clone(),
                users.change("users", |table| table.columns[1].name = "mail".to_owned()),
            )
        },
        &["drop column `users.email`", "add column `users.mail`"],
        &["drop column `users.mail`", "add column `users.email`"],
    );
}

#[test]
fn impossible_in_alembic_anonymously_named_constraints() {
    // Only SQLite has constraints without a name; the others give one.
    let users = Build::users(Dialect::Sqlite);
    let with = users.clone().change("users", |table| {
        table.uniques.push(key(&["email"], None));
        table.checks.push(check("age > 0", None));
        table.foreign_keys.push(foreign_key("age", "users", None));
    });
    assert_eq!(
        told(&users, &with),
        [
            "add unique constraint (email) to `users`",
            "add check (age > 0) to `users`",
            "add foreign key (age to users) to `users`"
        ]
    );
    assert_eq!(told(&with, &users).len(), 3);
}

#[test]
fn impossible_in_alembic_special_types_on_backends_without_them() {
    // An enum of SQLite is a CHECK, and that is compared.
    let moods = |list: &str| {
        Build::users(Dialect::Sqlite).change("users", |table| {
            table
                .checks
                .push(check(&format!("email IN ({list})"), Some("mood")));
        })
    };
    assert_eq!(
        told(&moods("'sad'"), &moods("'sad', 'ok'")),
        [
            "drop check `mood` of `users`",
            "add check `mood` to `users`"
        ]
    );
    // Where it is a type of the column, that is.
    let moods = |list: &str| {
        Build::users(Dialect::MySql).change("users", |table| {
            table.columns[1].sql_type = format!("enum({list})");
        })
    };
    assert_eq!(
        told(&moods("'sad'"), &moods("'sad','ok'")),
        ["alter column `users.email`: type `enum('sad')` becomes `enum('sad','ok')`"]
    );
}

#[test]
fn not_implemented_in_alembic_values_of_an_enum() {
    let moods = |values: &[&str]| Build::new(Dialect::Postgres).values("mood", values);
    assert_eq!(
        told(&moods(&["sad"]), &moods(&["sad", "ok"])),
        ["alter enum `mood`: add `ok`"]
    );
    assert_eq!(
        told(&moods(&["sad", "ok"]), &moods(&["ok"])),
        ["alter enum `mood`: drop `sad`"]
    );
    assert_eq!(
        told(&moods(&["sad", "ok"]), &moods(&["ok", "sad"])),
        ["alter enum `mood`: order"]
    );
}

#[test]
fn not_implemented_in_alembic_sequence_additions_and_removals() {
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let (without, with) = (
            Build::new(dialect),
            Build::new(dialect).sequence("tickets", 1),
        );
        assert_eq!(told(&without, &with), ["create sequence `tickets`"]);
        assert_eq!(told(&with, &without), ["drop sequence `tickets`"]);
        let other = Build::new(dialect).sequence("tickets", 2);
        assert_eq!(told(&with, &other), ["alter sequence `tickets`"]);
    }
}

#[test]
fn not_implemented_in_alembic_check_constraints() {
    finds(
        |dialect| {
            let users = Build::users(dialect);
            let with = users.clone().change("users", |table| {
                table.checks.push(check("age > 0", Some("grown")));
            });
            (users, with)
        },
        &["add check `grown` to `users`"],
        &["drop check `grown` of `users`"],
    );
}

#[test]
fn not_implemented_in_alembic_exclusion_constraints() {
    let users = Build::users(Dialect::Postgres);
    let with = users.clone().change("users", |table| {
        let definition = "EXCLUDE USING gist (age WITH =)".to_owned();
        table.exclusions.insert("apart".to_owned(), definition);
    });
    assert_eq!(
        told(&users, &with),
        ["add exclusion constraint `apart` to `users`"]
    );
    assert_eq!(
        told(&with, &users),
        ["drop exclusion constraint `apart` of `users`"]
    );
}

#[test]
fn not_implemented_in_alembic_primary_key_constraints() {
    finds(
        |dialect| {
            let users = Build::users(dialect);
            let with = users
                .clone()
                .change("users", |table| table.primary_key = None);
            let with = with.change("users", |table| {
                table.primary_key = Some(key(&["id", "age"], Some("pair")));
            });
            let bare = users.change("users", |table| table.primary_key = None);
            (bare, with)
        },
        &["add primary key `pair` to `users`"],
        &["drop primary key `pair` of `users`"],
    );
}
