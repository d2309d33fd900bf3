//! The files of the sources, each read once, and their problems.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use proc_macro2::Span;

use super::scan::{Items, preamble, scan};
use crate::{Source, one_line};
use migrate_core::__support::MOST_PROBLEMS;
use migrate_core::{Code, Diagnostic, Label, Severity};

/// The files of the sources.
pub(super) struct Files<'a> {
    /// The package's folder.
    pub(super) package: &'a Path,
    /// The files that were read.
    pub(super) all: Vec<Source>,
    known: BTreeMap<PathBuf, usize>,
    /// The problems so far.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The problems reported for files that several targets share.
    reported: BTreeSet<(usize, usize, String)>,
}

impl<'a> Files<'a> {
    pub(super) fn new(package: &'a Path) -> Self {
        Self {
            package,
            all: Vec::new(),
            known: BTreeMap::new(),
            diagnostics: Vec::new(),
            reported: BTreeSet::new(),
        }
    }

    /// Reads a file once; `None` if there is none.
    pub(super) fn file(&mut self, path: &Path) -> Option<usize> {
        if let Some(file) = self.known.get(path) {
            return Some(*file);
        }
        let shown = self.shown(path);
        let text = match read_source(path, &shown)? {
            Ok(text) => text,
            Err(found) => {
                self.diagnostics.push(*found);
                String::new()
            }
        };
        self.all.push(Source { shown, text });
        let file = self.all.len() - 1;
        self.known.insert(path.to_owned(), file);
        Some(file)
    }

    /// Splits a file into its items; returns `None` if it is not valid Rust.
    pub(super) fn scan(&mut self, file: usize) -> Option<Items> {
        let Source { shown, text } = &self.all[file];
        match scan(text) {
            Ok(items) => Some(items),
            Err((span, why)) => {
                if self.reported.insert((file, span.start, why.clone())) {
                    let label = Label::at(shown, text, clip(text, span), "");
                    self.diagnostics.push(
                        Diagnostic::error(
                            Code::UnreadableSource,
                            format!("`{shown}` is not valid Rust: {why}"),
                        )
                        .label(label)
                        .help("fix it; `cargo check` shows details"),
                    );
                }
                None
            }
        }
    }

    /// Returns a path as it is shown.
    pub(super) fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(self.package).unwrap_or(path);
        path.to_string_lossy().replace('\\', "/")
    }

    /// Reports a problem at a place, once.
    pub(super) fn wrong(
        &mut self,
        file: usize,
        span: Span,
        code: Code,
        severity: Severity,
        message: &str,
        help: &str,
    ) {
        let range = self.range(file, span);
        let before = self
            .reported
            .range((file, 0, String::new())..(file + 1, 0, String::new()));
        if before.take(MOST_PROBLEMS).count() == MOST_PROBLEMS
            || !self
                .reported
                .insert((file, range.start, message.to_owned()))
        {
            return;
        }
        let label = self.all[file].label(range);
        self.diagnostics.push(
            Diagnostic::error(code, one_line(message))
                .severity(severity)
                .label(label)
                .help(help),
        );
    }

    fn range(&self, file: usize, span: Span) -> Range<usize> {
        range(&self.all[file].text, span)
    }
}

/// Returns the byte range of a span.
pub(super) fn range(text: &str, span: Span) -> Range<usize> {
    let shift = preamble(text);
    let span = span.byte_range();
    clip(text, span.start + shift..span.end + shift)
}

/// Restricts a range to a text and to character boundaries.
fn clip(text: &str, range: Range<usize>) -> Range<usize> {
    let at = |position: usize| text.floor_char_boundary(position);
    let start = at(range.start);
    start..at(range.end).max(start)
}

/// The size of a source file in bytes; a larger one is generated data.
const MAX_SOURCE: u64 = 16 * 1024 * 1024;

/// Reads a source file; returns `None` if it does not exist, and a diagnostic if it is unreadable.
fn read_source(path: &Path, shown: &str) -> Option<Result<String, Box<Diagnostic>>> {
    if !path.exists() {
        return None;
    }
    let refused = |why: String| {
        let message = format!("`{shown}` cannot be read: {why}");
        let found = Diagnostic::error(Code::UnreadableSource, message)
            .label(Label::file(shown))
            .help("fix it, or remove its `mod` line");
        Some(Err(Box::new(found)))
    };
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => return refused("it is not a file".to_owned()),
        Ok(metadata) if metadata.len() > MAX_SOURCE => {
            return refused(format!(
                "it is larger than {} MiB",
                MAX_SOURCE / (1024 * 1024)
            ));
        }
        _ => {}
    }
    match fs::read(path).map(String::from_utf8) {
        Ok(Ok(text)) => Some(Ok(text)),
        Ok(Err(_)) => refused("it is not UTF-8".to_owned()),
        Err(error) => refused(error.to_string()),
    }
}
