//! The arguments of `otp`.

use super::super::super::exit::Outcome;
use super::super::super::session::Session;
use super::on_chip::{of_chip, registers};
use super::{change, diff, show};
use clap::Subcommand;
use std::path::PathBuf;

/// `otp ...`
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the security registers: hex and text, blank or not, locked or not
    Show,
    /// Write each register to a file of its own: security-register-1.bin and so on
    Dump {
        /// The folder; made when missing
        dir: PathBuf,
    },
    /// Compare the registers of two backups, dumps, or the chip
    Diff {
        /// A backup's id, a folder of a dump, or "chip"
        #[arg(add = super::super::super::completion::subjects())]
        a: String,
        /// The other
        #[arg(add = super::super::super::completion::subjects())]
        b: String,
    },
    /// Program a register from a file
    Program {
        /// The register's number
        register: u8,
        /// Its bytes, from the start; at most its size
        file: PathBuf,
    },
    /// Erase a register
    Erase {
        /// The register's number
        register: u8,
    },
    /// Lock a register FOREVER; asks for a phrase, and no option answers it
    Lock {
        /// The register's number
        register: u8,
    },
    /// Put a backup's registers onto the chip on the clip: for a new chip in place of the old one
    Clone {
        /// The backup: its id, or the beginning of it
        #[arg(add = super::super::super::completion::backups())]
        backup: String,
    },
}

/// Runs `otp`.
pub fn run(args: Args, session: &Session) -> Outcome {
    match args.verb {
        Verb::Show => show::show(session, &of_chip(session)?.registers),
        Verb::Dump { dir } => {
            let registers = registers(session)?;
            show::dump(session, &registers, &dir)
        }
        Verb::Diff { a, b } => diff::run(session, &a, &b),
        Verb::Program { register, file } => change::program(session, register, &file),
        Verb::Erase { register } => change::erase(session, register),
        Verb::Lock { register } => change::lock(session, register),
        Verb::Clone { backup } => change::clone(session, &backup),
    }
}
