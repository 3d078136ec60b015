//! `splice`: the image for the programmer, or the file for the loader's rescue or the vendor's page, from files alone.

use super::super::exit::{Exit, Outcome};
use super::super::order::OrderArgs;
use super::super::output::Verbosity;
use super::super::session::Session;
use super::super::streams;
use super::super::subject;
use super::super::terminal::Terminal;
use super::super::{rescue, splicing};
use crate::desk::files::OutFile;
use crate::desk::spliced_files::{check_form, parts};
use crate::desk::subject::joined;
use crate::desk::{Order, files};
use crate::image::{Image, Purpose};
use crate::span::Span;
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

    /// The file to write; for tftp, a folder gives it the name that the board's loader asks for. Twice for the two chips
    /// of one flash, in the order of their dumps
    #[arg(short, long, value_name = "FILE", required = true)]
    output: Vec<PathBuf>,
}

/// Puts the file together.
pub fn run(args: Args, session: &Session) -> Outcome {
    let purpose = args.purpose.as_deref().and_then(Purpose::parse);
    let mut order = Order::new(args.order.wish(purpose, session)?)?;
    let dumps: Result<Vec<_>, _> = args.base.iter().map(|path| subject::base(path, session)).collect();
    let dumps = dumps?;
    let first_given = dumps.first().cloned();
    let base = joined(dumps)?;
    let (board, spliced) = order.splice(&base, &Terminal::new(session))?;
    let purpose = spliced.purpose;
    // The files go with the dumps, in whichever order these were given.
    let swapped = first_given.is_some_and(|given| !base.starts_with(&given));
    let parts = parts(&args.output, purpose, &board, &spliced.image, swapped)?;
    check_form(args.format.map(streams::FileFormat::form), purpose)?;
    let recipe_to = args.order.save_recipe.as_deref();
    files::check_distinct(
        &parts.iter().map(|(path, _)| path.as_path()).chain(recipe_to).collect::<Vec<_>>(),
    )?;
    let inputs: Vec<&Path> = order.inputs().chain(args.base.iter().map(PathBuf::as_path)).collect();
    // All before one is written: what is refused leaves nothing.
    let create = |path: &Path| streams::create(session, path, &inputs);
    let mut open = parts.iter().map(|(path, _)| create(path)).collect::<Result<Vec<_>, _>>()?;
    let recipe_file = recipe_to.map(create).transpose()?;
    for (file, (path, part)) in open.iter_mut().zip(&parts) {
        let bytes = part.of(&spliced.image).unwrap_or_default();
        match purpose {
            Purpose::Programmer => file.write(&streams::as_file(path, args.format, 0, bytes.to_vec())?)?,
            _ => file.write(bytes)?,
        }
    }
    open.into_iter().try_for_each(OutFile::keep)?;
    if session.out.verbosity() == Verbosity::Quiet {
        splicing::findings(session, &spliced.findings);
    } else {
        splicing::show(session, &spliced);
    }
    let out = &session.out;
    if out.verbosity() > Verbosity::Quiet {
        out.line("");
    }
    for (path, part) in &parts {
        let chip = match parts.len() {
            1 => "",
            _ if part.start == 0 => "the first chip, ",
            _ => "the second chip, ",
        };
        let size = part.len();
        let sha256 = Image::new(part.of(&spliced.image).unwrap_or_default().to_vec()).sha256();
        out.line(format!(
            "{}: {chip}{} ({size:#x} bytes), sha256 {sha256}",
            path.display(),
            units::size(size)
        ));
    }
    if purpose == Purpose::Tftp && out.verbosity() > Verbosity::Quiet {
        out.line(format!("\nto send it to {}:", board.model));
        let file = parts.first().map(|(path, _)| path.display().to_string()).unwrap_or_default();
        for (n, step) in (1..).zip(rescue::steps(&board, &file)) {
            out.line(format!("  {n}. {step}"));
        }
    }
    let recipe = order.recipe(&board, &spliced);
    if let Some(mut file) = recipe_file {
        file.write(recipe.as_bytes())?;
        file.keep()?;
    }
    let files: Vec<(&Path, Span)> = parts.iter().map(|(path, part)| (path.as_path(), *part)).collect();
    Ok((Exit::Done, wire::spliced_file(&spliced, &board, &recipe, &files)))
}
