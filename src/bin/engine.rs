//! The engine of the page: a session on standard input and output, for WebAssembly (WASI preview 1), without threads.
//!
//! The page's worker (`page/engine/worker.js`) gives it the store in `/store`, files of the user in `/files`, and the file
//! `/session/waiting`, which says how many lines wait at standard input, or `end`.

use norsplice::desk::Desk;
use norsplice::session::{Lines, Start, Waits, serve_lines};

fn main() -> std::process::ExitCode {
    let mut desk = Desk::default();
    desk.store_may_vanish = true;
    let start = Start { desk, store: "/store".into(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let lines = Lines::here(std::io::stdin().lock(), waits);
    match serve_lines(&lines, &mut std::io::stdout().lock(), &start) {
        true => std::process::ExitCode::SUCCESS,
        false => std::process::ExitCode::FAILURE,
    }
}

/// Whether a line waits. Under a host without that file it cannot be known, and a request is not cancelled.
fn waits() -> Waits {
    match std::fs::read_to_string("/session/waiting").as_deref().map(str::trim) {
        Ok("end") => Waits::Ended,
        Ok(count) if count.parse::<u64>().is_ok_and(|count| count > 0) => Waits::Line,
        _ => Waits::Nothing,
    }
}
