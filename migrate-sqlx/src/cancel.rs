//! Stopping a run from outside: the running statement is cancelled, and no other begins.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use migrate_core::Dialect;

use crate::driver_error::cancelled;
use crate::error::Error;

/// Checked by a run between its statements; the running statement can be cancelled with it.
#[doc(hidden)]
#[derive(Clone, Debug)]
pub struct CancelToken {
    wanted: Arc<AtomicBool>,
    /// The deadline of the running statement.
    deadline: Arc<Mutex<Option<Instant>>>,
    /// The SQL that cancels the running statement from another connection.
    cancel: Arc<Mutex<Option<String>>>,
    run: u64,
}

impl CancelToken {
    pub(crate) fn new() -> Self {
        Self {
            wanted: Arc::default(),
            deadline: Arc::default(),
            cancel: Arc::default(),
            // Every state is seeded by chance.
            run: RandomState::new().build_hasher().finish(),
        }
    }

    pub(crate) fn cancel(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Sets the SQL that cancels the running statement from another connection.
    #[cfg(any(feature = "postgres", feature = "mysql"))]
    pub(crate) fn set_cancel_sql(&self, sql: Option<String>) {
        *self.cancel.lock().unwrap_or_else(PoisonError::into_inner) = sql;
    }

    /// Returns the SQL that cancels the running statement from another connection.
    pub(crate) fn cancel_sql(&self) -> Option<String> {
        let cancel = self.cancel.lock().unwrap_or_else(PoisonError::into_inner);
        cancel.clone()
    }

    /// Sets the time limit of the next statement. Only SQLite needs it, whose server is this process.
    pub(crate) fn set_time_limit(&self, time: Option<Duration>) {
        let deadline = time.and_then(|time| Instant::now().checked_add(time));
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }

    /// Returns true if the running statement must be cancelled.
    #[cfg(feature = "sqlite")]
    pub(crate) fn is_due(&self) -> bool {
        let deadline = *self.deadline.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_cancelled() || deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Returns an error if the run shall stop.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.is_cancelled() {
            true => Err(Error::Stopped {
                finished: Vec::new(),
                timeout: None,
            }),
            false => Ok(()),
        }
    }

    /// Whether an error came from stopping and not from the revision.
    pub(crate) fn caused(&self, error: &Error) -> bool {
        let source = match error {
            Error::Stopped { .. } => return true,
            error => error.driver_error(),
        };
        self.is_cancelled() && source.is_some_and(|source| cancelled(source.as_sqlx()))
    }

    /// What a message to PostgreSQL begins with, so that it is found among the server's work,
    /// whichever connection a proxy has given it.
    pub(crate) fn mark(&self, dialect: Dialect) -> String {
        match dialect {
            Dialect::Postgres => format!("/* cargo-migrate {:016x} */ ", self.run),
            Dialect::Sqlite | Dialect::MySql => String::new(),
        }
    }
}
