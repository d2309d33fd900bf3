//! The lifetime of scratch databases: they are dropped when their work is over, whatever its
//! outcome.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use migrate_sqlx::Refusal;
use tokio::sync::Mutex;

use super::confine::User;
use super::name::{PREFIX, made_at, name, random};
use crate::database::server::{Making, OtherSessions, Server};
use crate::database::target::Chosen;
use crate::output::error::CommandError;
use crate::output::failure::Failure;

/// A scratch database that nobody uses is dropped by the next command when it is this old, in
/// seconds of the server's clock. A command that is about to connect to its own is far younger.
pub(crate) const STALE: u64 = 60 * 60;

tokio::task_local! {
    static LEASES: Leases;
}

/// The scratch databases that a command has made and not dropped yet.
#[derive(Clone, Default)]
pub(crate) struct Leases {
    held: Rc<RefCell<Vec<Rc<Lease>>>>,
    swept: Rc<Cell<bool>>,
}

/// One of them.
pub(super) struct Lease {
    server: Chosen,
    name: String,
    /// Locked while the database is being created, which is never interrupted.
    held: Arc<Mutex<Held>>,
}

/// What belongs to a database on the server.
#[derive(Default)]
struct Held {
    /// Its session says on MySQL that the database is in use.
    keeper: Option<Server>,
    user: Option<User>,
}

impl Leases {
    /// Runs the work of a command; what it leases can be released afterwards.
    pub(crate) async fn scope<F: Future>(&self, work: F) -> F::Output {
        LEASES.scope(self.clone(), work).await
    }

    fn current() -> Self {
        LEASES.with(Clone::clone)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.held.borrow().is_empty()
    }

    /// Returns what is still there, and how to drop it.
    pub(crate) fn left(&self) -> Option<String> {
        let held = self.held.borrow();
        let names: Vec<_> = held
            .iter()
            .map(|lease| format!("`DROP DATABASE {}`", lease.name))
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Drops all that is left, even while it is in use.
    pub(crate) async fn release(&self) -> Result<(), CommandError> {
        let held = self.held.borrow().clone();
        self.scope(async {
            for lease in held {
                lease.end(AtWork::Maybe).await?;
            }
            Ok(())
        })
        .await
    }
}

/// The server does not let us create one.
pub(super) fn refused(server: &Chosen, error: sqlx::Error) -> CommandError {
    let message = format!(
        "no scratch database can be created beside {}",
        server.shown()
    );
    let error = CommandError::new(Failure::Scratch, message).because(error);
    if server.is_thrown_away() {
        return error.help("the installed server lacks something that the real one has, such as a locale: install it, or name another server with `scratch-url` of the environment");
    }
    error.help("let its user create databases, or name another server in migrate.toml: `scratch-url` of the environment")
}

/// Whether a statement may still be running in a database to drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtWork {
    Maybe,
    No,
}

impl Lease {
    /// Creates a database with the properties of another one, and drops old ones that nobody uses.
    pub(super) async fn make(
        server: &Chosen,
        making: Making,
        mut connection: Server,
    ) -> Result<Rc<Self>, CommandError> {
        let failed = |error| refused(server, error);
        let leases = Leases::current();
        let now = connection.clock().await.map_err(failed)?;
        if !leases.swept.replace(true) {
            sweep(&mut connection, now).await.map_err(failed)?;
        }
        let name = name(now, u32::from_ne_bytes(random()?));
        let user = match server.is_thrown_away() {
            true => None,
            false => User::of(&connection, &name)?,
        };
        let lease = Rc::new(Self {
            server: server.clone(),
            name: name.clone(),
            held: Arc::default(),
        });
        let mut held = Arc::clone(&lease.held).lock_owned().await;
        leases.held.borrow_mut().push(Rc::clone(&lease));
        // It continues even if nobody waits for it, so what was begun on the server is known.
        let made = tokio::spawn(async move {
            connection.create(&name, &making).await?;
            held.user = match user {
                Some(user) => user.make(&mut connection, &name).await?,
                None => None,
            };
            held.keeper = connection.keep(&name).await?;
            Ok(())
        });
        match made.await.expect("creating a database does not panic") {
            Ok(()) => Ok(lease),
            // If the connection broke, it is unknown whether it was created.
            Err(error) => Err(failed(error)),
        }
    }

    /// Returns where it is, as the user who works in it.
    pub(super) async fn chosen(&self) -> Chosen {
        self.chosen_as(self.held.lock().await.user.as_ref())
    }

    fn chosen_as(&self, user: Option<&User>) -> Chosen {
        super::in_database(&self.server, &self.name, user)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns true if its whole server is temporary.
    pub(super) const fn is_thrown_away(&self) -> bool {
        self.server.is_thrown_away()
    }

    /// Returns true if its user has no rights elsewhere.
    pub(super) async fn is_confined(&self) -> bool {
        self.held.lock().await.user.is_some()
    }

    /// Stops using its own user, whom the server does not let in.
    pub(super) async fn open(&self) -> Result<(), sqlx::Error> {
        let mut held = self.held.lock().await;
        let Held { keeper, user } = &mut *held;
        match (keeper, user.take()) {
            (Some(server), Some(user)) => user.drop(server).await,
            _ => Ok(()),
        }
    }

    /// Lets its user create triggers and functions, if the server's binary log prevents it.
    pub(super) async fn allow_programs(&self) -> Result<(), sqlx::Error> {
        let mut held = self.held.lock().await;
        match &mut *held {
            Held {
                keeper: Some(server),
                user: Some(user),
            } => user.allow_programs(server).await,
            _ => Ok(()),
        }
    }

    /// Drops the database, in which nothing runs any more.
    pub(super) async fn release(&self) -> Result<(), CommandError> {
        self.end(AtWork::No).await
    }

    async fn end(&self, at_work: AtWork) -> Result<(), CommandError> {
        let failed = |error: sqlx::Error| {
            CommandError::new(
                Failure::Scratch,
                format!(
                    "the scratch database `{}` on {} could not be dropped",
                    self.name,
                    self.server.shown()
                ),
            )
            .because(error)
            .help(format!("drop it yourself: `DROP DATABASE {}`", self.name))
        };
        let mut held = self.held.lock().await;
        if at_work == AtWork::Maybe {
            let inside = self.chosen_as(held.user.as_ref()).parsed()?;
            super::confine::end_sessions(&inside, &self.name)
                .await
                .map_err(failed)?;
        }
        let (mut server, _) = self.server.server().await?;
        if let Some(user) = &held.user {
            user.drop(&mut server).await.map_err(failed)?;
        }
        server
            .drop(&self.name, OtherSessions::Terminate)
            .await
            .map_err(failed)?;
        if let Server::Postgres(connection) = &mut server {
            super::replay::drop_roles(connection)
                .await
                .map_err(failed)?;
        }
        *held = Held::default();
        self.forget();
        Ok(())
    }

    /// It does not exist, or no longer.
    fn forget(&self) {
        let leases = Leases::current();
        leases
            .held
            .borrow_mut()
            .retain(|lease| lease.name != self.name);
    }
}

/// Drops the scratch databases of commands that were killed.
/// One that is in use is never dropped: a session is in it, or on MySQL a session has the lock of
/// its name. It is young while it has none yet.
async fn sweep(server: &mut Server, now: u64) -> Result<(), sqlx::Error> {
    for name in server.unused(PREFIX).await? {
        let Some(made) = made_at(&name) else {
            continue;
        };
        if made.saturating_add(STALE) <= now {
            User::drop_of(server, &name).await.or_else(others)?;
            server
                .drop(&name, OtherSessions::Keep)
                .await
                .or_else(others)?;
        }
    }
    Ok(())
}

/// Errors are ignored: somebody else may be dropping it, use it, or be the only one with the right
/// to drop it.
fn others(error: sqlx::Error) -> Result<(), sqlx::Error> {
    match Refusal::of(&error) {
        Some(
            Refusal::InUse
            | Refusal::UnknownDatabase
            | Refusal::Denied
            | Refusal::DatabaseDenied
            | Refusal::CannotUser
            | Refusal::LockNotAvailable,
        ) => Ok(()),
        _ => Err(error),
    }
}
