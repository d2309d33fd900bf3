//! All the models of a package, from its sources.

mod scan;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use proc_macro2::Span;

use self::scan::{Items, ModuleItem, TypeKind, preamble, scan};
use self::tree::{Place, Tree};
use super::resolve::derive_of;
use super::{Model, Models, Problem, Site, Source};
use crate::diagnostic::MOST_PROBLEMS;
use crate::folder::read_source;
use crate::schema::Name;
use crate::{Code, Diagnostic, Label, Severity};

/// A target of a package: its library or one of its programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The name by which Rust knows it, such as `my_app`.
    pub name: String,
    /// Its first file, such as `src/lib.rs`.
    pub file: PathBuf,
}

/// The sources of a package, read and understood.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The models that were found.
    pub models: Models,
    /// What is wrong, and what may have been missed.
    pub diagnostics: Vec<Diagnostic>,
}

impl Reading {
    /// Says whether a model could not be read.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Returns the models, if nothing is wrong with them.
    ///
    /// # Errors
    ///
    /// Everything that is wrong.
    pub fn into_models(self) -> Result<Models, Vec<Diagnostic>> {
        match self.has_errors() {
            true => Err(self.diagnostics),
            false => Ok(self.models),
        }
    }
}

/// Reads every struct that derives `Table` in the sources of the package at `package`.
///
/// The modules are followed from the first file of each target, as the compiler does, but nothing
/// is compiled: a function that is half written does not matter, and a module that only another
/// platform has is read too. What is compiled for tests alone is left out. What a macro makes, or
/// `include!` brings, is not followed; where that may hide a model, a warning says so.
///
/// A file that cannot be read is a diagnostic, and the others are read all the same.
///
/// ```
/// use std::path::{Path, PathBuf};
///
/// use migrate_core::models::{Root, read};
///
/// # let folder = std::env::temp_dir().join("migrate-core-models-example");
/// # std::fs::create_dir_all(folder.join("src"))?;
/// # std::fs::write(folder.join("src/main.rs"), "#[derive(Table)] struct User { id: i64 }")?;
/// # let package: &Path = &folder;
/// let root = Root { name: "app".to_owned(), file: package.join("src/main.rs") };
/// let models = read(package, &[root]).into_models().expect("sound models");
/// assert_eq!(models.models()[0].table.name, "user");
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use]
pub fn read(package: &Path, roots: &[Root]) -> Reading {
    let mut reader = Reader {
        package,
        files: Vec::new(),
        known: BTreeMap::new(),
        tree: Tree::default(),
        diagnostics: Vec::new(),
        told: BTreeSet::new(),
    };
    for root in roots {
        reader.root(root);
    }
    let reading = reader.finish();
    // The texts of this reading are kept for spans that nobody has any more.
    proc_macro2::extra::invalidate_current_thread_spans();
    reading
}

/// More modules than this are a circle, or no package that a person has written.
const MOST_MODULES: usize = 20_000;

struct Reader<'a> {
    package: &'a Path,
    files: Vec<Source>,
    known: BTreeMap<PathBuf, usize>,
    tree: Tree,
    diagnostics: Vec<Diagnostic>,
    /// What was told of a file that several targets share.
    told: BTreeSet<(usize, usize, String)>,
}

/// A module that is still to be read.
struct Open {
    parent: usize,
    file: usize,
    place: Place,
    /// The files that it is in, so that none is in itself.
    within: Vec<usize>,
    module: ModuleItem,
}

impl Reader<'_> {
    fn root(&mut self, root: &Root) {
        let Some(file) = self.file(&root.file) else {
            let shown = self.shown(&root.file);
            let why = format!("`{shown}` cannot be read");
            self.diagnostics.push(
                Diagnostic::error(Code::UnreadableSource, why)
                    .label(Label::file(&shown))
                    .help("name an existing file under `[lib]` or `[[bin]]` in Cargo.toml"),
            );
            return;
        };
        let Some(items) = self.scan(file) else { return };
        let (this, modules) = self.add(None, file, items);
        self.tree.crates.entry(root.name.clone()).or_insert(this);
        let place = Place::of_file(&root.file, true);
        let mut open = Vec::new();
        push(&mut open, this, file, &place, &[file], modules);
        while let Some(next) = open.pop() {
            if self.tree.modules.len() >= MOST_MODULES {
                self.wrong(
                    next.file,
                    next.module.span,
                    Code::UnreadableSource,
                    Severity::Error,
                    &format!("there are more than {MOST_MODULES} modules here"),
                    "does a `#[path = \"…\"]` lead round in a circle?",
                );
                return;
            }
            self.module(next, &mut open);
        }
    }

    fn module(&mut self, next: Open, open: &mut Vec<Open>) {
        let Open {
            parent,
            file,
            place,
            mut within,
            module,
        } = next;
        let name = module.name.clone();
        if let Some(items) = module.inline {
            let outer = ModuleItem {
                inline: None,
                ..module
            };
            let place = place.inside(&outer);
            let (this, modules) = self.add(Some(parent), file, items);
            self.tree.modules[parent].children.insert(name, this);
            push(open, this, file, &place, &within, modules);
            return;
        }
        let candidates = place.files(&module);
        let found = candidates
            .iter()
            .find_map(|(path, beside)| Some((self.file(path)?, path, *beside)));
        let Some((found, path, beside)) = found else {
            let names: Vec<_> = candidates
                .iter()
                .map(|(path, _)| format!("`{}`", self.shown(path)))
                .collect();
            // A build script or a macro may make what only some builds have.
            let severity = match module.conditional {
                true => Severity::Warning,
                false => Severity::Error,
            };
            self.wrong(
                file,
                module.span,
                Code::UnreadableSource,
                severity,
                &format!(
                    "the file of the module `{name}` cannot be read: there is no {}",
                    names.join(" and no ")
                ),
                "write the file, or take the line away",
            );
            return;
        };
        if within.contains(&found) {
            self.wrong(
                file,
                module.span,
                Code::UnreadableSource,
                Severity::Error,
                &format!("the file of the module `{name}` holds this very line"),
                "name another file in `#[path = \"…\"]`",
            );
            return;
        }
        let place = Place::of_file(path, beside);
        let Some(items) = self.scan(found) else {
            return;
        };
        if items.test {
            return;
        }
        let (this, modules) = self.add(Some(parent), found, items);
        self.tree.modules[parent].children.insert(name, this);
        within.push(found);
        push(open, this, found, &place, &within, modules);
    }

    fn add(
        &mut self,
        parent: Option<usize>,
        file: usize,
        mut items: Items,
    ) -> (usize, Vec<ModuleItem>) {
        for (span, why) in std::mem::take(&mut items.unfollowed) {
            self.wrong(
                file,
                span,
                Code::UnfollowedSource,
                Severity::Warning,
                &format!("models that stand here are not read: {why}"),
                "write the models in a module of their own",
            );
        }
        for (span, why) in std::mem::take(&mut items.broken) {
            self.wrong(
                file,
                span,
                Code::UnreadableSource,
                Severity::Error,
                &format!(
                    "this model cannot be read: {}",
                    why.lines().next().unwrap_or_default()
                ),
                "mend it; `cargo check` says more",
            );
        }
        self.tree.add(parent, file, items)
    }

    /// Reads a file once; `None` if there is none.
    fn file(&mut self, path: &Path) -> Option<usize> {
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
        self.files.push(Source { shown, text });
        let file = self.files.len() - 1;
        self.known.insert(path.to_owned(), file);
        Some(file)
    }

    fn scan(&mut self, file: usize) -> Option<Items> {
        let Source { shown, text } = &self.files[file];
        match scan(text) {
            Ok(items) => Some(items),
            Err((span, why)) => {
                if self.told.insert((file, span.start, why.clone())) {
                    let label = Label::at(shown, text, clip(text, span), "");
                    self.diagnostics.push(
                        Diagnostic::error(
                            Code::UnreadableSource,
                            format!("`{shown}` is no Rust: {why}"),
                        )
                        .label(label)
                        .help("mend it; `cargo check` says more"),
                    );
                }
                None
            }
        }
    }

    fn shown(&self, path: &Path) -> String {
        let path = path.strip_prefix(self.package).unwrap_or(path);
        path.to_string_lossy().replace('\\', "/")
    }

    fn wrong(
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
            .told
            .range((file, 0, String::new())..(file + 1, 0, String::new()));
        if before.take(MOST_PROBLEMS).count() == MOST_PROBLEMS
            || !self.told.insert((file, range.start, message.to_owned()))
        {
            return;
        }
        let label = self.files[file].label(range);
        self.diagnostics.push(
            Diagnostic::error(code, message)
                .severity(severity)
                .label(label)
                .help(help),
        );
    }

    fn range(&self, file: usize, span: Span) -> Range<usize> {
        range(&self.files[file].text, span)
    }

    fn finish(mut self) -> Reading {
        let mut models = Models::default();
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for (position, module) in self.tree.modules.iter().enumerate() {
            let text = &self.files[module.file].text;
            for item in &module.types {
                let TypeKind::Item(item) = &item.what else {
                    continue;
                };
                let scope = self.tree.scope(position);
                let derive = derive_of(&item.attrs, "Table");
                if !derive.is_some_and(|path| scope.is_ours(&path)) {
                    continue;
                }
                // Two targets may share a file.
                let at = range(text, item.ident.span()).start;
                if !seen.insert((module.file, at)) {
                    continue;
                }
                let mut mark = |span: Span| {
                    models.sites.push((module.file, range(text, span)));
                    Site(models.sites.len() - 1)
                };
                let model = Model::read(item, &scope, &mut mark, &mut problems);
                models.models.extend(model);
            }
        }
        problems.extend(twice(&models.models));
        models.files = self.files;
        self.diagnostics.extend(models.diagnostics(problems));
        self.diagnostics.sort_by_key(place);
        Reading {
            models,
            diagnostics: self.diagnostics,
        }
    }
}

fn push(
    open: &mut Vec<Open>,
    parent: usize,
    file: usize,
    place: &Place,
    within: &[usize],
    modules: Vec<ModuleItem>,
) {
    // The first is read first.
    for module in modules.into_iter().rev() {
        open.push(Open {
            parent,
            file,
            place: place.clone(),
            within: within.to_vec(),
            module,
        });
    }
}

fn place(found: &Diagnostic) -> Option<(String, usize, usize)> {
    let label = found.labels.first()?;
    let place = label.place.as_ref();
    Some((
        label.file.clone(),
        place.map_or(0, |place| place.line),
        place.map_or(0, |place| place.column),
    ))
}

fn range(text: &str, span: Span) -> Range<usize> {
    let shift = preamble(text);
    let span = span.byte_range();
    clip(text, span.start + shift..span.end + shift)
}

/// Keeps a range within a text and between its characters.
fn clip(text: &str, range: Range<usize>) -> Range<usize> {
    let at = |position: usize| text.floor_char_boundary(position);
    let start = at(range.start);
    start..at(range.end).max(start)
}

/// Notes the tables that two models describe.
fn twice(models: &[Model]) -> Vec<Problem> {
    let mut seen: BTreeMap<&Name, &Model> = BTreeMap::new();
    let mut problems = Vec::new();
    for model in models
        .iter()
        .filter(|model| !model.ignored && !model.partial)
    {
        let Some(first) = seen.get(&model.table) else {
            seen.insert(&model.table, model);
            continue;
        };
        problems.push(Problem::error(
            Code::DuplicateTable,
            model.site,
            format!(
                "`{}` and `{}` both describe the table `{}`",
                first.rust_name, model.rust_name, model.table
            ),
            "mark the one that has only some of the columns: `#[table(partial)]`",
        ));
    }
    problems
}
