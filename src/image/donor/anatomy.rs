//! What a donor is made of, found by its structure: which of its bytes are which region's.
//!
//! The order of the tests is the point: a TP-Link header at the first byte decides before the length does (a
//! vendor file may be as long as the chip), then a loader or padding with a firmware where the board's firmware starts
//! (rescue files), then a firmware of another kind, a whole chip, and last a bare file as long as a region.

use std::rc::Rc;

use super::file::Donor;
use super::firmware::{self, Firmware};
use super::form::other_form;
use super::identity::{self, Names};
use super::loader;
use super::other_flash;
use super::padding::{after_padding, elsewhere, is_padded_rescue};
use super::plain;
use crate::image::boards::Board;
use crate::image::checks::{Advice, CHIP_SIZE, DONOR_UNKNOWN, Finding, Severity};
use crate::image::container::intel::{descriptor, me};
use crate::image::container::sysupgrade;
use crate::image::container::tplink;
use crate::image::formats::envelope_at;
use crate::image::is_blank;
use crate::image::layout::{Region, Role};
use crate::image::layouts::in_dump;
use crate::image::pc::bios::Bios;
use crate::image::pc::flash::BIOS;
use crate::units;

/// What a donor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The vendor's file with a boot loader: outer header, loader, inner header, firmware.
    VendorWithLoader,
    /// The vendor's firmware without a boot loader.
    VendorFirmware,
    /// OpenWrt's sysupgrade file, or one without metadata.
    Sysupgrade,
    /// A whole chip.
    Dump,
    /// A rescue file: loader and firmware.
    RescueFile,
    /// Firmware in a container of its own: uImage, FIT, TRX, Seama, SafeLoader, tar.
    Container(&'static str),
    /// A file that is one region.
    RegionFile,
    /// Nothing known.
    Unknown,
}

impl Kind {
    /// In words, for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::VendorWithLoader => "vendor file with boot loader",
            Self::VendorFirmware => "vendor firmware without boot loader",
            Self::Sysupgrade => "sysupgrade file",
            Self::Dump => "dump of a whole chip",
            Self::RescueFile => "rescue file (boot loader and firmware)",
            Self::Container(name) => name,
            Self::RegionFile => "file of one region",
            Self::Unknown => "unknown",
        }
    }
}

/// Bytes for a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'a> {
    /// From the region's first byte on; at most as many as the region has.
    pub bytes: &'a [u8],
    /// True when they only happen to follow the firmware in its file.
    pub tail: bool,
}

/// A donor taken apart.
#[derive(Clone, Debug)]
pub struct Anatomy<'a> {
    /// The donor.
    pub donor: &'a Donor,
    /// What it is.
    pub kind: Kind,
    /// The boot loader it brings, as long as its room.
    pub loader: Option<&'a [u8]>,
    /// The firmware it brings.
    pub firmware: Option<Firmware<'a>>,
    /// Parts it brings for regions of their names.
    pub parts: Vec<(String, &'a [u8])>,
    /// What its checks found.
    pub findings: Vec<Finding>,
    /// What is wrong with its firmware alone: it counts when the firmware is taken.
    pub of_firmware: Vec<Finding>,
}

/// True for a bare file that can be `region`: as long as it, or a loader or ME image without the padding after it.
fn fills(bytes: &[u8], region: &Region) -> bool {
    let (len, room) = (bytes.len() as u64, region.span.len());
    let short_loader = || loader::is_one(bytes);
    // A firmware of that length has no padding before it.
    let padded = || region.role == Role::Firmware && after_padding(bytes).is_some();
    (len == room && !padded() && !other_flash::is_one(bytes, region))
        || (region.role == Role::Loader && len < room && short_loader())
        || (len < room && is_me(region) && me::is_image(bytes))
}

/// The bytes of a part in a file that is the whole of the region around it.
fn part_of_region<'a>(bytes: &'a [u8], part: &Region, board: &Board) -> Option<&'a [u8]> {
    let mut around = board.layout.regions.iter().filter(|outer| outer.span.covers(part.span));
    let outer = around.find(|outer| outer.span.len() == bytes.len() as u64)?;
    let from = (part.span.start - outer.span.start) as usize;
    bytes.get(from..from + part.span.len() as usize)
}

/// True for the region of the Intel ME, by the names that descriptors and FMAPs have for it.
fn is_me(region: &Region) -> bool {
    ["me", "txe", "csme", "si_me"].iter().any(|name| region.name.eq_ignore_ascii_case(name))
}

impl<'a> Anatomy<'a> {
    /// Takes `donor` apart for `board`.
    pub fn of(donor: &'a Donor, board: &Board) -> Self {
        let bytes = donor.bytes.as_slice();
        let new = |kind| Self {
            donor,
            kind,
            loader: None,
            firmware: None,
            parts: Vec::new(),
            findings: donor.opened.clone(),
            of_firmware: Vec::new(),
        };
        if new(Kind::Unknown).is_refused() {
            return new(Kind::Unknown);
        }
        if let Some(header) = tplink::parse(bytes, 0) {
            return if header.has_boot() {
                new(Kind::VendorWithLoader).with_outer(&header, board)
            } else {
                new(Kind::VendorFirmware).with_firmware_file(Rc::new(header), board)
            };
        }
        if let Some(header) = envelope_at(bytes, 0) {
            let is_flash = bytes.len() as u64 == board.chip_size;
            if !is_flash {
                return new(Kind::VendorFirmware).with_firmware_file(header, board);
            }
        }
        let is_whole_chip = bytes.len() as u64 == board.chip_size;
        let start = board.firmware_start().filter(|start| *start > 0 && !is_whole_chip);
        if let Some(start) = start.filter(|_| !plain::is_container(bytes)) {
            let after = bytes.get(start as usize..).unwrap_or_default();
            let header = envelope_at(bytes, start);
            let is_flash = other_flash::may_be_one(bytes) && !is_padded_rescue(bytes, start);
            if is_flash && (header.is_some() || plain::is_container(after)) {
                return new(Kind::Unknown).of_another_flash(board);
            }
            if let Some(header) = header {
                return new(Kind::RescueFile).with_rescue(header, board);
            }
            if board.hardware.is_empty()
                && plain::is_container(after)
                && plain::across(bytes, start).is_none()
                && let Some(found) = new(Kind::RescueFile).with_plain_firmware(start as usize, board)
            {
                return found;
            }
        }
        if board.hardware.is_empty()
            && !loader::starts_padded(bytes)
            && start.is_none_or(|start| !loader::is_one(bytes.get(..start as usize).unwrap_or_default()))
            && let Some(found) = new(Kind::Sysupgrade).with_plain_firmware(0, board)
        {
            return found;
        }
        if is_whole_chip {
            return new(Kind::Dump).with_dump(board);
        }
        if !bytes.is_empty() && board.layout.regions.iter().any(|r| fills(bytes, r)) {
            return new(Kind::RegionFile);
        }
        new(Kind::Unknown).with_nothing_known(board)
    }

    /// True when its own checks refuse it.
    pub fn is_refused(&self) -> bool {
        self.findings.iter().any(|f| f.severity == Severity::Refuse)
    }

    /// The donor's name as messages say it.
    pub(super) fn what(&self) -> String {
        format!("donor '{}'", self.donor.name)
    }

    fn with_nothing_known(mut self, board: &Board) -> Self {
        let bytes = self.donor.bytes.as_slice();
        // It may well say for which other board it is.
        self.check_metadata(0, board);
        let closed = || {
            let name = plain::closed(bytes)?;
            Some(format!(
                "is {}: files of this kind are named and not taken apart; give the part of it that belongs in flash as \
                 NAME=FILE@OFFSET+LENGTH",
                units::a(name)
            ))
        };
        let half = || {
            let is_half =
                descriptor::parse(bytes, 0)?.part(bytes.len() as u64) == descriptor::Part::FirstChip;
            is_half.then(|| {
                "is the dump of the first of two chips, as its Intel descriptor says, and the board's map has both: put \
                 the two dumps together in one file"
                    .to_owned()
            })
        };
        let bios = || {
            let room = board.layout.region(BIOS)?.span.len();
            let is_one = !other_flash::is_likely(bytes, board) && Bios::read(bytes, 0).is_firmware();
            is_one.then(|| {
                format!(
                    "is {:#x} bytes of a PC's firmware, the board's {BIOS} region has {room:#x} and its flash {:#x}: it is for \
                     another size of flash, or a part of more",
                    bytes.len(),
                    board.chip_size
                )
            })
        };
        let form = closed().or_else(half).or_else(|| other_form(bytes));
        let known = form.is_some();
        if !known && other_flash::is_likely(bytes, board) {
            return self.of_another_flash(board);
        }
        let why = match (bytes.len(), form.or_else(bios)) {
            (0, _) => "is empty".to_owned(),
            (_, Some(form)) => form,
            (len, None) => {
                let header = loader::find_header(bytes)
                    .map(|h| format!(", a firmware header is at {:#x}", h.offset))
                    .or_else(|| elsewhere(bytes, board))
                    .unwrap_or_default();
                format!(
                    "is {len:#x} bytes of nothing known: no firmware header at its start, not the chip's size \
                     ({:#x}), not the size of a region{header}",
                    board.chip_size
                )
            }
        };
        // A dump of another size: loader and firmware are at their places.
        let dump = bytes.len() >= 0x10_0000 && bytes.len().is_power_of_two() && !known;
        let check = if dump { CHIP_SIZE } else { DONOR_UNKNOWN };
        let finding = check.found(format!("{} {why}", self.what()));
        self.findings.push(if dump { self.with_its_map(finding, board) } else { finding });
        self
    }

    /// The finding against a dump of another size than the board's flash, with the advice to take its map where it has one.
    pub(super) fn with_its_map(&self, finding: Finding, board: &Board) -> Finding {
        let bytes = self.donor.bytes.as_slice();
        let has_map = || bytes.len() as u64 != board.chip_size && !in_dump::find(bytes).is_empty();
        match has_map() {
            true => finding.advise(Advice::TakeMap { donor: self.donor.name.clone() }),
            false => finding,
        }
    }

    /// Compares the names in the donor, from `from` on, with the board's: those in its metadata and device trees.
    pub(super) fn check_names(&mut self, from: usize, board: &Board) {
        let file = self.donor.bytes.get(from..).unwrap_or_default();
        let what = self.what();
        self.findings.extend(identity::judge(&Names::of(file, file, board), &what, board));
    }

    /// Checks what is appended to the file, and the names in it. In a rescue file the padding counts or does not, by
    /// the tool that made it.
    pub(super) fn check_metadata(&mut self, from: usize, board: &Board) {
        let what = self.what();
        let all = self.donor.bytes.as_slice();
        let whole = firmware::judge_metadata(all, &what);
        let found = if from == 0 || whole.is_empty() {
            whole
        } else {
            firmware::judge_metadata(all.get(from..).unwrap_or_default(), &what)
        };
        self.findings.extend(found);
        self.check_names(from, board);
    }

    /// The bytes for `region`; `None` where the donor has none for it.
    pub fn offers(&self, region: &Region, board: &Board) -> Option<Piece<'_>> {
        let bytes = self.donor.bytes.as_slice();
        let plain = |bytes| Some(Piece { bytes, tail: false });
        let part = self.parts.iter().find(|(name, _)| *name == region.name);
        // A second region of a role has its own place in a dump; of other donors it is not known.
        if !board.layout.is_first_of_role(region) && matches!(region.role, Role::Loader | Role::Firmware) {
            return match self.kind {
                Kind::RegionFile if fills(bytes, region) => plain(bytes),
                Kind::Dump => region.span.of(bytes).and_then(plain),
                _ => part.and_then(|(_, bytes)| plain(*bytes)),
            };
        }
        match (self.kind, region.role) {
            (Kind::RegionFile, _) if fills(bytes, region) => plain(bytes),
            (Kind::RegionFile, _) => part_of_region(bytes, region, board).and_then(plain),
            (Kind::Unknown, _) => None,
            (_, Role::Loader) => self.loader.filter(|l| l.len() as u64 == region.span.len()).and_then(plain),
            (_, Role::Firmware) => {
                let own = self.firmware.as_ref()?.bytes.as_ref();
                plain(&own[..own.len().min(region.span.len() as usize)])
            }
            _ if part.is_some() => part.and_then(|(_, bytes)| plain(*bytes)),
            (Kind::Dump, _) => region.span.of(bytes).and_then(plain),
            _ => self.after(region, board),
        }
    }

    /// Bytes for the region after the firmware: the firmware's own where it extends so far, or what follows it in its
    /// file.
    fn after(&self, region: &Region, board: &Board) -> Option<Piece<'_>> {
        let firmware = self.firmware.as_ref()?;
        let home = board.layout.of_role(Role::Firmware)?;
        if home.span.end != region.span.start {
            return None;
        }
        let (from, len) = (home.span.len() as usize, region.span.len() as usize);
        if let Some(more) = firmware.bytes.get(from..).filter(|more| !more.is_empty()) {
            return Some(Piece { bytes: &more[..more.len().min(len)], tail: false });
        }
        if firmware.room > home.span.len() {
            return Some(Piece { bytes: &[], tail: false });
        }
        let start = self.start_in_file(board)?;
        let rest = sysupgrade::strip(&self.donor.bytes).get(start + from..)?;
        let rest = &rest[..rest.len().min(len)];
        (!rest.is_empty() && !is_blank(rest)).then_some(Piece { bytes: rest, tail: true })
    }

    /// Where the firmware starts in the donor's file.
    fn start_in_file(&self, board: &Board) -> Option<usize> {
        match self.kind {
            Kind::VendorWithLoader => {
                tplink::parse(&self.donor.bytes, 0)?.inner_offset().map(|at| at as usize)
            }
            Kind::RescueFile => board.firmware_start().map(|start| start as usize),
            _ => Some(0),
        }
    }
}
