//! Operations on the chip: who it is, its contact, read, verify, write, erase, protect, restore, resume.

use super::part::{area, on_chip};
use super::work::{Fault, Outcome, Work};
use crate::desk::files::as_file;
use crate::desk::protect::{Protect, ProtectRange};
use crate::desk::regions::Located;
use crate::desk::{AUTO, Input, Put, PutContents, write_checks};
use crate::image::{Allow, Board};
use crate::span::Spans;
use crate::wire;
use crate::wire::options::Options;
use crate::workflow::backup::BackupOptions;
use crate::workflow::journal::Direction;
use crate::workflow::reading::ReadOptions;
use std::path::Path;

pub fn probe(work: &Work<'_, '_>, options: &Options) -> Outcome {
    Ok(wire::probe(&work.desk(options)?.probe(work.front, Some(&work.store()))?))
}

pub fn contact(work: &Work<'_, '_>, options: &Options) -> Outcome {
    Ok(wire::contact(&work.desk(options)?.contact(work.front)?))
}

/// The contact, looked at until the request is cancelled: an event `meter` each time.
pub fn watch(work: &Work<'_, '_>, options: &Options) -> Outcome {
    Ok(wire::watched(&work.desk(options)?.watch_contact(work.front, options.number("looks")?)?))
}

pub fn backup(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let board = options.text("board")?.map(Board::named).transpose()?;
    let wanted = BackupOptions {
        board: board.map(|board| board.name.clone()),
        name: options.text("name")?.map(str::to_owned),
        blank_allowed: options.flag("blank")?,
        ..BackupOptions::default()
    };
    let (desk, store) = (work.desk(options)?, work.store_to_write()?);
    let taken = desk.backup(work.front, &store, &wanted)?;
    Ok(wire::backup_taken(store.root(), &taken))
}

/// What could not be read reliably is named in the result, and warned of.
pub fn read(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let (area, path) = (area(options)?, Path::new(options.needed("file")?));
    let passes = options.number("passes")?.unwrap_or(2);
    let passes = u32::try_from(passes).ok().filter(|passes| (1..=100).contains(passes));
    let passes = passes.ok_or_else(|| "option \"passes\" is 1 to 100".to_owned())?;
    let form = options.meanings("format")?.pop();
    let map: Vec<&Path> = options.text("layout")?.map(Path::new).into_iter().collect();
    let mut file = work.create(options, path, &map)?;
    let place = on_chip(work, options, &area, false)?.place;
    let wanted = ReadOptions { passes, salvage: options.flag("salvage")? };
    let (span, reading) = work.desk(options)?.read(work.front, &place, &wanted)?;
    let fields = wire::reading(&path.display().to_string(), span, passes, &reading);
    if !reading.unsure.is_empty() {
        let text = format!("these bytes did not read reliably, the file holds the rest: {}", reading.unsure);
        work.front.send("warning", wire::message(&text));
    }
    file.write(&as_file(path, form, span.start, reading.bytes)?)?;
    file.keep()?;
    Ok(fields)
}

pub fn verify(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let (area, file) = (area(options)?, Path::new(options.needed("file")?));
    let image = Input::File(file.to_owned()).image()?;
    let place = on_chip(work, options, &area, false)?.place;
    let bytes = image.for_address(file, place.start())?;
    let (span, found) = work.desk(options)?.verify(work.front, &place, bytes)?;
    Ok(wire::verified(span, &found))
}

pub fn write(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let (area, name) = (area(options)?, options.needed("file")?);
    let file = Path::new(name);
    let image = Input::File(file.to_owned()).image()?;
    let allow = work.allow(options)?;
    let check = |located: &Located| -> Result<(), Fault> {
        image.for_address(file, located.place.start())?;
        let findings = write_checks::passed(&image.bytes, name, &located.place, &allow)?;
        if !findings.is_empty() {
            work.front.send("findings", wire::checked(&findings));
        }
        Ok(())
    };
    // Where the place is known, a file that does not belong there is refused before any chip is asked.
    let known = area.known()?;
    known.as_ref().map_or(Ok(()), check)?;
    let located = on_chip(work, options, &area, true)?;
    if known.is_none() {
        check(&located)?;
    }
    put(work, options, &located, PutContents::Bytes(&image.bytes), allow.clone())
}

pub fn erase(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let area = area(options)?;
    area.to_erase(options.flag("all")?)?;
    let located = on_chip(work, options, &area, true)?;
    put(work, options, &located, PutContents::Blank, Allow::default())
}

fn put(
    work: &Work<'_, '_>,
    options: &Options,
    located: &Located,
    contents: PutContents<'_>,
    allow: Allow,
) -> Outcome {
    let board = options.text("board")?.filter(|board| *board != AUTO).map(str::to_owned);
    let put = Put { place: &located.place, contents, board, layout: located.layout.as_ref(), allow };
    let (desk, store) = (work.desk(options)?, work.store_to_write()?);
    let (span, report) = desk.put(work.front, &store, &put)?;
    Ok(wire::report(&report).and(wire::place(span)))
}

/// Without `set` and `clear` it shows the protection.
pub fn protect(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let ranges: Vec<ProtectRange> = options.meanings("set")?;
    let desk = work.desk(options)?;
    let wanted = match (ranges.as_slice(), options.flag("clear")?) {
        ([], false) => {
            let (now, possible) = desk.protection(work.front)?;
            return Ok(wire::protection_shown(&now, &possible));
        }
        ([], true) => Protect::Ranges(Spans::new()),
        (ranges, false) => Protect::from(ranges),
        (_, true) => return Err("give \"set\" or \"clear\", not both".to_owned().into()),
    };
    let changed = desk.protect(work.front, &wanted, options.flag("permanent")?)?;
    Ok(wire::protection_changed(&changed.now, changed.written))
}

pub fn restore(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let (desk, store) = (work.desk(options)?, work.store_to_write()?);
    let id = store.find(options.needed("backup")?)?;
    let (report, _) = desk.restore(work.front, &store, &id, options.flag("other_chip")?)?;
    Ok(wire::report(&report).and(wire::restored(&id)))
}

pub fn resume(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let (desk, store) = (work.desk(options)?, work.store_to_write()?);
    let job = options.text("job")?.map(|text| store.find_job(text)).transpose()?;
    let direction = options.flag("undo")?.then_some(Direction::Undo);
    let report = desk.resume(work.front, &store, job, direction)?;
    Ok(wire::report(&report).and(wire::resumed(&report)))
}
