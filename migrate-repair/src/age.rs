//! Which of two revisions comes first, and what says so.

use super::names;
use super::work::Work;
use migrate_core::{Revision, RevisionId};

/// The ages of the revisions of a folder, by their indices in the survey.
pub(super) struct Ages(Vec<Age>);

/// What says which of two revisions comes first: who has them already, then when they were created.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Age {
    is_unpublished: bool,
    is_draft: bool,
    is_unapplied: bool,
    is_uncommitted: bool,
    /// One without a time comes last, because `new` writes a time.
    has_no_time: bool,
    time: String,
    name: String,
    id: RevisionId,
}

impl Age {
    fn new(revision: &Revision, work: &Work<'_>) -> Self {
        let id = revision.id.as_str();
        let time = match &*revision.created {
            "" => names::stamp(&revision.file).unwrap_or_default(),
            created => names::digits(created),
        };
        Self {
            is_unpublished: !work.options.published.contains(id),
            is_draft: !work.has_sealed(id),
            is_unapplied: !work.options.applied.contains(id),
            is_uncommitted: !work.options.committed.contains(&*revision.file),
            has_no_time: time.is_empty(),
            time,
            name: names::natural(&revision.file),
            id: revision.id.clone(),
        }
    }
}

impl Ages {
    pub(super) fn new(revisions: &[Revision], work: &Work<'_>) -> Self {
        let ages = revisions.iter();
        Self(ages.map(|revision| Age::new(revision, work)).collect())
    }

    /// Returns the position of each revision, the first being 0.
    pub(super) fn ranks(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.0.len()).collect();
        order.sort_by_key(|index| &self.0[*index]);
        let mut rank = vec![0; order.len()];
        for (place, index) in order.into_iter().enumerate() {
            rank[index] = place;
        }
        rank
    }

    /// Returns whether somebody has a revision as it is: it is published, sealed or applied.
    pub(super) fn is_fixed(&self, index: usize) -> bool {
        let age = &self.0[index];
        !(age.is_unpublished && age.is_draft && age.is_unapplied)
    }

    /// Returns whether no revision has an earlier time of creation.
    pub(super) fn is_oldest(&self, index: usize) -> bool {
        let own = &self.0[index];
        !own.has_no_time && self.0.iter().all(|other| !other.is_earlier_than(own))
    }

    /// Returns whether the times of creation say that `first` is older than `second`.
    pub(super) fn is_older(&self, first: usize, second: usize) -> bool {
        self.0[first].is_earlier_than(&self.0[second])
    }

    /// Says why `first` comes before `second`.
    pub(super) fn why_before(&self, first: usize, second: usize) -> String {
        let (a, b) = (&self.0[first], &self.0[second]);
        let id = &a.id;
        if a.is_unpublished != b.is_unpublished {
            format!("`{id}` is published, and it is not")
        } else if a.is_draft != b.is_draft {
            format!("chain.lock has sealed `{id}`, and it is a draft")
        } else if a.is_unapplied != b.is_unapplied {
            format!("the database has applied `{id}`, and not this one")
        } else if a.is_uncommitted != b.is_uncommitted {
            format!("`{id}` is committed to git, and it is not")
        } else if a.has_no_time != b.has_no_time {
            format!("it has no time of creation, and `{id}` has one")
        } else if a.time != b.time {
            format!("`{id}` was created before it")
        } else {
            format!("nothing says which is older, and the file of `{id}` sorts before its own")
        }
    }
}

impl Age {
    fn is_earlier_than(&self, other: &Self) -> bool {
        !self.has_no_time && !other.has_no_time && self.time < other.time
    }
}
