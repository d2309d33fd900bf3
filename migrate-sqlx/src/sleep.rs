//! Waiting, whichever runtime the application has.

use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// Waits as often as a loop needs to, on one thread: it is started with the first wait and ends when
/// this is dropped.
#[derive(Default)]
pub(crate) struct Sleeper {
    shared: Option<Arc<Shared>>,
}

#[derive(Default)]
struct Shared {
    alarm: Mutex<Alarm>,
    changed: Condvar,
}

#[derive(Default)]
struct Alarm {
    next: Option<(Instant, Waker)>,
    is_over: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Alarm> {
        self.alarm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        let mut alarm = self.lock();
        while !alarm.is_over {
            let next = alarm.next.as_ref();
            let left = next.map(|(at, _)| at.saturating_duration_since(Instant::now()));
            alarm = match left {
                None => self
                    .changed
                    .wait(alarm)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => {
                    let next = alarm.next.take();
                    drop(alarm);
                    if let Some((_, waker)) = next {
                        waker.wake();
                    }
                    self.lock()
                }
                Some(left) => {
                    let waited = self.changed.wait_timeout(alarm, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl Sleeper {
    /// Waits this long.
    pub(crate) async fn sleep(&mut self, time: Duration) {
        let until = Instant::now() + time;
        let shared = self.shared.get_or_insert_with(|| {
            let shared = Arc::<Shared>::default();
            let theirs = Arc::clone(&shared);
            std::thread::spawn(move || theirs.ring());
            shared
        });
        poll_fn(|context| {
            if Instant::now() >= until {
                return Poll::Ready(());
            }
            shared.lock().next = Some((until, context.waker().clone()));
            shared.changed.notify_one();
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.lock().is_over = true;
            shared.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_waits_as_often_as_it_is_asked() {
        let mut sleeper = Sleeper::default();
        let began = Instant::now();
        for _ in 0..3 {
            sleeper.sleep(Duration::from_millis(2)).await;
        }
        assert!(began.elapsed() >= Duration::from_millis(6));
    }
}
