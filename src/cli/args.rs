//! The arguments as clap reads them: the options of every command, and the command.

use super::commands::Command;
use super::global::GlobalArgs;
use clap::Parser;

/// Backs up, splices and rewrites SPI NOR flash chips through a CH341A, CH347 or FT2232H clip, in one pass.
#[derive(Debug, Parser)]
#[command(name = "norsplice", version, max_term_width = 100, subcommand_value_name = "COMMAND")]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}
