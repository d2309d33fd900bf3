//! What a url says, as the drivers take it.

use super::DatabaseUrl;
#[cfg(feature = "postgres")]
use super::{Address, parameters::setting};
use crate::error::Error;

#[cfg(feature = "sqlite")]
impl DatabaseUrl {
    /// Returns the options of its SQLite database.
    ///
    /// # Errors
    ///
    /// [`Error::Url`]: it is of another database.
    pub fn sqlite(&self) -> Result<sqlx::sqlite::SqliteConnectOptions, Error> {
        use std::str::FromStr as _;

        if self.dialect != migrate_core::Dialect::Sqlite {
            return Err(Error::Url("it is not a url of SQLite".to_owned()));
        }
        let query = encoded(self.parameters.iter());
        let file = escaped(self.database().unwrap_or_default());
        // The text after the scheme must not begin with it again.
        let url = match file.as_str() {
            "%3Amemory%3A" => format!("sqlite::memory:?{query}"),
            file => format!("sqlite:{file}?{query}"),
        };
        sqlx::sqlite::SqliteConnectOptions::from_str(&url).map_err(unusable)
    }
}

#[cfg(feature = "mysql")]
impl DatabaseUrl {
    /// Returns the options of its MySQL or MariaDB database.
    ///
    /// # Errors
    ///
    /// [`Error::Url`]: it is of another database, or a number is none.
    pub fn mysql(&self) -> Result<sqlx::mysql::MySqlConnectOptions, Error> {
        use sqlx::mysql::MySqlConnectOptions;

        if self.dialect != migrate_core::Dialect::MySql {
            return Err(Error::Url("it is not a url of MySQL or MariaDB".to_owned()));
        }
        let mut options = MySqlConnectOptions::new();
        if let Some(address) = self.servers.first() {
            options = match address.is_socket() {
                true => options.socket(&address.host),
                false if address.host.is_empty() => options,
                false => options.host(&address.host),
            };
            if let Some(port) = address.port {
                options = options.port(port);
            }
        }
        if let Some(user) = &self.user {
            options = options.username(user);
        }
        if let Some(password) = &self.password {
            options = options.password(password);
        }
        if let Some(database) = &self.database {
            options = options.database(database);
        }
        for (name, value) in self.parameters.iter() {
            options = match name {
                "ssl-mode" => options.ssl_mode(value.parse().map_err(unusable)?),
                "ssl-ca" => options.ssl_ca(value),
                "ssl-cert" => options.ssl_client_cert(value),
                "ssl-key" => options.ssl_client_key(value),
                "charset" => options.charset(value),
                "collation" => options.collation(value),
                "timezone" => options.timezone(value.to_owned()),
                "statement-cache-capacity" => options.statement_cache_capacity(number(value)?),
                _ => options,
            };
        }
        Ok(options)
    }
}

#[cfg(feature = "mysql")]
fn number(text: &str) -> Result<usize, Error> {
    text.parse().map_err(|_| Error::UrlParameter {
        message: "the parameter `statement-cache-capacity` cannot be used as it is".to_owned(),
        help: "it is a number".to_owned(),
    })
}

#[cfg(feature = "postgres")]
impl DatabaseUrl {
    /// Returns the options for each of its PostgreSQL servers, in the order of the url;
    /// [`DatabaseUrl::connect_postgres`] finds the one that is meant.
    ///
    /// # Errors
    ///
    /// [`Error::Url`]: it is of another database, or a number is none.
    pub fn postgres(&self) -> Result<Vec<sqlx::postgres::PgConnectOptions>, Error> {
        if self.dialect != migrate_core::Dialect::Postgres {
            return Err(Error::Url("it is not a url of PostgreSQL".to_owned()));
        }
        match &self.servers[..] {
            [] => Ok(vec![self.postgres_at(&Address::default())?]),
            several => several
                .iter()
                .map(|address| self.postgres_at(address))
                .collect(),
        }
    }

    /// As a url in which nothing is left to interpret: only from one does sqlx look into `.pgpass`.
    fn postgres_at(&self, at: &Address) -> Result<sqlx::postgres::PgConnectOptions, Error> {
        use std::str::FromStr as _;

        use sqlx::postgres::PgConnectOptions;

        let port = at.port.map(|port| port.to_string());
        let parts = [
            (
                "host",
                Some(at.host.as_str()).filter(|host| !host.is_empty()),
            ),
            ("port", port.as_deref()),
            ("user", self.user.as_deref()),
            ("password", self.password.as_deref()),
            ("dbname", self.database.as_deref()),
        ];
        let parts = parts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        let known = |name: &str| {
            setting(name).is_some()
                || !matches!(
                    name,
                    "connect_timeout"
                        | "target_session_attrs"
                        | "load_balance_hosts"
                        | "sslpassword"
                )
        };
        let parameters = self.parameters.iter().filter(|(name, _)| known(name));
        let url = format!("postgres:///?{}", encoded(parts.chain(parameters)));
        let options = PgConnectOptions::from_str(&url).map_err(unusable)?;
        Ok(match self.parameter("application_name") {
            Some(_) => options,
            None => options.application_name("cargo migrate"),
        })
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn encoded<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<_> = pairs
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(value)))
        .collect();
    pairs.join("&")
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn escaped(text: &str) -> String {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Why a url cannot be used, without the url.
pub(super) fn unusable(error: sqlx::Error) -> Error {
    match error {
        sqlx::Error::Configuration(why) => Error::Url(why.to_string()),
        other => Error::from(other),
    }
}
