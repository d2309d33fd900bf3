//! What comparisons of a database ignore: what is configured, and the version tables of other
//! tools.

use std::collections::BTreeSet;

use clap::ValueEnum as _;
use migrate_core::Config;
use migrate_schema::{Name, ObjectRef, Schema};
use wildmatch::WildMatch;

use crate::database::tool::{OTHER_VERSION_TABLES, Tool};

/// The named schema in which sqlx keeps what it knows of the databases of `#[sqlx::test]`.
const SQLX_TEST_SCHEMA: &str = "_sqlx_test";

/// Returns the tables in which other tools keep what they have applied.
pub(crate) fn version_tables() -> BTreeSet<Name> {
    let tools = Tool::value_variants()
        .iter()
        .map(|tool| tool.version_table());
    let names = tools.chain(OTHER_VERSION_TABLES);
    // PostgreSQL folds unquoted names to lower case.
    names
        .flat_map(|name| [name.to_owned(), name.to_lowercase()])
        .map(Name::plain)
        .collect()
}

/// Returns whether an object is where another tool keeps what it has done: a version table, in
/// whichever named schema, or all that is in the one of `#[sqlx::test]`.
fn is_of_other_tool(object: ObjectRef<'_>, version_tables: &BTreeSet<Name>) -> bool {
    let in_test_schema = match object {
        ObjectRef::Schema(name, _) => name == SQLX_TEST_SCHEMA,
        object => plain_name(object).schema.as_deref() == Some(SQLX_TEST_SCHEMA),
    };
    in_test_schema
        || matches!(object, ObjectRef::Table(name, _) if version_tables.contains(&Name::plain(name.name.as_str())))
}

/// Returns the name of an object, of a routine without its arguments.
fn plain_name(object: ObjectRef<'_>) -> Name {
    match object {
        ObjectRef::Routine(signature, _) => signature.name.clone(),
        object => Name::from(object.name()),
    }
}

/// Removes the bookkeeping of other tools from a database's schema, unless the chain creates it;
/// returns the names of what is removed.
pub(crate) fn leave_out_version_tables(made: &Schema, live: &mut Schema) -> Vec<String> {
    let version_tables = version_tables();
    let mut removed = Vec::new();
    live.retain(|object| {
        let goes = is_of_other_tool(object, &version_tables) && made.find(object).is_none();
        if goes {
            removed.push(object.name());
        }
        !goes
    });
    removed
}

/// The objects that are ignored, by patterns of their names with or without the named schema.
pub(crate) struct Ignored(Vec<(String, WildMatch)>);

impl Ignored {
    /// Those of migrate.toml, and more.
    pub(crate) fn new(config: &Config, more: &[String]) -> Self {
        Self::of(config.ignored.iter().chain(more))
    }

    pub(crate) fn of<'a>(patterns: impl IntoIterator<Item = &'a String>) -> Self {
        let patterns = patterns.into_iter();
        Self(
            patterns
                .map(|pattern| (pattern.clone(), WildMatch::new(pattern)))
                .collect(),
        )
    }

    /// Returns true if a table or view of this name is ignored.
    pub(crate) fn hides(&self, name: &Name) -> bool {
        self.0.iter().any(|(_, pattern)| is_match(pattern, name))
    }

    /// Returns true if the object is ignored.
    pub(crate) fn hides_object(&self, object: ObjectRef<'_>) -> bool {
        self.hides(&plain_name(object))
    }

    /// Returns the patterns that match no object of the schemas.
    pub(crate) fn unmatched(&self, schemas: &[&Schema]) -> Vec<&str> {
        let matches = |pattern: &WildMatch| {
            let mut objects = schemas.iter().flat_map(|schema| schema.objects());
            objects.any(|object| is_match(pattern, &plain_name(object)))
        };
        let unmatched = self.0.iter().filter(|(_, pattern)| !matches(pattern));
        unmatched.map(|(text, _)| text.as_str()).collect()
    }

    /// Removes them from a schema.
    pub(crate) fn leave_out(&self, schema: &mut Schema) {
        schema.retain(|object| !self.hides_object(object));
    }

    /// Copies ignored objects from the actual schema to the wanted one: they still affect what is
    /// done beside them.
    pub(crate) fn overlook(&self, expected: &mut Schema, actual: &Schema) {
        self.leave_out(expected);
        let version_tables = version_tables();
        for object in actual.objects() {
            let is_others =
                is_of_other_tool(object, &version_tables) && expected.find(object).is_none();
            if self.hides_object(object) || is_others {
                expected.insert(object);
            }
        }
    }
}

fn is_match(pattern: &WildMatch, name: &Name) -> bool {
    pattern.matches(&name.to_string()) || pattern.matches(&name.name)
}
