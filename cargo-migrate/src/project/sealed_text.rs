//! Where git has the sealed text of a revision whose file was edited.

use migrate_core::{Code, Diagnostic, Folder, LockState, Survey, shell_word};

/// What the last commit has of a revision whose sealed text is not in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SealedText {
    /// The sealed text, in the file of this name: git can undo the edit.
    InFile,
    /// The sealed text, in a file that has another name now.
    InOther(String),
    /// Another text: the edit is committed.
    Edited,
    /// No such revision, or there is no commit.
    Nowhere,
}

impl SealedText {
    /// Looks for it in the last commit; `shown` is the file that was edited.
    pub(crate) fn of(id: &str, shown: &str, here: &Survey, committed: Option<&Committed>) -> Self {
        let Some(committed) = committed else {
            return Self::Nowhere;
        };
        let survey = &committed.survey;
        let Some(index) = survey.graph.index(id) else {
            return Self::Nowhere;
        };
        let there = &survey.revisions[index];
        let sealed = here.lock.get(id).map(|entry| entry.state);
        if sealed != Some(LockState::Sealed(there.hash)) {
            return Self::Edited;
        }
        let file = committed.folder.shown_file(&there.file);
        match file == shown {
            true => Self::InFile,
            false => Self::InOther(file),
        }
    }

    /// Says how to undo the edit, for the help of a [`Code::LockChanged`].
    fn help(&self, id: &str, shown: &str) -> String {
        let file = shell_word(shown);
        let restore = match self {
            Self::InFile => format!("undo the edit with `git checkout HEAD -- {file}`"),
            Self::InOther(other) => format!(
                "restore the sealed text, which `git show HEAD:./{}` prints,",
                shell_word(other)
            ),
            Self::Edited => format!(
                "restore the sealed text, from `git log -p -- {file}` or with `cargo migrate repair --ledger` where it was applied,"
            ),
            Self::Nowhere => "restore the sealed text, with `cargo migrate repair --ledger` where it was applied,".to_owned(),
        };
        format!(
            "{restore} and write a new revision, or accept it with `cargo migrate lock --amend {id}`"
        )
    }
}

/// The migrations folder of the last commit.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) folder: Folder,
    pub(crate) survey: Survey,
}

/// Gives each edited revision the help that git can follow.
pub(crate) fn name_undo(found: &mut [Diagnostic], here: &Survey, committed: Option<&Committed>) {
    for found in found
        .iter_mut()
        .filter(|found| found.code == Code::LockChanged)
    {
        if let (Some(label), Some(id)) = (found.labels.first(), &found.subject) {
            let text = SealedText::of(id, &label.file, here, committed);
            found.help = Some(text.help(id, &label.file));
        }
    }
}
