//! `tests/data/chips/facts.csv`, read by a parser of its own, and a chip made from one of its rows.
//!
//! The table: parts whose id and size agree in two or more independent sources, gathered from other programs' tables.
//! What a row does not say, the chip does not have.

use norsplice::emulator::chip::find;
use norsplice::emulator::chip::spec::ChipSpec;
use norsplice::emulator::chip::spec::{AddressBytes, Bit, Bits, Command, Does, ExtendedAddress, Register};
use norsplice::emulator::chip::spec::{BpMap, Protection, Security};
use norsplice::flash::parts::by_id;

const TABLE: &str = include_str!("../data/chips/facts.csv");

/// One row.
#[derive(Clone, Debug)]
pub struct Row {
    pub vendor: String,
    pub part: String,
    pub id: Vec<u8>,
    pub ext: Vec<u8>,
    pub size: usize,
    page: usize,
    pub erase: String,
    pub low: bool,
    enter: String,
    native: String,
    pub protection: String,
    status: String,
    /// Minor revision of SFDP.
    pub sfdp: Option<u8>,
    pub confidence: String,
    /// Supply in millivolts, least and most.
    pub volts: Option<(u32, u32)>,
}

/// A row of `tests/data/chips/reported.csv`: parts that were missing or wrong here, gathered from reports and other
/// programs' tables; rows that no one has verified are not in it.
pub struct Reported {
    pub id: Vec<u8>,
    pub name: String,
    pub size: u64,
    /// Supply in millivolts.
    pub volts: Option<(u32, u32)>,
    pub source: String,
}

/// All of them.
pub fn reported() -> Vec<Reported> {
    let mut lines = include_str!("../data/chips/reported.csv").lines().map(cells);
    assert_eq!(lines.next().unwrap(), ["id", "name", "size_kib", "volts", "source"]);
    let millivolts = |text: &str| (text.parse::<f64>().unwrap() * 1000.0).round() as u32;
    lines
        .map(|cells| {
            let [id, name, size, volts, source] = cells.try_into().unwrap();
            let (least, most) = volts.split_once('-').unwrap_or((&volts, &volts));
            let volts = (!volts.is_empty()).then(|| (millivolts(least), millivolts(most)));
            Reported { id: bytes(&id), name, size: size.parse::<u64>().unwrap() << 10, volts, source }
        })
        .collect()
}

/// All rows.
pub fn rows() -> Vec<Row> {
    let mut lines = TABLE.lines().map(cells);
    let head = lines.next().unwrap();
    let at = |name: &str| head.iter().position(|cell| cell == name).unwrap();
    let columns = [
        "vendor",
        "part",
        "jedec_id",
        "ext_id",
        "size_bytes",
        "page_size",
        "erase_ops",
        "low_voltage",
        "enter_4byte",
        "native_4byte_ops",
        "protection",
        "sr_write",
        "sfdp",
        "confidence",
        "vmin_mv",
        "vmax_mv",
    ]
    .map(at);
    lines
        .map(|cells| {
            let [
                vendor,
                part,
                id,
                ext,
                size,
                page,
                erase,
                low,
                enter,
                native,
                protection,
                status,
                sfdp,
                confidence,
                least,
                most,
            ] = columns.map(|n| cells[n].clone());
            Row {
                vendor,
                part,
                id: bytes(&id),
                ext: bytes(&ext),
                size: size.parse().unwrap(),
                page: page.parse().unwrap(),
                low: low == "yes",
                enter,
                native,
                protection,
                status,
                sfdp: (!sfdp.is_empty()).then(|| {
                    let minor =
                        sfdp.split("SFDP 1.").nth(1).and_then(|rest| rest.chars().next()?.to_digit(10));
                    // What needs a table to be understood at all is of the later kind.
                    let unsaid = if erase == "from SFDP" { 6 } else { 0 };
                    minor.map_or(unsaid, |n| n as u8)
                }),
                confidence,
                volts: least.parse().ok().zip(most.parse().ok()),
                erase,
            }
        })
        .collect()
}

/// One line: cells between commas, a quoted one may hold commas.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            _ => cells.last_mut().unwrap().push(c),
        }
    }
    cells
}

/// Hex; what may be anything is 0.
fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap_or(0))
        .collect()
}

impl Row {
    /// Opcode and block size of the erase commands; `None` where a row says nothing, or blocks are of several sizes.
    pub fn erases(&self) -> Option<Vec<(u8, usize)>> {
        if self.erase == "from SFDP" || self.erase.is_empty() {
            return self.sfdp.map(|_| vec![(0x20, 0x1000), (0xD8, 0x1_0000)]);
        }
        let mut all = Vec::new();
        for word in self.erase.split(';') {
            let (opcode, size) = word.split_once(':').unwrap();
            let opcode = u8::from_str_radix(opcode, 16).unwrap();
            all.push((opcode, if size == "chip" { self.size } else { size.parse().ok()? }));
        }
        Some(all)
    }

    /// False for a part above 16 MiB of which the row does not say how the rest is reached.
    pub fn tells_reach(&self) -> bool {
        self.size <= 16 << 20 || !self.enter.is_empty() || !self.native.is_empty()
    }

    fn has_sr2(&self) -> bool {
        let said = ["31", "two-byte"].iter().any(|word| self.status.contains(word));
        said || self.protection.contains("SR2") || self.protection.contains("cmp")
    }

    /// How many BP bits, where the row gives the places of the others too (`BP3 TB@SR1.5 ...`): elsewhere sources count
    /// them in different ways.
    pub fn bp_count(&self) -> Option<usize> {
        let told = self.protection.strip_prefix("BP").filter(|rest| rest.contains("@SR"))?;
        told.chars().next()?.to_digit(10).map(|n| n as usize)
    }

    fn bit(&self, name: &str) -> Option<Bit> {
        let word = self.protection.split(' ').find_map(|w| w.strip_prefix(name)?.strip_prefix("@SR"))?;
        let (register, bit) = word.split_once('.')?;
        Some(Bit::new(register.parse::<usize>().ok()? - 1, bit.parse().ok()?))
    }

    /// The chip.
    pub fn chip(&self) -> ChipSpec {
        let plain = find("M25P40").unwrap();
        let never = super::collisions::never(&self.vendor);
        // SST25 programs a byte or two in 10 us.
        let by_bytes = self.part.starts_with("SST25");
        let times = if by_bytes { find("SST25VF016B").unwrap().times } else { plain.times };
        let mut commands = vec![
            Command::plain(0x06, Does::WriteEnable),
            Command::plain(0x04, Does::WriteDisable),
            Command::plain(0x05, Does::ReadRegister(0)).while_busy(),
            Command::at(0x03, 0, Does::ReadArray),
            Command::at(0x02, 0, Does::Program),
            Command::plain(0x9F, Does::ReadJedecId),
            Command::at(0xAB, 0, Does::Release).address(AddressBytes::Three),
        ];
        for (opcode, size) in self.erases().unwrap_or_default() {
            let wide = [0x21, 0x5C, 0xDC].contains(&opcode);
            commands.push(match ([0x60, 0xC7].contains(&opcode), wide) {
                (true, _) => Command::plain(opcode, Does::EraseChip),
                (false, true) => Command::at(opcode, 0, Does::Erase(size)).address(AddressBytes::Four),
                (false, false) => Command::at(opcode, 0, Does::Erase(size)),
            });
        }
        let mut bits = Bits::PLAIN;
        let one = self.status.contains("31") || !self.has_sr2();
        commands
            .push(Command::plain(0x01, Does::WriteRegisters { first: 0, count: if one { 1 } else { 2 } }));
        if self.has_sr2() {
            commands.push(Command::plain(0x35, Does::ReadRegister(1)).while_busy());
        }
        // Few sources say who knows 50: whoever has no other use for it.
        let volatile = self.status.contains("50") || !never.contains(&0x50);
        if volatile {
            commands.push(Command::plain(0x50, Does::VolatileEnable));
        }
        for (word, opcode, first) in [("31", 0x31, 1), ("11", 0x11, 2)] {
            if self.status.split("; ").any(|w| w == word) {
                commands.push(Command::plain(opcode, Does::WriteRegisters { first, count: 1 }));
            }
        }
        if self.status.contains("; 11") {
            commands.push(Command::plain(0x15, Does::ReadRegister(2)).while_busy());
        }
        // SST26: a register with a lock for each block, all set at power-up.
        let block_register = by_id(&self.id).iter().any(|part| part.protection_name() == "sst26");
        if block_register {
            commands.push(Command::plain(0x72, Does::ReadLocks));
            commands.push(Command::plain(0x42, Does::WriteLocks));
            commands.push(Command::plain(0x98, Does::UnlockAll));
        }
        // SST25: two bytes a command, on and on.
        if by_bytes {
            commands.push(Command::at(0xAD, 0, Does::ProgramOn(2)));
            commands.push(Command::at(0xAF, 0, Does::ProgramOn(1)));
        }
        let mut extended_address = None;
        if self.enter.contains("B7") {
            let wel = |c: Command| if self.enter.starts_with("06") { c.needs_wel() } else { c };
            commands.push(wel(Command::plain(0xB7, Does::EnterFourByte)));
            commands.push(wel(Command::plain(0xE9, Does::ExitFourByte)));
        }
        if self.enter.contains("EAR") {
            commands.push(Command::plain(0xC5, Does::WriteDirect(3)).needs_wel());
            commands.push(Command::plain(0xC8, Does::ReadRegister(3)));
            extended_address = Some(ExtendedAddress { register: 3, after_exit: None });
        }
        if self.enter.contains("BAR") {
            commands.push(Command::plain(0x17, Does::WriteDirect(3)));
            commands.push(Command::plain(0x16, Does::ReadRegister(3)));
            bits.follows = Some(Bit::new(3, 7));
        }
        if self.native.contains("13") {
            commands.push(Command::at(0x13, 0, Does::ReadArray).address(AddressBytes::Four));
        }
        if self.native.contains("12") {
            commands.push(Command::at(0x12, 0, Does::Program).address(AddressBytes::Four));
            if !self.erase.contains("DC") {
                commands.push(Command::at(0x21, 0, Does::Erase(0x1000)).address(AddressBytes::Four));
                commands.push(Command::at(0xDC, 0, Does::Erase(0x1_0000)).address(AddressBytes::Four));
            }
        }
        if self.sfdp.is_some() {
            commands.push(Command::at(0x5A, 1, Does::ReadSfdp).address(AddressBytes::Three));
        }
        // Where an opcode is named twice, the first counts.
        let mut seen = Vec::new();
        commands.retain(|c| {
            !seen.contains(&c.opcode) && {
                seen.push(c.opcode);
                true
            }
        });
        let register = |writable| Register { writable, ..Register::default() };
        ChipSpec {
            name: self.part.clone(),
            jedec_id: [self.id.as_slice(), &self.ext].concat(),
            size: self.size,
            page: self.page,
            sfdp: self
                .sfdp
                .map(|minor| sfdp(minor, self.size, &self.erases().unwrap_or_default()))
                .unwrap_or_default(),
            commands,
            forbidden: never.iter().copied().filter(|opcode| !(volatile && *opcode == 0x50)).collect(),
            registers: vec![register(0xFC), register(0x43), register(0xE4), Register::default()],
            bits,
            protection: match self.bp_count() {
                Some(count) => Protection::Bp(BpMap {
                    bp: (0..count).map(|n| Bit::new(0, 2 + n as u8)).collect(),
                    top_bottom: self.bit("TB"),
                    complement: self.bit("CMP"),
                    unit: 0x1_0000,
                }),
                None if block_register => Protection::BlockRegister,
                None => Protection::None,
            },
            security: Security::default(),
            extended_address,
            dies: 1,
            times,
            ..plain
        }
    }
}

/// SFDP with these uniform erases: nine dwords of JESD216, from minor revision 5 on the sixteen of JESD216A, with times.
pub fn sfdp(minor: u8, size: usize, erases: &[(u8, usize)]) -> Vec<u8> {
    let of = |wanted: usize| erases.iter().find(|(op, s)| *s == wanted && ![0x21, 0x5C, 0xDC].contains(op));
    let four_k = of(0x1000).map_or(0xFF, |(op, _)| u32::from(*op));
    let wide = if size > 1 << 24 { 0x2_0000 } else { 0 };
    let types: Vec<u32> = [0x1000, 0x8000, 0x1_0000]
        .iter()
        .filter_map(|s| of(*s))
        .map(|(op, s)| u32::from(*op) << 8 | s.trailing_zeros())
        .chain([0, 0, 0, 0])
        .take(4)
        .collect();
    let uniform = if four_k == 0xFF { 3 } else { 1 };
    let dwords = [
        0xFFF0_00E0 & !0x6_0000 | wide | four_k << 8 | uniform | 4,
        (size * 8 - 1) as u32,
        0,
        0,
        0xFFFF_FFEE,
        0x0000_FFFF,
        0x0000_FFFF,
        types[0] | types[1] << 16,
        types[2] | types[3] << 16,
    ];
    let later: &[u32] = match minor {
        0..5 => &[],
        _ => &[0x00A6_0236, 0xC414_EA82, 0x3376_63E9, 0x757A_757A, 0x5CD5_A2F7, 0xFF0D_F719, 0x80F8_30E9],
    };
    let dwords: Vec<u32> = dwords.into_iter().chain(later.iter().copied()).collect();
    let mut space = vec![0xFF; 256];
    space[..16].copy_from_slice(b"SFDP\x00\x01\x00\xFF\x00\x00\x01\x09\x30\x00\x00\xFF");
    (space[4], space[9], space[11]) = (minor, minor, dwords.len() as u8);
    for (slot, dword) in space[0x30..].chunks_exact_mut(4).zip(dwords) {
        slot.copy_from_slice(&dword.to_le_bytes());
    }
    space
}
