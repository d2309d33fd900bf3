//! Repairs labels that name two things.

use std::collections::BTreeSet;

use super::age::Ages;
use super::work::Work;
use migrate_core::__support::with_value;
use migrate_core::{Code, Problem, Survey};

/// Makes each label name one branch. The first revision keeps it. A revision after it can drop the
/// label, because it carries that of the first one; a revision on another branch gets a new label,
/// because a branch that had a name must keep having one.
pub(super) fn repair(work: &mut Work<'_>) {
    let survey = work.survey();
    let mut taken: BTreeSet<String> = survey
        .revisions
        .iter()
        .map(|revision| revision.id.to_string())
        .collect();
    let all = survey
        .revisions
        .iter()
        .flat_map(|revision| revision.labels.iter());
    taken.extend(all.map(ToString::to_string));
    let ages = Ages::new(&survey.revisions, work);
    let rank = ages.ranks();
    // The owner of each label: the first revision with it, whatever the graph chose.
    for problem in survey.graph.problems() {
        match problem {
            Problem::LabelIsRevision {
                revision,
                label,
                other,
            } => {
                let new = free(label, &mut taken);
                let why = match revision == other {
                    true => format!("a label cannot be the id of its revision: it is now `{new}`"),
                    false => {
                        format!("`{label}` is the id of another revision: the label is now `{new}`")
                    }
                };
                rename(work, &survey, *revision, label, Some(&new));
                let id = survey.revisions[*revision].id.to_string();
                work.did(
                    Code::LabelIsRevision,
                    &id,
                    &survey.revisions[*revision].file,
                    why,
                );
            }
            Problem::DuplicateLabel { second, label, .. } => {
                let bearers = (0..survey.revisions.len())
                    .filter(|index| survey.revisions[*index].labels.iter().any(|at| at == label));
                let Some(keeper) = bearers.min_by_key(|index| rank[*index]) else {
                    continue;
                };
                // The graph reports each but the first; the first may be among them.
                let loser = if *second == keeper {
                    survey.graph.label(label)
                } else {
                    Some(*second)
                };
                let Some(loser) = loser.filter(|loser| *loser != keeper) else {
                    continue;
                };
                let (old, id) = (
                    &survey.revisions[keeper].id,
                    survey.revisions[loser].id.to_string(),
                );
                let (new, why) = match survey.graph.path_to(loser).contains(keeper) {
                    true => (
                        None,
                        format!("it follows `{old}`, so it carries `{label}` anyway"),
                    ),
                    false => {
                        let new = free(label, &mut taken);
                        let why = format!(
                            "`{old}` keeps `{label}`, because {}; this branch is now called `{new}`",
                            ages.why_before(keeper, loser)
                        );
                        (Some(new), why)
                    }
                };
                rename(work, &survey, loser, label, new.as_deref());
                work.did(
                    Code::DuplicateLabel,
                    &id,
                    &survey.revisions[loser].file,
                    why,
                );
            }
            _ => {}
        }
    }
}

/// Returns the next name that is not taken.
fn free(label: &str, taken: &mut BTreeSet<String>) -> String {
    let most = migrate_core::RevisionId::MAX_LEN - 6;
    let stem = label.get(..most).unwrap_or(label);
    let free = (2_u32..)
        .map(|number| format!("{stem}_{number}"))
        .find(|name| !taken.contains(name));
    let free = free.expect("there are more names than labels");
    taken.insert(free.clone());
    free
}

fn rename(work: &mut Work<'_>, survey: &Survey, index: usize, label: &str, new: Option<&str>) {
    let name = survey.revisions[index].file.to_string();
    let file = work.file(&name);
    // Another label of this file may have been written already.

    let now = migrate_core::__support::labels(&file.text);
    let labels: Vec<&str> = now
        .iter()
        .filter_map(|known| match known == label {
            true => new,
            false => Some(known.as_str()),
        })
        .collect();
    file.text = with_value(&file.text, "labels", &labels.join(", ")).into();
}
