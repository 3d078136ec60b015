//! Arguments, options, progress, what is printed, exit codes: the only layer that talks to the user.

use std::process::ExitCode;

/// Runs the program with the process's arguments and gives its exit code.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
