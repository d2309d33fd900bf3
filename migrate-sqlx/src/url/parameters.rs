//! The parameters after the `?` of a url.
//!
//! All that libpq, MySQL's clients, SQLite and sqlx know is here, and what frameworks add that share
//! a `DATABASE_URL`. Each is used, has no bearing on this program, or is refused with what to write
//! instead: a setting that is dropped silently may be the one that encrypts the connection.

use std::time::Duration;

use migrate_core::__support::nearest;
use migrate_core::Dialect;
use percent_encoding::percent_decode_str;

use crate::error::Error;

/// The parameters that are used, under the names of the dialect's own client.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Parameters(Vec<(String, String)>);

/// What is known of a parameter.
#[derive(Clone, Copy)]
enum Known {
    Used,
    /// Another name of one that is used.
    As(&'static str),
    /// Of the values, one that is used must be chosen.
    OneOf(&'static [&'static str]),
    /// The connection is what it asks for anyway, or it is about something that this does not do.
    Idle,
    /// Idle with these values, else refused for this reason.
    Only(&'static [&'static str], &'static str),
    /// Refused, with what to do instead.
    Refused(&'static str),
}
use Known::{As, Idle, OneOf, Only, Refused, Used};

const IN_THE_URL: &str = "it is written before the `@`: `mysql://user:password@host:3306/database`";
const IN_MIGRATE_TOML: &str =
    "write `lock-timeout` or `statement-timeout` below the environment in migrate.toml";
const ROOTS: &str = "the driver reads one file of certificates";
const TLS_OF_MYSQL: &str =
    "write `ssl-mode=required`, or `ssl-mode=verify_identity` to check the certificate as well";
const NO_CHOICE: &str = "leave it out: the driver has no such setting";
const LOGIN: &str = "the driver logs in with a user and a password";

/// PostgreSQL manual, 34.1.2, of version 18; sqlx 0.9; and Prisma's and JDBC's commonest.
const POSTGRES: &[(&str, Known)] = &[
    ("host", Used),
    ("hostaddr", Used),
    ("port", Used),
    ("dbname", Used),
    ("user", Used),
    ("password", Used),
    (
        "sslmode",
        OneOf(&[
            "disable",
            "allow",
            "prefer",
            "require",
            "verify-ca",
            "verify-full",
        ]),
    ),
    ("ssl-mode", As("sslmode")),
    ("sslrootcert", Used),
    ("ssl-root-cert", As("sslrootcert")),
    ("ssl-ca", As("sslrootcert")),
    ("sslcert", Used),
    ("ssl-cert", As("sslcert")),
    ("sslkey", Used),
    ("ssl-key", As("sslkey")),
    ("statement-cache-capacity", Used),
    ("application_name", Used),
    ("options", Used),
    ("connect_timeout", Used),
    (
        "target_session_attrs",
        OneOf(&[
            "any",
            "read-write",
            "read-only",
            "primary",
            "standby",
            "prefer-standby",
        ]),
    ),
    ("load_balance_hosts", OneOf(&["disable", "random"])),
    ("fallback_application_name", Idle),
    ("keepalives", Idle),
    ("keepalives_idle", Idle),
    ("keepalives_interval", Idle),
    ("keepalives_count", Idle),
    ("tcp_user_timeout", Idle),
    ("sslsni", Idle),
    ("sslcompression", Only(&["0"], NO_CHOICE)),
    ("sslcertmode", Only(&["allow"], NO_CHOICE)),
    (
        "sslnegotiation",
        Only(
            &["postgres"],
            "leave it out: the driver asks for TLS in PostgreSQL's own way",
        ),
    ),
    (
        "ssl_min_protocol_version",
        Only(&["TLSv1", "TLSv1.1", "TLSv1.2"], NO_CHOICE),
    ),
    ("ssl_max_protocol_version", Only(&["TLSv1.3"], NO_CHOICE)),
    ("min_protocol_version", Only(&["3.0"], NO_CHOICE)),
    ("max_protocol_version", Idle),
    (
        "client_encoding",
        Only(
            &[
                "auto", "utf8", "UTF8", "utf-8", "UTF-8", "unicode", "UNICODE",
            ],
            "leave it out: the driver speaks UTF-8",
        ),
    ),
    (
        "gssencmode",
        Only(
            &["disable", "prefer"],
            "leave it out, and write `sslmode=require`: the driver encrypts with TLS",
        ),
    ),
    ("gssdelegation", Only(&["0"], LOGIN)),
    ("krbsrvname", Idle),
    ("gsslib", Idle),
    (
        "channel_binding",
        Only(
            &["disable", "prefer"],
            "write `sslmode=verify-full`: the driver binds no channel, and checks the server by its certificate",
        ),
    ),
    (
        "replication",
        Only(
            &["false", "off", "no", "0"],
            "leave it out: revisions do not run on a connection for replication",
        ),
    ),
    ("sslpassword", Used),
    ("passfile", Refused("set the variable PGPASSFILE")),
    (
        "service",
        Refused("write the settings of the service file here"),
    ),
    (
        "servicefile",
        Refused("write the settings of the service file here"),
    ),
    (
        "require_auth",
        Refused(
            "leave it out, and write `sslmode=verify-full`: the driver takes the server's choice",
        ),
    ),
    (
        "requirepeer",
        Refused("leave it out: the driver does not check who owns a socket"),
    ),
    ("requiressl", Refused("write `sslmode=require`")),
    ("sslcrl", Refused(ROOTS)),
    ("sslcrldir", Refused(ROOTS)),
    (
        "sslkeylogfile",
        Refused("leave it out: the driver writes no key log"),
    ),
    ("scram_client_key", Refused(LOGIN)),
    ("scram_server_key", Refused(LOGIN)),
    ("oauth_issuer", Refused(LOGIN)),
    ("oauth_client_id", Refused(LOGIN)),
    ("oauth_client_secret", Refused(LOGIN)),
    ("oauth_scope", Refused(LOGIN)),
    ("authtype", Idle),
    ("tty", Idle),
    // Of other tools.
    (
        "schema",
        Only(&["public"], "write `options=-csearch_path%3D<schema>`"),
    ),
    (
        "currentSchema",
        Only(&["public"], "write `options=-csearch_path%3D<schema>`"),
    ),
    (
        "search_path",
        Refused("write `options=-csearch_path%3D<schema>`"),
    ),
    (
        "ssl",
        Refused(
            "write `sslmode=require`, or `sslmode=verify-full` to check the certificate as well",
        ),
    ),
    (
        "sslaccept",
        Refused("write `sslmode=verify-full` for `strict`, `sslmode=require` for the rest"),
    ),
    ("sslidentity", Refused("write `sslcert` and `sslkey`")),
    (
        "statement_cache_size",
        Refused("write `statement-cache-capacity`"),
    ),
    ("statement_timeout", Refused(IN_MIGRATE_TOML)),
    ("lock_timeout", Refused(IN_MIGRATE_TOML)),
    ("connection_limit", Idle),
    ("pool_timeout", Idle),
    ("pgbouncer", Idle),
];

/// MySQL's [URI-like strings], sqlx 0.9; and Go's, JDBC's and Prisma's commonest.
///
/// [URI-like strings]: https://dev.mysql.com/doc/refman/8.4/en/connecting-using-uri-or-key-value-pairs.html
const MYSQL: &[(&str, Known)] = &[
    (
        "ssl-mode",
        OneOf(&[
            "disabled",
            "preferred",
            "required",
            "verify_ca",
            "verify_identity",
        ]),
    ),
    ("sslmode", As("ssl-mode")),
    ("ssl-ca", Used),
    ("sslca", As("ssl-ca")),
    ("ssl-cert", Used),
    ("sslcert", As("ssl-cert")),
    ("ssl-key", Used),
    ("sslkey", As("ssl-key")),
    ("charset", Used),
    ("collation", Used),
    ("socket", Used),
    ("timezone", Used),
    ("time-zone", As("timezone")),
    ("statement-cache-capacity", Used),
    ("connect-timeout", Idle),
    ("compression", Idle),
    ("compression-algorithms", Idle),
    ("compression-level", Idle),
    ("connection-attributes", Idle),
    ("ssl-capath", Refused(ROOTS)),
    ("ssl-crl", Refused(ROOTS)),
    ("ssl-crlpath", Refused(ROOTS)),
    ("ssl-cipher", Refused(NO_CHOICE)),
    ("tls-version", Refused(NO_CHOICE)),
    ("tls-versions", Refused(NO_CHOICE)),
    ("tls-ciphersuites", Refused(NO_CHOICE)),
    ("auth-method", Refused(LOGIN)),
    ("get-server-public-key", Idle),
    (
        "server-public-key-path",
        Refused("write `ssl-mode=verify_ca` and `ssl-ca`"),
    ),
    ("user", Refused(IN_THE_URL)),
    ("username", Refused(IN_THE_URL)),
    ("password", Refused(IN_THE_URL)),
    (
        "host",
        Refused("it is written after the `@`; a socket is `socket=<path>`"),
    ),
    ("port", Refused("it is written after the host: `host:3306`")),
    (
        "database",
        Refused("it is the path: `mysql://user@host/database`"),
    ),
    (
        "schema",
        Refused("it is the path: `mysql://user@host/database`"),
    ),
    ("unix_socket", Refused("write `socket=<path>`")),
    ("unixSocket", Refused("write `socket=<path>`")),
    ("socketPath", Refused("write `socket=<path>`")),
    // Of other tools.
    ("ssl", Refused(TLS_OF_MYSQL)),
    ("tls", Refused(TLS_OF_MYSQL)),
    ("useSSL", Refused(TLS_OF_MYSQL)),
    ("requireSSL", Refused(TLS_OF_MYSQL)),
    ("sslMode", Refused(TLS_OF_MYSQL)),
    ("sslaccept", Refused(TLS_OF_MYSQL)),
    ("serverTimezone", Refused("write `timezone=<offset>`")),
    ("loc", Idle),
    ("parseTime", Idle),
    ("multiStatements", Idle),
    ("interpolateParams", Idle),
    ("allowNativePasswords", Idle),
    ("allowPublicKeyRetrieval", Idle),
    ("allowMultiQueries", Idle),
    ("connection_limit", Idle),
    ("pool_timeout", Idle),
    ("connect_timeout", Idle),
    ("socket_timeout", Idle),
];

/// sqlx 0.9, and <https://sqlite.org/uri.html>.
const SQLITE: &[(&str, Known)] = &[
    ("mode", OneOf(&["ro", "rw", "rwc", "memory"])),
    ("cache", OneOf(&["shared", "private"])),
    ("immutable", OneOf(&["true", "false", "1", "0"])),
    ("vfs", Used),
    ("psow", Refused(NO_CHOICE)),
    ("nolock", Refused(NO_CHOICE)),
    ("modeof", Refused(NO_CHOICE)),
    (
        "extension",
        Refused("write `extensions = [\"<name>\"]` below `[sqlite]` in migrate.toml"),
    ),
    (
        "extensions",
        Refused("write `extensions = [\"<name>\"]` below `[sqlite]` in migrate.toml"),
    ),
    (
        "load_extension",
        Refused("write `extensions = [\"<name>\"]` below `[sqlite]` in migrate.toml"),
    ),
];

impl Parameters {
    /// Reads the parameters after the `?`. As in libpq and sqlx, the last of a name counts.
    pub(super) fn read(dialect: Dialect, query: &str) -> Result<Self, Error> {
        let known = match dialect {
            Dialect::Sqlite => SQLITE,
            Dialect::Postgres => POSTGRES,
            Dialect::MySql => MYSQL,
        };
        let mut read = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = text(name)?;
            let value = text(value)?;
            if dialect == Dialect::Postgres && setting(&name).is_some() {
                read.0.push((name, value));
                continue;
            }
            let found = known.iter().find(|(known, _)| *known == name);
            match found {
                Some((_, As(other))) => read.take_in(known, other, value)?,
                Some((name, _)) => read.take_in(known, name, value)?,
                // The text after an `@` may be a password that was not encoded.
                None => return Err(unknown(&name, known, !query.contains('@'))),
            }
        }
        if read.get("sslpassword").is_some() && read.get("sslkey").is_some() {
            let instead = "keep the key in a file without a password that only its user may read";
            return Err(refused("sslpassword", instead));
        }
        if read.get("sslrootcert") == Some("system") {
            let instead = "leave `system` out: the driver trusts the usual authorities by default";
            return Err(refused("sslrootcert", instead));
        }
        if let Some(seconds) = read.get("connect_timeout")
            && seconds.parse::<i32>().is_err()
        {
            return Err(refused("connect_timeout", "it is a number of seconds"));
        }
        Ok(read)
    }

    fn take_in(
        &mut self,
        all: &[(&'static str, Known)],
        name: &'static str,
        value: String,
    ) -> Result<(), Error> {
        let known = all.iter().find(|(known, _)| *known == name);
        match known.map(|(_, known)| *known) {
            Some(Used) => {}
            Some(OneOf(values)) if has(values, &value) => {}
            Some(OneOf(values)) => {
                let instead = format!("expected one of `{}`", values.join("`, `"));
                return Err(refused(name, &instead));
            }
            Some(Only(values, _)) if has(values, &value) => return Ok(()),
            Some(Only(_, instead) | Refused(instead)) => return Err(refused(name, instead)),
            Some(Idle | As(_)) | None => return Ok(()),
        }
        match name {
            "options" => self.0.push((name.to_owned(), value)),
            _ => {
                self.0.retain(|(known, _)| known != name);
                self.0.push((name.to_owned(), value));
            }
        }
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Takes one out that has a place of its own; an empty one says nothing.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1).filter(|value| !value.is_empty())
    }

    #[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How long one server may take; 0 and below mean no limit, as in libpq.
    pub(super) fn connect_timeout(&self) -> Option<Duration> {
        let seconds: u64 = self.get("connect_timeout")?.parse().ok()?;
        Some(Duration::from_secs(seconds)).filter(|time| !time.is_zero())
    }
}

/// A setting of the session: `options[search_path]=app`, sqlx's own form.
pub(super) fn setting(name: &str) -> Option<&str> {
    name.strip_prefix("options[")?.strip_suffix(']')
}

fn has(values: &[&str], value: &str) -> bool {
    values.iter().any(|known| known.eq_ignore_ascii_case(value))
}

/// A name or a value, decoded as sqlx does: `+` is a blank.
fn text(encoded: &str) -> Result<String, Error> {
    let decoded = encoded.replace('+', " ");
    let decoded = percent_decode_str(&decoded).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Error::Url("its `%…` escapes are not valid UTF-8".to_owned()))
}

fn refused(name: &str, instead: &str) -> Error {
    Error::UrlParameter {
        message: format!("the parameter `{name}` cannot be used as it is"),
        help: instead.to_owned(),
    }
}

/// `sayable` says that the name is no part of something else.
fn unknown(name: &str, known: &[(&str, Known)], sayable: bool) -> Error {
    let names = known.iter().map(|(name, _)| *name);
    let word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let sayable = sayable && name.len() <= 40 && name.bytes().all(word);
    let lower = name.to_ascii_lowercase();
    let near = names.clone().find(|known| known.eq_ignore_ascii_case(name));
    let near = near.or_else(|| nearest(&lower, names));
    let used = known
        .iter()
        .filter(|(_, known)| matches!(known, Used | OneOf(_)))
        .map(|(name, _)| *name);
    Error::UrlParameter {
        message: match sayable || near.is_some() {
            true => format!("unknown parameter `{name}`"),
            false => "one of the parameters is unknown".to_owned(),
        },
        help: match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "leave it out; expected one of `{}`",
                used.collect::<Vec<_>>().join("`, `")
            ),
        },
    }
}
