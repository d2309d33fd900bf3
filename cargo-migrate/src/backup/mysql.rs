//! MySQL and MariaDB: `mariadb-dump`, or `mysqldump`, in one transaction, with routines, triggers
//! and events.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::process::Stdio;

use migrate_sqlx::__cli::DatabaseUrl;
use sqlx::mysql::MySqlSslMode;
use tempfile::NamedTempFile;
use tokio::process::Command;

use super::{quoted, run};
use crate::output::error::CommandError;
use crate::output::failure::Failure;

const PACKAGE: &str = "mariadb-client";

/// What both tools write at the end of a whole dump.
const END: &str = "-- Dump completed";

pub(super) struct Source {
    /// An option file, as a password must not stand on a command line.
    settings: String,
    /// Where it is, without the password.
    place: String,
    name: String,
    dump: &'static str,
    client: &'static str,
}

impl Source {
    pub(super) fn new(url: &DatabaseUrl) -> Result<Self, CommandError> {
        let options = url.mysql()?;
        let said = |name: &str| url.parameter(name).map(str::to_owned);
        let Some(name) = options.get_database().map(str::to_owned) else {
            return Err(CommandError::new(
                Failure::Backup,
                "the url names no database to back up",
            ));
        };
        let (dump, client) = match is_installed("mariadb-dump") {
            true => ("mariadb-dump", "mariadb"),
            false => ("mysqldump", "mysql"),
        };
        let port = options.get_port().to_string();
        let socket = options
            .get_socket()
            .map(|path| path.to_string_lossy().into_owned());
        let place = match &socket {
            Some(socket) => format!("--socket={}", quoted(socket)),
            None => format!("--host={} --port={port}", quoted(options.get_host())),
        };
        let user = options.get_username();
        let values = [
            ("host", Some(options.get_host().to_owned())),
            ("port", Some(port)),
            ("socket", socket),
            ("user", Some(user.to_owned())),
            ("password", url.password().map(str::to_owned)),
            ("ssl-ca", said("ssl-ca")),
            ("ssl-cert", said("ssl-cert")),
            ("ssl-key", said("ssl-key")),
        ];
        let mut settings = String::from("[client]\n");
        for (key, value) in values {
            if let Some(value) = value {
                let value = value.replace('\\', r"\\").replace('"', r#"\""#);
                let _infallible = writeln!(settings, "{key}=\"{value}\"");
            }
        }
        settings.push_str(tls(options.get_ssl_mode()));
        // MySQL's tool asks for what MariaDB's server does not have.
        settings.push_str("[mysqldump]\nloose-column-statistics=0\n");
        Ok(Self {
            settings,
            place: format!("{place} --user={} --password", quoted(user)),
            name,
            dump,
            client,
        })
    }

    pub(super) fn name(&self) -> String {
        self.name.clone()
    }

    pub(super) async fn write(&self, path: &Path) -> Result<(), CommandError> {
        let mut settings = NamedTempFile::new()?;
        settings.write_all(self.settings.as_bytes())?;
        let option = |name: &str, path: &Path| format!("--{name}={}", path.display());
        let mut dump = Command::new(self.dump);
        dump.arg(option("defaults-extra-file", settings.path()))
            .args([
                "--single-transaction",
                "--routines",
                "--triggers",
                "--events",
            ])
            .args([
                "--hex-blob",
                "--no-tablespaces",
                "--default-character-set=utf8mb4",
            ])
            .arg(option("result-file", path))
            .arg(&self.name);
        run(&mut dump, PACKAGE).await?;
        match ends_whole(path)? {
            true => Ok(()),
            false => Err(CommandError::new(
                Failure::Backup,
                format!("`{}` did not finish, and no backup was made", self.dump),
            )),
        }
    }

    pub(super) fn restore(&self, file: &str) -> String {
        format!(
            "{} {} {} < {}",
            self.client,
            self.place,
            quoted(&self.name),
            quoted(file)
        )
    }
}

fn ends_whole(path: &Path) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(256)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    Ok(String::from_utf8_lossy(&tail).contains(END))
}

fn is_installed(tool: &str) -> bool {
    std::process::Command::new(tool)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The two families of tools have different words for it; `loose` passes over the other's.
const fn tls(mode: MySqlSslMode) -> &'static str {
    match mode {
        MySqlSslMode::Disabled => "loose-ssl-mode=DISABLED\nloose-skip-ssl\n",
        MySqlSslMode::Preferred => "",
        MySqlSslMode::Required => "loose-ssl-mode=REQUIRED\nloose-ssl\n",
        MySqlSslMode::VerifyCa => "loose-ssl-mode=VERIFY_CA\nloose-ssl-verify-server-cert\n",
        MySqlSslMode::VerifyIdentity => {
            "loose-ssl-mode=VERIFY_IDENTITY\nloose-ssl-verify-server-cert\n"
        }
    }
}
