//! The modules of a package: their files, their items, and name lookup in them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::scan::{Items, ModuleItem, TypeItem, TypeKind};
use crate::resolve::{Found, Scope};

/// A module.
pub(super) struct Module {
    /// The module it is in.
    pub(super) parent: Option<usize>,
    /// The root of its crate.
    pub(super) root: usize,
    /// The file it is in.
    pub(super) file: usize,
    pub(super) children: BTreeMap<String, usize>,
    pub(super) types: Vec<TypeItem>,
    /// The imports: the name here, and the path.
    pub(super) uses: BTreeMap<String, Vec<String>>,
    pub(super) globs: Vec<Vec<String>>,
}

/// The folders of a module's files.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The folder of the file itself, where `#[path]` begins.
    pub(super) folder: PathBuf,
    /// The folder of its children.
    pub(super) children: PathBuf,
    /// Set if it is inside another module of its file.
    pub(super) inline: bool,
}

impl Place {
    /// Returns the place of a file: the children of a crate root and of `mod.rs` are beside them,
    /// those of `a.rs` in the folder `a` (Rust reference, "Module Source Filenames").
    pub(super) fn of_file(path: &Path, beside: bool) -> Self {
        let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
        let children = match path.file_stem() {
            Some(stem) if !beside && stem != "mod" => folder.join(stem),
            _ => folder.clone(),
        };
        Self {
            folder,
            children,
            inline: false,
        }
    }

    /// Returns the place inside `mod a { … }`.
    pub(super) fn inside(&self, module: &ModuleItem) -> Self {
        let folder = match &module.path {
            Some(path) if !self.inline => self.folder.join(path),
            Some(path) => self.children.join(path),
            None => self.children.join(&module.name),
        };
        Self {
            folder: folder.clone(),
            children: folder,
            inline: true,
        }
    }

    /// Returns the files that `mod a;` may refer to, each with whether its own children are beside
    /// it.
    pub(super) fn files(&self, module: &ModuleItem) -> Vec<(PathBuf, bool)> {
        match &module.path {
            Some(path) if self.inline => vec![(self.children.join(path), true)],
            Some(path) => vec![(self.folder.join(path), true)],
            None => vec![
                (self.children.join(format!("{}.rs", module.name)), false),
                (self.children.join(&module.name).join("mod.rs"), true),
            ],
        }
    }
}

/// The modules of all crates of a package.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) modules: Vec<Module>,
    /// The crates, by their names.
    pub(super) crates: BTreeMap<String, usize>,
    /// The modules that define a type of this name.
    pub(super) named: BTreeMap<String, Vec<(usize, usize)>>,
}

impl Tree {
    /// Adds a module with its items, except for its own modules, which are returned.
    pub(super) fn add(
        &mut self,
        parent: Option<usize>,
        file: usize,
        items: Items,
    ) -> (usize, Vec<ModuleItem>) {
        let this = self.modules.len();
        let root = parent.map_or(this, |parent| self.modules[parent].root);
        let mut module = Module {
            parent,
            root,
            file,
            children: BTreeMap::new(),
            types: items.types,
            uses: BTreeMap::new(),
            globs: Vec::new(),
        };
        for import in items.uses {
            match import.name {
                Some(name) => drop(module.uses.insert(name, import.path)),
                None => module.globs.push(import.path),
            }
        }
        for (position, item) in module.types.iter().enumerate() {
            let named = self.named.entry(item.name.clone()).or_default();
            named.push((this, position));
        }
        self.modules.push(module);
        (this, items.modules)
    }

    /// Returns the scope of a module.
    pub(super) fn scope(&self, module: usize) -> ModuleScope<'_> {
        ModuleScope { tree: self, module }
    }
}

/// The scope of a module.
#[derive(Clone, Copy)]
pub(super) struct ModuleScope<'a> {
    tree: &'a Tree,
    module: usize,
}

/// The item that a path leads to.
enum Target {
    Module(usize),
    Type(usize, usize),
    Elsewhere(Vec<String>),
}

/// Imports are followed at most this often for one path.
const FARTHEST: u16 = 200;

impl ModuleScope<'_> {
    /// Returns whether a derive of this path is the one of this project: other crates have one of
    /// the same name.
    pub(super) fn is_ours(&self, derive: &[String]) -> bool {
        match self.resolve(derive) {
            Target::Elsewhere(path) if path.len() > 1 => path[0] == "migrate_sqlx",
            // Its origin is unknown, or the name has another meaning here too.
            Target::Elsewhere(_) | Target::Module(_) | Target::Type(..) => true,
        }
    }

    fn resolve(&self, path: &[String]) -> Target {
        let steps = Cell::new(FARTHEST);
        self.walk(self.module, path, true, 32, &steps)
            .unwrap_or_else(|| Target::Elsewhere(path.to_vec()))
    }

    /// Follows a path; `open` where its first part may also be a crate.
    fn walk(
        &self,
        from: usize,
        path: &[String],
        open: bool,
        deep: u8,
        steps: &Cell<u16>,
    ) -> Option<Target> {
        steps.set(steps.get().checked_sub(1)?);
        let deep = deep.checked_sub(1)?;
        let module = self.tree.modules.get(from)?;
        let Some((first, rest)) = path.split_first() else {
            return Some(Target::Module(from));
        };
        match first.as_str() {
            "crate" | "$crate" if open => {
                return self.walk(module.root, rest, false, deep, steps);
            }
            "self" => return self.walk(from, rest, false, deep, steps),
            "super" => return self.walk(module.parent?, rest, false, deep, steps),
            _ => {}
        }
        if rest.is_empty()
            && let Some(position) = module.types.iter().position(|item| item.name == *first)
        {
            return Some(Target::Type(from, position));
        }
        if let Some(child) = module.children.get(first) {
            return self.walk(*child, rest, false, deep, steps);
        }
        if let Some(import) = module.uses.get(first) {
            // `use chrono;` means the crate, and not itself again.
            let itself = import.len() == 1 && import[0] == *first;
            let path: Vec<_> = import.iter().chain(rest).cloned().collect();
            return match itself {
                true => Some(self.outside(path, deep, steps)),
                false => self.walk(from, &path, true, deep, steps),
            };
        }
        for glob in &module.globs {
            // A name that only another crate could bring is nobody's here.
            if let Some(Target::Module(inner)) = self.walk(from, glob, true, deep, steps)
                && inner != from
                && let Some(found @ (Target::Module(_) | Target::Type(..))) =
                    self.walk(inner, path, false, deep, steps)
            {
                return Some(found);
            }
        }
        open.then(|| self.outside(path.to_vec(), deep, steps))
    }

    /// Resolves a path that begins with a crate.
    fn outside(&self, path: Vec<String>, deep: u8, steps: &Cell<u16>) -> Target {
        let own = path.split_first().and_then(|(first, rest)| {
            let root = *self.tree.crates.get(first)?;
            (!rest.is_empty()).then(|| self.walk(root, rest, false, deep, steps))?
        });
        own.unwrap_or(Target::Elsewhere(path))
    }
}

impl Scope for ModuleScope<'_> {
    fn find(&self, path: &[String], absolute: bool) -> Found<'_> {
        let target = match absolute {
            true => self.outside(path.to_vec(), 32, &Cell::new(FARTHEST)),
            false => self.resolve(path),
        };
        let (module, position) = match target {
            Target::Type(module, position) => (module, position),
            Target::Elsewhere(path) => {
                // A name that a macro brings may still be that of a type of this package, if there
                // is only one of that name.
                let known = crate::kind::known(&path, &[]).is_some();
                let within = match path.first().map(String::as_str) {
                    Some("crate" | "self" | "super") => true,
                    _ => path.len() == 1,
                };
                let own = path.last().and_then(|last| self.tree.named.get(last));
                match own.map(Vec::as_slice) {
                    Some([(module, position)]) if within && !known && !is_standard(&path) => {
                        (*module, *position)
                    }
                    _ => return Found::Elsewhere(path),
                }
            }
            Target::Module(_) => return Found::Elsewhere(path.to_vec()),
        };
        let scope = Box::new(self.tree.scope(module));
        match &self.tree.modules[module].types[position].what {
            TypeKind::Item(item) => Found::Item(item, scope),
            TypeKind::Alias(alias) => Found::Alias(&alias.0, &alias.1, scope),
        }
    }

    fn is_blind(&self) -> bool {
        false
    }
}

/// Returns whether a path is that of a type that everybody knows.
fn is_standard(path: &[String]) -> bool {
    let name = path.last().map_or("", String::as_str);
    match path.first().map(String::as_str) {
        Some("std" | "core" | "alloc" | "sqlx") => true,
        _ => [
            "Option", "Vec", "Box", "Arc", "Rc", "Cow", "DateTime", "PgRange",
        ]
        .contains(&name),
    }
}
