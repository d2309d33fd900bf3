//! What is reported of a revision that failed.

use migrate_core::{Direction, Label, RevisionId, name_invisible};

use super::place::{in_function, place, unseen};
use super::{Engine, Step};
use crate::backend::Failure;
use crate::error::{Error, StatementError, StepError, StepPart};
use crate::ledger_event::EventKind;

impl Engine<'_> {
    /// Enters a failure among the events; what cannot be entered must not hide the failure.
    pub(super) async fn report_failure(&mut self, step: &Step<'_>, error: &Error) {
        // A stopped run, or one that other migrators kept out, has not failed.
        if matches!(
            error,
            Error::Stopped { .. } | Error::Locked { .. } | Error::Concurrent
        ) {
            return;
        }
        let id = step.revision.id.as_str();
        let event = self
            .tables
            .event(&EventKind::Fail, id, "0", &error.for_ledger());
        if let Err(error) = self.commit(&[event]).await {
            tracing::warn!(%error, "the failure could not be recorded as an event");
        }
    }

    /// Places what failed around the statements of a revision in what was done for it.
    pub(super) fn in_part(
        &self,
        step: &Step<'_>,
        part: StepPart,
    ) -> impl FnOnce(Error) -> Error + use<> {
        let revision = step.revision.id.to_string();
        let file = step.revision.file.to_string();
        let finished = self.finished_before();
        let rolled_back = step.is_whole(self.session.dialect());
        let reverting = step.direction == Direction::Down;
        move |error| match error {
            Error::Database(source) => Error::Step(Box::new(StepError {
                revision,
                file,
                part,
                finished,
                rolled_back,
                reverting,
                message: source.message(),
                source,
            })),
            other => other,
        }
    }

    /// What this run has finished and keeps whatever comes now.
    fn finished_before(&self) -> Vec<RevisionId> {
        self.finished
            .iter()
            .filter(|_| !self.options.atomic)
            .map(|step| step.revision.clone())
            .collect()
    }

    pub(super) fn statement_error(
        &self,
        step: &Step<'_>,
        number: usize,
        failure: Failure,
        rolled_back: bool,
    ) -> Error {
        let statements = step.statements(self.session.dialect());
        let statement = statements[number];
        let sql = step.revision.sql(statement);
        let mut message = failure.message();
        let mut start = statement.start as usize + place(sql, failure.position, &mut message);
        if let Some(query) = &message.inner_query {
            let all = statements
                .iter()
                .map(|statement| (statement.start as usize, step.revision.sql(*statement)));
            if let Some(found) = in_function(all, query) {
                start = found;
                message.inner_query = None;
            }
        }
        let mut text = message.message.clone();
        if let Some((at, c)) = unseen(self.session.dialect(), sql, &message) {
            start = statement.start as usize + at;
            text = format!("{text}: {}", name_invisible(c));
        }
        let rest = &step.revision.text[start..];
        let word = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let length = word.max(rest.chars().next().map_or(0, char::len_utf8));
        let file = match step.from_ledger {
            true => format!("{} (from the ledger)", step.revision.file),
            false => step.revision.file.to_string(),
        };
        Error::Statement(Box::new(StatementError {
            revision: step.revision.id.to_string(),
            number: number + 1,
            of: statements.len(),
            from_ledger: step.from_ledger,
            label: Label::at(&file, &step.revision.text, start..start + length, &text),
            finished: self.finished_before(),
            rolled_back,
            atomic: self.options.atomic,
            invalid_index: None,
            reverting: step.direction == Direction::Down,
            message,
            source: failure.error.into(),
        }))
    }
}
