//! Time limits of statements, if the server does not enforce them.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use super::Engine;
use crate::backend::Failure;
use crate::sleep::Sleeper;

/// Returns SQL that cancels a statement of this session; NULL on MariaDB, which has `max_statement_time`.
/// MySQL's `max_execution_time` is for SELECT alone (MySQL manual, "Server System Variables").
const ENDING: &str =
    "SELECT IF(VERSION() LIKE '%MariaDB%', NULL, CONCAT('KILL QUERY ', CONNECTION_ID()))";

/// The first check of the time, as most statements are short; each interval is twice the one before.
const FIRST_LOOK: Duration = Duration::from_millis(10);

/// The longest interval of checks, and of attempts to cancel a statement.
const LAST_LOOK: Duration = Duration::from_millis(500);

impl Engine<'_> {
    /// Runs a message of statements on MySQL, and cancels it when its time is over, on the
    /// connection that keeps others out, which is idle meanwhile.
    pub(super) async fn in_time(
        &mut self,
        message: String,
        time: Option<Duration>,
    ) -> Result<(), Failure> {
        let (Some(time), Some(_)) = (time, &self.guard) else {
            return self.session.execute(message).await;
        };
        if self.ending.is_none() {
            let rows = self
                .session
                .query(ENDING.to_owned())
                .await
                .map_err(unplaced)?;
            self.ending = Some(rows.into_iter().flatten().flatten().next());
        }
        let (Some(guard), Some(Some(ending))) = (&mut self.guard, &self.ending) else {
            return self.session.execute(message).await;
        };
        let began = Instant::now();
        let mut sleeper = Sleeper::default();
        let mut look = FIRST_LOOK;
        let mut work = self.session.execute(message);
        loop {
            let left = time.saturating_sub(began.elapsed());
            let wait = match left.is_zero() {
                true => LAST_LOOK,
                false => left.min(look),
            };
            match select(&mut work, pin!(sleeper.sleep(wait))).await {
                Either::Left((ran, _)) => return ran,
                Either::Right(_) if began.elapsed() < time => look = (look * 2).min(LAST_LOOK),
                Either::Right(_) => {
                    if let Err(failure) = guard.execute(ending.clone()).await {
                        tracing::warn!(error = %failure.message(), "a statement that takes too long could not be cancelled");
                    }
                }
            }
        }
    }
}

/// A failure before the message.
const fn unplaced(error: sqlx::Error) -> Failure {
    Failure {
        warnings: Vec::new(),
        finished: 0,
        position: None,
        error,
    }
}
