//! What is wrong with a project and its database, why it probably happened, and what repairs it.
//!
//! Each area looks for itself and goes on whatever it finds; nothing is written anywhere.

mod causes;
mod codes;
mod files;
mod git;
mod grouped;
mod ledger;
mod lock;
mod models;
mod other_tools;
mod project;
mod render;
mod rows;
mod schema;
mod version_tables;

use migrate_core::{Code, Diagnostic, Folder, Label};
use serde::Serialize;

pub(crate) use self::codes::{DoctorCode, FindingCode};
pub(crate) use self::project::Project;
use crate::output::error::CommandError;
use crate::output::ui::{Ui, drawn};
use crate::scratch::interrupt::wait;

/// Where something is wrong; in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Area {
    Config,
    Files,
    Lock,
    Git,
    Ledger,
    Schema,
    Models,
}

impl Area {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Files => "files",
            Self::Lock => "lock",
            Self::Git => "git",
            Self::Ledger => "ledger",
            Self::Schema => "schema",
            Self::Models => "models",
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Error,
    Warning,
    /// Good to know; nothing is wrong.
    Note,
}

impl Severity {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl From<migrate_core::Severity> for Severity {
    fn from(severity: migrate_core::Severity) -> Self {
        match severity {
            migrate_core::Severity::Error => Self::Error,
            migrate_core::Severity::Warning => Self::Warning,
        }
    }
}

/// One thing that was found.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    area: Area,
    severity: Severity,
    code: FindingCode,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    why: Option<String>,
    help: Option<String>,
    first: First,
    /// What is in the way of everything else comes first.
    urgent: bool,
    /// The place with its lines, drawn.
    drawing: Option<String>,
}

/// What to type about a finding, if it is the first one.
#[derive(Clone, Debug, PartialEq, Eq)]
enum First {
    /// The first command of its help.
    OfHelp,
    This(String),
    /// What its help names does not work here.
    Nothing,
}

/// What was found in an area, and what is said of it in a line.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    area: Area,
    summary: String,
    findings: Vec<Finding>,
}

/// Everything, in the order of the areas.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    sections: Vec<Section>,
}

#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    diagnostics: Vec<Found<'a>>,
}

#[derive(Serialize)]
struct Found<'a> {
    area: &'a str,
    code: &'a str,
    severity: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    message: String,
    why: Option<String>,
    help: Option<String>,
}

/// What `repair` repairs by itself.
const fn is_repaired(code: Code) -> bool {
    matches!(
        code,
        Code::DuplicateRevision
            | Code::UnknownParent
            | Code::SelfParent
            | Code::Cycle
            | Code::MultipleBases
            | Code::MultipleHeads
            | Code::RedundantParent
            | Code::LockMissing
            | Code::LockMalformed
    )
}

impl Finding {
    pub(crate) fn new(
        area: Area,
        severity: Severity,
        code: impl Into<FindingCode>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            area,
            severity,
            code: code.into(),
            file: None,
            line: None,
            column: None,
            message: message.into(),
            why: None,
            help: None,
            first: First::OfHelp,
            urgent: false,
            drawing: None,
        }
    }

    /// The same words as everywhere else.
    pub(crate) fn of(area: Area, found: &Diagnostic) -> Self {
        let label = found.labels.first();
        let place = label.and_then(|label| label.place.as_ref());
        Self {
            file: label.map(|label| label.file.clone()),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            help: found.help.clone(),
            first: match is_repaired(found.code) {
                true => First::This("cargo migrate repair".to_owned()),
                false => First::OfHelp,
            },
            drawing: Some(drawn(found)),
            ..Self::new(area, found.severity.into(), found.code, &found.message)
        }
    }

    /// Why something could not be looked at, or is wrong in itself.
    pub(crate) fn because(area: Area, severity: Severity, error: &CommandError) -> Self {
        let mut finding = Self::new(
            area,
            severity,
            FindingCode::Failure(error.code()),
            error.full_message(),
        );
        finding.help = error.help_text().map(str::to_owned);
        finding
    }

    pub(crate) fn why(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    pub(crate) fn maybe_why(mut self, why: Option<String>) -> Self {
        self.why = why;
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn command(mut self, command: impl Into<String>) -> Self {
        self.first = First::This(command.into());
        self
    }

    /// Returns the finding, which another one's command repairs.
    pub(crate) fn no_command(mut self) -> Self {
        self.first = First::Nothing;
        self
    }

    pub(crate) fn file(mut self, file: impl Into<String>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// Returns the finding with the place of a statement, in its folder.
    pub(crate) fn at(mut self, folder: &Folder, label: &Label) -> Self {
        self.file = Some(folder.shown_file(&label.file));
        if let Some(place) = &label.place {
            (self.line, self.column) = (Some(place.line), Some(place.column));
        }
        self
    }

    pub(crate) const fn urgent(mut self) -> Self {
        self.urgent = true;
        self
    }

    /// Returns what to type about it, where there is something that can be typed as it is.
    fn first_command(&self) -> Option<String> {
        match &self.first {
            First::This(command) => return Some(command.clone()),
            First::Nothing => return None,
            First::OfHelp => {}
        }
        let help = self.help.as_deref()?;
        let quoted = help.split('`').skip(1).step_by(2);
        let can_be_typed = |words: &&str| {
            (words.starts_with("cargo ") || words.starts_with("git "))
                && !words.contains(['<', '…', '{'])
        };
        quoted.into_iter().find(can_be_typed).map(str::to_owned)
    }
}

impl Section {
    pub(crate) const fn new(area: Area) -> Self {
        Self {
            area,
            summary: String::new(),
            findings: Vec::new(),
        }
    }

    pub(crate) fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = summary.into();
        self
    }

    pub(crate) fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(crate) fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.findings.extend(findings);
    }

    fn has_errors(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.severity == Severity::Error)
    }
}

impl Report {
    /// Looks at everything, or with `offline` at what needs no database.
    pub(crate) fn make(project: &Project<'_>, offline: bool) -> Result<Self, CommandError> {
        let mut sections = Vec::new();
        if !project.config_findings.is_empty() {
            let mut section = Section::new(Area::Config);
            section.extend(project.config_findings.iter().cloned());
            sections.push(section);
        }
        sections.push(files::look(project));
        sections.push(lock::look(project));
        sections.push(git::look(project));
        if offline {
            for area in [Area::Ledger, Area::Schema] {
                sections.push(Section::new(area).summary("not checked (`--offline`)"));
            }
            sections.push(models::look_offline(project));
            return Ok(Self { sections });
        }
        let rest = wait(async {
            let (ledger, seen) = ledger::look(project).await;
            let schema = schema::look(project, seen.as_ref()).await;
            let models = models::look(project).await;
            Ok([ledger, schema, models])
        })?;
        sections.extend(rest);
        Ok(Self { sections })
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.sections.iter().any(Section::has_errors)
    }

    fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.sections.iter().flat_map(|section| &section.findings)
    }

    /// Returns the one command to begin with: about what is worst, in the order of the areas. While
    /// there are errors, no warning's: it may keep or spread what is wrong.
    pub(crate) fn first_command(&self) -> Option<String> {
        let mut findings: Vec<&Finding> = self.findings().collect();
        findings.retain(|finding| finding.severity != Severity::Note);
        let worst = findings.iter().map(|finding| finding.severity).min()?;
        findings.retain(|finding| finding.severity == worst);
        findings.sort_by_key(|finding| !finding.urgent);
        let explain = || {
            let first = findings.iter().find(|finding| finding.drawing.is_some())?;
            Some(format!("cargo migrate explain {}", first.code.as_str()))
        };
        findings
            .iter()
            .find_map(|finding| finding.first_command())
            .or_else(explain)
    }

    /// Writes the document of `--format json`.
    pub(crate) fn json(&self, ui: &Ui) -> Result<(), CommandError> {
        let found = |finding| {
            let Finding {
                area,
                severity,
                code,
                file,
                line,
                column,
                message,
                why,
                help,
                ..
            }: &Finding = finding;
            Found {
                area: area.as_str(),
                code: code.as_str(),
                severity: severity.as_str(),
                file: file.as_deref(),
                line: *line,
                column: *column,
                message: ui.shown(message),
                why: why.as_ref().map(|why| ui.shown(why)),
                help: help.as_ref().map(|help| ui.shown(help)),
            }
        };
        ui.json(&Document {
            ok: !self.has_errors(),
            diagnostics: self.findings().map(found).collect(),
        })
    }
}
