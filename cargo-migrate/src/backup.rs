//! Backs up a database's data to a file, with the database's own tools, and verifies the file.

mod mysql;
mod postgres;
mod sqlite;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use migrate_core::Dialect;
use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::style::{self, styled};
use crate::output::ui::Ui;
use crate::project::context::{Context, now};
use crate::project::write;

/// A backup that was made and verified.
#[derive(Clone, Debug)]
pub(crate) struct Backup {
    pub(crate) file: PathBuf,
    pub(crate) bytes: u64,
    /// The command that restores the data.
    pub(crate) restore: String,
}

/// What to back up, and with which tool.
enum Source {
    Sqlite(Box<sqlite::Source>),
    Postgres(postgres::Source),
    MySql(mysql::Source),
}

/// The folder of backups without a name of their own.
const FOLDER: &str = "backups";

/// Backs up a database to `file`, or to a new one in the folder `backups`. Never overwrites a file.
pub(crate) async fn make(
    chosen: &Chosen,
    file: Option<&Path>,
    context: &Context,
    ui: &Ui,
) -> Result<Backup, CommandError> {
    let source = Source::of(chosen)?;
    let file = match file {
        Some(file) => file.to_owned(),
        None => context.root()?.join(FOLDER).join(source.file_name()),
    };
    if file.symlink_metadata().is_ok() {
        return Err(taken(&file));
    }
    let shown = context.shown(&file);
    ui.status(format_args!("backing up {} to {shown}", chosen.shown()));
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    make_folder(folder)?;
    // An unfinished backup never has the name; it is deleted in any case.
    let unfinished = tempfile::Builder::new()
        .prefix(".cargo-migrate-")
        .tempfile_in(folder)
        .map_err(|error| unwritable(&file, error))?;
    source.write(unfinished.path()).await?;
    let bytes = finish(unfinished, &file)?;
    Ok(Backup {
        restore: source.restore(&shown),
        file,
        bytes,
    })
}

/// A new folder of backups is ignored by git, as it holds the data.
fn make_folder(folder: &Path) -> Result<(), CommandError> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
    if folder.ends_with(FOLDER) {
        write::create(&folder.join(".gitignore"), "*\n")?;
    }
    Ok(())
}

fn finish(unfinished: NamedTempFile, file: &Path) -> Result<u64, CommandError> {
    // The tools wrote by the name, so the handle must not be used.
    let written = fs::File::open(unfinished.path()).and_then(|written| {
        written.sync_all()?;
        written.metadata()
    });
    let bytes = written.map_err(|error| unwritable(file, error))?.len();
    unfinished
        .persist_noclobber(file)
        .map_err(|error| match error.error.kind() {
            std::io::ErrorKind::AlreadyExists => taken(file),
            _ => unwritable(file, error.error),
        })?;
    Ok(bytes)
}

fn taken(file: &Path) -> CommandError {
    write::exists(file).help("a backup never overwrites a file: name another one")
}

fn unwritable(path: &Path, error: std::io::Error) -> CommandError {
    CommandError::new(
        Failure::Io,
        format!("`{}` cannot be written", path.display()),
    )
    .because(error)
}

impl Source {
    fn of(chosen: &Chosen) -> Result<Self, CommandError> {
        let url = chosen.parsed()?;
        Ok(match url.dialect() {
            Dialect::Sqlite => Self::Sqlite(Box::new(sqlite::Source::new(&url, chosen.sqlite()?)?)),
            Dialect::Postgres => Self::Postgres(postgres::Source::new(&url)?),
            Dialect::MySql => Self::MySql(mysql::Source::new(&url)?),
        })
    }

    fn file_name(&self) -> String {
        let (name, extension) = match self {
            Self::Sqlite(source) => (source.name(), "db"),
            Self::Postgres(source) => (source.name(), "dump"),
            Self::MySql(source) => (source.name(), "sql"),
        };
        let name = name.replace(|c: char| !c.is_alphanumeric() && !"_-.".contains(c), "_");
        format!("{name}_{}.{extension}", now().strftime("%Y%m%dT%H%M%SZ"))
    }

    async fn write(&self, path: &Path) -> Result<(), CommandError> {
        match self {
            Self::Sqlite(source) => source.write(path).await,
            Self::Postgres(source) => source.write(path).await,
            Self::MySql(source) => source.write(path).await,
        }
    }

    fn restore(&self, file: &str) -> String {
        match self {
            Self::Sqlite(source) => source.restore(file),
            Self::Postgres(source) => source.restore(file),
            Self::MySql(source) => source.restore(file),
        }
    }
}

impl Backup {
    /// Prints where it is and how to restore it.
    pub(crate) fn report(&self, context: &Context, ui: &Ui) {
        ui.status(format_args!(
            "{} {} ({} KiB)",
            styled(style::GOOD, "kept"),
            context.shown(&self.file),
            self.bytes.div_ceil(1024)
        ));
        ui.help(format_args!("to restore it: `{}`", self.restore));
    }
}

/// Runs one of the database's own tools to its end.
async fn run(command: &mut Command, package: &str) -> Result<Output, CommandError> {
    let name = command
        .as_std()
        .get_program()
        .to_string_lossy()
        .into_owned();
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    let output = output.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            CommandError::new(Failure::NoTool, format!("`{name}` is not installed")).help(format!(
                "install it, on Debian and Ubuntu with `sudo apt-get install {package}`"
            ))
        }
        _ => {
            CommandError::new(Failure::NoTool, format!("`{name}` cannot be started")).because(error)
        }
    })?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(CommandError::new(
        Failure::Backup,
        format!("`{name}` failed, and no backup was made"),
    )
    .cause(said.trim()))
}

/// Writes a word as a POSIX shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@=,+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
