//! Ctrl-C, SIGTERM and SIGHUP: the first asks to stop after the current block, the second to stop at once,
//! the third ends the process without another word. So does the first where nobody looks for it: a command on files
//! alone has nothing to put in order, every file it writes appears whole or not at all.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How urgently the user wants to stop; shared with the signal handlers.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Wish>);

#[derive(Debug, Default)]
struct Wish {
    /// How often it was asked for.
    asked: AtomicUsize,
    /// Somebody looks whether it is.
    heeded: AtomicBool,
}

impl Stop {
    /// Listens to the signals. Where that fails the program just ends on the first, as any other.
    pub fn listen() -> Self {
        let stop = Self::default();
        #[cfg(unix)]
        {
            use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
            // Caught, a file size limit is an error of the write, as a full disk is, and not the end of the process.
            let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
            if let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]) {
                let asked = stop.clone();
                std::thread::spawn(move || {
                    for signal in signals.forever() {
                        let before = asked.0.asked.fetch_add(1, Ordering::SeqCst);
                        if before >= 2 || !asked.0.heeded.load(Ordering::SeqCst) {
                            signal_hook::low_level::exit(128 + signal);
                        }
                    }
                });
            }
        }
        stop
    }

    /// From now on a signal is only noted: there is something to be left in order.
    pub fn heed(&self) {
        self.0.heeded.store(true, Ordering::SeqCst);
    }

    /// How often it was asked for, by somebody who heeds it.
    fn asked(&self) -> usize {
        self.heed();
        self.0.asked.load(Ordering::SeqCst)
    }

    /// True when the user wants to stop after the current block.
    pub fn soon(&self) -> bool {
        self.asked() >= 1
    }

    /// True when the user wants to stop at once.
    pub fn now(&self) -> bool {
        self.asked() >= 2
    }

    /// For callbacks that may break off.
    pub fn flow(&self) -> ControlFlow<()> {
        if self.soon() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Takes the wish back: a new job begins.
    pub fn reset(&self) {
        self.0.asked.store(0, Ordering::SeqCst);
    }

    /// Asks once, as a signal does.
    pub fn ask(&self) {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
    }
}
