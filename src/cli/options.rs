//! Checked options: what the words on the command line mean, found out before any programmer is opened.

use super::global::GlobalArgs;
use super::output::Verbosity;
use crate::units::parse_size;
use clap::Args;
use std::path::{Path, PathBuf};

/// What holds for every command.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `-p`, as written.
    pub programmer: Option<String>,
    /// Further `-p`, for `--every-programmer`.
    pub more_programmers: Vec<String>,
    /// `--store`.
    pub store: Option<PathBuf>,
    /// `--json`.
    pub json: bool,
    /// `--yes`.
    pub yes: bool,
    /// `--dry-run`.
    pub dry_run: bool,
    /// `--force`.
    pub force: bool,
    /// `--allow`.
    pub allow: Vec<String>,
    /// `--wait`.
    pub wait: bool,
    /// `--voltage-adapter`.
    pub voltage_adapter: bool,
    /// `--part`.
    pub part: Option<String>,
    /// `--size`.
    pub size: Option<u64>,
}

impl Options {
    /// The options, and how much to say. What the environment says in place of one counts where it is not given: clap itself
    /// would show such an option in every usage line, as if it were needed. An empty variable counts as none.
    pub fn check(args: GlobalArgs) -> (Self, Verbosity) {
        let verbosity = match (args.quiet, args.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, 1..) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        let named = if args.programmer.is_empty() {
            std::env::var("NORSPLICE_PROGRAMMER").into_iter().collect()
        } else {
            args.programmer
        };
        let mut programmers = named.into_iter().filter(|text| !text.is_empty());
        let options = Self {
            programmer: programmers.next(),
            more_programmers: programmers.collect(),
            store: args
                .store
                .or_else(|| std::env::var_os("NORSPLICE_STORE").map(PathBuf::from))
                .filter(|dir| !dir.as_os_str().is_empty()),
            json: args.json,
            yes: args.yes,
            dry_run: args.dry_run,
            force: args.force,
            allow: args.allow,
            wait: args.wait,
            voltage_adapter: args.voltage_adapter,
            part: args.part,
            size: args.size,
        };
        (options, verbosity)
    }
}

/// A number of bytes for clap.
pub fn bytes(text: &str) -> Result<u64, String> {
    parse_size(text)
}

/// Which part of the chip: by region, or by numbers.
#[derive(Clone, Debug, Default, Args)]
pub struct PlaceArgs {
    /// A region by name, of the board or layout named below, or of what the chip or file itself says
    #[arg(long, value_name = "REGION", conflicts_with = "at", add = super::completion::regions())]
    pub region: Option<String>,

    /// First address: 0x20000, 131072 or 128K
    #[arg(long, value_name = "ADDRESS", value_parser = bytes)]
    pub at: Option<u64>,

    /// Number of bytes, from the address, the start of the region, or 0
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub len: Option<u64>,

    /// The map that names the regions.
    #[command(flatten)]
    pub map: MapArgs,
}

/// Which map of the flash names its regions.
#[derive(Clone, Debug, Default, Args)]
pub struct MapArgs {
    /// The board whose regions are meant ("norsplice boards" lists them); auto is the one that the contents name
    #[arg(long, value_name = "BOARD", conflicts_with = "layout", add = super::completion::boards())]
    pub board: Option<String>,

    /// Layout file: TOML, mtdparts, boot log, flashrom layout, FMAP, Intel descriptor (laptop BIOS), or a dump; chip is
    /// the map on the chip itself
    #[arg(long, value_name = "FILE")]
    pub layout: Option<PathBuf>,
}

impl MapArgs {
    /// The files that are read for this.
    pub fn files(&self) -> Vec<&Path> {
        self.layout.as_deref().into_iter().collect()
    }
}
