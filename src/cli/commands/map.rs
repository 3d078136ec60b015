//! `map WHAT`: the flash drawn cell by cell, in the terminal or as a picture.

use super::super::exit::{Exit, Failure, Outcome};
use super::super::options::MapArgs;
use super::super::place;
use super::super::session::Session;
use super::super::streams;
use super::super::subject;
use crate::desk::regions::{Area, Part};
use crate::report::{Map, Palette, Pixels, pixels, svg, terminal};
use crate::span::{Span, Spans};
use crate::units;
use crate::wire;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Bytes of a cell, as the smallest erase of nearly every part.
const SECTOR: u64 = 4096;

/// `map WHAT`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A file, a backup's id, or "chip" for the chip on the clip
    #[arg(add = super::super::completion::subjects())]
    what: OsString,
    /// Mark what differs in this one: a file, a backup's id, or "chip"
    #[arg(long, value_name = "WHAT", add = super::super::completion::subjects())]
    against: Option<OsString>,
    /// Write a picture instead: FILE.svg or FILE.png; - is standard output, as SVG
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Which map names the regions.
    #[command(flatten)]
    map: MapArgs,
}

/// Draws.
pub fn run(args: Args, session: &Session) -> Outcome {
    let picture = match &args.output {
        Some(output) => {
            let ending = ending(output)?;
            let dumps = [Some(&args.what), args.against.as_ref()].into_iter().flatten().map(Path::new);
            let inputs: Vec<&Path> = dumps.chain(args.map.files()).collect();
            Some((output, ending, streams::create(session, output, &inputs)?))
        }
        None => None,
    };
    let area = Area { part: Part::Whole, map: place::map(&args.map)? };
    let now = subject::load(&args.what, session)?;
    let before = args.against.as_deref().map(|text| subject::load(text, session)).transpose()?;
    let before = before.as_ref().map_or(&now.bytes, |b| &b.bytes);
    let map = Map::of(before, &now.bytes, SECTOR, &Spans::new());
    let layout = subject::locate(&area, &[&now], session)?.layout;
    let regions = layout.iter().flat_map(|layout| &layout.regions);
    let names: Vec<(String, Span)> = regions.map(|region| (region.name.clone(), region.span)).collect();
    match picture {
        Some((path, ending, mut file)) => {
            let title = title(&now.name, args.against.as_deref(), &map);
            file.write(&match ending {
                Ending::Svg => svg(&map, &names, &title).into_bytes(),
                Ending::Png => png(&pixels(&map, &names, &title))?,
            })?;
            file.keep()?;
            let (name, cell) = (path.display(), units::size(map.unit));
            let (cells, changed) = (map.cells.len(), map.changed());
            session.out.line(format!("{name}: {cells} cells of {cell}, {changed} changed"));
        }
        None => {
            let palette = if session.out.is_coloured() { Palette::Ansi } else { Palette::Plain };
            terminal(&map, &names, palette, session.out.width())
                .lines()
                .for_each(|line| session.out.line(line));
        }
    }
    Ok((Exit::Done, wire::map(&now.name, &map, args.output.as_deref())))
}

/// What the picture shows, in a line.
fn title(name: &str, against: Option<&OsStr>, map: &Map) -> String {
    let size = units::size(map.cells.iter().map(|cell| cell.span.len()).sum());
    let cell = units::size(map.unit);
    match against {
        None => format!("{name}: {size}, one cell is {cell}"),
        Some(against) => {
            let (changed, against) = (map.changed(), against.to_string_lossy());
            format!("{name} against {against}: {changed} of {} cells of {cell} changed", map.cells.len())
        }
    }
}

#[derive(Clone, Copy)]
enum Ending {
    Svg,
    Png,
}

fn ending(path: &Path) -> Result<Ending, Failure> {
    if streams::is_stream(path) {
        return Ok(Ending::Svg);
    }
    match path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("svg") => Ok(Ending::Svg),
        Some("png") => Ok(Ending::Png),
        _ => Err(Failure::refused(format!("{}: a picture ends in .svg or .png", path.display()))),
    }
}

fn png(Pixels { width, height, rgb }: &Pixels) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, *width, *height);
    encoder.set_color(png::ColorType::Rgb);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(rgb));
    written.map_err(|error| Failure::failed(format!("cannot make the picture: {error}")))?;
    Ok(bytes)
}
