use clap::Args;
use migrate_core::Dialect;
use migrate_schema::{Change, Ddl, Renames, Schema, likely_renames};
use serde::Serialize;

use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::style::{self, styled};
use crate::output::ui::{Format, Ui};
use crate::project::context::Context;
use crate::schemas::autogenerate::propose_rename;
use crate::schemas::ignored::{Ignored, leave_out_version_tables};
use crate::schemas::named::{named, warn_not_carried};
use crate::schemas::normalize::normalize_definitions;
use crate::scratch::interrupt::wait;

const EXAMPLE: &str = "\
A schema is named by one of
  database        the database that the command works on
  env:<name>      the database of another environment
  <url>           the database of a url, such as `postgres://host/other`
  models          what the structs that derive `Table` describe
  empty           nothing at all
  <file>          what a file of SQL creates; a snapshot; the output of `schema --format json`
  <revision>      the schema of the chain up to it: an id, `head`, `base`, `current` …

`diff database head --format sql` shows the SQL that takes the database to the chain's head.";

/// Show the changes from one schema to another
///
/// As text, as SQL with `--format sql`, or as JSON. Revisions and files are run in a scratch
/// database, so that the database itself interprets them.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLE)]
pub(crate) struct DiffArgs {
    /// The schema before: `database`, `env:<name>`, a url, `models`, `empty`, a file of SQL, a
    /// snapshot, or a revision
    #[arg(default_value = "database")]
    from: String,
    /// The schema after, named in the same way
    #[arg(default_value = "head")]
    to: String,
    /// A table or column that was renamed: `users=people`, or `users.mail=email`; can be repeated
    #[arg(long, value_name = "OLD=NEW")]
    rename: Vec<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    changes: Vec<ChangeDocument<'a>>,
    sql: &'a [Ddl],
}

#[derive(Serialize)]
struct ChangeDocument<'a> {
    what: String,
    destructive: bool,
    #[serde(flatten)]
    change: &'a Change,
}

pub(crate) fn run(args: &DiffArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let chosen = server(args, context)?;
    let (from, to) = wait(async {
        let mut from = named(&args.from, context, &chosen, ui).await?;
        let mut to = named(&args.to, context, &chosen, ui).await?;
        leave_out_version_tables(&from, &mut to);
        leave_out_version_tables(&to, &mut from);
        let ignored = Ignored::new(context.config()?, &[]);
        ignored.leave_out(&mut from);
        ignored.leave_out(&mut to);
        normalize_definitions(&from, &mut to, &chosen, &context.config()?.ledger).await?;
        Ok((from, to))
    })?;
    if from.dialect != to.dialect {
        return Err(CommandError::usage(format!(
            "a schema of {} and one of {} cannot be compared",
            from.dialect.name(),
            to.dialect.name()
        )));
    }
    let renames = renames(&from, &to, &args.rename)?;
    let changes = migrate_schema::diff(&from, &to, &renames);
    let sql = migrate_schema::statements(&from, &to, &renames);
    warn_not_carried([&from, &to], ui);
    show(&changes, &sql, from.dialect, ui)?;
    if args.rename.is_empty() {
        propose(&from, &to, ui);
    }
    Ok(())
}

/// The database that is meant, or, where none is, that of an environment that is compared: what has
/// to be run is run beside it.
fn server(args: &DiffArgs, context: &Context) -> Result<Chosen, CommandError> {
    let named = [&args.from, &args.to];
    match context.database() {
        Err(error)
            if error.is(Failure::NoDatabase) && !named.iter().any(|word| *word == "database") =>
        {
            let other = named
                .iter()
                .find_map(|word| match word.strip_prefix("env:") {
                    Some(name) => Some(context.database_of(name)),
                    None => word.contains("://").then(|| context.database_at(word)),
                });
            other.unwrap_or(Err(error))
        }
        chosen => chosen,
    }
}

fn show(changes: &[Change], sql: &[Ddl], dialect: Dialect, ui: &Ui) -> Result<(), CommandError> {
    let destructive = |change: &Change| change.is_destructive(dialect);
    if ui.is_json() {
        let document = |change| ChangeDocument {
            what: Change::to_string(change),
            destructive: destructive(change),
            change,
        };
        return ui.json(&Document {
            changes: changes.iter().map(document).collect(),
            sql,
        });
    }
    if changes.is_empty() {
        ui.status("there is no difference");
        return Ok(());
    }
    if ui.format == Format::Sql {
        return ui.answer(migrate_schema::script(dialect, sql).trim_end());
    }
    for change in changes {
        let loses = match destructive(change) {
            true => format!("  {}", styled(style::WARNING, "loses data")),
            false => String::new(),
        };
        ui.answer(format_args!("{change}{loses}"))?;
    }
    Ok(())
}

/// Reads what only has another name.
pub(crate) fn renames(
    from: &Schema,
    to: &Schema,
    given: &[String],
) -> Result<Renames, CommandError> {
    let mut renames = Renames::none();
    for text in given {
        let unknown = |error: migrate_schema::UnknownRename| {
            CommandError::usage(format!("`--rename {text}`: {error}"))
        };
        let rename = migrate_schema::Rename::parse(text, from, to, &renames).map_err(unknown)?;
        renames.add(rename);
    }
    Ok(renames)
}

/// Says what may only have another name; nobody but a person can know.
pub(crate) fn propose(from: &Schema, to: &Schema, ui: &Ui) {
    for rename in likely_renames(from, to) {
        propose_rename(&rename, ui);
    }
}
