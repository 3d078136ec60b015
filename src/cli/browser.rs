//! The user's browser, as the system opens it.

use std::ffi::OsStr;
use std::io;
use std::process::{Command, Stdio};

/// Opens a file or an address in the browser; does not wait for it.
///
/// # Errors
/// Where the system's program for it does not start; it is named.
pub fn open(what: impl AsRef<OsStr>) -> io::Result<()> {
    let program = match () {
        () if cfg!(target_os = "macos") => "open",
        () if cfg!(windows) => "explorer",
        () => "xdg-open",
    };
    let mut command = Command::new(program);
    command.arg(what).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().map(drop).map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))
}
