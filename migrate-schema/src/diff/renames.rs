//! Renames of tables and columns.

use std::collections::BTreeSet;
use std::fmt;

use crate::schema::{Column, Name, Schema, Table};

/// A table or a column that is the same under another name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Rename {
    /// A table.
    Table {
        /// The name it had.
        from: Name,
        /// The name it has.
        to: Name,
    },
    /// A column.
    Column {
        /// The table, by its new name.
        table: Name,
        /// The name it had.
        from: String,
        /// The name it has.
        to: String,
    },
}

/// The renames that are known. Without them, an object is dropped and another is created.
///
/// Names that are in neither schema are ignored; [`Rename::parse`] rejects them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renames(BTreeSet<Rename>);

/// A word that names no table or column to be renamed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownRename {
    /// It lacks the `=`.
    #[error("`{0}` does not say what it is renamed to; write `old=new` or `table.old=new`")]
    NoTarget(String),
    /// There is no such table or column before.
    #[error("there is no table or column `{0}` to rename")]
    NotBefore(String),
    /// There is no such table or column after.
    #[error("`{from}` cannot become `{to}`: that is not in the new schema")]
    NotAfter {
        /// What is to be renamed.
        from: String,
        /// What it should become.
        to: String,
    },
}

impl Rename {
    /// Reads `users=accounts`, or `users.email=mail` for a column (`users.email=users.mail` says
    /// the same), by the tables and columns that there are. The table of a column can have its old
    /// name or its new one.
    ///
    /// # Errors
    ///
    /// There is nothing of that name before, or after.
    pub fn parse(
        text: &str,
        from: &Schema,
        to: &Schema,
        known: &Renames,
    ) -> Result<Self, UnknownRename> {
        let Some((old, new)) = text.split_once('=') else {
            return Err(UnknownRename::NoTarget(text.to_owned()));
        };
        let (old, new) = (old.trim(), new.trim());
        let not_after = || UnknownRename::NotAfter {
            from: old.to_owned(),
            to: new.to_owned(),
        };
        let (old_name, new_name) = (Name::from(old), Name::from(new));
        if from.tables.contains_key(&old_name) {
            return match to.tables.contains_key(&new_name) {
                true => Ok(Self::Table {
                    from: old_name,
                    to: new_name,
                }),
                false => Err(not_after()),
            };
        }
        let not_before = || UnknownRename::NotBefore(old.to_owned());
        let table = Name::from(old_name.schema.as_deref().ok_or_else(not_before)?);
        let has = |schema: &Schema, table: &Name, column: &str| {
            let table = schema.tables.get(table);
            table.is_some_and(|table| table.column(column).is_some())
        };
        // The name it had, or else the name it has.
        let ways = [
            (&table, known.table_after(&table).unwrap_or(&table)),
            (known.table_before(&table).unwrap_or(&table), &table),
        ];
        let there = |(old_table, _): &&(&Name, &Name)| has(from, old_table, &old_name.name);
        if !ways.iter().any(|way| there(&way)) {
            return Err(not_before());
        }
        let both = |way: &&(&Name, &Name)| there(way) && has(to, way.1, &new_name.name);
        let (_, new_table) = ways.iter().find(both).ok_or_else(not_after)?;
        Ok(Self::Column {
            table: (*new_table).clone(),
            from: old_name.name,
            to: new_name.name,
        })
    }
}

impl fmt::Display for Rename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table { from, to } => write!(f, "{from}={to}"),
            Self::Column { table, from, to } => {
                let column = |name: &String| Name {
                    schema: Some(table.to_string()),
                    name: name.clone(),
                };
                write!(f, "{}={}", column(from), column(to))
            }
        }
    }
}

impl FromIterator<Rename> for Renames {
    fn from_iter<I: IntoIterator<Item = Rename>>(renames: I) -> Self {
        Self(renames.into_iter().collect())
    }
}

impl Renames {
    /// No renames.
    #[must_use]
    pub const fn none() -> Self {
        Self(BTreeSet::new())
    }

    /// Takes one more.
    pub fn add(&mut self, rename: Rename) {
        self.0.insert(rename);
    }

    /// Iterates over them.
    pub fn iter(&self) -> impl Iterator<Item = &Rename> {
        self.0.iter()
    }

    /// Returns the renames in the reverse direction.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let back = |rename: &Rename| match rename.clone() {
            Rename::Table { from, to } => Rename::Table { from: to, to: from },
            Rename::Column { table, from, to } => Rename::Column {
                table: self.table_before(&table).cloned().unwrap_or(table),
                from: to,
                to: from,
            },
        };
        self.0.iter().map(back).collect()
    }

    fn table_before(&self, after: &Name) -> Option<&Name> {
        self.tables()
            .find_map(|(from, to)| (to == after).then_some(from))
    }

    fn table_after(&self, before: &Name) -> Option<&Name> {
        self.tables()
            .find_map(|(from, to)| (from == before).then_some(to))
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = (&Name, &Name)> {
        self.0.iter().filter_map(|rename| match rename {
            Rename::Table { from, to } => Some((from, to)),
            Rename::Column { .. } => None,
        })
    }

    pub(crate) fn columns(&self) -> impl Iterator<Item = (&Name, &String, &String)> {
        self.0.iter().filter_map(|rename| match rename {
            Rename::Table { .. } => None,
            Rename::Column { table, from, to } => Some((table, from, to)),
        })
    }
}

/// Returns the renames that are likely, to be asked about: a table that goes and one that comes
/// with mostly the same columns; a column that goes and one that comes with the same type in the
/// same place.
///
/// ```
/// use migrate_core::Dialect;
/// use migrate_schema::{Column, Name, Schema, Table, likely_renames};
///
/// let with = |column: &str| {
///     let mut schema = Schema::empty(Dialect::Sqlite);
///     let column = Column { name: column.to_owned(), sql_type: "TEXT".to_owned(), ..Column::default() };
///     let table = Table { columns: vec![column], ..Table::default() };
///     schema.tables.insert(Name::plain("users"), table);
///     schema
/// };
/// let likely = likely_renames(&with("email"), &with("mail"));
/// assert_eq!(likely[0].to_string(), "users.email=users.mail");
/// ```
#[must_use]
pub fn likely_renames(from: &Schema, to: &Schema) -> Vec<Rename> {
    let gone: Vec<_> = from
        .tables
        .iter()
        .filter(|(name, _)| !to.tables.contains_key(*name))
        .collect();
    let mut new: Vec<_> = to
        .tables
        .iter()
        .filter(|(name, _)| !from.tables.contains_key(*name))
        .collect();
    let mut all = Vec::new();
    let mut pairs: Vec<_> = from
        .tables
        .iter()
        .filter_map(|(name, table)| Some((name, table, to.tables.get(name)?)))
        .collect();
    for (name, table) in gone {
        let best = new
            .iter()
            .enumerate()
            .map(|(at, (_, other))| (likeness(table, other), at))
            .max_by_key(|(likeness, at)| (*likeness, std::cmp::Reverse(*at)));
        if let Some((likeness, at)) = best
            && likeness >= 60
        {
            let (new_name, other) = new.remove(at);
            all.push(Rename::Table {
                from: name.clone(),
                to: new_name.clone(),
            });
            pairs.push((new_name, table, other));
        }
    }
    for (name, before, after) in pairs {
        likely_columns(name, before, after, &mut all);
    }
    all
}

/// Returns how many of a hundred columns are the same in two tables.
fn likeness(one: &Table, other: &Table) -> usize {
    let same = |column: &&Column| {
        let of = other.column(&column.name);
        of.is_some_and(|of| of.sql_type == column.sql_type)
    };
    let shared = one.columns.iter().filter(same).count();
    shared * 100 / one.columns.len().max(other.columns.len()).max(1)
}

fn likely_columns(name: &Name, before: &Table, after: &Table, all: &mut Vec<Rename>) {
    let mut found: Vec<(&str, &str)> = Vec::new();
    let gone = || {
        let columns = before.columns.iter().enumerate();
        columns.filter(|(_, column)| after.column(&column.name).is_none())
    };
    let new = || {
        let columns = after.columns.iter().enumerate();
        columns.filter(|(_, column)| before.column(&column.name).is_none())
    };
    let is_free = |found: &[(&str, &str)], old: &Column, new: &Column| {
        old.sql_type == new.sql_type
            && !found
                .iter()
                .any(|(one, other)| *one == old.name || *other == new.name)
    };
    // A place is known by what comes before it, or by its number. A neighbour may be renamed itself.
    let neighbour = |table: &Table, at: usize| {
        let before = at.checked_sub(1).and_then(|at| table.columns.get(at));
        before.map(|column| column.name.clone())
    };
    for (at, column) in gone() {
        let left = neighbour(before, at).map(|left| {
            let renamed = found.iter().find(|(old, _)| *old == left);
            renamed.map_or(left.clone(), |(_, new)| (*new).to_owned())
        });
        let other = new().find(|(other_at, other)| {
            is_free(&found, column, other)
                && (*other_at == at || neighbour(after, *other_at) == left)
        });
        if let Some((_, other)) = other {
            found.push((&column.name, &other.name));
        }
    }
    // So is a pair that is the only one of its type.
    for (_, column) in gone() {
        let alike = |(_, other): &(usize, &Column)| other.sql_type == column.sql_type;
        let mut olds = gone().filter(|(_, old)| !found.iter().any(|(one, _)| *one == old.name));
        let mut news = new().filter(|(_, new)| !found.iter().any(|(_, one)| *one == new.name));
        let (only_old, only_new) = (
            olds.by_ref().filter(alike).count() == 1,
            news.clone().filter(alike).count() == 1,
        );
        if let (true, true, Some((_, other))) = (only_old, only_new, news.find(alike))
            && is_free(&found, column, other)
        {
            found.push((&column.name, &other.name));
        }
    }
    all.extend(found.into_iter().map(|(from, to)| Rename::Column {
        table: name.clone(),
        from: from.to_owned(),
        to: to.to_owned(),
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use migrate_core::Dialect;

    fn of(columns: &str) -> Schema {
        let columns = columns.split_whitespace().map(|column| {
            let (name, sql_type) = column.split_once(':').expect("a type");
            Column {
                name: name.to_owned(),
                sql_type: sql_type.to_owned(),
                ..Column::default()
            }
        });
        let table = Table {
            columns: columns.collect(),
            ..Table::default()
        };
        let mut schema = Schema::empty(Dialect::Sqlite);
        schema.tables.insert(Name::plain("t"), table);
        schema
    }

    #[test]
    fn columns_that_may_only_have_another_name() {
        for (before, after, expected) in [
            // The only pair of its type, although its place has moved.
            (
                "id:int name:text born:date on:bool",
                "id:int full_name:text phone:text birthday:date on:bool",
                "t.name=t.full_name t.born=t.birthday",
            ),
            // Beside a neighbour that is renamed itself.
            (
                "id:int a:text b:text on:bool",
                "x:int id:int c:text d:text on:bool",
                "t.a=t.c t.b=t.d",
            ),
            // Two that may be it, in other places: nobody knows.
            ("id:int a:text on:bool", "id:int on:bool c:text d:text", ""),
            ("id:int a:text", "id:int b:int", ""),
        ] {
            let likely = likely_renames(&of(before), &of(after));
            let likely: Vec<_> = likely.iter().map(ToString::to_string).collect();
            assert_eq!(likely.join(" "), expected, "{before} and {after}");
        }
    }
}
