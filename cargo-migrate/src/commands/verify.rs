use clap::Args;
use migrate_schema::{Difference, DifferenceKind, Schema, differences};
use serde::Serialize;

use crate::output::error::CommandError;
use crate::output::phrase::counted;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::Context;
use crate::schemas::autogenerate::read_models;
use crate::schemas::ignored::{Ignored, leave_out_version_tables};
use crate::schemas::named::{Three, expected_and_actual, warn_not_carried};
use crate::scratch::interrupt::wait;

/// Compare the database with the schema of its revisions, and with the models
///
/// Finds schema drift: the applied revisions are run in a scratch database, and every missing,
/// extra and different table, column, index and constraint is listed. Version tables of other tools
/// are ignored. Nothing is written to the database.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Also compare with the structs that derive `Table`; the default if `models` is true in
    /// `[verify]` in migrate.toml
    #[arg(long)]
    models: bool,
    /// Leave out these tables or views and all that belongs to them, such as `legacy_*`; can be
    /// repeated, and adds to `ignore` in `[verify]` in migrate.toml
    #[arg(long, value_name = "PATTERN")]
    ignore: Vec<String>,
}

/// What says how the database should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Against {
    Chain,
    Models,
}

/// A difference from one of them.
#[derive(Serialize)]
struct Found {
    against: Against,
    #[serde(flatten)]
    difference: Difference,
}

#[derive(Serialize)]
struct Document<'a> {
    ok: bool,
    differences: &'a [Found],
}

pub(crate) fn run(args: &VerifyArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let config = context.config()?;
    let ignored = Ignored::new(config, &args.ignore);
    let chosen = context.database()?;
    let blocks = |difference: &Difference| {
        let table = difference.table.as_ref();
        !table.is_some_and(|table| ignored.hides(table))
    };
    let compare = |against, expected: &Schema, actual: &Schema| {
        let found = differences(expected, actual).into_iter().filter(blocks);
        let found = found.map(move |difference| Found {
            against,
            difference,
        });
        found.collect::<Vec<_>>()
    };
    let with_models = args.models || config.verify_models;
    let mut found;
    if with_models {
        let models = read_models(context, ui)?;
        let mut three = wait(Three::read(&models, context, &chosen))?;
        warn_not_carried([&three.expected, &three.actual], ui);
        leave_out_version_tables(&three.expected, &mut three.actual);
        warn_unmatched(&args.ignore, [&three.expected, &three.actual], ui);
        for schema in [&mut three.expected, &mut three.actual, &mut three.wanted] {
            ignored.leave_out(schema);
        }
        found = compare(Against::Chain, &three.expected, &three.actual);
        found.extend(compare(Against::Models, &three.wanted, &three.actual));
    } else {
        let (mut expected, mut actual) = wait(expected_and_actual(context, &chosen))?;
        warn_not_carried([&expected, &actual], ui);
        leave_out_version_tables(&expected, &mut actual);
        warn_unmatched(&args.ignore, [&expected, &actual], ui);
        ignored.leave_out(&mut expected);
        ignored.leave_out(&mut actual);
        found = compare(Against::Chain, &expected, &actual);
    }
    if ui.is_json() {
        ui.json(&Document {
            ok: found.is_empty(),
            differences: &found,
        })?;
    } else {
        for found in &found {
            let by = match found.against {
                Against::Chain => "",
                Against::Models => " (the models)",
            };
            ui.answer(format_args!("{}{by}", describe(&found.difference)))?;
        }
    }
    if found.is_empty() {
        let also = match with_models {
            true => ", and the models",
            false => "",
        };
        ui.status(format_args!(
            "{} {}: the schema matches its revisions{also}",
            styled(style::GOOD, "verified"),
            chosen.shown()
        ));
        return Ok(());
    }
    if !ui.is_json() {
        conclude(&found, &chosen.shown(), ui);
    }
    Err(CommandError::reported())
}

/// Says which patterns of `--ignore` ignore nothing.
fn warn_unmatched(patterns: &[String], schemas: [&Schema; 2], ui: &Ui) {
    for pattern in Ignored::of(patterns).unmatched(&schemas) {
        ui.warning(format_args!("`--ignore {pattern}` matches no object"));
    }
}

/// Says what the database is not, and what to do.
fn conclude(found: &[Found], shown: &str, ui: &Ui) {
    let count = |against| {
        found
            .iter()
            .filter(|found| found.against == against)
            .count()
    };
    let (chain, models) = (count(Against::Chain), count(Against::Models));
    if chain > 0 {
        ui.say(format_args!(
            "{shown} does not match its revisions: {}",
            counted(chain, "difference")
        ));
        ui.help(
            "`cargo migrate repair --schema` shows the SQL that adds what is missing, `cargo migrate diff database current --format sql` the SQL of all differences",
        );
    }
    if models > 0 {
        ui.say(format_args!(
            "{shown} does not match the models: {}",
            counted(models, "difference")
        ));
        ui.help("`cargo migrate run` applies what is pending; `cargo migrate check --models` says whether a revision is missing");
    }
}

pub(crate) fn describe(difference: &Difference) -> String {
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
