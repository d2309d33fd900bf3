//! A database of its own for each test.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use migrate_core::Dialect;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

/// An empty database; on the other dialects one of the servers that `./tests/run` started.
///
/// It is named after the test and dropped when the next run of that test begins, so that after a
/// failure it can still be looked at.
#[derive(Debug)]
pub struct TestDatabase {
    dialect: Dialect,
    url: String,
    _folder: Option<tempfile::TempDir>,
}

/// A connection to any of the three.
#[derive(Debug)]
enum Connection {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
    MySql(sqlx::MySqlConnection),
}

macro_rules! on {
    ($connection:expr, $it:ident => $work:expr) => {
        match $connection {
            Connection::Sqlite($it) => $work,
            Connection::Postgres($it) => $work,
            Connection::MySql($it) => $work,
        }
    };
}

async fn connect(dialect: Dialect, url: &str) -> Connection {
    match dialect {
        Dialect::Sqlite => Connection::Sqlite(
            sqlx::SqliteConnection::connect(url)
                .await
                .expect("SQLite opens"),
        ),
        Dialect::Postgres => Connection::Postgres(
            sqlx::PgConnection::connect(url)
                .await
                .expect("PostgreSQL answers"),
        ),
        Dialect::MySql => Connection::MySql(
            sqlx::MySqlConnection::connect(url)
                .await
                .expect("MariaDB or MySQL answers"),
        ),
    }
}

/// Returns the url of the server; without it the test fails and says how to get one.
fn server(dialect: Dialect) -> String {
    let variable = match dialect {
        Dialect::Sqlite => unreachable!("SQLite has no server"),
        Dialect::Postgres => "MIGRATE_TEST_POSTGRES_URL",
        Dialect::MySql => "MIGRATE_TEST_MYSQL_URL",
    };
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "this test needs {}: run it with ./tests/run, which starts one (or set {variable})",
            dialect.name()
        )
    })
}

/// A session of another program.
pub struct TestSession(Connection);

impl std::fmt::Debug for TestSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestSession").finish_non_exhaustive()
    }
}

impl TestSession {
    /// Runs SQL, and stays in its transaction.
    ///
    /// # Panics
    ///
    /// The database refuses it.
    pub async fn execute(&mut self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        let ran = on!(&mut self.0, it => sqlx::raw_sql(sql).execute(it).await.map(drop));
        ran.expect("the SQL runs");
    }
}

impl TestDatabase {
    /// Makes an empty database for the test `name`, which must be unique in the workspace.
    pub async fn create(dialect: Dialect, name: &str) -> Self {
        if dialect == Dialect::Sqlite {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let url = format!(
                "sqlite://{}?mode=rwc",
                folder.path().join("test.db").display()
            );
            return Self {
                dialect,
                url,
                _folder: Some(folder),
            };
        }
        Self::create_on(&server(dialect), name).await
    }

    /// Makes an empty database for `name` on the server of this url, of which any database will do
    /// to connect to; another one of that name goes, whoever is connected to it.
    ///
    /// # Panics
    ///
    /// The server does not answer, or refuses.
    pub async fn create_on(server: &str, name: &str) -> Self {
        let dialect = Dialect::from_url(server).expect("the url of a server");
        let force = match dialect {
            Dialect::Postgres => " WITH (FORCE)",
            Dialect::Sqlite | Dialect::MySql => "",
        };
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let database = format!("test_{hash:016x}");
        let mut connection = connect(dialect, server).await;
        for sql in [
            format!("DROP DATABASE IF EXISTS {database}{force}"),
            format!("CREATE DATABASE {database}"),
        ] {
            let made = on!(&mut connection, it => sqlx::raw_sql(AssertSqlSafe(sql)).execute(it).await.map(drop));
            made.expect("the test's database can be made");
        }
        let (base, _) = server
            .rsplit_once('/')
            .expect("the server's url names a database");
        Self {
            dialect,
            url: format!("{base}/{database}"),
            _folder: None,
        }
    }

    /// Takes the database of a url as it is.
    ///
    /// # Panics
    ///
    /// It is no url of a database.
    #[must_use]
    pub fn existing(url: &str) -> Self {
        Self {
            dialect: Dialect::from_url(url).expect("the url of a database"),
            url: url.to_owned(),
            _folder: None,
        }
    }

    /// Says whether the server of a url answers.
    pub async fn answers(server: &str) -> bool {
        match Dialect::from_url(server) {
            Some(Dialect::Postgres) => sqlx::PgConnection::connect(server).await.is_ok(),
            Some(Dialect::MySql) => sqlx::MySqlConnection::connect(server).await.is_ok(),
            Some(Dialect::Sqlite) | None => false,
        }
    }

    /// Says whether its server is MariaDB, and not MySQL itself.
    ///
    /// # Panics
    ///
    /// The server does not answer.
    pub async fn is_mariadb(&self) -> bool {
        self.dialect == Dialect::MySql
            && self.rows("SELECT VERSION()").await[0][0].contains("MariaDB")
    }

    /// Returns its url, password and all.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns its dialect.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Runs SQL as if from another program.
    ///
    /// # Panics
    ///
    /// The database refuses it.
    pub async fn execute(&self, sql: &str) {
        let mut connection = connect(self.dialect, &self.url).await;
        let sql = AssertSqlSafe(sql.to_owned());
        let ran = on!(&mut connection, it => sqlx::raw_sql(sql).execute(it).await.map(drop));
        ran.expect("the SQL runs");
    }

    /// Opens a session that holds what it locks, as another program would.
    pub async fn session(&self) -> TestSession {
        TestSession(connect(self.dialect, &self.url).await)
    }

    /// Returns the rows of a query as text; NULL is empty.
    ///
    /// # Panics
    ///
    /// The database refuses it.
    pub async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let mut connection = connect(self.dialect, &self.url).await;
        let sql = AssertSqlSafe(sql.to_owned());
        on!(&mut connection, it => {
            let rows = sqlx::raw_sql(sql).fetch_all(it).await.expect("the query runs");
            rows.iter()
                .map(|row| {
                    (0..row.len())
                        .map(|column| row.try_get_unchecked::<Option<String>, _>(column).expect("text").unwrap_or_default())
                        .collect()
                })
                .collect()
        })
    }

    /// Runs the database's own client on a script.
    ///
    /// # Panics
    ///
    /// The client is not installed.
    pub fn client(&self, script: &str) -> Output {
        let url = self.url();
        let mut command = match self.dialect() {
            Dialect::Sqlite => {
                let file = url.strip_prefix("sqlite://").expect("a file");
                let mut command = Command::new("sqlite3");
                command.arg(file.split('?').next().unwrap_or(file));
                command
            }
            Dialect::Postgres => {
                let mut command = Command::new("psql");
                command.args(["--no-psqlrc", "--quiet", "--file=-", url]);
                command
            }
            Dialect::MySql => {
                let url = url::Url::parse(url).expect("a url");
                let mut command = Command::new("mariadb");
                command
                    .args(["--no-defaults", "--protocol=tcp", "-h"])
                    .arg(url.host_str().expect("a host"))
                    .arg(format!("--port={}", url.port().expect("a port")))
                    .arg(format!("--user={}", url.username()))
                    .arg(url.path().trim_start_matches('/'))
                    .env("MYSQL_PWD", url.password().expect("a password"));
                command
            }
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the client is installed");
        let mut stdin = child.stdin.take().expect("piped");
        let script = script.to_owned();
        // A client that stops early closes its end.
        let writer = std::thread::spawn(move || drop(stdin.write_all(script.as_bytes())));
        let output = child.wait_with_output().expect("the client ends");
        writer.join().expect("it writes");
        output
    }

    /// Returns the names of its tables, sorted.
    ///
    /// # Panics
    ///
    /// The database does not answer.
    pub async fn tables(&self) -> Vec<String> {
        let sql = match self.dialect {
            Dialect::Sqlite => {
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            }
            Dialect::Postgres => {
                "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'"
            }
            Dialect::MySql => {
                "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
            }
        };
        let mut tables: Vec<_> = self.rows(sql).await.into_iter().flatten().collect();
        tables.sort(); // whatever the server's collation
        tables
    }
}
