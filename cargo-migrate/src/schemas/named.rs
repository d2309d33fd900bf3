//! Schemas by their names: of the database, of a revision, of a file.

use std::collections::BTreeSet;
use std::fs;

use migrate_core::{Anchor, Dialect, LedgerNames, Target, shell_word, with_lf};
use migrate_models::Models;
use migrate_schema::{Modelled, Renames, Schema};
use migrate_sqlx::__cli::Create;
use migrate_sqlx::Migrations;

use crate::database::migrations;
use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json;
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::schemas::autogenerate::{Described, accepted, read_models, refuse_empty};
use crate::schemas::normalize::normalize_definitions;
use crate::scratch::{Scratch, schema_at, schema_of_sql};

/// Reads the schema that an argument names: see [`SOURCES`].
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
        return described(&models, context, chosen).await;
    }
    if word == "empty" {
        return Ok(Schema::empty(dialect(chosen)?));
    }
    if let Some(name) = word.strip_prefix("env:") {
        let other = context.database_of(name)?;
        let database = other.connect(Create::Nothing).await?;
        return Ok(database.schema(ledger).await?);
    }
    if word.contains("://") || word.starts_with("sqlite:") {
        let other = context.database_at(word)?;
        let database = other.connect(Create::Nothing).await?;
        return Ok(database.schema(ledger).await?);
    }
    let is_file = [".sql", ".json", ".snap"]
        .iter()
        .any(|end| word.ends_with(end))
        || context.path(word).is_file() && context.survey()?.graph.index(word).is_none();
    if is_file {
        return of_file(word, context, chosen).await;
    }
    if word == "current" {
        return Ok(expected_and_actual(context, chosen).await?.0);
    }
    let target: Target = word
        .parse()
        .map_err(|error| CommandError::from(error).help(SOURCES))?;
    if matches!(target.place, None | Some(Anchor::Current)) {
        return Err(
            CommandError::usage(format!("`{word}` depends on where a database is"))
                .help("name a revision, or `current` for where it is"),
        );
    }
    at(&[target], context, chosen).await.map_err(|error| {
        // A nearest id is the better help.
        match error.code() == "unknown-revision" && !error.has_candidates() {
            true => error.help(SOURCES),
            false => error,
        }
    })
}

/// What an argument that names a schema can be.
const SOURCES: &str = "a schema is `database`, `env:<name>`, a url, `models`, `empty`, a file of SQL, a snapshot (`cargo migrate snapshot`), or a revision (`cargo migrate history`)";

/// Reads the schema of a file, by what is in it.
async fn of_file(word: &str, context: &Context, chosen: &Chosen) -> Result<Schema, CommandError> {
    let unreadable = || CommandError::new(Failure::Io, format!("`{word}` cannot be read"));
    let bytes =
        fs::read(context.path(word)).map_err(|error| unreadable().because(error).help(SOURCES))?;
    if bytes.starts_with(b"SQLite format 3\0") {
        return Err(unreadable()
            .cause("it is a database of SQLite, not a text")
            .help(format!("name it as a url: `sqlite://{word}`")));
    }
    if bytes.starts_with(b"PGDMP") {
        return Err(unreadable()
            .cause("it is an archive of pg_dump, not a text")
            .help(format!(
                "make SQL of it: `pg_restore --schema-only --file=dump.sql {}`, and name that file",
                shell_word(word)
            )));
    }
    let text = String::from_utf8(bytes).map_err(|error| unreadable().because(error))?;
    let is_json = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('{');
    if is_json || [".json", ".snap"].iter().any(|end| word.ends_with(end)) {
        return serde_json::from_str::<Kept>(&text)
            .map(Kept::schema)
            .map_err(|_| {
                CommandError::new(
                    Failure::Snapshot,
                    format!("`{word}` does not contain a schema"),
                )
                .help("it must be a snapshot, or what `cargo migrate schema --format json` prints")
            });
    }
    let ledger = &context.config()?.ledger;
    let schema = schema_of_sql(chosen, ledger, word, &with_lf(&text)).await?;
    refuse_empty(word, &schema)?;
    Ok(schema)
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

/// The schema of the chain at some revisions, from a scratch database.
pub(crate) async fn at(
    targets: &[Target],
    context: &Context,
    chosen: &Chosen,
) -> Result<Schema, CommandError> {
    let chain = context.chain(Require::AnyEnds)?;
    for target in targets {
        target.resolve(chain.graph(), &chain.graph().none())?;
    }
    let config = context.config()?;
    let migrations = migrations(&chain, config);
    schema_at(chosen, &migrations, &config.ledger, targets).await
}

/// The schema that a database should have where it is, and what it has.
pub(crate) async fn expected_and_actual(
    context: &Context,
    chosen: &Chosen,
) -> Result<(Schema, Schema), CommandError> {
    let place = Place::read(context, chosen).await?;
    let mut expected = Scratch::with(chosen, async |scratch| place.expected(scratch).await).await?;
    normalize_definitions(&place.actual, &mut expected, chosen, &place.ledger).await?;
    Ok((expected, place.actual))
}

/// The schema of a database, of its revisions, and of the models.
pub(crate) struct Three {
    pub(crate) expected: Schema,
    pub(crate) actual: Schema,
    pub(crate) wanted: Schema,
}

impl Three {
    /// Reads all of them. What models cannot express is wanted as it is.
    pub(crate) async fn read(
        models: &Models,
        context: &Context,
        chosen: &Chosen,
    ) -> Result<Self, CommandError> {
        let place = Place::read(context, chosen).await?;
        let ledger = &context.config()?.ledger;
        let accepted = accepted(context)?;
        let none = Modelled::default();
        let before = accepted.get(&place.actual.dialect).unwrap_or(&none);
        let work = async |scratch: &Scratch| {
            let expected = place.expected(scratch).await?;
            let renames = Renames::none();
            let described =
                Described::read(models, &expected, before, &renames, ledger, scratch).await?;
            Ok((expected, described))
        };
        let (mut expected, described) = Scratch::with(chosen, work).await?;
        normalize_definitions(&place.actual, &mut expected, chosen, ledger).await?;
        let (wanted, _) = described.wanted(&place.actual);
        Ok(Self {
            expected,
            wanted,
            actual: place.actual,
        })
    }
}

/// The schema that the models want of the chain.
async fn described(
    models: &Models,
    context: &Context,
    chosen: &Chosen,
) -> Result<Schema, CommandError> {
    let chain = context.chain(Require::AnyEnds)?;
    let config = context.config()?;
    let (migrations, ledger) = (migrations(&chain, config), &config.ledger);
    let accepted = accepted(context)?;
    let none = Modelled::default();
    let before = accepted.get(&dialect(chosen)?).unwrap_or(&none);
    Scratch::with(chosen, async |scratch| {
        let made = scratch
            .chain(&migrations, ledger, &[Target::heads()])
            .await?;
        let renames = Renames::none();
        let described = Described::read(models, &made, before, &renames, ledger, scratch).await?;
        Ok(described.wanted(&made).0)
    })
    .await
}

/// The state and the schema of a database.
struct Place {
    /// The chain, with revisions that only the ledger has: they are run from their recorded text.
    migrations: Migrations,
    ledger: LedgerNames,
    heads: Vec<Target>,
    actual: Schema,
}

impl Place {
    async fn read(context: &Context, chosen: &Chosen) -> Result<Self, CommandError> {
        let chain = context.chain(Require::AnyEnds)?;
        let config = context.config()?;
        let migrations = migrations(&chain, config);
        let database = chosen.connect(Create::Nothing).await?;
        let state = database.state(&migrations).await?;
        state.judge_unfinished(None)?;
        let readable = chain.extended(state.kept().cloned().collect());
        let graph = readable.graph();
        let mut applied = graph.none();
        for index in state.applied.iter() {
            if let Some(index) = graph.index(state.graph.id(index).as_str()) {
                applied.insert(index);
            }
        }
        let heads = json::ids(graph, graph.effective_heads(&applied));
        Ok(Self {
            migrations: Migrations::new(readable.into_owned(), config.ledger.clone()),
            ledger: config.ledger.clone(),
            heads: heads
                .iter()
                .map(|id| id.parse())
                .collect::<Result<_, _>>()?,
            actual: database.schema(&config.ledger).await?,
        })
    }

    async fn expected(&self, scratch: &Scratch) -> Result<Schema, CommandError> {
        let Self {
            migrations,
            ledger,
            heads,
            ..
        } = self;
        scratch.chain(migrations, ledger, heads).await
    }
}

/// Lists what exists but is not carried, so that nobody relies on it.
pub(crate) fn warn_not_carried<'a>(schemas: impl IntoIterator<Item = &'a Schema>, ui: &Ui) {
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
        .ok_or_else(|| CommandError::new(Failure::DatabaseUrl, "its url names no database"))
}
