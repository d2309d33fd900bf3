//! Asks Alembic for the SQL of each revision, with as few calls as its refusals allow.
//!
//! One call returns all revisions up to the first that cannot be written as SQL, where Alembic
//! stops with the exception of that revision. The next call starts after it. A downgrade is asked
//! for from each place to `base`, as Alembic takes only one starting point.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Dialects, Direction};

use super::program::Answer;
use super::split_sql::{Part, split_sql};
use super::{found_in, source_of};
use crate::import::{History, MigrationBody, Note, Place, Sources};
use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// What is known of one revision in one direction.
#[derive(Clone, Debug)]
struct Found {
    part: Option<Part>,
    /// Why it is not complete.
    error: Option<String>,
    place: Option<Place>,
    /// Whether it was recorded from a real run.
    is_recorded: bool,
    /// Why a statement of that run is not in it.
    unwritten: Option<String>,
}

/// The beginning of the line with which the recorder says that.
const UNWRITTEN: &str = "-- Not written: ";

/// How many ranges are tried before giving up if Alembic wrote nothing at all: an env.py without an
/// offline mode answers none of them.
const fn most(silent: usize) -> usize {
    if silent < 3 { usize::MAX } else { 0 }
}

/// The source of the SQL.
#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    File(&'a str),
    Offline,
    Run,
}

/// The SQL of both directions.
#[derive(Debug, Default)]
pub(crate) struct Sql {
    up: BTreeMap<String, Found>,
    down: BTreeMap<String, Found>,
    pub(crate) notes: Vec<Note>,
    pub(crate) version_table: Option<String>,
}

impl Sql {
    /// Splits files that Alembic wrote.
    pub(crate) fn of_files(
        history: &History,
        up: Option<(&str, &str)>,
        down: Option<(&str, &str)>,
        dialects: Dialects,
    ) -> Self {
        let mut sql = Self::default();
        for (direction, given) in [(Direction::Up, up), (Direction::Down, down)] {
            if let Some((file, text)) = given {
                sql.take(history, direction, text, dialects, Source::File(file));
            }
        }
        sql
    }

    /// Adds the SQL of a real run.
    pub(crate) fn record(
        &mut self,
        history: &History,
        direction: Direction,
        run: &Answer,
        dialects: Dialects,
    ) {
        self.answer(history, direction, run, dialects, Source::Run);
    }

    /// Requests all that is not known yet; `ask` calls Alembic with these arguments.
    pub(crate) fn ask(
        &mut self,
        history: &History,
        dialects: Dialects,
        mut ask: impl FnMut(&[&str]) -> Result<Answer, CommandError>,
    ) -> Result<(), CommandError> {
        let is_first = self.up.is_empty();
        if is_first {
            let first = ask(&["upgrade", "--sql", "heads"])?;
            let reached = self.answer(history, Direction::Up, &first, dialects, Source::Offline);
            if let (Some(error), None) = (&first.error, &reached) {
                return Err(CommandError::new(Failure::Alembic, "Alembic writes no SQL")
                    .cause(error)
                    .help("`alembic upgrade --sql heads` must work, its env.py needs an offline mode; or add `--online` and let env.py connect to an empty database; or pass files with `--up-sql` and `--down-sql`"));
            }
        }
        let mut silent = 0;
        for revision in &history.revisions {
            let id = revision.version.as_str();
            let parents = revision.parents.iter();
            let mut ranges: Vec<String> = parents.map(|parent| format!("{parent}:heads")).collect();
            let parents = revision.parents.iter();
            ranges.extend(parents.map(|parent| format!("{parent}:{id}")));
            ranges.push(id.to_owned());
            ranges.truncate(most(silent));
            let answered = self.ask_for(id, Direction::Up, &ranges, history, dialects, &mut ask)?;
            silent = if answered { 0 } else { silent + 1 };
        }
        silent = 0;
        for revision in history.revisions.iter().rev() {
            let id = revision.version.as_str();
            let parents = revision.parents.iter();
            let mut ranges = vec![format!("{id}:base")];
            ranges.extend(parents.map(|parent| format!("{id}:{parent}")));
            ranges.truncate(most(silent));
            let answered =
                self.ask_for(id, Direction::Down, &ranges, history, dialects, &mut ask)?;
            silent = if answered { 0 } else { silent + 1 };
        }
        Ok(())
    }

    /// Requests a revision with one range after the other, until one leads to it; returns true if
    /// Alembic wrote anything.
    fn ask_for(
        &mut self,
        id: &str,
        direction: Direction,
        ranges: &[String],
        history: &History,
        dialects: Dialects,
        ask: &mut impl FnMut(&[&str]) -> Result<Answer, CommandError>,
    ) -> Result<bool, CommandError> {
        let word = match direction {
            Direction::Up => "upgrade",
            Direction::Down => "downgrade",
        };
        let (mut stopped, mut answered) = (None, self.side(direction).contains_key(id));
        for range in ranges {
            if self.side(direction).contains_key(id) {
                break;
            }
            let answer = ask(&[word, "--sql", range])?;
            let reached = self.answer(history, direction, &answer, dialects, Source::Offline);
            answered |= reached.is_some() || self.side(direction).contains_key(id);
            stopped = reached.or(answer.error).or(stopped);
        }
        self.unreached(direction, id, stopped);
        Ok(answered)
    }

    fn side(&mut self, direction: Direction) -> &mut BTreeMap<String, Found> {
        match direction {
            Direction::Up => &mut self.up,
            Direction::Down => &mut self.down,
        }
    }

    /// Notes that no call led to a revision.
    fn unreached(&mut self, direction: Direction, id: &str, stopped: Option<String>) {
        self.side(direction)
            .entry(id.to_owned())
            .or_insert_with(|| Found {
                part: None,
                error: Some(match stopped {
                    Some(stopped) => {
                        format!("Alembic does not reach it: it stops at `{stopped}`")
                    }
                    None => "Alembic writes nothing for it".to_owned(),
                }),
                place: None,
                is_recorded: false,
                unwritten: None,
            });
    }

    /// Adds the output of a call; returns the revision at which it stopped.
    fn answer(
        &mut self,
        history: &History,
        direction: Direction,
        answer: &Answer,
        dialects: Dialects,
        source: Source<'_>,
    ) -> Option<String> {
        let mut parts = self.take(history, direction, &answer.sql, dialects, source);
        let error = answer.error.as_ref()?;
        let last = parts.pop()?;
        let side = self.side(direction);
        // Keeps the answer of a call that got through.
        if let Some(found) = side
            .get_mut(&last)
            .filter(|found| found.is_recorded == matches!(source, Source::Run))
            .filter(|found| found.place.is_none() && found.error.is_none())
        {
            found.error = Some(error.clone());
        }
        Some(last)
    }

    /// Adds the parts of a text that are not known yet; returns all its revisions.
    fn take(
        &mut self,
        history: &History,
        direction: Direction,
        text: &str,
        dialects: Dialects,
        source: Source<'_>,
    ) -> Vec<String> {
        let ids: BTreeSet<&str> = history
            .revisions
            .iter()
            .map(|revision| revision.version.as_str())
            .collect();
        let (file, word) = match (source, direction) {
            (Source::File(file), _) => (Some(file), file),
            (Source::Offline, Direction::Up) => (None, "alembic upgrade --sql"),
            (Source::Offline, Direction::Down) => (None, "alembic downgrade --sql"),
            (Source::Run, Direction::Up) => (None, "alembic upgrade"),
            (Source::Run, Direction::Down) => (None, "alembic downgrade"),
        };
        let split_sql = split_sql(text, direction, |id| ids.contains(id), dialects, word);
        self.version_table = self.version_table.take().or(split_sql.version_table);
        for note in split_sql.notes {
            if !self.notes.iter().any(|known| known.text == note.text) {
                self.notes.push(note);
            }
        }
        let mut all = Vec::new();
        for (id, part) in split_sql.parts {
            let place = file.map(|file| Place {
                file: file.to_owned(),
                line: part.line + 1,
            });
            let is_recorded = matches!(source, Source::Run);
            let mut lines = part.text.lines().filter(|_| is_recorded);
            let unwritten = lines.find_map(|line| line.strip_prefix(UNWRITTEN));
            self.side(direction).entry(id.clone()).or_insert(Found {
                unwritten: unwritten.map(str::to_owned),
                part: Some(part),
                error: None,
                place,
                is_recorded,
            });
            all.push(id);
        }
        all
    }

    /// Gives each revision its SQL.
    pub(crate) fn fill(self, history: &mut History, sources: &Sources) {
        history.notes.extend(self.notes);
        for migration in &mut history.revisions {
            let shown = &migration.place.file;
            let text = sources
                .files
                .iter()
                .find(|file| file.shown == *shown)
                .map_or("", |file| file.text.as_str());
            for (found, body, function) in [
                (
                    self.up.get(&migration.version),
                    &mut migration.up,
                    "upgrade",
                ),
                (
                    self.down.get(&migration.version),
                    &mut migration.down,
                    "downgrade",
                ),
            ] {
                if let Some(found) = found {
                    *body = made(found, text, function, body);
                    if let MigrationBody::Sql { .. } = body
                        && let Some((word, line)) = found_in(text, function, &["get_bind"])
                    {
                        let place = Place {
                            line,
                            ..migration.place.clone()
                        };
                        let why = match found.is_recorded {
                            true => "what it did on an empty database",
                            false => "what it does without an answer from a database",
                        };
                        history.notes.push(Note::changed(
                            &place,
                            format!("`{function}()` has `{word}`: its SQL is {why}"),
                        ));
                    }
                }
            }
        }
    }
}

/// One direction of a revision, from its function; `empty` knows where the function is.
fn made(found: &Found, text: &str, function: &str, empty: &MigrationBody) -> MigrationBody {
    let function_at = match empty {
        MigrationBody::Left { place, .. } => place.clone(),
        _ => Place::default(),
    };
    let file = Place {
        line: 0,
        ..function_at.clone()
    };
    let Some(part) = &found.part else {
        return MigrationBody::Left {
            why: found.error.clone().unwrap_or_default(),
            text: source_of(text, function),
            place: function_at,
        };
    };
    let place = found.place.clone().unwrap_or(file);
    if let Some(error) = &found.error {
        // This is the usual sign that there is none.
        if function == "downgrade" && error.starts_with("NotImplementedError") {
            return MigrationBody::Irreversible(format!("its downgrade() raises {error}"));
        }
        let fails = match found.is_recorded {
            true => "fails on an empty database",
            false => "cannot be written as SQL",
        };
        let why = format!("`{function}()` {fails}: {error}");
        return match part.statements {
            0 => MigrationBody::Left {
                why,
                text: source_of(text, function),
                place: function_at,
            },
            _ => MigrationBody::Part {
                why: format!("{why}; the SQL here is what came before"),
                whole: source_of(text, function),
                text: part.text.clone(),
                transaction: part.transaction,
                place: function_at,
            },
        };
    }
    if let Some(why) = &found.unwritten {
        return MigrationBody::Part {
            why: format!(
                "`{function}()` runs a statement that cannot be written as SQL: {why}; the SQL here is the rest"
            ),
            whole: source_of(text, function),
            text: part.text.clone(),
            transaction: part.transaction,
            place: function_at,
        };
    }
    // With a database it behaves differently.
    let asked = &["is_offline_mode", "as_sql"];
    if let Some((word, line)) = found_in(text, function, asked).filter(|_| !found.is_recorded) {
        let why = format!(
            "`{function}()` has `{word}`, and its SQL lacks what it does only with a database"
        );
        let place = Place { line, ..place };
        return match part.statements {
            0 => MigrationBody::Left {
                why,
                text: source_of(text, function),
                place,
            },
            _ => MigrationBody::Part {
                why,
                whole: source_of(text, function),
                text: part.text.clone(),
                transaction: part.transaction,
                place,
            },
        };
    }
    MigrationBody::Sql {
        text: part.text.clone(),
        transaction: part.transaction,
        place,
    }
}
