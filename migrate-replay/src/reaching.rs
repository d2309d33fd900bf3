//! The diagnostics of `check` for revisions that reach out of their database.

use std::ops::Range;

use migrate_core::{Code, Config, Diagnostic, Dialect, Dialects, Severity, Survey};

use migrate_sql::{Quoting, quoting_after};

use crate::reach::{ReachKind, reaches_with};

/// Returns a diagnostic for each revision that reaches out of its database. Builds do not report
/// it: a sealed revision that was applied cannot be changed.
#[must_use]
pub fn reaching(survey: &Survey, config: &Config) -> Vec<Diagnostic> {
    let Some(severity) = config.rules.reaches_out.severity() else {
        return Vec::new();
    };
    (0..survey.revisions.len())
        .filter_map(|index| reaches_of(survey, index, config.dialects, severity))
        .collect()
}

fn reaches_of(
    survey: &Survey,
    index: usize,
    dialects: Dialects,
    severity: Severity,
) -> Option<Diagnostic> {
    /// The number of reaches that a message names.
    const MOST: usize = 4;
    let revision = &survey.revisions[index];
    let mut first: Option<Range<usize>> = None;
    let mut what: Vec<String> = Vec::new();
    for section in revision.sections.iter() {
        // If the project does not configure its databases, `a.b` may be a table of a schema.
        let known = !dialects.is_empty() || section.dialects.iter().count() == 1;
        for dialect in section.dialects.iter() {
            if !dialects.is_empty() && !dialects.contains(dialect) {
                continue;
            }
            let mut quoting = Quoting::default();
            for statement in section.statements(dialect).unwrap_or_default() {
                let sql = revision.sql(*statement);
                let found = reaches_with(dialect, quoting, sql);
                if dialect == Dialect::MySql {
                    quoting = quoting_after(sql, quoting);
                }
                for reach in found {
                    let is_meant = match &reach.kind {
                        ReachKind::Server(_) | ReachKind::Attach { .. } => true,
                        ReachKind::Database { .. } => known && dialect != Dialect::Sqlite,
                        _ => false,
                    };
                    if !is_meant {
                        continue;
                    }
                    let start = statement.range().start;
                    let place = start + reach.range.start..start + reach.range.end;
                    first.get_or_insert(place);
                    let named = reach.what().into_owned();
                    if !what.contains(&named) {
                        what.push(named);
                    }
                }
            }
        }
    }
    let more = what.len().saturating_sub(MOST);
    what.truncate(MOST);
    let named = what.join(", ");
    let named = match more {
        0 => named,
        more => format!("{named} and {more} more"),
    };
    let message = format!(
        "revision `{}` reaches out of its database: {named}",
        revision.id
    );
    let found = Diagnostic::error(Code::ReachesOut, message).severity(severity);
    let found = found.label(survey.label(index, first?, ""));
    Some(found.help("it is changed or skipped when the chain is replayed in a scratch database: `cargo migrate explain reaches-out`"))
}
