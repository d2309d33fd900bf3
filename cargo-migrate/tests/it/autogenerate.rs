//! What Alembic's autogenerate finds, may find, and does not find
//! (<https://alembic.sqlalchemy.org/en/latest/autogenerate.html#what-does-autogenerate-detect-and-what-does-it-not-detect>):
//! all of it is found here, on each database and with rows in the tables, leads there and back,
//! and then nothing is left to do.

use migrate_core::Dialect;
use migrate_tests::{TestDatabase, TestProject};

use crate::{Done as _, project};

const USERS: &str = "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(100), age INTEGER NOT NULL);\n";

/// A change of a schema.
struct Case {
    before: String,
    after: String,
    /// What is told of it.
    told: &'static [&'static str],
    /// What is told of the way back.
    told_back: &'static [&'static str],
    /// What only has another name.
    rename: Option<(&'static str, &'static str)>,
    /// The table with the rows, before and after.
    rows: (&'static str, &'static str),
}

impl Case {
    fn new(before: impl Into<String>, after: impl Into<String>) -> Self {
        Self {
            before: before.into(),
            after: after.into(),
            told: &[],
            told_back: &[],
            rename: None,
            rows: ("users", "users"),
        }
    }

    fn told(mut self, there: &'static [&'static str], back: &'static [&'static str]) -> Self {
        self.told = there;
        self.told_back = back;
        self
    }
}

/// The project on a database.
struct Tried {
    database: TestDatabase,
    project: TestProject,
}

impl Tried {
    /// Writes the revision that makes this schema, and takes these steps.
    async fn goes(
        &self,
        id: &str,
        schema: &str,
        rename: Option<String>,
        steps: &[&str],
        ends: (&str, &str),
    ) -> String {
        let project = &self.project;
        project.write("schema.sql", schema);
        let mut arguments = vec![
            "new",
            "--auto",
            id,
            "--schema",
            "schema.sql",
            "--rev-id",
            id,
        ];
        if let Some(rename) = &rename {
            arguments.extend(["--rename", rename]);
        }
        let written = project.run(arguments).success();
        assert!(
            written.stdout.contains(".sql"),
            "nothing was found: {written}"
        );
        for step in steps {
            let table = match *step {
                "run" => ends.1,
                _ => ends.0,
            };
            project.run([step, "-q"]).success().done();
            project.run(["verify", "-q"]).success().done();
            let query = format!("SELECT CAST(age AS CHAR(2)) FROM {table} ORDER BY id");
            assert_eq!(
                self.database.rows(&query).await,
                [["41"], ["42"]],
                "{step}\n{written}"
            );
        }
        let again = project.run(["new", "--auto", "again", "--schema", "schema.sql"]);
        assert_eq!(
            again.success().stdout,
            "",
            "a second look finds something\n{written}"
        );
        written.stderr
    }
}

async fn found(dialect: Dialect, name: &str, case: Case) {
    let database = TestDatabase::create(dialect, &format!("cli_auto_{name}")).await;
    let project = project();
    project.write(
        "migrate.toml",
        format!("dialects = [\"{dialect}\"]\n[env.dev]\nurl = \"${{TEST_URL}}\"\n"),
    );
    project.write(".env", format!("TEST_URL={}\n", database.url()));
    project.run(["init", "-q"]).success().done();
    project.write("schema.sql", &case.before);
    project
        .run([
            "new",
            "--auto",
            "a",
            "--schema",
            "schema.sql",
            "--rev-id",
            "a",
            "-q",
        ])
        .success()
        .done();
    project.run(["run", "-q"]).success().done();
    let (before, after) = case.rows;
    for (id, age) in [(1, 41), (2, 42)] {
        let email = match dialect {
            // An enum has few values.
            _ if case.before.contains("'ok'") => "ok".to_owned(),
            _ => format!("{id}@example.org"),
        };
        let row = format!("INSERT INTO {before} (id, email, age) VALUES ({id}, '{email}', {age})");
        database.execute(&row).await;
    }
    let tried = Tried { database, project };
    let rename = |(old, new): (&str, &str)| format!("{old}={new}");
    let there = case.rename.map(rename);
    let back = case.rename.map(|(old, new)| rename((new, old)));
    let said = tried
        .goes(
            "b",
            &case.after,
            there,
            &["run", "revert", "run"],
            (before, after),
        )
        .await;
    for words in case.told {
        assert!(said.contains(words), "{words} is not in\n{said}");
    }
    let said = tried
        .goes("c", &case.before, back, &["run"], (after, before))
        .await;
    for words in case.told_back {
        assert!(said.contains(words), "{words} is not in\n{said}");
    }
}

/// A test for each database.
macro_rules! cases {
    ($($name:ident on $($database:ident)+: |$dialect:pat_param| $case:expr;)*) => {$(
        mod $name {
            use super::*;

            fn case($dialect: Dialect) -> Case {
                $case
            }
            $(cases!(@one $name $database);)+
        }
    )*};
    (@one $name:ident sqlite) => {
        #[tokio::test]
        async fn on_sqlite() {
            found(Dialect::Sqlite, stringify!($name), case(Dialect::Sqlite)).await;
        }
    };
    (@one $name:ident postgres) => {
        #[tokio::test]
        async fn on_postgres() {
            found(Dialect::Postgres, stringify!($name), case(Dialect::Postgres)).await;
        }
    };
    (@one $name:ident mariadb) => {
        #[tokio::test]
        async fn on_mariadb() {
            found(Dialect::MySql, stringify!($name), case(Dialect::MySql)).await;
        }
    };
}

fn with(more: &str) -> String {
    format!("{USERS}{more};\n")
}

/// The table with something else in it, behind the columns or instead of something.
fn within(more: &str) -> String {
    USERS.replace(");\n", &format!(", {more});\n"))
}

fn instead(old: &str, new: &str) -> String {
    assert!(USERS.contains(old));
    USERS.replace(old, new)
}

cases! {
    // Detected by Alembic.
    tables on sqlite postgres mariadb: |_| Case::new(
        USERS,
        with("CREATE TABLE posts (id INTEGER NOT NULL PRIMARY KEY, title VARCHAR(20) NOT NULL)"),
    ).told(&["create table `posts`"], &["drop table `posts` loses data"]);
    columns on sqlite postgres mariadb: |_| Case::new(USERS, within("nick VARCHAR(20)"))
        .told(&["add column `users.nick`"], &["drop column `users.nick` loses data"]);
    columns_that_are_not_null on sqlite postgres mariadb: |_| Case::new(USERS, within("nick VARCHAR(20) NOT NULL"))
        .told(&["add column `users.nick`"], &["drop column `users.nick` loses data"]);
    nullable_status on sqlite postgres mariadb: |_| Case::new(USERS, instead("VARCHAR(100)", "VARCHAR(100) NOT NULL"))
        .told(&["alter column `users.email`: not null"], &["alter column `users.email`: allows null"]);
    indexes on sqlite postgres mariadb: |_| Case::new(USERS, with("CREATE INDEX by_age ON users (age, email)"))
        .told(&["create index `by_age` on `users`"], &["drop index `by_age` of `users`"]);
    unique_indexes on sqlite postgres mariadb: |_| Case::new(
        with("CREATE INDEX by_age ON users (age)"),
        with("CREATE UNIQUE INDEX by_age ON users (age)"),
    ).told(&["`by_age`"], &["`by_age`"]);
    named_unique_constraints on sqlite postgres mariadb: |_| Case::new(USERS, within("CONSTRAINT one_age UNIQUE (age)"))
        .told(&["add unique constraint `one_age` to `users`"], &["drop unique constraint `one_age` of `users`"]);
    foreign_keys on sqlite postgres mariadb: |_| {
        let team = "CREATE TABLE team (id INTEGER NOT NULL PRIMARY KEY);\n";
        let key = ", team INTEGER, CONSTRAINT of_team FOREIGN KEY (team) REFERENCES team (id) ON DELETE SET NULL";
        Case::new(
            format!("{team}{}", within("team INTEGER")),
            format!("{team}{}", USERS.replace(");\n", &format!("{key});\n"))),
        ).told(&["add foreign key `of_team` to `users`"], &["drop foreign key `of_team` of `users`"])
    };
    comments on postgres mariadb: |dialect| match dialect {
        Dialect::MySql => Case::new(USERS, instead("VARCHAR(100)", "VARCHAR(100) COMMENT 'where to write'")),
        _ => Case::new(USERS, with("COMMENT ON COLUMN users.email IS 'where to write'")),
    }.told(&["`users.email`"], &["`users.email`"]);

    // Optional in Alembic.
    column_types on sqlite postgres mariadb: |_| Case::new(USERS, instead("age INTEGER", "age BIGINT"))
        .told(&["alter column `users.age`: type"], &["alter column `users.age`: type"]);
    server_defaults on sqlite postgres mariadb: |_| Case::new(USERS, instead("INTEGER NOT NULL)", "INTEGER NOT NULL DEFAULT 18)"))
        .told(&["alter column `users.age`: default"], &["alter column `users.age`: no default"]);

    // What Alembic cannot find.
    table_names on sqlite postgres mariadb: |_| Case {
        rename: Some(("users", "people")),
        rows: ("users", "people"),
        ..Case::new(USERS, instead("TABLE users", "TABLE people"))
    }.told(&["rename table `users`"], &["rename table `people`"]);
    column_names on sqlite postgres mariadb: |_| Case {
        rename: Some(("users.email", "users.mail")),
        ..Case::new(USERS, instead("email", "mail"))
    }.told(&["rename column `users.email`"], &["rename column `users.mail`"]);
    constraints_without_a_name on sqlite postgres mariadb: |_| Case::new(
        within("boss INTEGER"),
        within("boss INTEGER, UNIQUE (age), CHECK (age > 0), FOREIGN KEY (boss) REFERENCES users (id)"),
    );
    enums on sqlite postgres mariadb: |dialect| {
        let of = |list: &str| match dialect {
            Dialect::Sqlite => instead("VARCHAR(100)", &format!("VARCHAR(100) CHECK (email IN ({list}))")),
            Dialect::MySql => instead("VARCHAR(100)", &format!("ENUM({list})")),
            Dialect::Postgres => format!("CREATE TYPE mood AS ENUM ({list});\n{}", instead("VARCHAR(100)", "mood")),
        };
        Case::new(of("'sad', 'ok'"), of("'sad', 'ok', 'glad'"))
    };

    // What Alembic has not implemented.
    check_constraints on sqlite postgres mariadb: |_| Case::new(USERS, within("CONSTRAINT grown CHECK (age > 17)"))
        .told(&["add check `grown` to `users`"], &["drop check `grown` of `users`"]);
    exclusion_constraints on postgres: |_| Case::new(
        USERS,
        within("CONSTRAINT apart EXCLUDE USING gist (int4range(age, age + 1) WITH &&)"),
    ).told(&["add exclusion constraint `apart` to `users`"], &["drop exclusion constraint `apart` of `users`"]);
    primary_keys on sqlite postgres mariadb: |_| Case::new(
        instead(" PRIMARY KEY", ""),
        instead(" PRIMARY KEY, email VARCHAR(100), age INTEGER NOT NULL", ", email VARCHAR(100), age INTEGER NOT NULL, PRIMARY KEY (id, age)"),
    ).told(&["add primary key"], &["drop primary key"]);
    sequences on postgres mariadb: |_| Case::new(USERS, with("CREATE SEQUENCE tickets INCREMENT BY 2"))
        .told(&["create sequence `tickets`"], &["drop sequence `tickets`"]);
    sequences_that_change on postgres mariadb: |_| Case::new(
        with("CREATE SEQUENCE tickets INCREMENT BY 2"),
        with("CREATE SEQUENCE tickets INCREMENT BY 3"),
    ).told(&["alter sequence `tickets`"], &["alter sequence `tickets`"]);
    generated_columns on sqlite postgres mariadb: |_| Case::new(
        USERS,
        within("twice INTEGER GENERATED ALWAYS AS (age * 2) STORED"),
    ).told(&["add column `users.twice`"], &["drop column `users.twice`"]);
    views on sqlite postgres mariadb: |_| Case::new(USERS, with("CREATE VIEW ages AS SELECT age FROM users"))
        .told(&["create view `ages`"], &["drop view `ages`"]);
}
