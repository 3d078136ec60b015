//! `read FILE`: the chip, or a part of it, into a file; only if several passes agree.

use super::super::events::Reporter;
use super::super::exit::{Exit, Failure, Outcome};
use super::super::options::PlaceArgs;
use super::super::session::Session;
use super::super::terminal::with_chip;
use super::layout::place;
use crate::desk::files::OutFile;
use crate::image::sha256;
use crate::units;
use crate::wire::{Fields, spans};
use crate::workflow::Cause;
use crate::workflow::reading::{ReadOptions, read};
use std::path::PathBuf;

/// `read FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write
    file: PathBuf,

    /// What to read.
    #[command(flatten)]
    place: PlaceArgs,

    /// How often to read; from 2 on, the file is only written if the passes agree
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100))]
    passes: u32,

    /// Keep what is sure where the rest cannot be settled, and list the rest
    #[arg(long)]
    salvage: bool,
}

/// Reads.
pub fn run(args: Args, session: &Session) -> Outcome {
    let place = place(&args.place)?;
    let mut file = OutFile::create(&args.file)?;
    let options = ReadOptions { passes: args.passes, salvage: args.salvage };
    let (span, reading) = with_chip(session, |chip, _| {
        let span = place.span(chip.geometry().size, None)?;
        let mut reporter = Reporter::new(session);
        let reading =
            read(chip, span, &options, &mut |event| reporter.take(event)).map_err(Cause::untouched)?;
        Ok((span, reading))
    })?;
    file.write(&reading.bytes)?;
    file.keep()?;
    let sha256 = sha256(&reading.bytes);
    let settled = reading.rereads.len();
    let out = &session.out;
    out.line(format!("{}: {} from {span}, sha256 {sha256}", args.file.display(), units::size(span.len())));
    if settled > 0 {
        let settled = units::count(settled as u64, "block");
        out.warn(format!("{settled} differed between passes, settled by further reads"));
    }
    let fields = Fields::new()
        .with("file", args.file.display().to_string())
        .with("offset", span.start)
        .with("size", span.len())
        .with("sha256", sha256)
        .with("passes", args.passes)
        .with("bytes_read", reading.bytes_read)
        .with("blocks_settled", settled)
        .with("unsure_ranges", spans(reading.unsure.as_slice()));
    if reading.unsure.is_empty() {
        return Ok((Exit::Done, fields.into_map()));
    }
    for span in reading.unsure.iter() {
        out.line(format!("  not sure  {span}"));
    }
    let text = format!("{} are not sure: {}", units::size(reading.unsure.len()), reading.unsure);
    let failure = Failure::failed(text).hint("the file holds the rest; reseat the clip and read again");
    Err(fields.into_map().into_iter().fold(failure, |failure, (name, value)| failure.field(&name, value)))
}
