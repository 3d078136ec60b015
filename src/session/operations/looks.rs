//! Looks at files, backups and tables: nothing is changed.

use super::super::picture::picture as cells;
use super::part::area;
use super::work::{Outcome, Work};
use crate::desk::compare::{by_region, compare, locate};
use crate::desk::regions::Part;
use crate::desk::search::Needle;
use crate::desk::verdict::verdict;
use crate::flash::parts::parts;
use crate::image::checks::stopping;
use crate::image::fitness::{Use, judge};
use crate::image::inspect::inspect as take_apart;
use crate::image::{Board, ImageError};
use crate::programmer::{attached, possible};
use crate::span::Span;
use crate::wire;
use crate::wire::options::Options;
use std::path::Path;

/// The most bytes that one request shows.
const MOST_BYTES: u64 = 64 * 1024;
/// The most places that one search gives.
const MOST_PLACES: u64 = 1000;

pub fn programmers(_: &Work<'_, '_>, _: &Options) -> Outcome {
    Ok(wire::programmers(&attached()?, &possible()))
}

pub fn chips(_: &Work<'_, '_>, _: &Options) -> Outcome {
    let all: Vec<_> = parts().iter().collect();
    Ok(wire::parts(&all, all.len()))
}

pub fn boards(_: &Work<'_, '_>, _: &Options) -> Outcome {
    Ok(wire::boards(&Board::all().iter().collect::<Vec<_>>()))
}

/// What a file or backup contains. With a board, one that is not fit for its use there is refused.
pub fn inspect(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let what = options.needed("what")?;
    let board = options.text("board")?.map(Board::named).transpose()?;
    let wrong = || "option \"as\" is dump, donor or tftp".to_owned();
    let meant = options.text("as")?.map(|text| Use::parse(text).ok_or_else(wrong)).transpose()?;
    if meant.is_some() && board.is_none() {
        return Err("option \"as\" needs \"board\"".to_owned().into());
    }
    let image = work.contents(what)?;
    let found = take_apart(image.bytes());
    let boards = if found.what == "dump" { found.recognise(image.bytes()) } else { Vec::new() };
    let words = verdict(&found, &boards, image.bytes());
    let fields = wire::inspection(what, &image.sha256(), &found, &boards, &words);
    let Some(board) = board else { return Ok(fields) };
    let whole = image.len() as u64 == board.chip_size;
    let meant = meant.unwrap_or(if whole { Use::Dump } else { Use::Donor });
    let name = Path::new(what).file_name().unwrap_or_default().to_string_lossy();
    let findings = judge(image.bytes().to_vec(), &name, meant, board)?;
    let stop = stopping(&findings, &work.allow(options)?);
    if !stop.is_empty() {
        return Err(ImageError::Refused { findings: stop }.into());
    }
    Ok(fields.and(wire::fitness(board, meant, &findings)))
}

/// Two of file, backup and chip.
pub fn diff(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let area = area(options)?;
    let a = work.subject(options, options.needed("a")?)?;
    let b = work.subject(options, options.needed("b")?)?;
    let (located, _) = locate(&area, &[&a, &b])?;
    let compared = compare(&located, area.part == Part::Whole, [a, b])?;
    if let Some(uneven) = compared.uneven() {
        work.front.send("warning", wire::message(&uneven));
    }
    let regions = compared.layout.as_ref().map(|layout| by_region(&compared.differing, layout));
    let [a, b] = &compared.subjects;
    let fields = wire::compared(&a.name, &b.name, &compared.differing).and(wire::lengths(compared.lengths()));
    Ok(fields.and(wire::region_differences(regions)))
}

pub fn search(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let what = options.needed("what")?;
    let given = ["text", "bytes", "mac"].map(|name| options.text(name).map(|text| Some((name, text?))));
    let [text, bytes, mac] = given;
    let given: Vec<(&str, &str)> = [text?, bytes?, mac?].into_iter().flatten().collect();
    let [(kind, sought)] = given.as_slice() else {
        return Err("give one of \"text\", \"bytes\" (in hex) and \"mac\"".to_owned().into());
    };
    let needle = match *kind {
        "text" => Needle::text(sought),
        "bytes" => Needle::hex(sought),
        _ => Needle::mac(sought),
    };
    let needle = needle.ok_or_else(|| format!("option {kind:?}: nothing can be looked for by {sought:?}"))?;
    let most = options.number("most")?.unwrap_or(MOST_PLACES);
    if most > MOST_PLACES {
        return Err(format!("option \"most\" is {MOST_PLACES} at most").into());
    }
    let (found, more) = needle.find(work.contents(what)?.bytes(), most as usize);
    Ok(wire::found(what, &found, more))
}

pub fn bytes(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let what = options.needed("what")?;
    let (at, length) = (options.number("at")?.unwrap_or(0), options.number("length")?.unwrap_or(256));
    if length > MOST_BYTES {
        return Err(format!("option \"length\" is {MOST_BYTES} at most").into());
    }
    let image = work.contents(what)?;
    let size = image.len() as u64;
    let span = Span::at(at, length).filter(|span| span.end <= size && !span.is_empty());
    let span = span
        .ok_or_else(|| format!("{length} bytes at {at:#x} are not within the {size:#x} bytes of {what}"))?;
    let bytes = span.of(image.bytes()).unwrap_or_default();
    Ok(wire::hexdump(what, at, bytes))
}

pub fn picture(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let what = options.needed("what")?;
    let image = work.contents(what)?;
    let before = options.text("against")?.map(|what| work.contents(what)).transpose()?;
    Ok(cells(what, before.as_ref().unwrap_or(&image).bytes(), image.bytes(), None))
}
