//! Many findings of one kind as one.

use migrate_core::{Code, Diagnostic};

use super::project::listed;
use super::{Area, Finding};

/// More of one kind than this are reported as one.
const MOST_ALIKE: usize = 3;

/// Reports a few one by one, and many of one kind as one with its files.
pub(super) fn grouped(
    area: Area,
    found: &[Diagnostic],
    complete: impl Fn(Finding, &Diagnostic) -> Finding,
) -> Vec<Finding> {
    let mut kinds: Vec<(Code, Vec<&Diagnostic>)> = Vec::new();
    for diagnostic in found {
        match kinds.iter_mut().find(|(code, _)| *code == diagnostic.code) {
            Some((_, alike)) => alike.push(diagnostic),
            None => kinds.push((diagnostic.code, vec![diagnostic])),
        }
    }
    let mut findings = Vec::new();
    for (_, alike) in kinds {
        if alike.len() <= MOST_ALIKE {
            let each = alike.into_iter();
            findings.extend(each.map(|found| complete(Finding::of(area, found), found)));
            continue;
        }
        let files: Vec<String> = alike[1..]
            .iter()
            .filter_map(|found| {
                let label = found.labels.first()?;
                Some(match &label.place {
                    Some(place) => format!("{}:{}", label.file, place.line),
                    None => label.file.clone(),
                })
            })
            .collect();
        let mut one = alike[0].clone();
        one.message = format!(
            "{}; the same applies to {} more: {}",
            one.message,
            alike.len() - 1,
            listed(&files)
        );
        findings.push(complete(Finding::of(area, &one), alike[0]));
    }
    findings
}
