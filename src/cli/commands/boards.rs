//! `boards [NAME]`: the boards that are known, or everything known of one.

use super::super::exit::{Exit, Outcome};
use super::super::session::Session;
use super::super::table::Table;
use super::layout;
use crate::image::{Board, RecoveryKind};
use crate::units;
use crate::wire;

/// `boards [NAME]`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The board, or a part of the names of several; without it, all are listed
    #[arg(add = super::super::completion::boards())]
    name: Option<String>,
}

/// Lists or shows.
pub fn run(args: Args, session: &Session) -> Outcome {
    match args.name {
        None => list(session, &Board::all().iter().collect::<Vec<_>>()),
        Some(name) => {
            let lower = name.to_lowercase();
            let text = |board: &Board| format!("{} {} {}", board.name, board.model, board.soc).to_lowercase();
            let found: Vec<&Board> =
                Board::all().iter().filter(|board| text(board).contains(&lower)).collect();
            match (Board::named(&name), found.as_slice()) {
                (Ok(board), _) => show(session, board),
                (Err(_), [board]) => show(session, board),
                (Err(error), []) => Err(error.into()),
                (Err(_), several) => list(session, several),
            }
        }
    }
}

fn list(session: &Session, boards: &[&Board]) -> Outcome {
    let mut table = Table::new(&["board", "model", ">flash", "processor", "rescue by TFTP"]);
    for board in boards {
        table.row([
            board.name.as_str().into(),
            board.model.as_str().into(),
            units::size(board.chip_size).into(),
            board.soc.as_str().into(),
            board.recovery.as_ref().map_or("not known", |r| kind(r.kind)).into(),
        ]);
    }
    session.out.table(&table);
    Ok((Exit::Done, wire::boards(boards)))
}

fn show(session: &Session, board: &Board) -> Outcome {
    let out = &session.out;
    out.heading(&format!("{}: {}", board.name, board.model));
    let hardware: Vec<String> = board.hardware.iter().map(ToString::to_string).collect();
    for (name, value) in [
        ("processor", board.soc.clone()),
        ("flash", format!("{}, seen: {}", units::size(board.chip_size), or_dash(&board.chips.join(", ")))),
        ("TP-Link id", or_dash(&hardware.join(", "))),
        ("OpenWrt", or_dash(&board.compatible.join(", "))),
    ] {
        out.line(format!("  {name:<10} {value}"));
    }
    if let Some(r) = &board.recovery {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "?".to_owned());
        let (file, server, mask) = (text(&r.file), text(&r.server), text(&r.mask));
        out.line(format!("  rescue     {}, fetches {file} from {server} (mask {mask})", kind(r.kind)));
        out.line(format!("             button: {}; cable: {}", text(&r.button), text(&r.port)));
    }
    layout::show(session, &board.layout);
    for note in &board.notes {
        out.line(format!("  note: {note}"));
    }
    Ok((Exit::Done, wire::board(board)))
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

fn kind(kind: RecoveryKind) -> &'static str {
    match kind {
        RecoveryKind::FromZero => "from 0, loader in the file",
        RecoveryKind::FromFirmware => "from the firmware on",
    }
}
