//! What the public serprog firmwares have in common and what each does otherwise. One row a firmware.
//!
//! Source: the firmwares' public sources and descriptions, as collected in `hw-notes/serprog.md`; room and speed of the
//! buffers are guesses where it does not say.

/// Which firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SerprogKind {
    /// pico-serprog, the first: RP2040, 1 MHz at the start, gives no limits, has room for 4096 bytes.
    Pico,
    /// Another for the Pico: 12 MHz at the start, gives no limits and has none.
    PicoAny,
    /// The one of Libreboot: four chip selects.
    Libreboot,
    /// stm32-vserprog: answers an unknown command with nothing.
    Stm32,
    /// serprog_pico: writes of 256 bytes at most, command and address included.
    Short,
    /// esp32-serprog: 2047 bytes each way, and a longer command is refused with its data unread.
    Esp32,
    /// frser-duino: a UART of 115200 baud.
    Frser,
    /// A fork that gives 8 bytes as its limits.
    Tiny,
    /// Made up: it lists the optional commands and refuses each of them.
    Sparse,
    /// Made up: a buffer of 16 bytes, and no limits by its own words.
    Cramped,
    /// Made up: a device for parallel flash.
    Parallel,
    /// Made up: no limits by its own words, and writes of more than 200 bytes are refused.
    Stingy,
    /// Made up: it refuses every 300th window.
    Moody,
    /// Made up: it says that its buffer has 4096 bytes, and loses what comes while 280 wait.
    Leaky,
}

/// One firmware.
#[derive(Debug)]
pub(super) struct Personality {
    pub kind: SerprogKind,
    pub title: &'static str,
    /// At most 16 bytes.
    pub name: &'static str,
    /// Vendor and product id.
    pub ids: (u16, u16),
    pub commands: &'static [u8],
    /// The answer to 04h.
    pub buffer: u16,
    /// The answers to 08h and 11h.
    pub limits: (u32, u32),
    /// Bytes of a window's write that fit its memory; more overrun it.
    pub room: usize,
    /// A window with more bytes than this both ways is refused, its data unread.
    pub refuses: usize,
    /// A window that writes more than this is refused, its data read.
    pub refuses_writes: usize,
    /// Bytes that wait for the firmware; what comes while there are so many is lost. `None` where the host is made to wait.
    pub holds: Option<usize>,
    /// Every so many windows one is refused, its data read.
    pub refuses_each: Option<u64>,
    /// Commands that it lists and refuses.
    pub refuses_all: &'static [u8],
    /// The answer to 05h.
    pub buses: u8,
    /// Unknown commands are answered with nothing, not with 15h.
    pub is_silent: bool,
    /// The clock at power-up, and the highest, in Hz.
    pub clock: (u32, u32),
    /// Chip selects.
    pub chip_selects: u8,
    /// Bytes a second of a UART; `None` where only USB bounds it.
    pub uart: Option<u32>,
}

const COMMON: &[u8] = &[0, 1, 2, 3, 4, 5, 0x10, 0x12, 0x13, 0x14, 0x15];
const NO_LIMIT: usize = usize::MAX;

const ROW: Personality = Personality {
    kind: SerprogKind::Pico,
    title: "Pico",
    name: "pico-serprog",
    ids: (0x2e8a, 0x000a),
    commands: COMMON,
    buffer: 4096,
    limits: (0, 0),
    room: NO_LIMIT,
    refuses: NO_LIMIT,
    refuses_writes: NO_LIMIT,
    holds: None,
    refuses_each: None,
    refuses_all: &[],
    buses: 0x08,
    is_silent: false,
    clock: (12_000_000, 62_500_000),
    chip_selects: 1,
    uart: None,
};

pub(super) static PERSONALITIES: [Personality; 14] = [
    Personality { room: 4096, clock: (1_000_000, 62_500_000), ..ROW },
    Personality { kind: SerprogKind::PicoAny, ..ROW },
    Personality {
        kind: SerprogKind::Libreboot,
        commands: &[0, 1, 2, 3, 4, 5, 0x10, 0x12, 0x13, 0x14, 0x15, 0x16],
        chip_selects: 4,
        ..ROW
    },
    Personality {
        kind: SerprogKind::Stm32,
        title: "serprog-STM32VCP",
        name: "serprog-STM32VCP",
        ids: (0x0483, 0x5740),
        buffer: 0xffff,
        is_silent: true,
        clock: (9_000_000, 36_000_000),
        ..ROW
    },
    Personality {
        kind: SerprogKind::Short,
        commands: &[0, 1, 2, 3, 4, 5, 8, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15],
        limits: (256, 65536),
        room: 256,
        ..ROW
    },
    Personality {
        kind: SerprogKind::Esp32,
        title: "esp32-serprog",
        name: "esp32-serprog",
        ids: (0x303a, 0x1001),
        commands: &[0, 1, 2, 3, 4, 5, 8, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15],
        buffer: 2048,
        limits: (2047, 2047),
        room: 2047,
        refuses: 4094,
        clock: (8_000_000, 40_000_000),
        ..ROW
    },
    Personality {
        kind: SerprogKind::Frser,
        title: "frser-duino",
        name: "frser-duino",
        ids: (0x1a86, 0x7523),
        commands: &[0, 1, 2, 3, 4, 5, 7, 8, 0x0b, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15],
        buffer: 300,
        limits: (300, 2048),
        room: 300,
        clock: (8_000_000, 8_000_000),
        uart: Some(11_520),
        ..ROW
    },
    Personality {
        kind: SerprogKind::Tiny,
        commands: &[0, 1, 2, 3, 4, 5, 8, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15],
        limits: (8, 8),
        room: 8,
        ..ROW
    },
    Personality {
        kind: SerprogKind::Sparse,
        commands: &[0, 1, 2, 3, 4, 5, 8, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15],
        refuses_all: &[3, 4, 5, 8, 0x11, 0x14, 0x15],
        ..ROW
    },
    Personality {
        kind: SerprogKind::Cramped,
        commands: &[0, 1, 2, 3, 4, 5, 8, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15],
        buffer: 16,
        limits: (0, 0),
        ..ROW
    },
    Personality { kind: SerprogKind::Parallel, buses: 0x01, ..ROW },
    Personality { kind: SerprogKind::Stingy, refuses_writes: 200, ..ROW },
    Personality { kind: SerprogKind::Moody, refuses_each: Some(300), ..ROW },
    Personality { kind: SerprogKind::Leaky, holds: Some(280), ..ROW },
];

impl Personality {
    pub(super) fn of(kind: SerprogKind) -> &'static Self {
        PERSONALITIES.iter().find(|row| row.kind == kind).unwrap_or(&PERSONALITIES[0])
    }

    /// The answer to 02h.
    pub(super) fn map(&self) -> [u8; 32] {
        let mut map = [0; 32];
        for command in self.commands {
            map[usize::from(command / 8)] |= 1 << (command % 8);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_row() {
        for row in &PERSONALITIES {
            assert!(std::ptr::eq(Personality::of(row.kind), row), "{:?}", row.kind);
            assert!(row.name.len() <= 16 && row.commands.contains(&0x13), "{:?}", row.kind);
        }
    }
}
