//! Classifies each difference between the ledger of a database and the chain. `doctor` reports these,
//! `repair --ledger` fixes them.

use std::collections::{BTreeMap, BTreeSet};

use migrate_core::{Dialect, Dialects, Graph, LockState, Revision, Set, Survey};

use crate::applied_revision::{AppliedRevision, Edit, RevisionState};

/// Defines the kinds together with their codes, so that the list of all of them is complete.
macro_rules! named {
    ($(#[$about:meta])* enum $name:ident { $($(#[$doc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Returns the code that is printed, and that has an explain page.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }
        }
    };
}

/// A difference between the ledger and the chain, for one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// The id of the revision.
    pub revision: String,
    /// The kind of the difference.
    pub kind: Kind,
}

named! {
    /// How a row of the ledger and the chain differ.
    enum Kind {
        /// The row was written by a version that knows another hash than this one.
        Newer = "ledger-newer",
        /// Several rows have one id.
        Duplicate = "ledger-duplicate",
        /// The row belongs to no file, and its text is not a revision.
        Foreign = "ledger-foreign",
        /// The row belongs to no file.
        Unknown = "ledger-unknown",
        /// The file was edited after it was sealed: chain.lock and the ledger agree.
        Edited = "ledger-edited",
        /// The file was changed on purpose: chain.lock agrees with it.
        Amended = "ledger-amended",
        /// The `down` of a draft was edited after it was applied; its `up` is what was applied.
        DownEdited = "ledger-down-edited",
        /// The header of a draft was edited after it was applied; its `up` is what was applied.
        HeaderEdited = "ledger-header-edited",
        /// It has other parents now but the same content; chain.lock agrees with it.
        Moved = "ledger-moved",
        /// A draft was edited after it was applied.
        DraftChanged = "ledger-draft-changed",
        /// It was changed, and chain.lock does not know it.
        NotSealed = "ledger-not-sealed",
        /// The file, chain.lock and the ledger all have different texts.
        AllDiffer = "ledger-all-differ",
        /// The row's text does not match its hash: it was edited by hand.
        ByHand = "ledger-by-hand",
        /// It was begun and not finished.
        Unfinished = "ledger-unfinished",
        /// It was interrupted during a statement whose outcome is unknown.
        InDoubt = "ledger-in-doubt",
        /// It is not recorded, but a revision that needs it is.
        Missing = "ledger-missing",
        /// It was applied, but one of its ancestors has changed since.
        Stale = "ledger-stale",
    }
}

impl Kind {
    /// Returns true if the chain and the ledger have different texts of the revision.
    #[must_use]
    pub const fn is_of_text(self) -> bool {
        matches!(
            self,
            Self::Edited
                | Self::Amended
                | Self::Moved
                | Self::DraftChanged
                | Self::NotSealed
                | Self::AllDiffer
                | Self::ByHand
                | Self::DownEdited
                | Self::HeaderEdited
        )
    }
}

/// Whether the hash is one that this version can compare.
fn is_newer(row: &AppliedRevision) -> bool {
    // A known version is taken off when the row is read.
    row.hash.contains(':')
}

/// Returns all differences between a folder and the rows of a ledger, in the chain's order.
#[must_use]
pub fn discrepancies(
    survey: &Survey,
    rows: &[AppliedRevision],
    dialect: Dialect,
) -> Vec<Discrepancy> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *seen.entry(&row.revision).or_default() += 1;
    }
    let sound = survey.is_graph_sound();
    let mut reported: BTreeSet<&str> = BTreeSet::new();
    for row in rows {
        if !reported.insert(&row.revision) {
            continue;
        }
        let mut push = |kind| {
            found.push(Discrepancy {
                revision: row.revision.clone(),
                kind,
            });
        };
        if seen[row.revision.as_str()] > 1 {
            push(Kind::Duplicate);
        }
        if is_newer(row) {
            push(Kind::Newer);
            continue;
        }
        let known = survey.graph.index(&row.revision);
        if row.state != RevisionState::Applied {
            push(match row.is_in_doubt() {
                true => Kind::InDoubt,
                false => Kind::Unfinished,
            });
        }
        let Some(index) = known else {
            push(match row.kept() {
                Some(_) => Kind::Unknown,
                None => Kind::Foreign,
            });
            continue;
        };
        if row.state == RevisionState::Applied {
            let judged = judge(survey, &survey.revisions[index], row, dialect, sound);
            if let Some(kind) = judged {
                push(kind);
            }
        }
    }
    found.extend(
        missing(survey, rows)
            .into_iter()
            .map(|revision| Discrepancy {
                revision,
                kind: Kind::Missing,
            }),
    );
    let rank: BTreeMap<&str, usize> = survey
        .graph
        .order()
        .enumerate()
        .map(|(rank, index)| (survey.graph.id(index).as_str(), rank))
        .collect();
    found.sort_by_key(|discrepancy| {
        let rank = rank.get(discrepancy.revision.as_str());
        (rank.copied().unwrap_or(usize::MAX), discrepancy.kind)
    });
    found
}

/// What is wrong with the row of a revision that the chain has.
fn judge(
    survey: &Survey,
    revision: &Revision,
    row: &AppliedRevision,
    dialect: Dialect,
    sound: bool,
) -> Option<Kind> {
    let now = revision.hash.to_string();
    if now == row.hash {
        if revision.text != row.body && row.kept().is_none() {
            return Some(Kind::ByHand);
        }
        let parents = revision.parents.iter().map(AsRef::as_ref);
        let is_unmoved = revision.chain_hash.to_string() == row.chain_hash
            && parents.eq(row.parents.iter().map(String::as_str));
        // After a broken link, no revision has its true chain hash.
        return (sound && !is_unmoved).then_some(Kind::Stale);
    }
    let Some(kept) = row.kept() else {
        return Some(Kind::ByHand);
    };
    let moved = || {
        let text = kept.with_parents(&revision.parents);
        let moved = Revision::parse(&row.file, &text, Dialects::NONE);
        moved.is_ok_and(|moved| moved.hash == revision.hash)
    };
    let entry = survey.lock.get(&row.revision).map(|entry| entry.state);
    Some(match entry {
        Some(LockState::Sealed(sealed)) if sealed == kept.hash => Kind::Edited,
        Some(LockState::Sealed(sealed)) if sealed != revision.hash => Kind::AllDiffer,
        Some(_) if moved() => Kind::Moved,
        Some(LockState::Sealed(_)) => Kind::Amended,
        Some(LockState::Draft) => match row.edit(revision, dialect) {
            Some(Edit::Down) => Kind::DownEdited,
            Some(Edit::Header) => Kind::HeaderEdited,
            None => Kind::DraftChanged,
        },
        None => Kind::NotSealed,
    })
}

/// Returns the revisions of the chain that are applied, including those being reverted.
#[must_use]
pub fn applied(graph: &Graph, rows: &[AppliedRevision]) -> Set {
    let mut applied = graph.none();
    for row in rows
        .iter()
        .filter(|row| row.state != RevisionState::Applying)
    {
        if let Some(index) = graph.index(&row.revision) {
            applied.insert(index);
        }
    }
    applied
}

/// Returns the unrecorded ancestors of recorded revisions, in the chain's order.
fn missing(survey: &Survey, rows: &[AppliedRevision]) -> Vec<String> {
    let graph = &survey.graph;
    let mut missing = graph.ancestors(applied(graph, rows).iter());
    for row in rows {
        if let Some(index) = graph.index(&row.revision) {
            missing.remove(index);
        }
    }
    let ordered = graph.ordered(&missing);
    ordered
        .into_iter()
        .map(|index| graph.id(index).to_string())
        .collect()
}
