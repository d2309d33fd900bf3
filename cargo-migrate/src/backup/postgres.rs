//! PostgreSQL: `pg_dump` in its custom format, read through once by `pg_restore`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use migrate_sqlx::__cli::DatabaseUrl;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::process::Command;

use super::{quoted, run};
use crate::output::error::CommandError;
use crate::output::failure::Failure;

const PACKAGE: &str = "postgresql-client";

pub(super) struct Source {
    /// The variables of libpq, as a password must not stand on a command line.
    variables: Vec<(&'static str, String)>,
    /// Where it is, without the password.
    place: String,
    name: String,
}

impl Source {
    pub(super) fn new(url: &DatabaseUrl) -> Result<Self, CommandError> {
        let servers = url.postgres()?;
        let Some(options) = servers.first() else {
            return Err(CommandError::new(
                Failure::Backup,
                "the url names no server",
            ));
        };
        // libpq takes lists of both, too.
        let hosts: Vec<_> = servers.iter().map(host).collect();
        let ports: Vec<_> = servers
            .iter()
            .map(|options| options.get_port().to_string())
            .collect();
        let (host, port) = (hosts.join(","), ports.join(","));
        let user = options.get_username().to_owned();
        let name = options.get_database().unwrap_or(&user).to_owned();
        let place = format!(
            "--host={} --port={port} --username={} --dbname={}",
            quoted(&host),
            quoted(&user),
            quoted(&name)
        );
        let mut variables = vec![
            ("PGHOST", host),
            ("PGPORT", port),
            ("PGUSER", user),
            ("PGDATABASE", name.clone()),
            ("PGSSLMODE", ssl_mode(options.get_ssl_mode()).to_owned()),
        ];
        let said = |name: &str| url.parameter(name).map(str::to_owned);
        let more = [
            ("PGPASSWORD", url.password().map(str::to_owned)),
            ("PGOPTIONS", options.get_options().map(str::to_owned)),
            ("PGSSLROOTCERT", said("sslrootcert")),
            ("PGSSLCERT", said("sslcert")),
            ("PGSSLKEY", said("sslkey")),
            ("PGTARGETSESSIONATTRS", said("target_session_attrs")),
            ("PGCONNECT_TIMEOUT", said("connect_timeout")),
            ("PGLOADBALANCEHOSTS", said("load_balance_hosts")),
        ];
        variables.extend(
            more.into_iter()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        Ok(Self {
            variables,
            place,
            name,
        })
    }

    pub(super) fn name(&self) -> String {
        self.name.clone()
    }

    pub(super) async fn write(&self, path: &Path) -> Result<(), CommandError> {
        let mut dump = Command::new("pg_dump");
        dump.envs(self.variables.iter().map(|(name, value)| (name, value)))
            .args(["--format=custom", "--no-password"])
            .arg(file(path));
        run(&mut dump, PACKAGE).await?;
        // Read to its end: a list of what is in it would not find a damaged part.
        let mut read = Command::new("pg_restore");
        read.arg("--file=-").arg(path).stdout(Stdio::null());
        run(&mut read, PACKAGE).await.map(drop)
    }

    pub(super) fn restore(&self, file: &str) -> String {
        format!(
            "pg_restore --clean --if-exists {} {}",
            self.place,
            quoted(file)
        )
    }
}

fn host(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(path) => path.to_string_lossy().into_owned(),
        None => options.get_host().to_owned(),
    }
}

fn file(path: &Path) -> PathBuf {
    let mut argument = std::ffi::OsString::from("--file=");
    argument.push(path);
    argument.into()
}

const fn ssl_mode(mode: PgSslMode) -> &'static str {
    match mode {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    }
}
