//! Converts models to the schema of a dialect.

mod column;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::column::{Settings, written};
use super::constraint::{DEFERRABLE, ON_DELETE, ON_UPDATE, What, set_of};
use super::model::{Field, Model};
use super::{Models, Problem, Site, types};
use migrate_core::{Code, Diagnostic, Dialect, Hash};
use migrate_schema::{
    Column, Enum, ForeignKey, Index, Inherited, Key, Modelled, ModelledTable, Name, Schema, Table,
    mentions,
};

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
        let nothing = Schema::empty(dialect);
        Ok(self.built(&nothing, &Modelled::default())?.schema)
    }

    /// Converts the models to tables for a database that has another schema already: what they do
    /// not say of a table's form is as it is there.
    pub(crate) fn built(
        &self,
        there: &Schema,
        before: &Modelled,
    ) -> Result<Built, Vec<Diagnostic>> {
        let tables = self.tables();
        let mut built = Built {
            schema: Schema::empty(there.dialect),
            said: BTreeMap::new(),
        };
        let mut problems = Vec::new();
        for (name, model) in &tables {
            let mut builder = Builder {
                model,
                dialect: there.dialect,
                tables: &tables,
                schema: there,
                there: there.tables.get(*name),
                before: before.tables.get(*name),
                table: Table::default(),
                said: SaidOfTable::default(),
                enums: &mut built.schema.enums,
                problems: &mut problems,
            };
            builder.build();
            let Builder { table, said, .. } = builder;
            built.schema.tables.insert((*name).clone(), table);
            built.said.insert((*name).clone(), said);
        }
        match problems.is_empty() {
            true => Ok(built),
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

/// The tables of models in a form from which DDL can be created, and which of it they say.
pub(crate) struct Built {
    pub(crate) schema: Schema,
    pub(crate) said: BTreeMap<Name, SaidOfTable>,
}

/// What a model says of its table, and what only follows from it.
#[derive(Default)]
pub(crate) struct SaidOfTable {
    /// Without its constraints and indexes, which are in the table.
    pub(crate) own: ModelledTable,
    /// The values that a check allows in the column of an enum.
    pub(crate) values: BTreeMap<String, Vec<String>>,
    /// The properties of foreign keys that it names, even as they are anyway.
    pub(crate) foreign_keys: BTreeMap<(Vec<String>, Name), BTreeSet<String>>,
    /// What rows without a value get, by column.
    pub(crate) fillers: BTreeMap<String, String>,
    /// The indexes that it gives no name.
    pub(crate) unnamed: BTreeSet<String>,
}

struct Builder<'a> {
    model: &'a Model,
    dialect: Dialect,
    tables: &'a BTreeMap<&'a Name, &'a Model>,
    /// The schema that is there already.
    schema: &'a Schema,
    /// Its table.
    there: Option<&'a Table>,
    /// What the model had said before.
    before: Option<&'a ModelledTable>,
    table: Table,
    said: SaidOfTable,
    enums: &'a mut BTreeMap<Name, Enum>,
    problems: &'a mut Vec<Problem>,
}

impl Builder<'_> {
    fn build(&mut self) {
        let model = self.model;
        self.table.options = model.settings.options[self.dialect as usize].clone();
        self.said.own.options = self.table.options.keywords().map(str::to_owned).collect();
        self.form();
        self.table.comment = written(model.settings.comment.as_ref(), model.docs.as_ref());
        self.said.own.comment = self.table.comment.is_some();
        self.said.own.primary_key = model.says_primary_key(self.dialect);
        let kept = self.kept_key();
        let key = match &kept {
            Some(key) => key
                .as_ref()
                .map_or_else(Vec::new, |key| key.columns.clone()),
            None => model.primary_key(self.dialect),
        };
        for field in &model.fields {
            let settings = field.settings.of(self.dialect);
            let column = self.column(field, &settings, &key, kept.is_some());
            self.table.columns.push(column);
            self.constraints(field, &settings);
        }
        self.columns_without_field();
        self.parts();
        if let Some(kept) = kept {
            self.table.primary_key = kept;
        } else if self.table.primary_key.is_none() && !key.is_empty() {
            self.table.primary_key = Some(Key {
                columns: key,
                ..Key::default()
            });
        }
        self.table.uniques.sort();
        self.table.uniques.dedup();
        self.table.foreign_keys.sort();
        self.table.checks.sort();
    }

    /// Adds the options that say how columns are kept, which the model need not repeat.
    fn form(&mut self) {
        const FORM: [&str; 5] = ["ENGINE", "CHARSET", "COLLATE", "STRICT", "WITHOUT ROWID"];
        let before = self.before.map(|before| &before.options);
        for (keyword, value) in self
            .there
            .into_iter()
            .flat_map(|there| there.options.iter())
        {
            let unsaid = before.is_none_or(|before| !before.contains(keyword));
            if FORM.contains(&keyword) && unsaid && !self.table.options.has(keyword) {
                self.table.options.add(keyword, value.clone());
            }
        }
    }

    /// Returns the columns that are there, that no field is for, and that none was for before.
    fn unsaid_columns(&self) -> Vec<&Column> {
        let Some(there) = self.there else {
            return Vec::new();
        };
        let is_field = |name: &String| self.model.columns().any(|own| own == name);
        let was_field = |name: &String| {
            let before = self.before.map(|before| &before.columns);
            before.is_some_and(|before| before.contains_key(name))
        };
        let gone: Vec<&String> = there
            .columns
            .iter()
            .map(|column| &column.name)
            .filter(|name| !is_field(name) && was_field(name))
            .collect();
        let unsaid = there.columns.iter().filter(|column| {
            let generated = column.generated.as_ref();
            !is_field(&column.name)
                && !was_field(&column.name)
                // What is computed from a column goes with it.
                && generated.is_none_or(|it| !gone.iter().any(|name| mentions(&it.expression, name)))
        });
        unsaid.collect()
    }

    /// Returns the primary key that is there, if the model says nothing of one.
    fn kept_key(&self) -> Option<Option<Key>> {
        let there = self.there?;
        let said_before = self.before.is_some_and(|before| before.primary_key);
        if self.said.own.primary_key || said_before {
            return None;
        }
        let unsaid = self.unsaid_columns();
        let is_kept = |name: &String| {
            self.model.columns().any(|own| own == name)
                || unsaid.iter().any(|column| column.name == *name)
        };
        match &there.primary_key {
            Some(key) if !key.columns.iter().all(is_kept) => None,
            key => Some(key.clone()),
        }
    }

    /// Adds the columns that stay although no field is for them.
    fn columns_without_field(&mut self) {
        let unsaid = self.unsaid_columns().into_iter().map(|column| Column {
            // No table above it is created for the models.
            inherited: Inherited::default(),
            ..column.clone()
        });
        let unsaid: Vec<Column> = unsaid.collect();
        self.table.columns.extend(unsaid);
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
            let said = [
                (ON_DELETE, settings.on_delete.is_some()),
                (ON_UPDATE, settings.on_update.is_some()),
                (DEFERRABLE, settings.deferrable.is_some()),
            ];
            self.foreign_key(key, set_of(&said), site);
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
                What::ForeignKey(key, said) => {
                    self.foreign_key(key.clone(), said.clone(), part.site);
                }
            }
        }
    }

    fn foreign_key(&mut self, mut key: ForeignKey, said: BTreeSet<String>, site: Site) {
        let model = self.tables.get(&key.table);
        let there = self.schema.tables.get(&key.table);
        if key.references.is_empty() {
            let there = there.and_then(|there| there.primary_key.as_ref());
            key.references = match (model, there) {
                (Some(model), None) => model.primary_key(self.dialect),
                (Some(model), _) if model.says_primary_key(self.dialect) => {
                    model.primary_key(self.dialect)
                }
                (_, Some(key)) => key.columns.clone(),
                (None, None) => vec!["id".to_owned()],
            };
        }
        if let Some(model) = model {
            for column in &key.references {
                let is_there = there.is_some_and(|there| there.column(column).is_some());
                if !model.columns().any(|own| own == column) && !is_there {
                    let message = format!("`{}` has no column `{column}` to reference", key.table);
                    let help = model.did_you_mean(column);
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
        let of = (key.columns.clone(), key.table.clone());
        self.said.foreign_keys.entry(of).or_default().extend(said);
        self.table.foreign_keys.push(key);
    }

    fn index(&mut self, name: Option<String>, mut index: Index, site: Site) {
        for part in &mut index.parts {
            let name = part.collation.take();
            part.collation = name.map(|name| types::collation(&name, self.dialect));
        }
        let name = name.unwrap_or_else(|| {
            let name = index_name(&self.model.table, &index);
            self.said.unnamed.insert(name.clone());
            name
        });
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
