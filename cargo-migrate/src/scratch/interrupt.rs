//! Waits for a database, and handles interrupts meanwhile.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Poll;
use std::time::Duration;

use super::lifetime::Leases;
use crate::output::error::CommandError;
use crate::output::failure::Failure;
use crate::output::progress::{Interrupt, Progress};

/// Runs the work until it is done or has stopped because it was interrupted; shows its progress.
pub(crate) fn block_on<T>(
    progress: &Progress<'_>,
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    let done = drive(work, progress.interrupt(), |asked| match asked {
        true => progress.stopping(),
        false => progress.tick(),
    });
    progress.end();
    done.map_err(|error| error.notices(progress.notices()))
}

/// Runs work that only reads until it is done.
pub(crate) fn wait<T>(
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    drive(work, &Interrupt::default(), |_| {})
}

/// Runs the work until it is done. Ctrl-C and SIGTERM ask it to stop if it listens; a second one,
/// or the first if it does not, cancels it at once. Calls `tick` regularly, with whether a signal
/// has just arrived. The scratch databases of the work are dropped before this returns in any case;
/// one more signal leaves them and reports it.
fn drive<T>(
    work: impl Future<Output = Result<T, CommandError>>,
    interrupt: &Interrupt,
    mut tick: impl FnMut(bool),
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let leases = Leases::default();
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let ended = {
            let mut work = std::pin::pin!(leases.scope(caught(work)));
            let mut interval = tokio::time::interval(Duration::from_millis(100));
            let mut asked = false;
            loop {
                tokio::select! {
                    done = &mut work => break Ended::Done(done),
                    () = signals.next() => {
                        // Work in a scratch database can be cut off.
                        let cares = interrupt.is_heeded() && leases.is_empty();
                        if asked || !cares {
                            break Ended::Interrupted;
                        }
                        asked = true;
                        tick(true);
                        interrupt.ask();
                    }
                    _ = interval.tick() => tick(false),
                }
            }
        };
        let released = tokio::select! {
            released = leases.release() => released,
            () = signals.next() => Err(left(&leases)),
        };
        match ended {
            Ended::Done(Ok(Ok(done))) => released.map(|()| done),
            Ended::Done(Ok(Err(error))) => Err(match released {
                Err(interrupted) if interrupted.is(Failure::Interrupted) => interrupted,
                Err(left) => error.cause(left.in_a_line()),
                Ok(()) => error,
            }),
            Ended::Done(Err(panic)) => resume_unwind(panic),
            Ended::Interrupted => {
                released?;
                let error = CommandError::interrupted();
                Err(match interrupt.is_heeded() {
                    true => error.help("what was finished before stays; `cargo migrate status` shows where the database is"),
                    false => error,
                })
            }
        }
    })
}

/// The outcome of work.
enum Ended<T> {
    Done(std::thread::Result<Result<T, CommandError>>),
    Interrupted,
}

/// The same work, whose panic is a value.
async fn caught<T>(work: impl Future<Output = T>) -> std::thread::Result<T> {
    let mut work = std::pin::pin!(work);
    poll_fn(|context| {
        // It is not used after a panic.
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        match polled {
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// The error if the user did not wait for the scratch databases to be dropped.
fn left(leases: &Leases) -> CommandError {
    let error = CommandError::new(
        Failure::Interrupted,
        "interrupted again: a scratch database is left on the server",
    );
    match leases.left() {
        Some(statements) => error.help(format!(
            "drop it with {statements}; a command that creates one there an hour from now drops it as well"
        )),
        None => error,
    }
}

/// The signals that ask a process to stop.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
        })
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = self.terminate.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        let _either_way = tokio::signal::ctrl_c().await;
    }
}

#[cfg(test)]
mod tests {
    use super::wait;

    #[test]
    #[should_panic(expected = "on purpose")]
    fn a_panic_goes_on_after_what_is_left_was_released() {
        let _never = wait::<()>(async { panic!("on purpose") });
    }
}
