//! One revision after the other, with a look at the schema after each.

use migrate_core::{Dialect, Direction};
use migrate_schema::Schema;

use super::{Engine, Outcome};
use crate::backend::Session;
use crate::chain_state::ChainState;
use crate::error::Error;
use crate::introspect::SchemaReader;

/// Who looks at the schemas: how many steps are done, and what the schema is then.
pub(crate) type Look<'a> = &'a mut (dyn FnMut(usize, Schema) + Send);

/// How far a walk came.
#[derive(Debug)]
#[non_exhaustive]
pub struct Walked {
    /// How many of the steps were done.
    pub steps: usize,
    /// Why the next one was not.
    pub stopped: Option<Error>,
}

impl Engine<'_> {
    /// Applies these revisions to an empty database, and looks before the first and after each.
    ///
    /// `eyes` is a second connection: what a revision sets for its session must not change what is
    /// read. A database in memory has none.
    pub(crate) async fn walk(
        &mut self,
        steps: &[usize],
        reader: &SchemaReader,
        mut eyes: Option<&mut dyn Session>,
        look: Look<'_>,
    ) -> Result<Walked, Error> {
        self.take_settings().await?;
        self.create_tables().await?;
        let joined = ChainState::new(self.chain, Vec::new(), self.session.dialect());
        let mut done = 0;
        let stopped = loop {
            let session: &mut dyn Session = match &mut eyes {
                Some(eyes) => &mut **eyes,
                None => &mut *self.session,
            };
            look(done, reader.read_on(session).await?);
            let Some(index) = steps.get(done) else {
                break None;
            };
            let taken = match self.step(&joined, *index, Direction::Up, done) {
                Ok(step) => self.take(&step, &mut |_| {}).await,
                Err(error) => Err(error),
            };
            match taken {
                Ok(Outcome::Done) => done += 1,
                Ok(Outcome::Overtaken) => return Err(Error::Concurrent),
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
        Ok(Walked {
            steps: done,
            stopped,
        })
    }
}
