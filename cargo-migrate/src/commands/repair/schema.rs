//! A database that lacks something of the revisions that its ledger says are applied.

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use migrate_core::Dialect;
use migrate_schema::{
    self, Ddl, Difference, DifferenceKind, Name, Reconcile, Renames, Schema, Unfilled, differences,
};
use migrate_sqlx::__cli::{Create, Database};
use serde::Serialize;

use super::RepairArgs;
use crate::commands::run::runner;
use crate::commands::verify::describe;
use crate::database::consent::ask;
use crate::database::migrations;
use crate::database::target::Chosen;
use crate::import::applied::rows;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::phrase::counted;
use crate::output::progress::Progress;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::schemas::ignored::Ignored;
use crate::schemas::named::expected_and_actual;
use crate::scratch::interrupt::block_on;

/// How to bring the schema to what it should be.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Add the tables, columns, indexes and constraints of the applied revisions that the database
    /// lacks; shows the SQL
    #[arg(long, conflicts_with_all = ["done", "undone"])]
    pub(super) schema: bool,
    /// With `--schema`: also change what differs: types, nullability, defaults, definitions, names
    #[arg(long, requires = "schema")]
    allow_changes: bool,
    /// With `--schema`: also drop what no revision creates, with the data in it
    #[arg(long, requires = "schema")]
    allow_drops: bool,
    /// With `--schema`: the value, as SQL, of existing rows in a column that must not be NULL and
    /// has no default: `--fill "users.email='unknown'"`; can be repeated
    #[arg(long, requires = "schema", value_name = "TABLE.COLUMN=SQL")]
    fill: Vec<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    statements: Vec<&'a str>,
    left: &'a [Difference],
    executed: bool,
}

/// What each column is filled with.
type Fills = BTreeMap<(Name, String), String>;

/// What is to be done, and what is different after it.
struct Plan {
    statements: Vec<Ddl>,
    left: Vec<Difference>,
    /// Columns that need a value.
    unfilled: Vec<Unfilled>,
}

pub(super) fn run(args: &RepairArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let options = &args.schema;
    let chain = context.chain(Require::AnyEnds)?;
    let config = context.config()?;
    let migrations = migrations(&chain, config);
    let chosen = context.database_to_write(ui)?;
    let ignored = Ignored::new(config, &[]);
    let progress = Progress::new(ui);
    let work = async {
        let database = chosen.connect(Create::Nothing).await?;
        let state = database.state(&migrations).await?;
        if state.status().applied.is_empty() {
            state.judge_unfinished(None)?;
            return Err(CommandError::new(
                Failure::NotApplied,
                format!("no revision counts as applied in {}", chosen.shown()),
            )
            .help("`cargo migrate stamp --detect` finds its revision by its tables"));
        }
        let rows: BTreeSet<String> = state.rows.iter().map(|row| row.revision.clone()).collect();
        let (mut expected, actual) = expected_and_actual(context, &chosen).await?;
        ignored.overlook(&mut expected, &actual);
        let plan = plan(options, &expected, &actual, &database).await?;
        drop(database);
        let statements: Vec<String> = plan.statements.iter().map(|ddl| ddl.sql.clone()).collect();
        let execute = args.execute && !args.change.dry_run && !statements.is_empty();
        if !ui.is_json() {
            plan.show(actual.dialect, ui)?;
        }
        if execute {
            if let Some(env) = chosen.protected().filter(|_| !args.change.yes) {
                let what = format!("run {}", counted(statements.len(), "statement"));
                ask(env, &chosen.shown(), &what, ui)?;
            }
            let database = chosen.connect(Create::Nothing).await?;
            let runner = runner(&migrations, &args.change, &chosen, &progress);
            let detail = format!("schema: {}", counted(statements.len(), "statement"));
            database
                .repair_schema(runner, &statements, &rows, &detail)
                .await
                .map_err(with_statement)?;
        }
        if ui.is_json() {
            ui.json(&Document {
                statements: statements.iter().map(String::as_str).collect(),
                left: &plan.left,
                executed: execute,
            })?;
        } else {
            plan.print(options, &chosen, execute, ui)?;
        }
        match plan.left.is_empty() {
            true => Ok(()),
            false => Err(CommandError::reported()),
        }
    };
    block_on(&progress, work)
}

/// Shows the statement that was refused.
fn with_statement(error: migrate_sqlx::Error) -> CommandError {
    let sql = match &error {
        migrate_sqlx::Error::Repair { sql, .. } => Some(sql.clone()),
        _ => None,
    };
    let failed = CommandError::from(error);
    match sql {
        Some(sql) => failed.cause(sql),
        None => failed,
    }
}

async fn plan(
    args: &SchemaArgs,
    expected: &Schema,
    actual: &Schema,
    database: &Database,
) -> Result<Plan, CommandError> {
    let reconcile = Reconcile {
        changes: args.allow_changes,
        drops: args.allow_drops,
    };
    let mut fills = fills(&args.fill, expected)?;
    let mut unfilled = Vec::new();
    for column in reconcile.unfilled(expected, actual) {
        let given = fills.contains_key(&(column.table.clone(), column.column.clone()));
        if !given && has_rows(database, &column).await? {
            unfilled.push(column);
        }
    }
    let place = |column: &Unfilled| (column.table.clone(), column.column.clone());
    let without: BTreeSet<(Name, String)> = unfilled.iter().map(place).collect();
    let target = reconcile.target(expected, actual, &without);
    let needed: BTreeSet<(Name, String)> = reconcile
        .unfilled(expected, actual)
        .iter()
        .map(place)
        .collect();
    fills.retain(|place, _| needed.contains(place));
    let statements = match fills.is_empty() {
        true => migrate_schema::statements(actual, &target, &Renames::none()),
        false => filled(actual, &target, &fills),
    };
    let left = differences(expected, &target);
    Ok(Plan {
        // What is no difference for anybody needs no statement.
        statements: match differences(&target, actual).is_empty() {
            true => Vec::new(),
            false => statements,
        },
        left,
        unfilled,
    })
}

/// Reads `table.column=sql`.
fn fills(given: &[String], expected: &Schema) -> Result<Fills, CommandError> {
    let mut fills = Fills::new();
    for text in given {
        let refused = |why: &str| CommandError::usage(format!("`--fill {text}`: {why}"));
        let (place, value) = text
            .split_once('=')
            .ok_or_else(|| refused("it has no `=`"))?;
        let known = expected.tables.iter().find_map(|(name, table)| {
            let column = place.trim().strip_prefix(&format!("{name}."))?;
            let column = Name::from(column).name;
            table.column(&column).map(|_| (name.clone(), column))
        });
        let place = known.ok_or_else(|| {
            refused("the revisions have no such column: write `table.column=value`")
        })?;
        if value.trim().is_empty() {
            return Err(refused("the value is missing"));
        }
        fills.insert(place, value.trim().to_owned());
    }
    Ok(fills)
}

async fn has_rows(database: &Database, column: &Unfilled) -> Result<bool, CommandError> {
    let dialect = database.dialect();
    let table = column.table.quoted(dialect);
    let only = match column.exists {
        true => format!(" WHERE {} IS NULL", dialect.quote(&column.column)),
        false => String::new(),
    };
    let sql = format!("SELECT '1' FROM {table}{only} LIMIT 1");
    let found = rows(database, &sql).await;
    Ok(!found.map_err(migrate_sqlx::Error::from)?.is_empty())
}

/// New columns first come with their value as the default; then that goes.
fn filled(actual: &Schema, wanted: &Schema, fills: &Fills) -> Vec<Ddl> {
    let dialect = wanted.dialect;
    let mut statements = Vec::new();
    let mut first = wanted.clone();
    for ((name, column), value) in fills {
        let there = actual
            .tables
            .get(name)
            .and_then(|table| table.column(column));
        if there.is_some() {
            let (table, column) = (name.quoted(dialect), dialect.quote(column));
            statements.push(Ddl {
                sql: format!("UPDATE {table} SET {column} = {value} WHERE {column} IS NULL"),
                ..Ddl::default()
            });
            continue;
        }
        let columns = first.tables.get_mut(name).map(|table| &mut table.columns);
        let new = columns.into_iter().flatten().find(|it| it.name == *column);
        if let Some(new) = new {
            new.default = Some(value.clone());
        }
    }
    statements.extend(migrate_schema::statements(actual, &first, &Renames::none()));
    statements.extend(migrate_schema::statements(&first, wanted, &Renames::none()));
    statements
}

impl Plan {
    /// Answers with the SQL.
    fn show(&self, dialect: Dialect, ui: &Ui) -> Result<(), CommandError> {
        match self.statements.is_empty() {
            true => Ok(()),
            false => ui.answer(migrate_schema::script(dialect, &self.statements).trim_end()),
        }
    }

    /// Says what was done, and what is left.
    fn print(
        &self,
        args: &SchemaArgs,
        chosen: &Chosen,
        executed: bool,
        ui: &Ui,
    ) -> Result<(), CommandError> {
        let shown = chosen.shown();
        let number = counted(self.statements.len(), "statement");
        if executed {
            ui.status(format_args!(
                "{} {shown}: {number}",
                styled(style::GOOD, "repaired")
            ));
        } else if !self.statements.is_empty() {
            ui.help(format_args!("add `--execute` to run this: {number}"));
        } else if self.left.is_empty() {
            ui.status(format_args!(
                "{} {shown}: the schema matches its revisions",
                styled(style::GOOD, "verified")
            ));
        }
        if self.left.is_empty() {
            return Ok(());
        }
        ui.say(format_args!(
            "not changed: {}",
            counted(self.left.len(), "difference")
        ));
        for difference in &self.left {
            ui.say(format_args!("  {}", describe(difference)));
        }
        for column in &self.unfilled {
            let place = format!("{}.{}", column.table, Name::plain(&*column.column));
            let rows = match column.exists {
                true => "has rows with NULL there",
                false => "has rows",
            };
            ui.help(format_args!(
                "`{}` {rows}, and `{}` must not be NULL: give them a value, `--fill \"{place}=<value>\"`",
                column.table, column.column,
            ));
        }
        let needs_value = |difference: &Difference| {
            let away = |column: &Unfilled| difference.table.as_ref() == Some(&column.table);
            self.unfilled.iter().any(away)
        };
        let of = |kind| self.left.iter().filter(move |it| it.kind == kind);
        let mut changes = of(DifferenceKind::Different).chain(of(DifferenceKind::Missing));
        if !args.allow_changes && changes.any(|it| !needs_value(it)) {
            ui.help("`--allow-changes` also changes what differs");
        }
        if !args.allow_drops && of(DifferenceKind::Extra).count() > 0 {
            ui.help("`--allow-drops` also drops what no revision creates");
        }
        Ok(())
    }
}
