//! schema.lock, kept in step with the chain.

use migrate_core::{Code, RevisionId, Target};
use migrate_schema::Schema;
use migrate_schema::lock::SchemaLock;
use migrate_sqlx::Migrations;

use crate::database::migrations;
use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::project::write;
use crate::schemas::autogenerate::{Accepted, accepted, read_models, servers};
use crate::scratch::schema_at;

/// What `.gitattributes` says of the migrations folder.
pub(crate) const ATTRIBUTES: &str = "\
# What two branches add to a lock, git keeps from both.
chain.lock merge=union
schema.lock merge=union
# A revision has the same line ends in every checkout.
*.sql text eol=lf
";

/// Whether the project has a schema.lock, or models that would be compared with one.
pub(crate) fn is_wanted(context: &Context, ui: &Ui) -> Result<bool, CommandError> {
    Ok(context.dir()?.join(SchemaLock::FILE).is_file() || has_models(context, ui))
}

/// The path of schema.lock, as it is shown.
pub(crate) fn shown(context: &Context) -> String {
    match context.dir() {
        Ok(dir) => context.shown(&dir.join(SchemaLock::FILE)),
        Err(_) => SchemaLock::FILE.to_owned(),
    }
}

/// Whether any struct of the package derives `Table`; sources that cannot be read have none.
fn has_models(context: &Context, ui: &Ui) -> bool {
    let models = match context.root() {
        Ok(root) if root.join("Cargo.toml").is_file() => read_models(context, ui),
        _ => return false,
    };
    models.is_ok_and(|models| !models.is_empty())
}

/// Writes these schemas as those of the chain, and what the models have said of them.
pub(crate) fn write(
    context: &Context,
    schemas: impl IntoIterator<Item = Schema>,
    models: Accepted,
) -> Result<(), CommandError> {
    let survey = context.survey()?;
    let lock = SchemaLock {
        heads: SchemaLock::heads(&survey.revisions, &survey.graph),
        schemas: schemas
            .into_iter()
            .map(|schema| (schema.dialect, schema))
            .collect(),
        models,
    };
    write::replace(&context.dir()?.join(SchemaLock::FILE), &lock.render())
}

/// Writes the schema that the chain makes at its heads, as scratch databases spell it.
pub(crate) async fn rewrite(context: &Context, models: Accepted) -> Result<(), CommandError> {
    let chain = context.chain(Require::AnyEnds)?;
    let config = context.config()?;
    let migrations = migrations(&chain, config);
    let mut schemas = Vec::new();
    for (_, server) in servers(context)? {
        let heads = [Target::heads()];
        schemas.push(schema_at(&server, &migrations, &config.ledger, &heads).await?);
    }
    write(context, schemas, models)
}

/// Rewrites schema.lock if a development database has reached the heads of the chain and the file
/// is out of date. A failure is a warning: the database is as it should be.
pub(crate) async fn follow(
    current: &[RevisionId],
    migrations: &Migrations,
    chosen: &Chosen,
    context: &Context,
    ui: &Ui,
) -> Result<(), CommandError> {
    if chosen.protected().is_some() || is_ci() || !is_out_of_date(context, ui)? {
        return Ok(());
    }
    let heads = migrations.chain().heads();
    if !heads.iter().map(|(id, _)| id).eq(current) {
        return Ok(());
    }
    let file = shown(context);
    match rewrite(context, accepted(context)?).await {
        Ok(()) => ui.status(format_args!(
            "{} {file}: it is the schema of the chain again",
            styled(style::GOOD, "wrote")
        )),
        Err(error) => {
            ui.warning(ui.hidden(&format!(
                "`{file}` stays out of date: {}",
                error.in_a_line()
            )));
            ui.help("fix that, then run `cargo migrate lock --schema`");
        }
    }
    Ok(())
}

fn is_out_of_date(context: &Context, ui: &Ui) -> Result<bool, CommandError> {
    let stale = |found: &migrate_core::Diagnostic| found.code == Code::SchemaLockStale;
    if context.folder()?.schema_lock.is_some() {
        return Ok(context.survey()?.diagnostics.iter().any(stale));
    }
    is_wanted(context, ui)
}

/// Whether a CI service runs this, all of which set `CI`: a checkout there is nobody's to commit.
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !["", "0", "false"].iter().any(|no| value == *no))
}
