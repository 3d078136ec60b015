//! Donors with a TP-Link header: the vendor's files with and without a boot loader, and OpenWrt's for these boards.

use std::borrow::Cow;

use super::anatomy::{Anatomy, Kind};
use super::firmware::{self, Behind, Firmware};
use super::loader;
use crate::image::boards::Board;
use crate::image::checks::{
    CHIP_SIZE, Finding, HEADER_KEPT, INNER_HEADER, NOT_JUDGED, TAIL_LEFT_OUT, TOO_LONG, TRUNCATED,
};
use crate::image::container::sysupgrade;
use crate::image::container::tplink::{HEADER_LEN, Header};
use crate::image::layout::Role;
use crate::image::whole::is_blank;

impl Anatomy<'_> {
    pub(super) fn with_outer(mut self, outer: &Header, board: &Board) -> Self {
        let bytes = self.donor.bytes.as_slice();
        let what = self.what();
        // Nothing behind the loader: the front of a vendor file, cut out as if it were the loader.
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
        // What is wrong with the whole file is wrong with the firmware in it: tell it once.
        let refused = self.is_refused();
        let inside = firmware::judge_header(bytes, &inner, &format!("{what} (inner header)"), board);
        let told: Vec<&str> = self.findings.iter().map(|f| f.name).collect();
        let new = inside.into_iter().filter(|f| !(refused && told.contains(&f.name)));
        let new: Vec<Finding> = new.collect();
        self.findings.extend(new);
        self.take_firmware(&inner, board);
        self
    }

    pub(super) fn with_firmware_file(mut self, header: &Header, board: &Board) -> Self {
        let bytes = self.donor.bytes.as_slice();
        let what = self.what();
        self.findings.extend(firmware::judge_header(bytes, header, &what, board));
        self.findings.extend(firmware::judge_metadata(bytes, &what));
        self.take_firmware(header, board);
        if let Some(firmware) = &mut self.firmware {
            let appended = firmware.bytes.len() != firmware.with_metadata.len();
            if appended || firmware.openwrt {
                self.kind = Kind::Sysupgrade;
                firmware.sysupgrade = true;
                self.findings.extend(firmware::judge_marks(&firmware.bytes, header, &what));
                self.check_names(0, board);
            }
        }
        self
    }

    pub(super) fn with_rescue(mut self, header: &Header, board: &Board) -> Self {
        let bytes = self.donor.bytes.as_slice();
        let what = self.what();
        let end = board.recovery.as_ref().map_or(board.chip_size, |r| r.end);
        if bytes.len() as u64 > end {
            self.findings.push(CHIP_SIZE.found(format!(
                "{what} has {:#x} bytes: neither the chip's {:#x} nor a rescue file's, at most {end:#x}",
                bytes.len(),
                board.chip_size
            )));
        }
        let loader = bytes.get(..header.offset as usize);
        self.loader = loader.filter(|l| !loader::starts_padded(l));
        self.findings.extend(firmware::judge_header(bytes, header, &what, board));
        self.check_metadata(header.offset as usize, board);
        self.take_firmware(header, board);
        self
    }

    /// Takes the firmware that starts with `header`, with nothing behind its own length.
    pub(super) fn take_firmware(&mut self, header: &Header, board: &Board) {
        let all = &self.donor.bytes[header.offset as usize..];
        let payload = sysupgrade::strip(all);
        let own = payload.get(..header.fw_length as usize).unwrap_or(payload);
        let start = Header { offset: 0, ..header.clone() };
        let behind = firmware::behind_rootfs(own, &start);
        let region = board.layout.of_role(Role::Firmware).map_or(0, |r| r.span.len());
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
            room: u64::from(header.fw_length),
            openwrt: behind.is_some() || u64::from(header.fw_length) > region || payload.len() != all.len(),
            overlay: matches!(behind, Some(Behind::Overlay(_))),
            header: Some(start),
            sysupgrade: payload.len() != all.len(),
        });
    }
}
