//! `backup`: two equal reads and everything else the chip says of itself, into the store.

use super::super::every::{self, EveryArgs};
use super::super::exit::{Exit, Outcome};
use super::super::session::Session;
use super::super::store;
use super::super::terminal::Terminal;
use crate::image::Board;
use crate::units;
use crate::wire;
use crate::workflow::backup::BackupOptions;
use std::time::Duration;

/// `backup`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The board the chip sits on, for the list
    #[arg(long, value_name = "BOARD", add = super::super::completion::boards())]
    board: Option<String>,

    /// A name for it in the list, like "T480, Smith"
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,

    /// Treat a chip that reads FF everywhere as blank, not as a bad contact
    #[arg(long)]
    blank: bool,

    /// On which programmers.
    #[command(flatten)]
    every: EveryArgs,
}

/// Backs up.
pub fn run(args: Args, session: &Session) -> Outcome {
    let board = args.board.as_deref().map(Board::named).transpose()?;
    every::run(args.every, session, "backup", true, |session| take(&args, board, session))
}

fn take(args: &Args, board: Option<&Board>, session: &Session) -> Outcome {
    let store = store::open_locked(session)?;
    let front = Terminal::new(session);
    let options = BackupOptions {
        board: board.map(|board| board.name.clone()),
        name: args.name.clone(),
        blank_allowed: args.blank,
        ..BackupOptions::default()
    };
    let backup = session.desk()?.backup(&front, &store, &options)?;
    drop(front);
    let (m, out) = (&backup.manifest, &session.out);
    let millis = u64::try_from(backup.time.as_millis()).unwrap_or(u64::MAX);
    out.line(format!("backup  {}", m.id));
    out.line(format!("  sha256  {}", m.sha256));
    out.line(format!("  folder  {}", store.root().join(&m.id).display()));
    out.line(format!(
        "  read    {} in {}: {}",
        units::size(backup.bytes_read),
        session.took(Duration::from_millis(millis)),
        match &m.reads.known_from {
            Some(known) => format!("one pass that agrees with what backup {known} proved"),
            None => "two passes that agree".to_owned(),
        }
    ));
    for reread in &m.reads.rereads {
        out.warn(format!("{:#08x}: passes differed, settled by {} reads", reread.address, reread.reads));
    }
    Ok((Exit::Done, wire::backup_taken(store.root(), &backup)))
}
