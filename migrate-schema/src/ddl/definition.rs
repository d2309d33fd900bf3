//! Objects that are created by a single text.

use std::collections::{BTreeMap, BTreeSet};

use super::clause;
use crate::diff::change::Constraint;
use crate::diff::order;
use crate::schema::{Domain, Enum, Name, ObjectRef, Routine, Schema, Signature};
use migrate_core::Dialect;

/// Returns the SQL that creates an object with its comment; `None` if that takes more than the
/// object itself. A routine whose definition is hidden has an empty one.
pub(crate) fn create(dialect: Dialect, object: ObjectRef<'_>) -> Option<String> {
    let (definition, comment) = match object {
        ObjectRef::Table(..) | ObjectRef::View(..) | ObjectRef::Sequence(..) => return None,
        ObjectRef::Enum(name, values) => return Some(enumeration(name, values)),
        ObjectRef::Domain(name, value) => return Some(domain(name, value)),
        ObjectRef::Routine(signature, value) => return Some(routine(dialect, signature, value)),
        ObjectRef::Event(_, event) => return Some(event.definition.clone()),
        ObjectRef::Extension(_, extension) => {
            let schema = extension
                .schema
                .as_ref()
                .map_or_else(String::new, |schema| {
                    format!(" SCHEMA {}", dialect.quote(schema))
                });
            let name = quoted(dialect, object);
            return Some(format!("CREATE EXTENSION IF NOT EXISTS {name}{schema}"));
        }
        ObjectRef::Schema(_, comment) => (String::new(), comment),
        ObjectRef::Type(_, of)
        | ObjectRef::Collation(_, of)
        | ObjectRef::Dictionary(_, of)
        | ObjectRef::Configuration(_, of)
        | ObjectRef::Statistics(_, of)
        | ObjectRef::Wrapper(_, of)
        | ObjectRef::Server(_, of)
        | ObjectRef::Publication(_, of)
        | ObjectRef::EventTrigger(_, of)
        | ObjectRef::Cast(_, of) => (format!(" {}", of.definition), &of.comment),
        ObjectRef::Operator(_, of) => {
            // It is created by its sign, and known by its types too.
            let whole = quoted(dialect, object);
            let sign = whole.split(" (").next().unwrap_or(&whole);
            let sql = format!("CREATE OPERATOR {sign} {}", of.definition);
            return Some(with_comment(sql, "OPERATOR", &whole, of.comment.as_deref()));
        }
    };
    let (kind, name) = (keyword(object), quoted(dialect, object));
    let sql = format!("CREATE {kind} {name}{definition}");
    Some(with_comment(sql, &kind, &name, comment.as_deref()))
}

/// Returns the SQL that drops an object that has no dependents left.
pub(super) fn drop(dialect: Dialect, object: ObjectRef<'_>) -> String {
    format!("DROP {} {}", keyword(object), quoted(dialect, object))
}

/// Returns the keyword of the object's kind in SQL.
pub(super) fn keyword(object: ObjectRef<'_>) -> String {
    match object {
        ObjectRef::Enum(..) => "TYPE".to_owned(),
        ObjectRef::Wrapper(..) => "FOREIGN DATA WRAPPER".to_owned(),
        ObjectRef::Routine(signature, _) => signature.kind.as_str().to_uppercase(),
        object => object.kind().as_str().to_uppercase(),
    }
}

/// Returns the object's name as an identifier; of a routine as `DROP` needs it.
pub(super) fn quoted(dialect: Dialect, object: ObjectRef<'_>) -> String {
    match object {
        ObjectRef::Table(name, _) => name.quoted(dialect),
        ObjectRef::View(name, _) => name.quoted(dialect),
        ObjectRef::Sequence(name, _) => name.quoted(dialect),
        ObjectRef::Enum(name, _) => name.quoted(dialect),
        ObjectRef::Domain(name, _) => name.quoted(dialect),
        ObjectRef::Event(name, _) => name.quoted(dialect),
        ObjectRef::Type(name, _)
        | ObjectRef::Collation(name, _)
        | ObjectRef::Dictionary(name, _)
        | ObjectRef::Configuration(name, _)
        | ObjectRef::Statistics(name, _) => name.quoted(dialect),
        ObjectRef::Routine(signature, _) => {
            let name = signature.name.quoted(dialect);
            match dialect {
                Dialect::Postgres => format!("{name}({})", signature.arguments),
                Dialect::MySql | Dialect::Sqlite => name,
            }
        }
        ObjectRef::Operator(Name { schema, name }, _) => {
            let schema = schema.as_ref().map(|schema| dialect.quote(schema));
            schema.map_or_else(|| name.clone(), |schema| format!("{schema}.{name}"))
        }
        ObjectRef::Cast(types, _) => format!("({types})"),
        ObjectRef::Extension(name, _) => dialect.quote(name),
        ObjectRef::Schema(name, _) => dialect.quote(name),
        ObjectRef::Wrapper(name, _)
        | ObjectRef::Server(name, _)
        | ObjectRef::Publication(name, _)
        | ObjectRef::EventTrigger(name, _) => dialect.quote(name),
    }
}

/// Returns the extensions' places in an order in which each comes after those that it requires.
pub(super) fn extension_order(schema: &Schema) -> BTreeMap<&str, usize> {
    let names: Vec<&String> = schema.extensions.keys().collect();
    let needs: Vec<BTreeSet<usize>> = schema
        .extensions
        .values()
        .map(|extension| {
            let required = extension.requires.iter();
            required
                .filter_map(|name| names.binary_search(&name).ok())
                .collect()
        })
        .collect();
    let order = order::by_needs(&needs).into_iter().enumerate();
    order
        .map(|(place, at)| (names[at].as_str(), place))
        .collect()
}

fn enumeration(name: &Name, values: &Enum) -> String {
    let quoted = name.quoted(Dialect::Postgres);
    let all: Vec<String> = values
        .values
        .iter()
        .map(|value| Dialect::Postgres.literal(value))
        .collect();
    let sql = format!("CREATE TYPE {quoted} AS ENUM ({})", all.join(", "));
    with_comment(sql, "TYPE", &quoted, values.comment.as_deref())
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
        sql.extend([" ", &domain_not_null(domain)]);
    }
    for check in &domain.checks {
        let check = clause::constraint(Dialect::Postgres, &Constraint::Check(check.clone()));
        sql = format!("{sql} {check}");
    }
    for (constraint, comment) in &domain.constraint_comments {
        let (constraint, comment) = (
            Dialect::Postgres.quote(constraint),
            Dialect::Postgres.literal(comment),
        );
        sql = format!("{sql};\nCOMMENT ON CONSTRAINT {constraint} ON DOMAIN {quoted} IS {comment}");
    }
    with_comment(sql, "DOMAIN", &quoted, domain.comment.as_deref())
}

/// Writes that a domain does not accept NULL.
pub(super) fn domain_not_null(domain: &Domain) -> String {
    match &domain.not_null_name {
        Some(name) => format!("CONSTRAINT {} NOT NULL", Dialect::Postgres.quote(name)),
        None => "NOT NULL".to_owned(),
    }
}

/// Writes a function or procedure.
pub(super) fn routine(dialect: Dialect, signature: &Signature, routine: &Routine) -> String {
    let object = ObjectRef::Routine(signature, routine);
    let comment = match dialect {
        Dialect::Postgres => routine.comment.as_deref(),
        // The statement includes it.
        Dialect::MySql | Dialect::Sqlite => None,
    };
    let sql = routine.statement().to_owned();
    with_comment(sql, &keyword(object), &quoted(dialect, object), comment)
}

/// Appends the statement that sets a comment to another statement.
fn with_comment(sql: String, kind: &str, quoted: &str, comment: Option<&str>) -> String {
    match comment {
        None => sql,
        Some(comment) => {
            let comment = Dialect::Postgres.literal(comment);
            format!("{sql};\nCOMMENT ON {kind} {quoted} IS {comment}")
        }
    }
}
