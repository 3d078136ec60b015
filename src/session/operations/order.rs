//! What `rewrite` and `splice` are to make: the options as a wish, and the splice without a chip.

use super::super::picture::picture;
use super::work::{Fault, Outcome, Work};
use crate::desk::files::{self, Form, OutFile, check_distinct};
use crate::desk::spliced_files::{check_form, parts};
use crate::desk::subject::{Dump, joined};
use crate::desk::{AUTO, DonorWish, Input, Order, Wish, rewrite};
use crate::image::unit::parse_mac;
use crate::image::{Image, Purpose};
use crate::span::Span;
use crate::wire;
use crate::wire::options::Options;
use std::path::{Path, PathBuf};

/// The options of a wish.
pub const ORDER: &[&str] = &[
    "board",
    "layout",
    "chip_size",
    "base_layout",
    "donors",
    "set",
    "mac",
    "serial",
    "uuid",
    "env",
    "recipe",
    "base",
    "save_recipe",
    "force",
];
/// Those of a splice beyond them.
pub const SPLICE: &[&str] = &["for", "format", "out", "allow"];

fn wish(work: &Work<'_, '_>, options: &Options, purpose: Option<Purpose>) -> Result<Wish, Fault> {
    let input = |name: &str| -> Result<Option<Input>, String> {
        Ok(options.text(name)?.map(|file| Input::File(file.into())))
    };
    let mac = options
        .text("mac")?
        .map(|text| parse_mac(text).ok_or_else(|| format!("option \"mac\": {text:?} is no MAC address")));
    let (layout, recipe) = (input("layout")?, input("recipe")?);
    if layout.is_some() && options.text("board")?.is_some() {
        return Err("option \"layout\" is in place of \"board\": give one of them".to_owned().into());
    }
    if layout.is_none() && options.number("chip_size")?.is_some() {
        return Err("option \"chip_size\" needs \"layout\"".to_owned().into());
    }
    let auto = (layout.is_none() && recipe.is_none()).then_some(AUTO);
    Ok(Wish {
        board: options.text("board")?.or(auto).map(str::to_owned),
        layout,
        chip_size: options.number("chip_size")?,
        base_layout: input("base_layout")?,
        recipe,
        donors: options.texts("donors")?.into_iter().map(donor).collect(),
        sources: options.meanings("set")?,
        env: options.meanings("env")?,
        mac: mac.transpose()?,
        serial: options.meanings("serial")?.pop(),
        uuid: options.meanings("uuid")?.pop(),
        allow: work.allow(options)?.names().map(str::to_owned).collect(),
        purpose,
    })
}

/// `NAME=FILE`, or a file.
fn donor(text: &str) -> DonorWish {
    let (name, file) = match text.split_once('=') {
        Some((name, file)) if !Path::new(text).exists() => (Some(name.to_owned()), file),
        _ => (None, text),
    };
    DonorWish { name, input: Input::File(file.into()) }
}

/// The file for the recipe, opened before anything is done.
fn recipe_file(work: &Work<'_, '_>, options: &Options, inputs: &[&Path]) -> Result<Option<OutFile>, Fault> {
    options.text("save_recipe")?.map(|file| work.create(options, Path::new(file), inputs)).transpose()
}

fn keep(file: Option<OutFile>, text: &str) -> Result<(), Fault> {
    if let Some(mut file) = file {
        file.write(text.as_bytes())?;
        file.keep()?;
    }
    Ok(())
}

/// `rewrite`: the one pass; its result has the picture of what is on the chip then, or would be.
pub fn rewrite_chip(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let mut order = Order::new(wish(work, options, Some(Purpose::Programmer))?)?;
    let base = options.text("base")?;
    let own = base.map(|what| Dump::named(Path::new(what)).image(|| Ok::<_, Fault>(work.store())));
    let own = own.transpose()?;
    order.check_inputs(own.as_ref(), work.front)?;
    let inputs: Vec<&Path> = order.inputs().chain(base.map(Path::new)).collect();
    let recipe = recipe_file(work, options, &inputs)?;
    let (desk, store) = (work.desk(options)?, work.store_to_write()?);
    let done = rewrite(&desk, work.front, &store, &mut order, own)?;
    keep(recipe, &done.chosen.recipe)?;
    let before = store.load(&done.report.backup)?.flash;
    let (image, layout) = (&done.chosen.spliced.image, &done.chosen.board.layout);
    let cells = picture(&done.report.backup, &before, image, Some(layout));
    Ok(wire::report(&done.report).and(wire::chosen(&done.chosen)).and(wire::pictured(cells)))
}

/// `splice`: the image or file, from files alone. Without `out` nothing is written.
pub fn splice(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let purpose = options.text("for")?.map(|text| {
        Purpose::parse(text).ok_or_else(|| "option \"for\" is programmer, tftp or web".to_owned())
    });
    let form: Option<Form> = options.meanings("format")?.pop();
    let mut order = Order::new(wish(work, options, purpose.transpose()?)?)?;
    let bases = options.texts("base")?;
    if bases.is_empty() {
        return Err("option \"base\" is needed: the board's own dump".to_owned().into());
    }
    let dumps = bases.iter().map(|what| work.contents(what)).collect::<Result<Vec<Image>, _>>()?;
    let first_given = dumps.first().cloned();
    let base = joined(dumps)?;
    let (board, spliced) = order.splice(&base, work.front)?;
    check_form(form, spliced.purpose)?;
    // The files go with the dumps, in whichever order these were given.
    let swapped = first_given.is_some_and(|given| !base.starts_with(&given));
    let outputs: Vec<PathBuf> = options.texts("out")?.into_iter().map(PathBuf::from).collect();
    let files = match outputs.as_slice() {
        [] => Vec::new(),
        outputs => parts(outputs, spliced.purpose, &board, &spliced.image, swapped)?,
    };
    let recipe_to = options.text("save_recipe")?.map(Path::new);
    check_distinct(&files.iter().map(|(path, _)| path.as_path()).chain(recipe_to).collect::<Vec<_>>())?;
    let inputs: Vec<&Path> = order.inputs().chain(bases.iter().map(Path::new)).collect();
    // All before one is written: what is refused leaves nothing.
    let mut open =
        files.iter().map(|(path, _)| work.create(options, path, &inputs)).collect::<Result<Vec<_>, _>>()?;
    let recipe_file = recipe_file(work, options, &inputs)?;
    for (file, (path, part)) in open.iter_mut().zip(&files) {
        let bytes = part.of(&spliced.image).unwrap_or_default();
        match spliced.purpose {
            Purpose::Programmer => file.write(&files::as_file(path, form, 0, bytes.to_vec())?)?,
            _ => file.write(bytes)?,
        }
    }
    open.into_iter().try_for_each(OutFile::keep)?;
    let recipe = order.recipe(&board, &spliced);
    keep(recipe_file, &recipe)?;
    let written: Vec<(&Path, Span)> = files.iter().map(|(path, part)| (path.as_path(), *part)).collect();
    let cells =
        picture(bases.first().copied().unwrap_or_default(), &base, &spliced.image, Some(&board.layout));
    Ok(wire::spliced_file(&spliced, &board, &recipe, &written).and(wire::pictured(cells)))
}
