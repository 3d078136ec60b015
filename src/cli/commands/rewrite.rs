//! `rewrite`: the one pass. Backup, splice, plan, question, write, verify, report.

use super::super::events::Reporter;
use super::super::every::{self, EveryArgs};
use super::super::exit::Failure;
use super::super::json::Fields;
use super::super::order::{self, Order, OrderArgs};
use super::super::programmer::{AnyChip, with_chip_to_write};
use super::super::run::Outcome;
use super::super::session::Session;
use super::super::{files, jobs, splicing, store};
use crate::image::{Board, Image, Purpose, Role, Spliced, splice};
use crate::plan::Bounds;
use crate::span::Spans;
use crate::workflow::job::{self, Decide, JobOptions, Report, Wanted};
use crate::workflow::journal::Verb;
use crate::workflow::{Cause, Store};
use std::cell::RefCell;
use std::path::{Path, PathBuf};

/// `rewrite --board B --donor FILE`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Board, donors, sources.
    #[command(flatten)]
    order: OrderArgs,

    /// "own" means this older dump or backup of the same board; today's contents are backed up all the same
    #[arg(long, value_name = "DUMP|ID")]
    base: Option<PathBuf>,

    /// On which programmers.
    #[command(flatten)]
    every: EveryArgs,
}

/// Does it all.
pub fn run(args: Args, session: &Session) -> Outcome {
    let mut order = Order::read(&args.order, Some(Purpose::Programmer), session)?;
    let base = args.base.as_deref().map(|path| order::base(path, session)).transpose()?;
    order.check_outputs(args.order.save_recipe.as_deref().as_slice(), args.base.as_deref())?;
    order.check_inputs(base.as_ref(), session)?;
    if args.every.every_programmer && args.order.save_recipe.is_some() {
        return Err(Failure::refused("--save-recipe takes the recipe of one board, not of several"));
    }
    every::run(args.every, session, "rewrite", true, |session| {
        one(session, order.clone(), base.clone(), args.order.save_recipe.as_deref())
    })
}

fn one(session: &Session, mut order: Order, base: Option<Image>, save_recipe: Option<&Path>) -> Outcome {
    let store = store::open_locked(session)?;
    // Opened now: a folder that is missing is found before the chip is touched.
    let save_recipe = save_recipe.map(files::OutFile::create).transpose()?;
    let (report, done) = with_chip_to_write(session, |chip, programmer| {
        if let Some(board) = order.board() {
            fits(chip, board)?;
        }
        rewrite(session, chip, programmer, &store, &mut order, base)
    })?;
    let recipe = done.as_ref().map(|(board, spliced)| order.recipe(board, spliced));
    if let (Some(mut file), Some(recipe)) = (save_recipe, &recipe) {
        file.write(recipe.as_bytes())?;
        file.keep()?;
    }
    let fields = match (&done, recipe) {
        (Some((board, spliced)), Some(recipe)) => told(board, spliced, recipe),
        _ => Fields::new(),
    };
    jobs::finish(session, &report, done.as_ref().map(|(board, _)| &board.layout), fields)
}

/// What a rewrite tells beside what every job tells; kept with the job, for reports.
pub fn told(board: &Board, spliced: &Spliced, recipe: String) -> Fields {
    splicing::fields(spliced)
        .with("board", board.name.as_str())
        .with("sha256", spliced.image.sha256())
        .with("recipe", recipe)
}

/// A chip of another size than the board's is another board's, or read wrongly.
pub fn fits(chip: &AnyChip, board: &Board) -> Result<(), Failure> {
    let (found, size) = (chip.geometry().size, board.chip_size);
    if found == size {
        return Ok(());
    }
    let text = format!(
        "the chip on the clip ({}) has {found:#x} bytes, the flash of {} has {size:#x}",
        chip.identity().part_name,
        board.name
    );
    Err(Failure::refused(text)
        .hint("is this the right board, and the right chip on it?")
        .field("chip", "untouched"))
}

fn rewrite(
    session: &Session,
    chip: &mut AnyChip,
    programmer: &str,
    store: &Store,
    order: &mut Order,
    mut base: Option<Image>,
) -> Result<(Report, Option<(Board, Spliced)>), Failure> {
    let options = JobOptions {
        verb: Verb::Rewrite,
        programmer: programmer.to_owned(),
        board: order.board().map(|board| board.name.clone()),
        dry_run: session.options.dry_run,
        // With an older dump as base, a blank chip is a new one to be filled.
        blank_allowed: base.is_some(),
    };
    let reporter = RefCell::new(Reporter::new(session));
    let result = RefCell::new(None);
    let (mut refused, mut unconfirmed) = (None, None);
    let smallest = chip.geometry().erase.first().map_or(1, |erase| erase.size);
    let mut decide = Decide {
        wanted: &mut |backup| {
            reporter.borrow_mut().pause();
            let own = base.take().unwrap_or_else(|| backup.flash.clone().into());
            let (board, spliced) = put_together(session, order, &own).map_err(|failure| {
                let text = failure.message.clone();
                refused = Some(failure.field("backup", backup.manifest.id.as_str()));
                Cause::Refused(text).untouched()
            })?;
            let wanted = wanted(&board, &spliced, &backup.flash, smallest);
            *result.borrow_mut() = Some((board, spliced));
            Ok(wanted)
        },
        confirm: &mut |proposal| {
            let result = result.borrow();
            let layout = result.as_ref().map(|(board, _)| &board.layout);
            let asked = jobs::ask(session, &mut reporter.borrow_mut(), proposal, layout);
            asked.map_err(|failure| unconfirmed = Some(failure)).is_ok()
        },
    };
    let done = job::run(chip, store, &options, &mut decide, &mut |event| reporter.borrow_mut().take(event));
    match done {
        Ok(report) => Ok((report, result.into_inner())),
        Err(error) => match refused {
            // In the checks' own words, with their findings.
            Some(failure) => Err(failure.field("chip", "untouched")),
            None => Err(jobs::failure(session, error, unconfirmed)),
        },
    }
}

/// Finds the board where that is still open, splices, and shows what will become of each region.
fn put_together(session: &Session, order: &mut Order, own: &Image) -> Result<(Board, Spliced), Failure> {
    let board = order.settle(own, session)?;
    let spliced = splice(own, &order.donors, &board, &order.choice)?;
    session.out.line("");
    splicing::show(session, &spliced);
    Ok((board, spliced))
}

/// What the job is to leave on the chip, and where it may work for it.
pub fn wanted(board: &Board, spliced: &Spliced, current: &[u8], smallest: u64) -> Wanted {
    Wanted {
        image: spliced.image.bytes().to_vec(),
        bounds: bounds(board, spliced, current, smallest),
        whole_erase: false,
    }
}

/// Where the job may erase: in the regions that change, by whole sectors. The data of the one unit is erased only by
/// the smallest erase, and the loader comes last.
fn bounds(board: &Board, spliced: &Spliced, current: &[u8], smallest: u64) -> Bounds {
    let layout = &board.layout;
    let changing = layout.regions.iter().map(|region| region.span);
    let changing = changing.filter(|span| span.of(current) != span.of(&spliced.image));
    Bounds {
        allowed: changing.map(|span| span.aligned_out(smallest)).collect(),
        keep: layout.per_unit().map(|(_, unit)| unit.span).collect::<Spans>(),
        last: layout.of_role(Role::Loader).map(|region| region.span).into_iter().collect(),
        ..Bounds::default()
    }
}
