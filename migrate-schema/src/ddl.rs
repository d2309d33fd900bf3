//! The SQL that leads from one schema to another.

pub(super) mod clause;
pub(super) mod definition;
mod mysql;
mod postgres;
mod sqlite;
mod tables;

use std::fmt::{self, Write as _};

use crate::diff::Transition;
use crate::diff::renames::Renames;
use crate::schema::Schema;
use migrate_core::Dialect;
use migrate_sql::{Lexer, TokenKind, split};

/// A statement that changes a schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ddl {
    /// The SQL, without a `;` at its end.
    pub sql: String,
    /// What data it loses, in a line.
    pub destructive: Option<String>,
    /// What to review, in a line: a placeholder value, or rows that can make it fail.
    pub review: Option<String>,
}

impl Ddl {
    pub(super) fn new(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            ..Self::default()
        }
    }

    pub(super) fn with_data_loss(mut self, what: impl Into<String>) -> Self {
        self.destructive = Some(what.into());
        self
    }

    pub(super) fn with_review(mut self, why: impl Into<String>) -> Self {
        self.review = Some(why.into());
        self
    }
}

/// Returns the statements that lead from one schema to another, in their order.
///
/// They make the changes of [`diff`](crate::diff()) and what these require: views that block a change
/// are dropped and recreated, foreign keys are added after both their tables, and on SQLite a table is
/// rebuilt if `ALTER TABLE` cannot change it
/// (<https://sqlite.org/lang_altertable.html#otheralter>; the caller turns foreign keys off and runs
/// everything in one transaction). For the reverse, exchange the schemas and use
/// [`Renames::reversed`].
///
/// # Data loss
///
/// Statements that lose data have [`Ddl::destructive`].
#[must_use]
pub fn statements(from: &Schema, to: &Schema, renames: &Renames) -> Vec<Ddl> {
    let transition = Transition::new(from, to, renames);
    match to.dialect {
        Dialect::Sqlite => sqlite::statements(&transition),
        Dialect::Postgres => postgres::statements(&transition),
        Dialect::MySql => mysql::statements(&transition),
    }
}

/// Returns the statements that make a schema in an empty database.
///
/// ```
/// use migrate_core::Dialect;
/// use migrate_schema::{Column, Name, Schema, Table, create};
///
/// let mut schema = Schema::empty(Dialect::Sqlite);
/// let id = Column { name: "id".to_owned(), sql_type: "TEXT".to_owned(), ..Column::default() };
/// schema.tables.insert(Name::plain("users"), Table { columns: vec![id], ..Table::default() });
///
/// assert_eq!(create(&schema)[0].sql, "CREATE TABLE \"users\" (\n    \"id\" TEXT NOT NULL\n)");
/// ```
#[must_use]
pub fn create(schema: &Schema) -> Vec<Ddl> {
    statements(&Schema::empty(schema.dialect), schema, &Renames::none())
}

/// Writes statements as the section of a revision file: each with its `;`, and with comments that
/// say what it loses and what to review.
#[must_use]
pub fn script(dialect: Dialect, statements: &[Ddl]) -> String {
    let mut text = String::new();
    for ddl in statements {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "{}", Written(dialect, ddl));
    }
    text
}

/// Writes the statements that make a schema for the database's own client: `psql`, `mariadb` or
/// `mysql`, `sqlite3`. They split a script in their own ways, and need no transaction around it.
///
/// ```
/// use migrate_core::Dialect;
/// use migrate_schema::{Name, Schema, View, dump};
///
/// let mut schema = Schema::empty(Dialect::Sqlite);
/// let view = View { definition: "SELECT 1".to_owned(), ..View::default() };
/// schema.views.insert(Name::plain("one"), view);
///
/// assert_eq!(dump(&schema), "CREATE VIEW \"one\" AS SELECT 1;\n");
/// ```
#[must_use]
pub fn dump(schema: &Schema) -> String {
    let mut text = String::new();
    for ddl in create(schema) {
        // A setting of the transaction is gone before the next statement.
        let sql = match ddl.sql.strip_prefix("SET LOCAL ") {
            Some(setting) if schema.dialect == Dialect::Postgres => format!("SET {setting}"),
            _ => ddl.sql,
        };
        let is_cut = schema.dialect == Dialect::MySql && has_semicolon(&sql);
        let _infallible = match is_cut {
            true => writeln!(text, "DELIMITER //\n{sql}//\nDELIMITER ;"),
            false => writeln!(text, "{sql};"),
        };
    }
    text
}

/// Returns whether a client that does not know bodies would split a statement.
fn has_semicolon(sql: &str) -> bool {
    let mut lexer = Lexer::new(Dialect::MySql, sql);
    std::iter::from_fn(|| lexer.next_token().ok().flatten())
        .any(|token| token.kind == TokenKind::Terminator)
}

struct Written<'a>(Dialect, &'a Ddl);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(dialect, ddl) = self;
        for (word, line) in [("destructive", &ddl.destructive), ("review", &ddl.review)] {
            if let Some(line) = line {
                writeln!(f, "-- {word}: {}", line.replace('\n', " "))?;
            }
        }
        let sql = &ddl.sql;
        // A body that would be cut at its own `;` needs another end.
        let whole = split(*dialect, sql).is_ok_and(|parts| parts.len() <= 1);
        match whole || *dialect != Dialect::MySql {
            true => writeln!(f, "{sql};"),
            false => writeln!(f, "DELIMITER //\n{sql}//\nDELIMITER ;"),
        }
    }
}

/// Collects statements.
#[derive(Debug, Default)]
struct Out(Vec<Ddl>);

impl Out {
    fn add(&mut self, sql: impl Into<String>) {
        self.0.push(Ddl::new(sql));
    }

    fn push(&mut self, ddl: Ddl) {
        self.0.push(ddl);
    }
}
