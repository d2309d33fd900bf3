//! The plan of a ledger repair: its changes, and what needs a decision.

use migrate_core::with_lf;
use migrate_sqlx::__cli::discrepancy::Kind;
use migrate_sqlx::__cli::{LedgerChange, RowRepair};
use migrate_sqlx::AppliedRevision;
use serde::Serialize;

use super::files::Files;
use crate::commands::repair::change::Note;

/// What is done about one revision.
#[derive(Debug, Serialize)]
pub(in crate::commands::repair) struct Entry {
    pub(in crate::commands::repair) revision: String,
    pub(in crate::commands::repair) problem: &'static str,
    pub(in crate::commands::repair) action: &'static str,
    pub(in crate::commands::repair) reason: String,
}

impl Entry {
    /// Says whether it changes the ledger, and not a file.
    pub(in crate::commands::repair) fn is_of_row(&self) -> bool {
        !matches!(self.action, "write-file" | "put-file-back")
    }
}

/// A decision that only a person can make.
#[derive(Debug, Serialize)]
pub(in crate::commands::repair) struct Unresolved {
    pub(in crate::commands::repair) revision: String,
    pub(in crate::commands::repair) problem: &'static str,
    pub(in crate::commands::repair) reason: String,
    pub(in crate::commands::repair) help: Option<String>,
}

/// All that is to be done.
pub(in crate::commands::repair) struct LedgerPlan {
    pub(in crate::commands::repair) entries: Vec<Entry>,
    pub(in crate::commands::repair) files: Files,
    pub(in crate::commands::repair) row_repairs: Vec<RowRepair>,
    pub(in crate::commands::repair) unresolved: Vec<Unresolved>,
}

impl LedgerPlan {
    pub(super) fn new(files: Files) -> Self {
        Self {
            entries: Vec::new(),
            files,
            row_repairs: Vec::new(),
            unresolved: Vec::new(),
        }
    }

    pub(super) fn enter(&mut self, revision: &str, kind: Kind, action: &'static str, reason: &str) {
        self.entries.push(Entry {
            revision: revision.to_owned(),
            problem: kind.code(),
            action,
            reason: reason.to_owned(),
        });
    }

    /// Writes a file with the text that the ledger kept.
    pub(super) fn write_file(
        &mut self,
        name: &str,
        row: &AppliedRevision,
        kind: Kind,
        action: &'static str,
        reason: &str,
    ) {
        let note = Note {
            file: name.to_owned(),
            revision: Some(row.revision.clone()),
            code: kind.code(),
            reason: reason.to_owned(),
        };
        // A row of an older version has the line ends of the checkout that applied it.
        self.files.write(&with_lf(&row.body), note);
        self.enter(&row.revision, kind, action, reason);
    }

    pub(super) fn change_row(&mut self, change: LedgerChange, kind: Kind, reason: &str) {
        let action = match &change {
            LedgerChange::Record(_) => "record",
            LedgerChange::Rewrite(_) => "rewrite-row",
            LedgerChange::Relink(_) => "relink-row",
            LedgerChange::Finish(_) => "count-as-applied",
            LedgerChange::Forget(_) => "forget",
        };
        self.enter(change.revision(), kind, action, reason);
        self.row_repairs.push(RowRepair {
            change,
            reason: reason.to_owned(),
        });
    }

    pub(super) fn leave(
        &mut self,
        revision: &str,
        kind: Kind,
        reason: impl Into<String>,
        help: &str,
    ) {
        self.unresolved.push(Unresolved {
            revision: revision.to_owned(),
            problem: kind.code(),
            reason: reason.into(),
            help: Some(help.to_owned()).filter(|help| !help.is_empty()),
        });
    }
}
