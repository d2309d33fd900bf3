//! Several servers in one url: the first that is reached and is of the wanted kind
//! (PostgreSQL manual, 34.1.1.3 and `target_session_attrs` in 34.1.2).

use std::hash::{BuildHasher as _, RandomState};
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection as _, Row as _};

use super::{Address, DatabaseUrl};
use crate::driver_error::{DatabaseMessage, Refusal};
use crate::error::{Error, Tried};
use crate::sleep::Sleeper;

/// How long one of several servers may take where the url does not say; the next may answer.
const ONE_OF_SEVERAL: Duration = Duration::from_secs(10);

/// What `target_session_attrs` asks of a server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
}

impl Wanted {
    const fn is_met(self, standby: bool, read_only: bool) -> bool {
        match self {
            Self::Any => true,
            Self::ReadWrite => !standby && !read_only,
            Self::ReadOnly => standby || read_only,
            Self::Primary => !standby,
            Self::Standby => standby,
        }
    }
}

impl DatabaseUrl {
    /// Connects to the first of its PostgreSQL servers that answers and is what
    /// `target_session_attrs` says, and returns the options that lead there; to another database of
    /// it where one is named.
    ///
    /// # Errors
    ///
    /// [`Error::Database`] where there is one server, or where one that was reached refuses the
    /// login: as with libpq, the others are not tried then. [`Error::NoServer`] names what became
    /// of each.
    pub async fn connect_postgres(
        &self,
        database: Option<&str>,
    ) -> Result<(PgConnection, PgConnectOptions), Error> {
        let mut servers = self.candidates()?;
        if let Some(database) = database {
            for (_, options) in &mut servers {
                *options = options.clone().database(database);
            }
        }
        let attributes = self.parameter("target_session_attrs").unwrap_or("any");
        let rounds: &[Wanted] = match &*attributes.to_ascii_lowercase() {
            "read-write" => &[Wanted::ReadWrite],
            "read-only" => &[Wanted::ReadOnly],
            "primary" => &[Wanted::Primary],
            "standby" => &[Wanted::Standby],
            "prefer-standby" => &[Wanted::Standby, Wanted::Any],
            _ => &[Wanted::Any],
        };
        let mut tried = Vec::new();
        let mut refusal = None;
        for wanted in rounds {
            tried.clear();
            for (address, options) in &servers {
                match self.try_one(options, *wanted, servers.len() > 1).await? {
                    Ok(connection) => return Ok((connection, options.clone())),
                    Err(NotTaken { why, refused }) => {
                        refusal = refused;
                        tried.push((address.to_string(), why));
                    }
                }
            }
        }
        Err(Error::NoServer(Tried {
            attributes: attributes.to_owned(),
            servers: tried,
            refusal,
        }))
    }

    /// The servers in the order in which they are tried.
    fn candidates(&self) -> Result<Vec<(Address, PgConnectOptions)>, Error> {
        let options = self.postgres()?;
        let address = |at: usize| self.servers.get(at).cloned().unwrap_or_default();
        let mut servers: Vec<_> = options
            .into_iter()
            .enumerate()
            .map(|(at, options)| (address(at), options))
            .collect();
        let random = self
            .parameter("load_balance_hosts")
            .is_some_and(|value| value.eq_ignore_ascii_case("random"));
        if random {
            let random = RandomState::new();
            servers.sort_by_cached_key(|(address, _)| random.hash_one(address.to_string()));
        }
        Ok(servers)
    }

    /// Tries one server; the inner error says why the next may be tried.
    async fn try_one(
        &self,
        options: &PgConnectOptions,
        wanted: Wanted,
        several: bool,
    ) -> Result<Result<PgConnection, NotTaken>, Error> {
        let usual = several.then_some(ONE_OF_SEVERAL);
        let timeout = self.parameters.connect_timeout().or(usual);
        let connected = match timeout {
            Some(time) => {
                let connecting = pin!(PgConnection::connect_with(options));
                match select(connecting, pin!(Sleeper::default().sleep(time))).await {
                    Either::Left((connected, _)) => connected,
                    Either::Right(_) => {
                        return Ok(Err(NotTaken {
                            why: format!("no answer for {} s", time.as_secs()),
                            refused: Some(Refusal::NoAnswer),
                        }));
                    }
                }
            }
            None => PgConnection::connect_with(options).await,
        };
        let mut connection = match connected {
            Ok(connection) => connection,
            Err(error) if !several || is_final(&error) => return Err(Error::from(error)),
            Err(error) => {
                return Ok(Err(NotTaken {
                    why: DatabaseMessage::new(&error).message,
                    refused: Refusal::of(&error),
                }));
            }
        };
        if wanted == Wanted::Any {
            return Ok(Ok(connection));
        }
        let is = "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on'";
        let row = sqlx::query(is).fetch_one(&mut connection).await;
        let row = row.map_err(Error::from)?;
        let standby: bool = row.try_get(0).map_err(Error::from)?;
        let read_only: bool = row.try_get(1).map_err(Error::from)?;
        if wanted.is_met(standby, read_only) {
            return Ok(Ok(connection));
        }
        if let Err(error) = connection.close().await {
            tracing::debug!(%error, "the connection to a rejected server was closed already");
        }
        let why = match (standby, read_only) {
            (true, _) => "it is a standby",
            (false, true) => "its sessions are read-only",
            (false, false) => "it is a primary, and can be written to",
        };
        Ok(Err(NotTaken {
            why: why.to_owned(),
            refused: None,
        }))
    }
}

/// A server that was reached and refuses: only one that is starting or stopping lets libpq go on
/// (`cannot_connect_now`).
fn is_final(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some() && Refusal::of(error) != Some(Refusal::NotReady)
}

/// Why a server was not taken.
struct NotTaken {
    why: String,
    refused: Option<Refusal>,
}
