//! A server of its own for an ordeal, which may be killed; the shared ones must live.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use migrate_core::Dialect;
use migrate_tests::TestDatabase;

use crate::Result;
use crate::disk::Disk;
use crate::process::{is_root, succeed, user};

const PASSWORD: &str = "only-for-tests";

/// How long a server may take to answer, its recovery included.
const PATIENCE: Duration = Duration::from_secs(120);

/// The interval of checks for an answer.
const LOOK: Duration = Duration::from_millis(20);

/// A running server, whose data is removed with the value.
#[derive(Debug)]
pub struct Server {
    dialect: Dialect,
    /// Whether it is MySQL itself, and not MariaDB.
    is_mysql: bool,
    folder: tempfile::TempDir,
    port: u16,
    url: String,
    options: Vec<String>,
    /// What its commands begin with.
    enter: Vec<String>,
    process: Option<Child>,
}

impl Server {
    /// Makes and starts one with these options beside its own. For MySQL it is MariaDB.
    ///
    /// # Errors
    ///
    /// A program is missing or fails.
    pub async fn start(dialect: Dialect, options: &[&str]) -> Result<Self> {
        Self::start_on(dialect, options, None).await
    }

    /// Makes and starts MySQL itself, which `tests/with-servers` has fetched.
    ///
    /// # Errors
    ///
    /// It is not there, or fails.
    pub async fn start_mysql(options: &[&str]) -> Result<Self> {
        Self::start_as(Dialect::MySql, true, options, None).await
    }

    /// The same, which sees a disk that others do not.
    pub(crate) async fn start_on(
        dialect: Dialect,
        options: &[&str],
        disk: Option<&Disk>,
    ) -> Result<Self> {
        Self::start_as(dialect, false, options, disk).await
    }

    async fn start_as(
        dialect: Dialect,
        is_mysql: bool,
        options: &[&str],
        disk: Option<&Disk>,
    ) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("migrate-ordeal.")
            .tempdir()?;
        // Free now; it is not given to others so soon.
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let (scheme, database) = match dialect {
            Dialect::Postgres => ("postgres", "postgres"),
            Dialect::MySql => ("mysql", "mysql"),
            Dialect::Sqlite => return Err("SQLite has no server".into()),
        };
        let mut server = Self {
            dialect,
            is_mysql,
            url: format!("{scheme}://migrate:{PASSWORD}@127.0.0.1:{port}/{database}"),
            folder,
            port,
            options: options.iter().map(|&option| option.to_owned()).collect(),
            enter: disk.map(Disk::enter).transpose()?.unwrap_or_default(),
            process: None,
        };
        if is_root()? {
            succeed(
                Command::new("chown")
                    .arg("nobody")
                    .arg(server.folder.path()),
            )?;
        }
        server.make()?;
        server.start_again().await?;
        Ok(server)
    }

    /// Returns the url of its own database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the url of another one of its databases.
    #[must_use]
    pub fn database(&self, name: &str) -> String {
        let base = self.url.rsplit_once('/').map_or("", |(base, _)| base);
        format!("{base}/{name}")
    }

    /// Returns the folder of its own, which it may write into.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns all that it has logged.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    pub fn log(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.path().join("log"))?)
    }

    /// Returns a program of MySQL itself.
    #[must_use]
    pub fn mysql_program(&self, program: &str) -> Command {
        let mut command = Command::new(workspace().join("tests/fetched-server"));
        command
            .arg("run")
            .arg(workspace().join("target/tools/mysql"));
        command.arg(program);
        command
    }

    /// Where it keeps what it has.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn make(&self) -> Result<()> {
        match self.dialect {
            Dialect::Postgres => {
                let secret = self.folder.path().join("password");
                fs::write(&secret, PASSWORD)?;
                let mut initdb = self.as_nobody(&postgres("initdb"))?;
                initdb.args(["-U", "migrate", "--auth=scram-sha-256", "--encoding=UTF8"]);
                initdb
                    .args(["--locale=C", "--no-sync", "--pwfile"])
                    .arg(&secret);
                succeed(initdb.arg("-D").arg(self.data()))
            }
            _ => {
                let sql = self.folder.path().join("user.sql");
                fs::write(
                    &sql,
                    format!(
                        "CREATE USER IF NOT EXISTS 'migrate'@'%' IDENTIFIED BY '{PASSWORD}';\nGRANT ALL PRIVILEGES ON *.* TO 'migrate'@'%' WITH GRANT OPTION;\n"
                    ),
                )?;
                if self.is_mysql {
                    let mut install = self.as_nobody(&workspace().join("tests/fetched-server"))?;
                    install
                        .arg("run")
                        .arg(workspace().join("target/tools/mysql"));
                    install.args(["mysqld", "--no-defaults", "--initialize-insecure"]);
                    return succeed(install.arg(format!("--datadir={}", self.data().display())));
                }
                let program = first_of(&["mariadb-install-db", "mysql_install_db"]);
                let mut install = self.as_nobody(&program)?;
                install.args(["--no-defaults", "--auth-root-authentication-method=normal"]);
                install.arg("--skip-test-db");
                succeed(install.arg(format!("--datadir={}", self.data().display())))
            }
        }
    }

    /// Starts it on the data it has, and waits until it answers.
    pub(crate) async fn start_again(&mut self) -> Result<()> {
        let began = Instant::now();
        let mut checks = tokio::time::interval(LOOK);
        loop {
            if let Some(process) = &mut self.process {
                if TestDatabase::answers(&self.url).await {
                    return Ok(());
                }
                // PostgreSQL refuses to start while what a killed one had started is still there.
                if process.try_wait()?.is_some() {
                    self.process = None;
                }
            } else {
                self.process = Some(self.command()?.spawn()?);
            }
            if began.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.folder.path().join("log"))?;
                return Err(format!("the server does not answer; its log:\n{log}").into());
            }
            checks.tick().await;
        }
    }

    fn command(&self) -> Result<Command> {
        let folder = self.folder.path();
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"))?;
        let mut command = match self.dialect {
            Dialect::Postgres => {
                let mut command = self.as_nobody(&postgres("postgres"))?;
                command.arg("-D").arg(self.data()).arg("-k").arg(folder);
                // The kernel keeps what a killed process wrote, so nothing is synced; but it must
                // have been written when a transaction is reported as committed.
                command.args(["-h", "127.0.0.1", "-c", "fsync=off"]);
                command.args(["-p", &self.port.to_string()]);
                command
            }
            _ => {
                let mut command = match self.is_mysql {
                    true => self.as_nobody(&workspace().join("tests/fetched-server"))?,
                    false => self.as_nobody(&first_of(&["mariadbd", "mysqld"]))?,
                };
                if self.is_mysql {
                    command
                        .arg("run")
                        .arg(workspace().join("target/tools/mysql"));
                    command.args(["mysqld", "--no-defaults", "--mysqlx=OFF"]);
                } else {
                    command.arg("--no-defaults");
                }
                command
                    .args(["--bind-address=127.0.0.1", "--skip-log-bin"])
                    .args(["--skip-name-resolve", "--innodb-flush-log-at-trx-commit=2"])
                    .arg(format!("--port={}", self.port))
                    .arg(format!("--datadir={}", self.data().display()))
                    // One that starts clears the folder, in which the others' tables may be.
                    .arg(format!("--tmpdir={}", folder.display()))
                    .arg(format!("--socket={}", folder.join("socket").display()))
                    .arg(format!("--pid-file={}", folder.join("pid").display()))
                    .arg(format!("--init-file={}", folder.join("user.sql").display()));
                command
            }
        };
        command.args(&self.options);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(command)
    }

    /// Kills it as a machine that runs out of memory does.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let mut process = self.process.take().ok_or("the server runs")?;
        process.kill()?;
        process.wait()?;
        Ok(())
    }

    /// A program of the server, which refuses to run as root: neither where this is root nor where
    /// it would be in the namespace of a disk.
    fn as_nobody(&self, program: &Path) -> Result<Command> {
        let mut words = self.enter.clone();
        if is_root()? {
            let unprivileged = [
                "setpriv",
                "--reuid=nobody",
                "--regid=nogroup",
                "--clear-groups",
            ];
            words.extend(unprivileged.map(str::to_owned));
        } else if !words.is_empty() {
            words.extend(["unshare".to_owned(), "--user".to_owned()]);
            words.push(format!("--map-user={}", user("-u")?));
            words.push(format!("--map-group={}", user("-g")?));
        }
        let mut command = match words.split_first() {
            None => Command::new(program),
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(program);
                command
            }
        };
        command
            .env("HOME", self.folder.path())
            .current_dir(self.folder.path());
        Ok(command)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        // PostgreSQL takes its children along, without a word of farewell to its data.
        let mut quit = Command::new("kill");
        quit.args(["-QUIT", &process.id().to_string()]);
        if self.dialect != Dialect::Postgres || succeed(&mut quit).is_err() {
            drop(process.kill());
        }
        drop(process.wait());
    }
}

/// Where the workspace is.
fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the crate is in the workspace")
}

/// A program of the newest PostgreSQL of the distribution, or of the path.
fn postgres(program: &str) -> PathBuf {
    let folders = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let found = folders.filter_map(|folder| {
        let folder = folder.ok()?;
        let version: u32 = folder.file_name().to_str()?.parse().ok()?;
        let path = folder.path().join("bin").join(program);
        path.is_file().then_some((version, path))
    });
    found.max().map_or_else(|| program.into(), |(_, path)| path)
}

/// The first of these programs that is there; servers are often beside the path.
fn first_of(programs: &[&str]) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .collect();
    let places = programs.iter().flat_map(|program| {
        folders
            .iter()
            .map(move |folder: &PathBuf| folder.join(program))
    });
    let found = places.into_iter().find(|place| place.is_file());
    found.unwrap_or_else(|| programs[0].into())
}
