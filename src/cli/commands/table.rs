//! The table of commands: each verb's name, arguments and function, said once.

use super::super::exit::Outcome;
use super::super::session::Session;
use clap::Subcommand;

macro_rules! commands {
    ($($(#[doc = $doc:literal])* $(#[cfg($built:meta)])? $variant:ident($module:ident) = $name:literal,)*) => {
        /// What to do.
        #[derive(Debug, Subcommand)]
        pub enum Command {
            $($(#[doc = $doc])* $(#[cfg($built)])? #[command(name = $name)] $variant(super::$module::Args),)*
        }

        impl Command {
            /// The verb, as typed.
            pub fn name(&self) -> &'static str {
                match self {
                    $($(#[cfg($built)])? Command::$variant(_) => $name,)*
                }
            }
        }

        /// Runs a command.
        ///
        /// # Errors
        /// What the command failed with, and the exit code it means.
        pub fn run(command: Command, session: &Session) -> Outcome {
            match command {
                $($(#[cfg($built)])? Command::$variant(args) => super::$module::run(args, session),)*
            }
        }
    };
}

commands! {
    /// List the programmers plugged in, and what is wrong when one cannot be opened
    List(list) = "list",
    /// Identify the chip and show its size, protection, unique id, security registers
    Probe(probe) = "probe",
    /// One glance: chip, protection, contact, contents, open job, last backup
    Status(status) = "status",
    /// The security registers (OTP): show them, dump them into files
    Otp(otp) = "otp",
    /// The write protection: show it, set it to a range, clear it
    Protect(protect) = "protect",
    /// Test whether the clip's contact is good, by reading alone
    Contact(contact) = "contact",
    /// Read the chip, or a part of it, into a file; only if several passes agree
    Read(read) = "read",
    /// Compare the chip, or a part of it, with a file; every range that differs is listed
    Verify(verify) = "verify",
    /// Is the chip, or a part of it, blank?
    BlankCheck(blank_check) = "blank-check",
    /// Read everything twice and keep it in the store
    Backup(backup) = "backup",
    /// The one pass: back up, splice, show the plan, write what differs, verify
    Rewrite(rewrite) = "rewrite",
    /// Write a file: backup first, then only what differs
    Write(write) = "write",
    /// Change a few bytes: backup first, then as write
    Patch(patch) = "patch",
    /// Make a part of the chip, or all of it, blank; backup first
    Erase(erase) = "erase",
    /// Put a backup back onto the chip it came from
    Restore(restore) = "restore",
    /// Full-screen wizard: back up, choose, write, verify
    Guide(guide) = "guide",
    /// Finish, or undo, what an earlier run left partly written
    Resume(resume) = "resume",
    /// The one pass on an emulated board, with nothing attached
    Demo(demo) = "demo",
    /// Show what a file contains: dump, vendor download, sysupgrade; with every check
    Inspect(inspect) = "inspect",
    /// Take an update file or archive apart: every part with its place, into files
    Extract(extract) = "extract",
    /// Put an image together from files: own dump, donors, a source for each region
    Splice(splice) = "splice",
    /// Hand a board the file that its loader's rescue asks for
    Tftp(tftp) = "tftp",
    /// Where two files, backups or the live chip differ, by region
    Diff(diff) = "diff",
    /// Bytes of a file, a backup or the live chip, with the names of their regions
    Hexdump(hexdump) = "hexdump",
    /// The flash drawn cell by cell, in the terminal or as a picture
    Map(map) = "map",
    /// A backup or a job as one page to look at and to keep
    Report(report) = "report",
    /// The boards that are known, or everything known of one
    Boards(boards) = "boards",
    /// The map of a flash: of a board, or from a file
    Layout(layout) = "layout",
    /// The chips in the table of known parts
    Chips(chips) = "chips",
    /// The backups in the store: list, show, verify, import, export, remove
    Backups(backups) = "backups",
    /// Writes that were begun and how they ended; abandon one
    Jobs(jobs) = "jobs",
    /// What is missing before work can begin, and what to type
    Setup(setup) = "setup",
    /// What the driver assumes of the programmer, proven or not; never writes
    Selftest(selftest) = "selftest",
    /// An emulated programmer with its chip as a USB device, for any program on this machine
    Emulate(emulate) = "emulate",
    /// Serve requests in JSON lines on standard input, for a program in front of this one
    Session(session) = "session",
    /// Everything by clicks: a page in the browser of this machine
    #[cfg(feature = "page")]
    Page(page) = "page",
    /// Translate a command line of flashrom into norsplice's commands, and run them
    Flashrom(flashrom) = "flashrom",
    /// Print the completion script for a shell
    Completions(completions) = "completions",
    /// Write the manual pages into a folder
    Man(man) = "man",
}
