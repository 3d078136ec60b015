//! The part of a PC's flash that the processor runs: everything that is known in it, read once.

use std::fmt;

use memchr::memmem;

use super::file::File;
use super::fit::{self, Fit};
use super::insyde::{self, Entry};
use super::legacy::{self, Legacy};
use super::psp::{self, Psp};
use super::variables::Store;
use super::volume::{self, Volume};
use super::{address, apple, dvar, nvar, phoenix, vss};
use crate::image::container::cbfs;
use crate::image::container::fmap::{self, Fmap};
use crate::span::Span;

/// A table of areas that is only mentioned costs one try each.
const MOST_TRIES: usize = 64;

/// Whose way of starting a board a firmware goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Volumes of UEFI.
    Uefi,
    /// coreboot's areas or files, whatever they hold.
    Coreboot,
    /// A BIOS of the time before UEFI, by its maker.
    Legacy(&'static str),
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uefi => f.write_str("UEFI firmware"),
            Self::Coreboot => f.write_str("coreboot"),
            Self::Legacy(maker) => write!(f, "a legacy BIOS of {maker}"),
        }
    }
}

/// A BIOS region, or the whole of a flash without a descriptor. All places in it count from its start.
#[derive(Clone, Debug)]
pub struct Bios<'a> {
    /// Its bytes; the last one is the last below 4 GiB.
    pub bytes: &'a [u8],
    /// The volumes that lie in no other.
    pub volumes: Vec<Volume>,
    /// The live stores of variables.
    pub stores: Vec<Store>,
    /// Phoenix's map.
    pub flash_map: Option<Vec<phoenix::MapEntry>>,
    /// Insyde's map.
    pub device_map: Option<Vec<Entry>>,
    /// Intel's table.
    pub fit: Option<Fit>,
    /// AMD's directories.
    pub psp: Option<Psp>,
    /// coreboot's areas that lie in it, by name.
    pub areas: Vec<(String, Span)>,
    /// True where a file system of coreboot is in it.
    pub has_cbfs: bool,
    /// What it is where it has neither volumes nor anything of coreboot's.
    pub legacy: Option<Legacy>,
    /// Dell's stores outside of everything that is known.
    pub dvar: Vec<Span>,
}

impl<'a> Bios<'a> {
    /// Reads what is in `bytes`, which start at `at` of the flash.
    pub fn read(bytes: &'a [u8], at: u64) -> Self {
        let volumes = volume::find_all(bytes);
        let mut stores = Vec::new();
        for volume in &volumes {
            if volume.is_nvram() {
                stores.extend(vss::stores(bytes, volume));
            }
            let live = volume.real_files().filter(|file| file.guid == nvar::FILE);
            stores.extend(live.filter_map(|file| nvar::read(bytes, file.span.start, file.body())));
        }
        stores.extend(phoenix::stores_outside(bytes, volumes.iter().map(|volume| volume.span)));
        stores.extend(apple::stores_elsewhere(bytes, &stores));
        let (areas, has_cbfs) = (areas(bytes, at), !cbfs::all(bytes).is_empty());
        let is_bare = volumes.is_empty() && areas.is_empty() && !has_cbfs;
        Self {
            bytes,
            flash_map: phoenix::find(bytes),
            legacy: if is_bare { legacy::find(bytes) } else { None },
            dvar: dvar::find(bytes),
            volumes,
            stores,
            device_map: insyde::find(bytes),
            fit: fit::find(bytes),
            psp: psp::find(bytes),
            areas,
            has_cbfs,
        }
    }

    /// The place of an address of the processor.
    pub fn offset(&self, address: u64) -> Option<u64> {
        address::offset(self.bytes, address)
    }

    /// Every file that is valid and more than padding.
    pub fn files(&self) -> impl Iterator<Item = &File> {
        self.volumes.iter().flat_map(Volume::real_files)
    }

    /// True where something in it says that it is a PC's.
    pub fn is_firmware(&self) -> bool {
        self.family().is_some()
    }

    /// What it is; `None` where nothing in it says that it is a PC's.
    pub fn family(&self) -> Option<Family> {
        if !self.areas.is_empty() || self.has_cbfs {
            return Some(Family::Coreboot);
        }
        if !self.volumes.is_empty() {
            return Some(Family::Uefi);
        }
        self.legacy.as_ref().map(|legacy| Family::Legacy(legacy.maker))
    }
}

/// The areas of the first table, those alone that lie whole in the bytes, counted from their start.
fn areas(bytes: &[u8], at: u64) -> Vec<(String, Span)> {
    let here = Span::new(at, at + bytes.len() as u64);
    let found: Option<Fmap> =
        memmem::find_iter(bytes, fmap::MAGIC).take(MOST_TRIES).find_map(|at| fmap::parse(bytes, at));
    let inside = found.into_iter().flat_map(|map| map.areas).filter(|area| here.covers(area.span));
    let counted = inside.filter(|area| area.span != here && !area.span.is_empty());
    counted.map(|area| (area.name, Span::new(area.span.start - at, area.span.end - at))).collect()
}
