use clap::Args;
use migrate_core::schema::{Difference, DifferenceKind, differences};
use serde::Serialize;
use wildmatch::WildMatch;

use crate::context::Context;
use crate::error::{CommandError, counted};
use crate::interrupt::wait;
use crate::schemas::{expected_and_actual, tell_not_carried};
use crate::ui::{Ui, style, styled};

/// Compare the database with the schema that its revisions make
///
/// The chain is applied to a throw-away database as far as the ledger says, and both are compared:
/// every missing, extra and different table, column, index and constraint is told. Nothing is
/// written to the database.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Leave out what belongs to these tables or views, such as `legacy_*`; can be given again,
    /// and adds to `ignore` below `[verify]` in migrate.toml
    #[arg(long, value_name = "PATTERN")]
    ignore: Vec<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    differences: &'a [Difference],
}

pub(crate) fn run(args: &VerifyArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let ignored: Vec<WildMatch> = context
        .config()?
        .ignored
        .iter()
        .chain(&args.ignore)
        .map(|pattern| WildMatch::new(pattern))
        .collect();
    let chosen = context.database()?;
    let (expected, actual) = wait(expected_and_actual(context, &chosen))?;
    tell_not_carried([&expected, &actual], ui);
    let minds = |difference: &Difference| {
        let table = difference.table.as_ref().map(ToString::to_string);
        !table.is_some_and(|table| ignored.iter().any(|pattern| pattern.matches(&table)))
    };
    let found: Vec<Difference> = differences(&expected, &actual)
        .into_iter()
        .filter(minds)
        .collect();
    if ui.is_json() {
        ui.json(&Document {
            ok: found.is_empty(),
            differences: &found,
        })?;
    } else {
        for difference in &found {
            ui.answer(told(difference))?;
        }
    }
    if found.is_empty() {
        ui.status(format_args!(
            "{} {}: the schema is what its revisions make",
            styled(style::GOOD, "verified"),
            chosen.shown()
        ));
        return Ok(());
    }
    if !ui.is_json() {
        ui.say(format_args!(
            "{} is not what its revisions make: {}",
            chosen.shown(),
            counted(found.len(), "difference")
        ));
        ui.help(
            "`cargo migrate diff database current --format sql` shows the SQL that leads there",
        );
    }
    Err(CommandError::told())
}

fn told(difference: &Difference) -> String {
    let colour = match difference.kind {
        DifferenceKind::Missing => style::ERROR,
        DifferenceKind::Extra | DifferenceKind::Different => style::WARNING,
    };
    let text = difference.to_string();
    match text.split_once(' ') {
        Some((kind, rest)) => format!("{} {rest}", styled(colour, kind)),
        None => text,
    }
}
