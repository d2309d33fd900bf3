//! A struct that derives `Table`.

use heck::ToSnakeCase as _;
use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Field as SynField, Fields, Type};

use super::attribute::Notes;
use super::column::{self, ColumnSettings, docs};
use super::constraint::{Part, What};
use super::kind::Kind;
use super::resolve::{Found, Scope, parts, resolve};
use super::sqlx::{self, Json};
use super::table::{self, TableSettings};
use super::{Problem, Site};
use migrate_core::__support::nearest;
use migrate_core::{Code, Dialect};
use migrate_schema::Name;

/// A struct that derives `Table`, before a dialect is chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The struct's name.
    pub rust_name: String,
    /// The table's name.
    pub table: Name,
    /// Whether it has only some of the table's columns, and does not describe the table itself.
    pub partial: bool,
    /// Whether it belongs to no table: the rows of a view, or a struct that others flatten.
    pub ignored: bool,
    /// Whether the compiler does not check it.
    pub unchecked: bool,
    /// Whether it has fields of another struct, which cannot be seen here.
    pub open: bool,
    /// How the runtime's crate is called, if not `migrate_sqlx`: `#[table(crate = "…")]`.
    pub home: Option<String>,
    pub(super) site: Site,
    pub(super) fields: Vec<Field>,
    pub(super) settings: TableSettings,
    pub(super) docs: Option<String>,
    /// The number of structs flattened into it.
    pub(super) flattened: usize,
}

/// A field that is a column.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) column: String,
    pub(super) optional: bool,
    pub(super) kind: Kind,
    pub(super) settings: ColumnSettings,
    pub(super) docs: Option<String>,
    pub(super) site: Site,
    pub(super) type_site: Site,
}

/// The depth to which structs can be flattened into one another.
const DEEPEST_FLATTEN: usize = 8;

/// The number of columns of a table: PostgreSQL allows 1600, MySQL 4096, SQLite 2000 (their
/// manuals, "Limits").
const MOST_COLUMNS: usize = 4096;

impl Model {
    /// Returns the names of the columns, in the order of the fields.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|field| field.column.as_str())
    }

    /// Reads a struct.
    pub(super) fn read(
        item: &DeriveInput,
        scope: &dyn Scope,
        mark: &mut dyn FnMut(Span) -> Site,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let notes = &mut Notes { mark, problems };
        let settings = table::read(notes, &item.attrs);
        notes.misplaced(&item.attrs, "column", "a field");
        let named = match &item.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => Some(fields),
                Fields::Unnamed(_) | Fields::Unit => None,
            },
            Data::Enum(_) | Data::Union(_) => None,
        };
        let Some(fields) = named else {
            notes.wrong(
                item.ident.span(),
                format!("`{}` is not a struct with named fields", item.ident),
                "derive `Table` on `struct … { … }`; an enum derives `sqlx::Type` and is a column",
            );
            return None;
        };
        let rust_name = item.ident.unraw().to_string();
        let table = match (&settings.name, &settings.schema) {
            // As in `references`, the part before a dot is the schema.
            (Some(name), None) if name.contains('.') => Name::from(name.as_str()),
            (name, schema) => Name {
                schema: schema.clone(),
                name: name.clone().unwrap_or_else(|| rust_name.to_snake_case()),
            },
        };
        let mut model = Self {
            table,
            rust_name,
            partial: settings.partial.unwrap_or_default(),
            ignored: settings.ignore.unwrap_or_default(),
            unchecked: settings.unchecked.unwrap_or_default(),
            home: settings.home.clone(),
            open: false,
            site: notes.site(item.ident.span()),
            fields: Vec::new(),
            settings,
            docs: docs(&item.attrs),
            flattened: 0,
        };
        let rename_all = sqlx::container(&item.attrs).rename_all;
        for field in &fields.named {
            model.field(notes, field, rename_all.as_deref(), scope, DEEPEST_FLATTEN);
        }
        model.duplicate_columns(notes);
        // A struct that is flattened into it may have the column.
        if !model.open {
            model.unknown_columns(notes);
        }
        Some(model)
    }

    fn field(
        &mut self,
        notes: &mut Notes<'_>,
        field: &SynField,
        rename_all: Option<&str>,
        scope: &dyn Scope,
        deep: usize,
    ) {
        let Some(ident) = &field.ident else { return };
        notes.misplaced(&field.attrs, "table", "the struct");
        let attributes = sqlx::child(&field.attrs);
        let name = ident.unraw().to_string();
        let renamed = attributes
            .rename
            .clone()
            .unwrap_or_else(|| sqlx::rename(&name, rename_all));
        let settings = column::read(notes, &field.attrs, &renamed);
        if attributes.skip || settings.general.skip == Some(true) {
            return;
        }
        let of = attributes.try_from.as_ref().unwrap_or(&field.ty);
        if attributes.flatten {
            self.flatten(notes, field, of, scope, deep);
            return;
        }
        if let (Some(ours), true) = (&settings.general.name, attributes.rename.is_some())
            && *ours != renamed
        {
            notes.wrong(
                ident.span(),
                format!("sqlx reads `{renamed}` here, but `#[column(name)]` is `{ours}`"),
                "keep `#[sqlx(rename = \"…\")]` alone",
            );
        }
        let mut resolved = resolve(of, scope);
        if let Some(json) = attributes.json {
            // `Option` is then part of the JSON, unless a sqlx attribute says otherwise.
            resolved.optional = json == Json::Nullable;
            resolved.kind = Kind::Json;
        }
        if self.fields.len() >= MOST_COLUMNS {
            return;
        }
        self.fields.push(Field {
            column: settings.general.name.clone().unwrap_or(renamed),
            name,
            optional: resolved.optional,
            kind: resolved.kind,
            settings,
            docs: docs(&field.attrs),
            site: notes.site(ident.span()),
            type_site: notes.site(field.ty.span()),
        });
    }

    /// Adds the fields of another struct.
    fn flatten(
        &mut self,
        notes: &mut Notes<'_>,
        field: &SynField,
        of: &Type,
        scope: &dyn Scope,
        deep: usize,
    ) {
        if scope.is_blind() {
            self.open = true;
            return;
        }
        let mut wrong = |why: &str, help: &str| {
            notes.wrong(field.ty.span(), why, help);
        };
        self.flattened += 1;
        let deep = deep.checked_sub(1);
        let Some(deep) = deep.filter(|_| self.flattened <= MOST_COLUMNS) else {
            return wrong(
                "recursive `#[sqlx(flatten)]`",
                "remove `#[sqlx(flatten)]` here",
            );
        };
        let found = parts(of).map(|(path, absolute)| scope.find(&path, absolute));
        let (item, scope) = match found {
            Some(Found::Item(item, scope)) => (item, scope),
            Some(Found::Alias(_, of, scope)) => {
                return self.flatten(notes, field, of, scope.as_ref(), deep);
            }
            Some(Found::Elsewhere(_)) | None => {
                return wrong(
                    "the flattened struct is not in the sources of this package",
                    "write its fields here, or skip them with `#[column(skip)]`",
                );
            }
        };
        let rename_all = sqlx::container(&item.attrs).rename_all;
        if let Data::Struct(data) = &item.data {
            for inner in &data.fields {
                // The places belong to another file.
                let site = notes.site(field.ty.span());
                let mut there = |_| site;
                let notes = &mut Notes {
                    mark: &mut there,
                    problems: &mut *notes.problems,
                };
                self.field(notes, inner, rename_all.as_deref(), scope.as_ref(), deep);
            }
        }
    }

    /// Reports columns of two fields.
    fn duplicate_columns(&self, notes: &mut Notes<'_>) {
        let mut seen = std::collections::BTreeMap::new();
        for field in &self.fields {
            if let Some(first) = seen.insert(&field.column, &field.name) {
                notes.problems.push(Problem::error(
                    Code::MalformedModel,
                    field.site,
                    format!(
                        "`{}` and `{first}` are both the column `{}`",
                        field.name, field.column
                    ),
                    "rename one with `#[sqlx(rename = \"…\")]`, or skip it with `#[column(skip)]`",
                ));
            }
        }
    }

    /// Reports columns that keys and indexes name and that no field has.
    fn unknown_columns(&self, notes: &mut Notes<'_>) {
        for part in &self.settings.parts {
            let named: Vec<&String> = match &part.what {
                What::PrimaryKey(key) | What::Unique(key) => {
                    key.columns.iter().chain(&key.include).collect()
                }
                What::Index(_, index) => {
                    let columns = index.parts.iter().filter(|part| !part.expression);
                    let columns = columns.map(|part| &part.over);
                    columns.chain(&index.include).collect()
                }
                What::ForeignKey(key, _) => key.columns.iter().collect(),
                What::Check(_) => Vec::new(),
            };
            for column in named {
                if !self.columns().any(|own| own == column) {
                    notes.problems.push(Problem::error(
                        Code::MalformedModel,
                        part.site,
                        format!("`{}` has no column `{column}`", self.table),
                        self.did_you_mean(column),
                    ));
                }
            }
        }
    }

    /// Returns a help that names the column that is meant.
    pub(super) fn did_you_mean(&self, column: &str) -> String {
        // The name may be that of a field whose column is renamed.
        let renamed = self.fields.iter().find(|field| field.name == column);
        let near = match renamed {
            Some(field) => Some(field.column.as_str()),
            None => nearest(column, self.columns()),
        };
        match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let columns: Vec<_> = self.columns().collect();
                format!("expected one of `{}`", columns.join("`, `"))
            }
        }
    }

    /// Returns whether attributes say what the primary key is.
    pub(super) fn says_primary_key(&self, dialect: Dialect) -> bool {
        let part = |part: &Part| {
            matches!(part.what, What::PrimaryKey(_))
                && part.dialect.is_none_or(|own| own == dialect)
        };
        let field = |field: &Field| field.settings.of(dialect).primary_key.is_some();
        self.settings.parts.iter().any(part) || self.fields.iter().any(field)
    }

    /// Returns the columns of the primary key: those marked as such, or the one named `id`.
    pub(super) fn primary_key(&self, dialect: Dialect) -> Vec<String> {
        for part in &self.settings.parts {
            if let What::PrimaryKey(key) = &part.what
                && part.dialect.is_none_or(|own| own == dialect)
            {
                return key.columns.clone();
            }
        }
        let said = |field: &&Field| field.settings.of(dialect).primary_key == Some(true);
        let mut fields: Vec<_> = self.fields.iter().filter(said).collect();
        if fields.is_empty() {
            let id = |field: &&Field| {
                field.column == "id" && field.settings.of(dialect).primary_key.is_none()
            };
            fields.extend(self.fields.iter().find(id));
        }
        fields.iter().map(|field| field.column.clone()).collect()
    }
}
