//! Small schemas, the same for each dialect.

use migrate_core::Dialect;
use migrate_schema::{
    Check, Column, Enum, ForeignKey, Generated, Identity, Index, IndexPart, Key, Name, Renames,
    Schema, Sequence, Table, View, diff, script, statements,
};

/// A schema that is built step by step.
#[derive(Clone, Debug)]
pub(crate) struct Build(pub(crate) Schema);

/// The name that each dialect has for a type.
pub(crate) fn sql_type(dialect: Dialect, word: &str) -> String {
    match (dialect, word) {
        (Dialect::Sqlite, "int" | "bigint") => "INTEGER",
        (Dialect::Sqlite, _) => "TEXT",
        (Dialect::Postgres, "int") => "integer",
        (Dialect::Postgres, "short") => "character varying(20)",
        (Dialect::Postgres, word) => word,
        (Dialect::MySql, "int") => "int(11)",
        (Dialect::MySql, "bigint") => "bigint(20)",
        (Dialect::MySql, "short") => "varchar(20)",
        (Dialect::MySql, word) => word,
    }
    .to_owned()
}

impl Build {
    pub(crate) const fn new(dialect: Dialect) -> Self {
        Self(Schema::empty(dialect))
    }

    /// A schema with `users (id, email, age)`.
    pub(crate) fn users(dialect: Dialect) -> Self {
        Self::new(dialect)
            .table(
                "users",
                &[("id", "bigint"), ("email", "text"), ("age", "int")],
            )
            .change("users", |table| {
                table.columns[0].nullable = false;
                table.primary_key = Some(key(
                    &["id"],
                    (dialect == Dialect::Postgres).then_some("users_pkey"),
                ));
            })
    }

    pub(crate) fn table(mut self, name: &str, columns: &[(&str, &str)]) -> Self {
        let table = Table {
            columns: columns
                .iter()
                .map(|(name, word)| column(self.0.dialect, name, word))
                .collect(),
            ..Table::default()
        };
        self.0.tables.insert(Name::plain(name), table);
        self
    }

    pub(crate) fn change(mut self, table: &str, change: impl FnOnce(&mut Table)) -> Self {
        change(
            self.0
                .tables
                .get_mut(&Name::plain(table))
                .expect("the table is there"),
        );
        self
    }

    pub(crate) fn without(mut self, table: &str) -> Self {
        self.0
            .tables
            .remove(&Name::plain(table))
            .expect("the table is there");
        self
    }

    pub(crate) fn add_column(
        self,
        table: &str,
        name: &str,
        word: &str,
        change: impl FnOnce(&mut Column),
    ) -> Self {
        let mut new = column(self.0.dialect, name, word);
        change(&mut new);
        self.change(table, |table| table.columns.push(new))
    }

    pub(crate) fn view(mut self, name: &str, definition: &str) -> Self {
        let view = View {
            definition: definition.to_owned(),
            ..View::default()
        };
        self.0.views.insert(Name::plain(name), view);
        self
    }

    pub(crate) fn values(mut self, name: &str, values: &[&str]) -> Self {
        let of = Enum {
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            comment: None,
        };
        self.0.enums.insert(Name::plain(name), of);
        self
    }

    pub(crate) fn sequence(mut self, name: &str, increment: i64) -> Self {
        let sequence = Sequence {
            sql_type: "bigint".to_owned(),
            start: 1,
            increment,
            min: 1,
            max: 100,
            cache: 1,
            ..Sequence::default()
        };
        self.0.sequences.insert(Name::plain(name), sequence);
        self
    }
}

pub(crate) fn column(dialect: Dialect, name: &str, word: &str) -> Column {
    Column {
        name: name.to_owned(),
        sql_type: sql_type(dialect, word),
        nullable: true,
        ..Column::default()
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub(crate) fn key(columns: &[&str], name: Option<&str>) -> Key {
    Key {
        columns: strings(columns),
        name: name.map(str::to_owned),
        ..Key::default()
    }
}

pub(crate) fn foreign_key(column: &str, table: &str, name: Option<&str>) -> ForeignKey {
    ForeignKey {
        columns: strings(&[column]),
        table: Name::plain(table),
        references: strings(&["id"]),
        name: name.map(str::to_owned),
        ..ForeignKey::default()
    }
}

pub(crate) fn check(expression: &str, name: Option<&str>) -> Check {
    Check {
        expression: expression.to_owned(),
        name: name.map(str::to_owned),
        ..Check::default()
    }
}

pub(crate) fn index(columns: &[&str]) -> Index {
    Index {
        parts: columns
            .iter()
            .map(|column| IndexPart {
                over: (*column).to_owned(),
                ..IndexPart::default()
            })
            .collect(),
        ..Index::default()
    }
}

pub(crate) fn generated(expression: &str) -> Option<Generated> {
    Some(Generated {
        expression: expression.to_owned(),
        stored: true,
    })
}

/// Who numbers a column, as each dialect has it.
pub(crate) const fn numbered(dialect: Dialect) -> Option<Identity> {
    match dialect {
        Dialect::Postgres => Some(Identity::ByDefault),
        Dialect::Sqlite | Dialect::MySql => Some(Identity::AutoIncrement),
    }
}

/// The changes in words.
pub(crate) fn told(from: &Build, to: &Build) -> Vec<String> {
    let changes = diff(&from.0, &to.0, &Renames::none());
    changes.iter().map(ToString::to_string).collect()
}

/// What leads there, and back, on each dialect.
pub(crate) fn both_ways(case: impl Fn(Dialect) -> (Build, Build), renames: &Renames) -> String {
    let mut text = String::new();
    for dialect in Dialect::ALL {
        let (Build(from), Build(to)) = case(dialect);
        for (way, sql) in [
            ("up", script(dialect, &statements(&from, &to, renames))),
            (
                "down",
                script(dialect, &statements(&to, &from, &renames.reversed())),
            ),
        ] {
            text.extend(["== ", dialect.as_str(), " ", way, "\n", &sql, "\n"]);
        }
    }
    text
}
