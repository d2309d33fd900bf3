//! The difference of two schemas of a thousand tables, and the SQL of it.

use std::time::{Duration, Instant};

use migrate_core::Dialect;
use migrate_schema::{
    Column, ForeignKey, Index, IndexPart, Key, Name, Renames, Schema, Table, diff, likely_renames,
    statements,
};

use crate::{median, millis};

pub(crate) const TABLES: usize = 1_000;
const ROUNDS: usize = 9;

pub(crate) fn measure() {
    println!("schemas of {TABLES} tables with ten columns each; medians\n");
    println!(
        "{:<10} {:<28} {:>12} {:>12} {:>12}",
        "", "", "diff", "SQL", "renames"
    );
    for dialect in Dialect::ALL {
        let large = schema(dialect, "bigint");
        for (what, from, to) in [
            ("all the same", &large, &large),
            ("one column in each", &large, &schema(dialect, "text")),
            ("from nothing", &Schema::empty(dialect), &large),
        ] {
            let times = |work: &dyn Fn()| {
                let times: Vec<Duration> = (0..ROUNDS)
                    .map(|_| {
                        let began = Instant::now();
                        work();
                        began.elapsed()
                    })
                    .collect();
                millis(median(&times))
            };
            println!(
                "{:<10} {what:<28} {:>12} {:>12} {:>12}",
                dialect.as_str(),
                times(&|| drop(std::hint::black_box(diff(from, to, &Renames::none())))),
                times(&|| drop(std::hint::black_box(statements(from, to, &Renames::none())))),
                times(&|| drop(std::hint::black_box(likely_renames(from, to)))),
            );
        }
    }
}

/// A thousand tables with ten columns, a primary, a unique and a foreign key, and an index each.
pub(crate) fn schema(dialect: Dialect, last: &str) -> Schema {
    let mut schema = Schema::empty(dialect);
    for number in 0..TABLES {
        let column = |at: usize| Column {
            name: format!("column_{at}"),
            sql_type: if at == 9 { last } else { "bigint" }.to_owned(),
            nullable: at > 0,
            ..Column::default()
        };
        let name = |what: &str| Some(format!("t{number}_{what}"));
        let key = ForeignKey {
            columns: vec!["column_1".to_owned()],
            table: Name::plain(format!("table_{}", number / 2)),
            references: vec!["column_0".to_owned()],
            name: name("fkey"),
            ..ForeignKey::default()
        };
        let part = IndexPart {
            over: "column_2".to_owned(),
            ..IndexPart::default()
        };
        let index = Index {
            parts: vec![part],
            ..Index::default()
        };
        let table = Table {
            columns: (0..10).map(column).collect(),
            primary_key: Some(Key {
                columns: vec!["column_0".to_owned()],
                name: name("pkey"),
                ..Key::default()
            }),
            uniques: vec![Key {
                columns: vec!["column_3".to_owned()],
                name: name("key"),
                ..Key::default()
            }],
            foreign_keys: vec![key],
            indexes: [(format!("t{number}_index"), index)].into(),
            ..Table::default()
        };
        schema
            .tables
            .insert(Name::plain(format!("table_{number}")), table);
    }
    schema
}
