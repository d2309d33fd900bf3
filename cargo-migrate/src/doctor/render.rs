//! The report as people read it.

use anstyle::Style;

use super::{Finding, Report, Section, Severity};
use crate::output::error::CommandError;
use crate::output::phrase::counted;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;

impl Report {
    /// Writes the report: a line for what is sound, and all that is not.
    pub(crate) fn print(&self, ui: &Ui) -> Result<(), CommandError> {
        for section in &self.sections {
            let title = styled(Style::new().bold(), section.area.as_str());
            ui.answer(ui.shown(&format!("{title}: {}", headline(section))))?;
            if section.findings.is_empty() {
                continue;
            }
            ui.answer("")?;
            for finding in &section.findings {
                ui.answer(ui.shown(&format!("{}\n", drawn(finding))))?;
            }
        }
        self.sum_up(ui)
    }

    fn sum_up(&self, ui: &Ui) -> Result<(), CommandError> {
        let counts = counts(self.findings());
        let counted = match counts.is_empty() {
            true => styled(style::GOOD, "nothing is wrong"),
            false => counts,
        };
        ui.answer(format_args!("\n{counted}"))?;
        if let Some(command) = self.first_command() {
            let first = styled(style::HELP, "run first:");
            ui.answer(format_args!("{first} {}", ui.command(&command)))?;
        }
        Ok(())
    }
}

fn headline(section: &Section) -> String {
    let counts = counts(section.findings.iter());
    match (section.summary.as_str(), counts.is_empty()) {
        ("", true) => "nothing is wrong".to_owned(),
        (summary, true) => summary.to_owned(),
        ("", false) => counts,
        (summary, false) => format!("{summary}; {counts}"),
    }
}

/// Writes how many there are of each kind; notes are none.
fn counts<'a>(findings: impl Iterator<Item = &'a Finding>) -> String {
    let mut numbers = [0_usize; 2];
    for finding in findings {
        match finding.severity {
            Severity::Error => numbers[0] += 1,
            Severity::Warning => numbers[1] += 1,
            Severity::Note => {}
        }
    }
    let mut words = Vec::new();
    if numbers[0] > 0 {
        words.push(styled(style::ERROR, counted(numbers[0], "error")));
    }
    if numbers[1] > 0 {
        words.push(styled(style::WARNING, counted(numbers[1], "warning")));
    }
    words.join(", ")
}

/// Draws a finding as diagnostics are drawn, with why it probably happened before its help.
fn drawn(finding: &Finding) -> String {
    let text = match &finding.drawing {
        Some(drawing) => drawing.clone(),
        None => plain(finding),
    };
    let Some(why) = &finding.why else {
        return text;
    };
    // The line that the help begins on, and how far it is set in.
    let mut lines: Vec<&str> = text.lines().collect();
    let is_help = |line: &&str| {
        let line = anstream::adapter::strip_str(line).to_string();
        line.trim_start().starts_with("= help:")
    };
    let at = lines.iter().position(is_help);
    let indent = match at {
        Some(at) => {
            let line = anstream::adapter::strip_str(lines[at]).to_string();
            line.len() - line.trim_start().len()
        }
        None => 2,
    };
    let why = format!(
        "{}{} {why}",
        " ".repeat(indent),
        styled(style::HELP, "= why:")
    );
    lines.insert(at.unwrap_or(lines.len()), &why);
    lines.join("\n")
}

fn plain(finding: &Finding) -> String {
    let colour = match finding.severity {
        Severity::Error => style::ERROR,
        Severity::Warning => style::WARNING,
        Severity::Note => style::HELP,
    };
    let word = format!("{}[{}]", finding.severity.as_str(), finding.code.as_str());
    let mut text = format!("{}: {}", styled(colour, word), finding.message);
    if let Some(file) = &finding.file {
        text.extend(["\n --> ", file]);
        if let Some(line) = finding.line {
            text.extend([
                ":",
                &line.to_string(),
                ":",
                &finding.column.unwrap_or(1).to_string(),
            ]);
        }
    }
    if let Some(help) = &finding.help {
        text.extend(["\n  ", &styled(style::HELP, "= help:"), " ", help]);
    }
    text
}
