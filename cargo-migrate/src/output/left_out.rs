//! What was left out of replays in scratch databases.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use migrate_replay::SkippedStatement;

/// What the scratch databases of a command left out, each once.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    found: Mutex<BTreeSet<SkippedStatement>>,
    /// The folder of the chain's files, as it is shown.
    folder: Mutex<String>,
}

impl LeftOut {
    /// Takes the folder of the chain's files.
    pub(crate) fn set_folder(&self, shown: &str) {
        shown.clone_into(&mut locked(&self.folder));
    }

    /// All of it, in the order of the files.
    pub(crate) fn list(&self) -> Vec<SkippedStatement> {
        locked(&self.found).iter().cloned().collect()
    }

    /// Adds what a chain's files have.
    pub(crate) fn extend_of_chain(&self, found: Vec<SkippedStatement>) {
        let named = |left: SkippedStatement| SkippedStatement {
            file: self.in_folder(&left.file),
            ..left
        };
        self.extend(found.into_iter().map(named));
    }

    /// Adds what a file has.
    pub(crate) fn extend(&self, found: impl IntoIterator<Item = SkippedStatement>) {
        locked(&self.found).extend(found);
    }

    /// Returns a file of the chain as it is shown.
    pub(crate) fn in_folder(&self, file: &str) -> String {
        let folder = locked(&self.folder);
        match folder.is_empty() {
            true => file.to_owned(),
            false => format!("{folder}/{file}"),
        }
    }
}

/// A list is whole also where somebody else has panicked.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
