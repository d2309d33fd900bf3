//! Waiting for a database, and being interrupted meanwhile.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::error::CommandError;

/// Whether somebody has asked the work to end, and who looks out for it.
#[derive(Debug, Default)]
pub(crate) struct Interrupt {
    wanted: Notify,
    heard: AtomicBool,
}

impl Interrupt {
    /// Is ready when the work is to end; from the first look on, a first signal ends nothing by
    /// itself.
    pub(crate) async fn wanted(&self) {
        self.heard.store(true, Ordering::Relaxed);
        self.wanted.notified().await;
    }
}

/// Works until it is done. Ctrl-C and SIGTERM ask whoever looks out for it to end; a second one,
/// or the first where nobody does, ends it at once. Calls `tick` now and then meanwhile, with
/// whether it was asked just now.
pub(crate) fn block_on<T>(
    work: impl Future<Output = Result<T, CommandError>>,
    interrupt: &Interrupt,
    mut tick: impl FnMut(bool),
) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut work = std::pin::pin!(work);
        let mut signals = Signals::listen()?;
        let mut interval = tokio::time::interval(Duration::from_millis(100));
        let mut asked = false;
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = signals.next() => {
                    if asked || !interrupt.heard.load(Ordering::Relaxed) {
                        return Err(CommandError::interrupted("interrupted")
                            .help("what was finished before stays; `cargo migrate status` shows where the database is"));
                    }
                    asked = true;
                    tick(true);
                    interrupt.wanted.notify_one();
                }
                _ = interval.tick() => tick(false),
            }
        }
    })
}

/// [`block_on`] for what only reads.
pub(crate) fn wait<T>(
    work: impl Future<Output = Result<T, CommandError>>,
) -> Result<T, CommandError> {
    block_on(work, &Interrupt::default(), |_| {})
}

/// What asks a process to end.
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
