//! `erase`: a part of the chip, or all of it, made blank; after a backup.

use super::super::exit::{Failure, Outcome};
use super::super::options::PlaceArgs;
use super::super::session::Session;
use super::layout::{map, place};
use super::write::put;
use crate::desk::{Place, Put, PutContents};
use crate::image::Allow;

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
            return Err(Failure::refused("nothing is selected to erase")
                .hint("give --region REGION, --at ADDRESS --len BYTES, or --all for the whole chip"));
        }
        (Place::At(_, None), _) => {
            return Err(Failure::refused("the length to erase is missing").hint("give --len BYTES"));
        }
        _ => {}
    }
    let (board, layout) = (args.place.map.board, layout.as_ref());
    put(session, &Put { place: &place, contents: PutContents::Blank, board, layout, allow: Allow::default() })
}
