use std::fs;
use std::path::PathBuf;

use clap::Args;
use migrate_core::{Code, Config, Dialect, NewRevision, Survey, Target};
use migrate_sqlx::__cli::Create;
use migrate_sqlx::StampMode;
use serde::Serialize;

use super::check::report_reach;
use super::new::checked_id;
use super::run::runner;
use crate::cli::ChangeArgs;
use crate::database::consent::ask;
use crate::database::migrations;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json::{self, Stamped};
use crate::output::phrase::counted;
use crate::output::progress::Progress;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::{Context, Require, new_id, now};
use crate::project::new_revision::{self, NewFile};
use crate::schemas::autogenerate::accepted;
use crate::schemas::baseline::{Baseline, counts, is_empty, other_dialects};
use crate::schemas::ignored::Ignored;
use crate::schemas::schema_lock;
use crate::scratch::interrupt::block_on;

const EXAMPLE: &str = "\
Examples:
  cargo migrate baseline                          the database of the environment in use
  cargo migrate baseline \"as it was\" --exclude 'tmp_*'
  cargo migrate baseline --dry-run                only shows the revision
";

/// Turn an existing database into the first revision of a new chain
///
/// Its whole schema becomes `up`, with a `down` that drops it, for the database's own dialect; both
/// are tested in a scratch database, and the revision is recorded as applied in this one. It is
/// sealed if it creates exactly this schema. Otherwise it is a draft, and what it cannot create is
/// listed, and is in the file as comments. Version tables of other tools, and tables that match
/// `[verify] ignore`, are left out. Rows, privileges and owners are not included.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLE)]
pub(crate) struct BaselineArgs {
    /// A description in one line; becomes part of the file's name
    #[arg(value_name = "MESSAGE", default_value = "baseline")]
    message: Vec<String>,
    /// Use this id instead of 12 random hex digits
    #[arg(long, value_name = "ID")]
    rev_id: Option<String>,
    /// Leave out objects with such a name, such as `legacy_*`: tables, views, routines and all
    /// others; can be repeated
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    #[command(flatten)]
    change: ChangeArgs,
}

#[derive(Serialize)]
struct Document<'a> {
    revision: &'a str,
    file: String,
    draft: bool,
    excluded: &'a [String],
    left_out: &'a [String],
    /// The dialects of the project that it does not serve.
    missing_dialects: Vec<&'static str>,
    written: bool,
    /// The file's text, where it was not written.
    text: Option<String>,
    stamped: Option<Stamped>,
}

pub(crate) fn run(args: &BaselineArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let message = args.message.join(" ");
    if message.trim().is_empty() {
        return Err(CommandError::usage("the message is empty")
            .help("describe it: `cargo migrate baseline \"as it was\"`"));
    }
    let id = match &args.rev_id {
        Some(id) => checked_id(id)?,
        None => new_id(|_| false)?,
    };
    let config = context.config()?;
    let there = context.dir()?.is_dir();
    if there {
        refuse_chain(context)?;
    }
    let chosen = context.database_to_write(ui)?;
    let progress = Progress::new(ui);
    let work = async {
        let database = chosen.connect(Create::Nothing).await?;
        let rows = database.ledger(&config.ledger).await?.unwrap_or_default();
        if let Some(row) = rows.first() {
            return Err(CommandError::new(
                Failure::LedgerExists,
                format!(
                    "the ledger of {} already has revisions, such as `{}`",
                    chosen.shown(),
                    row.revision
                ),
            )
            .help("restore their files from git; or forget them with `cargo migrate stamp base --purge`, and then create the baseline"));
        }
        let ignored = Ignored::new(config, &[]);
        let live = database.schema(&config.ledger).await?;
        let mut baseline = Baseline::of(live, &ignored, &args.exclude);
        for pattern in &baseline.unmatched {
            ui.warning(format_args!("`--exclude {pattern}` matches no object"));
        }
        drop(database);
        if is_empty(&baseline.schema) && baseline.left_out.is_empty() {
            return Err(CommandError::new(
                Failure::NothingThere,
                format!("{} is empty, so there is nothing to start from", chosen.shown()),
            )
            .help(
                "for an empty database, start with `cargo migrate new \"…\"` and `cargo migrate run`",
            ));
        }
        let dialect = baseline.schema.dialect;
        let others = other_dialects(config.dialects, dialect);
        let mut new = NewRevision {
            phase: None,
            id,
            parents: Vec::new(),
            depends_on: Vec::new(),
            labels: Vec::new(),
            message,
            created: now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            sections: baseline.sections(!others.is_empty()),
        };
        let name = new.file_name(&config.file_name);
        let file = format!("{}/{name}", config.dir);
        let known = baseline.left_out.len();
        baseline.prove(&new, &file, &config.ledger, &chosen).await?;
        if baseline.left_out.len() > known {
            new.sections = baseline.sections(!others.is_empty());
        }
        let draft = !baseline.left_out.is_empty() || !others.is_empty();
        let made = Made {
            new: &new,
            baseline: &baseline,
            others: &others,
            draft,
        };
        if args.change.dry_run {
            made.report(ui);
            return match ui.is_json() {
                true => ui.json(&made.document(file, Some(new.render()), None)),
                false => ui.answer(new.render().trim_end()),
            };
        }
        if let Some(env) = chosen.protected().filter(|_| !args.change.yes) {
            ask(
                env,
                &chosen.shown(),
                &format!("record `{}` as applied", new.id),
                ui,
            )?;
        }
        let path = made.write(there, context, ui)?;
        if schema_lock::is_wanted(context, ui)? {
            let (context, schemas) = (context.reloaded(), [baseline.schema.clone()]);
            schema_lock::write(&context, schemas, accepted(&context)?)?;
        }
        made.report(ui);
        report_reach(context, ui)?;
        // What lacks another dialect still serves this one.
        let written = context.reloaded();
        let chain = Survey::new(written.folder()?, &Config::default()).into_chain();
        let chain = chain.map_err(CommandError::diagnostics)?;
        let migrations = migrations(&chain, config);
        let database = chosen.connect(Create::Missing).await?;
        let target: Target = new.id.as_str().parse()?;
        let runner = runner(&migrations, &args.change, &chosen, &progress);
        let stamped = database
            .stamp(runner, &[target], StampMode::Update)
            .await
            .map_err(|error| {
                let failed = CommandError::from(error);
                failed.cause(format_args!(
                    "`{}` is written: `cargo migrate stamp {}` records it",
                    context.shown(&path),
                    new.id
                ))
            })?;
        let to = json::heads(&database.state(&migrations).await?);
        ui.status(format_args!(
            "{} {}: {} recorded in {}",
            styled(style::GOOD, "stamped"),
            to.join(", "),
            counted(stamped.recorded.len(), "revision"),
            chosen.shown()
        ));
        if ui.is_json() {
            let from = Vec::new();
            let stamped = Stamped {
                database: Some(chosen.shown()),
                from,
                to,
            };
            return ui.json(&made.document(context.shown(&path), None, Some(stamped)));
        }
        ui.answer(context.shown(&path))
    };
    block_on(&progress, work)
}

/// A chain that has begun has no place for another beginning.
fn refuse_chain(context: &Context) -> Result<(), CommandError> {
    let survey = context.require(Require::Graph)?;
    let Some(first) = survey.revisions.first() else {
        return Ok(());
    };
    Err(CommandError::new(
        Failure::ChainExists,
        format!(
            "the chain already has revisions, such as `{}`",
            first.id
        ),
    )
    .help("`cargo migrate stamp --detect` finds the revision that this database is at; another chain needs another folder, `dir = \"…\"` in migrate.toml"))
}

/// A baseline with its revision.
struct Made<'a> {
    new: &'a NewRevision,
    baseline: &'a Baseline,
    others: &'a [Dialect],
    draft: bool,
}

impl Made<'_> {
    fn write(&self, there: bool, context: &Context, ui: &Ui) -> Result<PathBuf, CommandError> {
        if !there {
            let dir = context.dir()?;
            fs::create_dir_all(&dir).map_err(|error| {
                let shown = context.shown(&dir);
                CommandError::new(
                    Failure::Io,
                    format!("the folder `{shown}` cannot be created"),
                )
                .because(error)
            })?;
        }
        let file = match self.draft {
            true => NewFile::Draft,
            false => NewFile::Sealed,
        };
        new_revision::write_as(context, self.new, file, &[Code::MissingDialect], ui)
    }

    /// Says what is in it, and what is not.
    fn report(&self, ui: &Ui) {
        let schema = &self.baseline.schema;
        let id = &self.new.id;
        let how = match self.draft {
            true => "a draft",
            false => "sealed",
        };
        ui.status(format_args!(
            "{} {}, {how}: {}",
            styled(style::GOOD, "baseline"),
            styled(style::ID, id),
            counts(schema)
        ));
        if !self.baseline.excluded.is_empty() {
            ui.status(format_args!(
                "without `{}`",
                self.baseline.excluded.join("`, `")
            ));
        }
        for what in &self.baseline.left_out {
            ui.warning(format_args!("left out: {what}"));
        }
        for dialect in self.others {
            ui.warning(format_args!("`{id}` has no `up` for {}", dialect.name()));
        }
        if let Some(dialect) = self.others.first() {
            ui.help(format_args!(
                "write its section, `-- migrate: up {dialect}`, by hand; if a database of that kind has the same schema, `cargo migrate schema --format sql --database-url <its url>` prints it"
            ));
        }
        if self.draft {
            ui.help(format_args!(
                "add to the file what is missing; then `cargo migrate lock`, and `cargo migrate stamp --purge {id}` records the new text"
            ));
        }
    }

    fn document(
        &self,
        file: String,
        text: Option<String>,
        stamped: Option<Stamped>,
    ) -> Document<'_> {
        Document {
            revision: self.new.id.as_str(),
            file,
            draft: self.draft,
            excluded: &self.baseline.excluded,
            left_out: &self.baseline.left_out,
            missing_dialects: self.others.iter().map(|dialect| dialect.as_str()).collect(),
            written: text.is_none(),
            text,
            stamped,
        }
    }
}
