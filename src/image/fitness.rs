//! Is a file fit for what it is meant for on this board: as a donor, as the board's own dump, as a rescue file?
//!
//! What the splice makes has passed these checks; here they judge files that somebody else made. Facts: the two kinds
//! of rescue ("from 0" writes the boot loader too, "from the firmware" skips as many bytes as it has) and the ways to
//! take one for the other, from the boards' sources.

use super::anatomy::{Anatomy, Kind};
use super::board::{Board, Recovery, RecoveryKind};
use super::checks::{HEADER_KEPT, TFTP_KIND};
use super::donor::Donor;
use super::error::ImageError;
use super::finding::{Finding, Severity};
use super::{dump, loader};

/// What a file is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Regions are taken from it.
    Donor,
    /// It is the board's own dump.
    Dump,
    /// The loader's rescue fetches it.
    Tftp,
}

impl Use {
    /// Every use.
    pub const ALL: [Use; 3] = [Self::Donor, Self::Dump, Self::Tftp];

    /// `donor`, `dump` or `tftp`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Donor => "donor",
            Self::Dump => "dump",
            Self::Tftp => "tftp",
        }
    }

    /// Reads `donor`, `dump` or `tftp`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meant| meant.name() == text)
    }
}

/// What speaks against `bytes` being used so on `board`, and what is worth knowing; `what` names them in messages.
///
/// # Errors
/// [`ImageError::NotForThisBoard`] for a rescue file where nothing is known of the board's rescue.
pub fn judge(bytes: Vec<u8>, what: &str, meant: Use, board: &Board) -> Result<Vec<Finding>, ImageError> {
    match meant {
        Use::Dump => Ok(dump::judge(&bytes, what, board)),
        Use::Donor => Ok(Anatomy::of(&Donor::new(what, bytes), board).findings),
        Use::Tftp => rescue(&Donor::new(what, bytes), board),
    }
}

fn rescue(file: &Donor, board: &Board) -> Result<Vec<Finding>, ImageError> {
    let no = |why: &str| ImageError::NotForThisBoard { board: board.name.clone(), why: why.to_owned() };
    let recovery = board.recovery.as_ref().ok_or_else(|| no("nothing is known of its loader's rescue"))?;
    let start = board.firmware_start().ok_or_else(|| no("it has no firmware region"))?;
    let opened = Anatomy::of(file, board);
    let mut findings = opened.findings.clone();
    findings.extend(kind(&opened, recovery, start, board));
    if recovery.kind == RecoveryKind::FromZero && opened.loader.is_some() && opened.kind == Kind::RescueFile {
        let head = file.bytes.get(..start as usize).unwrap_or(&file.bytes);
        findings.extend(loader::fault(head, &format!("'{}'", file.name)));
    }
    Ok(findings)
}

/// Is it of the kind that this board's rescue writes?
fn kind(opened: &Anatomy<'_>, recovery: &Recovery, start: u64, board: &Board) -> Option<Finding> {
    let (name, found) = (&opened.donor.name, opened.kind.name());
    let lost = match recovery.kind {
        RecoveryKind::FromZero => "its rescue writes from 0, so the boot loader would be overwritten",
        RecoveryKind::FromFirmware => {
            "its rescue skips the file's first bytes, so the firmware's would be lost"
        }
    };
    let refuse = |why: String| Some(TFTP_KIND.found(why));
    match (recovery.kind, opened.kind) {
        (_, Kind::VendorWithLoader) => Some(HEADER_KEPT.found(format!(
            "'{name}' has the vendor's header in front of the loader: everything would be written 0x200 bytes too far \
             on {}; let 'splice --for tftp' make the file",
            board.name
        ))),
        (RecoveryKind::FromZero, Kind::RescueFile) if opened.loader.is_none() => refuse(format!(
            "'{name}' has padding where the boot loader of {} belongs: {lost}; it is for boards whose rescue writes \
             from the firmware on",
            board.name
        )),
        (_, Kind::RescueFile) => None,
        (RecoveryKind::FromZero, Kind::Dump) => Some(TFTP_KIND.found_as(
            Severity::Ask,
            format!("'{name}' is a dump of a whole chip: what lies from {:#x} on is not written", recovery.end),
        )),
        (RecoveryKind::FromZero, _) => {
            refuse(format!("'{name}' ({found}) has no boot loader in its first {start:#x} bytes: {lost}"))
        }
        (RecoveryKind::FromFirmware, _) => {
            refuse(format!("'{name}' ({found}) does not hold the firmware at {start:#x}: {lost}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::synthetic::{self, FirmwareSpec};

    fn names(bytes: Vec<u8>, meant: Use) -> Vec<(&'static str, Severity)> {
        let board = Board::named("archer-mr200-v1").unwrap();
        judge(bytes, "file", meant, board).unwrap().iter().map(|f| (f.name, f.severity)).collect()
    }

    fn refused(bytes: Vec<u8>, meant: Use) -> Vec<&'static str> {
        let names = names(bytes, meant).into_iter();
        names.filter(|(_, severity)| *severity == Severity::Refuse).map(|(name, _)| name).collect()
    }

    #[test]
    fn a_rescue_file_of_a_board_that_writes_from_0_starts_with_its_loader() {
        let demo = synthetic::demo();
        let loader = &demo.board[..0x2_0000];
        let firmware = &demo.board[0x2_0000..0x7c_0000];
        assert_eq!(refused([loader, firmware].concat(), Use::Tftp), [""; 0]);
        let sysupgrade = synthetic::sysupgrade(&FirmwareSpec::default(), &["tplink,archer-mr200"]);
        assert_eq!(refused([loader, &sysupgrade].concat(), Use::Tftp), [""; 0]);
        // The well-known ways to lose the loader.
        assert_eq!(refused(sysupgrade, Use::Tftp), ["tftp-kind"]);
        assert_eq!(refused(firmware.to_vec(), Use::Tftp), ["tftp-kind"]);
        assert_eq!(refused([&[0; 0x2_0000], firmware].concat(), Use::Tftp), ["tftp-kind"]);
        assert_eq!(refused(demo.vendor.clone(), Use::Tftp), ["header-kept"]);
        // All of a chip: harmless, and asked.
        let dump = names(demo.board.to_vec(), Use::Tftp);
        assert!(dump.contains(&("tftp-kind", Severity::Ask)), "{dump:?}");
    }

    #[test]
    fn a_dump_and_a_donor_are_judged_as_such() {
        let demo = synthetic::demo();
        assert_eq!(refused(demo.board.to_vec(), Use::Dump), [""; 0]);
        assert_eq!(refused(demo.vendor.clone(), Use::Donor), [""; 0]);
        assert_eq!(refused(demo.vendor, Use::Dump), ["chip-size"]);
        assert_eq!(refused(vec![0xff; 0x80_0000], Use::Dump), ["blank-dump"]);
    }
}
