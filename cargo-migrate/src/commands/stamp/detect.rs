//! `stamp --detect`: the schema says where the database is.

use migrate_core::{Graph, Set, SoundGraph, Stamp, Target};
use migrate_schema::Difference;
use migrate_sqlx::__cli::{ChainState, Create};
use migrate_sqlx::{Error, Migrations};
use serde::Serialize;

use super::{StampArgs, mode, report};
use crate::commands::run::runner;
use crate::commands::verify::describe;
use crate::database::consent::ask;
use crate::database::migrations;
use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json::{self, Stamped};
use crate::output::phrase::counted;
use crate::output::progress::Progress;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::project::drafts::Drafts;
use crate::schemas::detect::{Detection, detect};
use crate::schemas::named::dialect;
use crate::scratch::interrupt::block_on;

#[derive(Serialize)]
struct Document<'a> {
    database: String,
    /// Several heads have commas between them, as `--from` takes them.
    found: Option<String>,
    exact: bool,
    candidates: Vec<String>,
    nearest: Option<String>,
    differences: &'a [Difference],
    /// What the ledger says, where it can be read.
    ledger: Option<Vec<String>>,
    /// What could not be applied to an empty database.
    stopped: Vec<Stopped>,
    stamped: Option<Stamped>,
}

#[derive(Serialize)]
struct Stopped {
    revision: String,
    message: String,
}

/// A database, and what was found out about it.
struct Finding<'a> {
    args: &'a StampArgs,
    chosen: &'a Chosen,
    graph: &'a SoundGraph,
    state: Option<&'a ChainState<'a>>,
    detection: &'a Detection,
    drafts: Drafts,
    ui: &'a Ui,
}

pub(super) fn run(
    args: &StampArgs,
    targets: &[Target],
    context: &Context,
    ui: &Ui,
) -> Result<(), CommandError> {
    let chain = context.chain(Require::AnyEnds)?;
    let config = context.config()?;
    let migrations = migrations(&chain, config);
    let chosen = context.database_to_write(ui)?;
    let progress = Progress::new(ui);
    let graph = chain.graph();
    let work = async {
        let database = chosen.connect(Create::Nothing).await?;
        // A ledger that cannot be read is what `--purge` is for.
        let state = match database.state(&migrations).await {
            Ok(state) => Some(state),
            Err(_) if args.purge => None,
            Err(error) => return Err(error.into()),
        };
        let live = database.schema(&config.ledger).await?;
        drop(database);
        let only = match targets {
            [] => None,
            targets => Some(Stamp::new(graph, &graph.none(), targets)?.after),
        };
        ui.status(format_args!(
            "{} {} with the schemas of {}",
            styled(style::GOOD, "comparing"),
            chosen.shown(),
            counted(graph.len(), "revision")
        ));
        let ledger = state
            .as_ref()
            .filter(|state| state.status().unknown.is_empty());
        let ledger = ledger.map(|state| &state.applied);
        let only = only.as_ref();
        let detection = detect(&migrations, graph, only, ledger, live, &chosen, config).await?;
        let finding = Finding {
            args,
            chosen: &chosen,
            graph,
            state: state.as_ref(),
            detection: &detection,
            drafts: Drafts::of(&context.survey()?.lock),
            ui,
        };
        finding.warn();
        let Some(found) = finding.one()? else {
            return finding.refuse();
        };
        finding.report_ledger(&found);
        let stamped = match args.change.dry_run {
            true => finding.show(&found)?,
            false => finding.stamp(&found, &migrations, &progress).await?,
        };
        if ui.is_json() {
            ui.json(&finding.document(Some(&found), stamped))?;
        }
        Ok(())
    };
    block_on(&progress, work)
}

impl Finding<'_> {
    /// Says what was not compared.
    fn warn(&self) {
        for (index, error) in &self.detection.stopped {
            let id = self.graph.id(*index);
            self.ui.warning(format_args!(
                "`{id}` cannot be applied to an empty database: revisions that need it were not compared"
            ));
            self.ui.say(format_args!("  {}", whole(error)));
        }
    }

    /// Chooses among the states that have the schema.
    fn one(&self) -> Result<Option<Set>, CommandError> {
        let exact = &self.detection.exact;
        let [_, _, ..] = exact[..] else {
            return Ok(exact.first().cloned());
        };
        let ledger = self.state.map(json::heads);
        let said = exact
            .iter()
            .find(|set| ledger.as_ref() == Some(&self.heads(set)));
        if let Some(said) = said {
            return Ok(Some(said.clone()));
        }
        if self.args.change.yes {
            return Ok(exact.last().cloned());
        }
        if !self.ui.can_ask() || self.args.change.dry_run {
            return Ok(None);
        }
        for set in exact {
            self.ui
                .say(format_args!("  {}", styled(style::ID, self.name(set))));
        }
        let answer = self.ui.ask(format_args!(
            "these revisions have the same schema. At which of them is {}?",
            self.chosen.shown()
        ))?;
        Ok(exact
            .iter()
            .find(|set| self.name(set) == answer.trim())
            .cloned())
    }

    /// Says why nothing is stamped.
    fn refuse(&self) -> Result<(), CommandError> {
        let ui = self.ui;
        if ui.is_json() {
            ui.json(&self.document(None, None))?;
            return Err(CommandError::reported());
        }
        let shown = self.chosen.shown();
        let exact = &self.detection.exact;
        if let Some(latest) = exact.last() {
            for set in exact {
                ui.answer(styled(style::ID, self.name(set)))?;
            }
            ui.say(format_args!(
                "{shown} has the schema of {}: they differ only in data, or not at all",
                counted(exact.len(), "state")
            ));
            ui.help(format_args!(
                "choose one: `cargo migrate stamp --detect {}`; `--yes` takes the last",
                self.words(latest)
            ));
            return Err(CommandError::reported());
        }
        if let Some((nearest, differences)) = &self.detection.nearest {
            for difference in differences {
                ui.answer(describe(difference))?;
            }
            let (name, found) = (self.name(nearest), counted(differences.len(), "difference"));
            ui.say(match self.args.targets.is_empty() {
                true => format!(
                    "{shown} has the schema of no revision; the nearest is {}: {found}",
                    styled(style::ID, name)
                ),
                false => format!(
                    "{shown} does not have the schema of {}: {found}",
                    styled(style::ID, name)
                ),
            });
            if nearest.is_empty() {
                ui.help("if the chain has no revision, `cargo migrate baseline` creates the first one from a database");
            } else {
                ui.help(format_args!(
                    "`cargo migrate stamp {}` records it anyway; then `cargo migrate repair --schema` shows the SQL that brings the database there",
                    self.words(nearest)
                ));
            }
        }
        Err(CommandError::reported())
    }

    /// Says what is found, and what the ledger says instead.
    fn report_ledger(&self, found: &Set) {
        let name = self.name(found);
        let shown = self.chosen.shown();
        self.ui.status(format_args!(
            "{} {shown} has the schema of {}",
            styled(style::GOOD, "found"),
            styled(style::ID, &name)
        ));
        let others: Vec<String> = self
            .detection
            .exact
            .iter()
            .map(|set| self.name(set))
            .collect();
        if others.len() > 1 {
            self.ui
                .status(format_args!("the same schema: {}", others.join(" and ")));
        }
        let ledger = self.state.map(json::heads).unwrap_or_default();
        if !ledger.is_empty() && ledger != self.heads(found) {
            self.ui.warning(format_args!(
                "the ledger says {}, but the schema is that of {name}",
                ledger.join(", ")
            ));
        }
    }

    /// The revisions that the ledger has and `found` does not, and that could not be compared.
    fn untold(&self, found: &Set) -> Vec<String> {
        let Some(state) = self.state.filter(|_| !self.args.purge) else {
            return Vec::new();
        };
        let is_stopped = |index: usize| {
            let needed = state.graph.ancestors([index]);
            let mut stopped = self.detection.stopped.iter();
            stopped.any(|(stopped, _)| needed.contains(*stopped))
        };
        let mut lost = state.applied.clone();
        lost.remove_all(found);
        let lost = state.graph.ordered(&lost).into_iter();
        lost.filter(|index| is_stopped(*index))
            .map(|index| state.graph.id(index).to_string())
            .collect()
    }

    /// Answers with what would be recorded and forgotten.
    fn show(&self, found: &Set) -> Result<Option<Stamped>, CommandError> {
        let Some(state) = self.state.filter(|_| !self.ui.is_json()) else {
            return Ok(None);
        };
        let ids = |graph: &Graph, set: &Set| -> Vec<String> {
            let ordered = graph.ordered(set);
            ordered
                .iter()
                .map(|index| graph.id(*index).to_string())
                .collect()
        };
        let (before, after) = (ids(&state.graph, &state.applied), ids(self.graph, found));
        let untold = self.untold(found);
        for id in before.iter().rev().filter(|id| !after.contains(id)) {
            let what = match untold.contains(id) {
                true => "cannot tell",
                false => "forget",
            };
            self.ui
                .answer(format_args!("{what} {}", styled(style::ID, id)))?;
        }
        for id in after.iter().filter(|id| !before.contains(id)) {
            self.ui
                .answer(format_args!("record {}", styled(style::ID, id)))?;
        }
        if before == after {
            self.ui.status("there is nothing to do");
        }
        Ok(None)
    }

    async fn stamp(
        &self,
        found: &Set,
        migrations: &Migrations,
        progress: &Progress<'_>,
    ) -> Result<Option<Stamped>, CommandError> {
        let targets: Vec<Target> = match found.is_empty() {
            true => vec!["base".parse()?],
            false => {
                let heads = self.heads(found);
                heads
                    .iter()
                    .map(|head| head.parse())
                    .collect::<Result<_, _>>()?
            }
        };
        let mut purge = self.args.purge;
        if let Some(state) = self.state.filter(|_| !purge) {
            state.judge(false).map_err(|error| {
                CommandError::from(error).help(
                    "`cargo migrate stamp --detect --purge` forgets what the ledger says first",
                )
            })?;
            if state.applied == *found {
                self.ui
                    .status("the ledger says the same: there is nothing to do");
                return Ok(None);
            }
            let untold = self.untold(found);
            if !untold.is_empty() {
                return Err(CommandError::new(
                    Failure::NotCompared,
                    format!(
                        "the ledger has `{}`, of which the schema says nothing: it could not be compared",
                        untold.join("`, `")
                    ),
                )
                .help(format!(
                    "nothing was recorded: if it is not applied, `cargo migrate stamp {}` forgets it; or fix what could not be applied to an empty database, above",
                    self.words(found)
                )));
            }
            // A stamp leaves other branches alone; here the schema has said all.
            purge = Stamp::new(self.graph, &state.applied, &targets)?.after != *found;
        }
        let is_applied = |at: usize| self.state.is_some_and(|state| state.applied.contains(at));
        let new = found.iter().filter(|at| !is_applied(*at));
        let new = new.map(|index| &migrations.revisions()[index]);
        let dialect = dialect(self.chosen)?;
        self.drafts
            .refuse(new, dialect, self.chosen, self.args.allow_drafts)?;
        if let Some(env) = self.chosen.protected().filter(|_| !self.args.change.yes) {
            let what = format!("stamp `{}`", self.name(found));
            ask(env, &self.chosen.shown(), &what, self.ui)?;
        }
        let database = self.chosen.connect(Create::Missing).await?;
        let runner = runner(migrations, &self.args.change, self.chosen, progress);
        let done = database.stamp(runner, &targets, mode(purge)).await?;
        let to = json::heads(&database.state(migrations).await?);
        let forgotten = match self.state.filter(|_| purge) {
            Some(state) => state.status().applied.len(),
            None => done.forgotten.len(),
        };
        if !self.ui.is_json() {
            let shown = self.chosen.shown();
            report(&shown, &to, done.recorded.len(), forgotten, self.ui);
        }
        let from = self.state.map(json::heads).unwrap_or_default();
        Ok(Some(Stamped {
            database: None,
            from,
            to,
        }))
    }

    fn document(&self, found: Option<&Set>, stamped: Option<Stamped>) -> Document<'_> {
        let Detection {
            exact,
            nearest,
            stopped,
        } = self.detection;
        Document {
            database: self.chosen.shown(),
            found: found.map(|set| self.name(set)),
            exact: !exact.is_empty(),
            candidates: exact.iter().map(|set| self.name(set)).collect(),
            nearest: nearest.as_ref().map(|(set, _)| self.name(set)),
            differences: nearest.as_ref().map_or(&[], |(_, found)| found),
            ledger: self.state.map(json::heads),
            stopped: stopped
                .iter()
                .map(|(index, error)| Stopped {
                    revision: self.graph.id(*index).to_string(),
                    message: whole(error),
                })
                .collect(),
            stamped,
        }
    }

    fn heads(&self, set: &Set) -> Vec<String> {
        json::ids(self.graph, self.graph.effective_heads(set))
    }

    /// A state by its heads.
    fn name(&self, set: &Set) -> String {
        match set.is_empty() {
            true => "base".to_owned(),
            false => self.heads(set).join(","),
        }
    }

    /// The same, as targets of a command.
    fn words(&self, set: &Set) -> String {
        self.name(set).replace(',', " ")
    }
}

/// An error with the database's own words.
fn whole(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
