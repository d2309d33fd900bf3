//! The session that statements run in: some set it for themselves, and none leaves it to others.

use std::collections::{BTreeMap, BTreeSet};

use crate::ddl::Ddl;
use crate::schema::stored_session::{with_session, without_session};
use crate::schema::{Column, Table};

/// Sets the session for those statements that need another one, as a dump does, and puts it back
/// before the next that does not, and at the end.
pub(super) fn set_and_restore(statements: Vec<Ddl>) -> Vec<Ddl> {
    let mut written = Vec::with_capacity(statements.len());
    let mut now: BTreeMap<String, String> = BTreeMap::new();
    let mut saved: BTreeSet<String> = BTreeSet::new();
    let ends = std::iter::once(Ddl::default());
    for mut ddl in statements.into_iter().chain(ends) {
        let (settings, statement) = without_session(&ddl.sql);
        let wanted: BTreeMap<&str, &str> = settings.into_iter().collect();
        let mut keep: Vec<String> = Vec::new();
        let mut set: Vec<String> = Vec::new();
        now.retain(|name, _| {
            let stays = wanted.contains_key(name.as_str());
            if !stays {
                set.push(format!("{name} = @{name}_before"));
            }
            stays
        });
        for (name, value) in &wanted {
            if now.get(*name).is_some_and(|now| now == value) {
                continue;
            }
            if saved.insert((*name).to_owned()) {
                keep.push(format!("@{name}_before = @@{name}"));
            }
            set.push(format!("{name} = {value}"));
            now.insert((*name).to_owned(), (*value).to_owned());
        }
        for assignments in [keep, set] {
            if !assignments.is_empty() {
                written.push(Ddl::new(format!("SET {}", assignments.join(", "))));
            }
        }
        if !statement.is_empty() {
            ddl.sql = statement.to_owned();
            written.push(ddl);
        }
    }
    written
}

/// The modes of the session without those that refuse a date of zeros; `TRADITIONAL` stands for
/// both (MySQL manual, "Server SQL Modes").
const WITH_ZERO_DATES: (&str, &str) = (
    "sql_mode",
    "REPLACE(REPLACE(REPLACE(@sql_mode_before,'TRADITIONAL',''),'NO_ZERO_IN_DATE',''),'NO_ZERO_DATE','')",
);

/// Without it, MariaDB alters no table that has a history (its error 4119).
const WITH_HISTORY: (&str, &str) = ("system_versioning_alter_history", "'KEEP'");

/// Writes a statement about a table, with the session that it needs; `tables` is what is there
/// before and after.
pub(super) fn of_tables(sql: &str, tables: &[&Table], alters: bool) -> String {
    let columns = || tables.iter().flat_map(|table| &table.columns);
    let is_versioned = |table: &&Table| table.options.has("WITH SYSTEM VERSIONING");
    let mut settings = Vec::new();
    if columns().any(has_zero_date) {
        settings.push(WITH_ZERO_DATES);
    }
    if alters && tables.first().is_some_and(is_versioned) {
        settings.push(WITH_HISTORY);
    }
    with_session(&settings, sql)
}

/// Returns whether a column's default is a date with a part that is zero, which a server takes by
/// default no more, for no change of its table.
fn has_zero_date(column: &Column) -> bool {
    let sql_type = column.sql_type.to_lowercase();
    let is_time = ["date", "timestamp"]
        .iter()
        .any(|word| sql_type.starts_with(word));
    let default = column.default.as_deref().unwrap_or_default();
    let date = default.trim().strip_prefix('\'').unwrap_or_default();
    let mut parts = date.split(['-', ' ', '\'']).skip(1);
    is_time && (parts.next() == Some("00") || parts.next() == Some("00"))
}

#[cfg(test)]
mod tests {
    use super::{Ddl, has_zero_date, set_and_restore};
    use crate::schema::Column;

    #[test]
    fn a_session_is_set_once_and_restored() {
        let written = |statements: &[&str]| -> Vec<String> {
            let statements = statements.iter().map(|sql| Ddl::new(*sql)).collect();
            let ddl = set_and_restore(statements).into_iter();
            ddl.map(|ddl| ddl.sql).collect()
        };
        assert_eq!(written(&["A", "B"]), ["A", "B"]);
        assert_eq!(
            written(&[
                "SET sql_mode = 'X';\nA",
                "SET sql_mode = 'X', time_zone = '+00:00';\nB",
                "C",
                "SET sql_mode = 'Y';\nD",
            ]),
            [
                "SET @sql_mode_before = @@sql_mode",
                "SET sql_mode = 'X'",
                "A",
                "SET @time_zone_before = @@time_zone",
                "SET time_zone = '+00:00'",
                "B",
                "SET sql_mode = @sql_mode_before, time_zone = @time_zone_before",
                "C",
                "SET sql_mode = 'Y'",
                "D",
                "SET sql_mode = @sql_mode_before",
            ]
        );
    }

    #[test]
    fn dates_of_zeros() {
        for (sql_type, default, expected) in [
            ("datetime", "'0000-00-00 00:00:00'", true),
            ("date", "'2000-00-01'", true),
            ("timestamp(3)", "'2000-01-00'", true),
            ("date", "'2000-01-01'", false),
            ("datetime", "current_timestamp()", false),
            ("varchar(20)", "'0000-00-00'", false),
        ] {
            let column = Column {
                sql_type: sql_type.to_owned(),
                default: Some(default.to_owned()),
                ..Column::default()
            };
            assert_eq!(has_zero_date(&column), expected, "{sql_type} {default}");
        }
    }
}
