//! `rewrite`: the one pass. Backup, splice, plan, question, write, verify, report.

use super::super::every::{self, EveryArgs};
use super::super::exit::{Failure, Outcome};
use super::super::order::OrderArgs;
use super::super::session::Session;
use super::super::streams;
use super::super::terminal::Terminal;
use super::super::{jobs, store, subject};
use crate::desk::Order;
use crate::desk::rewrite;
use crate::image::{Image, Purpose};
use crate::wire;
use std::path::{Path, PathBuf};

/// `rewrite --board B --donor FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Board, donors, sources.
    #[command(flatten)]
    order: OrderArgs,

    /// "own" means this older dump or backup of the same board; today's contents are backed up all the same
    #[arg(long, value_name = "DUMP|ID", add = super::super::completion::subjects())]
    base: Option<PathBuf>,

    /// On which programmers.
    #[command(flatten)]
    every: EveryArgs,
}

/// Does it all.
pub fn run(args: Args, session: &Session) -> Outcome {
    let mut order = Order::new(args.order.wish(Some(Purpose::Programmer), session)?)?;
    let base = args.base.as_deref().map(|path| subject::base(path, session)).transpose()?;
    order.check_inputs(base.as_ref(), &Terminal::new(session))?;
    if args.every.every_programmer && args.order.save_recipe.is_some() {
        return Err(Failure::refused("--save-recipe takes the recipe of one board, not of several"));
    }
    let files = (args.base.as_deref(), args.order.save_recipe.as_deref());
    every::run(args.every, session, "rewrite", true, |session| {
        one(session, order.clone(), base.clone(), files)
    })
}

/// One board; with the file of the older dump, and where the recipe goes.
fn one(
    session: &Session,
    mut order: Order,
    base: Option<Image>,
    (base_file, save_recipe): (Option<&Path>, Option<&Path>),
) -> Outcome {
    let store = store::open_locked(session)?;
    // Opened now: a folder that is missing is found before the chip is touched.
    let inputs: Vec<&Path> = order.inputs().chain(base_file).collect();
    let save_recipe = save_recipe.map(|path| streams::create(session, path, &inputs)).transpose()?;
    let front = Terminal::new(session);
    let done = rewrite(&session.desk()?, &front, &store, &mut order, base)
        .map_err(|refusal| front.failure(refusal))?;
    drop(front);
    if let Some(mut file) = save_recipe {
        file.write(done.chosen.recipe.as_bytes())?;
        file.keep()?;
    }
    jobs::finish(session, &done.report, Some(&done.chosen.board.layout), wire::chosen(&done.chosen))
}
