//! `erase`: a part of the chip, or all of it, made blank; after a backup.

use super::super::exit::Failure;
use super::super::options::{Place, PlaceArgs};
use super::super::run::Outcome;
use super::super::session::Session;
use super::layout::{map, place};
use super::write::put;
use crate::workflow::journal::Verb;

/// `erase`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to erase.
    #[command(flatten)]
    place: PlaceArgs,

    /// The whole chip
    #[arg(long, conflicts_with_all = ["region", "at", "len"])]
    all: bool,
}

/// Erases.
pub fn run(args: Args, session: &Session) -> Outcome {
    let layout = map(&args.place.map)?;
    let place = place(&args.place)?;
    match (&place, args.all) {
        (Place::Whole, false) => {
            return Err(Failure::refused("what shall be erased?")
                .hint("give --region REGION, --at ADDRESS --len BYTES, or --all for the whole chip"));
        }
        (Place::At(_, None), _) => {
            return Err(Failure::refused("how much shall be erased?").hint("give --len BYTES"));
        }
        _ => {}
    }
    let spot = |size| {
        let span = place.span(size, None)?;
        Ok((span, vec![0xff; span.len() as usize], args.all))
    };
    put(session, Verb::Erase, args.place.map.board, layout.as_ref(), spot)
}
