//! Writes the ledger outside a revision's own transaction: in a session that the revision does not
//! affect, with retries if only a lock was not available.

use migrate_core::Dialect;

use super::{Engine, Listener, Step};
use crate::backend::Session;
use crate::driver_error::missed_lock;
use crate::error::Error;
use crate::notice::muted;

/// The longest message with parts of one row: MariaDB takes 16 MiB by default ("max_allowed_packet"
/// in its manual), and a server may be set to less.
const LONGEST_MESSAGE: usize = 2 * 1024 * 1024;

/// SQLite's pragma that refuses every write.
pub(crate) const QUERY_ONLY: &str = "query_only";

impl<'a> Engine<'a> {
    /// The connection that the ledger's own statements go to. MySQL has no way to keep a session's
    /// locks, roles and read-only modes from them, so there it is the one that has the lock.
    fn ledger_session(&mut self) -> &mut (dyn Session + 'a) {
        match (&mut self.guard, self.session.dialect()) {
            (Some(guard), Dialect::MySql) => *guard,
            _ => self.session,
        }
    }

    /// Runs statements as one transaction; nothing that a revision has set reaches them.
    pub(super) async fn commit(&mut self, statements: &[String]) -> Result<(), Error> {
        let closed = self.open_for_writing().await?;
        let committed = self.commit_open(statements).await;
        if let Some(closed) = closed {
            self.run(closed).await?;
        }
        committed
    }

    /// SQLite: lifts a `query_only` that the current revision may have set; returns what sets it
    /// again.
    async fn open_for_writing(&mut self) -> Result<Option<String>, Error> {
        let set = self.saved.as_ref();
        if !set.is_some_and(|saved| saved.sets(QUERY_ONLY)) {
            return Ok(None);
        }
        let rows = self.session.query(format!("PRAGMA {QUERY_ONLY}")).await;
        let value = rows.map_err(Error::from)?.into_iter().flatten().flatten();
        let closed = value
            .last()
            .map(|value| format!("PRAGMA {QUERY_ONLY} = {value}"));
        self.run(format!("PRAGMA {QUERY_ONLY} = 0")).await?;
        Ok(closed)
    }

    async fn commit_open(&mut self, statements: &[String]) -> Result<(), Error> {
        let dialect = self.session.dialect();
        let begin = match dialect {
            Dialect::Postgres => format!("BEGIN READ WRITE;\n{}", self.clean_room()),
            Dialect::MySql | Dialect::Sqlite => "BEGIN;\n".to_owned(),
        };
        let length: usize = statements.iter().map(String::len).sum();
        let messages = match dialect == Dialect::MySql && length > LONGEST_MESSAGE {
            false => vec![format!("{begin}{};\nCOMMIT", statements.join(";\n"))],
            true => [begin]
                .into_iter()
                .chain(statements.iter().cloned())
                .chain(["COMMIT".to_owned()])
                .collect(),
        };
        for message in messages {
            let session = self.ledger_session();
            if let Err(failure) = session.execute(message).await {
                // The failure says more than what may come of this.
                let rolled_back = muted(session.execute("ROLLBACK".to_owned())).await;
                if rolled_back.is_err() {
                    self.sound = false;
                }
                return Err(Error::from(failure.error));
            }
        }
        Ok(())
    }

    /// Writes what one statement changes in the ledger; only this is retried if it misses a
    /// lock.
    pub(super) async fn write(
        &mut self,
        step: &Step<'_>,
        sql: &str,
        on_event: Listener<'_>,
    ) -> Result<(), Error> {
        let mut retries = 0;
        loop {
            let written = match self.session.dialect() {
                Dialect::Postgres | Dialect::Sqlite => self.commit(&[sql.to_owned()]).await,
                Dialect::MySql => {
                    let written = self.ledger_session().execute(sql.to_owned()).await;
                    written.map_err(|failure| Error::from(failure.error))
                }
            };
            match written {
                Err(Error::Database(error))
                    if missed_lock(error.as_sqlx()) && retries < self.options.lock_retries =>
                {
                    retries += 1;
                    let error = Error::Database(error);
                    self.wait_for_lock(&step.revision, retries, &error, on_event)
                        .await?;
                }
                written => return written,
            }
        }
    }
}
