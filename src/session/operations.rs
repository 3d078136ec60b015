//! The operations of a request, one row each: its name, its options, its work through the desk.

use super::start::Start;
use super::talk::Talk;
use crate::desk::otp_contents::{macs, texts};
use crate::desk::programmer::ProgrammerChoice;
use crate::desk::regions::of_contents;
use crate::desk::subject::{Dump, Named};
use crate::desk::{AUTO, Desk, DonorWish, Input, Order, Place, Refusal, Wish, allowed, drop_job, rewrite};
use crate::flash::parts::parts;
use crate::flash::{Assumed, AssumedFault};
use crate::image::unit::parse_mac;
use crate::image::{Board, Image, ImageError, Purpose};
use crate::programmer::{attached, possible};
use crate::report::{Map, otp_verdict};
use crate::span::{Span, Spans};
use crate::spi::LinkError;
use crate::units::parse_size;
use crate::wire::options::Options;
use crate::wire::{self, Fields, ShownRegister};
use crate::workflow::backup::BackupOptions;
use crate::workflow::journal::Direction;
use crate::workflow::{Manifest, Store, StoreError};
use std::path::Path;

/// Bytes of a cell of a picture, before it has too many cells.
const SECTOR: u64 = 4096;
/// The most bytes that one request shows.
const MOST_BYTES: u64 = 64 * 1024;
/// The programmer and the conditions, for operations on a chip.
const CONDITIONS: &[&str] = &["programmer", "wait", "voltage_adapter", "allow", "dry_run", "part", "size"];

/// One request at work.
pub struct Work<'a, 't> {
    pub front: &'a Talk<'t>,
    pub start: &'a Start,
}

/// Why there is no result.
pub enum Fault {
    /// The request makes no sense; nothing was begun.
    Request(String),
    /// The desk refused it, or it failed.
    Refused(Refusal),
}

impl From<AssumedFault> for Fault {
    fn from(fault: AssumedFault) -> Self {
        Self::Request(fault.to_string())
    }
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Self::Request(why)
    }
}

macro_rules! refused_by {
    ($($error:ty),*) => {
        $(impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::Refused(error.into())
            }
        })*
    };
}

refused_by!(Refusal, StoreError, ImageError, LinkError);

type Outcome = Result<Fields, Fault>;

/// An operation.
struct Operation {
    name: &'static str,
    /// Its options beyond the conditions.
    options: &'static [&'static str],
    /// It works on a chip, under conditions.
    on_chip: bool,
    run: fn(&Work<'_, '_>, &Options) -> Outcome,
}

const fn on_chip(
    name: &'static str,
    options: &'static [&'static str],
    run: fn(&Work<'_, '_>, &Options) -> Outcome,
) -> Operation {
    Operation { name, options, on_chip: true, run }
}

const fn on_files(
    name: &'static str,
    options: &'static [&'static str],
    run: fn(&Work<'_, '_>, &Options) -> Outcome,
) -> Operation {
    Operation { name, options, on_chip: false, run }
}

/// Every operation.
const OPERATIONS: &[Operation] = &[
    on_files("list", &[], list),
    on_files("chips", &[], chips),
    on_files("boards", &[], boards),
    on_chip("probe", &[], probe),
    on_chip("contact", &[], contact),
    on_chip("otp", &[], otp),
    on_chip("backup", &["board", "name", "blank"], backup),
    on_chip("verify", &["file", "at"], verify),
    on_chip("rewrite", &["board", "layout", "donors", "set", "mac", "env", "recipe", "base"], rewrite_chip),
    on_chip("restore", &["backup", "other_chip"], restore),
    on_chip("resume", &["job", "undo"], resume),
    on_files("backups", &[], backups),
    on_files("jobs", &[], jobs),
    on_files("drop", &["job"], drop_open_job),
    on_files("bytes", &["what", "at", "length"], bytes),
    on_files("picture", &["what", "against"], picture),
];

/// The names of the operations.
pub fn names() -> Vec<&'static str> {
    OPERATIONS.iter().map(|operation| operation.name).collect()
}

/// Carries an operation out.
///
/// # Errors
/// [`Fault`].
pub fn run(work: &Work<'_, '_>, name: &str, options: &Options) -> Outcome {
    let operation = OPERATIONS.iter().find(|operation| operation.name == name);
    let operation = operation
        .ok_or_else(|| format!("there is no operation {name:?}; there are: {}", names().join(", ")))?;
    let conditions = if operation.on_chip { CONDITIONS } else { &[] };
    options.check(&[operation.options, conditions].concat())?;
    (operation.run)(work, options)
}

impl Work<'_, '_> {
    /// The session's desk, with what the request says otherwise.
    fn desk(&self, options: &Options) -> Result<Desk, Fault> {
        let mut desk = self.start.desk.clone();
        if let Some(text) = options.text("programmer")? {
            desk.programmer = ProgrammerChoice::parse(text)?;
        }
        desk.wait |= options.flag("wait")?;
        desk.voltage_adapter |= options.flag("voltage_adapter")?;
        desk.dry_run |= options.flag("dry_run")?;
        let names = options.texts("allow")?;
        if !names.is_empty() {
            desk.allow = allowed(names)?;
        }
        match (options.text("part")?, options.text("size")?) {
            (None, None) => {}
            (Some(name), None) => desk.assumed = Some(Assumed::part(name)?),
            (None, Some(size)) => desk.assumed = Some(Assumed::size(parse_size(size)?)?),
            (Some(_), Some(_)) => return Err("give \"part\" or \"size\", not both".to_owned().into()),
        }
        Ok(desk)
    }

    /// The store, for looking.
    fn store(&self) -> Store {
        Store::open(&self.start.store)
    }

    /// The store, for work.
    fn store_to_write(&self) -> Result<Store, Fault> {
        Ok(Store::open_locked(&self.start.store)?)
    }

    /// The contents of a file or backup, and what they are called.
    fn contents(&self, what: &str) -> Result<Image, Fault> {
        match Named::parse(what) {
            Named::Dump(dump) => dump.image(|| Ok(self.store())),
            Named::Chip => Err("it is read by \"backup\", and then looked at as a backup".to_owned().into()),
        }
    }
}

fn list(_: &Work<'_, '_>, _: &Options) -> Outcome {
    Ok(wire::programmers(&attached()?, &possible()))
}

fn chips(_: &Work<'_, '_>, _: &Options) -> Outcome {
    let all: Vec<_> = parts().iter().collect();
    Ok(wire::parts(&all, all.len()))
}

fn boards(_: &Work<'_, '_>, _: &Options) -> Outcome {
    Ok(wire::boards(&Board::all().iter().collect::<Vec<_>>()))
}

fn probe(work: &Work<'_, '_>, options: &Options) -> Outcome {
    Ok(wire::probe(&work.desk(options)?.probe(work.front, Some(&work.store()))?))
}

fn contact(work: &Work<'_, '_>, options: &Options) -> Outcome {
    Ok(wire::contact(&work.desk(options)?.contact(work.front)?))
}

fn otp(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let registers = work.desk(options)?.security_registers(work.front)?.some()?;
    let locks: Vec<Option<bool>> = registers.iter().map(|register| register.locked).collect();
    let verdict = otp_verdict(registers.len(), registers.iter().all(|register| register.blank), &locks);
    let shown: Vec<ShownRegister<'_>> = registers
        .iter()
        .map(|register| ShownRegister {
            register,
            texts: texts(&register.bytes),
            macs: macs(&register.bytes),
        })
        .collect();
    Ok(wire::registers_shown(&shown, &verdict))
}

fn backup(work: &Work<'_, '_>, options: &Options) -> Outcome {
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

fn verify(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let file = Path::new(options.needed("file")?);
    let place = options.number("at")?.map_or(Place::Whole, |at| Place::At(at, None));
    let wanted = Input::File(file.to_owned()).image()?;
    let bytes = wanted.for_address(file, place.start())?;
    let (span, found) = work.desk(options)?.verify(work.front, &place, bytes)?;
    Ok(wire::verified(span, &found))
}

fn rewrite_chip(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let input = |name: &str| -> Result<Option<Input>, String> {
        Ok(options.text(name)?.map(|file| Input::File(file.into())))
    };
    let mac = options
        .text("mac")?
        .map(|text| parse_mac(text).ok_or_else(|| format!("option \"mac\": {text:?} is no MAC address")));
    let layout = input("layout")?;
    let auto = layout.is_none().then_some(AUTO);
    let wish = Wish {
        board: options.text("board")?.or(auto).map(str::to_owned),
        layout,
        recipe: input("recipe")?,
        donors: options.texts("donors")?.into_iter().map(donor).collect(),
        sources: options.meanings("set")?,
        env: options.meanings("env")?,
        mac: mac.transpose()?,
        allow: options.texts("allow")?.into_iter().map(str::to_owned).collect(),
        purpose: Some(Purpose::Programmer),
        ..Wish::default()
    };
    let mut order = Order::new(wish)?;
    let base =
        options.text("base")?.map(|what| Dump::named(Path::new(what)).image(|| Ok::<_, Fault>(work.store())));
    let base = base.transpose()?;
    order.check_inputs(base.as_ref(), work.front)?;
    let (desk, store) = (work.desk(options)?, work.store_to_write()?);
    let done = rewrite(&desk, work.front, &store, &mut order, base)?;
    Ok(wire::report(&done.report).and(wire::chosen(&done.chosen)))
}

/// `NAME=FILE`, or a file.
fn donor(text: &str) -> DonorWish {
    let (name, file) = match text.split_once('=') {
        Some((name, file)) if !Path::new(text).exists() => (Some(name.to_owned()), file),
        _ => (None, text),
    };
    DonorWish { name, input: Input::File(file.into()) }
}

fn restore(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let (desk, store) = (work.desk(options)?, work.store_to_write()?);
    let id = store.find(options.needed("backup")?)?;
    let (report, _) = desk.restore(work.front, &store, &id, options.flag("other_chip")?)?;
    Ok(wire::report(&report).and(wire::restored(&id)))
}

fn resume(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let (desk, store) = (work.desk(options)?, work.store_to_write()?);
    let job = options.text("job")?.map(|text| store.find_job(text)).transpose()?;
    let direction = options.flag("undo")?.then_some(Direction::Undo);
    let report = desk.resume(work.front, &store, job, direction)?;
    Ok(wire::report(&report).and(wire::resumed(&report)))
}

fn backups(work: &Work<'_, '_>, _: &Options) -> Outcome {
    let store = work.store();
    let all = store.list()?;
    let sound: Vec<&Manifest> = all.iter().filter_map(|one| one.manifest.as_ref().ok()).collect();
    let damaged: Vec<(&str, &str)> =
        all.iter().filter_map(|one| Some((one.id.as_str(), one.manifest.as_ref().err()?.as_str()))).collect();
    Ok(wire::backups(store.root(), &sound, &damaged))
}

fn jobs(work: &Work<'_, '_>, _: &Options) -> Outcome {
    Ok(wire::jobs(&work.store().jobs()?))
}

fn drop_open_job(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let store = work.store_to_write()?;
    let job = store.find_job(options.needed("job")?)?;
    drop_job(work.front, &store, &job)?;
    Ok(wire::job_opened(&job))
}

fn bytes(work: &Work<'_, '_>, options: &Options) -> Outcome {
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

fn picture(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let what = options.needed("what")?;
    let image = work.contents(what)?;
    let before = options.text("against")?.map(|what| work.contents(what)).transpose()?;
    let map = Map::of(before.as_ref().unwrap_or(&image).bytes(), image.bytes(), SECTOR, &Spans::new());
    let layout = of_contents(image.bytes());
    let regions = layout.iter().flat_map(|layout| &layout.regions);
    let regions: Vec<(String, Span)> = regions.map(|region| (region.name.clone(), region.span)).collect();
    Ok(wire::picture(what, &map, &regions))
}
