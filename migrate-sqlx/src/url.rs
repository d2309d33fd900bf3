//! The url of a database, as people write it: for libpq, for cloud providers, for sqlx.
//!
//! sqlx reads urls with the rules of web pages: it refuses several hosts and an empty host after a
//! user, keeps the brackets of an IPv6 address, and ignores what it does not know, `sslmod=require`
//! for example. So a url is read here, and sqlx gets it in parts.

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod options;
mod parameters;
#[cfg(feature = "postgres")]
mod servers;

use std::fmt;
use std::time::Duration;

use migrate_core::Dialect;
use percent_encoding::percent_decode_str;

use self::parameters::Parameters;
use crate::error::Error;

/// A database url of which every part is understood.
///
/// A server's is `scheme://user:password@host:port/database?parameter=value`, of which all but the
/// scheme may be missing. The forms of libpq ([PostgreSQL manual, 34.1.1.2]) are read: several hosts
/// separated by commas, a socket's folder as host (percent-encoded, or as the parameter `host`),
/// IPv6 addresses in brackets.
///
/// ```
/// use migrate_sqlx::__cli::DatabaseUrl;
///
/// let url = DatabaseUrl::parse("postgresql://me:p%2Fw@/app?host=/cloudsql/project:region:name")?;
/// assert_eq!(url.database(), Some("app"));
/// assert!(DatabaseUrl::parse("postgres://host/app?sslmod=require").is_err());
/// # Ok::<(), migrate_sqlx::Error>(())
/// ```
///
/// [PostgreSQL manual, 34.1.1.2]: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    dialect: Dialect,
    /// In the order in which they are tried; where there is none, the driver's default.
    servers: Vec<Address>,
    user: Option<String>,
    password: Option<String>,
    /// The name of the database; on SQLite the file.
    database: Option<String>,
    parameters: Parameters,
}

/// Where a server listens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Address {
    /// A name, an address without brackets, or the path of a socket; empty for the default.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

impl fmt::Debug for DatabaseUrl {
    /// Without what may be a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseUrl")
            .field("dialect", &self.dialect)
            .field("servers", &self.servers)
            .finish_non_exhaustive()
    }
}

impl Address {
    /// Whether it is the path of a socket.
    pub(crate) fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.as_str() {
            "" => f.write_str("the default host")?,
            host if host.contains(':') && !self.is_socket() => write!(f, "[{host}]")?,
            host => f.write_str(host)?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl DatabaseUrl {
    /// Reads a url.
    ///
    /// # Errors
    ///
    /// [`Error::Url`] or [`Error::UrlParameter`]; neither shows the url or a parameter's value, which
    /// may be a password.
    pub fn parse(url: &str) -> Result<Self, Error> {
        let dialect = Dialect::from_url(url).ok_or_else(|| Error::Url(no_scheme(url)))?;
        match dialect {
            Dialect::Sqlite => Self::of_a_file(url),
            Dialect::Postgres | Dialect::MySql => Self::of_a_server(dialect, url),
        }
    }

    fn of_a_file(url: &str) -> Result<Self, Error> {
        let rest = url.strip_prefix("sqlite:").unwrap_or(url);
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (file, query) = rest.split_once('?').unwrap_or((rest, ""));
        // SQLite's own form: <https://sqlite.org/uri.html>.
        let file = match file.strip_prefix("file:") {
            Some(path) => ["//localhost/", "///"]
                .iter()
                .find_map(|start| path.strip_prefix(start))
                .map_or_else(|| path.to_owned(), |path| format!("/{path}")),
            None => file.to_owned(),
        };
        Ok(Self {
            dialect: Dialect::Sqlite,
            servers: Vec::new(),
            user: None,
            password: None,
            database: Some(decoded(&file)?),
            parameters: Parameters::read(Dialect::Sqlite, query)?,
        })
    }

    fn of_a_server(dialect: Dialect, url: &str) -> Result<Self, Error> {
        let parts = Parts::of(url)?;
        let mut parameters = Parameters::read(dialect, parts.query)?;
        if parts.has_fragment && parameters.get("password").is_some() {
            return Err(unencoded());
        }
        let (user, password) = match parts.user.split_once(':') {
            Some((user, password)) => (user, Some(decoded(password)?)),
            None => (parts.user, None),
        };
        let mut addresses = parts
            .hosts
            .split(',')
            .map(address)
            .collect::<Result<Vec<_>, _>>()?;
        if dialect == Dialect::MySql && addresses.len() > 1 {
            return Err(Error::Url(
                "it names several hosts, which only PostgreSQL's drivers try in order".to_owned(),
            ));
        }
        let (hosts, ports) = (parameters.take("host"), parameters.take("port"));
        if let Some(hosts) = parameters.take("hostaddr").or(hosts) {
            let said = std::mem::take(&mut addresses);
            addresses = hosts.split(',').map(host_of_parameter).collect();
            match &said[..] {
                [only] => addresses
                    .iter_mut()
                    .for_each(|address| address.port = only.port),
                _ => addresses
                    .iter_mut()
                    .zip(said)
                    .for_each(|(address, said)| address.port = said.port),
            }
        }
        if let Some(ports) = ports {
            give_ports(&mut addresses, &ports)?;
        }
        if let Some(socket) = parameters.take("socket") {
            addresses = vec![Address {
                host: socket,
                port: None,
            }];
        }
        if addresses == [Address::default()] {
            addresses.clear();
        }
        let filled = |text: String| Some(text).filter(|text| !text.is_empty());
        Ok(Self {
            dialect,
            servers: addresses,
            user: parameters.take("user").or(filled(decoded(user)?)),
            password: parameters.take("password").or(password),
            database: parameters
                .take("dbname")
                .or(filled(decoded(parts.database)?)),
            parameters,
        })
    }

    /// Says which dialect the database speaks.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Returns the name of the database; on SQLite the file.
    #[must_use]
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// Returns the password, decoded: not for people.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// Returns a parameter by the name that the manual of the dialect's own client uses:
    /// `sslrootcert`, `ssl-ca`.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)
    }

    /// Returns the hosts and the ports of its servers in the order in which they are tried; a port
    /// that is not named is empty, as is a host.
    pub fn servers(&self) -> impl Iterator<Item = (&str, String)> {
        self.servers.iter().map(|address| {
            let port = address.port.map(|port| port.to_string());
            (address.host.as_str(), port.unwrap_or_default())
        })
    }

    /// Says whether it is a database of SQLite that ends with its connection.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.dialect == Dialect::Sqlite
            && (matches!(self.database(), None | Some("" | ":memory:"))
                || self.parameter("mode") == Some("memory"))
    }

    /// Returns how long connecting may take, with each of its servers asked.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        let servers = u32::try_from(self.servers.len().max(1)).unwrap_or(u32::MAX);
        Some(self.parameters.connect_timeout()?.saturating_mul(servers))
    }

    /// Returns a url of another database of the same server.
    ///
    /// ```
    /// use migrate_sqlx::__cli::DatabaseUrl;
    ///
    /// let other = DatabaseUrl::with_database("postgres://me@/app?host=/run&dbname=app", "b/c");
    /// assert_eq!(other, "postgres://me@/b%2Fc?host=/run");
    /// ```
    #[must_use]
    pub fn with_database(url: &str, database: &str) -> String {
        let url = url.split('#').next().unwrap_or_default();
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let start = place.find("://").map_or(0, |at| at + 3);
        let end = place[start..]
            .find('/')
            .map_or(place.len(), |at| start + at);
        let name =
            percent_encoding::utf8_percent_encode(database, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
                .replace("%5F", "_");
        let kept: Vec<&str> = query
            .split('&')
            .filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("dbname"))
            .collect();
        let query = match kept.is_empty() {
            true => String::new(),
            false => format!("?{}", kept.join("&")),
        };
        format!("{}/{name}{query}", &place[..end])
    }

    /// Returns the url of a server with another user.
    ///
    /// ```
    /// use migrate_sqlx::__cli::DatabaseUrl;
    ///
    /// let url = DatabaseUrl::with_user("mysql://me:pw@host/app", "it", "p/w");
    /// assert_eq!(url, "mysql://it:p%2Fw@host/app");
    /// ```
    #[must_use]
    pub fn with_user(url: &str, user: &str, password: &str) -> String {
        let encoded = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
                .replace("%5F", "_")
        };
        let start = url.find("://").map_or(0, |at| at + 3);
        let end = url[start..]
            .find(['/', '?', '#'])
            .map_or(url.len(), |at| start + at);
        let host = url[start..end].rsplit('@').next().unwrap_or_default();
        let (user, password) = (encoded(user), encoded(password));
        format!("{}{user}:{password}@{host}{}", &url[..start], &url[end..])
    }
}

/// The parts of a server's url, still encoded.
struct Parts<'a> {
    user: &'a str,
    hosts: &'a str,
    database: &'a str,
    query: &'a str,
    has_fragment: bool,
}

impl<'a> Parts<'a> {
    /// Takes a url apart where only one reading is possible: a part of a password that would be
    /// taken for a host or a database would be sent there.
    fn of(url: &'a str) -> Result<Self, Error> {
        let Some((_, rest)) = url.split_once("://") else {
            return Err(Error::Url("it lacks the `//` behind its scheme".to_owned()));
        };
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = path.split_once('/').unwrap_or((path, ""));
        if database.contains('@') || fragment.contains('@') {
            return Err(unencoded());
        }
        if authority.contains("@tcp(") || authority.contains("@unix(") {
            return Err(Error::Url(
                "`tcp(host:port)` is the form of Go's driver: write `host:port`".to_owned(),
            ));
        }
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        // Without an `@`, what looks like a port may be a password cut off by a `/` or `?`.
        let sound = |host: &str| host.ends_with(']') || port_of(host).is_none_or(is_port);
        if authority == hosts && !hosts.split(',').all(sound) {
            return Err(unencoded());
        }
        Ok(Self {
            user,
            hosts,
            database,
            query,
            has_fragment: !fragment.is_empty(),
        })
    }
}

fn unencoded() -> Error {
    Error::Url("in its user and password, `:`, `/`, `?`, `#`, `@` and `%` are written `%3A`, `%2F`, `%3F`, `%23`, `%40` and `%25`".to_owned())
}

fn no_scheme(url: &str) -> String {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    // What is no word may be a part of a password.
    match !scheme.is_empty() && scheme.bytes().all(sound) {
        false => "it has no scheme".to_owned(),
        true => format!("`{scheme}` is not a supported database"),
    }
}

fn port_of(host: &str) -> Option<&str> {
    host.rsplit_once(':').map(|(_, port)| port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// One host of the authority, perhaps with its port.
fn address(text: &str) -> Result<Address, Error> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest
                .split_once(']')
                .ok_or_else(|| Error::Url("the `]` of its host is missing".to_owned()))?;
            if host.contains('%') {
                return Err(Error::Url(
                    "its host has a zone (`%…`), which the driver cannot use: write a name, or an address of a wider scope"
                        .to_owned(),
                ));
            }
            if host.parse::<std::net::Ipv6Addr>().is_err() {
                return Err(Error::Url("`[…]` does not hold an IPv6 address".to_owned()));
            }
            (host.to_owned(), port.strip_prefix(':').unwrap_or(port))
        }
        None if text.matches(':').count() > 1 => {
            return Err(Error::Url(
                "an IPv6 address is written in brackets: `[::1]:5432`".to_owned(),
            ));
        }
        None => {
            let (host, port) = text.split_once(':').unwrap_or((text, ""));
            (decoded(host)?, port)
        }
    };
    Ok(Address {
        host,
        port: port_number(port)?,
    })
}

fn host_of_parameter(host: &str) -> Address {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    Address {
        host: bare.unwrap_or(host).to_owned(),
        port: None,
    }
}

/// One port for all, or one for each (PostgreSQL manual, 34.1.1.3).
fn give_ports(addresses: &mut [Address], ports: &str) -> Result<(), Error> {
    let ports = ports
        .split(',')
        .map(port_number)
        .collect::<Result<Vec<_>, _>>()?;
    if ports.len() != 1 && ports.len() != addresses.len() {
        return Err(Error::Url(format!(
            "it has {} hosts and {} ports: name one port for all, or one for each",
            addresses.len(),
            ports.len()
        )));
    }
    for (address, port) in addresses.iter_mut().zip(ports.into_iter().cycle()) {
        address.port = port;
    }
    Ok(())
}

fn port_number(text: &str) -> Result<Option<u16>, Error> {
    match text {
        "" => Ok(None),
        text => match text.parse() {
            Ok(port) if port > 0 => Ok(Some(port)),
            _ => Err(Error::Url("a port is a number from 1 to 65535".to_owned())),
        },
    }
}

/// What is no UTF-8 would be another password, user or name.
fn decoded(text: &str) -> Result<String, Error> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Error::Url("its `%…` escapes are not valid UTF-8".to_owned()))
}

#[cfg(test)]
mod tests;
