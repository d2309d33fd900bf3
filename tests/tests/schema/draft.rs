//! A schema as the tests think of it: what is named in a text is found by its number, so that a
//! rename is one, and the text follows.

use std::collections::BTreeMap;

use migrate_core::Dialect;
use migrate_schema::{
    Action, Check, Column, Deferrable, Domain, Enum, ForeignKey, Generated, Identity, Index,
    IndexPart, Key, Name, Options, Rename, Renames, Routine, RoutineKind, Schema, Sequence,
    Signature, Table, View,
};

/// What stands for a table or column, whatever its name is.
pub(crate) type Id = usize;

/// A schema.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) dialect: Dialect,
    pub(crate) tables: Vec<DraftTable>,
    pub(crate) views: Vec<DraftView>,
    pub(crate) enums: BTreeMap<String, Vec<String>>,
    pub(crate) domains: BTreeMap<String, i64>,
    pub(crate) sequences: BTreeMap<String, Sequence>,
    /// The next number.
    pub(crate) next: Id,
}

#[derive(Clone, Debug)]
pub(crate) struct DraftTable {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) columns: Vec<DraftColumn>,
    pub(crate) primary_key: Option<Vec<Id>>,
    pub(crate) uniques: Vec<DraftKey>,
    pub(crate) foreign_keys: Vec<DraftForeignKey>,
    pub(crate) checks: Vec<DraftCheck>,
    pub(crate) indexes: BTreeMap<String, DraftIndex>,
    /// A trigger by its name, with the column it speaks of.
    pub(crate) triggers: BTreeMap<String, Id>,
    pub(crate) comment: Option<String>,
    pub(crate) options: Options,
}

#[derive(Clone, Debug)]
pub(crate) struct DraftColumn {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) family: char,
    pub(crate) sql_type: String,
    pub(crate) nullable: bool,
    pub(crate) default: Option<String>,
    /// The column it is computed from, the text with `{}` in its place, and whether it is stored.
    pub(crate) generated: Option<(Id, String, bool)>,
    pub(crate) identity: Option<Identity>,
    pub(crate) collation: Option<String>,
    pub(crate) comment: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct DraftKey {
    pub(crate) columns: Vec<Id>,
    pub(crate) name: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct DraftForeignKey {
    pub(crate) columns: Vec<Id>,
    pub(crate) table: Id,
    pub(crate) references: Vec<Id>,
    pub(crate) on_delete: Action,
    pub(crate) on_update: Action,
    pub(crate) deferrable: Deferrable,
    pub(crate) name: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct DraftCheck {
    pub(crate) column: Id,
    /// Whether it is a part of the column, which MariaDB tells apart.
    pub(crate) inside: bool,
    /// With `{}` in the place of the column, and `{other}` in that of the other.
    pub(crate) text: String,
    pub(crate) other: Option<Id>,
    pub(crate) name: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct DraftIndex {
    pub(crate) columns: Vec<Id>,
    pub(crate) unique: bool,
    pub(crate) descending: bool,
    /// The first column in a text.
    pub(crate) expression: Option<String>,
    /// The first column in a condition.
    pub(crate) predicate: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) operator_class: Option<String>,
    pub(crate) include: Vec<Id>,
    pub(crate) prefix: Option<u32>,
    pub(crate) comment: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct DraftView {
    pub(crate) name: String,
    pub(crate) of: Source,
    pub(crate) materialized: bool,
    pub(crate) comment: Option<String>,
    /// A comment of one of its columns.
    pub(crate) column_comment: Option<(Id, String)>,
    /// PostgreSQL's `security_barrier`.
    pub(crate) barrier: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// These columns of a table.
    Table(Id, Vec<Id>),
    /// All of another view.
    View(String),
}

impl DraftTable {
    pub(crate) fn column(&self, id: Id) -> &DraftColumn {
        self.columns
            .iter()
            .find(|column| column.id == id)
            .expect("what is gone is nowhere")
    }

    pub(crate) fn has(&self, id: Id) -> bool {
        self.columns.iter().any(|column| column.id == id)
    }
}

impl Draft {
    pub(crate) fn id(&mut self) -> Id {
        self.next += 1;
        self.next
    }

    pub(crate) fn table(&self, id: Id) -> Option<&DraftTable> {
        self.tables.iter().find(|table| table.id == id)
    }

    /// Returns what has another name in the second.
    pub(crate) fn renames(&self, to: &Self) -> Vec<Rename> {
        let mut renames = Vec::new();
        for before in &self.tables {
            let Some(after) = to.table(before.id) else {
                continue;
            };
            if before.name != after.name {
                renames.push(Rename::Table {
                    from: Name::plain(&before.name),
                    to: Name::plain(&after.name),
                });
            }
            for column in &before.columns {
                if after.has(column.id) && after.column(column.id).name != column.name {
                    renames.push(Rename::Column {
                        table: Name::plain(&after.name),
                        from: column.name.clone(),
                        to: after.column(column.id).name.clone(),
                    });
                }
            }
        }
        renames
    }

    /// Writes it as a schema, in no database's spelling.
    pub(crate) fn schema(&self) -> Schema {
        let mut schema = Schema::empty(self.dialect);
        for table in &self.tables {
            schema
                .tables
                .insert(Name::plain(&table.name), self.one_table(table));
        }
        for view in &self.views {
            schema
                .views
                .insert(Name::plain(&view.name), self.one_view(view));
        }
        for (name, values) in &self.enums {
            let values = Enum {
                values: values.clone(),
                comment: None,
            };
            schema.enums.insert(Name::plain(name), values);
        }
        for (name, least) in &self.domains {
            let domain = Domain {
                sql_type: "integer".to_owned(),
                nullable: true,
                checks: vec![Check {
                    expression: format!("VALUE >= {least}"),
                    name: Some(format!("{name}_check")),
                    ..Check::default()
                }],
                ..Domain::default()
            };
            schema.domains.insert(Name::plain(name), domain);
        }
        for (name, sequence) in &self.sequences {
            schema.sequences.insert(Name::plain(name), sequence.clone());
        }
        if self.dialect == Dialect::Postgres {
            let signature = Signature {
                kind: RoutineKind::Function,
                name: Name::plain("touch"),
                arguments: String::new(),
            };
            let definition = "CREATE OR REPLACE FUNCTION touch()\n RETURNS trigger\n LANGUAGE plpgsql\nAS $function$BEGIN RETURN NEW; END;$function$";
            let routine = Routine {
                definition: Some(definition.to_owned()),
                comment: None,
            };
            schema.routines.insert(signature, routine);
        }
        schema
    }

    fn quoted(&self, table: &DraftTable, column: Id) -> String {
        self.dialect.quote(&table.column(column).name)
    }

    fn one_table(&self, draft: &DraftTable) -> Table {
        let name = |id: &Id| draft.column(*id).name.clone();
        let names = |ids: &[Id]| ids.iter().map(name).collect::<Vec<_>>();
        let text = |text: &str, column: Id| text.replace("{}", &self.quoted(draft, column));
        let key = |columns: &[Id], name: &Option<String>| Key {
            columns: names(columns),
            name: name.clone(),
            ..Key::default()
        };
        Table {
            columns: draft
                .columns
                .iter()
                .map(|column| Column {
                    name: column.name.clone(),
                    sql_type: column.sql_type.clone(),
                    nullable: column.nullable,
                    default: column.default.clone(),
                    generated: column.generated.as_ref().map(|(of, expression, stored)| {
                        Generated {
                            expression: text(expression, *of),
                            stored: *stored,
                        }
                    }),
                    identity: column.identity,
                    collation: column.collation.clone(),
                    comment: column.comment.clone(),
                    ..Column::default()
                })
                .collect(),
            primary_key: draft
                .primary_key
                .as_ref()
                .map(|columns| key(columns, &None)),
            uniques: draft
                .uniques
                .iter()
                .map(|unique| key(&unique.columns, &unique.name))
                .collect(),
            foreign_keys: draft
                .foreign_keys
                .iter()
                .map(|of| {
                    let table = self.table(of.table).expect("what is gone is nowhere");
                    ForeignKey {
                        columns: names(&of.columns),
                        table: Name::plain(&table.name),
                        references: of
                            .references
                            .iter()
                            .map(|id| table.column(*id).name.clone())
                            .collect(),
                        on_delete: of.on_delete,
                        on_update: of.on_update,
                        deferrable: of.deferrable,
                        name: of.name.clone(),
                        ..ForeignKey::default()
                    }
                })
                .collect(),
            checks: draft
                .checks
                .iter()
                .map(|check| Check {
                    expression: match check.other {
                        None => text(&check.text, check.column),
                        Some(other) => text(&check.text, check.column)
                            .replace("{other}", &self.quoted(draft, other)),
                    },
                    name: check.name.clone(),
                    options: option(check.inside, "COLUMN", &name(&check.column)),
                })
                .collect(),
            indexes: draft
                .indexes
                .iter()
                .map(|(name, index)| (name.clone(), self.one_index(draft, index)))
                .collect(),
            triggers: draft
                .triggers
                .iter()
                .map(|(name, column)| (name.clone(), self.one_trigger(draft, name, *column)))
                .collect(),
            comment: draft.comment.clone(),
            options: draft.options.clone(),
            ..Table::default()
        }
    }

    fn one_index(&self, table: &DraftTable, draft: &DraftIndex) -> Index {
        let first = draft.columns[0];
        let text = |text: &String| text.replace("{}", &self.quoted(table, first));
        let parts = draft.columns.iter().enumerate().map(|(at, column)| {
            let part = IndexPart {
                over: table.column(*column).name.clone(),
                descending: draft.descending,
                operator_class: draft.operator_class.clone(),
                prefix: draft.prefix,
                ..IndexPart::default()
            };
            match &draft.expression {
                Some(expression) if at == 0 => IndexPart {
                    over: text(expression),
                    expression: true,
                    ..part
                },
                _ => part,
            }
        });
        Index {
            parts: parts.collect(),
            unique: draft.unique,
            method: draft.method.clone(),
            predicate: draft.predicate.as_ref().map(text),
            include: draft
                .include
                .iter()
                .map(|column| table.column(*column).name.clone())
                .collect(),
            comment: draft.comment.clone(),
            ..Index::default()
        }
    }

    fn one_trigger(&self, table: &DraftTable, name: &str, column: Id) -> String {
        let (on, column) = (self.dialect.quote(&table.name), self.quoted(table, column));
        let name = self.dialect.quote(name);
        match self.dialect {
            Dialect::Sqlite => format!(
                "CREATE TRIGGER {name} AFTER UPDATE OF {column} ON {on} BEGIN DELETE FROM {on} WHERE {column} < 0; END"
            ),
            Dialect::Postgres => format!(
                "CREATE TRIGGER {name} BEFORE UPDATE OF {column} ON {on} FOR EACH ROW EXECUTE FUNCTION touch()"
            ),
            Dialect::MySql => format!(
                "CREATE TRIGGER {name} BEFORE UPDATE ON {on} FOR EACH ROW\nBEGIN SET NEW.{column} = NEW.{column}; END"
            ),
        }
    }

    fn one_view(&self, draft: &DraftView) -> View {
        let quote = |name: &str| self.dialect.quote(name);
        let comment = |(id, text): &(Id, String)| {
            let Source::Table(table, _) = &draft.of else {
                return None;
            };
            let table = self.table(*table).expect("what is gone is nowhere");
            Some((table.column(*id).name.clone(), text.clone()))
        };
        let column_comments = draft.column_comment.iter().filter_map(comment).collect();
        let definition = match &draft.of {
            Source::View(name) => format!("SELECT * FROM {}", quote(name)),
            Source::Table(table, columns) => {
                let table = self.table(*table).expect("what is gone is nowhere");
                let columns: Vec<String> = columns
                    .iter()
                    .map(|column| self.quoted(table, *column))
                    .collect();
                format!("SELECT {} FROM {}", columns.join(", "), quote(&table.name))
            }
        };
        View {
            definition,
            materialized: draft.materialized,
            comment: draft.comment.clone(),
            column_comments,
            options: option(draft.barrier, "security_barrier", "true"),
            ..View::default()
        }
    }
}

/// Chooses some of the renames.
pub(crate) fn some(renames: Vec<Rename>, mut is_said: impl FnMut() -> bool) -> Renames {
    renames.into_iter().filter(|_| is_said()).collect()
}

impl DraftTable {
    /// Writes the statement that gives it a row.
    pub(crate) fn row(&self, dialect: Dialect) -> String {
        let mut columns = Vec::new();
        let mut values = Vec::new();
        for column in &self.columns {
            if column.generated.is_some() || column.identity == Some(Identity::Always) {
                continue;
            }
            columns.push(dialect.quote(&column.name));
            let value = match (column.family, dialect) {
                ('n' | 'i' | 'm', _) => "1",
                ('t', _) => "'1'",
                ('r', _) if column.nullable => "NULL",
                ('r', _) => "1",
                ('d', _) => "'2000-01-01'",
                ('b', Dialect::Postgres) => "true",
                ('b', _) => "1",
                ('j', _) => "'{}'",
                ('u', _) => "'00000000-0000-0000-0000-000000000001'",
                ('y', Dialect::Postgres) => "'\\x01'",
                ('y' | 'x', Dialect::Sqlite | Dialect::MySql) => "x'01'",
                ('a', _) => "'{1}'",
                ('x', _) => "'1 day'",
                ('o', _) => "'10.0.0.1/32'",
                ('e', _) => "'a'",
                (family, _) => unreachable!("there is no family {family}"),
            };
            values.push(value);
        }
        let table = dialect.quote(&self.name);
        if columns.is_empty() {
            return match dialect {
                Dialect::MySql => format!("INSERT INTO {table} () VALUES ()"),
                _ => format!("INSERT INTO {table} DEFAULT VALUES"),
            };
        }
        format!(
            "INSERT INTO {table} ({}) VALUES ({})",
            columns.join(", "),
            values.join(", ")
        )
    }
}

fn option(is: bool, keyword: &str, value: &str) -> Options {
    let mut options = Options::new();
    if is {
        options.insert(keyword, value);
    }
    options
}
