//! Ctrl-C, SIGTERM and SIGHUP as requests to stop: the first after the current block, the second at once, the third ends
//! the process. So does the first where nothing handles it: a command on files alone has nothing to put in order, because
//! every file that it writes appears whole or not at all.

use crate::desk::Stop;

/// Listens to the signals. Where that fails, the first signal ends the process as usual.
pub fn listen() -> Stop {
    let stop = Stop::default();
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
        // Caught, a file size limit is an error of the write, as a full disk is, and does not end the process.
        let _ = signal_hook::flag::register(SIGXFSZ, std::sync::Arc::default());
        if let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP]) {
            let requested = stop.clone();
            std::thread::spawn(move || {
                for signal in signals.forever() {
                    if requested.request() {
                        signal_hook::low_level::exit(128 + signal);
                    }
                }
            });
        }
    }
    stop
}
