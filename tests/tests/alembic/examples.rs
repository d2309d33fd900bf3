//! An example of each difference, as `docs/alembic.md` tells it.

use migrate_core::Cascade;
use migrate_tests::alembic::{Alembic, Answer, Case};

use crate::ours::{self, Ours};
use crate::{ask, judge};

// root - base1 - lef1 - lef2   (left)
//             \- rig1 - rig2   (right)
const FORK: &str = "root  base1:root  lef1:base1@left  lef2:lef1  rig1:base1@right  rig2:rig1";

/// Asks both: by what they agree or differ, what we do, what Alembic does.
#[track_caller]
fn judged(drawing: &str, rows: &str, command: &str) -> [String; 3] {
    let case = Case::read(drawing, rows, command);
    let theirs = ask(&mut Alembic::start(), &case);
    let judged = judge(&case, &theirs).unwrap_or_else(|why| panic!("{why}"));
    let ours = match ours::ours(&case, Cascade::Refuse) {
        Ours::Steps(steps) => {
            let ids: Vec<&str> = steps.iter().map(|(id, _)| id.as_str()).collect();
            ids.join(" ")
        }
        Ours::Stamp(rows) => format!("=> {}", rows.join(" ")),
        Ours::Refused(error) => error.code().to_owned(),
    };
    let theirs = match theirs {
        Answer::Refused { cause, .. } => cause,
        Answer::Steps { steps } => {
            let mut ids = steps.iter().filter_map(|step| step.revision.as_deref());
            match ids.next() {
                Some(first) => ids.fold(first.to_owned(), |told, id| format!("{told} {id}")),
                None => {
                    let last = steps.last().map(|step| step.rows.clone());
                    let rows = last.map(|rows| rows.unwrap_or_else(|| vec!["broken".to_owned()]));
                    format!("=> {}", rows.unwrap_or_default().join(" "))
                }
            }
        }
    };
    [judged.to_owned(), ours, theirs]
}

#[test]
fn most_is_the_same() {
    let same = |steps: &str| ["the same steps", steps, steps].map(str::to_owned);
    assert_eq!(
        judged(FORK, "", "upgrade left@head"),
        same("root base1 lef1 lef2")
    );
    assert_eq!(
        judged(FORK, "lef2 rig2", "downgrade left@base1"),
        same("lef2 lef1")
    );
    assert_eq!(
        judged(FORK, "", "upgrade head"),
        [
            "the same refusal",
            "several-heads",
            "Multiple heads are present for given argument 'head'; lef2, rig2"
        ]
    );
    assert_eq!(
        judged(FORK, "lef2 rig2", "stamp rig1"),
        ["the same stamp", "=> lef2 rig1", "=> lef2 rig1"]
    );
}

#[test]
fn current_is_a_target() {
    assert_eq!(
        judged(FORK, "lef1", "upgrade current+1"),
        [
            "`current` is a target",
            "lef2",
            "No such revision or branch 'current'"
        ]
    );
}

#[test]
fn only_an_id_has_beginnings_and_every_id_has() {
    let name = "only an id has beginnings, and every id has";
    assert_eq!(
        judged(FORK, "", "upgrade left"),
        ["the same steps", "root base1 lef1", "root base1 lef1"]
    );
    assert_eq!(
        judged("abc", "", "upgrade ab"),
        [
            name,
            "abc",
            "No such revision or branch 'ab'; please ensure at least four characters are present for partial revision identifier matches"
        ]
    );
    assert_eq!(
        judged("aaaa@left", "", "upgrade lef"),
        [name, "unknown-revision", "aaaa"]
    );
}

#[test]
fn a_stamp_can_walk_from_a_revision_and_from_nowhere_else() {
    let name = "a stamp can walk from a revision, and from nowhere else";
    assert_eq!(
        judged(FORK, "", "stamp lef2-1"),
        [name, "=> lef1", "No such revision or branch 'lef2-1'"]
    );
    assert_eq!(
        judged("aaaa  bbbb:aaaa", "", "stamp -1"),
        [name, "malformed-target", "=> aaaa"]
    );
}

#[test]
fn several_stamps_at_once_have_no_order_and_never_clash() {
    let name = "several stamps at once have no order and never clash";
    assert_eq!(
        judged(FORK, "", "stamp lef1 base1"),
        [name, "=> lef1", "=> base1 lef1"]
    );
    assert_eq!(
        judged(FORK, "lef2 rig2", "stamp lef1 rig1"),
        [name, "=> lef1 rig1", "=> broken"]
    );
}

#[test]
fn a_stamp_keeps_what_only_a_forgotten_revision_implied() {
    let name = "a stamp keeps what only a forgotten revision implied";
    let merged = format!("{FORK}  both:lef2,rig2");
    assert_eq!(
        judged(&merged, "both", "stamp lef1"),
        [name, "=> lef1 rig2", "=> lef1"]
    );
    assert_eq!(
        judged(FORK, "lef2", "stamp left@base"),
        [name, "=> base1", "=> "]
    );
}

#[test]
fn heads_that_need_one_another_are_no_clash() {
    let [name, ours, theirs] = judged(
        "root@main  one1:root  two2:root+one1",
        "",
        "upgrade main@heads",
    );
    assert_eq!(name, "heads that need one another are no clash");
    assert_eq!(ours, "root one1 two2");
    assert!(
        theirs.contains("overlaps with other requested revisions"),
        "{theirs}"
    );
}

#[test]
fn a_walk_past_the_end_is_out_of_range() {
    let name = "a walk past the end is out of range";
    for target in ["lef2+1", "left@head+1"] {
        assert_eq!(
            judged(
                "root  lef1:root  lef2:lef1@left",
                "",
                &format!("upgrade {target}")
            ),
            [name, "out-of-range", "AssertionError"]
        );
    }
    // From below the first revision, Alembic goes on from the head.
    assert_eq!(
        judged("aaaa  bbbb:aaaa", "bbbb", "downgrade base-2"),
        [name, "out-of-range", "bbbb"]
    );
}

#[test]
fn a_walk_may_end_at_base_or_stay_there() {
    let name = "a walk may end at base, or stay there";
    assert_eq!(
        judged(FORK, "", "upgrade root-1"),
        [name, "", "AssertionError"]
    );
    assert_eq!(
        judged("aaaa", "aaaa", "downgrade base-0"),
        [name, "aaaa", "Walked too far"]
    );
}

#[test]
fn one_step_back_from_several_heads_is_refused() {
    assert_eq!(
        judged(FORK, "lef2 rig2", "downgrade -1"),
        [
            "`-1` from several heads is refused",
            "ambiguous-walk",
            "lef2"
        ]
    );
}

#[test]
fn a_walk_to_base_reverts_the_tree_that_it_was_in() {
    assert_eq!(
        judged("aaaa  bbbb:aaaa  xxxx", "bbbb xxxx", "downgrade bbbb-2"),
        [
            "a walk to base reverts the tree that it was in",
            "bbbb aaaa",
            "bbbb aaaa xxxx"
        ]
    );
}

#[test]
fn a_place_that_only_a_dependency_keeps_is_nothing_to_do() {
    assert_eq!(
        judged("aaaa  bbbb+aaaa", "bbbb", "downgrade aaaa"),
        [
            "a place that only a dependency keeps is nothing to do",
            "",
            "Revision Nothing to drop is not an ancestor of revision ('bbbb',)"
        ]
    );
}

#[test]
fn heads_is_a_place_on_the_way_down() {
    assert_eq!(
        judged(FORK, "lef2 rig2", "downgrade heads"),
        [
            "`heads` is a place on the way down",
            "",
            "Multiple heads are present for given argument 'heads'; lef2, rig2"
        ]
    );
}

#[test]
fn a_branch_decides_what_is_meant_whatever_the_command() {
    assert_eq!(
        judged(FORK, "lef2 rig2", "downgrade left@head"),
        [
            "a branch decides what is meant, whatever the command",
            "",
            "Multiple heads are present for given argument 'head'; lef2, rig2"
        ]
    );
}

#[test]
fn a_branch_is_checked_whatever_the_command() {
    for target in ["nowhere@lef1", "right@lef1"] {
        assert_eq!(
            judged(FORK, "lef2", &format!("downgrade {target}")),
            [
                "a branch is checked, whatever the command",
                "unknown-revision",
                "lef2"
            ]
        );
    }
}

#[test]
fn a_branch_on_the_way_down_restricts_it() {
    let name = "a branch on the way down restricts it";
    assert_eq!(
        judged(FORK, "lef2 rig2", "downgrade left@base"),
        [name, "lef2 lef1", "lef2 lef1 rig2 rig1 base1 root"]
    );
    assert_eq!(
        judged(FORK, "lef2 rig2", "downgrade left@root"),
        [name, "collateral", "lef2 lef1 rig2 rig1 base1"]
    );
}

#[test]
fn rows_never_overlap() {
    // Below `both`, `two2` implies `one1` by a dependency, which Alembic's table forgets.
    let [name, ours, theirs] = judged(
        "one1  two2+one1  xxx3  both:two2,xxx3,one1",
        "",
        "upgrade both",
    );
    assert_eq!(name, "rows never overlap");
    assert_eq!(ours, "one1 two2 xxx3 both");
    assert!(theirs.ends_with("both"), "{theirs}");

    // Where a row stands beside its own ancestor's, Alembic's stamp forgets a branch.
    let [_, ours, theirs] = judged(FORK, "base1 lef2", "stamp heads");
    assert_eq!(ours, "=> lef2 rig2");
    assert_eq!(theirs, "=> rig2");
}
