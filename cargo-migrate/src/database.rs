//! The target database: where it is, how it compares with the chain, and what is required to change
//! it.

pub(crate) mod consent;
pub(crate) mod extensions;
pub(crate) mod local_servers;
pub(crate) mod recreate;
pub(crate) mod server;
pub(crate) mod target;
pub(crate) mod tool;

use migrate_core::{Chain, Config, Graph, Survey};
use migrate_sqlx::__cli::{ChainState, Database};
use migrate_sqlx::Migrations;

use crate::output::error::CommandError;

/// Converts a chain to the runtime's type.
pub(crate) fn migrations(chain: &Chain, config: &Config) -> Migrations {
    Migrations::new(chain.clone(), config.ledger.clone()).with_session(config.session.clone())
}

/// Reads where a database is on the chain of a folder, sound or broken. Writes nothing.
pub(crate) async fn state_of<'a>(
    database: &Database,
    survey: &'a Survey,
    config: &Config,
) -> Result<ChainState<'a, Graph>, CommandError> {
    let rows = database.ledger(&config.ledger).await?;
    let dialect = database.dialect();
    Ok(ChainState::of_survey(
        survey,
        rows.unwrap_or_default(),
        dialect,
    ))
}
