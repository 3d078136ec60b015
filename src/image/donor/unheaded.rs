//! Donors without a vendor's header: firmware in a container of its own, and whole chips.

use std::borrow::Cow;

use super::anatomy::{Anatomy, Kind};
use super::dump;
use super::firmware::{self, Firmware, Origin};
use super::form::has_chip_size;
use super::identity::{self, Names};
use super::loader;
use super::padding::{elsewhere, has_overlay, without_filler};
use super::plain;
use super::recognise::{board_trees, names_board};
use crate::image::boards::Board;
use crate::image::checks::{CHIP_SIZE, Finding, HARDWARE_ID, NOT_JUDGED, OTHER_MAP, TOO_LONG};
use crate::image::container::sysupgrade;
use crate::image::formats::envelope_at;
use crate::image::layout::Role;
use crate::image::whole::is_blank;

impl Anatomy<'_> {
    /// Firmware without a vendor's header, from `from` on in the file, after a loader or padding; `None` where nothing
    /// says that it is one.
    pub(super) fn with_plain_firmware(mut self, from: usize, board: &Board) -> Option<Self> {
        let bytes = self.donor.bytes.get(from..)?;
        let what = self.what();
        let payload = sysupgrade::strip(bytes);
        let appended = payload.len() != bytes.len();
        let fitting = if appended { None } else { without_filler(bytes, &what, board) };
        let (bytes, payload) = fitting.map_or((bytes, payload), |fitting| (fitting, fitting));
        let opened = plain::open(bytes, &what, board);
        // Kernels of many boards start in ways of their own: then the metadata or the tree must name the board.
        let named = || board_trees(bytes).iter().any(|tree| names_board(tree, board));
        let is_flash = bytes.len() as u64 == board.chip_size || has_chip_size(bytes);
        let as_it_is = || !is_flash && plain::closed(bytes).is_none() && named();
        if opened.is_none() && !appended && !as_it_is() {
            return None;
        }
        self.check_metadata(from, board);
        self.loader = self.donor.bytes.get(..from).filter(|l| from > 0 && !loader::starts_padded(l));
        let as_it_is = Firmware {
            bytes: Cow::Borrowed(payload),
            with_metadata: Cow::Borrowed(bytes),
            origin: Origin::Bare { overlay: false },
            room: payload.len() as u64,
            sysupgrade: true,
        };
        self.firmware = match opened {
            None => {
                self.findings.push(NOT_JUDGED.found(format!(
                    "{what} starts with no container known here; it is taken by what it says of its board"
                )));
                Some(as_it_is)
            }
            Some(opened) => {
                if !appended && from == 0 {
                    self.kind = Kind::Container(opened.name);
                }
                self.findings.extend(opened.findings);
                self.parts = opened.parts;
                opened.firmware.map(|put| match put {
                    Cow::Borrowed(whole) if whole.len() == payload.len() => as_it_is,
                    other => Firmware {
                        room: other.len() as u64,
                        with_metadata: other.clone(),
                        bytes: other,
                        ..as_it_is
                    },
                })
            }
        };
        let len = self.firmware.as_ref().map_or(0, |f| f.bytes.len() as u64);
        if let Some(room) = board.firmware_room().filter(|room| len > *room) {
            let finding = TOO_LONG.found(format!(
                "{what} has {len:#x} bytes of firmware, its room on {} is {room:#x}",
                board.name
            ));
            self.findings.push(self.with_its_map(finding, board));
        }
        Some(self)
    }

    /// A whole flash of another size: nothing of it is taken by the places in the board's map.
    pub(super) fn of_another_flash(mut self, board: &Board) -> Self {
        self.kind = Kind::Unknown;
        let len = self.donor.bytes.len();
        let finding = CHIP_SIZE.found(format!(
            "{} has {len:#x} bytes and starts as a flash does: it is taken for all of a flash of that size, and the board's \
             has {:#x}; settings and calibration of its unit are where the board's map has other data. Give the part that is \
             wanted as NAME=FILE@OFFSET+LENGTH",
            self.what(),
            board.chip_size
        ));
        let finding = self.with_its_map(finding, board);
        self.findings.push(finding);
        self
    }

    pub(super) fn with_dump(mut self, board: &Board) -> Self {
        let bytes = self.donor.bytes.as_slice();
        let what = self.what();
        self.findings.extend(dump::judge(bytes, &what, board));
        let loader = board.layout.of_role(Role::Loader).and_then(|r| r.span.of(bytes));
        self.loader = loader.filter(|l| !is_blank(l));
        if self.is_refused() {
            return self;
        }
        let Some(start) = board.firmware_start() else { return self };
        if let Some(firmware) = board.layout.of_role(Role::Firmware).and_then(|r| r.span.of(bytes)) {
            self.findings.extend(identity::judge(&Names::of(&[], firmware, board), &what, board));
        }
        if let Some(header) = envelope_at(bytes, start) {
            let found = firmware::judge_dump(bytes, header.as_ref(), &what, board);
            let (of_board, of_firmware): (Vec<Finding>, Vec<Finding>) =
                found.into_iter().partition(|f| f.name == HARDWARE_ID.name);
            self.of_firmware = of_firmware;
            self.findings.extend(of_board);
            self.take_firmware(header, board);
        } else if board.hardware.is_empty() {
            let region = board.layout.of_role(Role::Firmware).and_then(|r| r.span.of(bytes));
            let firmware = region.filter(|f| !is_blank(f));
            if let (None, Some(elsewhere)) = (firmware, elsewhere(bytes, board)) {
                self.of_firmware.push(
                    OTHER_MAP.found(format!("{what} is blank where the board's firmware is{elsewhere}")),
                );
            }
            self.of_firmware.extend(plain::across(bytes, start).map(|(at, name)| {
                OTHER_MAP.found(format!(
                    "{what} has a {name} at {at:#x}, which the start of the board's firmware at {start:#x} would cut through: \
                     it is of another map"
                ))
            }));
            self.of_firmware.extend(firmware.into_iter().flat_map(|f| plain::judge_in_dump(f, &what)));
            self.firmware = firmware.map(|f| Firmware {
                bytes: Cow::Borrowed(f),
                with_metadata: Cow::Borrowed(f),
                origin: Origin::Bare { overlay: has_overlay(f) },
                room: f.len() as u64,
                sysupgrade: false,
            });
        } else {
            let elsewhere =
                loader::find_header(bytes).map_or(String::new(), |h| format!("; one is at {:#x}", h.offset));
            self.findings.push(NOT_JUDGED.found(format!(
                "{what} has no firmware header at {start:#x}{elsewhere}: it offers no firmware"
            )));
        }
        self
    }
}
