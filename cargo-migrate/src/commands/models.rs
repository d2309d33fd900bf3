use clap::Args;
use migrate_core::Target;
use migrate_models::Models;

use crate::database::migrations;
use crate::output::error::CommandError;
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::schemas::autogenerate::{read_models, servers};
use crate::schemas::ignored::Ignored;
use crate::scratch::interrupt::wait;
use crate::scratch::schema_at;

/// Print structs for the tables of the chain that have no model
///
/// Each derives sqlx's `FromRow` and `Table`, and says the keys and plain indexes of its table. What
/// else the schema has stays as it is: `new --auto` has nothing to do afterwards. Put the structs
/// into the sources with `cargo migrate models >> src/models.rs`.
#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {
    /// Only these tables, whether they have a model or not
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
}

pub(crate) fn run(args: &ModelsArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let chain = context.chain(Require::AnyEnds)?;
    let config = context.config()?;
    let migrations = migrations(&chain, config);
    let servers = servers(context)?;
    let Some((dialect, server)) = servers.first() else {
        return Ok(());
    };
    let heads = [Target::heads()];
    let mut schema = wait(schema_at(server, &migrations, &config.ledger, &heads))?;
    Ignored::new(config, &[]).leave_out(&mut schema);
    let models = match args.tables.is_empty() {
        true => read_models(context, ui)?,
        false => {
            if let Some(unknown) = args
                .tables
                .iter()
                .find(|name| !schema.tables.keys().any(|it| it.to_string() == **name))
            {
                return Err(CommandError::usage(format!(
                    "the schema of the chain has no table `{unknown}`"
                ))
                .help("`cargo migrate schema head` shows what it has"));
            }
            let wanted = |name: &migrate_schema::Name| args.tables.contains(&name.to_string());
            schema.tables.retain(|name, _| wanted(name));
            Models::default()
        }
    };
    let printed = models.print_missing(&schema);
    if ui.is_json() {
        let structs: serde_json::Map<String, serde_json::Value> = printed
            .into_iter()
            .map(|(name, text)| (name.to_string(), text.into()))
            .collect();
        return ui.json(&serde_json::json!({ "structs": structs }));
    }
    if printed.is_empty() {
        ui.status("every table has a model");
        return Ok(());
    }
    let texts: Vec<String> = printed.into_iter().map(|(_, text)| text).collect();
    ui.answer(texts.join("\n").trim_end())?;
    if servers.len() > 1 {
        ui.help(format_args!(
            "the types are those of {}; see what the other databases need with `cargo migrate check --models`",
            dialect.name()
        ));
    }
    Ok(())
}
