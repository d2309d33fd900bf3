//! All that changes about a table, as one statement.

use std::collections::{BTreeMap, BTreeSet};

use super::{DIALECT, partitions, session, table};
use crate::ddl::clause::Extra;
use crate::ddl::{Ddl, Out};
use crate::diff::Transition;
use crate::diff::change::{Change, Constraint, Object, Renamed};
use crate::schema::text::Words;
use crate::schema::types;
use crate::schema::{Check, Column, Name, OptionValue, Schema, Table};

/// The changes of a table.
pub(super) struct Alter<'a> {
    schema: &'a Schema,
    name: &'a Name,
    before: &'a Table,
    after: &'a Table,
    /// The columns that have another name in the database still, by their new names.
    old_names: BTreeMap<String, String>,
    /// The columns that are dropped and added again, as their expression cannot be altered.
    rebuilt: BTreeSet<&'a str>,
    /// The columns whose definition is written again.
    altered: BTreeSet<&'a str>,
    dropped: BTreeSet<&'a str>,
    /// The constraints and indexes that are dropped, and added.
    gone: Vec<Constraint>,
    new: Vec<Constraint>,
    gone_indexes: BTreeSet<&'a str>,
    new_indexes: BTreeSet<&'a str>,
    renamed_indexes: Vec<(&'a str, &'a str)>,
    options: Vec<(&'a str, Option<&'a OptionValue>)>,
    lost: Vec<String>,
}

impl<'a> Alter<'a> {
    pub(super) fn new(
        transition: &'a Transition<'a>,
        name: &'a Name,
        changes: &[&'a Change],
    ) -> Self {
        let mut alter = Self {
            schema: transition.to,
            name,
            before: &transition.after_renames.schema.tables[name],
            after: &transition.to.tables[name],
            old_names: BTreeMap::new(),
            rebuilt: BTreeSet::new(),
            altered: BTreeSet::new(),
            dropped: BTreeSet::new(),
            gone: Vec::new(),
            new: Vec::new(),
            gone_indexes: BTreeSet::new(),
            new_indexes: BTreeSet::new(),
            renamed_indexes: Vec::new(),
            options: Vec::new(),
            lost: Vec::new(),
        };
        for change in changes {
            alter.take(change);
        }
        alter.follow_collation();
        alter.follow_columns();
        alter
    }

    fn take(&mut self, change: &'a Change) {
        if change.is_destructive(DIALECT) {
            self.lost.push(change.to_string());
        }
        match change {
            Change::Rename(Renamed::Column { from, to, .. }) => {
                // All steps happen at once here.
                let first = self.old_names.remove(from).unwrap_or_else(|| from.clone());
                self.old_names.insert(to.clone(), first);
            }
            Change::Drop(Object::Column { value: column, .. }) => {
                self.dropped.insert(&column.name);
            }
            Change::Alter {
                from: Object::Column { value: from, .. },
                to: Object::Column { value: to, .. },
            } => match must_be_recreated(from, to) {
                true => {
                    self.rebuilt.insert(&to.name);
                }
                false => {
                    self.altered.insert(&to.name);
                }
            },
            Change::Create(Object::Constraint {
                value: constraint, ..
            }) => self.new_constraint(constraint),
            Change::Drop(Object::Constraint {
                value: constraint, ..
            }) => self.gone_constraint(constraint),
            Change::Rename(Renamed::Constraint { from, to, .. }) => match (from, to) {
                (Constraint::Unique(from), Constraint::Unique(to)) => {
                    if let (Some(from), Some(to)) = (&from.name, &to.name) {
                        self.renamed_indexes.push((from, to));
                    }
                }
                (from, to) => {
                    self.gone_constraint(from);
                    self.new_constraint(to);
                }
            },
            Change::Create(Object::Index { name, .. }) => {
                self.new_indexes.insert(name);
            }
            Change::Drop(Object::Index { name, .. }) => {
                self.gone_indexes.insert(name);
            }
            Change::Rename(Renamed::Index { from, to, .. }) => {
                self.renamed_indexes.push((from, to));
            }
            Change::Create(Object::Option { name, value, .. })
            | Change::Alter {
                to: Object::Option { name, value, .. },
                ..
            } => self.options.push((name, Some(value))),
            Change::Drop(Object::Option { name, .. }) => self.options.push((name, None)),
            _ => {}
        }
    }

    fn of_column(&mut self, check: &'a Check) -> bool {
        let column = check.options.value("COLUMN");
        if let Some(column) = column
            && self.before.column(column).is_some()
            && self.after.column(column).is_some()
        {
            self.altered.insert(column);
        }
        column.is_some()
    }

    fn new_constraint(&mut self, constraint: &'a Constraint) {
        let inside = match constraint {
            Constraint::Check(check) => self.of_column(check),
            Constraint::ForeignKey(_) => true,
            _ => false,
        };
        if !inside {
            self.new.push(constraint.clone());
        }
    }

    fn gone_constraint(&mut self, constraint: &'a Constraint) {
        let inside = match constraint {
            Constraint::Check(check) => self.of_column(check),
            Constraint::ForeignKey(_) => true,
            _ => false,
        };
        if !inside {
            self.gone.push(constraint.clone());
        }
    }

    /// A text column without a collation of its own would keep the table's old one.
    fn follow_collation(&mut self) {
        if self.options.iter().any(|(word, _)| *word == "COLLATE") {
            for column in &self.after.columns {
                let existing = self.before.column(&column.name).is_some();
                if existing && is_text(column) && column.generated.is_none() {
                    self.altered.insert(&column.name);
                }
            }
        }
    }

    /// Recreates what depends on columns that are rebuilt or renamed.
    fn follow_columns(&mut self) {
        // A generated column does not follow a rename.
        for column in &self.after.columns {
            let Some(generated) = &column.generated else {
                continue;
            };
            let words = Words::of(&generated.expression);
            let of_other = self
                .old_names
                .keys()
                .chain(self.old_names.values())
                .any(|name| words.mention(name));
            let of_altered = self
                .altered
                .iter()
                .chain(&self.rebuilt)
                .any(|name| *name != column.name && words.mention(name));
            if self.before.column(&column.name).is_some() && (of_other || of_altered) {
                self.altered.remove(column.name.as_str());
                self.rebuilt.insert(&column.name);
            }
        }
        let renamed: BTreeSet<String> = self.old_names.keys().cloned().collect();
        let is_moved = |name: &str| self.rebuilt.contains(name);
        for constraint in Constraint::all(self.before) {
            let follows = match &constraint {
                Constraint::PrimaryKey(key) | Constraint::Unique(key) => {
                    key.columns.iter().any(|name| is_moved(name))
                }
                Constraint::Check(check) if !table::is_of_column(check) => {
                    let words = Words::of(&check.expression);
                    let mut names = renamed.iter().chain(self.old_names.values());
                    names.any(|name| words.mention(name))
                        || self.rebuilt.iter().any(|name| words.mention(name))
                }
                _ => false,
            };
            if follows && Constraint::all(self.after).contains(&constraint) {
                self.gone.push(constraint.clone());
                self.new.push(constraint);
            }
        }
        for (name, index) in &self.before.indexes {
            let moved = index
                .parts
                .iter()
                .any(|part| !part.expression && is_moved(&part.over));
            if moved && self.after.indexes.get(name) == Some(index) {
                self.gone_indexes.insert(name);
                self.new_indexes.insert(name);
            }
        }
        // A check of a column is a part of it.
        for check in &self.before.checks {
            if let Some(column) = check.options.value("COLUMN")
                && self.old_names.contains_key(column)
                && self.after.column(column).is_some()
            {
                self.altered.insert(column);
            }
        }
    }

    /// Iterates over the names of the added checks.
    pub(super) fn new_checks(&self) -> impl Iterator<Item = &str> {
        self.new.iter().filter_map(check_name)
    }

    /// Removes the dropped checks with such a name and returns them, for the caller to drop.
    pub(super) fn take_checks(&mut self, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let mut taken = Vec::new();
        self.gone.retain(|constraint| match check_name(constraint) {
            Some(name) if is_wanted(name) => {
                taken.push(name.to_owned());
                false
            }
            _ => true,
        });
        taken
    }

    /// Returns whether a foreign key over these columns would block the changes.
    pub(super) fn touches(&self, columns: &[String]) -> bool {
        let begins = |key: &[String]| key.first().is_some_and(|first| columns.contains(first));
        let keys = self.gone.iter().any(|constraint| match constraint {
            Constraint::PrimaryKey(key) | Constraint::Unique(key) => begins(&key.columns),
            _ => false,
        });
        let indexes = self.gone_indexes.iter().any(|name| {
            let parts = self.before.indexes.get(*name).map(|index| &index.parts);
            parts.is_some_and(|parts| {
                parts
                    .first()
                    .is_some_and(|part| columns.contains(&part.over))
            })
        });
        keys || indexes
            || columns.iter().any(|name| {
                let name = name.as_str();
                // MySQL copies no table while a column of a foreign key gets another name (its error
                // 1846), and may have to copy it for the name alone.
                self.old_names.contains_key(name)
                    || self.altered.contains(name)
                    || self.rebuilt.contains(name)
                    || self.dropped.contains(name)
            })
    }

    fn old_name<'n>(&'n self, name: &'n str) -> &'n str {
        self.old_names.get(name).map_or(name, String::as_str)
    }

    pub(super) fn write(mut self, out: &mut Out) {
        let quoted = self.name.quoted(DIALECT);
        let mut clauses = self.drops();
        let mut after = Vec::new();
        let mut review = Vec::new();
        let (zeros, nullable) = self.fill(out, &mut after);
        // A name that one column leaves and another gets is both to the server at once.
        let in_two = self.after.columns.iter().any(|column| {
            let is_left = self.old_names.values().any(|old| *old == column.name);
            is_left && self.before.column(&column.name).is_none()
        });
        let mut numbered = BTreeSet::new();
        if in_two {
            // An `AUTO_INCREMENT` column must have a key, also between the two statements.
            let columns = self
                .before
                .columns
                .iter()
                .filter(|column| column.identity.is_some());
            numbered.extend(columns.map(|column| column.name.as_str()));
        }
        clauses.extend(self.changed_columns(&nullable, &numbered));
        if in_two {
            self.push(out, &std::mem::take(&mut clauses), &[]);
            for name in numbered {
                if let Some(column) = self.after.column(name) {
                    let sql = table::column(self.after, column, Extra::default());
                    clauses.push(format!("MODIFY COLUMN {sql}"));
                }
            }
        }
        clauses.extend(self.added_columns(&zeros, &mut review, &mut after));
        clauses.extend(
            self.new
                .iter()
                .map(|constraint| format!("ADD {}", table::constraint(constraint))),
        );
        for name in &self.new_indexes {
            let add = format!("ADD {}", table::index(name, &self.after.indexes[*name]));
            // In one statement, MySQL takes an index over the same for the old one.
            let before = self.before.indexes.get(*name);
            match before.is_some_and(|before| before.parts == self.after.indexes[*name].parts) {
                true => after.insert(0, Ddl::new(format!("ALTER TABLE {quoted} {add}"))),
                false => clauses.push(add),
            }
        }
        for (from, to) in &self.renamed_indexes {
            clauses.push(format!(
                "RENAME INDEX {} TO {}",
                DIALECT.quote(from),
                DIALECT.quote(to)
            ));
        }
        let mut by = None;
        for (word, value) in &self.options {
            let was_period = self.before.options.has(word);
            match (*word, value) {
                ("PARTITION BY", Some(OptionValue::Value(after))) => {
                    by = Some(match self.before.options.value(word) {
                        Some(before) => partitions::change(before, after),
                        None => format!("PARTITION BY {after}"),
                    });
                }
                ("PARTITION BY", _) => by = Some("REMOVE PARTITIONING".to_owned()),
                (period, Some(OptionValue::Value(columns))) if table::is_period(period) => {
                    clauses.extend(was_period.then(|| format!("DROP {period}")));
                    clauses.push(format!("ADD {period} {columns}"));
                }
                (period, None) if table::is_period(period) => {
                    clauses.push(format!("DROP {period}"));
                }
                ("WITH SYSTEM VERSIONING", Some(_)) => {
                    clauses.push("ADD SYSTEM VERSIONING".to_owned());
                }
                ("WITH SYSTEM VERSIONING", None) => {
                    clauses.push("DROP SYSTEM VERSIONING".to_owned());
                }
                ("COMMENT", text) => {
                    let text = text.and_then(OptionValue::as_value).unwrap_or_default();
                    clauses.push(format!("COMMENT={}", DIALECT.literal(text)));
                }
                (word, Some(value)) => clauses.push(table::option(word, value)),
                (word, None) => clauses.push(format!("{word}=DEFAULT")),
            }
        }
        self.push(out, &clauses, &review);
        for ddl in after {
            out.push(self.in_session(ddl));
        }
        if let Some(by) = by {
            let sql = format!("ALTER TABLE {quoted} {by}");
            out.push(self.in_session(Ddl::new(sql)));
        }
    }

    /// Lets a statement about the table run in the session that it needs.
    fn in_session(&self, ddl: Ddl) -> Ddl {
        let sql = session::of_tables(&ddl.sql, &[self.before, self.after], true);
        Ddl { sql, ..ddl }
    }

    fn push(&mut self, out: &mut Out, clauses: &[String], review: &[String]) {
        let quoted = self.name.quoted(DIALECT);
        let mut ddl = match clauses {
            [] => return,
            [only] => Ddl::new(format!("ALTER TABLE {quoted} {only}")),
            all => Ddl::new(format!("ALTER TABLE {quoted}\n    {}", all.join(",\n    "))),
        };
        // It goes with the first statement, as that drops and changes.
        let lost = std::mem::take(&mut self.lost);
        if !lost.is_empty() {
            ddl = ddl.with_data_loss(lost.join("; "));
        }
        if !review.is_empty() {
            ddl = ddl.with_review(review.join("; "));
        }
        out.push(self.in_session(ddl));
    }

    fn drops(&self) -> Vec<String> {
        let mut clauses = Vec::new();
        for constraint in &self.gone {
            let name = constraint.name().map(|name| DIALECT.quote(name));
            match (constraint, name) {
                (Constraint::PrimaryKey(_), _) => clauses.push("DROP PRIMARY KEY".to_owned()),
                (Constraint::Unique(_), Some(name)) => clauses.push(format!("DROP INDEX {name}")),
                (_, Some(name)) => clauses.push(format!("DROP CONSTRAINT {name}")),
                _ => {}
            }
        }
        clauses.extend(
            self.gone_indexes
                .iter()
                .map(|name| format!("DROP INDEX {}", DIALECT.quote(name))),
        );
        for name in self.dropped.iter().chain(&self.rebuilt) {
            clauses.push(format!(
                "DROP COLUMN {}",
                DIALECT.quote(self.old_name(name))
            ));
        }
        clauses
    }

    /// Gives a value to the rows that have none. Where the column gets another type as well, that
    /// is done between the two, and the column takes NULL until then.
    fn fill(
        &self,
        out: &mut Out,
        after: &mut Vec<Ddl>,
    ) -> (BTreeMap<&'a str, String>, BTreeSet<&'a str>) {
        let mut nullable = BTreeSet::new();
        let mut zeros = BTreeMap::new();
        let quoted = self.name.quoted(DIALECT);
        for column in &self.after.columns {
            let made_up = || match column.default.as_deref() {
                Some(default) => default.to_owned(),
                None => types::zero(self.schema, self.after, column),
            };
            let Some(before) = self.before.column(&column.name) else {
                let fills_itself = column.nullable
                    || column.default.is_some()
                    || column.generated.is_some()
                    || column.identity.is_some();
                if !fills_itself {
                    zeros.insert(column.name.as_str(), made_up());
                }
                continue;
            };
            if !before.nullable
                || column.nullable
                || column.generated.is_some()
                || before.generated.is_some()
            {
                continue;
            }
            let value = made_up();
            let update = |name: &str, is_altered: bool| {
                let others = self.kept_times(&column.name, is_altered);
                let name = DIALECT.quote(name);
                Ddl::new(format!(
                    "UPDATE {quoted} SET {name} = {value}{others} WHERE {name} IS NULL"
                ))
                .with_review(format!(
                    "rows of `{}` without `{}` get this value{}",
                    self.name,
                    column.name,
                    self.fired_triggers()
                ))
            };
            // A key takes no NULL, also between the two.
            let keys = self.after.primary_key.iter();
            let in_key = keys
                .flat_map(|key| &key.columns)
                .any(|name| *name == column.name);
            if before.sql_type == column.sql_type || in_key {
                out.push(update(self.old_name(&column.name), false));
            } else {
                nullable.insert(column.name.as_str());
                after.push(update(&column.name, true));
                let sql = table::column(self.after, column, Extra::default());
                after.push(Ddl::new(format!(
                    "ALTER TABLE {quoted} MODIFY COLUMN {sql}"
                )));
            }
        }
        (zeros, nullable)
    }

    /// Assigns the columns to themselves that an update would otherwise set to the present time.
    fn kept_times(&self, filled: &str, is_altered: bool) -> String {
        let mut kept = String::new();
        for column in &self.after.columns {
            let of = match is_altered {
                true => Some(column),
                false => self.before.column(&column.name),
            };
            let is_moved = of.is_some_and(|column| column.on_update.is_some());
            if is_moved && column.name != filled {
                let name = match is_altered {
                    true => column.name.as_str(),
                    false => self.old_name(&column.name),
                };
                let name = DIALECT.quote(name);
                kept.extend([", ", &name, " = ", &name]);
            }
        }
        kept
    }

    /// Names the triggers that stay and run when rows are filled.
    fn fired_triggers(&self) -> String {
        let fires = |(name, definition): &(&String, &String)| {
            super::header(definition).contains(" UPDATE") && self.after.triggers.contains_key(*name)
        };
        let names = self.before.triggers.iter().filter(fires);
        let names: Vec<String> = names.map(|(name, _)| format!("`{name}`")).collect();
        match names.is_empty() {
            true => String::new(),
            false => format!("; for each of them runs trigger {}", names.join(", ")),
        }
    }

    fn changed_columns(&self, nullable: &BTreeSet<&str>, numbered: &BTreeSet<&str>) -> Vec<String> {
        let mut clauses = Vec::new();
        for column in &self.after.columns {
            let name = column.name.as_str();
            if self.before.column(name).is_none() || self.rebuilt.contains(name) {
                continue;
            }
            let old = self.old_name(name);
            if !self.altered.contains(name) && old == name && !numbered.contains(name) {
                continue;
            }
            let extra = Extra {
                nullable: nullable.contains(name),
                ..Extra::default()
            };
            let mut definition = column.clone();
            if numbered.contains(name) {
                definition.identity = None;
            }
            if column.collation.is_none()
                && is_text(column)
                && let Some((_, Some(OptionValue::Value(collation)))) =
                    self.options.iter().find(|(word, _)| *word == "COLLATE")
            {
                definition.collation = Some(collation.clone());
            }
            let sql = table::column(self.after, &definition, extra);
            clauses.push(match old == name {
                true => format!("MODIFY COLUMN {sql}"),
                false => format!("CHANGE COLUMN {} {sql}", DIALECT.quote(old)),
            });
        }
        clauses
    }

    fn added_columns(
        &self,
        zeros: &BTreeMap<&str, String>,
        review: &mut Vec<String>,
        after: &mut Vec<Ddl>,
    ) -> Vec<String> {
        let mut clauses = Vec::new();
        // A generated column comes after the columns that it is computed from.
        let (computed, plain): (Vec<usize>, Vec<usize>) = (0..self.after.columns.len())
            .partition(|at| self.after.columns[*at].generated.is_some());
        let mut existing: BTreeSet<&str> = self
            .before
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .filter(|name| {
                !self.dropped.contains(name)
                    && !self.rebuilt.contains(name)
                    && self.old_name(name) == *name
            })
            .collect();
        for at in plain.into_iter().chain(computed) {
            let column = &self.after.columns[at];
            let name = column.name.as_str();
            if self.before.column(name).is_some() && !self.rebuilt.contains(name) {
                continue;
            }
            let extra = Extra {
                default: zeros.get(name).map(String::as_str),
                ..Extra::default()
            };
            let mut sql = format!("ADD COLUMN {}", table::column(self.after, column, extra));
            let is_last = self.after.columns[at..]
                .iter()
                .skip(1)
                .all(|later| !existing.contains(later.name.as_str()));
            // A default in parentheses is computed too: what it is for must stand before.
            let of_filled = column.generated.as_ref().is_some_and(|generated| {
                let words = Words::of(&generated.expression);
                zeros.keys().any(|filled| words.mention(filled))
            });
            match at
                .checked_sub(1)
                .map(|at| self.after.columns[at].name.as_str())
            {
                _ if is_last || of_filled => {}
                None => sql.push_str(" FIRST"),
                Some(previous) if existing.contains(previous) => {
                    sql = format!("{sql} AFTER {}", DIALECT.quote(previous));
                }
                // The position does not matter enough to guess.
                Some(_) => {}
            }
            clauses.push(sql);
            existing.insert(name);
            if zeros.contains_key(name) {
                review.push(format!(
                    "the rows of `{}` get this value for `{name}`",
                    self.name
                ));
                after.push(Ddl::new(format!(
                    "ALTER TABLE {} ALTER COLUMN {} DROP DEFAULT",
                    self.name.quoted(DIALECT),
                    DIALECT.quote(name)
                )));
            }
        }
        clauses
    }
}

fn check_name(constraint: &Constraint) -> Option<&str> {
    match constraint {
        Constraint::Check(check) => check.name.as_deref(),
        _ => None,
    }
}

/// Returns whether a column must be dropped and added again: only a stored column can become an
/// ordinary one (MySQL manual, "ALTER TABLE and Generated Columns").
fn must_be_recreated(from: &Column, to: &Column) -> bool {
    match (&from.generated, &to.generated) {
        (None, None) => false,
        (Some(from), None) => !from.stored,
        (None, Some(_)) => true,
        (Some(before), Some(after)) => before != after || from.sql_type != to.sql_type,
    }
}

fn is_text(column: &Column) -> bool {
    let sql_type = column.sql_type.to_lowercase();
    ["char", "text", "enum", "set"]
        .iter()
        .any(|word| sql_type.contains(word))
}
