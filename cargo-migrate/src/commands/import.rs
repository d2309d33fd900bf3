use std::path::{Path, PathBuf};

use clap::Args;
use migrate_core::{Dialect, Dialects, Direction, Survey, Target};
use migrate_sqlx::__cli::Create;
use migrate_sqlx::StampMode;
use serde::Serialize;

use super::run::runner;
use crate::cli::ChangeArgs;
use crate::database::consent::ask;
use crate::database::migrations;
use crate::import::alembic::offline::Sql;
use crate::import::alembic::program::Program;
use crate::import::alembic::recorder::Recorder;
use crate::import::applied::{Applied, is_idle};
use crate::import::chain::{Form, Imported, left_out};
use crate::import::folders::{Part, align};
use crate::import::guess::guess;
use crate::import::recording::{Command, Recording};
use crate::import::write::Destination;
use crate::import::{History, Note, NoteKind, Sources, Tool, alembic, flyway};
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::json;
use crate::output::phrase::{counted, enumerated};
use crate::output::progress::Progress;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::{Context, Require};
use crate::scratch::interrupt::block_on;

const EXAMPLE: &str = "\
Examples:
  cargo migrate import sqlx                     what `sqlx migrate` ran, from migrations/
  cargo migrate import alembic backend --yes    with the SQL that `alembic` writes
  cargo migrate import alembic --up-sql up.sql --down-sql down.sql
  cargo migrate import dbmate --stamp           and record what the database has of it
  cargo migrate import goose --run 'goose sqlite3 {path} up-to {version}'
                                                with what migrations in Go do
";

/// Import the migrations of another tool
///
/// Its files become revisions that keep ids, order, messages and times, and its version table
/// becomes a stamp. What cannot be converted is listed with its file and line, and its revision
/// stays a draft for you to finish; all others are sealed. The old files and the old table are not
/// changed. For Alembic, the graph is read from the Python files without running them; the SQL
/// comes from `alembic upgrade --sql` and `alembic downgrade --sql`, which run the project's code.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLE)]
pub(crate) struct ImportArgs {
    /// The tool
    #[arg(value_name = "TOOL")]
    tool: Tool,
    /// Its migrations folder; for Alembic, the one with alembic.ini; by default, where the tool
    /// itself looks. Folders for one database each are read as one chain if they are below it, or
    /// named such as `sqlite=db/lite mysql=db/my`
    #[arg(value_name = "PATH")]
    path: Vec<PathBuf>,
    /// The database that the SQL is for: `sqlite`, `postgres` or `mysql`
    #[arg(long, value_name = "DIALECT")]
    dialect: Option<String>,
    /// If the old files are in the folder of the revisions, move them into a subfolder
    #[arg(long)]
    move_old: bool,
    /// Record in the database what the tool's version table lists as applied; if the chain already
    /// exists, do only this
    #[arg(long)]
    stamp: bool,
    /// The tool's version table, if it does not have the usual name
    #[arg(long, value_name = "NAME")]
    version_table: Option<String>,
    /// How to call Alembic, such as `poetry run alembic`
    #[arg(long, value_name = "PROGRAM", default_value = "alembic")]
    alembic: String,
    /// Take the SQL from a real run of Alembic, up and down, on the empty database that env.py
    /// connects to: for revisions that query the database
    #[arg(long, conflicts_with = "up_sql")]
    online: bool,
    /// Let the database of `--online` have tables, such as those that the application's
    /// `create_all()` makes before the first revision
    #[arg(long, requires = "online")]
    allow_tables: bool,
    /// Record what migrations in code do: run this command on an empty scratch database, which
    /// `{url}` or its parts name, up to `{version}`, such as
    /// `--run 'goose sqlite3 {path} up-to {version}'`
    #[arg(long, value_name = "COMMAND")]
    run: Option<String>,
    /// The output of `alembic upgrade --sql heads`, instead of calling it
    #[arg(long, value_name = "FILE")]
    up_sql: Option<PathBuf>,
    /// The output of `alembic downgrade --sql head:base`
    #[arg(long, value_name = "FILE", requires = "up_sql")]
    down_sql: Option<PathBuf>,
    #[command(flatten)]
    change: ChangeArgs,
    /// More arguments for Alembic, before its command, such as `-- -x tenant=a`
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    revisions: Vec<RevisionDocument<'a>>,
    left_out: Vec<NoteDocument<'a>>,
    changed: Vec<NoteDocument<'a>>,
    written: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stamped: Option<json::Stamped>,
}

#[derive(Serialize)]
struct RevisionDocument<'a> {
    revision: &'a str,
    file: &'a str,
    draft: bool,
}

#[derive(Serialize)]
struct NoteDocument<'a> {
    file: &'a str,
    line: Option<usize>,
    message: &'a str,
}

pub(crate) fn run(args: &ImportArgs, context: &Context, ui: &Ui) -> Result<(), CommandError> {
    let destination = Destination::look(context, args.tool)?;
    if destination.has_chain() {
        if !args.stamp {
            return Err(CommandError::new(
                Failure::ChainExists,
                format!("there are already revisions in `{}`", context.config()?.dir),
            )
            .help(format!("nothing was written: `cargo migrate import {} --stamp` stamps a database; another chain needs another folder, `dir = \"…\"` in migrate.toml", args.tool.word())));
        }
        let stamped = stamp(args, None, None, context, ui)?;
        return match ui.is_json() {
            true => ui.json(&stamped),
            false => Ok(()),
        };
    }
    let dialects = dialects(args, context)?;
    let mut named = named_folders(args, context)?;
    let (folder, shown) = match named.first() {
        Some((folder, shown, _)) => (folder.clone(), shown.clone()),
        None => folder(args, context)?,
    };
    destination.refuse(&folder, args.move_old)?;
    if named.is_empty() {
        named = folders(&folder, &shown, args.tool, dialects)?;
    }
    let mut table = args.version_table.clone();
    let mut parts = Vec::new();
    for (path, shown, dialects) in named {
        let (sources, mut history) = read(args.tool, &path, &shown)?;
        if args.tool == Tool::Alembic && !history.revisions.is_empty() {
            let sql = alembic_sql(args, &history, &sources, &path, dialects, ui)?;
            table = table.or_else(|| sql.version_table.clone());
            sql.fill(&mut history, &sources);
        }
        if let Some(command) = &args.run {
            record(command, args, &mut history, dialects, context, ui)?;
        }
        if history.revisions.is_empty() {
            return Err(nothing_found(args.tool, &shown, &history));
        }
        let dialects = match dialects.is_empty() {
            true => guess(&history),
            false => dialects,
        };
        parts.push(Part {
            dialects,
            folder: shown,
            history,
        });
    }
    if args.stamp && args.tool.has_code() {
        let table = table.as_deref().unwrap_or(args.tool.version_table());
        let (dialect, applied) = applied(args, table, context, ui)?;
        let only = parts.len() == 1;
        let of_database = |part: &&mut Part| only || part.dialects.contains(dialect);
        if let Some(Part { history, .. }) = parts.iter_mut().find(of_database) {
            let code = applied.code_without_files(args.tool, history);
            history.add_code(args.tool, table, code);
        }
    }
    let mut config = context.config()?.clone();
    let mut added = Dialects::NONE;
    let dialects: Dialects = parts.iter().flat_map(|part| part.dialects.iter()).collect();
    if parts.len() > 1 {
        align(args.tool, &mut parts)?;
        if !dialects.without(config.dialects).is_empty() {
            config.dialects = config.dialects.iter().chain(dialects.iter()).collect();
            added = config.dialects;
        }
    }
    let imported = Imported::new(
        parts,
        Form {
            tool: args.tool,
            config: &config,
            version_table: table.as_deref().unwrap_or(args.tool.version_table()),
            dialects,
            added,
        },
    )?;
    if !args.change.dry_run {
        destination.write(&imported, &folder, args.move_old)?;
        super::check::report_reach(context, ui)?;
    }
    if !ui.is_json() {
        report(args, &imported, &destination, ui)?;
    }
    let stamped = match args.stamp {
        true => Some(stamp(args, Some(&imported), table, context, ui)?),
        false => None,
    };
    if ui.is_json() {
        return ui.json(&document(args, &imported, stamped));
    }
    Ok(())
}

/// Reads the migrations of a folder.
fn read(tool: Tool, folder: &Path, shown: &str) -> Result<(Sources, History), CommandError> {
    let mut sources = Sources::read(folder, shown, tool.endings())?;
    if tool == Tool::Alembic {
        for name in alembic::outside(&sources) {
            sources.add(&name, shown, tool.endings())?;
        }
    }
    if tool == Tool::Flyway {
        for name in flyway::code_folders(folder) {
            sources.add(&name, shown, &["java", "kt"])?;
        }
    }
    let history = tool.read(&sources)?;
    Ok((sources, history))
}

/// Lets the tool run, and fills in what it did where the history has no SQL.
fn record(
    command: &str,
    args: &ImportArgs,
    history: &mut History,
    dialects: Dialects,
    context: &Context,
    ui: &Ui,
) -> Result<(), CommandError> {
    if args.tool == Tool::Alembic {
        return Err(CommandError::usage(
            "Alembic is run by `--online`, not by `--run`",
        ));
    }
    let command = Command::new(command)?;
    let mut all = dialects.iter();
    let (Some(dialect), None) = (all.next(), all.next()) else {
        return Err(CommandError::usage("`--run` runs on one database")
            .help("say on which: `--dialect postgres`"));
    };
    let chosen = match dialect {
        Dialect::Sqlite => context.memory()?,
        Dialect::Postgres | Dialect::MySql => context.database()?,
    };
    if Dialect::from_url(chosen.url()) != Some(dialect) {
        return Err(CommandError::new(
            Failure::WrongDialect,
            format!(
                "`{}` is not a database of {}",
                chosen.shown(),
                dialect.name()
            ),
        )
        .help("name one with `--database-url`: a scratch database is created beside it"));
    }
    let recording = Recording {
        tool: args.tool,
        command: &command,
        folder: &context.start,
        version_table: args
            .version_table
            .as_deref()
            .unwrap_or(args.tool.version_table()),
        chosen: &chosen,
        ledger: &context.config()?.ledger,
        ui,
    };
    let part = Part {
        dialects,
        folder: String::new(),
        history: history.clone(),
    };
    let form = Form {
        tool: args.tool,
        config: context.config()?,
        version_table: recording.version_table,
        dialects,
        added: Dialects::NONE,
    };
    let without = Imported::new(vec![part], form)?;
    let lacking = without.lacking_up.iter();
    let lacking: Vec<String> = lacking
        .map(|index| history.revisions[*index].version.clone())
        .collect();
    let progress = Progress::new(ui);
    block_on(&progress, recording.fill(history, &lacking))
}

/// The folders that are named with their databases.
fn named_folders(
    args: &ImportArgs,
    context: &Context,
) -> Result<Vec<(PathBuf, String, Dialects)>, CommandError> {
    let mut named = Vec::new();
    for path in &args.path {
        let text = path.to_string_lossy();
        let Some((dialect, path)) = text
            .split_once('=')
            .and_then(|(word, path)| Some((word.parse::<Dialect>().ok()?, path)))
        else {
            continue;
        };
        let (folder, shown) = given(Path::new(path), context)?;
        named.push((folder, shown, Dialects::NONE.with(dialect)));
    }
    let mut dialects: Vec<u8> = named.iter().map(|(.., dialects)| dialects.bits()).collect();
    dialects.sort_unstable();
    dialects.dedup();
    if dialects.len() < named.len() || args.path.len() > named.len().max(1) {
        return Err(CommandError::usage(
            "several folders are read as one chain if each is named with a database of its own",
        )
        .help("for example `sqlite=db/lite mysql=db/my`"));
    }
    if !named.is_empty() && (args.tool == Tool::Alembic || args.dialect.is_some()) {
        return Err(CommandError::usage(
            "a folder that is named with its database needs no `--dialect`, and Alembic has one folder for all",
        ));
    }
    Ok(named)
}

/// A folder that was named, and how it is shown.
fn given(path: &Path, context: &Context) -> Result<(PathBuf, String), CommandError> {
    let given = context.start.join(path);
    let folder = match given.is_file() {
        true => given.parent().unwrap_or(&given).to_owned(),
        false => given,
    };
    if !folder.is_dir() {
        return Err(CommandError::new(
            Failure::NoMigrations,
            format!("there is no folder `{}`", path.display()),
        ));
    }
    let shown = context.shown(&folder);
    Ok((folder, shown))
}

/// The tool's folder, and how it is shown.
fn folder(args: &ImportArgs, context: &Context) -> Result<(PathBuf, String), CommandError> {
    if let Some(path) = args.path.first() {
        return given(path, context);
    }
    let root = context.root()?;
    let found = args
        .tool
        .folders()
        .iter()
        .map(|name| root.join(name))
        .find(|folder| folder.is_dir());
    found
        .map(|folder| (folder.clone(), context.shown(&folder)))
        .ok_or_else(|| {
            CommandError::new(
                Failure::NoMigrations,
                format!(
                    "none of the folders `{}` exists",
                    args.tool.folders().join("`, `")
                ),
            )
            .help(format!(
                "say where the migrations are: `cargo migrate import {} <path>`",
                args.tool.word()
            ))
        })
}

/// The folders to read, each with its databases: the folder itself, or those below it for one
/// database each.
fn folders(
    folder: &Path,
    shown: &str,
    tool: Tool,
    dialects: Dialects,
) -> Result<Vec<(PathBuf, String, Dialects)>, CommandError> {
    let mut below: Vec<(Dialect, String)> = Vec::new();
    let mut has_own = tool == Tool::Alembic;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let dialect = match name.to_lowercase().as_str() {
            "sqlite" | "sqlite3" => Dialect::Sqlite,
            "postgres" | "postgresql" | "pg" | "pgsql" => Dialect::Postgres,
            "mysql" | "mariadb" => Dialect::MySql,
            // What is beside them is for all.
            name => {
                has_own |= name.ends_with(".sql") || tool == Tool::Flyway;
                continue;
            }
        };
        if entry.path().is_dir() {
            below.push((dialect, name));
        }
    }
    below.sort();
    let all: Dialects = below.iter().map(|(dialect, _)| *dialect).collect();
    if has_own || all.iter().nth(1).is_none() {
        return Ok(vec![(folder.to_owned(), shown.to_owned(), dialects)]);
    }
    let shown = shown.trim_end_matches('/');
    let wanted = match dialects.is_empty() {
        true => all,
        false => dialects.and(all),
    };
    below.retain(|(dialect, _)| wanted.contains(*dialect));
    let twice = below.windows(2).find(|pair| pair[0].0 == pair[1].0);
    match (twice, below.first()) {
        (None, Some(_)) => {}
        (Some([(dialect, one), (_, other)]), _) => {
            return Err(CommandError::new(
                Failure::NoMigrations,
                format!(
                    "`{shown}` has two folders for {}: `{one}` and `{other}`",
                    dialect.name()
                ),
            )
            .help(format!(
                "name one: `cargo migrate import {} {shown}/{one}`",
                tool.word()
            )));
        }
        _ => {
            let names: Vec<&str> = all.iter().map(Dialect::as_str).collect();
            return Err(CommandError::new(
                Failure::NoMigrations,
                format!("`{shown}` has folders for `{}` alone", names.join("`, `")),
            )
            .help("name one of them, or its database with `--dialect`"));
        }
    }
    let part = |(dialect, name): (Dialect, String)| {
        let dialects = Dialects::NONE.with(dialect);
        (folder.join(&name), format!("{shown}/{name}"), dialects)
    };
    Ok(below.into_iter().map(part).collect())
}

fn nothing_found(tool: Tool, shown: &str, history: &History) -> CommandError {
    let word = tool.word();
    let mut error = CommandError::new(
        Failure::NoMigrations,
        format!("`{shown}` contains no migration of {word}"),
    );
    for note in history.notes.iter().take(10) {
        error = error.cause(format_args!("{}: {}", note.place, note.text));
    }
    error.help(format!(
        "say where they are: `cargo migrate import {word} <path>`"
    ))
}

/// What `--dialect` says, else the one that the project is for, else that of the database in use.
fn dialects(args: &ImportArgs, context: &Context) -> Result<Dialects, CommandError> {
    let config = context.config()?;
    if let Some(word) = &args.dialect {
        let dialect: Dialect = word
            .parse()
            .map_err(|error: migrate_core::UnknownDialect| {
                CommandError::usage(error.to_string())
            })?;
        return Ok(Dialects::NONE.with(dialect));
    }
    let several = config.dialects.iter().nth(1).is_some();
    if several && args.tool == Tool::Alembic {
        return Err(CommandError::usage(
            "Alembic writes SQL for one database, and this project has several",
        )
        .help("say for which: `--dialect postgres`"));
    }
    if !config.dialects.is_empty() {
        return Ok(config.dialects);
    }
    // Without a named database the dialect is unknown, which is fine.
    let url = context.database().ok();
    let dialect = url.and_then(|chosen| Dialect::from_url(chosen.url()));
    Ok(dialect.into_iter().collect())
}

fn alembic_sql(
    args: &ImportArgs,
    history: &History,
    sources: &Sources,
    folder: &Path,
    dialects: Dialects,
    ui: &Ui,
) -> Result<Sql, CommandError> {
    if let Some(up) = &args.up_sql {
        let read = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).map_err(|error| {
                CommandError::new(Failure::Io, format!("`{}` cannot be read", path.display()))
                    .because(error)
            })?;
            Ok::<_, CommandError>((path.display().to_string(), text))
        };
        let up = read(up)?;
        let down = args.down_sql.as_ref().map(read).transpose()?;
        let down = down
            .as_ref()
            .map(|(file, text)| (file.as_str(), text.as_str()));
        return Ok(Sql::of_files(history, Some((&up.0, &up.1)), down, dialects));
    }
    let home = alembic::home(sources);
    let mut program = Program::new(&args.alembic, &args.options);
    program.settings(home.settings);
    consent(args, &program, ui)?;
    let home = folder.join(home.folder);
    let asking = |words: &[&str], what| {
        let shown = program.shown();
        ui.status(format_args!(
            "{} {shown} {}",
            styled(style::DIM, what),
            words.join(" ")
        ));
    };
    let mut sql = Sql::default();
    if args.online {
        let recorder = Recorder::new()?;
        for direction in [Direction::Up, Direction::Down] {
            asking(Recorder::words(direction), "running");
            let run = recorder.run(&program, &home, direction, args.allow_tables)?;
            sql.record(history, direction, &run, dialects);
        }
    }
    sql.ask(history, dialects, |words| {
        asking(words, "asking");
        program.call(&home, words, &[])
    })?;
    Ok(sql)
}

/// Asks whether Alembic may be called, as that runs the project's code.
fn consent(args: &ImportArgs, program: &Program, ui: &Ui) -> Result<(), CommandError> {
    if args.change.yes {
        return Ok(());
    }
    let shown = program.shown();
    let refused = |message: String| {
        CommandError::new(Failure::NotConfirmed, message).help(format!(
            "add `--yes`; or call it yourself, `{shown} upgrade --sql heads > up.sql` and `{shown} downgrade --sql <head>:base > down.sql`, and give the files with `--up-sql` and `--down-sql`"
        ))
    };
    if !ui.can_ask() {
        return Err(refused(format!(
            "this runs `{shown}`, which runs the code of the project, and there is no terminal to ask for confirmation"
        )));
    }
    let where_to = match (args.online, args.allow_tables) {
        (true, false) => ", on the database that env.py connects to, which must be empty",
        (true, true) => ", up and down, on the database that env.py connects to",
        (false, _) => "",
    };
    let question = format_args!(
        "{} this runs `{shown}`, which runs env.py and the revisions of the project{where_to}. Type `yes` to continue:",
        styled(style::WARNING, "warning:")
    );
    match ui.ask(question)?.as_str() {
        "yes" => Ok(()),
        _ => Err(refused("not done: the answer was not `yes`".to_owned())),
    }
}

fn report(
    args: &ImportArgs,
    imported: &Imported,
    destination: &Destination,
    ui: &Ui,
) -> Result<(), CommandError> {
    for (kind, title, style) in [
        (NoteKind::Changed, "changed", style::DIM),
        (NoteKind::Left, "left out", style::WARNING),
    ] {
        for (text, places) in by_text(&imported.notes, kind) {
            ui.answer(format_args!("{} {places}: {text}", styled(style, title)))?;
        }
    }
    let (all, drafts) = (imported.files.len(), imported.drafts.len());
    let verb = match args.change.dry_run {
        true => "would write",
        false => "wrote",
    };
    ui.status(format_args!(
        "{} {}, {} sealed, {}, to {}",
        styled(style::GOOD, verb),
        counted(all, "revision"),
        all - drafts,
        counted(drafts, "draft"),
        destination.shown,
    ));
    if !imported.config_edits.is_empty() {
        ui.status(format_args!(
            "{} migrate.toml: {}",
            styled(style::GOOD, verb),
            imported.config_edits.shown()
        ));
    }
    if args.change.dry_run {
        return Ok(());
    }
    if drafts > 0 {
        let first = &imported.drafts[0];
        ui.warning(format_args!(
            "{} could not be converted completely, for {}",
            counted(drafts, "revision"),
            counted(left_out(&imported.notes), "reason"),
        ));
        ui.help(format!("finish each, such as `cargo migrate edit {first}`, before it is stamped or run; then `cargo migrate lock`"));
    } else if !args.stamp {
        ui.help(format!(
            "`cargo migrate import {} --stamp` stamps a database that has them",
            args.tool.word()
        ));
    }
    Ok(())
}

/// The texts of notes, each with the places that it is about; all places are in the JSON.
fn by_text(notes: &[Note], kind: NoteKind) -> Vec<(&str, String)> {
    let mut texts: Vec<(&str, Vec<String>)> = Vec::new();
    for note in notes.iter().filter(|note| note.kind == kind) {
        let place = note.place.to_string();
        match texts.iter_mut().find(|(text, _)| *text == note.text) {
            Some((_, places)) => places.push(place),
            None => texts.push((&note.text, vec![place])),
        }
    }
    let shown = |(text, mut places): (_, Vec<String>)| {
        if places.len() > 3 {
            let more = format!("{} more", places.len() - 2);
            places.truncate(2);
            places.push(more);
        }
        (text, enumerated(&places))
    };
    texts.into_iter().map(shown).collect()
}

fn document<'a>(
    args: &ImportArgs,
    imported: &'a Imported,
    stamped: Option<json::Stamped>,
) -> Document<'a> {
    let notes = |kind| {
        let of_kind = imported.notes.iter().filter(move |note| note.kind == kind);
        of_kind
            .map(|note: &Note| NoteDocument {
                file: &note.place.file,
                line: (note.place.line > 0).then_some(note.place.line),
                message: &note.text,
            })
            .collect()
    };
    Document {
        revisions: imported
            .revisions()
            .map(|(revision, file)| RevisionDocument {
                revision: revision.as_str(),
                file: &file.name,
                draft: imported.drafts.contains(revision),
            })
            .collect(),
        left_out: notes(NoteKind::Left),
        changed: notes(NoteKind::Changed),
        written: !args.change.dry_run,
        stamped,
    }
}

/// Reads the version table of the old tool.
fn applied(
    args: &ImportArgs,
    table: &str,
    context: &Context,
    ui: &Ui,
) -> Result<(Dialect, Applied), CommandError> {
    let chosen = context.database()?;
    let progress = Progress::new(ui);
    let work = async {
        let database = chosen.connect(Create::Nothing).await?;
        let applied = Applied::read(args.tool, &database, table).await?;
        Ok((database.dialect(), applied))
    };
    block_on(&progress, work)
}

/// Makes the version table of the old tool the state of the ledger; leaves the table alone.
fn stamp(
    args: &ImportArgs,
    imported: Option<&Imported>,
    table: Option<String>,
    context: &Context,
    ui: &Ui,
) -> Result<json::Stamped, CommandError> {
    let config = context.config()?;
    let chain = match imported {
        // What was just written, by the rules that it needs.
        Some(imported) => {
            let folder = imported.folder(config).leak();
            Survey::new(&folder, &imported.config)
                .into_chain()
                .map_err(CommandError::diagnostics)?
        }
        None => context.chain(Require::AnyEnds)?,
    };
    let migrations = migrations(&chain, config);
    let chosen = context.database_to_write(ui)?;
    let table = table
        .or_else(|| args.version_table.clone())
        .unwrap_or_else(|| args.tool.version_table().to_owned());
    let progress = Progress::new(ui);
    let work = async {
        let create = match args.change.dry_run {
            true => Create::Nothing,
            false => Create::Missing,
        };
        let database = chosen.connect(create).await?;
        let applied = Applied::read(args.tool, &database, &table).await?;
        let state = database.state(&migrations).await?;
        if !state.status().unknown.is_empty() {
            let revisions = state.status().unknown.clone();
            return Err(migrate_sqlx::Error::newer(revisions).into());
        }
        let id_of = |version: &str| {
            let id = imported.and_then(|imported| imported.ids.get(version));
            id.map_or_else(|| id_alone(version), |id| Some(id.to_string()))
        };
        let graph = &state.graph;
        let dialect = database.dialect();
        let is_idle = |index: usize| is_idle(&state.revisions[index], dialect);
        let resolved = applied.resolve(args.tool, graph, id_of, is_idle)?;
        let mut wanted = resolved.applied;
        let mut beyond = state.applied.clone();
        beyond.remove_all(&wanted);
        // What was recorded before, of a draft that was not finished, is recorded again; what was
        // applied since stays.
        let mode = match beyond.is_empty() {
            true => StampMode::Replace,
            false => StampMode::Update,
        };
        for index in beyond.iter() {
            wanted.insert(index);
        }
        let (from, heads) = (
            json::heads(&state),
            json::ids(graph, graph.effective_heads(&wanted)),
        );
        if heads.is_empty() {
            ui.status(format_args!(
                "`{table}` is empty: there is nothing to record"
            ));
            return Ok(json::Stamped {
                database: None,
                from,
                to: heads,
            });
        }
        if args.change.dry_run {
            if !ui.is_json() {
                ui.answer(format_args!("would stamp {}", heads.join(", ")))?;
            }
            return Ok(json::Stamped {
                database: None,
                from,
                to: heads,
            });
        }
        if let Some(env) = chosen.protected().filter(|_| !args.change.yes) {
            let what = format!("stamp `{}`", heads.join("`, `"));
            ask(env, &chosen.shown(), &what, ui)?;
        }
        let targets: Vec<Target> = heads
            .iter()
            .map(|head| head.parse())
            .collect::<Result<_, _>>()?;
        let runner = runner(&migrations, &args.change, &chosen, &progress);
        let done = database
            .stamp_at(runner, &targets, mode, &resolved.times)
            .await?;
        let after = json::heads(&database.state(&migrations).await?);
        ui.status(format_args!(
            "{} {}: {} recorded; `{table}` stays as it is",
            styled(style::GOOD, "stamped"),
            after.join(", "),
            counted(done.recorded.len(), "revision"),
        ));
        Ok(json::Stamped {
            database: None,
            from,
            to: after,
        })
    };
    block_on(&progress, work)
}

/// The id that a name gets where it takes nobody else's.
fn id_alone(version: &str) -> Option<String> {
    let names = crate::import::Names::new([version]);
    names.get(version).map(ToString::to_string)
}
