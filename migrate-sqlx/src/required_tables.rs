//! The tables that an application cannot do without.

use migrate_core::Dialect;

use crate::backend::Session;
use crate::error::Error;
use crate::literal::literal;

/// A table's named schema, empty for the one that the connection uses by default, and its name.
pub(crate) type Place = (&'static str, &'static str);

/// The tables that the chain's revisions make, for each dialect; as schema.lock has them.
pub(crate) type TablesOfChain = &'static [(Dialect, &'static [Place])];

/// Returns those of one dialect.
pub(crate) fn of(tables: TablesOfChain, dialect: Dialect) -> &'static [Place] {
    let found = tables.iter().find(|(of, _)| *of == dialect);
    found.map_or(&[], |(_, places)| places)
}

/// Writes an expression that counts how many of the tables are there.
pub(crate) fn count(dialect: Dialect, places: &[Place]) -> String {
    let counts: Vec<String> = by_schema(places)
        .map(|places| {
            let rows = rows(dialect, places);
            format!("(SELECT COUNT(DISTINCT {}) {rows})", column(dialect))
        })
        .collect();
    match counts.is_empty() {
        true => "0".to_owned(),
        false => counts.join(" + "),
    }
}

/// Refuses a database that lacks one of the tables.
pub(crate) async fn ensure(session: &mut dyn Session, places: &[Place]) -> Result<(), Error> {
    let tables = missing(session, places).await?;
    match tables.is_empty() {
        true => Ok(()),
        false => Err(Error::MissingTables { tables }),
    }
}

/// Names the tables that are not there.
async fn missing(session: &mut dyn Session, places: &[Place]) -> Result<Vec<String>, Error> {
    let dialect = session.dialect();
    let mut missing = Vec::new();
    for places in by_schema(places) {
        let rows = rows(dialect, places);
        let sql = format!("SELECT DISTINCT {} {rows}", column(dialect));
        let found = session.query(sql).await.map_err(Error::from)?;
        let mut found: Vec<String> = found
            .into_iter()
            .filter_map(|row| row.into_iter().next()?)
            .map(|name| folded(dialect, &name))
            .collect();
        found.sort_unstable();
        let gone = places
            .iter()
            .filter(|(_, name)| found.binary_search(&folded(dialect, name)).is_err());
        missing.extend(gone.map(|(schema, name)| match *schema {
            "" => name.to_string(),
            schema => format!("{schema}.{name}"),
        }));
    }
    Ok(missing)
}

/// Splits them, which are sorted, into those of each schema.
fn by_schema(places: &[Place]) -> impl Iterator<Item = &[Place]> {
    places.chunk_by(|(before, _), (schema, _)| before == schema)
}

/// Names are case-sensitive on PostgreSQL, never on SQLite, and on MySQL as on its host.
fn folded(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::Postgres => name.to_owned(),
        Dialect::Sqlite | Dialect::MySql => name.to_lowercase(),
    }
}

const fn column(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "lower(name)",
        Dialect::Postgres => "c.relname::text",
        Dialect::MySql => "LOWER(TABLE_NAME)",
    }
}

/// From where these tables come, which are of one schema.
fn rows(dialect: Dialect, places: &[Place]) -> String {
    let names = places
        .iter()
        .map(|(_, name)| literal(dialect, &folded(dialect, name)));
    let names = names.collect::<Vec<_>>().join(", ");
    let schema = places.first().map_or("", |(schema, _)| schema);
    let named = !schema.is_empty();
    let schema = literal(dialect, schema);
    match dialect {
        Dialect::Sqlite => {
            format!("FROM sqlite_schema WHERE type = 'table' AND lower(name) IN ({names})")
        }
        // Ordinary, partitioned and foreign tables.
        Dialect::Postgres => format!(
            "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname = {} AND c.relname IN ({names})",
            match named {
                true => schema,
                false => "ANY (pg_catalog.current_schemas(false))".to_owned(),
            }
        ),
        Dialect::MySql => format!(
            "FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND TABLE_TYPE NOT IN ('VIEW', 'SYSTEM VIEW', 'SEQUENCE') AND LOWER(TABLE_NAME) IN ({names})",
            match named {
                true => schema,
                false => "DATABASE()".to_owned(),
            }
        ),
    }
}
