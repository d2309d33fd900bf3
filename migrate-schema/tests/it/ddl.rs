//! The SQL of each kind of change, up and down, on each dialect.

use migrate_core::Dialect;
use migrate_schema::{Renames, likely_renames, script, statements};

use super::build::{
    Build, both_ways, check, column, foreign_key, generated, index, key, numbered, sql_type,
};

/// Snapshots a case that changes `users (id, email, age)`.
macro_rules! users {
    ($name:ident, |$users:ident, $dialect:ident| $change:expr) => {
        #[test]
        fn $name() {
            let case = |$dialect: Dialect| {
                let $users = Build::users($dialect);
                ($users.clone(), $change)
            };
            insta::assert_snapshot!(stringify!($name), both_ways(case, &Renames::none()));
        }
    };
}

users!(a_table, |users, dialect| {
    let named = (dialect != Dialect::Sqlite).then_some("posts_user_id_fkey");
    users
        .table(
            "posts",
            &[("id", "bigint"), ("user_id", "bigint"), ("title", "short")],
        )
        .change("posts", |table| {
            table.columns[0].nullable = false;
            table.columns[0].identity = numbered(dialect);
            table.columns[2].default = Some("'it''s'".to_owned());
            table.primary_key = Some(key(&["id"], None));
            table
                .uniques
                .push(key(&["title", "user_id"], Some("one_title")));
            table.checks.push(check("user_id > 0", Some("real_user")));
            table
                .foreign_keys
                .push(foreign_key("user_id", "users", named));
            table
                .indexes
                .insert("by_user".to_owned(), index(&["user_id"]));
            if dialect != Dialect::Sqlite {
                table.comment = Some("what is written".to_owned());
                table.columns[2].comment = Some("it's short".to_owned());
            }
        })
});

users!(a_column, |users, _dialect| users.add_column(
    "users",
    "name",
    "text",
    |_| {}
));

users!(a_column_that_is_not_null, |users, _dialect| users
    .add_column("users", "born", "date", |column| column.nullable = false)
    .add_column("users", "size", "int", |column| {
        column.nullable = false;
        column.default = Some("1".to_owned());
    }));

users!(
    a_column_with_a_foreign_key_and_a_check,
    |users, _dialect| users
        .add_column("users", "boss_id", "bigint", |_| {})
        .change("users", |table| {
            table
                .foreign_keys
                .push(foreign_key("boss_id", "users", Some("to_boss")));
            table
                .checks
                .push(check("boss_id <> id", Some("not_own_boss")));
            table
                .indexes
                .insert("by_boss".to_owned(), index(&["boss_id"]));
        })
);

users!(a_type, |users, dialect| users
    .change("users", |table| table.columns[2].sql_type =
        sql_type(dialect, "text")));

users!(types_of_two_columns, |users, dialect| {
    users
        .change("users", |table| {
            table.columns[1].sql_type = sql_type(dialect, "short");
        })
        .change("users", |table| {
            table.columns[2].sql_type = sql_type(dialect, "bigint");
        })
});

users!(not_null, |users, _dialect| users.change("users", |table| {
    table.columns[1].nullable = false;
    table.columns[2].nullable = false;
    table.columns[2].default = Some("18".to_owned());
}));

users!(a_default, |users, _dialect| users
    .change("users", |table| table.columns[2].default =
        Some("18".to_owned())));

users!(what_numbers_a_column, |users, dialect| users
    .change("users", |table| table.columns[0].identity =
        numbered(dialect)));

users!(a_primary_key, |users, dialect| users.change(
    "users",
    |table| {
        table.columns[1].nullable = false;
        table.columns[1].sql_type = sql_type(dialect, "short");
        let name = (dialect == Dialect::Postgres).then_some("users_pkey");
        table.primary_key = Some(key(&["id", "email"], name));
    }
));

users!(a_unique_constraint_and_a_check, |users, _dialect| users
    .change("users", |table| {
        table.uniques.push(key(&["age"], Some("one_age")));
        table.checks.push(check("age > 0", Some("grown")));
    }));

users!(a_computed_column, |users, _dialect| users.add_column(
    "users",
    "older",
    "int",
    |column| column.generated = generated("age + 1")
));

users!(indexes, |users, dialect| users.change("users", |table| {
    let mut by_age = index(&["age", "id"]);
    by_age.unique = true;
    by_age.parts[0].descending = true;
    if dialect != Dialect::MySql {
        by_age.predicate = Some("age > 0".to_owned());
    }
    table.indexes.insert("by age".to_owned(), by_age);
    let mut lower = index(&["lower(email)"]);
    lower.parts[0].expression = true;
    table.indexes.insert("by_lower".to_owned(), lower);
    let mut begin = index(&["email"]);
    begin.parts[0].prefix = (dialect == Dialect::MySql).then_some(10);
    table.indexes.insert("by_email".to_owned(), begin);
}));

users!(views_over_each_other, |users, _dialect| users
    .view("everybody", "SELECT id, email FROM users")
    .view("a_few", "SELECT id FROM everybody"));

#[test]
fn views_in_the_way_go_and_come_back() {
    let case = |dialect: Dialect| {
        let users = Build::users(dialect)
            .view("everybody", "SELECT id, email, age FROM users")
            .view("a_few", "SELECT id FROM everybody")
            .view("others", "SELECT 1 AS one");
        let changed = users.clone().change("users", |table| {
            table.columns[2].sql_type = sql_type(dialect, "bigint");
            table.columns[1].nullable = false;
        });
        (users, changed)
    };
    insta::assert_snapshot!(both_ways(case, &Renames::none()));
}

#[test]
fn a_trigger() {
    let case = |dialect: Dialect| {
        let users = Build::users(dialect);
        let with = users.clone().change("users", |table| {
            let definition = match dialect {
                Dialect::Sqlite => "CREATE TRIGGER touch AFTER UPDATE ON users BEGIN SELECT 1; END",
                Dialect::Postgres => "CREATE TRIGGER touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()",
                Dialect::MySql => "CREATE TRIGGER `touch` BEFORE UPDATE ON `users` FOR EACH ROW\nBEGIN SET NEW.age = 1; END",
            };
            table.triggers.insert("touch".to_owned(), definition.to_owned());
        });
        (users, with)
    };
    insta::assert_snapshot!(both_ways(case, &Renames::none()));
}

#[test]
fn renames_of_tables_and_columns() {
    let case = |dialect: Dialect| {
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
    };
    let (from, to) = case(Dialect::Sqlite);
    let renames: Renames = likely_renames(&from.0, &to.0).into_iter().collect();
    insta::assert_snapshot!(both_ways(case, &renames));
}

#[test]
fn names_that_are_exchanged() {
    let case = |dialect: Dialect| {
        let from = Build::new(dialect)
            .table("a", &[("x", "int"), ("y", "int")])
            .table("b", &[("z", "text")]);
        let to = Build::new(dialect)
            .table("b", &[("y", "int"), ("x", "int")])
            .table("a", &[("z", "text")]);
        (from, to)
    };
    let (from, to) = case(Dialect::Sqlite);
    let mut renames = Renames::none();
    for text in ["a=b", "b=a"] {
        renames.add(
            migrate_schema::Rename::parse(text, &from.0, &to.0, &renames).expect("both are there"),
        );
    }
    for text in ["a.x=y", "a.y=x"] {
        renames.add(
            migrate_schema::Rename::parse(text, &from.0, &to.0, &renames).expect("both are there"),
        );
    }
    insta::assert_snapshot!(both_ways(case, &renames));
}

#[test]
fn foreign_keys_in_a_circle() {
    let case = |dialect: Dialect| {
        let to = Build::new(dialect)
            .table("hens", &[("id", "bigint"), ("egg_id", "bigint")])
            .table("eggs", &[("id", "bigint"), ("hen_id", "bigint")])
            .change("hens", |table| {
                table.primary_key = Some(key(&["id"], None));
                table
                    .foreign_keys
                    .push(foreign_key("egg_id", "eggs", Some("from_egg")));
            })
            .change("eggs", |table| {
                table.primary_key = Some(key(&["id"], None));
                table
                    .foreign_keys
                    .push(foreign_key("hen_id", "hens", Some("from_hen")));
            });
        (Build::new(dialect), to)
    };
    insta::assert_snapshot!(both_ways(case, &Renames::none()));
}

#[test]
fn an_index_that_a_foreign_key_needs() {
    let case = |dialect: Dialect| {
        let from = Build::users(dialect).table("posts", &[("id", "bigint"), ("user_id", "bigint")]);
        let from = from.change("posts", |table| {
            table
                .foreign_keys
                .push(foreign_key("user_id", "users", Some("to_user")));
            table
                .indexes
                .insert("to_user".to_owned(), index(&["user_id"]));
        });
        let to = from.clone().change("posts", |table| {
            table.indexes.clear();
            table
                .indexes
                .insert("by_user".to_owned(), index(&["user_id", "id"]));
        });
        (from, to)
    };
    insta::assert_snapshot!(both_ways(case, &Renames::none()));
}

#[test]
fn enums_that_get_values() {
    let moods = |values: &[&str]| {
        Build::users(Dialect::Postgres)
            .values("mood", values)
            .change("users", |table| {
                table
                    .columns
                    .push(column(Dialect::Postgres, "feeling", "mood"));
            })
    };
    let (from, to) = (
        moods(&["sad", "ok"]),
        moods(&["dead", "sad", "so so", "ok", "happy"]),
    );
    let up = script(
        Dialect::Postgres,
        &statements(&from.0, &to.0, &Renames::none()),
    );
    insta::assert_snapshot!(up, @r#"
    ALTER TYPE "mood" ADD VALUE 'dead' BEFORE 'sad';
    ALTER TYPE "mood" ADD VALUE 'so so' AFTER 'sad';
    ALTER TYPE "mood" ADD VALUE 'happy' AFTER 'ok';
    "#);
}

#[test]
fn enums_that_lose_values_or_need_a_new_one_at_once() {
    let moods = |values: &[&str], default: Option<&str>| {
        Build::users(Dialect::Postgres)
            .values("mood", values)
            .add_column("users", "feeling", "mood", |column| {
                column.default = default.map(str::to_owned);
            })
            .change("users", |table| {
                table
                    .checks
                    .push(check("feeling <> 'ok'::mood", Some("not_ok")));
                table
                    .indexes
                    .insert("by_feeling".to_owned(), index(&["feeling"]));
            })
            .view("feelings", "SELECT users.feeling FROM users")
    };
    let from = moods(&["sad", "ok"], Some("'sad'::mood"));
    let to = moods(&["sad", "ok", "happy"], Some("'happy'::mood"));
    let mut text = String::new();
    for (from, to) in [(&from, &to), (&to, &from)] {
        text.push_str(&script(
            Dialect::Postgres,
            &statements(&from.0, &to.0, &Renames::none()),
        ));
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}

#[test]
fn sequences() {
    let mut text = String::new();
    for dialect in [Dialect::Postgres, Dialect::MySql] {
        let (none, one, two) = (
            Build::new(dialect),
            Build::new(dialect).sequence("tickets", 1),
            Build::new(dialect).sequence("tickets", 2),
        );
        for (from, to) in [(&none, &one), (&one, &two), (&two, &none)] {
            text.push_str(&script(
                dialect,
                &statements(&from.0, &to.0, &Renames::none()),
            ));
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn options_and_comments_of_a_table() {
    let case = |dialect: Dialect| {
        let users = Build::users(dialect);
        let with = users.clone().change("users", |table| {
            let options: &[(&str, &str)] = match dialect {
                Dialect::Sqlite => &[("STRICT", "")],
                Dialect::Postgres => &[
                    ("fillfactor", "70"),
                    ("ENABLE ROW LEVEL SECURITY", ""),
                    ("UNLOGGED", ""),
                ],
                Dialect::MySql => &[("ROW_FORMAT", "COMPRESSED"), ("COLLATE", "utf8mb4_bin")],
            };
            for (word, value) in options {
                table
                    .options
                    .insert((*word).to_owned(), (*value).to_owned());
            }
            if dialect != Dialect::Sqlite {
                table.comment = Some("it's \\ people".to_owned());
            }
        });
        (users, with)
    };
    insta::assert_snapshot!(both_ways(case, &Renames::none()));
}

#[test]
fn a_body_that_holds_the_end_of_a_statement_stays_whole() {
    let with = Build::users(Dialect::MySql).change("users", |table| {
        let definition = "CREATE TRIGGER `t` BEFORE UPDATE ON `users` FOR EACH ROW\nBEGIN SET NEW.age = 1; SET NEW.email = ''; END";
        table.triggers.insert("t".to_owned(), definition.to_owned());
    });
    let ddl = statements(&Build::users(Dialect::MySql).0, &with.0, &Renames::none());
    let text = script(Dialect::MySql, &ddl);
    let parts = migrate_sql::split(Dialect::MySql, &text).expect("it can be split");
    let found: Vec<&str> = parts.into_iter().map(|part| &text[part]).collect();
    let made: Vec<&str> = ddl.iter().map(|ddl| &*ddl.sql).collect();
    assert_eq!(found, made);
}

#[test]
fn a_body_in_another_session_stays_whole_too() {
    let with = Build::users(Dialect::MySql).change("users", |table| {
        let statement = "CREATE TRIGGER `t` BEFORE UPDATE ON `users` FOR EACH ROW\nBEGIN SET NEW.email = 'C:\\'; SET NEW.age = 1; END";
        let session = [("sql_mode", "'NO_BACKSLASH_ESCAPES'")];
        let definition = migrate_schema::with_session(&session, statement);
        table.triggers.insert("t".to_owned(), definition);
    });
    let ddl = statements(&Build::users(Dialect::MySql).0, &with.0, &Renames::none());
    let made: Vec<&str> = ddl.iter().map(|ddl| &*ddl.sql).collect();
    assert_eq!(made.len(), 4, "{made:?}");
    let text = script(Dialect::MySql, &ddl);
    let parts = migrate_sql::split(Dialect::MySql, &text).expect("it can be split");
    let found: Vec<&str> = parts.into_iter().map(|part| &text[part]).collect();
    assert_eq!(found, made);
}

#[test]
fn a_fill_touches_nothing_else() {
    let before = Build::users(Dialect::MySql).change("users", |table| {
        table.columns[2].nullable = true;
        let on = |event: &str| {
            let statement =
                format!("CREATE TRIGGER `t` BEFORE {event} ON `users` FOR EACH ROW\nSET @a = 1");
            migrate_schema::with_session(&[("sql_mode", "''")], &statement)
        };
        table.triggers.insert("moves".to_owned(), on("UPDATE"));
        table.triggers.insert("stays".to_owned(), on("INSERT"));
    });
    let before = before.add_column("users", "seen", "timestamp", |column| {
        column.on_update = Some("CURRENT_TIMESTAMP".to_owned());
    });
    let after = before
        .clone()
        .change("users", |table| table.columns[2].nullable = false);
    let ddl = statements(&before.0, &after.0, &Renames::none());
    let name = &before.0.tables[&"users".into()].columns[2].name;
    assert_eq!(
        ddl[0].sql,
        format!("UPDATE `users` SET `{name}` = 0, `seen` = `seen` WHERE `{name}` IS NULL")
    );
    let review = ddl[0].review.as_deref().expect("it is to be reviewed");
    assert!(
        review.ends_with("; for each of them runs trigger `moves`"),
        "{review}"
    );
}
