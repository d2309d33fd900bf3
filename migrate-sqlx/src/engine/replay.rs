//! Applies one revision after the other and reads the schema after each.

use migrate_core::{Dialect, Direction};
use migrate_schema::Schema;

use super::{Engine, StepOutcome};
use crate::backend::Session;
use crate::chain_state::ChainState;
use crate::error::Error;
use crate::introspect::SchemaReader;

/// Called with the number of finished steps and the schema after them.
pub(crate) type OnSchema<'a> = &'a mut (dyn FnMut(usize, Schema) + Send);

/// How far a replay came.
#[derive(Debug)]
#[non_exhaustive]
pub struct SchemaReplay {
    /// How many of the steps were done.
    pub steps: usize,
    /// Why the next one was not.
    pub stopped: Option<Error>,
}

impl Engine<'_> {
    /// Applies these revisions to an empty database, and reads the schema before the first and after
    /// each.
    ///
    /// `reader_session` is a second connection: what a revision sets for its session must not change
    /// what is read. A database in memory has none.
    pub(crate) async fn replay(
        &mut self,
        steps: &[usize],
        reader: &SchemaReader,
        mut reader_session: Option<&mut dyn Session>,
        on_schema: OnSchema<'_>,
    ) -> Result<SchemaReplay, Error> {
        self.take_settings().await?;
        self.create_tables().await?;
        let joined = ChainState::new(self.chain, Vec::new(), self.session.dialect());
        let mut done = 0;
        let stopped = loop {
            let session: &mut dyn Session = match &mut reader_session {
                Some(reader_session) => &mut **reader_session,
                None => &mut *self.session,
            };
            on_schema(done, reader.read_on(session).await?);
            let Some(index) = steps.get(done) else {
                break None;
            };
            let taken = match self.step(&joined, *index, Direction::Up, done) {
                Ok(step) => self.take(&step, &mut |_| {}).await,
                Err(error) => Err(error),
            };
            match taken {
                Ok(StepOutcome::Done) => done += 1,
                Ok(StepOutcome::Overtaken) => return Err(Error::Concurrent),
                Err(error @ Error::Database(_)) => return Err(error),
                Err(Error::Step(step)) if step.source.as_sqlx().as_database_error().is_none() => {
                    return Err(Error::Step(step));
                }
                Err(error) => break Some(error),
            }
        };
        if self.session.dialect() == Dialect::Sqlite {
            self.give_settings_back().await;
        }
        Ok(SchemaReplay {
            steps: done,
            stopped,
        })
    }
}
