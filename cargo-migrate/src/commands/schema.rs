use std::collections::BTreeSet;

use clap::Args;
use migrate_schema::{Name, Schema};
use migrate_sqlx::__cli::Create;
use migrate_sqlx::SchemaReader;

use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::schema_diagram::diagram;
use crate::output::schema_listing::listing;
use crate::output::ui::{Format, Ui};
use crate::project::context::Context;
use crate::schemas::named::warn_not_carried;
use crate::scratch::interrupt::wait;

/// Show the database's schema
///
/// Tables with their columns, keys and indexes, views, sequences, types and routines, in the
/// database's own spelling; with `-v` also the texts of views, triggers and routines. The ledger's
/// own tables are left out. Nothing is written. `--format mermaid` draws the tables and their
/// references, for documents.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Show only these tables and views
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Read only this named schema of PostgreSQL; can be repeated
    #[arg(long = "schema", value_name = "NAME")]
    schemas: Vec<String>,
}

pub(crate) fn run(args: &SchemaArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let ledger = context.config()?.ledger.clone();
    let chosen = context.database()?;
    let mut reader = SchemaReader::new(ledger);
    if !args.schemas.is_empty() {
        reader = reader.schemas(&args.schemas);
    }
    let mut schema = wait(async {
        let database = chosen.connect(Create::Nothing).await?;
        Ok(database.read_schema(&reader).await?)
    })?;
    if !args.names.is_empty() {
        schema = only(schema, &args.names)?;
    }
    if ui.is_json() {
        return ui.json(&schema);
    }
    warn_not_carried([&schema], ui);
    if ui.format == Format::Sql {
        return ui.answer(migrate_schema::dump(&schema).trim_end());
    }
    if ui.format == Format::Mermaid {
        return ui.answer(diagram(&schema));
    }
    let text = listing(&schema, ui.is_verbose());
    if text.is_empty() {
        ui.status(format_args!("{} is empty", chosen.shown()));
        return Ok(());
    }
    ui.answer(text.trim_end())
}

/// Keeps what was named.
fn only(schema: Schema, names: &[String]) -> Result<Schema, CommandError> {
    let there = |name: &Name| schema.tables.contains_key(name) || schema.views.contains_key(name);
    let mut wanted = BTreeSet::new();
    for typed in names {
        let name = Name::from(typed.as_str());
        if !there(&name) {
            return Err(missing(&schema, typed));
        }
        wanted.insert(name);
    }
    let mut kept = Schema::empty(schema.dialect);
    kept.tables = schema.tables;
    kept.tables.retain(|name, _| wanted.contains(name));
    kept.views = schema.views;
    kept.views.retain(|name, _| wanted.contains(name));
    Ok(kept)
}

/// Says it in the words that were typed, which may hold a secret that only so is found and hidden.
fn missing(schema: &Schema, typed: &str) -> CommandError {
    let all = schema.tables.keys().chain(schema.views.keys());
    let near: Vec<String> = all
        .map(ToString::to_string)
        .filter(|name| strsim::normalized_damerau_levenshtein(name, typed) > 0.6)
        .collect();
    let error = CommandError::new(
        Failure::MissingTable,
        format!("the database has no table or view `{typed}`"),
    );
    match near.is_empty() {
        true => error.help("`cargo migrate schema` shows all of them"),
        false => error
            .help(format!("did you mean `{}`?", near.join("`, `")))
            .candidates(near),
    }
}
