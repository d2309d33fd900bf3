//! The SQL of what is compared by it.

use std::collections::{BTreeMap, BTreeSet};

use crate::ddl::clause;
use crate::diff::change::{Constraint, Kind};
use crate::diff::order;
use crate::schema::{Domain, Name, Schema, Signature, UserType};
use migrate_core::Dialect;

/// The named schemas, by their names.
pub(crate) fn schemas(schema: &Schema) -> BTreeMap<String, String> {
    schema
        .schemas
        .iter()
        .map(|(name, comment)| {
            let quoted = schema.dialect.quote(name);
            let sql = format!("CREATE SCHEMA {quoted}");
            (
                name.clone(),
                with_comment(sql, "SCHEMA", &quoted, comment.as_deref()),
            )
        })
        .collect()
}

/// The extensions, by their names.
pub(crate) fn extensions(schema: &Schema) -> BTreeMap<String, String> {
    schema
        .extensions
        .iter()
        .map(|(name, extension)| {
            let place = extension.schema.as_ref().map_or_else(String::new, |place| {
                format!(" SCHEMA {}", schema.dialect.quote(place))
            });
            let sql = format!(
                "CREATE EXTENSION IF NOT EXISTS {}{place}",
                schema.dialect.quote(name)
            );
            (name.clone(), sql)
        })
        .collect()
}

/// The extensions in an order in which each comes after those that it requires.
pub(crate) fn extension_order(schema: &Schema) -> BTreeMap<&str, usize> {
    let names: Vec<&String> = schema.extensions.keys().collect();
    let needs: Vec<BTreeSet<usize>> = schema
        .extensions
        .values()
        .map(|extension| {
            let places = extension.requires.iter();
            places
                .filter_map(|name| names.binary_search(&name).ok())
                .collect()
        })
        .collect();
    let order = order::by_needs(&needs).into_iter().enumerate();
    order
        .map(|(place, at)| (names[at].as_str(), place))
        .collect()
}

/// The kinds that are made before types and tables, in the order in which they need each other.
pub(crate) const EARLY: [Kind; 3] = [Kind::Collation, Kind::Dictionary, Kind::Configuration];

/// The objects of one of the [`EARLY`] kinds, by their names.
pub(crate) fn early(schema: &Schema, kind: Kind) -> BTreeMap<String, String> {
    let all = match kind {
        Kind::Collation => &schema.collations,
        Kind::Dictionary => &schema.dictionaries,
        Kind::Configuration => &schema.configurations,
        _ => return BTreeMap::new(),
    };
    let word = kind.as_str().to_uppercase();
    all.iter()
        .map(|(name, of)| {
            let quoted = name.quoted(Dialect::Postgres);
            let sql = format!("CREATE {word} {quoted} {}", of.definition);
            let sql = with_comment(sql, &word, &quoted, of.comment.as_deref());
            (name.to_string(), sql)
        })
        .collect()
}

/// The domains, by their names.
pub(crate) fn domains(schema: &Schema) -> BTreeMap<String, String> {
    let named = schema.domains.iter();
    named
        .map(|(name, domain)| (name.to_string(), self::domain(name, domain)))
        .collect()
}

fn domain(name: &Name, domain: &Domain) -> String {
    let quoted = name.quoted(Dialect::Postgres);
    let mut sql = format!("CREATE DOMAIN {quoted} AS {}", domain.sql_type);
    if let Some(collation) = &domain.collation {
        sql = format!("{sql} COLLATE {collation}");
    }
    if let Some(default) = &domain.default {
        sql = format!("{sql} DEFAULT {default}");
    }
    if !domain.nullable {
        sql.push_str(" NOT NULL");
    }
    for check in &domain.checks {
        let check = clause::constraint(Dialect::Postgres, &Constraint::Check(check.clone()));
        sql = format!("{sql} {check}");
    }
    with_comment(sql, "DOMAIN", &quoted, domain.comment.as_deref())
}

/// The composite and range types, by their names.
pub(crate) fn types(schema: &Schema) -> BTreeMap<String, String> {
    let named = schema.types.iter();
    named
        .map(|(name, of)| (name.to_string(), user_type(name, of)))
        .collect()
}

fn user_type(name: &Name, of: &UserType) -> String {
    let quoted = name.quoted(Dialect::Postgres);
    let sql = format!("CREATE TYPE {quoted} {}", of.definition);
    with_comment(sql, "TYPE", &quoted, of.comment.as_deref())
}

/// The functions and procedures, by their signatures. One whose definition may not be seen has
/// none.
pub(crate) fn routines(schema: &Schema) -> BTreeMap<String, String> {
    schema
        .routines
        .iter()
        .map(|(signature, routine)| {
            let sql = routine.definition.clone().unwrap_or_default();
            let sql = sql.trim_end().trim_end_matches(';').to_owned();
            let comment = match schema.dialect {
                Dialect::Postgres => routine.comment.as_deref(),
                // It is in the definition.
                Dialect::MySql | Dialect::Sqlite => None,
            };
            let kind = signature.kind.as_str().to_uppercase();
            let quoted = quoted_signature(schema.dialect, signature);
            (
                signature.to_string(),
                with_comment(sql, &kind, &quoted, comment),
            )
        })
        .collect()
}

/// Writes a signature as `DROP` wants it.
pub(super) fn quoted_signature(dialect: Dialect, signature: &Signature) -> String {
    let name = signature.name.quoted(dialect);
    match dialect {
        Dialect::Postgres => format!("{name}({})", signature.arguments),
        Dialect::MySql | Dialect::Sqlite => name,
    }
}

/// Puts the statement that sets a comment behind another.
fn with_comment(sql: String, kind: &str, quoted: &str, comment: Option<&str>) -> String {
    match comment {
        None => sql,
        Some(comment) => {
            let comment = clause::text(Dialect::Postgres, comment);
            format!("{sql};\nCOMMENT ON {kind} {quoted} IS {comment}")
        }
    }
}
