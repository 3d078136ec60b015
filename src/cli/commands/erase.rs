//! `erase`: a part of the chip, or all of it, made blank; after a backup.

use super::super::exit::Outcome;
use super::super::options::PlaceArgs;
use super::super::place;
use super::super::session::Session;
use super::write::put;
use crate::desk::AUTO;
use crate::desk::regions::Located;
use crate::desk::{Put, PutContents};
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
    let area = place::area(&args.place)?;
    area.to_erase(args.all)?;
    let Located { place, layout } = place::on_chip(session, &area, true)?;
    let board = args.place.map.board.filter(|board| board != AUTO);
    let layout = layout.as_ref();
    put(session, &Put { place: &place, contents: PutContents::Blank, board, layout, allow: Allow::default() })
}
