//! Tables of PostgreSQL, and what they are besides their columns.

use migrate_sql::unquoted;

use super::column;
use super::{DIALECT, Plan, comment};
use crate::ddl::clause::{self, Extra};
use crate::ddl::{Ddl, Out};
use crate::diff::change::{Change, Constraint, Object, Renamed};
use crate::schema::dependencies::Part;
use crate::schema::{Column, ForeignKey, Key, Name, ObjectRef, OptionValue, Table};

/// The options that are words of their own, not settings of the storage.
const WORDS: [&str; 10] = [
    "UNLOGGED",
    "ENABLE ROW LEVEL SECURITY",
    "FORCE ROW LEVEL SECURITY",
    "PARTITION BY",
    "USING",
    "OF",
    "REPLICA IDENTITY",
    "CLUSTER ON",
    "SERVER",
    "OPTIONS",
];

/// The beginning of the options that are comments on constraints and on their indexes.
const COMMENT_ON: &str = "COMMENT ON ";

impl<'a> Plan<'a> {
    /// Sets the comments of constraints, and of their indexes, that are new or have others.
    pub(super) fn comment_on_constraints(&mut self) {
        let nothing = Table::default();
        for (name, after) in &self.transition.to.tables {
            let before = self.renamed().tables.get(name);
            let before = before.filter(|_| !self.affected.tables.contains(name));
            let before = before.unwrap_or(&nothing);
            for (old, new) in self.constraints_with_comments(name, after) {
                for kind in ["CONSTRAINT", "INDEX"] {
                    let option = |name: &str| format!("{COMMENT_ON}{kind} {name}");
                    let old = old.as_ref().map(|old| option(old));
                    let old = old.and_then(|old| before.options.value(&old));
                    let text = after.options.value(&option(&new));
                    if old == text {
                        continue;
                    }
                    let quoted = match kind {
                        "INDEX" => Name {
                            name: new.clone(),
                            ..name.clone()
                        }
                        .quoted(DIALECT),
                        _ => format!("{} ON {}", DIALECT.quote(&new), name.quoted(DIALECT)),
                    };
                    self.out.add(comment(kind, &quoted, text));
                }
            }
        }
    }

    /// Returns the names of a table's constraints; first that which it had when it got its comment,
    /// if it has not been made since.
    fn constraints_with_comments(
        &self,
        name: &Name,
        after: &Table,
    ) -> Vec<(Option<String>, String)> {
        let mut all = Vec::new();
        for constraint in Constraint::all(after) {
            let Some(new) = constraint.name() else {
                continue;
            };
            let part = Part::Constraint(name.clone(), new.to_owned());
            let changes = self.transition.changes.iter();
            let old = changes.into_iter().find_map(|change| match change {
                Change::Rename(Renamed::Constraint { table, from, to })
                    if table == name && *to == constraint =>
                {
                    from.name()
                }
                _ => None,
            });
            let stays = !self.added_constraints.contains(&part);
            let old = stays.then(|| old.unwrap_or(new).to_owned());
            all.push((old, new.to_owned()));
        }
        let before = self.renamed().tables.get(name);
        for column in after.columns.iter().filter(|column| !column.nullable) {
            let new = self.transition.to.not_null_name(name, column);
            let old = before.and_then(|before| before.column(&column.name));
            let old = old.filter(|old| {
                !self.affected.is_rebuilt(name, &old.name) && !column::is_not_null_made(old, column)
            });
            let old = old.map(|old| self.renamed().not_null_name(name, old));
            all.push((old, new));
        }
        all
    }

    /// Creates a table. A foreign key to a table that does not exist yet is added later.
    pub(super) fn create_table(&mut self, name: &'a Name, table: &'a Table) {
        self.recreated(ObjectRef::Table(name, table));
        let quoted = name.quoted(DIALECT);
        self.existing.insert(name);
        let mut lines = Vec::new();
        let option = |word: &str| table.options.value(word);
        let has = |word: &str| table.options.has(word);
        let whole = table
            .partition_of
            .as_ref()
            .and_then(|part| self.transition.to.tables.get(&part.table));
        let mut own_to_set = Vec::new();
        for column in &table.columns {
            if let Some(above) = self.inherited_from(table, column) {
                if column.default != above.default {
                    own_to_set.push(match &column.default {
                        Some(default) => (column, format!("SET DEFAULT {default}")),
                        None => (column, "DROP DEFAULT".to_owned()),
                    });
                }
                let comes_along = self.is_not_null_above(name, column);
                if !column.nullable && !comes_along && !column.options.has("NOT VALID") {
                    match has_own_not_null(column) {
                        true => lines.push(clause::not_null_of_table(column)),
                        false => own_to_set.push((column, "SET NOT NULL".to_owned())),
                    }
                }
                continue;
            }
            if table.partition_of.is_none() && option("OF").is_none() {
                let comes_along = self.is_not_null_above(name, column);
                let extra = Extra {
                    nullable: comes_along,
                    ..Extra::default()
                };
                lines.push(clause::column(DIALECT, column, extra));
                continue;
            }
            // The columns come from the parent; only their own properties are written.
            let of_whole = whole.and_then(|whole| whole.column(&column.name));
            let mut own = Vec::new();
            let is_own = of_whole.is_none_or(|of_whole| of_whole.nullable);
            if !column.nullable && (is_own || has_own_not_null(column)) {
                own.push(clause::not_null(column));
            }
            if column.default != of_whole.and_then(|of_whole| of_whole.default.clone()) {
                let default = column.default.as_deref().unwrap_or("NULL");
                own.push(format!("DEFAULT {default}"));
            }
            if !own.is_empty() {
                lines.push(format!(
                    "{} WITH OPTIONS {}",
                    DIALECT.quote(&column.name),
                    own.join(" ")
                ));
            }
        }
        for constraint in Constraint::all(table) {
            let waits = match &constraint {
                Constraint::ForeignKey(key) => {
                    !self.existing.contains(&key.table)
                        || self.changes_keys(&key.table)
                        || self.is_of_index(key)
                        || key.options.has("NOT VALID")
                }
                Constraint::Check(check) => check.options.has("NOT VALID"),
                Constraint::Unique(key) => is_repeated(table, key),
                Constraint::PrimaryKey(_) | Constraint::Exclusion(..) => false,
            };
            match waits {
                true => self.to_recreate.push((name, constraint)),
                false => lines.push(clause::constraint(DIALECT, &constraint)),
            }
        }
        let kind = match (has("UNLOGGED"), has("SERVER")) {
            (true, _) => "UNLOGGED TABLE",
            (_, true) => "FOREIGN TABLE",
            _ => "TABLE",
        };
        let mut sql = format!("CREATE {kind} {quoted}");
        if let Some(part) = &table.partition_of {
            sql = format!("{sql} PARTITION OF {}", part.table.quoted(DIALECT));
        }
        if let Some(of) = option("OF") {
            sql = format!("{sql} OF {of}");
        }
        if !lines.is_empty() {
            sql = format!("{sql} (\n    {}\n)", lines.join(",\n    "));
        } else if table.partition_of.is_none() && option("OF").is_none() {
            sql.push_str(" ()");
        }
        if let Some(part) = &table.partition_of {
            sql = format!("{sql} {}", part.bounds);
        }
        if !table.inherits.is_empty() {
            let parents: Vec<String> = table
                .inherits
                .iter()
                .map(|name| name.quoted(DIALECT))
                .collect();
            sql = format!("{sql} INHERITS ({})", parents.join(", "));
        }
        for word in ["PARTITION BY", "USING"] {
            if let Some(value) = option(word) {
                sql = format!("{sql} {word} {value}");
            }
        }
        let settings: Vec<String> = table
            .options
            .values()
            .filter(|(word, _)| !WORDS.contains(word) && !word.starts_with(COMMENT_ON))
            .map(|(word, value)| format!("{word} = {value}"))
            .collect();
        if !settings.is_empty() {
            sql = format!("{sql} WITH ({})", settings.join(", "));
        }
        if let Some(server) = option("SERVER") {
            sql = format!("{sql} SERVER {server}");
            if let Some(options) = option("OPTIONS") {
                sql = format!("{sql} OPTIONS ({options})");
            }
        }
        self.out.add(sql);
        for (column, what) in own_to_set {
            let column = DIALECT.quote(&column.name);
            self.out.add(format!(
                "ALTER TABLE ONLY {quoted} ALTER COLUMN {column} {what}"
            ));
        }
        for word in ["ENABLE ROW LEVEL SECURITY", "FORCE ROW LEVEL SECURITY"] {
            if has(word) {
                self.out.add(format!("ALTER TABLE {quoted} {word}"));
            }
        }
        if let Some(text) = &table.comment {
            self.out.add(comment("TABLE", &quoted, Some(text)));
        }
        for column in &table.columns {
            // A part has what the whole has.
            match table.partition_of {
                None => column::options(&mut self.out, name, None, column),
                Some(_) => column::statistics(&mut self.out, name, None, column),
            }
        }
    }

    /// Returns whether the column of a new table has its `NOT NULL` from a table above alone.
    fn is_not_null_above(&self, table: &Name, column: &Column) -> bool {
        let is_plain = !has_own_not_null(column);
        let above = || self.transition.to.not_null_above(table, column);
        is_plain && column.state.is_not_null_inherited && above().is_some()
    }

    /// Names the indexes that tables are clustered on and that identify their rows, when these exist.
    pub(super) fn choose_indexes(&mut self) {
        for (name, after) in &self.transition.to.tables {
            let before = self.renamed().tables.get(name);
            let before = before.filter(|_| !self.affected.tables.contains(name));
            for word in ["REPLICA IDENTITY", "CLUSTER ON"] {
                let Some(value) = after.options.value(word) else {
                    continue;
                };
                let index = match word {
                    "CLUSTER ON" => value,
                    _ => match value.strip_prefix("USING INDEX ") {
                        Some(index) => index,
                        None => continue,
                    },
                };
                let index = unquoted(index);
                let was_made = self.is_index_affected(name, &index)
                    || self
                        .added_constraints
                        .contains(&Part::Constraint(name.clone(), index));
                let same = before.is_some_and(|it| it.options.value(word) == Some(value));
                if !same || was_made {
                    let quoted = name.quoted(DIALECT);
                    self.out.add(format!("ALTER TABLE {quoted} {word} {value}"));
                }
            }
        }
    }

    /// Returns the column of the table above that an inherited column comes from.
    fn inherited_from(&self, table: &Table, column: &Column) -> Option<&'a Column> {
        let to = self.transition.to;
        let mut parents = table.inherits.iter().filter(|_| column.inherited.0);
        parents.find_map(|parent| to.tables.get(parent)?.column(&column.name))
    }

    /// Returns whether a table still gains keys or columns that another could reference.
    fn changes_keys(&self, name: &Name) -> bool {
        self.transition.changes.iter().any(|change| match change {
            Change::Create(Object::Constraint { table, .. })
            | Change::Drop(Object::Constraint { table, .. })
            | Change::Create(Object::Column { table, .. })
            | Change::Alter {
                to: Object::Column { table, .. },
                ..
            }
            | Change::Create(Object::Index { table, .. }) => table == name,
            _ => false,
        }) || self.affected.retyped.contains_key(name)
            || self.affected.rebuilt.contains_key(name)
    }

    /// Returns whether the referenced columns are unique by an index alone, which is created after its
    /// table.
    fn is_of_index(&self, key: &ForeignKey) -> bool {
        let same = |columns: &[String]| {
            columns.len() == key.references.len()
                && columns.iter().all(|column| key.references.contains(column))
        };
        let table = self.transition.to.tables.get(&key.table);
        !table.is_some_and(|table| {
            let mut keys = table.primary_key.iter().chain(&table.uniques);
            keys.any(|of| same(&of.columns))
        })
    }

    /// Changes what tables are besides their columns.
    pub(super) fn alter_tables(&mut self) {
        for change in &self.transition.changes {
            let (table, option, to) = match change {
                Change::Create(Object::Option { table, name, value })
                | Change::Alter {
                    to: Object::Option { table, name, value },
                    ..
                } => (table, name, Some(value)),
                Change::Drop(Object::Option { table, name, .. }) => (table, name, None),
                _ => continue,
            };
            let before = &self.renamed().tables[table];
            let after = &self.transition.to.tables[table];
            alter(&mut self.out, table, (option, to), before, after);
        }
        // The columns of the replica identity must exist.
        for (name, table) in &self.transition.to.tables {
            let new =
                !self.renamed().tables.contains_key(name) || self.affected.tables.contains(name);
            if let Some(identity) = table.options.value("REPLICA IDENTITY").filter(|_| new) {
                let quoted = name.quoted(DIALECT);
                if !identity.starts_with("USING") {
                    self.out
                        .add(format!("ALTER TABLE {quoted} REPLICA IDENTITY {identity}"));
                }
            }
        }
    }
}

/// Returns whether a column's `NOT NULL` is not the usual one.
pub(super) fn has_own_not_null(column: &Column) -> bool {
    let mut words = ["CONSTRAINT", "NO INHERIT", "NOT VALID"].iter();
    column.state.not_null_name.is_some() || words.any(|word| column.options.has(word))
}

/// Returns whether a unique constraint is like the primary key or one before it. `CREATE TABLE`
/// makes one index for two that are equal (`transformIndexConstraints` of PostgreSQL's
/// `parse_utilcmd.c`), and `ALTER TABLE` makes both.
fn is_repeated(table: &Table, key: &Key) -> bool {
    let same = |other: &&Key| other.columns == key.columns && other.include == key.include;
    let others = table.uniques.iter().take_while(|other| *other != key);
    table
        .primary_key
        .iter()
        .chain(others)
        .any(|other| same(&other))
}

fn alter(
    out: &mut Out,
    name: &Name,
    (option, to): (&str, Option<&OptionValue>),
    before: &Table,
    after: &Table,
) {
    let quoted = name.quoted(DIALECT);
    let value = to.and_then(OptionValue::as_value);
    let mut alter = |what: String| out.add(format!("ALTER TABLE {quoted} {what}"));
    match option {
        "COMMENT" => out.add(comment("TABLE", &quoted, value)),
        // They are set when all constraints exist.
        option if option.starts_with(COMMENT_ON) => {}
        "UNLOGGED" => alter(match to {
            Some(_) => "SET UNLOGGED".to_owned(),
            None => "SET LOGGED".to_owned(),
        }),
        "ENABLE ROW LEVEL SECURITY" => alter(match to {
            Some(_) => option.to_owned(),
            None => "DISABLE ROW LEVEL SECURITY".to_owned(),
        }),
        "FORCE ROW LEVEL SECURITY" => alter(match to {
            Some(_) => option.to_owned(),
            None => "NO FORCE ROW LEVEL SECURITY".to_owned(),
        }),
        // The index does not exist yet.
        "REPLICA IDENTITY" if value.is_some_and(|it| it.starts_with("USING")) => {}
        "CLUSTER ON" if value.is_some() => {}
        "CLUSTER ON" => alter("SET WITHOUT CLUSTER".to_owned()),
        "REPLICA IDENTITY" => alter(format!("REPLICA IDENTITY {}", value.unwrap_or("DEFAULT"))),
        "USING" => alter(format!("SET ACCESS METHOD {}", value.unwrap_or("heap"))),
        // It is left before and entered after the columns change.
        "OF" => {}
        "INHERITS" => {
            for parent in &before.inherits {
                if !after.inherits.contains(parent) {
                    alter(format!("NO INHERIT {}", parent.quoted(DIALECT)));
                }
            }
            for parent in &after.inherits {
                if !before.inherits.contains(parent) {
                    alter(format!("INHERIT {}", parent.quoted(DIALECT)));
                }
            }
        }
        "PARTITION OF" => {
            if let Some(part) = &before.partition_of {
                let whole = part.table.quoted(DIALECT);
                out.add(format!("ALTER TABLE {whole} DETACH PARTITION {quoted}"));
            }
            if let Some(part) = &after.partition_of {
                let whole = part.table.quoted(DIALECT);
                out.push(
                    Ddl::new(format!(
                        "ALTER TABLE {whole} ATTACH PARTITION {quoted} {}",
                        part.bounds
                    ))
                    .with_review(format!("rows of `{name}` outside of it make this fail")),
                );
            }
        }
        setting => match value {
            Some(value) => alter(format!("SET ({setting} = {value})")),
            None => alter(format!("RESET ({setting})")),
        },
    }
}
