//! `splice`: the image for the programmer, or the file for the loader's rescue or the vendor's page, from files alone.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::order::OrderArgs;
use super::super::output::Verbosity;
use super::super::session::Session;
use super::super::streams;
use super::super::subject;
use super::super::terminal::Terminal;
use super::super::{rescue, splicing};
use crate::desk::subject::joined;
use crate::desk::{Order, files};
use crate::image::{Board, Purpose};
use crate::units;
use crate::wire;
use std::path::{Path, PathBuf};

/// `splice --board B --base DUMP --donor FILE -o OUT`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Board, donors, sources.
    #[command(flatten)]
    order: OrderArgs,

    /// The board's own dump: a file, or the id of a backup; twice for the two chips of one Intel flash
    #[arg(long, value_name = "DUMP|ID", required = true, add = super::super::completion::subjects())]
    base: Vec<PathBuf>,

    /// What the result is for [default: programmer, or as the recipe says]
    #[arg(long = "for", value_name = "WAY", value_parser = ["programmer", "tftp", "web"])]
    purpose: Option<String>,

    /// How the image for the programmer is written: bin, ihex or srec [default: by its name]
    #[arg(long, value_name = "FORMAT", hide_possible_values = true, value_enum)]
    format: Option<streams::FileFormat>,

    /// The file to write; for tftp, a folder gives it the name that the board's loader asks for
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// Puts the file together.
pub fn run(args: Args, session: &Session) -> Outcome {
    let purpose = args.purpose.as_deref().and_then(Purpose::parse);
    let mut order = Order::new(args.order.wish(purpose, session)?)?;
    let dumps: Result<Vec<_>, _> = args.base.iter().map(|path| subject::base(path, session)).collect();
    let base = joined(dumps?)?;
    let (board, spliced) = order.splice(&base, &Terminal::new(session))?;
    let purpose = spliced.purpose;
    let path = target(&args.output, purpose, &board)?;
    if args.format.is_some_and(|format| format != streams::FileFormat::Bin) && purpose != Purpose::Programmer
    {
        let text = format!("--format: a loader takes bytes only, and the file is for {}", purpose.name());
        return Err(Failure::refused(text).hint("leave it out"));
    }
    let recipe_to = args.order.save_recipe.as_deref();
    files::check_distinct(&[Some(path.as_path()), recipe_to].into_iter().flatten().collect::<Vec<_>>())?;
    let inputs: Vec<&Path> = order.inputs().chain(args.base.iter().map(PathBuf::as_path)).collect();
    // Both before either is written: what is refused leaves nothing.
    let mut file = streams::create(session, &path, &inputs)?;
    let recipe_file = recipe_to.map(|path| streams::create(session, path, &inputs)).transpose()?;
    match purpose {
        Purpose::Programmer => {
            file.write(&streams::as_file(&path, args.format, 0, spliced.image.to_vec())?)?;
        }
        _ => file.write(&spliced.image)?,
    }
    file.keep()?;
    if session.out.verbosity() == Verbosity::Quiet {
        splicing::findings(session, &spliced.findings);
    } else {
        splicing::show(session, &spliced);
    }
    let (size, sha256) = (spliced.image.len() as u64, spliced.image.sha256());
    let out = &session.out;
    if out.verbosity() > Verbosity::Quiet {
        out.line("");
    }
    out.line(format!("{}: {} ({size:#x} bytes), sha256 {sha256}", path.display(), units::size(size)));
    if purpose == Purpose::Tftp && out.verbosity() > Verbosity::Quiet {
        out.line(format!("\nto send it to {}:", board.model));
        for (n, step) in (1..).zip(rescue::steps(&board, &path.display().to_string())) {
            out.line(format!("  {n}. {step}"));
        }
    }
    let recipe = order.recipe(&board, &spliced);
    if let Some(mut file) = recipe_file {
        file.write(recipe.as_bytes())?;
        file.keep()?;
    }
    Ok((Exit::Done, wire::spliced_file(&spliced, &board, &recipe, &path)))
}

/// The file to write; in a folder, by the loader's name.
fn target(output: &Path, purpose: Purpose, board: &Board) -> Result<PathBuf, Failure> {
    if !output.is_dir() {
        return Ok(output.to_owned());
    }
    let name = board.recovery.as_ref().and_then(|recovery| recovery.file.as_deref());
    match (purpose, name) {
        (Purpose::Tftp, Some(name)) => Ok(output.join(name)),
        _ => Err(Failure::refused(format!("{} is a folder; give a file name with -o", output.display()))),
    }
}
