//! A flash chip of 128 KiB, a byte at a time: a W25X10, which has no tables of parameters, whose erases and programs take as long as three
//! bytes of its status.

/// Its bytes.
pub const SIZE: usize = 128 * 1024;
const ID: [u8; 3] = [0xef, 0x30, 0x11];

/// The chip.
pub struct Flash {
    pub data: Vec<u8>,
    /// Bytes of the window under way; `None` while it is not selected.
    window: Option<Vec<u8>>,
    write_enabled: bool,
    /// Status bytes that still show it busy.
    busy: u8,
    /// Page programs and erases that were carried out: opcode and address.
    pub changes: Vec<(u8, usize)>,
    /// The highest clock that it has seen, in Hz, where its programmer says.
    pub fastest: u32,
}

impl Flash {
    pub fn new(data: Vec<u8>) -> Self {
        assert_eq!(data.len(), SIZE);
        Self { data, window: None, write_enabled: false, busy: 0, changes: Vec::new(), fastest: 0 }
    }

    pub fn select(&mut self) {
        self.window.get_or_insert_default();
    }

    /// One byte each way.
    pub fn byte(&mut self, byte: u8) -> u8 {
        let Some(window) = &mut self.window else { return 0xff };
        let at = window.len();
        // Data that is read needs no memory.
        if at < SIZE {
            window.push(byte);
        }
        let address = |window: &[u8]| match window {
            [_, a, b, c, ..] => usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c),
            _ => 0,
        };
        match window[0] {
            _ if at == 0 => 0xff,
            0x05 => {
                let busy = u8::from(self.busy > 0);
                self.busy = self.busy.saturating_sub(1);
                busy | u8::from(self.write_enabled) << 1
            }
            // It takes no other command meanwhile.
            _ if self.busy > 0 => 0xff,
            0x9f => ID[(at - 1) % 3],
            0x35 | 0x15 => 0,
            0x03 if at >= 4 => self.data[(address(window) + at - 4) % SIZE],
            0x0b if at >= 5 => self.data[(address(window) + at - 5) % SIZE],
            0x90 if at >= 4 => [0xef, 0x10][at % 2],
            0xab if at >= 4 => 0x10,
            0x4b if at >= 5 => 0x40 + (at - 5) as u8 % 8,
            _ => 0xff,
        }
    }

    /// Ends the window: what it asked for is carried out.
    pub fn deselect(&mut self) {
        let Some(window) = self.window.take().filter(|_| self.busy == 0) else { return };
        let address = match &window[..] {
            [_, a, b, c, ..] => usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c),
            _ => 0,
        };
        let blocks = [(0x20, 0x1000), (0xd8, 0x1_0000)];
        match window.first() {
            Some(0x06) => self.write_enabled = true,
            Some(0x04) => self.write_enabled = false,
            Some(0x02) if self.write_enabled && window.len() > 4 => {
                for (n, byte) in window[4..].iter().enumerate() {
                    self.data[(address & !0xff | (address + n) & 0xff) % SIZE] &= byte;
                }
                self.changed(window[0], address);
            }
            Some(0x60 | 0xc7) if self.write_enabled => {
                self.data.fill(0xff);
                self.changed(window[0], address);
            }
            Some(opcode) if self.write_enabled && window.len() == 4 => {
                if let Some((_, size)) = blocks.iter().find(|(erase, _)| erase == opcode) {
                    let from = address % SIZE / size * size;
                    self.data[from..from + size].fill(0xff);
                    self.changed(window[0], address);
                }
            }
            _ => {}
        }
    }

    fn changed(&mut self, opcode: u8, address: usize) {
        self.write_enabled = false;
        self.busy = 3;
        self.changes.push((opcode, address));
    }

    /// Changes that were made twice.
    pub fn repeated(&self) -> Vec<(u8, usize)> {
        let mut seen = std::collections::HashSet::new();
        self.changes.iter().filter(|change| !seen.insert(**change)).copied().collect()
    }
}
