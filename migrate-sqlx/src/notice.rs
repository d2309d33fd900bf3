//! Notices and warnings of a database while a revision runs.
//!
//! MySQL and MariaDB answer `SHOW WARNINGS`. PostgreSQL sends its notices by themselves, and sqlx
//! hands them to `tracing` only, as events of the target [`TARGET`]; so a subscriber of ours wraps
//! the application's while the connection is polled, takes a copy, and passes everything on.

use std::cell::RefCell;
use std::fmt::{self, Debug, Write as _};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use migrate_core::Dialect;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Level, Metadata, Subscriber, dispatcher};

/// The target under which sqlx logs PostgreSQL's notices.
const TARGET: &str = "sqlx::postgres::notice";

/// The severity of a database's message, lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// PostgreSQL's DEBUG, which it sends if `client_min_messages` asks for it.
    Debug,
    /// PostgreSQL's INFO and LOG.
    Info,
    /// PostgreSQL's NOTICE, and the Note of MySQL and MariaDB.
    Notice,
    /// A warning.
    Warning,
}

impl Severity {
    /// Returns its name in lower case: `debug`, `info`, `notice`, `warning`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A message of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) severity: Severity,
    /// The number of MySQL and MariaDB; sqlx keeps PostgreSQL's SQLSTATE to itself.
    pub(crate) code: Option<String>,
    pub(crate) message: String,
}

type Said = Arc<Mutex<Vec<Notice>>>;

thread_local! {
    /// Receives the messages while this thread polls a revision.
    static LISTENER: RefCell<Option<Said>> = const { RefCell::new(None) };
}

/// Publishes a message of the database; ignored without a listener.
pub(crate) fn publish(notice: Notice) {
    LISTENER.with_borrow(|listener| {
        if let Some(said) = listener {
            said.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(notice);
        }
    });
}

/// Runs `work` with another listener.
fn listening<T>(said: Option<Said>, work: impl FnOnce() -> T) -> T {
    /// Restores the former listener, also in a panic.
    struct Before(Option<Said>);
    impl Drop for Before {
        fn drop(&mut self) {
            LISTENER.set(self.0.take());
        }
    }
    let _before = Before(LISTENER.replace(said));
    work()
}

/// Runs `work` without a listener.
pub(crate) async fn muted<T>(work: impl Future<Output = T> + Send) -> T {
    let mut work = pin!(work);
    poll_fn(|context| listening(None, || work.as_mut().poll(context))).await
}

/// Listens to a database.
pub(crate) struct Notices {
    said: Said,
    /// Only PostgreSQL needs it.
    dispatch: Option<Dispatch>,
}

impl Notices {
    /// Listens if the caller wants notices.
    pub(crate) fn new(dialect: Dialect, wanted: bool) -> Self {
        let said = Said::default();
        let dispatch = (wanted && dialect == Dialect::Postgres && can_stand_between())
            .then(|| dispatcher::get_default(|it| Dispatch::new(Between(it.clone()))));
        Self { said, dispatch }
    }

    /// Runs `work`, and reports the database's messages as they arrive.
    pub(crate) async fn during<T>(
        &self,
        work: impl Future<Output = T> + Send,
        mut report: impl FnMut(Notice) + Send,
    ) -> T {
        let mut work = pin!(work);
        poll_fn(|context| {
            let mut poll =
                || listening(Some(Arc::clone(&self.said)), || work.as_mut().poll(context));
            let polled: Poll<T> = match &self.dispatch {
                Some(dispatch) => dispatcher::with_default(dispatch, &mut poll),
                None => poll(),
            };
            let said =
                std::mem::take(&mut *self.said.lock().unwrap_or_else(PoisonError::into_inner));
            said.into_iter().for_each(&mut report);
            polled
        })
        .await
    }
}

impl Drop for Notices {
    /// Resets the interest that `tracing` has cached.
    fn drop(&mut self) {
        if self.dispatch.take().is_some() {
            tracing::callsite::rebuild_interest_cache();
        }
    }
}

/// Whether a subscriber of ours takes nothing from anybody. Once there was one in a process,
/// `tracing` no longer writes to `log`; an application that only has a logger of `log` would lose
/// what all its libraries say there. It finds PostgreSQL's notices in its log, as before.
fn can_stand_between() -> bool {
    dispatcher::has_been_set() || log::max_level() == log::LevelFilter::Off
}

/// The application's own subscriber, which we listen in on.
struct Between(Dispatch);

impl Subscriber for Between {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match metadata.target() {
            TARGET => Interest::sometimes(),
            _ => self.0.register_callsite(metadata),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET || self.0.enabled(metadata)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.0.new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.0.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.0.record_follows_from(span, follows);
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        if metadata.target() == TARGET {
            let mut message = Message::default();
            event.record(&mut message);
            publish(Notice {
                severity: severity(*metadata.level()),
                code: None,
                message: message.0,
            });
            // Ours was the wish to have it.
            if !self.0.enabled(metadata) {
                return;
            }
        }
        self.0.event(event);
    }

    fn enter(&self, span: &Id) {
        self.0.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.0.exit(span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.0.clone_span(span)
    }

    fn try_close(&self, span: Id) -> bool {
        self.0.try_close(span)
    }

    fn current_span(&self) -> tracing_core::span::Current {
        self.0.current_span()
    }
}

/// The severity that sqlx gave a level: see `PgStream::recv` there.
const fn severity(level: Level) -> Severity {
    match level {
        Level::ERROR | Level::WARN => Severity::Warning,
        Level::INFO => Severity::Notice,
        Level::DEBUG => Severity::Debug,
        Level::TRACE => Severity::Info,
    }
}

/// The message of an event.
#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let _infallible = write!(self.0, "{value:?}");
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.0.push_str(value);
        }
    }
}
