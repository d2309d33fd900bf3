//! Changes to files that are shown before they are made, and made all or not at all.

use std::fs;
use std::path::PathBuf;

use anstyle::Style;
use similar::{ChangeTag, TextDiff};

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::{style, styled};
use crate::write;

/// Files and what they are to hold.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    edits: Vec<Edit>,
}

#[derive(Debug)]
struct Edit {
    path: PathBuf,
    old: String,
    new: String,
}

impl Edits {
    /// Adds a file that is there; where both texts are the same, nothing is to be done.
    pub(crate) fn replace(&mut self, path: PathBuf, old: &str, new: String) {
        if old != new {
            self.edits.push(Edit {
                path,
                old: old.to_owned(),
                new,
            });
        }
    }

    /// Writes the changes as lines that go and lines that come, with what stands around them.
    pub(crate) fn draw(&self, context: &Context) -> String {
        let mut drawing = String::new();
        for edit in &self.edits {
            let title = context.shown(&edit.path);
            drawing.extend([&styled(TITLE, title), "\n"]);
            let diff = TextDiff::from_lines(&edit.old, &edit.new);
            for group in diff.grouped_ops(1) {
                for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                    let (sign, style) = match change.tag() {
                        ChangeTag::Delete => ("-", REMOVED),
                        ChangeTag::Insert => ("+", ADDED),
                        ChangeTag::Equal => (" ", style::DIM),
                    };
                    let line = format!("{sign} {}", change.value().trim_end());
                    drawing.extend([&styled(style, line.trim_end()), "\n"]);
                }
            }
            drawing.push('\n');
        }
        drawing
    }

    /// Makes the changes; where one cannot be made, those before it are taken back.
    pub(crate) fn make(&self) -> Result<(), CommandError> {
        for edit in &self.edits {
            // What was planned from another text than the file holds now must not be written.
            if fs::read_to_string(&edit.path).ok().as_ref() != Some(&edit.old) {
                return Err(CommandError::failed(
                    "file-changed",
                    format!("`{}` was changed meanwhile", edit.path.display()),
                )
                .help("nothing was written: type the command again"));
            }
        }
        for (done, edit) in self.edits.iter().enumerate() {
            if let Err(error) = write::replace(&edit.path, &edit.new) {
                for edit in &self.edits[..done] {
                    write::replace(&edit.path, &edit.old)?;
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

const TITLE: Style = Style::new().bold();
const REMOVED: Style = anstyle::AnsiColor::Red.on_default();
const ADDED: Style = anstyle::AnsiColor::Green.on_default();
