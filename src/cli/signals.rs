//! Ctrl-C, SIGTERM and SIGHUP: the first asks to stop after the current block, the second to stop at once,
//! the third ends the process without another word.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How urgently the user wants to stop; shared with the signal handlers.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicUsize>);

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
                        if asked.0.fetch_add(1, Ordering::SeqCst) >= 2 {
                            signal_hook::low_level::exit(128 + signal);
                        }
                    }
                });
            }
        }
        stop
    }

    /// True when the user wants to stop after the current block.
    pub fn soon(&self) -> bool {
        self.0.load(Ordering::SeqCst) >= 1
    }

    /// True when the user wants to stop at once.
    pub fn now(&self) -> bool {
        self.0.load(Ordering::SeqCst) >= 2
    }

    /// For callbacks that may break off.
    pub fn flow(&self) -> ControlFlow<()> {
        if self.soon() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Takes the wish back: a new job begins.
    pub fn reset(&self) {
        self.0.store(0, Ordering::SeqCst);
    }

    /// Asks once, as a signal does.
    pub fn ask(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
