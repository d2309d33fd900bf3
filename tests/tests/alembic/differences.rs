//! Where we differ from Alembic on purpose, as `docs/alembic.md` says, and nowhere else.

use migrate_core::{Anchor, TargetError};
use migrate_tests::alembic::Name;

use crate::ours::Ours;
use crate::seen::Seen;

/// Something that we do another way.
pub(crate) struct Difference {
    pub(crate) name: &'static str,
    /// Whether a case that came out differently is one of these.
    pub(crate) explains: fn(&Seen) -> bool,
}

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        name: "`current` is a target",
        explains: |seen| {
            seen.has(|target| target.place == Some(Anchor::Current))
                && seen.cause().contains("current")
        },
    },
    Difference {
        name: "only an id has beginnings, and every id has",
        explains: |seen| seen.names().any(|name| seen.begins_otherwise(name)),
    },
    Difference {
        name: "a stamp can walk from a revision, and from nowhere else",
        explains: |seen| match (seen.name(), &seen.ours) {
            (Name::Stamp, Ours::Refused(TargetError::Malformed(_))) => {
                seen.has(|target| target.place.is_none())
            }
            (Name::Stamp, _) => {
                seen.has(|target| target.steps.is_some())
                    && seen.cause().starts_with("No such revision or branch")
            }
            _ => false,
        },
    },
    Difference {
        name: "several stamps at once have no order and never clash",
        explains: |seen| {
            let refused = matches!(seen.ours, Ours::Refused(_));
            seen.name() == Name::Stamp
                && (seen.targets.len() > 1 || seen.places(0).len() > 1)
                && (!refused || !seen.cause().is_empty())
        },
    },
    Difference {
        name: "a stamp keeps what only a forgotten revision implied",
        explains: |seen| seen.name() == Name::Stamp && seen.kept_by_the_stamp(),
    },
    Difference {
        name: "heads that need one another are no clash",
        explains: |seen| {
            seen.name() == Name::Upgrade
                && seen.target().branch.is_some()
                && seen.target().place == Some(Anchor::Heads)
                && seen.cause().starts_with("Requested revision")
        },
    },
    Difference {
        name: "a walk past the end is out of range",
        explains: |seen| {
            let broke = seen.cause() == "AssertionError";
            match &seen.ours {
                Ours::Refused(TargetError::OutOfRange { .. }) => {
                    broke || seen.target().place == Some(Anchor::Base)
                }
                Ours::Refused(TargetError::AmbiguousWalk { .. }) => {
                    !seen.cause().is_empty() && seen.target().place == Some(Anchor::Heads)
                }
                _ => false,
            }
        },
    },
    Difference {
        name: "a walk may end at base, or stay there",
        explains: |seen| {
            let ends = matches!(seen.ours, Ours::Steps(_)) && seen.places(0).is_empty();
            match seen.name() {
                Name::Upgrade => ends && seen.cause() == "AssertionError",
                _ => ends && seen.target().steps == Some(0) && seen.cause() == "Walked too far",
            }
        },
    },
    Difference {
        name: "`-1` from several heads is refused",
        explains: |seen| {
            let several = seen.case.question.rows.len() > 1;
            matches!(seen.ours, Ours::Refused(TargetError::AmbiguousWalk { .. }))
                && seen.name() == Name::Downgrade
                && seen.target().place.is_none()
                && (several || seen.target().branch.is_some())
        },
    },
    Difference {
        name: "a walk to base reverts the tree that it was in",
        explains: |seen| {
            seen.name() == Name::Downgrade
                && seen.target().branch.is_none()
                && seen.walks_down()
                && seen.places(0).is_empty()
                && seen.is_own_tree()
        },
    },
    Difference {
        name: "a place that only a dependency keeps is nothing to do",
        explains: |seen| {
            seen.name() == Name::Downgrade
                && seen.ours == Ours::Steps(Vec::new())
                && seen.cause().starts_with("Revision Nothing to drop")
                && seen.places(0).iter().all(|at| seen.applied.contains(*at))
        },
    },
    Difference {
        name: "`heads` is a place on the way down",
        explains: |seen| {
            seen.name() == Name::Downgrade
                && seen.target().place == Some(Anchor::Heads)
                && seen.cause().starts_with("Multiple heads")
        },
    },
    Difference {
        name: "a branch decides what is meant, whatever the command",
        explains: |seen| {
            let upwards = seen.target().steps.is_some_and(|steps| steps > 0);
            (seen.name() != Name::Upgrade || upwards)
                && seen.has(|target| target.branch.is_some())
                && seen.cause().starts_with("Multiple ")
        },
    },
    Difference {
        name: "a branch is checked, whatever the command",
        explains: |seen| match &seen.ours {
            Ours::Refused(TargetError::OutsideBranch { .. }) => true,
            Ours::Refused(
                TargetError::UnknownRevision { given, .. }
                | TargetError::AmbiguousRevision { given, .. },
            ) => seen.has(|target| target.branch.as_ref() == Some(given)),
            _ => false,
        },
    },
    Difference {
        name: "a branch on the way down restricts it",
        explains: |seen| {
            seen.name() == Name::Downgrade && seen.target().branch.is_some() && seen.is_restricted()
        },
    },
    Difference {
        name: "rows never overlap",
        explains: |seen| seen.same_steps() && seen.has_implied_need(),
    },
];
