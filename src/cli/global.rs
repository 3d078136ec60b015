//! The options of every command as clap reads them; `options` checks what they mean.

use clap::{ArgAction, Args, ValueEnum};
use std::path::PathBuf;

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Always.
    Always,
    /// Never.
    Never,
    /// On a terminal.
    #[default]
    Auto,
}

/// Options of every command.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Options for every command")]
pub struct GlobalArgs {
    /// Which programmer ("norsplice --help" lists them); without it, the only one plugged in. Repeatable
    /// with --every-programmer [env: NORSPLICE_PROGRAMMER]
    #[arg(short, long, value_name = "SPEC", global = true)]
    #[arg(add = super::completion::programmers())]
    pub programmer: Vec<String>,

    /// Where backups and unfinished jobs are kept [default: in the user's data directory] [env:
    /// NORSPLICE_STORE]
    #[arg(long, value_name = "DIR", global = true)]
    pub store: Option<PathBuf>,

    /// Print JSON lines on stdout, one event each; the last is the result
    #[arg(long, global = true)]
    pub json: bool,

    /// Answer the question before a write with yes (and nothing else)
    #[arg(short, long, global = true)]
    pub yes: bool,

    /// Read, back up and print the plan; neither erase nor write
    #[arg(short = 'n', long, global = true)]
    pub dry_run: bool,

    /// Replace output files that are there already; without it, that is refused, or asked in a terminal
    #[arg(long, global = true)]
    pub force: bool,

    /// Let the check NAME pass; messages name the check (repeatable, or "all")
    #[arg(long, value_name = "NAME", global = true, value_delimiter = ',', add = super::completion::allowed())]
    pub allow: Vec<String>,

    /// Wait until the chip answers reliably, then start, so that you can hold the clip
    #[arg(long, global = true)]
    pub wait: bool,

    /// A 1.8 V adapter is between programmer and chip
    #[arg(long, global = true)]
    pub voltage_adapter: bool,

    /// Read a chip that neither the table nor its SFDP knows as this part ("norsplice chips" lists them); it is
    /// never written to
    #[arg(long, value_name = "NAME", global = true, conflicts_with = "size", add = super::completion::part_names())]
    pub part: Option<String>,

    /// Read a chip that neither the table nor its SFDP knows as one of SIZE bytes (256K, 8M; 16M at most); it is
    /// never written to
    #[arg(long, value_name = "SIZE", global = true, value_parser = crate::units::parse_size)]
    pub size: Option<u64>,

    /// When to use colours; auto is on a terminal, unless NO_COLOR is set
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        global = true,
        hide_possible_values = true
    )]
    pub color: Color,

    /// Show how things are done
    #[arg(short, long, action = ArgAction::Count, global = true, conflicts_with = "quiet")]
    pub verbose: u8,

    /// Print results, warnings and errors only
    #[arg(short, long, action = ArgAction::SetTrue, global = true)]
    pub quiet: bool,
}
