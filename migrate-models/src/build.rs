//! Converts models to the schema of a dialect.

mod column;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::column::{Settings, written};
use super::constraint::What;
use super::model::{Field, Model};
use super::{Models, Problem, Site, types};
use migrate_core::__support::nearest;
use migrate_core::{Code, Diagnostic, Dialect, Hash};
use migrate_schema::{Enum, ForeignKey, Index, IndexPart, Key, Name, Schema, Table};

/// The renames in the models: `rename_from`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renames {
    /// The old names of tables, by the new ones.
    pub tables: BTreeMap<Name, Name>,
    /// The old names of columns, by the table and the new name.
    pub columns: BTreeMap<(Name, String), String>,
}

impl Models {
    /// Converts the models to the schema of a dialect, in a form from which DDL can be created.
    ///
    /// Unnamed objects are named by the database, except for indexes, which need a name.
    ///
    /// # Errors
    ///
    /// A field has a type that the dialect has no column for, or a key names a column that is not
    /// there.
    pub fn schema(&self, dialect: Dialect) -> Result<Schema, Vec<Diagnostic>> {
        let tables = self.tables();
        let mut schema = Schema::empty(dialect);
        let mut problems = Vec::new();
        for (name, model) in &tables {
            let mut builder = Builder {
                model,
                dialect,
                tables: &tables,
                table: Table::default(),
                enums: &mut schema.enums,
                problems: &mut problems,
            };
            builder.build();
            let table = builder.table;
            schema.tables.insert((*name).clone(), table);
        }
        match problems.is_empty() {
            true => Ok(schema),
            false => Err(self.diagnostics(problems)),
        }
    }

    /// Returns the renames.
    #[must_use]
    pub fn renames(&self) -> Renames {
        let mut renames = Renames::default();
        for (name, model) in self.tables() {
            if let Some(old) = &model.settings.renamed_from {
                let old = Name {
                    schema: name.schema.clone(),
                    name: old.clone(),
                };
                renames.tables.insert(name.clone(), old);
            }
            for field in &model.fields {
                if let Some(old) = &field.settings.general.renamed_from {
                    let key = (name.clone(), field.column.clone());
                    renames.columns.insert(key, old.clone());
                }
            }
        }
        renames
    }
}

struct Builder<'a> {
    model: &'a Model,
    dialect: Dialect,
    tables: &'a BTreeMap<&'a Name, &'a Model>,
    table: Table,
    enums: &'a mut BTreeMap<Name, Enum>,
    problems: &'a mut Vec<Problem>,
}

impl Builder<'_> {
    fn build(&mut self) {
        let model = self.model;
        self.table.options = model.settings.options[self.dialect as usize].clone();
        self.table.comment = written(model.settings.comment.as_ref(), model.docs.as_ref());
        let key = model.primary_key(self.dialect);
        for field in &model.fields {
            let settings = field.settings.of(self.dialect);
            let column = self.column(field, &settings, &key);
            self.table.columns.push(column);
            self.constraints(field, &settings);
        }
        self.parts();
        if self.table.primary_key.is_none() && !key.is_empty() {
            self.table.primary_key = Some(Key {
                columns: key,
                ..Key::default()
            });
        }
        self.check_columns();
        self.table.uniques.sort();
        self.table.uniques.dedup();
        self.table.foreign_keys.sort();
        self.table.checks.sort();
    }

    /// Adds the constraints in the attributes of a field.
    fn constraints(&mut self, field: &Field, settings: &Settings) {
        let site = settings.site.unwrap_or(field.site);
        let own = |columns: &mut Vec<String>| {
            *columns = vec![field.column.clone()];
        };
        if let Some(key) = &settings.unique {
            let mut key = key.clone();
            own(&mut key.columns);
            self.table.uniques.push(key);
        }
        if let Some((name, index)) = &settings.index {
            let mut index = index.clone();
            // The column may have been renamed.
            for part in index.parts.iter_mut().filter(|part| !part.expression) {
                part.over.clone_from(&field.column);
            }
            self.index(name.clone(), index, site);
        }
        if let Some((table, references)) = &settings.references {
            let key = ForeignKey {
                columns: vec![field.column.clone()],
                table: table.clone(),
                references: references.clone(),
                on_delete: settings.on_delete.unwrap_or_default(),
                on_update: settings.on_update.unwrap_or_default(),
                deferrable: settings.deferrable.unwrap_or_default(),
                ..ForeignKey::default()
            };
            self.foreign_key(key, site);
        } else if settings.on_delete.is_some() || settings.on_update.is_some() {
            self.wrong(
                site,
                "`on_delete` and `on_update` require a foreign key",
                "name the referenced column: `references = \"users(id)\"`",
            );
        }
        self.table.checks.extend(settings.checks.iter().cloned());
    }

    /// Adds the constraints in the attributes of the struct.
    fn parts(&mut self) {
        let dialect = self.dialect;
        let parts = self.model.settings.parts.iter();
        for part in parts.filter(|part| part.dialect.is_none_or(|own| own == dialect)) {
            match &part.what {
                What::PrimaryKey(key) if key.columns.is_empty() => {}
                What::PrimaryKey(key) => {
                    let said = self
                        .model
                        .fields
                        .iter()
                        .any(|field| field.settings.of(dialect).primary_key == Some(true));
                    if said || self.table.primary_key.is_some() {
                        self.wrong(part.site, "duplicate primary key", "keep one of the two");
                    }
                    self.table.primary_key = Some(key.clone());
                }
                What::Unique(key) => self.table.uniques.push(key.clone()),
                What::Index(name, index) => self.index(name.clone(), index.clone(), part.site),
                What::Check(check) => self.table.checks.push(check.clone()),
                What::ForeignKey(key) => self.foreign_key(key.clone(), part.site),
            }
        }
    }

    fn foreign_key(&mut self, mut key: ForeignKey, site: Site) {
        let model = self.tables.get(&key.table);
        if key.references.is_empty() {
            key.references = match model {
                Some(model) => model.primary_key(self.dialect),
                None => vec!["id".to_owned()],
            };
        }
        if let Some(model) = model {
            for column in &key.references {
                if !model.columns().any(|own| own == column) {
                    let message = format!("`{}` has no column `{column}` to reference", key.table);
                    let help = did_you_mean(column, model);
                    self.wrong(site, message, help);
                }
            }
        }
        if key.references.len() != key.columns.len() {
            self.wrong(
                site,
                format!(
                    "the foreign key pairs {} with {} columns of `{}`",
                    key.columns.len(),
                    key.references.len(),
                    key.table
                ),
                "name the same number of columns on both sides",
            );
        }
        self.table.foreign_keys.push(key);
    }

    fn index(&mut self, name: Option<String>, mut index: Index, site: Site) {
        for part in &mut index.parts {
            let name = part.collation.take();
            part.collation = name.map(|name| types::collation(&name, self.dialect));
        }
        let name = name.unwrap_or_else(|| index_name(&self.model.table, &index));
        if self.table.indexes.insert(name.clone(), index).is_some() {
            self.wrong(
                site,
                format!("duplicate index name `{name}`"),
                "rename one: `index(columns(…), name = \"…\")`",
            );
        }
    }

    fn wrong(&mut self, site: Site, message: impl Into<String>, help: impl Into<String>) {
        self.problems
            .push(Problem::error(Code::MalformedModel, site, message, help));
    }

    /// Reports columns that keys and indexes name and that do not exist.
    fn check_columns(&mut self) {
        let model = self.model;
        let known: BTreeSet<&str> = model.columns().collect();
        for part in &model.settings.parts {
            if part.dialect.is_some_and(|own| own != self.dialect) {
                continue;
            }
            let named: Vec<&String> = match &part.what {
                What::PrimaryKey(key) | What::Unique(key) => {
                    key.columns.iter().chain(&key.include).collect()
                }
                What::Index(_, index) => {
                    let columns = index.parts.iter().filter(|part| !part.expression);
                    let columns = columns.map(|part: &IndexPart| &part.over);
                    columns.chain(&index.include).collect()
                }
                What::ForeignKey(key) => key.columns.iter().collect(),
                What::Check(_) => Vec::new(),
            };
            for column in named {
                if !known.contains(column.as_str()) {
                    let message = format!("`{}` has no column `{column}`", model.table);
                    self.problems.push(Problem::error(
                        Code::MalformedModel,
                        part.site,
                        message,
                        did_you_mean(column, model),
                    ));
                }
            }
        }
    }
}

fn did_you_mean(column: &str, model: &Model) -> String {
    // The name may be that of a field whose column is renamed.
    let renamed = model.fields.iter().find(|field| field.name == column);
    let near = match renamed {
        Some(field) => Some(field.column.as_str()),
        None => nearest(column, model.columns()),
    };
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let columns: Vec<_> = model.columns().collect();
            format!("expected one of `{}`", columns.join("`, `"))
        }
    }
}

/// PostgreSQL truncates longer names (its manual, "Identifiers and Key Words"); MySQL allows one
/// more.
const LONGEST_NAME: usize = 63;

/// Names an index after its table and columns, as PostgreSQL does.
fn index_name(table: &Name, index: &Index) -> String {
    let words: Vec<_> = index
        .parts
        .iter()
        .map(|part| match part.expression {
            true => "expr",
            false => part.over.as_str(),
        })
        .collect();
    let end = if index.unique { "key" } else { "idx" };
    let name = format!("{}_{}_{end}", table.name, words.join("_"));
    if name.len() <= LONGEST_NAME {
        return name;
    }
    // The hash of the truncated part keeps names distinct.
    let mark = Hash::from_bytes(Sha256::digest(&name).into()).to_string();
    let mark = &mark[..8];
    let most = LONGEST_NAME - mark.len() - end.len() - 2;
    let cut = name
        .char_indices()
        .map(|(at, sign)| at + sign.len_utf8())
        .take_while(|end| *end <= most)
        .last()
        .unwrap_or_default();
    format!("{}_{mark}_{end}", &name[..cut])
}
