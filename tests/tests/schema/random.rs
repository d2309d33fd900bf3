//! Random schemas, and random changes to them.
//!
//! A column's name begins with its family, so that what has the same name in two schemas holds what
//! can become the other: `n` numbers, `t` texts, `d` times, `r` references, and so on.

use std::collections::BTreeMap;

use migrate_core::Dialect;
use migrate_schema::{Action, Deferrable, Identity, Options, Sequence};
use migrate_tests::alembic::Random;

use super::draft::{
    Draft, DraftCheck, DraftColumn, DraftForeignKey, DraftIndex, DraftKey, DraftTable, DraftView,
    Id, Source,
};

const TABLES: [&str; 8] = [
    "users", "posts", "tags", "order", "Odd Name", "it's", "a_b", "größe",
];
const VIEWS: [&str; 4] = ["active", "view b", "recent", "all_of_it"];
const ENUMS: [&str; 3] = ["mood", "status", "Odd Kind"];
const ODD: [&str; 4] = ["select", "it's", "two words", "Größe"];

/// Draws schemas for a dialect.
pub(crate) struct Generator<'r> {
    pub(crate) random: &'r mut Random,
    pub(crate) dialect: Dialect,
    /// Whether that is MariaDB, and not MySQL itself.
    pub(crate) mariadb: bool,
    /// Whether there are rows: then a reference takes NULL, and has it.
    pub(crate) rows: bool,
}

impl Generator<'_> {
    fn chance(&mut self, percent: usize) -> bool {
        self.random.chance(percent)
    }

    /// Draws a schema; what it is made of has numbers from the first on.
    pub(crate) fn draft(&mut self, first: Id) -> Draft {
        let mut draft = Draft {
            dialect: self.dialect,
            tables: Vec::new(),
            views: Vec::new(),
            enums: BTreeMap::new(),
            domains: BTreeMap::new(),
            sequences: BTreeMap::new(),
            next: first,
        };
        if self.dialect == Dialect::Postgres {
            for name in ENUMS {
                if self.chance(50) {
                    let values = self.values();
                    draft.enums.insert(name.to_owned(), values);
                }
            }
            if self.chance(30) {
                draft.domains.insert("natural_number".to_owned(), 0);
            }
        }
        for _ in 0..self.random.below(5) + 1 {
            self.add_table(&mut draft);
        }
        for _ in 0..self.random.below(4) {
            self.add_foreign_key(&mut draft);
        }
        if self.chance(30) {
            self.add_composite_key(&mut draft);
        }
        for _ in 0..self.random.below(4) {
            self.add_view(&mut draft);
        }
        for name in ["counter", "other counter"] {
            if self.chance(20) {
                self.sequence(&mut draft, name);
            }
        }
        draft.repair();
        draft
    }

    /// Changes a schema here and there.
    pub(crate) fn mutate(&mut self, draft: &mut Draft) {
        for _ in 0..1 + self.random.below(6) {
            self.change(draft);
            draft.repair();
        }
    }

    fn change(&mut self, draft: &mut Draft) {
        let table = self.random.below(draft.tables.len().max(1));
        let what = self.random.below(36);
        match what {
            0 => self.add_table(draft),
            1 if draft.tables.len() > 1 => {
                draft.tables.remove(table);
            }
            2 => self.add_view(draft),
            3 if !draft.views.is_empty() => {
                let at = self.random.below(draft.views.len());
                draft.views.remove(at);
            }
            4 | 5 => self.add_foreign_key(draft),
            6 => {
                let name = *self.random.pick(&["counter", "other counter"]);
                match self.chance(30) {
                    true => drop(draft.sequences.remove(name)),
                    false => self.sequence(draft, name),
                }
            }
            7 if self.dialect == Dialect::Postgres => {
                let name = *self.random.pick(&ENUMS);
                match self.chance(20) {
                    true => drop(draft.enums.remove(name)),
                    false => {
                        let values = self.values();
                        draft.enums.insert(name.to_owned(), values);
                    }
                }
            }
            8 if draft.tables.len() > 1 && self.chance(40) => {
                let other = self.random.below(draft.tables.len());
                let name = draft.tables[table].name.clone();
                draft.tables[table].name = std::mem::replace(&mut draft.tables[other].name, name);
            }
            8 | 9 => {
                let name = self.table_name(draft);
                if let (Some(name), Some(table)) = (name, draft.tables.get_mut(table)) {
                    table.name = name;
                }
            }
            30 | 31 => self.change_view(draft),
            32 | 33 => self.add_composite_key(draft),
            10 if !draft.domains.is_empty() => {
                let least = -(self.random.below(3) as i64);
                draft.domains.values_mut().for_each(|it| *it = least);
            }
            _ => {
                let mut copy = draft.clone();
                if let Some(table) = draft.tables.get_mut(table) {
                    self.change_table(&mut copy, table, what);
                }
                draft.next = copy.next;
            }
        }
    }

    fn change_table(&mut self, ids: &mut Draft, table: &mut DraftTable, what: usize) {
        let at = self.random.below(table.columns.len());
        match what {
            10..=13 => self.add_column(ids, table),
            14 | 15 if table.columns.len() > 2 => {
                table.columns.remove(at);
            }
            16 => {
                let family = table.columns[at].family;
                if let Some(name) = self.column_name(table, family) {
                    table.columns[at].name = name;
                }
            }
            17 => {
                // Two of a kind exchange their names.
                let other = self.random.below(table.columns.len());
                if table.columns[at].family == table.columns[other].family {
                    let name = table.columns[at].name.clone();
                    table.columns[at].name =
                        std::mem::replace(&mut table.columns[other].name, name);
                }
            }
            18 | 19 => {
                let family = table.columns[at].family;
                if table.columns[at].identity.is_none() {
                    table.columns[at].sql_type = self.sql_type(ids, table, family);
                    table.columns[at].default = None;
                }
            }
            20 => {
                let column = &mut table.columns[at];
                if column.family != 'r' || !self.rows {
                    column.nullable = !column.nullable;
                }
            }
            21 => {
                let column = table.columns[at].clone();
                if column.identity.is_none() && column.generated.is_none() {
                    table.columns[at].default = self.default(&column);
                }
            }
            22 | 34 => self.add_check(table),
            35 => {
                let column = table.columns.remove(at);
                let to = self.random.below(table.columns.len() + 1);
                table.columns.insert(to, column);
            }
            23 => self.add_unique(table),
            24 | 25 => self.add_index(table),
            26 => match self.random.below(5) {
                0 => drop(table.indexes.pop_first()),
                1 => drop(table.uniques.pop()),
                2 => drop(table.checks.pop()),
                3 => drop(table.foreign_keys.pop()),
                _ => drop(table.triggers.pop_first()),
            },
            27 => self.key(table),
            28 => {
                self.trigger(table);
                if self.dialect != Dialect::Sqlite {
                    table.comment = self.comment();
                    table.columns[at].comment = self.comment();
                }
            }
            _ => match self.chance(50) {
                true => self.options(table),
                false => {
                    for unique in &mut table.uniques {
                        unique.name = Some(format!("u_{}", self.random.below(1000)));
                    }
                    if let Some((_, index)) = table.indexes.pop_first() {
                        let name = format!("ix {}", self.random.below(1000));
                        table.indexes.insert(name, index);
                    }
                }
            },
        }
    }

    fn comment(&mut self) -> Option<String> {
        let words = ["what it is for", "it's \\ odd", "größer; --"];
        self.chance(60)
            .then(|| (*self.random.pick(&words)).to_owned())
    }

    /// The values of an enum; rows have the `a`.
    fn values(&mut self) -> Vec<String> {
        let mut values = vec!["a".to_owned()];
        for value in ["b", "it's", "d", "Größe"] {
            if self.chance(60) {
                let at = self.random.below(values.len() + 1);
                values.insert(at, value.to_owned());
            }
        }
        values
    }

    fn sequence(&mut self, draft: &mut Draft, name: &str) {
        if self.dialect == Dialect::Sqlite || (self.dialect == Dialect::MySql && !self.mariadb) {
            return;
        }
        let sequence = Sequence {
            sql_type: "bigint".to_owned(),
            start: 5,
            increment: 1 + self.random.below(3) as i64,
            min: 1,
            max: 1000 + self.random.below(3) as i64,
            cycle: self.chance(50),
            cache: 1 + self.random.below(20) as i64,
            ..Sequence::default()
        };
        draft.sequences.insert(name.to_owned(), sequence);
    }

    fn table_name(&mut self, draft: &Draft) -> Option<String> {
        let free: Vec<&str> = TABLES
            .into_iter()
            .filter(|name| draft.tables.iter().all(|table| table.name != *name))
            .collect();
        (!free.is_empty()).then(|| (*self.random.pick(&free)).to_owned())
    }

    fn column_name(&mut self, table: &DraftTable, family: char) -> Option<String> {
        let number = self.random.below(4);
        let name = match self.chance(15) {
            true => format!("{family} {}", ODD[number]),
            false => format!("{family}{number}"),
        };
        let is_free = table.columns.iter().all(|column| column.name != name);
        is_free.then_some(name)
    }

    fn add_table(&mut self, draft: &mut Draft) {
        let Some(name) = self.table_name(draft) else {
            return;
        };
        let mut table = DraftTable {
            id: draft.id(),
            name,
            columns: Vec::new(),
            primary_key: None,
            uniques: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            indexes: BTreeMap::new(),
            triggers: BTreeMap::new(),
            comment: None,
            options: Options::new(),
        };
        self.options(&mut table);
        let id = DraftColumn {
            id: draft.id(),
            name: "id".to_owned(),
            family: 'i',
            sql_type: self.sql_type(draft, &table, 'i'),
            nullable: false,
            default: None,
            generated: None,
            identity: None,
            collation: None,
            comment: None,
        };
        table.columns.push(id);
        for _ in 0..1 + self.random.below(6) {
            self.add_column(draft, &mut table);
        }
        self.key(&mut table);
        for _ in 0..self.random.below(3) {
            match self.random.below(5) {
                0 => self.add_unique(&mut table),
                1 => self.add_check(&mut table),
                2 => self.trigger(&mut table),
                _ => self.add_index(&mut table),
            }
        }
        if self.dialect != Dialect::Sqlite {
            table.comment = self.comment();
        }
        draft.tables.push(table);
    }

    fn options(&mut self, table: &mut DraftTable) {
        table.options.clear();
        let mut set = |is: bool, word: &str, value: &str| match value {
            _ if !is => {}
            "" => table.options.set(word),
            value => table.options.insert(word, value),
        };
        match self.dialect {
            Dialect::Sqlite => {
                set(self.random.chance(15), "STRICT", "");
                set(self.random.chance(10), "WITHOUT ROWID", "");
            }
            Dialect::Postgres => {
                set(self.random.chance(10), "fillfactor", "70");
                set(self.random.chance(10), "ENABLE ROW LEVEL SECURITY", "");
            }
            Dialect::MySql => {
                set(self.random.chance(20), "ROW_FORMAT", "COMPACT");
                let collations = ["utf8mb4_general_ci", "utf8mb4_bin", "utf8mb4_unicode_ci"];
                let collation = *self.random.pick(&collations);
                set(self.random.chance(40), "COLLATE", collation);
            }
        }
    }

    fn add_column(&mut self, draft: &mut Draft, table: &mut DraftTable) {
        let families = match self.dialect {
            Dialect::Postgres => "nnntttddrrbjuyaxeeom",
            Dialect::MySql => "nnntttddrrbjye",
            Dialect::Sqlite => "nnntttddrrbx",
        };
        let family = *self.random.pick(&families.chars().collect::<Vec<_>>());
        let family = match family {
            'e' if self.dialect == Dialect::Postgres && draft.enums.is_empty() => 'n',
            'm' if draft.domains.is_empty() => 'n',
            family => family,
        };
        let Some(name) = self.column_name(table, family) else {
            return;
        };
        let mut column = DraftColumn {
            id: draft.id(),
            name,
            family,
            sql_type: self.sql_type(draft, table, family),
            nullable: self.chance(60) || (family == 'r' && self.rows),
            default: None,
            generated: None,
            identity: None,
            collation: None,
            comment: None,
        };
        if self.chance(40) {
            column.default = self.default(&column);
        }
        let source = table
            .columns
            .iter()
            .find(|of| of.family == family && of.generated.is_none());
        if let (Some(source), 'n' | 't') = (source, family)
            && self.random.chance(20)
        {
            let expression = match (family, self.dialect) {
                ('n', _) => *self.random.pick(&["{} + 1", "{} * 2"]),
                (_, Dialect::MySql) => *self.random.pick(&["lower({})", "upper({})"]),
                (_, Dialect::Postgres) => *self
                    .random
                    .pick(&["lower(({})::text)", "(({})::text || 'x'::text)"]),
                (_, Dialect::Sqlite) => *self.random.pick(&["lower({})", "{} || 'x'"]),
            };
            let stored = self.dialect == Dialect::Postgres || self.random.chance(50);
            column.generated = Some((source.id, expression.to_owned(), stored));
            column.default = None;
            column.nullable = true;
            column.sql_type = match (family, self.dialect) {
                ('n', Dialect::Postgres) => "numeric",
                (_, Dialect::Postgres) => "text",
                ('n', Dialect::MySql) => "double",
                (_, Dialect::MySql) => "varchar(255)",
                ('n', Dialect::Sqlite) => "INTEGER",
                (_, Dialect::Sqlite) => "TEXT",
            }
            .to_owned();
        }
        if self.chance(15) && family == 't' && column.generated.is_none() {
            let collation = match self.dialect {
                Dialect::Sqlite => "NOCASE",
                Dialect::Postgres => "\"C\"",
                Dialect::MySql => "utf8mb4_bin",
            };
            column.collation = Some(collation.to_owned());
        }
        if self.dialect != Dialect::Sqlite && self.chance(15) {
            column.comment = self.comment();
        }
        let at = match self.chance(25) {
            true => self.random.below(table.columns.len() + 1),
            false => table.columns.len(),
        };
        table.columns.insert(at, column);
    }

    fn sql_type(&mut self, draft: &Draft, table: &DraftTable, family: char) -> String {
        let strict = table.options.has("STRICT");
        let types: &[&str] = match (self.dialect, family) {
            (Dialect::Sqlite, 'i' | 'r') => &["INTEGER"],
            (Dialect::Sqlite, 'n') if strict => &["INTEGER", "INT", "REAL", "ANY"],
            (Dialect::Sqlite, 't' | 'd') if strict => &["TEXT"],
            (Dialect::Sqlite, 'b') if strict => &["INTEGER"],
            (Dialect::Sqlite, 'n') => {
                &["INTEGER", "BIGINT", "REAL", "NUMERIC", "DECIMAL(10, 2)", ""]
            }
            (Dialect::Sqlite, 't') => &["TEXT", "VARCHAR(20)", "CLOB", "VARCHAR(200)"],
            (Dialect::Sqlite, 'd') => &["TEXT", "DATETIME", "DATE"],
            (Dialect::Sqlite, 'b') => &["BOOLEAN", "INTEGER"],
            (Dialect::Sqlite, _) => &["BLOB"],
            (Dialect::Postgres, 'i' | 'r') => &["bigint", "integer"],
            (Dialect::Postgres, 'n') => &[
                "smallint",
                "integer",
                "bigint",
                "numeric(10,2)",
                "numeric",
                "real",
                "double precision",
            ],
            (Dialect::Postgres, 't') => &[
                "text",
                "character varying(20)",
                "character varying",
                "character(5)",
            ],
            (Dialect::Postgres, 'd') => &[
                "date",
                "timestamp without time zone",
                "timestamp with time zone",
                "timestamp(3) with time zone",
            ],
            (Dialect::Postgres, 'b') => &["boolean"],
            (Dialect::Postgres, 'j') => &["json", "jsonb"],
            (Dialect::Postgres, 'u') => &["uuid"],
            (Dialect::Postgres, 'y') => &["bytea"],
            (Dialect::Postgres, 'a') => &["integer[]", "text[]"],
            (Dialect::Postgres, 'x') => &["interval"],
            (Dialect::Postgres, 'o') => &["inet", "cidr"],
            (Dialect::Postgres, 'm') => &["natural_number"],
            (Dialect::Postgres, _) => {
                let names: Vec<&String> = draft.enums.keys().collect();
                if names.is_empty() {
                    return "text".to_owned();
                }
                let name = *self.random.pick(&names);
                return match name.contains(' ') {
                    true => self.dialect.quote(name),
                    false => name.clone(),
                };
            }
            (Dialect::MySql, 'i' | 'r') => &["bigint(20)", "int(11)"],
            (Dialect::MySql, 'n') => &[
                "tinyint(4)",
                "smallint(6)",
                "int(11)",
                "int(10) unsigned",
                "bigint(20)",
                "decimal(10,2)",
                "double",
            ],
            (Dialect::MySql, 't') => &[
                "varchar(20)",
                "varchar(150)",
                "char(10)",
                "text",
                "mediumtext",
            ],
            (Dialect::MySql, 'd') => &["date", "datetime", "datetime(3)", "timestamp"],
            (Dialect::MySql, 'b') => &["tinyint(1)"],
            (Dialect::MySql, 'j') => &["json"],
            (Dialect::MySql, 'y') => &["blob", "varbinary(10)"],
            (Dialect::MySql, _) => &["enum('a','b')", "enum('a','it''s','b')", "enum('a')"],
        };
        (*self.random.pick(types)).to_owned()
    }

    fn default(&mut self, column: &DraftColumn) -> Option<String> {
        let choices: &[&str] = match (column.family, self.dialect) {
            ('n', Dialect::Sqlite) => &["0", "-1", "2.0", "1 + 1", "abs(-2)"],
            ('n', _) => &["0", "1", "42"],
            ('t', _) if column.sql_type.contains("text") && self.dialect == Dialect::MySql => {
                &["''", "'x'"]
            }
            ('t', _) => &["''", "'x'", "'it''s'"],
            ('d', Dialect::Sqlite) => &["CURRENT_TIMESTAMP", "'2000-01-01'"],
            ('d', Dialect::Postgres) => &["now()", "'2000-01-01'"],
            ('d', Dialect::MySql)
                if column.sql_type == "timestamp" || column.sql_type == "datetime" =>
            {
                &["current_timestamp()", "'2000-01-01 00:00:00'"]
            }
            ('d', Dialect::MySql) => &["'2000-01-01'"],
            ('b', Dialect::Postgres) => &["true", "false"],
            ('b', _) => &["1"],
            ('j', Dialect::Postgres) => &["'{}'"],
            ('u', _) => &["gen_random_uuid()"],
            ('a', _) => &["'{}'"],
            ('e', _) => &["'a'"],
            ('m', _) => &["3"],
            _ => return None,
        };
        Some((*self.random.pick(choices)).to_owned())
    }

    fn key(&mut self, table: &mut DraftTable) {
        for column in &mut table.columns {
            column.identity = None;
        }
        let keyable: Vec<Id> = table
            .columns
            .iter()
            .filter(|it| self.is_keyable(it))
            .map(|it| it.id)
            .collect();
        let first = table
            .columns
            .iter()
            .find(|it| it.family == 'i')
            .map(|it| it.id);
        table.primary_key = match (first, self.random.below(10)) {
            (Some(id), 0..7) => Some(vec![id]),
            (Some(id), 7) if keyable.len() > 1 => {
                let other = *self.random.pick(&keyable);
                Some(if other == id {
                    vec![id]
                } else {
                    vec![other, id]
                })
            }
            (_, 8) if !keyable.is_empty() => Some(vec![*self.random.pick(&keyable)]),
            _ => None,
        };
        let Some(id) = first else {
            return;
        };
        let alone = table.primary_key == Some(vec![id]);
        let identity =
            match self.dialect {
                Dialect::Sqlite if alone => Some(Identity::AutoIncrement),
                Dialect::MySql if alone => Some(Identity::AutoIncrement),
                Dialect::Postgres => Some(*self.random.pick(&[
                    Identity::Always,
                    Identity::ByDefault,
                    Identity::Serial,
                ])),
                _ => None,
            };
        if self.chance(50)
            && let Some(column) = table.columns.iter_mut().find(|it| it.id == id)
            && column.generated.is_none()
        {
            column.identity = identity;
            column.default = None;
            column.nullable = false;
        }
    }

    fn is_keyable(&self, column: &DraftColumn) -> bool {
        let sized = !(self.dialect == Dialect::MySql && column.sql_type.contains("text"));
        "intdu".contains(column.family) && sized && column.generated.is_none()
    }

    fn keyable(&mut self, table: &DraftTable) -> Vec<Id> {
        let all: Vec<Id> = table
            .columns
            .iter()
            .filter(|it| self.is_keyable(it))
            .map(|it| it.id)
            .collect();
        let mut chosen = Vec::new();
        for _ in 0..1 + self.random.below(2) {
            if !all.is_empty() {
                let id = *self.random.pick(&all);
                if !chosen.contains(&id) {
                    chosen.push(id);
                }
            }
        }
        chosen
    }

    fn add_unique(&mut self, table: &mut DraftTable) {
        let columns = self.keyable(table);
        let same = table.uniques.iter().any(|other| other.columns == columns);
        if !columns.is_empty() && !same && table.primary_key.as_ref() != Some(&columns) {
            let name = self
                .chance(50)
                .then(|| format!("u_{}", self.random.below(1000)));
            table.uniques.push(DraftKey { columns, name });
        }
    }

    fn add_check(&mut self, table: &mut DraftTable) {
        let usable: Vec<&DraftColumn> = table
            .columns
            .iter()
            .filter(|it| {
                "nt".contains(it.family) && it.identity.is_none() && it.generated.is_none()
            })
            .collect();
        if usable.is_empty() {
            return;
        }
        let column = *self.random.pick(&usable);
        let texts: &[&str] = match (column.family, self.dialect) {
            ('n', _) => &["{} >= -5", "{} < 1000 OR {} IS NULL", "{} <> 77"],
            (_, Dialect::MySql) => &["char_length({}) < 1000", "{} <> 'bad'"],
            _ => &["length({}) < 1000", "{} <> 'bad'"],
        };
        let mut text = (*self.random.pick(texts)).to_owned();
        let alike = |it: &&&DraftColumn| it.family == column.family && it.id != column.id;
        let others: Vec<&DraftColumn> = usable.iter().filter(alike).copied().collect();
        let mut other = None;
        if !others.is_empty() && self.random.chance(40) {
            other = Some(self.random.pick(&others).id);
            let texts: &[&str] = match column.family {
                'n' => &[
                    "{} + {other} < 5000",
                    "{other} > -9 OR {} IS NULL AND {other} <> 3",
                ],
                _ => &["{} <> 'bad' OR {other} <> 'worse'"],
            };
            text = (*self.random.pick(texts)).to_owned();
        }
        let column = column.id;
        let name = self
            .chance(50)
            .then(|| format!("c_{}", self.random.below(10_000)));
        let only = table.checks.iter().all(|other| other.column != column);
        let inside = self.dialect == Dialect::MySql
            && name.is_none()
            && other.is_none()
            && only
            && self.chance(50);
        table.checks.push(DraftCheck {
            column,
            inside,
            text,
            other,
            name,
        });
    }

    fn add_index(&mut self, table: &mut DraftTable) {
        let name = format!("ix{}", self.random.below(12));
        let mut index = DraftIndex {
            columns: self.keyable(table),
            unique: self.chance(20),
            descending: self.chance(20) && !self.mariadb,
            ..DraftIndex::default()
        };
        let text = table
            .columns
            .iter()
            .find(|it| it.family == 't' && it.generated.is_none());
        match (self.dialect, self.random.below(8)) {
            (Dialect::Sqlite | Dialect::Postgres, 0) => {
                let Some(text) = text else { return };
                index.columns = vec![text.id];
                index.expression = Some(match self.dialect {
                    Dialect::Postgres => "lower(({})::text)".to_owned(),
                    _ => "lower({})".to_owned(),
                });
            }
            (Dialect::Sqlite | Dialect::Postgres, 1) if !index.columns.is_empty() => {
                index.predicate = Some("{} IS NOT NULL".to_owned());
            }
            (Dialect::Postgres, 2) => {
                let array = table
                    .columns
                    .iter()
                    .find(|it| it.sql_type == "jsonb" || it.family == 'a');
                let Some(array) = array else { return };
                index = DraftIndex {
                    columns: vec![array.id],
                    method: Some("gin".to_owned()),
                    ..DraftIndex::default()
                };
            }
            (Dialect::Postgres, 3) if !index.columns.is_empty() => {
                index.include = vec![table.columns[0].id];
                index.comment = self.comment();
            }
            (Dialect::Postgres, 4) => {
                let Some(text) = text.filter(|it| it.sql_type == "text") else {
                    return;
                };
                index.columns = vec![text.id];
                index.operator_class = Some("text_pattern_ops".to_owned());
            }
            (Dialect::MySql, 0 | 1) => {
                let Some(text) = text else { return };
                index = DraftIndex {
                    columns: vec![text.id],
                    prefix: Some(5),
                    ..DraftIndex::default()
                };
            }
            (Dialect::MySql, 2) => {
                let Some(text) = text else { return };
                index = DraftIndex {
                    columns: vec![text.id],
                    method: Some("FULLTEXT".to_owned()),
                    ..DraftIndex::default()
                };
            }
            (Dialect::MySql, 3) => index.comment = self.comment(),
            (Dialect::MySql, 4) if !self.mariadb => {
                // No key is over a text without an end.
                let Some(text) = text.filter(|it| it.sql_type.contains("char(")) else {
                    return;
                };
                index.columns = vec![text.id];
                index.expression = Some("lower({})".to_owned());
            }
            _ => {}
        }
        if !index.columns.is_empty() {
            table.indexes.insert(name, index);
        }
    }

    fn trigger(&mut self, table: &mut DraftTable) {
        let usable: Vec<Id> = table
            .columns
            .iter()
            .filter(|it| it.family == 'n' && it.generated.is_none())
            .map(|it| it.id)
            .collect();
        if !usable.is_empty() {
            let column = *self.random.pick(&usable);
            table
                .triggers
                .insert(format!("tr{}", self.random.below(20)), column);
        }
    }

    fn add_foreign_key(&mut self, draft: &mut Draft) {
        let mut sources = Vec::new();
        let mut targets = Vec::new();
        for table in &draft.tables {
            for column in &table.columns {
                if column.family == 'r' && column.generated.is_none() {
                    sources.push((table.id, column.clone()));
                }
                if column.family == 'i' && table.primary_key == Some(vec![column.id]) {
                    targets.push((table.id, column.clone()));
                }
            }
        }
        if sources.is_empty() || targets.is_empty() {
            return;
        }
        let (table, source) = self.random.pick(&sources).clone();
        let (target, references) = self.random.pick(&targets).clone();
        if source.sql_type != references.sql_type {
            return;
        }
        let deletes: &[Action] = match source.nullable {
            true => &[Action::NoAction, Action::Cascade, Action::SetNull],
            false => &[Action::NoAction, Action::Cascade],
        };
        let key = DraftForeignKey {
            columns: vec![source.id],
            table: target,
            references: vec![references.id],
            on_delete: *self.random.pick(deletes),
            on_update: *self.random.pick(&[Action::NoAction, Action::Cascade]),
            deferrable: match self.dialect {
                Dialect::MySql => Deferrable::No,
                _ => *self
                    .random
                    .pick(&[Deferrable::No, Deferrable::No, Deferrable::Deferred]),
            },
            name: self
                .chance(50)
                .then(|| format!("f_{}", self.random.below(10_000))),
        };
        if let Some(table) = draft.tables.iter_mut().find(|it| it.id == table) {
            table
                .foreign_keys
                .retain(|other| !other.columns.contains(&source.id));
            table.foreign_keys.push(key);
        }
    }

    /// Adds a foreign key over two columns, with them and what it points to.
    fn add_composite_key(&mut self, draft: &mut Draft) {
        let mut targets = Vec::new();
        for (at, table) in draft.tables.iter().enumerate() {
            let plain: Vec<&DraftColumn> = table
                .columns
                .iter()
                .filter(|it| "in".contains(it.family) && it.generated.is_none())
                .collect();
            let [one, .., other] = plain[..] else {
                continue;
            };
            targets.push((at, vec![one.clone(), other.clone()]));
        }
        if targets.is_empty() {
            return;
        }
        let (target, mut references) = self.random.pick(&targets).clone();
        if self.chance(50) {
            references.reverse();
        }
        let source = self.random.below(draft.tables.len());
        let mut columns = Vec::new();
        for reference in &references {
            let Some(name) = self.column_name(&draft.tables[source], 'r') else {
                return;
            };
            let column = DraftColumn {
                id: draft.id(),
                name,
                family: 'r',
                sql_type: reference.sql_type.clone(),
                nullable: true,
                default: None,
                generated: None,
                identity: None,
                collation: None,
                comment: None,
            };
            columns.push(column.id);
            draft.tables[source].columns.push(column);
        }
        let references: Vec<Id> = references.iter().map(|it| it.id).collect();
        let is_key = |key: &Vec<Id>| *key == references;
        let of = &mut draft.tables[target];
        if !(of.primary_key.as_ref().is_some_and(is_key)
            || of.uniques.iter().any(|unique| is_key(&unique.columns)))
        {
            of.uniques.push(DraftKey {
                columns: references.clone(),
                name: None,
            });
        }
        let key = DraftForeignKey {
            columns,
            table: of.id,
            references,
            on_delete: *self
                .random
                .pick(&[Action::NoAction, Action::Cascade, Action::SetNull]),
            on_update: *self.random.pick(&[Action::NoAction, Action::Cascade]),
            deferrable: Deferrable::No,
            name: self
                .chance(50)
                .then(|| format!("f_{}", self.random.below(10_000))),
        };
        draft.tables[source].foreign_keys.push(key);
    }

    /// Gives a view another column, or takes one, or says something else of it.
    fn change_view(&mut self, draft: &mut Draft) {
        if draft.views.is_empty() {
            return;
        }
        let at = self.random.below(draft.views.len());
        let tables = draft.tables.clone();
        let view = &mut draft.views[at];
        let is_postgres = self.dialect == Dialect::Postgres;
        if is_postgres && self.chance(30) {
            view.comment = self.comment();
            view.barrier = !view.materialized && self.chance(50);
        }
        let Source::Table(table, columns) = &mut view.of else {
            return;
        };
        let Some(table) = tables.iter().find(|it| it.id == *table) else {
            return;
        };
        if is_postgres && self.chance(40) {
            let id = *self.random.pick(columns);
            view.column_comment = self.comment().map(|text| (id, text));
        }
        let others: Vec<Id> = table
            .columns
            .iter()
            .map(|it| it.id)
            .filter(|id| !columns.contains(id))
            .collect();
        match self.random.below(5) {
            0..=2 if !others.is_empty() => columns.push(*self.random.pick(&others)),
            3 if columns.len() > 1 => drop(columns.remove(0)),
            4 => columns.reverse(),
            _ => {}
        }
    }

    fn add_view(&mut self, draft: &mut Draft) {
        let name = *self.random.pick(&VIEWS);
        if draft.views.iter().any(|view| view.name == name) || draft.tables.is_empty() {
            return;
        }
        let below: Vec<String> = draft.views.iter().map(|view| view.name.clone()).collect();
        let of = match below.is_empty() || self.chance(60) {
            false => Source::View(self.random.pick(&below).clone()),
            true => {
                let table = self.random.pick(&draft.tables).clone();
                let mut columns: Vec<Id> = Vec::new();
                for column in &table.columns {
                    if columns.is_empty() || self.chance(40) {
                        columns.push(column.id);
                    }
                }
                Source::Table(table.id, columns)
            }
        };
        draft.views.push(DraftView {
            name: name.to_owned(),
            of,
            materialized: self.dialect == Dialect::Postgres && self.chance(20),
            comment: match self.dialect {
                Dialect::Postgres => self.comment(),
                _ => None,
            },
            column_comment: None,
            barrier: false,
        });
    }
}

impl Draft {
    /// Takes away what cannot be any more.
    pub(crate) fn repair(&mut self) {
        let dialect = self.dialect;
        let (enums, domains) = (self.enums.clone(), self.domains.clone());
        let mut names = std::collections::BTreeSet::new();
        for table in &mut self.tables {
            let strict = table.options.has("STRICT");
            table
                .columns
                .retain(|column| match (dialect, column.family) {
                    (Dialect::Postgres, 'e') => {
                        column.sql_type == "text"
                            || enums.contains_key(column.sql_type.trim_matches('"'))
                    }
                    (Dialect::Postgres, 'm') => domains.contains_key(&column.sql_type),
                    _ => true,
                });
            let there: BTreeMap<Id, DraftColumn> = table
                .columns
                .iter()
                .map(|column| (column.id, column.clone()))
                .collect();
            table.columns.retain(|column| {
                let source = column.generated.as_ref().map(|(of, ..)| there.get(of));
                // MariaDB computes nothing from what is padded.
                let padded =
                    |it: &DraftColumn| dialect == Dialect::MySql && it.sql_type.starts_with("char");
                source.is_none_or(|source| {
                    source.is_some_and(|it| {
                        it.generated.is_none() && it.identity.is_none() && !padded(it)
                    })
                })
            });
            if table
                .columns
                .iter()
                .all(|column| column.generated.is_some())
            {
                table.columns.clear();
            }
            // To MySQL a default in parentheses is computed too, and must stand before what needs it.
            let sources: Vec<Id> = table
                .columns
                .iter()
                .filter_map(|column| Some(column.generated.as_ref()?.0))
                .collect();
            for column in &mut table.columns {
                let is_endless = dialect == Dialect::MySql && column.sql_type.contains("text");
                if is_endless && sources.contains(&column.id) {
                    column.default = None;
                }
            }
            let there: BTreeMap<Id, DraftColumn> = table
                .columns
                .iter()
                .map(|column| (column.id, column.clone()))
                .collect();
            let has = |id: &Id| there.contains_key(id);
            let sized = |id: &Id| {
                has(id) && !(dialect == Dialect::MySql && there[id].sql_type.contains("text"))
            };
            if table
                .primary_key
                .as_ref()
                .is_some_and(|key| !key.iter().all(sized))
            {
                table.primary_key = None;
            }
            if table.primary_key.is_none() {
                table.options.remove("WITHOUT ROWID");
            }
            let key = table.primary_key.clone();
            let without_rowid = table.options.has("WITHOUT ROWID");
            for column in &mut table.columns {
                let alone = key.as_ref() == Some(&vec![column.id]);
                if dialect != Dialect::Postgres && (!alone || without_rowid) {
                    column.identity = None;
                }
                let in_key = key.as_ref().is_some_and(|key| key.contains(&column.id));
                if in_key && (dialect != Dialect::Sqlite || without_rowid) {
                    column.nullable = false;
                }
                if column.identity.is_some() {
                    column.nullable = false;
                    column.default = None;
                }
                if in_key && dialect == Dialect::Sqlite {
                    column.nullable = false;
                }
                if column.generated.is_some() {
                    column.nullable = true;
                    column.default = None;
                    column.collation = None;
                }
                if strict
                    && !["INTEGER", "INT", "REAL", "TEXT", "BLOB", "ANY"]
                        .contains(&column.sql_type.as_str())
                {
                    column.sql_type = match column.family {
                        't' | 'd' => "TEXT",
                        'x' => "BLOB",
                        _ => "INTEGER",
                    }
                    .to_owned();
                }
            }
            table
                .uniques
                .retain(|unique| unique.columns.iter().all(sized));
            table.uniques.retain(|unique| {
                names.insert(format!(
                    "u {:?} {:?}",
                    unique.name,
                    unique.name.is_none().then_some((table.id, &unique.columns))
                ))
            });
            table.checks.retain(|check| {
                let mut columns = [check.column].into_iter().chain(check.other);
                columns.all(|id| {
                    has(&id) && there[&id].generated.is_none() && there[&id].identity.is_none()
                })
            });
            table.checks.retain(|check| {
                check.name.is_none() || names.insert(format!("c {:?}", check.name))
            });
            table.indexes.retain(|name, index| {
                let fits = match (&index.method, &index.operator_class) {
                    (Some(method), _) if method == "gin" => index.columns.iter().all(|id| {
                        has(id) && (there[id].sql_type == "jsonb" || there[id].family == 'a')
                    }),
                    (Some(_), _) => index.columns.iter().all(has),
                    (None, Some(_)) => index
                        .columns
                        .iter()
                        .all(|id| has(id) && there[id].sql_type == "text"),
                    (None, None) => {
                        index.columns.iter().all(has)
                            && (index.prefix.is_some() || index.columns.iter().all(sized))
                    }
                };
                fits && index.include.iter().all(has)
                    && !index.include.iter().any(|id| index.columns.contains(id))
                    && (dialect == Dialect::MySql || names.insert(format!("i {name}")))
            });
            table.triggers.retain(|name, column| {
                has(column)
                    && there[column].generated.is_none()
                    && names.insert(format!("t {name}"))
            });
        }
        self.tables.retain(|table| !table.columns.is_empty());
        // A foreign key points to a key of the same type.
        let targets: BTreeMap<(Id, Vec<Id>), Vec<String>> = self
            .tables
            .iter()
            .flat_map(|table| {
                let keys = table.uniques.iter().map(|unique| &unique.columns);
                let keys = table.primary_key.iter().chain(keys);
                keys.map(|key| {
                    let types = key.iter().map(|id| table.column(*id).sql_type.clone());
                    ((table.id, key.clone()), types.collect())
                })
            })
            .collect();
        for table in &mut self.tables {
            let there: BTreeMap<Id, DraftColumn> = table
                .columns
                .iter()
                .map(|column| (column.id, column.clone()))
                .collect();
            table.foreign_keys.retain(|key| {
                let target = targets.get(&(key.table, key.references.clone()));
                let sources: Option<Vec<&DraftColumn>> =
                    key.columns.iter().map(|id| there.get(id)).collect();
                let fits = match (sources, target) {
                    (Some(sources), Some(target)) => {
                        sources.iter().map(|it| &it.sql_type).eq(target)
                            && sources.iter().all(|it| {
                                it.generated.is_none()
                                    && (it.nullable || key.on_delete != Action::SetNull)
                            })
                    }
                    _ => false,
                };
                fits && (key.name.is_none() || names.insert(format!("f {:?}", key.name)))
            });
        }
        let tables = self.tables.clone();
        loop {
            let views: Vec<String> = self.views.iter().map(|view| view.name.clone()).collect();
            let before = self.views.len();
            for view in &mut self.views {
                if let Source::Table(id, columns) = &mut view.of
                    && let Some(table) = tables.iter().find(|table| table.id == *id)
                {
                    columns.retain(|column| table.has(*column));
                    view.column_comment
                        .take_if(|(column, _)| !columns.contains(column));
                }
            }
            self.views.retain(|view| match &view.of {
                Source::Table(id, columns) => {
                    tables.iter().any(|table| table.id == *id) && !columns.is_empty()
                }
                Source::View(name) => views.contains(name),
            });
            if self.views.len() == before {
                break;
            }
        }
    }
}
