//! The models of an application: the structs that derive `Table`, and the schema they describe.
//!
//! The derive sees one struct ([`Derived::read`]), the command reads all the sources of a package
//! (`models::read`, with the feature `sources`). Both read a struct with the same code. The result
//! is independent of the dialect; [`Models::schema`] converts it to the schema of one.

mod attribute;
mod build;
mod check;
mod column;
mod constraint;
mod depth;
mod fits;
mod kind;
mod model;
#[cfg(feature = "sources")]
mod print;
mod resolve;
#[cfg(feature = "sources")]
mod sources;
mod sqlx;
mod table;
mod types;
mod values;
#[cfg(feature = "sources")]
mod wanted;

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::{Span, TokenStream};

pub use self::build::Renames;
pub use self::kind::Kind;
pub use self::model::Model;
#[cfg(feature = "sources")]
pub use self::sources::{Reading, Root, read};
#[cfg(feature = "sources")]
pub use self::wanted::Beside;
use migrate_core::__support::MOST_PROBLEMS;
use migrate_core::{Code, Diagnostic, Label, Severity};
use migrate_schema::Name;

/// A place in the sources; only its creator knows which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site(usize);

impl Site {
    /// Returns its index among the places.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// A problem of a model, without the form in which its place is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The kind of problem.
    pub code: Code,
    /// Error or warning.
    pub severity: Severity,
    /// The place.
    pub site: Site,
    /// The problem in one line.
    pub message: String,
    /// What to do next.
    pub help: String,
}

impl Problem {
    pub(crate) fn error(
        code: Code,
        site: Site,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: Severity::Error,
            site,
            message: one_line(&message.into()),
            help: one_line(&help.into()),
        }
    }

    /// Renders it for `compile_error!`, which shows the place itself.
    #[must_use]
    pub fn render_for_rustc(&self) -> String {
        format!("{} [{}]\n  = help: {}", self.message, self.code, self.help)
    }

    /// Returns it as a diagnostic with a label.
    #[must_use]
    pub fn at(self, label: Label) -> Diagnostic {
        Diagnostic::error(self.code, self.message)
            .severity(self.severity)
            .label(label)
            .help(self.help)
    }
}

/// Escapes a text of the sources so that it stays on its line and contains no terminal commands.
fn one_line(text: &str) -> String {
    /// The length of a text that messages show.
    const LONGEST: usize = 1000;
    let shown = |sign: char| match sign.is_control() {
        true => sign.escape_debug().collect::<String>(),
        false => sign.to_string(),
    };
    text.chars().take(LONGEST).map(shown).collect()
}

/// The models of a package.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Models {
    models: Vec<Model>,
    /// The places of sites: a file and a byte range. A label is only created when it is shown.
    sites: Vec<(usize, Range<usize>)>,
    files: Vec<Source>,
}

/// A file of the sources.
#[derive(Clone, Debug, Default, PartialEq)]
struct Source {
    /// Its name as shown, relative to the package.
    shown: String,
    text: String,
}

impl Source {
    fn label(&self, range: Range<usize>) -> Label {
        Label::at(&self.shown, &self.text, range, "")
    }
}

impl Models {
    /// Returns the models, in the order in which they were found.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// Returns the place of a model's struct.
    #[must_use]
    pub fn place(&self, model: &Model) -> Option<Label> {
        self.label(model.site)
    }

    fn label(&self, site: Site) -> Option<Label> {
        let (file, range) = self.sites.get(site.0)?;
        Some(self.files.get(*file)?.label(range.clone()))
    }

    /// Returns whether there are no models.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// Returns the models that describe whole tables, by their tables.
    pub(crate) fn tables(&self) -> BTreeMap<&Name, &Model> {
        let whole = self
            .models
            .iter()
            .filter(|model| !model.ignored && !model.partial);
        whole.map(|model| (&model.table, model)).collect()
    }

    fn diagnostics(&self, problems: Vec<Problem>) -> Vec<Diagnostic> {
        let mut reported = BTreeMap::new();
        let mut diagnostics = Vec::new();
        for problem in problems {
            let file = self.sites.get(problem.site.0).map(|(file, _)| *file);
            let reported: &mut usize = reported.entry(file).or_default();
            *reported += 1;
            if *reported <= MOST_PROBLEMS {
                let label = self.label(problem.site);
                diagnostics.push(problem.at(label.unwrap_or_else(|| Label::file(""))));
            }
        }
        diagnostics
    }
}

/// The result of reading one struct for a derive.
pub struct Derived {
    /// The model; `None` if it is not a struct with named fields.
    pub model: Option<Model>,
    /// The struct's name and generics, for the `impl`.
    pub item: syn::DeriveInput,
    /// The problems.
    pub problems: Vec<Problem>,
    /// The places of the sites.
    pub spans: Vec<Span>,
}

impl Derived {
    /// Reads the struct of a derive.
    ///
    /// # Errors
    ///
    /// If the tokens are not an item that can have a derive.
    pub fn read(tokens: TokenStream) -> syn::Result<Self> {
        if depth::too_deep(&tokens) {
            let message = "nested too deeply";
            return Err(syn::Error::new(Span::call_site(), message));
        }
        let item: syn::DeriveInput = syn::parse2(tokens)?;
        let (mut problems, mut spans) = (Vec::new(), Vec::new());
        let mut mark = |span| {
            spans.push(span);
            Site(spans.len() - 1)
        };
        let model = Model::read(&item, &resolve::Blind, &mut mark, &mut problems);
        Ok(Self {
            model,
            item,
            problems,
            spans,
        })
    }

    /// Returns the place of a site.
    #[must_use]
    pub fn span(&self, site: Site) -> Span {
        let span = self.spans.get(site.0).copied();
        span.unwrap_or_else(Span::call_site)
    }
}
