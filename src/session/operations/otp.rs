//! Operations on security registers.

use super::work::{Fault, Outcome, Work};
use crate::desk::files;
use crate::desk::otp::registers_of_backup;
use crate::desk::otp_contents::shown;
use crate::desk::otp_sets::{as_files, differing};
use crate::flash::SecurityRegister;
use crate::wire;
use crate::wire::options::Options;
use std::path::{Path, PathBuf};

pub fn show(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let registers = registers(work, options)?;
    Ok(wire::registers_shown(&shown(&registers)))
}

fn registers(work: &Work<'_, '_>, options: &Options) -> Result<Vec<SecurityRegister>, Fault> {
    let registers = work.desk(options)?.security_registers(work.front)?;
    if registers.first_die_only {
        let text = "there are several dies in this package: these are the first one's registers";
        work.front.send("warning", wire::message(text));
    }
    Ok(registers.some()?)
}

/// Each register into a file of a folder that is there.
pub fn dump(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let dir = Path::new(options.needed("dir")?);
    let registers = registers(work, options)?;
    let files = as_files(&registers);
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| dir.join(name)).collect();
    let mut open = paths.iter().map(|path| work.create(options, path, &[])).collect::<Result<Vec<_>, _>>()?;
    for (file, (_, bytes)) in open.iter_mut().zip(&files) {
        file.write(bytes)?;
    }
    open.into_iter().try_for_each(|file| file.keep())?;
    Ok(wire::registers_dumped(registers.iter().zip(paths.iter().map(PathBuf::as_path))))
}

fn register(options: &Options) -> Result<u8, Fault> {
    let number = options.number("register")?.ok_or_else(|| "option \"register\" is needed".to_owned())?;
    Ok(u8::try_from(number).map_err(|_| "option \"register\" is 0 to 255".to_owned())?)
}

pub fn program(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let bytes = files::read_image(Path::new(options.needed("file")?))?;
    write(work, options, vec![(register(options)?, bytes)])
}

pub fn clone(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let store = work.store();
    let id = store.find(options.needed("backup")?)?;
    write(work, options, registers_of_backup(&store, &id)?)
}

fn write(work: &Work<'_, '_>, options: &Options, wanted: Vec<(u8, Vec<u8>)>) -> Outcome {
    let (desk, store) = (work.desk(options)?, work.store_to_write()?);
    Ok(wire::registers_changed(&desk.program_registers(work.front, &store, wanted)?))
}

pub fn erase(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let (desk, store, index) = (work.desk(options)?, work.store_to_write()?, register(options)?);
    Ok(wire::registers_changed(desk.erase_register(work.front, &store, index)?.as_slice()))
}

pub fn lock(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let (desk, store, index) = (work.desk(options)?, work.store_to_write()?, register(options)?);
    Ok(wire::registers_changed(desk.lock_register(work.front, &store, index)?.as_slice()))
}

pub fn diff(work: &Work<'_, '_>, options: &Options) -> Outcome {
    let desk = work.desk(options)?;
    let set = |name| desk.register_set(work.front, || Ok::<_, Fault>(work.store()), options.needed(name)?);
    let differing = differing(&set("a")?, &set("b")?);
    let differing = differing.iter().map(|(index, ranges)| (*index, ranges.as_slice()));
    Ok(wire::registers_compared(differing))
}
