//! Names that a module has from other modules of the same project, whose files are read as well.
//! The location of a package is not known without running Python. It is searched for from the
//! module's own folder upwards, as a project's packages are around its migrations.

use std::collections::BTreeMap;

use super::tokens::{Kind, Token};
use super::{Assigned, LONGEST, Module, Value};
use crate::import::Sources;

/// A module and the files around it.
#[derive(Clone, Copy)]
pub(in crate::import) struct Scope<'a> {
    pub(in crate::import) module: &'a Module,
    /// The module's file, as [`Sources`] names it.
    pub(in crate::import) file: &'a str,
    pub(in crate::import) sources: &'a Sources,
}

impl Scope<'_> {
    /// Returns the value of a name, with references resolved in this and other modules.
    pub(in crate::import) fn value(&self, name: &str) -> Option<Assigned> {
        self.at_most(name, LONGEST)
    }

    fn at_most(&self, name: &str, most: usize) -> Option<Assigned> {
        self.module
            .value_with(name, most, &|name, most| self.imported(name, most))
    }

    /// Returns the value of an imported name, or of a name of an imported module.
    fn imported(&self, name: &str, most: usize) -> Value {
        self.found(name, most).unwrap_or(Value::Unknown)
    }

    fn found(&self, name: &str, most: usize) -> Option<Value> {
        let (first, rest) = match name.split_once('.') {
            Some((first, rest)) => (first, format!(".{rest}")),
            None => (name, String::new()),
        };
        let path = format!("{}{rest}", self.module.imports.get(first)?);
        let most = most.checked_sub(1)?;
        let (module, attribute) = path.rsplit_once('.')?;
        // `from . import x` is `.x`, whose module is the package itself.
        let module = match module.chars().all(|c| c == '.') {
            true => format!("{module}."),
            false => module.to_owned(),
        };
        let (file, text) = self.file_of(&module)?;
        let module = Module::read(&text);
        let scope = Scope {
            module: &module,
            file: &file,
            sources: self.sources,
        };
        match scope.at_most(attribute, most) {
            Some(assigned) => Some(assigned.value),
            None => scope.found(attribute, most),
        }
    }

    /// Finds the file of a module: its name and text.
    fn file_of(&self, module: &str) -> Option<(String, String)> {
        let dots = module.len() - module.trim_start_matches('.').len();
        let path = module[dots..].replace('.', "/");
        let mut folder = self
            .file
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned();
        for _ in 1..dots {
            folder = above(&folder);
        }
        for _ in 0..HIGHEST {
            let base = match (folder.as_str(), path.as_str()) {
                ("", path) => path.to_owned(),
                (folder, "") => folder.to_owned(),
                (folder, path) => format!("{folder}/{path}"),
            };
            for name in [format!("{base}.py"), format!("{base}/__init__.py")] {
                if let Some(text) = self.sources.text(&name) {
                    return Some((name, text));
                }
            }
            // A relative import has one place only.
            if dots > 0 {
                return None;
            }
            folder = above(&folder);
        }
        None
    }
}

/// How many folders upwards a package is searched for.
const HIGHEST: usize = 16;

/// The folder above; above the one that was read it is `..`.
fn above(folder: &str) -> String {
    match folder.rsplit_once('/') {
        _ if folder.is_empty() => "..".to_owned(),
        _ if folder.ends_with("..") => format!("{folder}/.."),
        Some((above, _)) => above.to_owned(),
        None => String::new(),
    }
}

/// Reads an import statement: `import a.b as c`, `from a.b import (c as d, e)`.
pub(super) fn take(statement: &[Token], imports: &mut BTreeMap<String, String>) {
    let words: Vec<&str> = statement
        .iter()
        .filter_map(|token| match &token.kind {
            Kind::Word(word) => Some(word.as_str()),
            Kind::Symbol('.') => Some("."),
            Kind::Symbol(',') => Some(","),
            _ => None,
        })
        .collect();
    let (from, names) = match words[..] {
        ["import", ref names @ ..] => (String::new(), names),
        ["from", ref rest @ ..] => {
            let Some(at) = rest.iter().position(|word| *word == "import") else {
                return;
            };
            (rest[..at].concat(), &rest[at + 1..])
        }
        _ => return,
    };
    for name in names.split(|word| *word == ",") {
        let (path, known_as) = match name.iter().position(|word| *word == "as") {
            Some(at) => (name[..at].concat(), name.get(at + 1).copied()),
            None => (name.concat(), None),
        };
        if path.is_empty() {
            continue;
        }
        let (local, path) = match (from.as_str(), known_as) {
            // `import a.b` gives the name `a`.
            ("", None) => {
                let first = path.split('.').next().unwrap_or_default().to_owned();
                (first.clone(), first)
            }
            ("", Some(known_as)) => (known_as.to_owned(), path),
            (from, known_as) => {
                let local = known_as.map_or_else(|| path.clone(), str::to_owned);
                let dot = if from.ends_with('.') { "" } else { "." };
                (local, format!("{from}{dot}{path}"))
            }
        };
        imports.insert(local, path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(files: &[(&str, &str)], name: &str) -> Option<Value> {
        let sources = Sources::of(files);
        let module = Module::read(files[0].1);
        let scope = Scope {
            module: &module,
            file: files[0].0,
            sources: &sources,
        };
        scope.value(name).map(|assigned| assigned.value)
    }

    #[test]
    fn names_of_other_files() {
        let names = (
            "shop/db/names.py",
            "LEFT = 'left'\nBOTH = (LEFT, 'right')\n",
        );
        let package = ("shop/db/__init__.py", "from .names import LEFT as L\n");
        for head in [
            "from shop.db import names\nr = names.LEFT",
            "from shop.db.names import LEFT\nr = LEFT",
            "from shop.db.names import (\n    BOTH as B,\n    LEFT as L,  # both\n)\nr = L",
            "import shop.db.names\nr = shop.db.names.LEFT",
            "import os, shop.db.names as n\nr = n.LEFT",
            "from ..names import LEFT\nr = LEFT",
            "from .. import names\nr = names.LEFT",
            "from shop.db import L\nr = L",
            "from .. import L\nr = L",
        ] {
            let files = [("shop/db/versions/a.py", head), names, package];
            assert_eq!(
                value(&files, "r"),
                Some(Value::Text("left".to_owned())),
                "{head}"
            );
        }
    }

    #[test]
    fn names_that_no_file_gives() {
        let circle = ("x/b.py", "from x.a import r\n");
        for head in [
            "from sqlalchemy import LEFT\nr = LEFT",
            "from x.b import r as q\nr = q",
            "from x import b\nr = b.nothing",
            "from ....x import b\nr = b",
            "from x import *\nr = b",
            "import\nr = x",
            "from x\nr = x",
        ] {
            assert_eq!(
                value(&[("x/a.py", head), circle], "r"),
                Some(Value::Unknown),
                "{head}"
            );
        }
    }
}
