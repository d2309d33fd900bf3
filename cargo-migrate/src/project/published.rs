//! The published chain.

use std::collections::BTreeSet;

use migrate_core::{LockState, Survey};

use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json;
use crate::project::context::Context;
use crate::project::git::Repository;

/// The published chain, as far as git knows it.
pub(crate) struct Published(Option<(String, Survey)>);

impl Published {
    /// Reads it from git; nothing is published if there is no repository or no remote.
    pub(crate) fn of(context: &Context) -> Result<Self, CommandError> {
        let Some(repository) = Repository::find(context.root()?) else {
            return Ok(Self(None));
        };
        let Some(name) = repository.published()? else {
            return Ok(Self(None));
        };
        let folder = repository.folder(&repository.commit(&name)?)?;
        Ok(Self(Some((name, Survey::new(&folder, context.config()?)))))
    }

    /// Returns true if it has sealed a revision.
    pub(crate) fn has(&self, id: &str) -> bool {
        let has = |(_, survey): &(String, Survey)| {
            let entry = survey.lock.get(id);
            entry.is_some_and(|entry| matches!(entry.state, LockState::Sealed(_)))
        };
        self.0.as_ref().is_some_and(has)
    }

    /// Returns all that it has sealed; `None` if git knows of nobody else.
    pub(crate) fn ids(&self) -> Option<BTreeSet<String>> {
        let (_, survey) = self.0.as_ref()?;
        let sealed = survey.lock.iter();
        let sealed = sealed.filter(|(_, entry)| matches!(entry.state, LockState::Sealed(_)));
        Some(sealed.map(|(id, _)| id.to_string()).collect())
    }

    /// The one head that only this branch has; without a remote, the one that is a draft.
    pub(crate) fn own_head(&self, survey: &Survey) -> Result<usize, CommandError> {
        let is_own = |head: &usize| {
            let id = survey.graph.id(*head).as_str();
            match self.0 {
                Some(_) => !self.has(id),
                None => survey
                    .lock
                    .get(id)
                    .is_none_or(|entry| entry.state == LockState::Draft),
            }
        };
        let own: Vec<usize> = survey.graph.heads().filter(is_own).collect();
        match own[..] {
            [only] if survey.graph.heads().count() > 1 => Ok(only),
            _ => Err(CommandError::usage("it is not clear which branch to move")
                .help(format!(
                    "name its head: {}",
                    survey
                        .graph
                        .heads()
                        .map(|head| format!("`cargo migrate rebase {}`", survey.graph.id(head)))
                        .collect::<Vec<_>>()
                        .join(", ")
                ))
                .candidates(json::ids(&survey.graph, survey.graph.heads()))),
        }
    }

    /// Refuses to move any of these that is published.
    pub(crate) fn refuse(&self, ids: &[String]) -> Result<(), CommandError> {
        let Some((name, _)) = &self.0 else {
            return Ok(());
        };
        match ids.iter().find(|id| self.has(id)) {
            None => Ok(()),
            Some(id) => Err(CommandError::new(
                Failure::Published,
                format!("`{id}` is published: `{name}` has sealed it"),
            )
            .help("merge the heads with `cargo migrate merge` instead; if nobody has applied it, add `--allow-published`")),
        }
    }
}
