//! The regions of a chip: where they are, what they are for, which bytes belong to the one unit.

use std::fmt;

use serde::Serialize;

pub use super::per_unit::{Format, PerUnit, UnitKind};
use crate::span::Span;

/// What a region is for; it decides which checks look at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The boot loader.
    Loader,
    /// Kernel and root file system.
    Firmware,
    /// The user's or operator's settings.
    Settings,
    /// Data of the one unit: addresses, calibration.
    Unit,
    /// Anything else.
    #[default]
    Other,
}

impl Role {
    /// `loader`, `firmware`, `settings`, `unit` or `other`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loader => "loader",
            Self::Firmware => "firmware",
            Self::Settings => "settings",
            Self::Unit => "unit",
            Self::Other => "other",
        }
    }
}

/// Where a region's bytes come from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The board's own backup.
    Own,
    /// Erased bytes, FF.
    Blank,
    /// The donor of that name.
    Donor(String),
}

impl Source {
    /// Reads `own`, `blank` or a donor's name.
    pub fn parse(text: &str) -> Self {
        match text {
            "own" => Self::Own,
            "blank" => Self::Blank,
            name => Self::Donor(name.to_owned()),
        }
    }

    /// True for the donor of that name.
    pub(crate) fn is_donor(&self, name: &str) -> bool {
        matches!(self, Self::Donor(own) if own == name)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "own",
            Self::Blank => "blank",
            Self::Donor(name) => name,
        })
    }
}

/// A named part of a chip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name, as in `--set NAME=...`.
    pub name: String,
    /// Where, in the chip.
    pub span: Span,
    /// True when the running system does not write it.
    pub read_only: bool,
    /// What it is for.
    pub role: Role,
    /// Where its bytes come from when no source is chosen; a donor called `donor` means the one donor there is.
    pub default: Source,
    /// True when a region may be blank where its donor has nothing for it.
    pub blank_without_donor: bool,
    /// True for a part that has its own default, whatever the region around it comes from by default.
    pub stays: bool,
    /// The region after this one that longer firmware (OpenWrt's) extends into.
    pub grows_into: Option<String>,
    /// Bytes of the one unit.
    pub per_unit: Vec<PerUnit>,
    /// The region it lies in, for a part of another one.
    pub inside: Option<String>,
    /// Where the facts come from.
    pub source: Option<String>,
}

impl Region {
    /// A plain region with nothing known but its place: kept as it is by default.
    pub fn new(name: impl Into<String>, span: Span) -> Self {
        Self {
            name: name.into(),
            span,
            read_only: false,
            role: Role::Other,
            default: Source::Own,
            blank_without_donor: false,
            stays: false,
            grows_into: None,
            per_unit: Vec::new(),
            inside: None,
            source: None,
        }
    }

    /// A region of which only name and place are known: its role by its name, where that is a usual one.
    pub fn named(name: impl Into<String>, span: Span) -> Self {
        let mut region = Self::new(name, span);
        let lower = region.name.to_ascii_lowercase();
        let known = USUAL_NAMES.iter().find(|(_, names)| names.contains(&lower.as_str()));
        region.role = known.map_or(Role::Other, |(role, _)| *role);
        if GBE_NAMES.contains(&lower.as_str()) {
            let name = "MAC of the Ethernet port";
            region.role = Role::Unit;
            region.per_unit.push(PerUnit::new(name, span, UnitKind::Mac, Format::GBE));
        }
        if region.role == Role::Firmware {
            region.default = Source::Donor("donor".to_owned());
        }
        region
    }
}

/// Names of the Ethernet part of a PC's flash in descriptors, FMAPs and layouts; it has the port's address in one or both
/// of its copies. Facts: flashrom's and ifdtool's layouts (`gbe`), coreboot's FMAPs (`SI_GBE`).
const GBE_NAMES: [&str; 2] = ["gbe", "si_gbe"];

/// Names in boot logs and device trees, and what regions of those names are for.
const USUAL_NAMES: [(Role, &[&str]); 4] = [
    (Role::Loader, &["u-boot", "uboot", "boot", "bootloader", "loader", "breed"]),
    (Role::Firmware, &["firmware"]),
    (Role::Settings, &["config", "romfile", "user-config", "nvram", "u-boot-env", "uboot-env"]),
    (
        Role::Unit,
        &[
            "rom",
            "factory",
            "art",
            "radio",
            "eeprom",
            "caldata",
            "calibration",
            "default-mac",
            "pin",
            "device-id",
        ],
    ),
];

/// All regions of a chip, in order of address; bytes between them belong to none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The regions; they may nest or overlap only where the file they come from has them so.
    pub regions: Vec<Region>,
    /// The chip's size, where it is known; of several chips that are one flash, the sum.
    pub chip_size: Option<u64>,
    /// The sizes of the chips in order of address, where the map is known to be for two.
    pub chips: Vec<u64>,
    /// What it was read from: `board archer-mr200-v1`, `mtdparts`, `boot log`.
    pub source: String,
    /// What was odd in the file it was read from.
    pub notes: Vec<String>,
    /// Regions of the file that are not among `regions`, by name, each with the reason.
    pub left_out: Vec<(String, String)>,
    /// Those of them that lie partly in another region: their bytes have two owners.
    pub crossing: Vec<Region>,
}

/// The largest flash that a map may be for, in bytes. Parts with 2 Gbit, 256 MiB, are the largest of today.
pub const LARGEST_FLASH: u64 = 1 << 30;
/// More regions than any flash has: work on a map stays bounded.
const MOST_REGIONS: usize = 1024;
/// The deepest nesting of regions; no flash has as much.
const DEEPEST: usize = 32;

impl Layout {
    /// The region of that name.
    pub fn region(&self, name: &str) -> Option<&Region> {
        self.regions.iter().find(|r| r.name == name)
    }

    /// The first region of that role, whole ones before parts of others.
    pub fn of_role(&self, role: Role) -> Option<&Region> {
        self.whole().chain(&self.regions).find(|r| r.role == role)
    }

    /// True for the region that [`Layout::of_role`] gives for its role.
    pub(crate) fn is_first_of_role(&self, region: &Region) -> bool {
        self.of_role(region.role).is_some_and(|first| first.span == region.span && first.name == region.name)
    }

    /// The index of the innermost region around the one at `index`; `None` for a whole region.
    pub fn parent(&self, index: usize) -> Option<usize> {
        let region = self.regions.get(index)?;
        region.inside.as_ref()?;
        // Outer regions come first, so the last one that covers it is the innermost.
        self.regions[..index].iter().rposition(|outer| outer.span.covers(region.span))
    }

    /// In how many others the region at `index` lies.
    pub fn depth(&self, index: usize) -> usize {
        std::iter::successors(self.parent(index), |outer| self.parent(*outer)).count()
    }

    /// The regions that lie in no other one.
    pub fn whole(&self) -> impl Iterator<Item = &Region> {
        self.regions.iter().filter(|r| r.inside.is_none())
    }

    /// Sorts the regions by address, larger ones first, and notes which lie in which; a region that overlaps
    /// another one and does not lie in it is left out with a note.
    pub fn nested(mut self) -> Self {
        self.regions.sort_by_key(|r| (r.span.start, std::cmp::Reverse(r.span.end)));
        let more = self.regions.split_off(self.regions.len().min(MOST_REGIONS));
        if let Some(first) = more.first() {
            self.notes
                .push(format!("more than {MOST_REGIONS} regions: those from {} on are left out", first.name));
        }
        self.left_out.extend(more.into_iter().map(|region| {
            let why =
                format!("{} is left out: a map of flash has at most {MOST_REGIONS} regions", region.name);
            (region.name, why)
        }));
        let mut open: Vec<(String, Span)> = Vec::new();
        let mut kept: Vec<Region> = Vec::with_capacity(self.regions.len());
        for mut region in std::mem::take(&mut self.regions) {
            while open.last().is_some_and(|(_, span)| span.end <= region.span.start) {
                open.pop();
            }
            let Some((name, span)) = open.last() else {
                region.inside = None;
                open.push((region.name.clone(), region.span));
                kept.push(region);
                continue;
            };
            if open.len() >= DEEPEST {
                let why = format!("{} lies in {DEEPEST} others and is left out", region.name);
                self.leave_out(region.name.as_str(), why);
            } else if span.covers(region.span) {
                region.inside = Some(name.clone());
                open.push((region.name.clone(), region.span));
                kept.push(region);
            } else {
                let why =
                    format!("{} ({}) overlaps {name} ({span}) and is left out", region.name, region.span);
                self.leave_out(region.name.as_str(), why);
                self.crossing.push(region);
            }
        }
        self.regions = kept;
        self
    }

    /// Notes that a region of the file is not among the regions, and why.
    pub(crate) fn leave_out(&mut self, name: impl Into<String>, why: String) {
        self.notes.push(why.clone());
        self.left_out.push((name.into(), why));
    }

    /// All names, for messages.
    pub fn names(&self) -> String {
        self.regions.iter().map(|r| r.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The innermost region that holds `address`.
    pub fn at(&self, address: u64) -> Option<&Region> {
        self.regions.iter().filter(|r| r.span.contains(address)).min_by_key(|r| r.span.len())
    }

    /// All bytes of the one unit that lie in `span`.
    pub(crate) fn per_unit_in(&self, span: Span) -> impl Iterator<Item = &PerUnit> {
        self.regions.iter().flat_map(|r| &r.per_unit).filter(move |u| span.covers(u.span))
    }

    /// All bytes of the one unit, in order of address.
    pub fn per_unit(&self) -> impl Iterator<Item = (&Region, &PerUnit)> {
        self.regions.iter().flat_map(|r| r.per_unit.iter().map(move |u| (r, u)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(regions: impl Iterator<Item = (u64, u64)>) -> Layout {
        let named = |(n, (start, end))| Region::new(format!("r{n}"), Span::new(start, end));
        Layout { regions: regions.enumerate().map(named).collect(), ..Layout::default() }.nested()
    }

    #[test]
    fn a_map_of_more_or_deeper_regions_than_any_flash_has_is_cut_and_says_so() {
        let flat = settled((0..3000).map(|n| (n * 16, n * 16 + 16)));
        assert_eq!(
            (flat.regions.len(), flat.left_out.len(), flat.notes.len()),
            (MOST_REGIONS, 3000 - MOST_REGIONS, 1)
        );
        assert!(flat.notes[0].contains("from r1024 on"), "{:?}", flat.notes);
        let deep = settled((0..100).map(|n| (n, 1000 - n)));
        assert_eq!((deep.regions.len(), deep.left_out.len()), (DEEPEST, 100 - DEEPEST));
        assert!(deep.left_out[0].1.contains("r32 lies in 32 others"), "{:?}", deep.left_out);
    }
}
