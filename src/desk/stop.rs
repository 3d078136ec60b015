//! The user's wish to stop, shared between threads: once after the current block, twice at once.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How urgently the user wants to stop. Clones share one wish.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// How often a stop was requested.
    requests: AtomicUsize,
    /// Something checks for requests, and has to be left in order.
    noted: AtomicBool,
}

impl Stop {
    /// From now on a request is only noted: there is something to be left in order.
    pub(crate) fn note_requests(&self) {
        self.0.noted.store(true, Ordering::SeqCst);
    }

    /// Number of requests, for a caller that reacts to them.
    fn requests(&self) -> usize {
        self.note_requests();
        self.0.requests.load(Ordering::SeqCst)
    }

    /// True when the user wants to stop after the current block.
    pub fn soon(&self) -> bool {
        self.requests() >= 1
    }

    /// True when the user wants to stop at once.
    pub fn now(&self) -> bool {
        self.requests() >= 2
    }

    /// The answer of a callback that may end its job.
    pub fn flow(&self) -> ControlFlow<()> {
        if self.soon() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Withdraws all requests: a new job begins.
    pub fn reset(&self) {
        self.0.requests.store(0, Ordering::SeqCst);
    }

    /// Withdraws all requests, and nothing is left to be put in order: the next request may end the process.
    pub fn rest(&self) {
        self.reset();
        self.0.noted.store(false, Ordering::SeqCst);
    }

    /// Requests a stop after the current block, however often it is said: a button may be pressed twice.
    pub(crate) fn request_soon(&self) {
        // Where one was requested already, that one holds.
        let _ = self.0.requests.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Requests a stop once more. True when nothing will act on it: nothing reacts to requests, or this is the third. The
    /// process may end then.
    pub fn request(&self) -> bool {
        let before = self.0.requests.fetch_add(1, Ordering::SeqCst);
        before >= 2 || !self.0.noted.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_ends_the_process_only_where_nothing_acts_on_it() {
        let stop = Stop::default();
        assert!(stop.request(), "nothing heeds it yet");
        stop.reset();
        stop.note_requests();
        assert!(!stop.request() && stop.soon() && !stop.now() && stop.flow().is_break());
        assert!(!stop.request() && stop.now());
        assert!(stop.request(), "the third ends it");
        stop.reset();
        assert!(!stop.soon());
        stop.request_soon();
        stop.request_soon();
        assert!(stop.soon() && !stop.now(), "a wish that is said twice is one");
        stop.reset();
        stop.rest();
        assert!(stop.request(), "nothing is left to be put in order");
    }
}
