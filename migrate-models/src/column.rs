//! `#[column(…)]`: the properties of a column that Rust cannot express.

use syn::Attribute;
use syn::spanned::Spanned as _;

use super::Site;
use super::attribute::{Entry, Notes, Value};
use super::constraint;
use migrate_core::Dialect;
use migrate_schema::{Action, Check, Deferrable, Identity, Index, Key, Name};

/// The settings of a column, for all dialects or for one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings {
    pub(super) name: Option<String>,
    pub(super) skip: Option<bool>,
    pub(super) sql_type: Option<String>,
    pub(super) nullable: Option<bool>,
    pub(super) primary_key: Option<bool>,
    pub(super) unique: Option<Key>,
    pub(super) index: Option<(Option<String>, Index)>,
    pub(super) default: Option<Default_>,
    pub(super) references: Option<(Name, Vec<String>)>,
    pub(super) on_delete: Option<Action>,
    pub(super) on_update: Option<Action>,
    pub(super) deferrable: Option<Deferrable>,
    pub(super) on_update_value: Option<String>,
    pub(super) checks: Vec<Check>,
    pub(super) generated: Option<String>,
    pub(super) virtual_: Option<bool>,
    pub(super) numbered: Option<Numbered>,
    pub(super) collation: Option<String>,
    pub(super) comment: Option<Comment>,
    pub(super) renamed_from: Option<String>,
    /// The place of the attribute.
    pub(super) site: Option<Site>,
}

/// A column's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Default_ {
    /// An SQL expression.
    Expression(String),
    /// Rust's `true` or `false`, which the dialects spell in their own ways.
    Bool(bool),
    /// No default in this dialect.
    None,
}

/// How the values of a column are generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbered {
    /// By the application.
    No,
    /// By the database, in the dialect's usual form.
    Yes,
    /// By the database, in this form.
    By(Identity),
}

/// The comment of a column or table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Comment {
    /// The documentation.
    Docs,
    /// This text.
    Text(String),
}

/// The settings for all dialects, and for each.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ColumnSettings {
    pub(super) general: Settings,
    pub(super) dialects: [Option<Box<Settings>>; 3],
}

impl ColumnSettings {
    /// Returns the settings for a dialect.
    pub(super) fn of(&self, dialect: Dialect) -> Settings {
        let general = self.general.clone();
        match &self.dialects[dialect as usize] {
            None => general,
            Some(own) => own.as_ref().clone().over(general),
        }
    }
}

impl Settings {
    /// Returns these settings, with the general ones for those that are not set.
    fn over(self, general: Self) -> Self {
        let mut checks = general.checks;
        checks.extend(self.checks);
        Self {
            name: general.name,
            skip: general.skip,
            sql_type: self.sql_type.or(general.sql_type),
            nullable: self.nullable.or(general.nullable),
            primary_key: self.primary_key.or(general.primary_key),
            unique: self.unique.or(general.unique),
            index: self.index.or(general.index),
            default: self.default.or(general.default),
            references: self.references.or(general.references),
            on_delete: self.on_delete.or(general.on_delete),
            on_update: self.on_update.or(general.on_update),
            deferrable: self.deferrable.or(general.deferrable),
            on_update_value: self.on_update_value,
            checks,
            generated: self.generated.or(general.generated),
            virtual_: self.virtual_.or(general.virtual_),
            numbered: self.numbered.or(general.numbered),
            collation: self.collation.or(general.collation),
            comment: self.comment.or(general.comment),
            renamed_from: general.renamed_from,
            site: self.site.or(general.site),
        }
    }
}

/// The keys of `#[column(…)]`, for messages.
const KEYS: [&str; 24] = [
    "name",
    "skip",
    "type",
    "nullable",
    "primary_key",
    "unique",
    "index",
    "default",
    "references",
    "on_delete",
    "on_update",
    "deferrable",
    "check",
    "generated",
    "stored",
    "virtual",
    "auto_increment",
    "identity",
    "collate",
    "comment",
    "rename_from",
    "postgres",
    "mysql",
    "sqlite",
];

const EXAMPLE: &str = "#[column(unique, default = \"now()\")]";

/// Reads every `#[column(…)]` of a field whose column has this name.
pub(super) fn read(
    notes: &mut Notes<'_>,
    attributes: &[Attribute],
    column: &str,
) -> ColumnSettings {
    let mut settings = ColumnSettings::default();
    for attribute in attributes {
        if !attribute.path().is_ident("column") {
            continue;
        }
        match attribute.meta.require_list() {
            Ok(list) => {
                let site = notes.site(attribute.path().span());
                settings.general.site.get_or_insert(site);
                for entry in notes.entries(list.tokens.clone(), attribute.path().span(), EXAMPLE) {
                    general(notes, &entry, column, &mut settings);
                }
            }
            Err(error) => notes.syntax(&error, attribute.path().span(), EXAMPLE),
        }
    }
    settings
}

fn general(notes: &mut Notes<'_>, entry: &Entry, column: &str, settings: &mut ColumnSettings) {
    let Ok(dialect) = entry.key.parse::<Dialect>() else {
        one(notes, entry, column, &mut settings.general, None);
        return;
    };
    let Value::List(tokens) = &entry.value else {
        notes.wrong(
            entry.span,
            format!("`{dialect}` requires its settings in parentheses"),
            format!("for example `{dialect}(type = \"…\")`"),
        );
        return;
    };
    let example = format!("{dialect}(type = \"…\", default = \"…\")");
    let own = settings.dialects[dialect as usize].get_or_insert_default();
    own.site = Some(notes.site(entry.span));
    for entry in notes.entries(tokens.clone(), entry.span, &example) {
        one(notes, &entry, column, own, Some(dialect));
    }
}

fn one(
    notes: &mut Notes<'_>,
    entry: &Entry,
    column: &str,
    into: &mut Settings,
    dialect: Option<Dialect>,
) {
    // These settings are independent of the database.
    const SHARED: [&str; 3] = ["name", "skip", "rename_from"];
    if dialect.is_some() && SHARED.contains(&entry.key.as_str()) {
        notes.wrong(
            entry.span,
            format!("`{}` is the same in every dialect", entry.key),
            format!("write it in `#[column({} …)]` itself", entry.key),
        );
        return;
    }
    match entry.key.as_str() {
        "name" => {
            let value = notes.text(entry);
            notes.once(&mut into.name, value, entry);
        }
        "skip" => {
            let value = notes.flag(entry);
            notes.once(&mut into.skip, value, entry);
        }
        "type" => {
            let value = notes.text(entry);
            notes.once(&mut into.sql_type, value, entry);
        }
        "nullable" => {
            let value = notes.flag(entry);
            notes.once(&mut into.nullable, value, entry);
        }
        "primary_key" => {
            let value = notes.flag(entry);
            notes.once(&mut into.primary_key, value, entry);
        }
        "unique" => {
            let value = constraint::key(notes, entry, Some(column));
            notes.once(&mut into.unique, value, entry);
        }
        "index" => {
            let value = constraint::index(notes, entry, Some(column));
            notes.once(&mut into.index, value, entry);
        }
        "default" => {
            let value = default(notes, entry);
            notes.once(&mut into.default, value, entry);
        }
        "references" => {
            let value = constraint::references(notes, entry);
            notes.once(&mut into.references, value, entry);
        }
        "on_delete" => {
            let value = constraint::action(notes, entry);
            notes.once(&mut into.on_delete, value, entry);
        }
        // MySQL's columns have an ON UPDATE clause of their own, which takes an expression.
        "on_update" if dialect == Some(Dialect::MySql) => {
            let value = notes.text(entry);
            notes.once(&mut into.on_update_value, value, entry);
        }
        "on_update" => {
            let value = constraint::action(notes, entry);
            notes.once(&mut into.on_update, value, entry);
        }
        "deferrable" => {
            let value = constraint::deferrable(notes, entry);
            notes.once(&mut into.deferrable, value, entry);
        }
        "check" => into.checks.extend(constraint::check(notes, entry)),
        "generated" => {
            let value = notes.sql(entry);
            notes.once(&mut into.generated, value, entry);
        }
        "stored" => {
            let value = notes.flag(entry).map(|stored| !stored);
            notes.once(&mut into.virtual_, value, entry);
        }
        "virtual" => {
            let value = notes.flag(entry);
            notes.once(&mut into.virtual_, value, entry);
        }
        "auto_increment" => {
            let value = notes.flag(entry).map(|numbered| match numbered {
                true => Numbered::Yes,
                false => Numbered::No,
            });
            notes.once(&mut into.numbered, value, entry);
        }
        "identity" => {
            const WAYS: [(&str, Numbered); 3] = [
                ("always", Numbered::By(Identity::Always)),
                ("by default", Numbered::By(Identity::ByDefault)),
                ("serial", Numbered::By(Identity::Serial)),
            ];
            let value = notes.choice(entry, &WAYS);
            notes.once(&mut into.numbered, value, entry);
        }
        "collate" => {
            let value = notes.text(entry);
            notes.once(&mut into.collation, value, entry);
        }
        "comment" => {
            let value = comment(notes, entry);
            notes.once(&mut into.comment, value, entry);
        }
        "rename_from" => {
            let value = notes.text(entry);
            notes.once(&mut into.renamed_from, value, entry);
        }
        _ => notes.unknown(entry, "#[column]", &KEYS),
    }
}

fn default(notes: &mut Notes<'_>, entry: &Entry) -> Option<Default_> {
    match &entry.value {
        Value::Number(number) => Some(Default_::Expression(number.clone())),
        Value::Bool(value) => Some(Default_::Bool(*value)),
        Value::Word(word) if word == "none" => Some(Default_::None),
        Value::Text(text) if !text.trim().is_empty() => {
            let text = notes.whole(entry, text.clone())?;
            Some(Default_::Expression(text))
        }
        _ => {
            notes.wrong(
                entry.span,
                "`default` requires an SQL expression in quotes, a number, `true`, `false` or `none`",
                "for example `default = \"now()\"`, or for a text `default = \"'new'\"`",
            );
            None
        }
    }
}

/// Reads `comment`, which without a value uses the documentation.
pub(super) fn comment(notes: &mut Notes<'_>, entry: &Entry) -> Option<Comment> {
    match entry.value {
        Value::Flag => Some(Comment::Docs),
        _ => notes.text(entry).map(Comment::Text),
    }
}

/// Returns the documentation among attributes, one line per line.
pub(super) fn docs(attributes: &[Attribute]) -> Option<String> {
    let lines = attributes.iter().filter_map(|attribute| {
        let value = attribute.meta.require_name_value().ok()?;
        match &value.value {
            syn::Expr::Lit(syn::ExprLit {
                lit: syn::Lit::Str(text),
                ..
            }) if value.path.is_ident("doc") => Some(text.value().trim().to_owned()),
            _ => None,
        }
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Returns the text of a comment.
pub(super) fn written(comment: Option<&Comment>, docs: Option<&String>) -> Option<String> {
    match comment? {
        Comment::Docs => docs.cloned(),
        Comment::Text(text) => Some(text.clone()),
    }
}
