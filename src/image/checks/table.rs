//! The checks by name: what each looks for and its severity.
//!
//! The names are part of what users write, and stay. The mistakes they catch are those of
//! people on openwrt.org's forum and elsewhere; `hw-notes` describes the cases.

use super::finding::{Finding, Severity};

/// A check: its name, its highest severity, what it looks for.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Kebab-case; what `--allow` takes.
    pub name: &'static str,
    /// The severity of a finding.
    pub severity: Severity,
    /// The severity of a finding in the case that the text names, where that differs.
    pub otherwise: Option<Severity>,
    /// What it looks for.
    pub about: &'static str,
}

macro_rules! checks {
    (@otherwise) => { None };
    (@otherwise $severity:ident) => { Some(Severity::$severity) };
    ($($constant:ident $name:literal $severity:ident $(or $otherwise:ident)? , $about:literal)*) => {
        $(#[doc = $about] pub(crate) const $constant: Check = Check {
            name: $name,
            severity: Severity::$severity,
            otherwise: checks!(@otherwise $($otherwise)?),
            about: $about,
        };)*
        /// Every check.
        pub const CHECKS: &[Check] = &[$($constant),*];
    };
}

checks! {
    CHIP_SIZE "chip-size" Refuse, "A dump is not of the chip's size."
    BLANK_DUMP "blank-dump" Refuse, "A dump holds FF only or 00 only: nothing was read."
    MIRRORED_DUMP "mirrored-dump" Refuse, "A dump repeats itself: a smaller chip, or an address line that does not reach it."
    OTHER_FORM "other-form" Refuse or Ask, "A dump is not there byte for byte: its bytes are swapped, it is written as text, or packed; only asked of a file to write, and of a file of a chip's size that starts like an archive."
    WRONG_CALIBRATION "wrong-calibration" Refuse, "Calibration data in a dump is not of this board's radio."
    OTHER_MAP "other-map" Refuse or Ask, "A dump or firmware has its data where another board or revision has it; only asked where the device tree in a firmware for this board says so, the result has lost its map (FMAP), or a file to write is all of a flash of another size."
    HARDWARE_ID "hardware-id" Refuse, "A firmware is for other hardware: id or revision in its header."
    BASE_HARDWARE "base-hardware" Ask, "The board's own dump holds firmware of other hardware."
    ARCHITECTURE "architecture" Refuse, "What a donor brings is for another processor or byte order than what the board runs."
    BYTE_ORDER "byte-order" Ask, "A donor's root file system is of another byte order than the board's own."
    UNPROVEN_DONOR "unproven-donor" Ask, "Nothing in a donor's firmware names a board or a processor, and the board's own firmware names one; or nothing at all in a dump is known."
    OTHER_CONTAINER "other-container" Ask, "A donor's firmware is in another container than the board's own, or in none, and nothing in it names this board: the loader may not start it."
    NO_ROOT "no-root" Ask, "The board's own firmware has a root file system and a donor's has none: a kernel alone, or a file that was cut short."
    HARDWARE_DIFFERS "hardware-differs" Ask, "A firmware is for other hardware than the board's own firmware, and the board's ids are not known."
    BASE_DAMAGED "base-damaged" Tell, "A sum in the board's own firmware does not hold, or a store or the ME that stays does not read: the firmware or the dump is damaged."
    REGION "region" Ask, "A firmware is for another country or variant of the same hardware."
    SUPPORTED_DEVICES "supported-devices" Refuse or Ask, "A sysupgrade file's list of devices does not name the board; only asked where its own device tree does, or only the board's own firmware says which board this is."
    MD5 "md5" Refuse, "A firmware's MD5 does not hold and no known legitimate change explains it."
    SUM "sum" Refuse, "A sum in a donor's own container (uImage, TRX), or of its Ethernet port's NVM, does not hold."
    HASH "hash" Refuse, "A hash in a FIT image or a CBFS does not hold."
    METADATA_CRC "metadata-crc" Refuse, "A sysupgrade file's metadata is damaged."
    TRUNCATED "truncated" Refuse or Ask, "A file ends before its header says; asked where it has a chip's size and may be a dump that starts like an archive."
    TOO_LONG "too-long" Refuse, "A firmware does not fit its room."
    INNER_HEADER "inner-header" Refuse, "A vendor file with boot loader has no firmware header after the loader."
    HEADER_KEPT "header-kept" Refuse, "A boot loader was cut too early: the vendor's header is in front of it."
    LOADER_CUT "loader-cut" Refuse, "A boot loader was cut too late or is not a loader: it is shifted against its room."
    LOADER_START "loader-start" Ask, "A boot loader does not start as one for this processor does."
    NO_LOADER "no-loader" Refuse, "What is to become the boot loader is none."
    OWN_LOADER "own-loader" Ask, "The board's own boot loader is blank or none."
    DONOR_UNKNOWN "donor-unknown" Refuse, "A donor is nothing the program knows."
    DONOR_LACKS "donor-lacks" Refuse, "A donor has nothing for a region that is to come from it."
    DONOR_UNCLEAR "donor-unclear" Refuse or Ask, "Several donors could be meant for a region; only asked of a file that has a second firmware after the first one."
    NOT_MOVED "not-moved" Refuse or Ask, "A region that stays the board's own cannot be put onto the new map: other length, or not in the old one. Asked where data of the unit has no place in the new map."
    MOVED "moved" Tell, "A region of the board's own dump is put to another place, as the new map has it."
    SAME_PLACE "same-place" Refuse, "Two regions that are the same bytes are to come from different sources."
    CROSSING "crossing" Ask, "Bytes that two regions of the map have in common would change: the regions cross each other, and only one of them can be chosen."
    DONOR_BLANK_UNIT "donor-blank-unit" Refuse, "A region with data of the one unit is to come from a donor that has it blank."
    UNIT_ERASED "unit-erased" Refuse or Ask, "Data of the one unit would be erased; only asked of a file to write."
    OWN_CALIBRATION_BLANK "own-calibration-blank" Ask or Tell, "The board's own calibration is blank and would stay so; only reported of a region of which the name alone says that it holds data of the unit."
    OWN_MAC_BLANK "own-mac-blank" Ask, "The board's own MAC address is blank or none and would stay so."
    FOREIGN_MAC "foreign-mac" Ask, "A donor's MAC address is put on this board."
    FOREIGN_CALIBRATION "foreign-calibration" Ask, "A donor's calibration is put on this board."
    MODEM_IN_CONFIG "modem-in-config" Ask, "Bytes after the firmware, such as modem firmware, would land in the settings."
    FIRMWARE_CUT "firmware-cut" Refuse, "The firmware runs on into a region that is to come from elsewhere."
    CONTAINER "container" Ask, "A file to write byte for byte is a vendor's download or an update file."
    OTHER_BOARD "other-board" Ask, "A file to write holds another board's contents than the chip."
    BLANK_FILE "blank-file" Ask, "A file to write holds FF only or 00 only."
    NO_FIRMWARE "no-firmware" Ask, "The firmware region would be blank."
    FORMAT_MARK "format-mark" Ask, "A mark that makes OpenWrt format its overlay is not at an erase block's edge."
    TFTP_KIND "tftp-kind" Refuse or Ask, "A TFTP file is of the other kind than the board's rescue; only asked where harmless."
    MD5_STALE "md5-stale" Tell, "An MD5 does not hold and a known legitimate change explains it."
    MD5_UNKNOWN "md5-unknown" Tell, "An MD5 cannot be judged."
    SUM_UNKNOWN "sum-unknown" Tell, "A sum that covers the overlay too does not hold in a dump."
    REGION_UNKNOWN "region-unknown" Tell or Ask, "The country of the board's own firmware is not known; asked where the donor's is unusual for the board."
    FILLS_SETTINGS "fills-settings" Tell, "The firmware runs on into the settings region."
    TAIL_LEFT_OUT "tail-left-out" Tell, "Bytes after the firmware, such as modem firmware, are left out."
    FOREIGN_SETTINGS "foreign-settings" Tell, "Settings come from a donor."
    OPERATOR_SETTINGS "operator-settings" Tell, "The board's own settings or operator profile stay."
    FOREIGN_OVERLAY "foreign-overlay" Tell, "The donor's firmware brings the settings stored in its overlay."
    LOADER_MIX "loader-mix" Tell, "Boot loader and firmware come from different files."
    LOADER_SWAP "loader-swap" Tell, "The boot loader is replaced."
    PLACEHOLDER_MAC "placeholder-mac" Tell, "The board's own address is one that tools and reference designs put there, not a unit's."
    DESCRIPTOR_DIFFERS "descriptor-differs" Refuse or Ask, "Regions come together whose Intel descriptors have them at different places; only asked where a donor's is as long and only lies elsewhere."
    DESCRIPTOR_ME "descriptor-me" Ask or Tell, "The ME has partitions past the end of the region that the Intel descriptor gives it, or starts as no ME does where the board's own starts as one; only reported for the board's own."
    VSCC "vscc" Tell, "The Intel descriptor's table of chips that the ME knows lacks the chip on the clip."
    MIXED_UNITS "mixed-units" Tell, "Address and calibration in the board's own dump seem to be of different units."
    OTHER_MODEL "other-model" Refuse or Ask, "A donor's PC firmware names another model or carries another maker's Boot Guard key; only asked where it names none."
    VOLUME_MAP "volume-map" Refuse, "A donor's firmware volumes, stores or areas are at other places than those of the board's own PC firmware."
    VOLUME_SUM "volume-sum" Refuse or Ask, "A sum of a firmware volume or of a file in it does not hold in the result, or a part of the donor cannot be reached in it; only asked where the board's own volume of variables is erased."
    MODULE_SUM "module-sum" Refuse, "A module of a legacy BIOS does not unpack to what its sum says, in the result."
    OTHER_FIRMWARE "other-firmware" Ask, "A donor brings firmware of another kind than the board's own: coreboot for a maker's, or the other way round. All of the BIOS comes from it."
    RESET_VECTOR "reset-vector" Refuse or Ask, "The last bytes of a PC's firmware, where its processor starts, are erased in the result; only asked where the board's own are, too."
    FIT_TABLE "fit" Refuse, "Intel's firmware interface table, or what it leads to, does not hold in the result."
    PSP_DIRECTORY "psp-directory" Refuse or Tell, "A directory of AMD's security processor does not hold in the result; only reported of a combo directory whose sum does not hold in the board's own dump either."
    HASHED_RANGE "hashed-range" Refuse or Ask, "A hash over parts of a PC's firmware does not hold in the result, or cannot be checked; only asked where the board's own firmware has AMI's file of hashes and the result none."
    NOT_PC_FIRMWARE "not-pc-firmware" Refuse, "What a donor has for the BIOS has no firmware volume."
    DESCRIPTOR_LOST "descriptor-lost" Refuse or Tell, "The board's own dump has no Intel descriptor and the donor's has; only reported where the donor's is taken."
    RAW_BLOCK "raw-block" Ask, "A block that nothing names is written in the board's own PC firmware and in the donor's, and not alike."
    UNIT_REPLACED "unit-replaced" Ask, "Variables or identity of this unit would be replaced although nobody chose that for them."
    ME_FOREIGN "me-foreign" Refuse or Ask, "An ME that is to be taken is initialised, or of another major version; only asked where the version is not known."
    ME_REPLACED "me-replaced" Tell, "The ME comes from a donor: the keys of the firmware TPM are lost."
    NVRAM_ERASED "nvram-erased" Tell, "The variables of a PC are erased as chosen: boot entries, Secure Boot keys and passwords are lost."
    EDITED "edited" Tell, "A single value was changed as the user said."
    COMPATIBLE "compatible" Refuse or Ask, "The device tree in a donor is of another board; only asked where its list of devices names this one, or only the board's own firmware says which board this is."
    REFERENCE_BOARD "reference-board" Ask, "A donor's or the board's own device tree has only the name of a reference board, as vendors leave it in their firmware: it names the processor and no board."
    UNWRAPPED "unwrapped" Tell, "What goes to flash was taken out of a vendor's wrapper or an archive."
    NOT_IN_FILE "not-in-file" Tell, "A choice concerns a region that this kind of file does not hold."
    SUPPLY_UNKNOWN "supply-unknown" Ask, "The supply of the chip on the clip is in no table, and 3.3 V may be too much for it; asked before a write."
    NOT_JUDGED "not-judged" Tell, "Something could not be checked."
}

impl Check {
    /// True where `--allow` can let a finding of it pass: the check asks, always or in one case.
    pub fn can_be_allowed(&self) -> bool {
        self.severity == Severity::Ask || self.otherwise == Some(Severity::Ask)
    }

    /// A finding of this check at its own severity.
    pub fn found(&self, message: impl Into<String>) -> Finding {
        self.found_as(self.severity, message)
    }

    /// A finding of this check at another severity.
    pub fn found_as(&self, severity: Severity, message: impl Into<String>) -> Finding {
        Finding { name: self.name, severity, message: message.into(), advice: None }
    }
}

/// The check of that name.
pub fn named(name: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|c| c.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_kebab_case_and_unique() {
        let names: BTreeSet<_> = CHECKS.iter().map(|c| c.name).collect();
        assert_eq!(names.len(), CHECKS.len());
        for name in names {
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
            assert_eq!(named(name).unwrap().name, name);
        }
    }

    #[test]
    fn a_check_that_asks_in_one_case_can_be_allowed() {
        for check in [REGION, OTHER_FORM, TRUNCATED, NOT_MOVED, TFTP_KIND, REGION_UNKNOWN] {
            assert!(check.can_be_allowed(), "{}", check.name);
        }
        for check in [MD5, CHIP_SIZE, EDITED] {
            assert!(!check.can_be_allowed(), "{}", check.name);
        }
    }
}
