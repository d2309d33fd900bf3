//! What comparisons of a database ignore: what is configured, and the version tables of other
//! tools.

use std::collections::BTreeSet;

use clap::ValueEnum as _;
use migrate_core::Config;
use migrate_schema::{Name, Schema};
use wildmatch::WildMatch;

use crate::database::tool::{OTHER_VERSION_TABLES, Tool};

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

/// Removes the version tables of other tools from a database's schema, unless the chain creates
/// them; returns the removed ones.
pub(crate) fn leave_out_version_tables(made: &Schema, live: &mut Schema) -> Vec<Name> {
    let mut others = version_tables();
    others.retain(|name| live.tables.contains_key(name) && !made.tables.contains_key(name));
    live.tables.retain(|name, _| !others.contains(name));
    others.into_iter().collect()
}

/// The tables and views that are ignored.
pub(crate) struct Ignored(Vec<WildMatch>);

impl Ignored {
    /// Those of migrate.toml, and more.
    pub(crate) fn new(config: &Config, more: &[String]) -> Self {
        let patterns = config.ignored.iter().chain(more);
        Self(patterns.map(|pattern| WildMatch::new(pattern)).collect())
    }

    /// Returns true if a table or view of this name is ignored.
    pub(crate) fn hides(&self, name: &Name) -> bool {
        let name = name.to_string();
        self.0.iter().any(|pattern| pattern.matches(&name))
    }

    /// Removes them from a schema.
    pub(crate) fn leave_out(&self, schema: &mut Schema) {
        schema.tables.retain(|name, _| !self.hides(name));
        schema.views.retain(|name, _| !self.hides(name));
    }

    /// Copies ignored objects from the actual schema to the wanted one: they still affect what is
    /// done beside them.
    pub(crate) fn overlook(&self, expected: &mut Schema, actual: &Schema) {
        self.leave_out(expected);
        let mut others = version_tables();
        others.retain(|name| !expected.tables.contains_key(name));
        for (name, table) in &actual.tables {
            if self.hides(name) || others.contains(name) {
                expected.tables.insert(name.clone(), table.clone());
            }
        }
        for (name, view) in actual.views.iter().filter(|(name, _)| self.hides(name)) {
            expected.views.insert(name.clone(), view.clone());
        }
    }
}
