//! Reads all the models of a package from its sources.

mod condition;
mod files;
mod imports;
mod scan;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::Span;

use self::files::{Files, range};
use self::scan::{Items, ModuleItem, TypeKind};
use self::tree::{Place, Tree};
use super::resolve::derive_of;
use super::{Model, Models, Problem, Site};
use migrate_core::{Code, Diagnostic, Label, Severity};
use migrate_schema::Name;

/// A target of a package: its library or one of its programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The name of its crate, such as `my_app`.
    pub name: String,
    /// Its root file, such as `src/lib.rs`.
    pub file: PathBuf,
}

/// The result of reading the sources of a package.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// The models that were found.
    pub models: Models,
    /// The problems, and places where models may have been missed.
    pub diagnostics: Vec<Diagnostic>,
}

impl Reading {
    /// Returns whether a model could not be read.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Returns the models, if they have no problems.
    ///
    /// # Errors
    ///
    /// All problems.
    pub fn into_models(self) -> Result<Models, Vec<Diagnostic>> {
        match self.has_errors() {
            true => Err(self.diagnostics),
            false => Ok(self.models),
        }
    }
}

/// Reads every struct that derives `Table` in the sources of the package at `package`.
///
/// The modules are followed from the root file of each target, as the compiler does, but nothing is
/// compiled: a half-written function does not matter, and a module of another platform is read too.
/// Items that are compiled for tests alone are left out. The output of macros and of `include!` is
/// not followed; if that may hide a model, a warning says so.
///
/// A file that cannot be read is a diagnostic, and the others are read all the same.
///
/// ```
/// use std::path::{Path, PathBuf};
///
/// use migrate_models::{Root, read};
///
/// # let folder = std::env::temp_dir().join("migrate-models-example");
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
        files: Files::new(package),
        tree: Tree::default(),
    };
    for root in roots {
        reader.root(root);
    }
    let reading = reader.finish();
    // Discards the texts of the previous reading, whose spans are no longer used.
    proc_macro2::extra::invalidate_current_thread_spans();
    reading
}

/// The number of modules; more are a cycle, or not written by people.
const MOST_MODULES: usize = 20_000;

struct Reader<'a> {
    files: Files<'a>,
    tree: Tree,
}

/// A module that has not been read yet.
struct Open {
    parent: usize,
    file: usize,
    place: Place,
    /// The files that contain it, so that none contains itself.
    within: Vec<usize>,
    module: ModuleItem,
}

impl Reader<'_> {
    fn root(&mut self, root: &Root) {
        let Some(file) = self.files.file(&root.file) else {
            let shown = self.files.shown(&root.file);
            let why = format!("`{shown}` cannot be read");
            self.files.diagnostics.push(
                Diagnostic::error(Code::UnreadableSource, why)
                    .label(Label::file(&shown))
                    .help("name an existing file under `[lib]` or `[[bin]]` in Cargo.toml"),
            );
            return;
        };
        let Some(items) = self.files.scan(file) else {
            return;
        };
        let (this, modules) = self.add(None, file, items);
        self.tree.crates.entry(root.name.clone()).or_insert(this);
        let place = Place::of_file(&root.file, true);
        let mut open = Vec::new();
        push(&mut open, this, file, &place, &[file], modules);
        while let Some(next) = open.pop() {
            if self.tree.modules.len() >= MOST_MODULES {
                self.files.wrong(
                    next.file,
                    next.module.span,
                    Code::UnreadableSource,
                    Severity::Error,
                    &format!("more than {MOST_MODULES} modules"),
                    "check for a `#[path = \"…\"]` that leads back to its own file",
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
            .find_map(|(path, beside)| Some((self.files.file(path)?, path, *beside)));
        let Some((found, path, beside)) = found else {
            let names: Vec<_> = candidates
                .iter()
                .map(|(path, _)| format!("`{}`", self.files.shown(path)))
                .collect();
            // A build script or a macro may generate a file that only some builds have.
            let severity = match module.conditional {
                true => Severity::Warning,
                false => Severity::Error,
            };
            self.files.wrong(
                file,
                module.span,
                Code::UnreadableSource,
                severity,
                &format!(
                    "file not found for module `{name}`: expected {}",
                    names.join(" or ")
                ),
                "create the file, or remove the line",
            );
            return;
        };
        if within.contains(&found) {
            self.files.wrong(
                file,
                module.span,
                Code::UnreadableSource,
                Severity::Error,
                &format!("circular module `{name}`: its file is the one that declares it"),
                "name another file in `#[path = \"…\"]`",
            );
            return;
        }
        let place = Place::of_file(path, beside);
        let Some(items) = self.files.scan(found) else {
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
            self.files.wrong(
                file,
                span,
                Code::UnfollowedSource,
                Severity::Warning,
                &format!("models here are not read: {why}"),
                "move the models to a separate module",
            );
        }
        for (span, why) in std::mem::take(&mut items.broken) {
            self.files.wrong(
                file,
                span,
                Code::UnreadableSource,
                Severity::Error,
                &format!("invalid model: {}", why.lines().next().unwrap_or_default()),
                "fix it; `cargo check` shows details",
            );
        }
        self.tree.add(parent, file, items)
    }

    fn finish(mut self) -> Reading {
        let mut models = Models::default();
        let mut problems = Vec::new();
        let mut seen = BTreeSet::new();
        for (position, module) in self.tree.modules.iter().enumerate() {
            let text = &self.files.all[module.file].text;
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
        problems.extend(duplicate_tables(&models.models));
        models.files = std::mem::take(&mut self.files.all);
        self.files.diagnostics.extend(models.diagnostics(problems));
        self.files.diagnostics.sort_by_key(place);
        Reading {
            models,
            diagnostics: self.files.diagnostics,
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

/// Reports the tables that two models describe.
fn duplicate_tables(models: &[Model]) -> Vec<Problem> {
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
