//! Donors with a vendor's header: the vendor's files, TP-Link's with a boot loader too, and OpenWrt's for these boards.

use std::borrow::Cow;
use std::rc::Rc;

use super::anatomy::{Anatomy, Kind};
use super::firmware::{self, AfterRoot, Firmware, Origin};
use super::loader;
use crate::image::boards::Board;
use crate::image::checks::{
    CHIP_SIZE, Finding, HEADER_KEPT, INNER_HEADER, NOT_JUDGED, TAIL_LEFT_OUT, TOO_LONG, TRUNCATED,
};
use crate::image::container::envelope::Envelope;
use crate::image::container::sysupgrade;
use crate::image::container::tplink::{HEADER_LEN, TplinkHeader};
use crate::image::layout::Role;
use crate::image::whole::is_blank;

impl Anatomy<'_> {
    pub(super) fn with_outer(mut self, outer: &TplinkHeader, board: &Board) -> Self {
        let bytes = self.donor.bytes.as_slice();
        let what = self.what();
        // Nothing after the loader: the front of a vendor file, cut out as if it were the loader.
        let kernel = u64::from(outer.kernel.offset);
        if (bytes.len() as u64) < kernel {
            let finding = loader::fault(bytes, &what).filter(|f| f.name == HEADER_KEPT.name);
            let early =
                board.layout.of_role(Role::Loader).is_some_and(|r| bytes.len() as u64 <= r.span.len());
            self.findings.push(match finding {
                Some(finding) if early => finding,
                _ => TRUNCATED.found(format!(
                    "{what}: {:#x} bytes are there, its header says {:#x}: the file was cut short; get it again",
                    bytes.len(),
                    outer.fw_length
                )),
            });
            return self;
        }
        self.findings.extend(firmware::judge_header(bytes, outer, &format!("{what} (outer header)"), board));
        let Some(inner) = outer.inner(bytes) else {
            self.findings.push(INNER_HEADER.found(format!(
                "{what}: no firmware header is before the kernel at {kernel:#x}; the loader may have been \
                 written over it when the file was made"
            )));
            return self;
        };
        let from = outer.boot_offset().unwrap_or(HEADER_LEN);
        let room = inner.offset.saturating_sub(from);
        if u64::from(outer.boot.len) > room {
            self.findings.push(TOO_LONG.found(format!(
                "{what}: its boot loader has {:#x} bytes, its room there is {room:#x}",
                outer.boot.len
            )));
        }
        let loader_len = board.layout.of_role(Role::Loader).map(|r| r.span.len());
        if loader_len == Some(room) {
            self.loader = bytes.get(from as usize..inner.offset as usize);
        } else {
            self.findings.push(NOT_JUDGED.found(format!(
                "{what}: its boot loader has {room:#x} bytes of room and the board's has {:#x}: it is not offered",
                loader_len.unwrap_or(0)
            )));
        }
        // What is wrong with the whole file is wrong with the firmware in it: reported once.
        let refused = self.is_refused();
        let inside = firmware::judge_header(bytes, &inner, &format!("{what} (inner header)"), board);
        let reported: Vec<&str> = self.findings.iter().map(|f| f.name).collect();
        let new = inside.into_iter().filter(|f| !(refused && reported.contains(&f.name)));
        let new: Vec<Finding> = new.collect();
        self.findings.extend(new);
        self.take_firmware(Rc::new(inner), board);
        self
    }

    pub(super) fn with_firmware_file(mut self, header: Rc<dyn Envelope>, board: &Board) -> Self {
        let bytes = self.donor.bytes.as_slice();
        let what = self.what();
        self.findings.extend(firmware::judge_file(bytes, header.as_ref(), &what, board));
        self.findings.extend(firmware::judge_metadata(bytes, &what));
        self.take_firmware(Rc::clone(&header), board);
        if let Some(firmware) = &mut self.firmware {
            let appended = firmware.bytes.len() != firmware.with_metadata.len();
            if appended || !matches!(firmware.origin, Origin::Vendor(_)) {
                self.kind = Kind::Sysupgrade;
                firmware.sysupgrade = true;
                self.findings.extend(firmware::judge_marks(&firmware.bytes, header.as_ref(), &what));
                self.check_names(0, board);
            }
        }
        self
    }

    pub(super) fn with_rescue(mut self, header: Rc<dyn Envelope>, board: &Board) -> Self {
        let bytes = self.donor.bytes.as_slice();
        let what = self.what();
        let end = board.recovery.as_ref().map_or(board.chip_size, |r| r.end);
        // Padding is none of it, as in files padded to a chip's length.
        if bytes.get(end as usize..).is_some_and(|more| !is_blank(more)) {
            let finding = CHIP_SIZE.found(format!(
                "{what} has {:#x} bytes: neither the chip's {:#x} nor a rescue file's, at most {end:#x}",
                bytes.len(),
                board.chip_size
            ));
            self.findings.push(self.with_its_map(finding, board));
        }
        let start = header.offset() as usize;
        self.loader = bytes.get(..start).filter(|l| !loader::starts_padded(l));
        self.findings.extend(firmware::judge_file(bytes, header.as_ref(), &what, board));
        self.check_metadata(start, board);
        self.take_firmware(header, board);
        self
    }

    /// Takes the firmware that starts with `header`, with nothing after its own length.
    pub(super) fn take_firmware(&mut self, header: Rc<dyn Envelope>, board: &Board) {
        let all = &self.donor.bytes[header.offset() as usize..];
        let payload = sysupgrade::strip(all);
        let region = board.layout.of_role(Role::Firmware).map_or(0, |r| r.span.len());
        // Of a header without a length: in a dump what the region has, in a file everything.
        let unsaid = if self.kind == Kind::Dump { region } else { payload.len() as u64 };
        let room = header.room().unwrap_or(unsaid);
        if let Some(most) = board.firmware_room().filter(|most| header.room().is_none() && room > *most) {
            self.findings.push(TOO_LONG.found(format!(
                "{} has {room:#x} bytes of firmware, its room on {} is {most:#x}",
                self.what(),
                board.name
            )));
        }
        let own = payload.get(..room as usize).unwrap_or(payload);
        let envelope = header.at_start();
        let after = firmware::after_rootfs(own, envelope.as_ref());
        let appended = payload.len() != all.len();
        let is_openwrt = after.is_some() || header.room().is_some_and(|room| room > region) || appended;
        let tail = &payload[own.len()..];
        let left_out = matches!(self.kind, Kind::VendorWithLoader | Kind::VendorFirmware) && !is_blank(tail);
        if left_out {
            self.findings.push(TAIL_LEFT_OUT.found(format!(
                "{}: {:#x} bytes follow the firmware, such as modem firmware; they are not part of this flash",
                self.what(),
                tail.len()
            )));
        }
        let with_metadata = if tail.is_empty() { all } else { own };
        self.firmware = Some(Firmware {
            bytes: Cow::Borrowed(own),
            with_metadata: Cow::Borrowed(with_metadata),
            room,
            origin: match is_openwrt {
                true => Origin::OpenWrt { envelope, overlay: matches!(after, Some(AfterRoot::Overlay(_))) },
                false => Origin::Vendor(envelope),
            },
            sysupgrade: appended,
        });
    }
}
