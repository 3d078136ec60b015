//! Opcodes that mean one thing to one maker and harm on another's chip: none of them ever reaches that chip.
//!
//! The table is this test's own, from the makers' instruction tables as other programs know them. A second rule holds for
//! all: with write enable set, nothing goes to the chip but status reads and the one command it was set for.

use super::direct::Direct;
use super::session::{connect, noise, write};
use norsplice::emulator::chip::{find, names};
use norsplice::flash::OtpPermit;
use norsplice::span::{Span, Spans};
use norsplice::workflow::contact::{ContactOptions, before_writing, examine};
use std::ops::ControlFlow;

/// By the emulated part's maker: what it must never hear.
///
/// 35: QPI on Macronix, ISSI, AMIC, Micron. 38: QPI. 42: ISSI's function register, SST26's block locks, program on others.
/// 44, 48, 68, 62, 64: other makers' one-time memory; 62 erases an AT25F. 50: erases on AT26DF, clears flags on Micron
/// (allowed there for that). 81, DB: page erase on Puya and others, volatile configuration on Micron. 85: locks SST26's id.
/// B1: one-time mode on Macronix, configuration on Micron. 98, 3A, 2F, 11: see the makers.
pub fn never(vendor: &str) -> &'static [u8] {
    match vendor {
        v if v.starts_with("Winbond") => {
            &[0x38, 0x3A, 0x2F, 0x62, 0x64, 0x68, 0x77, 0x81, 0x85, 0x88, 0x9B, 0xA5, 0xB1]
        }
        v if v.starts_with("GigaDevice") || v.starts_with("Zetta") || v == "Puya, PY" => {
            &[0x38, 0x3A, 0x2F, 0x62, 0x64, 0x68, 0x77, 0x81, 0x85, 0x88, 0x9B, 0xA5, 0xB1]
        }
        v if v.starts_with("Macronix") || v.starts_with("ESMT") => &[
            0x11, 0x31, 0x35, 0x38, 0x3A, 0x42, 0x44, 0x48, 0x50, 0x62, 0x64, 0x68, 0x77, 0x81, 0x85, 0x88,
            0x98, 0x9B, 0xA5, 0x2F,
        ],
        v if v.starts_with("Micron") => &[
            0x11, 0x31, 0x35, 0x38, 0x3A, 0x44, 0x48, 0x61, 0x62, 0x64, 0x68, 0x77, 0x81, 0x88, 0x98, 0x9B,
            0xA5, 0xB1, 0x2F,
        ],
        v if v.starts_with("Spansion") => &[
            0x11, 0x2F, 0x31, 0x38, 0x3A, 0x44, 0x48, 0x50, 0x62, 0x64, 0x68, 0x81, 0x85, 0x88, 0xA5, 0xA6,
            0xB1, 0xE3,
        ],
        v if v.starts_with("SST") => {
            &[0x11, 0x2F, 0x31, 0x38, 0x3A, 0x44, 0x48, 0x62, 0x68, 0x81, 0x85, 0x8D, 0xB1, 0xE8]
        }
        v if v.starts_with("ISSI") || v == "PMC" => {
            &[0x11, 0x2F, 0x31, 0x35, 0x38, 0x3A, 0x44, 0x77, 0x81, 0x85, 0x88, 0x98, 0xA5]
        }
        // Later parts have registers and one-time memory of Winbond's kind.
        "Eon" => &[0x2F, 0x38, 0x62, 0x68, 0x77, 0x81, 0x85, 0x88, 0x98, 0xB1],
        "Eon, mode" => {
            &[0x11, 0x2F, 0x31, 0x35, 0x38, 0x42, 0x44, 0x48, 0x62, 0x68, 0x77, 0x81, 0x85, 0x88, 0x98, 0xB1]
        }
        v if v.starts_with("AMIC") => &[0x11, 0x2F, 0x31, 0x35, 0x38, 0x3A, 0x50, 0x62, 0x81, 0x85, 0x88],
        "AT25DF" => {
            &[0x11, 0x33, 0x34, 0x35, 0x38, 0x3A, 0x42, 0x44, 0x48, 0x50, 0x62, 0x68, 0x81, 0x85, 0x88, 0xB1]
        }
        // P25Q erases a page by 81.
        v if v.starts_with("Puya") => &[0x2F, 0x38, 0x3A, 0x62, 0x85, 0xB1],
        _ => &[0x2F, 0x38, 0x3A, 0x62, 0x81, 0x85, 0xB1],
    }
}

/// The emulated parts and their makers.
const PARTS: &[(&str, &str)] = &[
    ("W25Q64FV", "Winbond"),
    ("W25Q64BV", "Winbond"),
    ("W25Q64CV", "Winbond"),
    ("W25Q64JV", "Winbond"),
    ("W25Q128JV", "Winbond"),
    ("W25Q64FW", "Winbond"),
    ("W25Q256FV", "Winbond"),
    ("W25Q256JV", "Winbond"),
    ("W25Q512JV", "Winbond"),
    ("W25Q02JV", "Winbond"),
    ("W25M512JV", "Winbond"),
    ("GD25Q16C", "GigaDevice"),
    ("GD25Q64C", "GigaDevice"),
    ("PY25Q128HA", "Puya, PY"),
    ("ZD25Q128C", "Zetta"),
    ("GD25Q256D", "Zetta"),
    ("XM25QH256C", "XMC"),
    ("PY25Q256HB", "Puya, PY"),
    ("P25D40SH", "Puya"),
    ("MX25L6405D", "Macronix"),
    ("MX25L6433F", "Macronix"),
    ("MX25L12835F", "Macronix"),
    ("F25L32QA", "ESMT"),
    ("M25P40", "Micron"),
    ("N25Q128A", "Micron"),
    ("MT25QL256", "Micron"),
    ("S25FL064L", "FL-L"),
    ("S25FL128S", "Spansion"),
    ("S25FL256S", "Spansion"),
    ("IS25LP064", "ISSI"),
    ("IS25LP128", "ISSI"),
    ("IS25LP512M", "ISSI"),
    ("Pm25LQ016", "PMC"),
    ("EN25QH64", "Eon, mode"),
    ("EN25P16", "Eon, mode"),
    ("EN25B16T", "Eon, mode"),
    ("SST25VF010A", "SST"),
    ("SST25VF016B", "SST"),
    ("SST26VF032B", "SST"),
    ("AT25DF321A", "AT25DF"),
    ("AT25SF161", "AT25SF"),
    ("AT25SF161B", "AT25SF"),
    ("AT25F1024", "AT25F"),
    ("Pm25LV512", "PMC"),
];

/// What a maker's own scheme needs in spite of the table: old PMC parts program their one-time bytes by B1.
const OWN: &[(&str, u8)] = &[
    ("Pm25LQ016", 0xB1),
    ("IS25LP064", 0x62),
    ("IS25LP064", 0x64),
    ("IS25LP064", 0x68),
    ("IS25LP128", 0x62),
    ("IS25LP128", 0x64),
    ("IS25LP128", 0x68),
    ("IS25LP512M", 0x62),
    ("IS25LP512M", 0x64),
    ("IS25LP512M", 0x68),
];

/// Takes write enable and uses it up.
const USES_ENABLE: &[u8] = &[
    0x01, 0x02, 0x11, 0x12, 0x20, 0x21, 0x31, 0x36, 0x39, 0x42, 0x44, 0x52, 0x5C, 0x60, 0x62, 0x64, 0x98,
    0x81, 0x9B, 0xA5, 0xAD, 0xAF, 0xB1, 0xB7, 0xC5, 0xC7, 0xD7, 0xD8, 0xDC, 0xE9,
];

/// Every window with write enable set that is neither a status read nor what it was set for.
fn strays(windows: &[Vec<u8>], part: &str) -> Vec<String> {
    let mut enabled = false;
    let mut onward = false;
    let mut found = Vec::new();
    for window in windows {
        let Some(opcode) = window.first() else { continue };
        match opcode {
            0x06 => enabled = true,
            0x04 => (enabled, onward) = (false, false),
            0x05 => {}
            0xAD | 0xAF if enabled || onward => (enabled, onward) = (false, true),
            opcode if enabled && USES_ENABLE.contains(opcode) => enabled = false,
            opcode if enabled => found.push(format!("{part}: {opcode:02X} with write enable set")),
            _ => {}
        }
    }
    found
}

#[test]
fn the_table_holds_every_emulated_part() {
    let listed: Vec<String> = PARTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(), listed);
}

/// Everything a user can ask of a chip, one after the other.
fn everything(name: &str, programmer: &Direct, held: &[u8]) {
    let mut nobody = |_: norsplice::workflow::Event| ControlFlow::Continue(());
    let mut chip = connect(programmer).unwrap_or_else(|e| panic!("{name}: {e}"));
    chip.confirm_voltage_adapter();
    let size = chip.geometry().size;
    chip.status().unwrap();
    chip.protectable().unwrap();
    let registers = chip.security_registers().unwrap();
    let mut contact = ContactOptions::default();
    (contact.writes, contact.voltage_adapter) = (true, true);
    before_writing(&mut chip, &contact, &mut nobody).unwrap_or_else(|e| panic!("{name}: {e}"));
    for wanted in [Spans::from(Span::new(0, size)), Spans::new()] {
        for permanent in [false, true] {
            // Refused where a part cannot: then nothing was sent.
            let _ = chip.set_protection(&wanted, permanent);
        }
    }
    // What is left protected now is what the part protects by itself.
    let at = Span::new(size / 2 + 0x123, size / 2 + 0x1456);
    let written = write(&mut chip, held, at, &noise(at.len() as usize, 99));
    let whole_only = chip.geometry().erase.is_empty();
    assert!(written.is_ok() || whole_only, "{name}: {written:?}");
    let permit = OtpPermit::registers_are_backed_up(&chip.identity().jedec_id.clone());
    for register in registers {
        let mut wanted = register.bytes.clone();
        if let Some(byte) = wanted.get_mut(20) {
            *byte &= 0x55;
        }
        let _ = chip.write_security_register(register.index, &wanted, &permit);
        let _ = chip.erase_security_register(register.index, &permit);
    }
    for on in [true, false] {
        let _ = chip.set_quad_enable(on);
    }
    chip.verify(0, &held[..0x1000]).unwrap();
    chip.release().unwrap();
    examine(&mut programmer.clone(), &contact, &mut nobody).unwrap();
}

#[test]
fn no_opcode_of_another_makers_reaches_a_chip_and_none_goes_astray_with_write_enable_set() {
    for (name, vendor) in PARTS {
        let programmer = Direct::new(find(name).unwrap(), 5);
        let held = noise(find(name).unwrap().size, 5);
        programmer.chip.borrow_mut().contents_mut().copy_from_slice(&held);
        everything(name, &programmer, &held);
        for opcode in never(vendor) {
            let own = OWN.contains(&(name, *opcode));
            assert!(own || programmer.sent(*opcode) == 0, "{name}: {opcode:02X} was sent");
        }
        let windows = programmer.windows.borrow();
        assert_eq!(strays(&windows, name), Vec::<String>::new());
        let chip = programmer.chip.borrow();
        assert_eq!(chip.counts().lock_bits_set, 0, "{name}: nothing is locked forever");
        assert_eq!(chip.counts().misdeed_text(), "", "{name}");
        assert!(chip.contents()[..0x1000] == held[..0x1000], "{name}");
    }
}

#[test]
fn the_rule_of_write_enable_notices_a_stray() {
    let windows =
        [vec![0x06], vec![0x05], vec![0x35], vec![0x04], vec![0x35], vec![0x06], vec![0x02, 0, 0, 0]];
    assert_eq!(strays(&windows, "part"), ["part: 35 with write enable set"]);
}
