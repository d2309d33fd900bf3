use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use migrate_schema::Schema;
use migrate_sqlx::__cli::Create;
use serde::Serialize;

use crate::database::migrations;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json;
use crate::output::phrase::counted;
use crate::output::ui::Ui;
use crate::project::context::{Context, Require, now};
use crate::project::write;
use crate::scratch::interrupt::wait;

const EXAMPLE: &str = "\
`cargo migrate diff snapshots/dev_20261120T143205Z.json database` shows what has changed since.";

/// Where snapshots go that have no name of their own.
const FOLDER: &str = "snapshots";

/// Save the database's schema and its applied revisions in a file
///
/// It contains no rows: that is what `backup` is for. The file is JSON, and `diff` reads it.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLE)]
pub(crate) struct SnapshotArgs {
    /// The file to write; by default, a new one in the folder `snapshots`
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// List the files of the folder `snapshots`, newest first, and take none
    #[arg(long, conflicts_with_all = ["file", "keep"])]
    list: bool,
    /// Afterwards, keep only the newest N in the folder `snapshots`
    #[arg(long, value_name = "N", conflicts_with = "file")]
    keep: Option<usize>,
}

#[derive(Serialize)]
struct Document<'a> {
    taken_at: String,
    database: String,
    current: Vec<String>,
    applied: Vec<&'a str>,
    schema: &'a Schema,
}

#[derive(Serialize)]
struct Taken {
    file: String,
    deleted: Vec<String>,
}

#[derive(Serialize)]
struct Listed {
    snapshots: Vec<String>,
}

pub(crate) fn run(args: &SnapshotArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let folder = context.root()?.join(FOLDER);
    if args.list {
        let shown = |path: &PathBuf| context.shown(path);
        let snapshots: Vec<String> = kept(&folder)?.iter().map(shown).collect();
        if ui.is_json() {
            return ui.json(&Listed { snapshots });
        }
        if snapshots.is_empty() {
            ui.status("there is no snapshot yet: `cargo migrate snapshot` takes one");
        }
        return snapshots.iter().try_for_each(|file| ui.answer(file));
    }
    let chain = context.chain(Require::AnyEnds)?;
    let config = context.config()?;
    let migrations = migrations(&chain, config);
    let chosen = context.database()?;
    let (state, schema) = wait(async {
        let database = chosen.connect(Create::Nothing).await?;
        let state = database.state(&migrations).await?;
        Ok((state, database.schema(&config.ledger).await?))
    })?;
    let status = state.status();
    let document = Document {
        taken_at: now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        database: chosen.shown(),
        current: json::heads(&state),
        applied: status
            .applied
            .iter()
            .map(|row| row.revision.as_str())
            .collect(),
        schema: &schema,
    };
    let file = match &args.file {
        Some(file) => context.path(&file.to_string_lossy()),
        None => {
            let env = chosen.env.as_ref().map_or("database", |env| &env.name);
            let name = format!("{env}_{}.json", now().strftime("%Y%m%dT%H%M%SZ"));
            fs::create_dir_all(&folder)?;
            folder.join(name)
        }
    };
    let text = serde_json::to_string_pretty(&document).map_err(|error| {
        CommandError::new(Failure::Snapshot, "the snapshot cannot be written").because(error)
    })?;
    if file.symlink_metadata().is_ok() {
        let shown = context.shown(&file);
        return Err(
            CommandError::new(Failure::FileExists, format!("`{shown}` already exists"))
                .help("a snapshot never overwrites a file: name another one"),
        );
    }
    write::create(&file, &(text + "\n"))?;
    let mut deleted = Vec::new();
    for old in kept(&folder)?
        .into_iter()
        .skip(args.keep.unwrap_or(usize::MAX))
    {
        fs::remove_file(&old)?;
        deleted.push(context.shown(&old));
    }
    let file = context.shown(&file);
    if ui.is_json() {
        return ui.json(&Taken { file, deleted });
    }
    if !deleted.is_empty() {
        ui.status(format_args!(
            "{} deleted",
            counted(deleted.len(), "older snapshot")
        ));
    }
    ui.answer(file)
}

/// The snapshots of the folder, the newest first: the time is in their names.
fn kept(folder: &Path) -> Result<Vec<PathBuf>, CommandError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    let is_json = |file: &PathBuf| {
        file.extension()
            .is_some_and(|extension| extension == "json")
    };
    files.retain(is_json);
    let time = |file: &PathBuf| {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        stem.rsplit('_').next().unwrap_or_default().to_owned()
    };
    files.sort_by_key(|file| std::cmp::Reverse((time(file), file.clone())));
    Ok(files)
}
