//! `read FILE`: the chip, or a part of it, into a file; only if several passes agree.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::options::PlaceArgs;
use super::super::place;
use super::super::session::Session;
use super::super::streams;
use super::super::terminal::Terminal;
use crate::image::sha256;
use crate::units;
use crate::wire;
use crate::workflow::reading::ReadOptions;
use std::path::PathBuf;

/// `read FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write; - is standard output
    file: PathBuf,

    /// What to read.
    #[command(flatten)]
    place: PlaceArgs,

    /// How the file is written: the bytes, Intel HEX, or S-records [default: by its name, .hex .ihex .srec .s19 ..]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true, value_enum)]
    format: Option<streams::FileFormat>,

    /// How often to read; from 2 on, the file is only written if the passes agree
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=100))]
    passes: u32,

    /// Save the blocks that read reliably and list the ones that did not
    #[arg(long)]
    salvage: bool,
}

/// Reads.
pub fn run(args: Args, session: &Session) -> Outcome {
    let area = place::area(&args.place)?;
    let mut file = streams::create(session, &args.file, &args.place.map.files())?;
    let place = place::on_chip(session, &area, false)?.place;
    let options = ReadOptions { passes: args.passes, salvage: args.salvage };
    let (span, reading) = session.desk()?.read(&Terminal::new(session), &place, &options)?;
    let name = args.file.display().to_string();
    let fields = wire::reading(&name, span, args.passes, &reading);
    let sha256 = sha256(&reading.bytes);
    file.write(&streams::as_file(&args.file, args.format, span.start, reading.bytes)?)?;
    file.keep()?;
    let out = &session.out;
    out.line(format!("{name}: {} from {span}, sha256 {sha256}", units::size(span.len())));
    if !reading.rereads.is_empty() {
        let settled = units::count(reading.rereads.len() as u64, "block");
        out.warn(format!("{settled} differed between passes, settled by further reads"));
    }
    if reading.unsure.is_empty() {
        return Ok((Exit::Done, fields));
    }
    for span in reading.unsure.iter() {
        out.line(format!("  not sure  {span}"));
    }
    let text = format!("{} are not sure: {}", units::size(reading.unsure.len()), reading.unsure);
    let failure = Failure::failed(text).hint("the file holds the rest; reseat the clip and read again");
    Err(failure.with_fields(fields))
}
