//! Schemas by their names: of the database, of a revision, of a file.

use std::collections::BTreeSet;
use std::fs;

use migrate_core::schema::Schema;
use migrate_core::{Anchor, Dialect, Target};
use migrate_sqlx::Create;

use crate::auto::{described, read_models};
use crate::context::{Context, Demand};
use crate::database::Chosen;
use crate::error::CommandError;
use crate::scratch::{schema_at, schema_of_sql};
use crate::settle::settle;
use crate::state::{State, migrations};
use crate::ui::Ui;

/// Reads the schema that a word names: `database`, `env:<name>`, `models`, `empty`, a file that ends in
/// `.sql` or is a snapshot (`.json`), `current`, or a revision.
pub(crate) async fn named(
    word: &str,
    context: &Context,
    chosen: &Chosen,
    ui: &Ui,
) -> Result<Schema, CommandError> {
    let ledger = &context.config()?.ledger;
    if word == "database" {
        let database = chosen.connect(Create::Nothing).await?;
        return Ok(database.schema(ledger).await?);
    }
    if word == "models" {
        let models = read_models(context, ui)?;
        let (_, spelled) = described(&models, dialect(chosen)?, chosen, ledger).await?;
        return Ok(spelled);
    }
    if word == "empty" {
        return Ok(Schema::empty(dialect(chosen)?));
    }
    if let Some(name) = word.strip_prefix("env:") {
        let other = context.database_of(name)?;
        let database = other.connect(Create::Nothing).await?;
        return Ok(database.schema(ledger).await?);
    }
    let read = || {
        fs::read_to_string(context.path(word)).map_err(|error| {
            CommandError::failed("io", format!("`{word}` cannot be read")).because(error)
        })
    };
    if word.ends_with(".sql") {
        return schema_of_sql(chosen, ledger, word, &read()?).await;
    }
    if word.ends_with(".json") {
        return serde_json::from_str::<Kept>(&read()?)
            .map(Kept::schema)
            .map_err(|_| {
                CommandError::failed("snapshot", format!("`{word}` holds no schema")).help(
                    "it must be a snapshot, or what `cargo migrate schema --format json` prints",
                )
            });
    }
    if word == "current" {
        return Ok(expected_and_actual(context, chosen).await?.0);
    }
    let target: Target = word.parse()?;
    if matches!(target.place, None | Some(Anchor::Current)) {
        return Err(
            CommandError::usage(format!("`{word}` depends on where a database is"))
                .help("name a revision, or `current` for where it is"),
        );
    }
    at(&[target], context, chosen).await
}

/// A snapshot, or the answer of `schema --format json`.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Kept {
    Snapshot { schema: Box<Schema> },
    Schema(Box<Schema>),
}

impl Kept {
    fn schema(self) -> Schema {
        match self {
            Self::Snapshot { schema } | Self::Schema(schema) => *schema,
        }
    }
}

/// The schema that the chain gives at some places, in a throw-away database.
pub(crate) async fn at(
    targets: &[Target],
    context: &Context,
    chosen: &Chosen,
) -> Result<Schema, CommandError> {
    let chain = context.chain(Demand::AnyEnds)?;
    let config = context.config()?;
    let migrations = migrations(&chain, config);
    schema_at(chosen, &migrations, &config.ledger, targets).await
}

/// The schema that a database should have where it is, and what it has.
pub(crate) async fn expected_and_actual(
    context: &Context,
    chosen: &Chosen,
) -> Result<(Schema, Schema), CommandError> {
    let chain = context.chain(Demand::AnyEnds)?;
    let config = context.config()?;
    let migrations = migrations(&chain, config);
    let database = chosen.connect(Create::Nothing).await?;
    let state = State::read(&database, &migrations).await?;
    state.judge_unfinished()?;
    let actual = database.schema(&config.ledger).await?;
    // What only the ledger knows is run from the text that it kept.
    let all = migrate_sqlx::Migrations::new(state.revisions.clone(), config.ledger.clone());
    let targets = state
        .heads()
        .iter()
        .map(|id| id.parse())
        .collect::<Result<Vec<_>, _>>()?;
    let mut expected = schema_at(chosen, &all, &config.ledger, &targets).await?;
    settle(&actual, &mut expected, chosen, &config.ledger).await?;
    Ok((expected, actual))
}

/// Names what is there and is not carried, so that nobody thinks it were.
pub(crate) fn tell_not_carried<'a>(schemas: impl IntoIterator<Item = &'a Schema>, ui: &Ui) {
    let all: BTreeSet<String> = schemas
        .into_iter()
        .flat_map(|schema| &schema.not_carried)
        .map(ToString::to_string)
        .collect();
    if all.is_empty() {
        return;
    }
    let more = all.len().saturating_sub(NAMED);
    let named: Vec<String> = all.into_iter().take(NAMED).collect();
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more, which `schema --format json` lists"),
    };
    ui.warning(format_args!(
        "not compared, and no SQL is written for it: {}{more}",
        named.join(", ")
    ));
}

/// How many of them a line names.
const NAMED: usize = 10;

pub(crate) fn dialect(chosen: &Chosen) -> Result<Dialect, CommandError> {
    Dialect::from_url(chosen.url())
        .ok_or_else(|| CommandError::failed("database-url", "its url names no database"))
}
