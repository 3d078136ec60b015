//! Checked options: what the words on the command line mean, found out before any programmer is opened.

use super::args::GlobalArgs;
use super::exit::Failure;
use super::output::Verbosity;
use crate::span::Span;
use crate::units::parse_size;
use clap::Args;
use std::path::PathBuf;

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
    /// The options, and how much to say. An empty environment variable counts as none.
    pub fn check(args: GlobalArgs) -> (Self, Verbosity) {
        let verbosity = match (args.quiet, args.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        };
        let mut programmers = args.programmer.into_iter().filter(|text| !text.is_empty());
        let options = Self {
            programmer: programmers.next(),
            more_programmers: programmers.collect(),
            store: args.store.filter(|dir| !dir.as_os_str().is_empty()),
            json: args.json,
            yes: args.yes,
            dry_run: args.dry_run,
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
    /// A region of the board or layout, by name
    #[arg(long, value_name = "REGION", conflicts_with_all = ["at", "len"])]
    pub region: Option<String>,

    /// First address: 0x20000, 131072 or 128K
    #[arg(long, value_name = "ADDRESS", value_parser = bytes)]
    pub at: Option<u64>,

    /// Number of bytes
    #[arg(long, value_name = "BYTES", value_parser = bytes, requires = "at")]
    pub len: Option<u64>,

    /// The map that names the regions.
    #[command(flatten)]
    pub map: MapArgs,
}

/// Which map of the flash names its regions.
#[derive(Clone, Debug, Default, Args)]
pub struct MapArgs {
    /// The board whose regions are meant ("norsplice boards" lists them)
    #[arg(long, value_name = "BOARD", conflicts_with = "layout")]
    pub board: Option<String>,

    /// A file that holds the map of the flash: TOML, mtdparts, boot log, flashrom layout, FMAP, dump
    #[arg(long, value_name = "FILE")]
    pub layout: Option<PathBuf>,
}

/// The part of the chip that a command works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// All of it.
    Whole,
    /// A region of a layout.
    Region {
        /// Its name.
        name: String,
        /// Where it lies.
        span: Span,
    },
    /// From an address, for so many bytes if said.
    At(u64, Option<u64>),
}

impl Place {
    /// The bytes of a chip of `size` bytes that are meant, `given` being the length of the file where there is one.
    ///
    /// # Errors
    /// Exit code 2 where they reach past the chip's end.
    pub fn span(&self, size: u64, given: Option<u64>) -> Result<Span, Failure> {
        let span = match self {
            Place::Whole => Some(Span::new(0, size)),
            Place::Region { span, .. } => Some(*span),
            Place::At(at, len) => {
                Span::at(*at, len.or(given).unwrap_or(size.saturating_sub(*at))).filter(|s| !s.is_empty())
            }
        };
        span.filter(|s| s.end <= size).ok_or_else(|| {
            Failure::refused(format!(
                "{self} reaches past the end of the chip, which has {size:#x} bytes ({})",
                crate::units::size(size)
            ))
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::Whole => f.write_str("the whole chip"),
            Place::Region { name, span } => write!(f, "{name} ({span})"),
            Place::At(at, Some(len)) => write!(f, "{len:#x} bytes at {at:#x}"),
            Place::At(at, None) => write!(f, "what lies at {at:#x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_stays_inside_the_chip() {
        assert_eq!(Place::Whole.span(0x100, None).ok(), Some(Span::new(0, 0x100)));
        assert_eq!(Place::At(0x10, None).span(0x100, None).ok(), Some(Span::new(0x10, 0x100)));
        assert_eq!(Place::At(0x10, None).span(0x100, Some(4)).ok(), Some(Span::new(0x10, 0x14)));
        for place in [Place::At(0x100, None), Place::At(0xf0, Some(0x11)), Place::At(u64::MAX, Some(2))] {
            assert!(place.span(0x100, None).is_err(), "{place}");
        }
    }
}
