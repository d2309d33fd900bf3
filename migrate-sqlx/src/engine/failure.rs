//! What is told of a statement that failed.

use migrate_core::{Direction, Label};

use super::{Engine, Step};
use crate::backend::Failure;
use crate::error::{Error, StatementError};

impl Engine<'_> {
    /// Enters a failure among the events; what cannot be entered must not hide the failure.
    pub(super) async fn tell_failure(&mut self, step: &Step<'_>, error: &Error) {
        if !matches!(
            error,
            Error::Statement(_) | Error::ForeignKeys { .. } | Error::InvalidIndex { .. }
        ) {
            return;
        }
        let source = std::error::Error::source(error)
            .map(|source| format!(": {source}"))
            .unwrap_or_default();
        let event = self.tables.event(
            "fail",
            step.revision.id.as_str(),
            "0",
            &format!("{error}{source}"),
        );
        if let Err(failure) = self.session.execute(event).await {
            tracing::warn!(error = %failure.error, "the failure could not be entered among the events");
        }
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
        let message = failure
            .error
            .as_database_error()
            .map_or("", |error| error.message());
        let offset = failure
            .position
            .and_then(|position| sql.char_indices().nth(position).map(|(offset, _)| offset))
            .or_else(|| hinted(sql, message))
            .unwrap_or(0);
        let rest = &sql[offset..];
        let word = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let length = word.max(rest.chars().next().map_or(0, char::len_utf8));
        let start = statement.start as usize + offset;
        let file = match step.from_ledger {
            true => format!("{} (as the ledger kept it)", step.revision.file),
            false => step.revision.file.to_string(),
        };
        Error::Statement(Box::new(StatementError {
            revision: step.revision.id.to_string(),
            number: number + 1,
            of: statements.len(),
            from_ledger: step.from_ledger,
            label: Label::at(&file, &step.revision.text, start..start + length, message),
            finished: self
                .finished
                .iter()
                .filter(|_| !self.options.atomic)
                .map(|step| step.revision.clone())
                .collect(),
            rolled_back,
            atomic: self.options.atomic,
            invalid_index: None,
            reverting: step.direction == Direction::Down,
            source: failure.error,
        }))
    }
}

/// Whether a statement failed only because another session had a lock: PostgreSQL's
/// lock_not_available and deadlock_detected, MySQL's ER_LOCK_WAIT_TIMEOUT and ER_LOCK_DEADLOCK.
pub(crate) fn missed_lock(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return matches!(error.number(), 1205 | 1213);
    }
    matches!(error.code().as_deref(), Some("55P03" | "40P01"))
}

/// Whether a statement was ended because it took too long: PostgreSQL's query_canceled, MariaDB's
/// ER_STATEMENT_TIMEOUT, MySQL's ER_QUERY_TIMEOUT and ER_QUERY_INTERRUPTED, SQLITE_INTERRUPT.
pub(crate) fn timed_out(error: &sqlx::Error) -> bool {
    let Some(error) = error.as_database_error() else {
        return false;
    };
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return matches!(error.number(), 1317 | 1969 | 3024);
    }
    matches!(error.code().as_deref(), Some("57014" | "9"))
}

/// Where a message says the mistake is, in words: `near "x"` of SQLite, if it stands there once;
/// `at line 3` of MySQL.
fn hinted(sql: &str, message: &str) -> Option<usize> {
    if let Some((_, rest)) = message.split_once("near \"") {
        let (word, _) = rest.split_once('"')?;
        let mut found = sql.match_indices(word).map(|(offset, _)| offset);
        return match (found.next(), found.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        };
    }
    let (_, line) = message.rsplit_once(" at line ")?;
    let line: usize = line
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()?;
    let offset = match line {
        0 => return None,
        1 => 0,
        _ => sql.match_indices('\n').nth(line - 2)?.0 + 1,
    };
    let indent = sql[offset..].len() - sql[offset..].trim_start().len();
    Some(offset + indent)
}

#[cfg(test)]
mod tests {
    use super::hinted;

    #[test]
    fn hints_in_messages() {
        assert_eq!(
            hinted("SELECT 1 FORM t", "near \"FORM\": syntax error"),
            Some(9)
        );
        assert_eq!(hinted("a a", "near \"a\": syntax error"), None);
        assert_eq!(
            hinted("x\n  y", "You have an error … near 'y' at line 2"),
            Some(4)
        );
    }
}
