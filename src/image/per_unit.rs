//! Bytes of the one unit: what they are, and how they are written, as a table with a row for each form.
//!
//! A form is added by one row in [`FORMS`]. Facts: MediaTek eeprom in Linux mt76 (chip id little-endian at 0, address at
//! 4), AR9300 eeprom in Linux ath9k (02 02, then the address), Intel GbE NVM in Linux e1000e.

use std::fmt;

use serde::Serialize;

use super::container::bytes::mac_text;
use super::container::intel::gbe;
use super::container::mtk_eeprom;
use super::pc::guid::Guid;
use super::pc::identity::masked;
use super::whole::is_blank;
use crate::span::Span;
use crate::units::hex_with;

/// An Ethernet address.
pub type Mac = [u8; 6];

/// What bytes of the one unit are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitKind {
    /// An Ethernet address.
    Mac,
    /// Radio calibration.
    Calibration,
    /// A serial number.
    Serial,
    /// A PIN.
    Pin,
    /// A UUID.
    Uuid,
    /// A licence key, which is never shown whole.
    Key,
}

impl UnitKind {
    /// `mac`, `calibration`, `serial`, `pin`, `uuid` or `key`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mac => "mac",
            Self::Calibration => "calibration",
            Self::Serial => "serial",
            Self::Pin => "pin",
            Self::Uuid => "uuid",
            Self::Key => "key",
        }
    }
}

/// How bytes of one form are read, judged, shown and written.
struct Form {
    name: &'static str,
    /// The address in the bytes, valid or not.
    mac: fn(&[u8], &PerUnit) -> Option<Mac>,
    /// True where nothing of use is there.
    is_missing: fn(&[u8], &PerUnit) -> bool,
    /// Why the bytes are not this board's: `is of chip 7628, this board has 7620`.
    of_another_board: fn(&[u8], &PerUnit) -> Option<String>,
    /// Why the bytes do not hold by themselves: `has no valid copy`.
    fault: fn(&[u8]) -> Option<&'static str>,
    /// As text for a table; the address is given as text where there is a valid one.
    show: fn(&[u8], Option<&str>) -> String,
    /// The bytes with an address in the form in which one was there.
    with_mac: fn(&[u8], Mac) -> Option<Vec<u8>>,
    /// Why no address can be written where `with_mac` gives none; the name of the bytes comes before it.
    not_written: &'static str,
    /// What of the bytes keeps another address when one is written, though it may be read: a sentence.
    passed_over: fn(&[u8]) -> Option<String>,
}

/// A form of which nothing is known: what a row does not mention.
const RAW: Form = Form {
    name: "raw",
    mac: |_, _| None,
    is_missing: |bytes, _| is_blank(bytes),
    of_another_board: |_, _| None,
    fault: |_| None,
    show: |bytes, _| format!("{} bytes, crc32 {:08x}", bytes.len(), crc32fast::hash(bytes)),
    with_mac: |_, _| None,
    not_written: "is not written in a form that is known",
    passed_over: |_| None,
};

/// Every form.
static FORMS: [Form; 8] = [
    RAW,
    Form {
        name: "mac-bytes",
        mac: |bytes, _| first_mac(bytes, 0),
        is_missing: no_mac,
        show: |bytes, mac| {
            mac.map_or_else(|| format!("{} (no unit's address)", hex_with(bytes, ":")), str::to_owned)
        },
        with_mac: |was, mac| (was.len() == mac.len()).then(|| mac.to_vec()),
        ..RAW
    },
    Form {
        name: "mtk-eeprom",
        mac: |bytes, _| first_mac(bytes, mtk_eeprom::MAC_AT),
        is_missing: |bytes, _| bytes.get(..2).is_none_or(is_blank) || !mtk_eeprom::is_filled(bytes),
        of_another_board: other_radio,
        show: |bytes, mac| {
            let id = bytes.first_chunk().map_or(0, |b| u16::from_le_bytes(*b));
            let chip = mtk_eeprom::chip_name(id).map_or(format!("radio chip {id:04x}"), str::to_owned);
            with_crc(&chip, bytes, mac)
        },
        ..RAW
    },
    Form {
        name: "ar9300",
        mac: |bytes, _| first_mac(bytes, AR9300_MAC),
        is_missing: |bytes, _| is_blank(bytes) || bytes.get(AR9300_MAC + 6..).is_none_or(is_blank),
        of_another_board: |bytes, _| {
            let found: [u8; 2] = *bytes.first_chunk()?;
            (found != AR9300_START)
                .then(|| format!("starts with {:02x} {:02x}, an AR9300's with 02 02", found[0], found[1]))
        },
        show: |bytes, mac| with_crc("AR9300", bytes, mac),
        ..RAW
    },
    Form {
        name: "gbe",
        mac: |bytes, _| gbe::mac(bytes),
        is_missing: no_mac,
        fault: gbe::fault,
        show: |bytes, mac| format!("{}, crc32 {:08x}", mac.unwrap_or("no address"), crc32fast::hash(bytes)),
        with_mac: gbe::with_mac,
        not_written: "has no copy that is valid, so there is none to write the address into",
        passed_over: gbe::passed_over,
        ..RAW
    },
    Form {
        name: "text",
        mac: |bytes, unit| {
            let text = std::str::from_utf8(bytes).ok().filter(|_| unit.kind == UnitKind::Mac)?;
            parse_mac(text)
        },
        is_missing: |bytes, unit| {
            if unit.kind == UnitKind::Mac { no_mac(bytes, unit) } else { is_blank(bytes) }
        },
        // A text that is shorter than its place ends in zeros.
        show: |bytes, mac| {
            let text = &bytes[..bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)];
            match text.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') && !text.is_empty() {
                true => String::from_utf8_lossy(text).into_owned(),
                false => (RAW.show)(bytes, mac),
            }
        },
        with_mac: mac_as_text,
        ..RAW
    },
    Form {
        name: "uuid",
        show: |bytes, mac| Guid::at(bytes, 0).map_or_else(|| (RAW.show)(bytes, mac), |guid| guid.to_string()),
        ..RAW
    },
    Form {
        name: "key",
        show: |bytes, mac| match bytes.iter().all(u8::is_ascii_graphic) {
            true => masked(bytes),
            false => (RAW.show)(bytes, mac),
        },
        ..RAW
    },
];

/// How bytes of the one unit are written, and so how they are recognised.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Format(usize);

impl Format {
    /// Nothing is known of it.
    pub const RAW: Self = Self(0);
    /// Six bytes of an address.
    pub const MAC_BYTES: Self = Self(1);
    /// A MediaTek eeprom: chip id, little-endian, then version and address.
    pub const MTK_EEPROM: Self = Self(2);
    /// An Atheros AR9300 eeprom: 02 02 and the address.
    pub const AR9300: Self = Self(3);
    /// The region of an Intel GbE NVM: two copies, of which the valid one has the address.
    pub const GBE: Self = Self(4);
    /// Readable text.
    pub const TEXT: Self = Self(5);
    /// The 16 bytes of a UUID.
    pub const UUID: Self = Self(6);
    /// A licence key as text, of which the last group alone is shown.
    pub const KEY: Self = Self(7);

    /// The form of that name: `raw`, `mac-bytes`, `mtk-eeprom`, `ar9300`, `gbe`, `text`, `uuid`, `key`.
    pub fn named(name: &str) -> Option<Self> {
        FORMS.iter().position(|form| form.name == name).map(Self)
    }

    /// As board and layout files have it.
    pub fn name(self) -> &'static str {
        self.form().name
    }

    fn form(self) -> &'static Form {
        FORMS.get(self.0).unwrap_or(&RAW)
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Bytes of the one unit within a region.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PerUnit {
    /// `MAC`, `2.4 GHz calibration`.
    pub name: String,
    /// Where, in the chip.
    pub span: Span,
    /// What it is.
    pub kind: UnitKind,
    /// How it is written.
    pub format: Format,
    /// Ids of the radio chips that belong to this board; empty where they are not known, and for what is no radio's.
    pub chips: Vec<u16>,
    /// True when these bytes stay the board's own whatever the region's source is.
    pub keep: bool,
    /// True for the board's own address, where there are several.
    pub own: bool,
    /// True for what is shown and never written by an edit.
    pub fixed: bool,
}

impl PerUnit {
    /// Bytes of which only place, kind and form are known.
    pub fn new(name: impl Into<String>, span: Span, kind: UnitKind, format: Format) -> Self {
        Self {
            name: name.into(),
            span,
            kind,
            format,
            chips: Vec::new(),
            keep: false,
            own: false,
            fixed: false,
        }
    }

    /// The valid address in `bytes`, which are those at [`PerUnit::span`].
    pub fn mac(&self, bytes: &[u8]) -> Option<Mac> {
        (self.format.form().mac)(bytes, self).filter(|mac| is_unit_mac(*mac))
    }

    /// True when nothing of use is there: blank, an address no unit can have, calibration blank after its head.
    pub(crate) fn is_missing(&self, bytes: &[u8]) -> bool {
        (self.format.form().is_missing)(bytes, self)
    }

    /// Why the bytes do not hold by themselves.
    pub(crate) fn fault(&self, bytes: &[u8]) -> Option<&'static str> {
        (self.format.form().fault)(bytes)
    }

    /// Why these bytes are not this board's, where they are not: `is of chip 7628, this board has 7620`.
    pub(crate) fn of_another_board(&self, bytes: &[u8]) -> Option<String> {
        if is_blank(bytes) { None } else { (self.format.form().of_another_board)(bytes, self) }
    }

    /// As text for a table: an address, or the chip with its address and a sum of the calibration. `mac_as` writes a
    /// valid address.
    pub(crate) fn show(&self, bytes: &[u8], mac_as: fn(Mac) -> String) -> String {
        if is_blank(bytes) {
            return "blank".to_owned();
        }
        (self.format.form().show)(bytes, self.mac(bytes).map(mac_as).as_deref())
    }

    /// The bytes with another address, in the form in which one was there.
    ///
    /// # Errors
    /// Why that is not possible, in words with the name in front.
    pub fn with_mac(&self, was: &[u8], mac: Mac) -> Result<Vec<u8>, String> {
        let form = self.format.form();
        (form.with_mac)(was, mac).ok_or_else(|| format!("{} {}", self.name, form.not_written))
    }

    /// What of the bytes keeps another address when one is written, though it may be read; `None` where nothing does.
    pub(crate) fn passed_over(&self, bytes: &[u8]) -> Option<String> {
        (self.format.form().passed_over)(bytes)
    }
}

/// Where the address is in an AR9300 eeprom.
const AR9300_MAC: usize = 2;
/// Template version and size: how an AR9300 eeprom starts.
const AR9300_START: [u8; 2] = [2, 2];

fn first_mac(bytes: &[u8], at: usize) -> Option<Mac> {
    bytes.get(at..)?.first_chunk::<6>().copied()
}

fn no_mac(bytes: &[u8], unit: &PerUnit) -> bool {
    unit.mac(bytes).is_none()
}

fn with_crc(what: &str, bytes: &[u8], mac: Option<&str>) -> String {
    format!("{what}, {}, crc32 {:08x}", mac.unwrap_or("no address"), crc32fast::hash(bytes))
}

/// The radio that a MediaTek eeprom is of, where this board has another one.
fn other_radio(bytes: &[u8], unit: &PerUnit) -> Option<String> {
    let chips = &unit.chips;
    let id = u16::from_le_bytes(*bytes.first_chunk()?);
    // No id is no calibration, and not another radio's.
    if chips.is_empty() || matches!(id, 0 | 0xffff) {
        return None;
    }
    let wanted: Vec<String> = chips.iter().map(|c| format!("{c:04x}")).collect();
    // One chip may have several ids.
    let name = mtk_eeprom::chip_name(id);
    let same = |own: &u16| *own == id || (name.is_some() && mtk_eeprom::chip_name(*own) == name);
    (!chips.iter().any(same))
        .then(|| format!("is of radio chip {id:04x}, this board has {}", wanted.join(" or ")))
}

/// The address as text with the case and separators of the one that was there.
fn mac_as_text(was: &[u8], mac: Mac) -> Option<Vec<u8>> {
    let separator = was.iter().find(|b| matches!(b, b'-' | b':'));
    let separator = separator.map_or(":", |b| if *b == b'-' { "-" } else { ":" });
    let text = mac_text(&mac).replace(':', separator);
    let upper = was.iter().any(u8::is_ascii_uppercase);
    let text = if upper { text.to_ascii_uppercase() } else { text };
    (text.len() == was.len()).then(|| text.into_bytes())
}

/// Reads `30:b5:c2:a1:b2:c3`, with colons, dashes or nothing between.
pub(crate) fn parse_mac(text: &str) -> Option<Mac> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-')).collect();
    if digits.len() != 12 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let mut mac = [0; 6];
    for (byte, pair) in mac.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(mac)
}

/// True for an address one unit can have: not 00.., not ff.., not multicast.
pub(crate) fn is_unit_mac(mac: Mac) -> bool {
    !is_blank(&mac) && mac[0] & 1 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_a_name_of_its_own_and_the_constants_are_their_rows() {
        for (format, name) in [
            (Format::RAW, "raw"),
            (Format::MAC_BYTES, "mac-bytes"),
            (Format::MTK_EEPROM, "mtk-eeprom"),
            (Format::AR9300, "ar9300"),
            (Format::GBE, "gbe"),
            (Format::TEXT, "text"),
            (Format::UUID, "uuid"),
            (Format::KEY, "key"),
        ] {
            assert_eq!((format.name(), Format::named(name)), (name, Some(format)));
        }
        for form in &FORMS {
            assert_eq!(Format::named(form.name).map(Format::name), Some(form.name), "two rows of one name");
        }
        assert_eq!(Format::named("other"), None);
    }

    #[test]
    fn a_text_that_is_shorter_than_its_place_is_shown_as_text() {
        let show = |bytes: &[u8]| (FORMS[Format::TEXT.0].show)(bytes, None);
        assert_eq!((show(b"SN1"), show(b"SN1\0\0")), ("SN1".into(), "SN1".into()));
        assert!(show(b"S\0N1").starts_with("4 bytes") && show(&[0; 4]).starts_with("4 bytes"));
    }

    #[test]
    fn an_address_keeps_the_form_that_was_there() {
        let unit = |format| PerUnit::new("MAC", Span::new(0, 17), UnitKind::Mac, format);
        let mac = [0x30, 0xb5, 0xc2, 1, 2, 3];
        let text = |was: &str| unit(Format::TEXT).with_mac(was.as_bytes(), mac).ok();
        assert_eq!(text("00-AA-00-00-00-01").as_deref(), Some(&b"30-B5-C2-01-02-03"[..]));
        assert_eq!(text("00:aa:00"), None);
        assert_eq!(unit(Format::MAC_BYTES).with_mac(&[0; 6], mac), Ok(mac.to_vec()));
        let why = unit(Format::RAW).with_mac(&[0; 6], mac).unwrap_err();
        assert!(why.starts_with("MAC is not written"), "{why}");
    }
}
