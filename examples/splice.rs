//! An image put together out of a board's own dump and a vendor's file, without a chip: `cargo run --example splice`.
//!
//! The dump and the file are invented; with real ones, read them and name the board as in `norsplice boards`.

use norsplice::image::inspect::inspect;
use norsplice::image::{Board, Choice, Donor, ImageError, Source, splice, synthetic};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let board = Board::named("archer-mr200-v1")?;
    let demo = synthetic::demo();

    // What a file holds, found by its structure alone.
    for item in &inspect(&demo.vendor).items {
        println!("{:#08x} {}", item.offset, item.kind);
    }

    // As the board's file recommends: the firmware from the vendor, loader and data of this one unit kept.
    let donors = [Donor::new("vendor", demo.vendor)];
    let spliced = splice(&demo.board, &donors, board, &Choice::default())?;
    for region in &spliced.regions {
        println!("{:<10} {:#08x} from {}", region.name, region.span.start, region.from);
    }
    assert!(spliced.units.iter().all(|unit| unit.same), "MAC and calibration stay this unit's");

    // Another choice: nothing but the firmware changes.
    let mut choice = Choice::default();
    choice.set("romfile=own")?;
    choice.set("config=own")?;
    let less = splice(&demo.board, &donors, board, &choice)?;
    assert!(less.sources.contains(&("romfile".to_owned(), Source::Own)));

    // What cannot be right is refused with every reason at once.
    match splice(&demo.board, &[Donor::new("vendor", vec![0; 4096])], board, &Choice::default()) {
        Err(ImageError::Refused { findings }) => findings.iter().for_each(|f| println!("refused: {f}")),
        other => return Err(format!("zeros were taken for firmware: {}", other.is_ok()).into()),
    }
    Ok(())
}
