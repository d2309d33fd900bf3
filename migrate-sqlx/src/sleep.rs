//! Waiting, whichever runtime the application has.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

/// Waits on a thread of its own; for the rare case of another migrator at work.
pub(crate) async fn pause(time: Duration) {
    let shared = Arc::new(Mutex::new((false, None::<Waker>)));
    let theirs = Arc::clone(&shared);
    std::thread::spawn(move || {
        std::thread::sleep(time);
        let mut shared = theirs.lock().unwrap_or_else(PoisonError::into_inner);
        shared.0 = true;
        if let Some(waker) = shared.1.take() {
            waker.wake();
        }
    });
    poll_fn(|context| {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        match shared.0 {
            true => Poll::Ready(()),
            false => {
                shared.1 = Some(context.waker().clone());
                Poll::Pending
            }
        }
    })
    .await;
}
