//! Servers for scratch databases alone, started from the installed binaries: `scratch-url =
//! "local"`.
//! They listen on a socket in a private folder, are not durable, and are stopped with the command,
//! even if it is killed.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use migrate_core::Dialect;
use sqlx::Row as _;
use tempfile::TempDir;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::Mutex;

use crate::database::server::{Making, Server};
use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// The interval of checks whether it answers.
const LOOK: Duration = Duration::from_millis(20);

/// The last lines of a log that an error shows.
const LINES: usize = 8;

/// Runs a server until standard input is closed, as it is when the command ends for any reason.
/// `$1` is the signal that stops it at once, `$2` the folder of its data. A shell lets what it
/// starts in the background ignore some signals, and the server handles them only once it has
/// started: so the signal is sent until it has stopped.
#[cfg(unix)]
const GUARD: &str = r#"
signal=$1 folder=$2
shift 2
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
{
    read -r _ <&3
    while kill "-$signal" "$server"; do sleep 0.1; done
} 2>/dev/null &
watcher=$!
exec 3<&-
wait "$server"
rm -rf "$folder"
kill "$watcher" 2>/dev/null
wait "$watcher"
"#;

/// The servers that a command has started: one of each kind, however many databases it makes.
#[derive(Default)]
pub(crate) struct LocalServers(Mutex<Vec<LocalServer>>);

impl fmt::Debug for LocalServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalServers").finish_non_exhaustive()
    }
}

/// The kind of server: MariaDB spells schemas in another way than MySQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Postgres,
    MySql,
    MariaDb,
}

/// The properties of the real server that decide what SQL means there.
struct Real {
    kind: Kind,
    /// Options of MySQL and MariaDB.
    options: Vec<String>,
    making: Making,
}

/// One that runs.
struct LocalServer {
    kind: Kind,
    options: Vec<String>,
    url: String,
    /// Its server is stopped when this is dropped.
    guard: Child,
    stdin: Option<ChildStdin>,
    _folder: TempDir,
}

impl LocalServers {
    /// Returns the url of a server like the real one, and what a database is made with there. If
    /// the real one does not answer, the server has the defaults of its kind.
    pub(crate) async fn like(
        &self,
        real: Option<(Server, String)>,
        dialect: Option<Dialect>,
    ) -> Result<(String, Making), CommandError> {
        let Real {
            kind,
            options,
            making,
        } = Real::look(real, dialect).await?;
        let mut servers = self.0.lock().await;
        let found = servers
            .iter()
            .find(|it| it.kind == kind && it.options == options);
        let url = match found {
            Some(server) => server.url.clone(),
            None => {
                let server = LocalServer::start(kind, options).await?;
                let url = server.url.clone();
                servers.push(server);
                url
            }
        };
        Ok((url, making))
    }
}

impl Real {
    async fn look(
        real: Option<(Server, String)>,
        dialect: Option<Dialect>,
    ) -> Result<Self, CommandError> {
        let mut real = match real {
            Some((mut server, name)) => {
                let making = server.making(&name).await.map_err(unreadable)?.of_ours();
                Some((server, making))
            }
            None => None,
        };
        let making = real.as_ref().map(|(_, making)| making.clone());
        let (kind, options) = match &mut real {
            Some((Server::MySql(connection), _)) => {
                let sql = "SELECT VERSION() LIKE '%MariaDB%', @@GLOBAL.sql_mode, @@GLOBAL.character_set_server, \
                     @@GLOBAL.collation_server, CAST(@@lower_case_table_names AS CHAR), \
                     CAST(@@GLOBAL.explicit_defaults_for_timestamp AS CHAR)";
                let row = sqlx::query(sql).fetch_one(connection).await;
                let row = row.map_err(unreadable)?;
                let kind = match row.try_get(0).map_err(unreadable)? {
                    true => Kind::MariaDb,
                    false => Kind::MySql,
                };
                let names = [
                    "sql-mode",
                    "character-set-server",
                    "collation-server",
                    "lower-case-table-names",
                    "explicit-defaults-for-timestamp",
                ];
                let options = names.iter().enumerate().map(|(at, name)| {
                    let value: String = row.try_get(at + 1)?;
                    Ok(format!("--{name}={value}"))
                });
                (kind, options.collect::<Result<_, _>>().map_err(unreadable)?)
            }
            Some((Server::Postgres(_), _)) => (Kind::Postgres, Vec::new()),
            None if dialect == Some(Dialect::Postgres) => (Kind::Postgres, Vec::new()),
            // The one that is installed.
            None => match Programs::find(Kind::MariaDb) {
                Ok(_) => (Kind::MariaDb, Vec::new()),
                Err(_) => (Kind::MySql, Vec::new()),
            },
        };
        Ok(Self {
            kind,
            options,
            making: making.unwrap_or_default(),
        })
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
            Self::MariaDb => "MariaDB",
        }
    }

    /// The signal that stops it at once with all its children.
    const fn signal(self) -> &'static str {
        match self {
            Self::Postgres => "QUIT",
            Self::MySql | Self::MariaDb => "KILL",
        }
    }
}

/// The programs that initialize the data of a server and serve it.
struct Programs {
    making: PathBuf,
    serving: PathBuf,
}

impl Programs {
    fn find(kind: Kind) -> Result<Self, CommandError> {
        Self::find_in(kind, &folders(kind))
    }

    fn find_in(kind: Kind, folders: &[PathBuf]) -> Result<Self, CommandError> {
        let serves = |program: &Path| match kind {
            Kind::Postgres => true,
            // `mysqld` is MariaDB's in some distributions.
            Kind::MySql => !is_mariadb(program),
            Kind::MariaDb => is_mariadb(program),
        };
        let (making, serving): (&[_], &[_]) = match kind {
            Kind::Postgres => (&["initdb"], &["postgres"]),
            Kind::MySql => (&["mysqld"], &["mysqld"]),
            Kind::MariaDb => (
                &["mariadb-install-db", "mysql_install_db"],
                &["mariadbd", "mysqld"],
            ),
        };
        let find = |programs: &[&str], fits: &dyn Fn(&Path) -> bool| {
            let places = programs
                .iter()
                .flat_map(|program| folders.iter().map(move |folder| folder.join(program)));
            places
                .into_iter()
                .find(|place| place.is_file() && fits(place))
        };
        let missing = |programs: &[&str]| {
            let listed: Vec<_> = folders.iter().map(|it| it.display().to_string()).collect();
            CommandError::new(
                Failure::Scratch,
                format!(
                    "no local server can be started for scratch databases: {} is not installed here",
                    kind.name()
                ),
            )
            .cause(format_args!(
                "no `{}` of {} is in {}",
                programs.join("` or `"),
                kind.name(),
                listed.join(", ")
            ))
            .help(format!(
                "install the server of {}, or name one that runs with `scratch-url` of the environment",
                kind.name()
            ))
        };
        let serving = find(serving, &serves).ok_or_else(|| missing(serving))?;
        let making = match kind {
            Kind::MySql => serving.clone(),
            _ => find(making, &|_| true).ok_or_else(|| missing(making))?,
        };
        Ok(Self { making, serving })
    }
}

/// Where the programs of a server may be: distributions keep them off the path.
fn folders(kind: Kind) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if kind == Kind::Postgres {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
        let mut versions: Vec<(u32, PathBuf)> = versions
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let version = path.file_name()?.to_str()?.parse().ok()?;
                Some((version, path.join("bin")))
            })
            .collect();
        versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
        folders.extend(versions.into_iter().map(|(_, folder)| folder));
    }
    folders.extend(["/usr/sbin", "/usr/local/sbin", "/usr/libexec"].map(PathBuf::from));
    let mut known = std::collections::BTreeSet::new();
    folders.retain(|folder| known.insert(folder.clone()));
    folders
}

fn is_mariadb(program: &Path) -> bool {
    let output = std::process::Command::new(program)
        .arg("--version")
        .output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("MariaDB"))
}

impl LocalServer {
    #[cfg(not(unix))]
    async fn start(_: Kind, _: Vec<String>) -> Result<Self, CommandError> {
        Err(CommandError::new(
            Failure::Scratch,
            "local servers for scratch databases are started on Unix only",
        )
        .help("name one that runs with `scratch-url` of the environment"))
    }

    #[cfg(unix)]
    async fn start(kind: Kind, options: Vec<String>) -> Result<Self, CommandError> {
        let programs = Programs::find(kind)?;
        let folder = tempfile::Builder::new()
            .prefix("cargo-migrate-scratch.")
            .tempdir()?;
        let who = Who::of(folder.path())?;
        let mut log = tempfile::tempfile()?;
        let failed = |what: &str, log: &mut File| {
            let error = CommandError::new(
                Failure::Scratch,
                format!("{what} for scratch databases"),
            )
            .help("check whether it starts by itself, or name one that runs with `scratch-url` of the environment");
            match tail(log) {
                Ok(lines) if lines.is_empty() => error,
                Ok(lines) => error.cause(lines),
                Err(unread) => error.because(unread),
            }
        };
        let mut making = who.command(&programs.making, folder.path(), &log)?;
        making.args(making_options(kind, folder.path(), &options));
        let made = making.stdin(Stdio::null()).kill_on_drop(true).status();
        if !made.await?.success() {
            let program = programs.making.display();
            return Err(failed(
                &format!("`{program}` creates no data folder"),
                &mut log,
            ));
        }
        let mut guard = who.command(Path::new("/bin/sh"), folder.path(), &log)?;
        guard
            .args(["-c", GUARD, "sh", kind.signal()])
            .arg(folder.path())
            .arg(&programs.serving)
            .args(serving_options(kind, folder.path(), &options))
            .stdin(Stdio::piped());
        let mut guard = guard.spawn()?;
        let stdin = guard.stdin.take();
        let mut server = Self {
            kind,
            options,
            url: url(kind, folder.path()),
            guard,
            stdin,
            _folder: folder,
        };
        let began = Instant::now();
        let mut looks = tokio::time::interval(LOOK);
        while Server::answers(&server.url).await.is_err() {
            let ended = server.guard.try_wait()?.is_some();
            if ended || began.elapsed() > PATIENCE {
                let program = programs.serving.display();
                return Err(failed(&format!("`{program}` does not start"), &mut log));
            }
            looks.tick().await;
        }
        Ok(server)
    }
}

impl Drop for LocalServer {
    /// Waits until the server has stopped, so that its data is deleted with it.
    fn drop(&mut self) {
        drop(self.stdin.take());
        // It only has to signal the server, which takes moments.
        while matches!(self.guard.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn url(kind: Kind, folder: &Path) -> String {
    let place = folder.to_string_lossy();
    let encoded = |text: &str| {
        percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
    };
    match kind {
        Kind::Postgres => format!(
            "postgres://postgres@localhost/postgres?host={}",
            encoded(&place)
        ),
        Kind::MySql | Kind::MariaDb => format!(
            "mysql://root@localhost/mysql?socket={}&ssl-mode=disabled",
            encoded(&format!("{place}/socket"))
        ),
    }
}

fn making_options(kind: Kind, folder: &Path, options: &[String]) -> Vec<OsString> {
    let data = folder.join("data");
    match kind {
        Kind::Postgres => {
            let mut words: Vec<OsString> = vec!["-D".into(), data.into()];
            // Nobody else can access its socket.
            let more = "-U postgres --auth=trust --encoding=UTF8 --no-locale --no-sync";
            words.extend(more.split(' ').map(OsString::from));
            words
        }
        Kind::MariaDb => {
            let mut words = vec!["--no-defaults".into(), option("--datadir=", &data)];
            words.push("--auth-root-authentication-method=normal".into());
            words.push("--skip-test-db".into());
            words
        }
        Kind::MySql => {
            let mut words = vec!["--no-defaults".into(), "--initialize-insecure".into()];
            words.push(option("--datadir=", &data));
            words.extend(options.iter().map(OsString::from));
            words
        }
    }
}

fn serving_options(kind: Kind, folder: &Path, options: &[String]) -> Vec<OsString> {
    let data = folder.join("data");
    if kind == Kind::Postgres {
        let mut words: Vec<OsString> = vec!["-D".into(), data.into(), "-k".into(), folder.into()];
        words.extend(["-c", "listen_addresses="].map(OsString::from));
        for setting in [
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
        ] {
            words.extend(["-c", setting].map(OsString::from));
        }
        return words;
    }
    let mut words = vec!["--no-defaults".into(), option("--datadir=", &data)];
    words.push(option("--socket=", &folder.join("socket")));
    words.push(option("--pid-file=", &folder.join("pid")));
    // One that starts clears the folder of temporary tables.
    words.push(option("--tmpdir=", folder));
    words.push(option("--secure-file-priv=", folder));
    let more = "--skip-networking --skip-log-bin --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=0";
    words.extend(more.split(' ').map(OsString::from));
    if kind == Kind::MySql {
        words.push("--mysqlx=OFF".into());
    }
    words.extend(options.iter().map(OsString::from));
    words
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}

/// Who runs a server: it refuses to run as root, and runs as nobody then.
#[cfg(unix)]
struct Who(Option<(u32, u32)>);

#[cfg(unix)]
impl Who {
    /// Finds out, and gives them a folder.
    fn of(folder: &Path) -> Result<Self, CommandError> {
        use std::os::unix::fs::{MetadataExt as _, chown};

        if fs::metadata(folder)?.uid() != 0 {
            return Ok(Self(None));
        }
        let id = |option| -> Result<u32, CommandError> {
            let output = std::process::Command::new("id")
                .args([option, "nobody"])
                .output()?;
            let text = String::from_utf8_lossy(&output.stdout);
            text.trim().parse().map_err(|_| {
                CommandError::new(
                    Failure::Scratch,
                    "no local server can be started for scratch databases: servers refuse to run as root, and there is no user `nobody`",
                )
                .help("run the command as another user, or name a server that runs with `scratch-url` of the environment")
            })
        };
        let (user, group) = (id("-u")?, id("-g")?);
        chown(folder, Some(user), Some(group))?;
        Ok(Self(Some((user, group))))
    }

    /// A program that Ctrl-C does not reach, and that writes into a log.
    fn command(&self, program: &Path, folder: &Path, log: &File) -> io::Result<Command> {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
            .process_group(0)
            .current_dir(folder)
            .env("HOME", folder)
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?);
        Ok(command)
    }
}

/// The last lines of a log.
fn tail(log: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    log.rewind()?;
    log.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    Ok(lines[lines.len().saturating_sub(LINES)..].join("\n"))
}

fn unreadable(error: sqlx::Error) -> CommandError {
    migrate_sqlx::Error::from(error).into()
}

#[cfg(test)]
mod tests {
    use super::{Kind, Programs};

    #[test]
    fn what_is_not_installed_is_named_with_where_it_was_looked_for() {
        let folders = ["/nowhere/bin".into(), "/nowhere/sbin".into()];
        for (kind, programs) in [
            (Kind::Postgres, "no `postgres` of PostgreSQL"),
            (Kind::MariaDb, "no `mariadbd` or `mysqld` of MariaDB"),
            (Kind::MySql, "no `mysqld` of MySQL"),
        ] {
            let Err(error) = Programs::find_in(kind, &folders) else {
                panic!("nothing is there")
            };
            let message = error.full_message();
            let looked = format!("{programs} is in /nowhere/bin, /nowhere/sbin");
            assert!(message.ends_with(&looked), "{message}");
        }
    }
}
