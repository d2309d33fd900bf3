//! Records what a migration in code does: the tool really runs, on empty scratch databases, and the
//! difference between before and after becomes the SQL.
//!
//! A server's log and a proxy have what was sent, but SQLite has neither, and each driver sends its
//! values in another way; before and after can be compared everywhere. The proof is the same
//! everywhere too: the recorded SQL is run on a database that the tool brought to the version
//! before, and must give the schema, the rows and the counters that the tool itself gives.

mod command;
mod rows;

use std::path::Path;

use migrate_core::LedgerNames;
use migrate_schema::{Renames, Schema};
use migrate_sqlx::DatabaseMessage;

pub(crate) use self::command::Command;
use self::rows::Contents;
use super::applied::Applied;
use super::{History, MigrationBody, Note, Tool};
use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::phrase::enumerated;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::schemas::ignored::Ignored;
use crate::scratch::Scratch;

/// What runs, and where.
pub(crate) struct Recording<'a> {
    pub(crate) tool: Tool,
    pub(crate) command: &'a Command,
    /// The folder in which the command runs.
    pub(crate) folder: &'a Path,
    /// The tool's own table, which is in no revision.
    pub(crate) version_table: &'a str,
    pub(crate) chosen: &'a Chosen,
    pub(crate) ledger: &'a LedgerNames,
    pub(crate) ui: &'a Ui,
}

/// A database that the tool works on.
struct Run<'a> {
    recording: &'a Recording<'a>,
    scratch: Scratch,
    /// What its version table lists.
    versions: Vec<String>,
    calls: usize,
}

/// How far the tool goes.
#[derive(Clone, Copy)]
enum Stop<'v> {
    /// To a version, and to the empty database without one.
    Version(Option<&'v str>),
    /// By a number of calls.
    Calls(usize),
}

/// What a database has, besides the bookkeeping of the tool.
struct State {
    schema: Schema,
    contents: Contents,
}

/// SQL that does what the code of a migration did, and what keeps it from being all of it.
struct Recorded {
    text: String,
    missing: Option<String>,
}

impl Recording<'_> {
    /// Replaces what the chain would lack of these versions, and of those that are in no file, by
    /// what a run shows of it.
    pub(crate) async fn fill(
        &self,
        history: &mut History,
        lacking: &[String],
    ) -> Result<(), CommandError> {
        let steps = self.explore(history).await?;
        let is_left = |index: &usize| {
            let migration = &history.revisions[*index];
            matches!(migration.up, MigrationBody::Left { .. })
                || lacking.contains(&migration.version)
        };
        let left: Vec<usize> = (0..history.revisions.len()).filter(is_left).collect();
        if left.is_empty() {
            return Ok(());
        }
        let mut along = self.begin().await?;
        let mut recorded = Vec::new();
        for index in left {
            let stops = match &steps {
                Some(steps) => self.calls_around(steps, history, index),
                None => {
                    let before = index.checked_sub(1).map(|before| version(history, before));
                    let after = Some(version(history, index));
                    Ok((Stop::Version(before), Stop::Version(after)))
                }
            };
            recorded.push((
                index,
                match stops {
                    Ok((before, after)) => {
                        along.reach(after, history).await?;
                        let after = along.state(None).await?;
                        Ok(self.record(before, &after, history).await?)
                    }
                    Err(why) => Err(why),
                },
            ));
        }
        along.scratch.discard().await?;
        for (index, recorded) in recorded {
            enter(history, index, recorded);
        }
        Ok(())
    }

    /// Lets the tool run to its end, which shows the versions that are in no file; returns the
    /// versions of each call, if it decides itself how far it goes.
    async fn explore(
        &self,
        history: &mut History,
    ) -> Result<Option<Vec<Vec<String>>>, CommandError> {
        if self.command.takes_version() && history.revisions.is_empty() {
            return Ok(None);
        }
        let mut run = self.begin().await?;
        let mut steps = Vec::new();
        if self.command.takes_version() {
            let last = history.revisions.len().checked_sub(1);
            let last = last.map(|last| version(history, last).to_owned());
            run.reach(Stop::Version(last.as_deref()), history).await?;
        } else {
            loop {
                let before = run.versions.clone();
                run.call(None).await?;
                let new = run.versions.iter();
                let new: Vec<String> = new.filter(|new| !before.contains(new)).cloned().collect();
                if new.is_empty() {
                    break;
                }
                steps.push(new);
            }
        }
        let applied = run.applied().await?;
        let code = applied.code_without_files(self.tool, history);
        history.add_code(self.tool, self.version_table, code);
        run.scratch.discard().await?;
        Ok((!self.command.takes_version()).then_some(steps))
    }

    /// The calls before and after a version; or why they do not show what it alone did.
    fn calls_around(
        &self,
        steps: &[Vec<String>],
        history: &History,
        index: usize,
    ) -> Result<(Stop<'static>, Stop<'static>), String> {
        let version = version(history, index);
        let is_it = |step: &Vec<String>| step.iter().any(|each| self.tool.same(each, version));
        match steps.iter().position(is_it) {
            None => Err("the recorded run did not apply it".to_owned()),
            Some(at) if steps[at].len() > 1 => Err(format!(
                "the recorded run applied {} at once, so what it did alone is unknown: let the command stop at `{{version}}`",
                enumerated(
                    &steps[at]
                        .iter()
                        .map(|each| format!("`{each}`"))
                        .collect::<Vec<_>>()
                )
            )),
            Some(at) => Ok((Stop::Calls(at), Stop::Calls(at + 1))),
        }
    }

    async fn begin(&self) -> Result<Run<'_>, CommandError> {
        Ok(Run {
            recording: self,
            scratch: Scratch::for_programs(self.chosen).await?,
            versions: Vec::new(),
            calls: 0,
        })
    }

    /// Finds the SQL between what the tool gives up to a version and what it gives with the next
    /// one, and runs it to see whether it is all.
    async fn record(
        &self,
        before: Stop<'_>,
        after: &State,
        history: &History,
    ) -> Result<Recorded, CommandError> {
        let mut run = self.begin().await?;
        run.reach(before, history).await?;
        let state = run.state(None).await?;
        let dialect = after.schema.dialect;
        let ddl = migrate_schema::statements(&state.schema, &after.schema, &Renames::none());
        let losing = ddl.iter().find_map(|ddl| ddl.destructive.clone());
        let mut recorded = Recorded {
            text: migrate_schema::script(dialect, &ddl),
            missing: losing.map(|what| format!("{what}; a run shows a rename as a drop too")),
        };
        let rows = match run.execute(&recorded.text).await {
            Err(why) => Err(why),
            Ok(()) => {
                let made = run.state(Some(&after.schema)).await?;
                made.contents.until(&after.contents, &after.schema)
            }
        };
        match rows {
            Ok(rows) => {
                let ran = run.execute(&rows).await;
                recorded.text.push_str(&rows);
                let ended = run.state(Some(&after.schema)).await?;
                let why = ran.err().or_else(|| ended.differs(after));
                recorded.missing = recorded.missing.or(why);
            }
            Err(why) => recorded.missing = recorded.missing.or(Some(why)),
        }
        run.scratch.discard().await?;
        Ok(recorded)
    }
}

impl Run<'_> {
    /// Lets the tool go on until there.
    async fn reach(&mut self, stop: Stop<'_>, history: &History) -> Result<(), CommandError> {
        let version = match stop {
            Stop::Version(None) => return Ok(()),
            Stop::Version(Some(version)) => version,
            Stop::Calls(calls) => {
                while self.calls < calls {
                    self.call(None).await?;
                }
                return Ok(());
            }
        };
        self.call(Some(version)).await?;
        let tool = self.recording.tool;
        let at = |version: &str| {
            let mut revisions = history.revisions.iter();
            revisions.position(|revision| tool.same(&revision.version, version))
        };
        let wanted = at(version);
        let beyond = self.versions.iter().find(|each| at(each) > wanted);
        let shown = self.recording.command.shown(Some(version));
        let table = self.recording.version_table;
        let message = match (beyond, self.versions.iter().any(|v| tool.same(v, version))) {
            (Some(beyond), _) => {
                format!("`{shown}` went on to `{beyond}`, according to the table `{table}`")
            }
            (None, false) => {
                format!("`{shown}` did not apply `{version}`, according to the table `{table}`")
            }
            (None, true) => return Ok(()),
        };
        Err(CommandError::new(Failure::Import, message).help(
            "with `{version}` in it, the command must bring the database exactly to that version",
        ))
    }

    async fn call(&mut self, version: Option<&str>) -> Result<(), CommandError> {
        let Recording {
            command,
            folder,
            ui,
            ..
        } = self.recording;
        ui.status(format_args!(
            "{} {}",
            styled(style::DIM, "running"),
            command.shown(version)
        ));
        let url = self.scratch.url().await;
        command.call(folder, &url, version).await?;
        self.calls += 1;
        self.versions = self.applied().await?.versions().to_vec();
        Ok(())
    }

    async fn applied(&self) -> Result<Applied, CommandError> {
        let Recording {
            tool,
            version_table,
            ..
        } = self.recording;
        let applied = Applied::read(*tool, self.scratch.database(), version_table).await;
        applied.map_err(|error| {
            error.help("the command must run on the database that `{url}` or DATABASE_URL names")
        })
    }

    async fn state(&self, like: Option<&Schema>) -> Result<State, CommandError> {
        let Recording {
            ledger,
            version_table,
            ..
        } = self.recording;
        let database = self.scratch.database();
        let mut schema = database.schema(ledger).await?;
        Ignored::of([&(*version_table).to_owned()]).leave_out(&mut schema);
        let contents = Contents::read(database, like.unwrap_or(&schema), version_table).await;
        let contents = contents.map_err(migrate_sqlx::Error::from)?;
        Ok(State { schema, contents })
    }

    /// Runs SQL as a revision does; returns what the database says of it if it fails.
    async fn execute(&self, sql: &str) -> Result<(), String> {
        let done = self.scratch.as_revision(sql).await;
        done.map_err(|error| {
            let dialect = self.scratch.database().dialect();
            let message = DatabaseMessage::new(&error);
            format!("{} refuses it: {message}", dialect.name())
        })
    }
}

impl State {
    /// Returns how it differs from what the tool gives.
    fn differs(&self, tool: &Self) -> Option<String> {
        let ddl = migrate_schema::statements(&self.schema, &tool.schema, &Renames::none());
        match ddl.first() {
            Some(ddl) => Some(format!(
                "it does not give the same schema: `{}` is missing",
                ddl.sql
            )),
            None => self.contents.differs(&tool.contents),
        }
    }
}

fn version(history: &History, index: usize) -> &str {
    &history.revisions[index].version
}

/// Puts what was recorded in the place of what could not be carried over.
fn enter(history: &mut History, index: usize, recorded: Result<Recorded, String>) {
    let migration = &mut history.revisions[index];
    let (text, place) = match &migration.up {
        MigrationBody::Sql { text, place, .. } | MigrationBody::Left { text, place, .. } => {
            (text, place)
        }
        MigrationBody::Part { whole, place, .. } => (whole, place),
        MigrationBody::Irreversible(_) => return,
    };
    let (whole, place) = (text.clone(), place.clone());
    migration.up = match recorded {
        Err(why) => MigrationBody::Left {
            why,
            text: whole,
            place,
        },
        Ok(Recorded {
            text,
            missing: None,
        }) => {
            history.notes.push(Note::changed(
                &place,
                "its SQL is what a run did on an empty database: what it does with rows that are there is not in it",
            ));
            MigrationBody::Sql {
                text,
                transaction: true,
                place,
            }
        }
        Ok(Recorded {
            text,
            missing: Some(missing),
        }) => MigrationBody::Part {
            why: format!("its recorded SQL needs a check: {missing}"),
            whole,
            text,
            transaction: true,
            place,
        },
    };
}
