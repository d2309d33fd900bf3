//! The state of the work tree, and other branches that have revisions.

use std::collections::BTreeMap;

use super::{Repository, line};
use crate::output::error::CommandError;

/// A file of the work tree that is not as the last commit has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// Relative to the package, with `/`.
    pub(crate) path: String,
    pub(crate) kind: ChangeKind,
}

/// How it differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind {
    /// Git does not know it.
    Untracked,
    /// It is ignored by git.
    Ignored,
    /// Both sides of a merge have changed it.
    Unmerged,
    /// It was changed or added.
    Changed,
    /// It was deleted.
    Deleted,
}

/// At most so many branches are looked through, those that were worked on last.
const MOST_BRANCHES: usize = 50;

impl Repository {
    /// Returns what git is in the middle of.
    pub(crate) fn in_progress(&self) -> Result<Option<&'static str>, CommandError> {
        for (file, word) in [
            ("rebase-merge", "rebase"),
            ("rebase-apply", "rebase"),
            ("MERGE_HEAD", "merge"),
            ("CHERRY_PICK_HEAD", "cherry-pick"),
            ("REVERT_HEAD", "revert"),
        ] {
            let path = line(&self.git(["rev-parse", "--git-path", file])?.stdout);
            if !path.is_empty() && self.package.join(path).exists() {
                return Ok(Some(word));
            }
        }
        Ok(None)
    }

    /// Lists what differs from the last commit below some paths, which are relative to the package.
    pub(crate) fn changes(&self, paths: &[&str]) -> Result<Vec<Change>, CommandError> {
        let prefix = line(&self.git(["rev-parse", "--show-prefix"])?.stdout);
        let mut arguments = vec![
            "status",
            "--porcelain=v1",
            "-z",
            "--untracked-files=all",
            "--ignored=matching",
            "--no-renames",
            "--",
        ];
        arguments.extend(paths);
        let output = self.git(arguments)?;
        if !output.status.success() {
            return Err(super::refused(&output));
        }
        let entries = output.stdout.split(|byte| *byte == 0);
        let change = |entry: &[u8]| {
            let entry = String::from_utf8_lossy(entry);
            let (code, path) = (entry.get(..2)?, entry.get(3..)?);
            let kind = match code {
                "??" => ChangeKind::Untracked,
                "!!" => ChangeKind::Ignored,
                "DD" | "AA" => ChangeKind::Unmerged,
                _ if code.contains('U') => ChangeKind::Unmerged,
                _ if code.contains('D') => ChangeKind::Deleted,
                _ => ChangeKind::Changed,
            };
            let path = path.strip_prefix(prefix.as_str()).unwrap_or(path);
            Some(Change {
                path: path.to_owned(),
                kind,
            })
        };
        Ok(entries.filter_map(change).collect())
    }

    /// Finds the branches whose migrations folder has these revisions, the one that is checked out
    /// left out.
    pub(crate) fn branches_with(
        &self,
        ids: &[String],
        dir: &str,
    ) -> Result<BTreeMap<String, Vec<String>>, CommandError> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let listed = self.git([
            "for-each-ref",
            "--sort=-committerdate",
            "--format=%(HEAD)%(refname:short)",
            "refs/heads",
            "refs/remotes",
        ])?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let branches: Vec<&str> = listed
            .lines()
            .filter_map(|line| line.strip_prefix(' '))
            .filter(|name| !name.ends_with("/HEAD"))
            .take(MOST_BRANCHES)
            .collect();
        if ids.is_empty() || branches.is_empty() {
            return Ok(found);
        }
        // One question for all branches: each answer begins with the branch.
        let mut arguments = vec!["grep", "-E"];
        let words: Vec<String> = ids.iter().map(|id| id.replace('.', "\\.")).collect();
        let pattern = format!("^-- *revision: *({})[[:space:]]*$", words.join("|"));
        arguments.extend(["-e", &pattern]);
        arguments.extend(&branches);
        let dir = format!("./{}/", dir.trim_end_matches('/'));
        arguments.extend(["--", &dir]);
        let output = self.git(arguments)?;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            // `branch:path:-- revision: id`
            let Some((branch, rest)) = line.split_once(':') else {
                continue;
            };
            let id = rest.rsplit(':').next().unwrap_or_default().trim();
            if ids.iter().any(|wanted| wanted == id) {
                let names = found.entry(id.to_owned()).or_default();
                if !names.iter().any(|name| name == branch) {
                    names.push(branch.to_owned());
                }
            }
        }
        Ok(found)
    }

    /// Finds the commit that deleted a revision's file, on whichever branch, and the file.
    pub(crate) fn deleted(
        &self,
        id: &str,
        dir: &str,
    ) -> Result<Option<(String, String)>, CommandError> {
        let dir = format!("./{}/", dir.trim_end_matches('/'));
        let output = self.git([
            "log",
            "--all",
            "--max-count=1",
            "--diff-filter=D",
            "--no-renames",
            "--relative",
            "--format=%h",
            "--name-only",
            &format!("-S-- revision: {id}"),
            "--",
            &dir,
        ])?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let commit = lines.next().map(str::to_owned);
        let file = lines.next().map(str::to_owned);
        Ok(commit.zip(file))
    }
}
