//! OUT: bytes to clock as `A8` packets of 32 bytes, and packets as transfers.

use super::{FILL, PACKET, SPI_STREAM};

/// OUT transfers of full packets are cut here: nothing is gained by longer ones, and progress is seen sooner.
pub(super) const OUT_TRANSFER: usize = 4096;

/// Packets as transfers: a short packet ends one, a run of full ones is cut at a length.
pub(super) struct Transfers {
    pub(super) done: Vec<Vec<u8>>,
    pub(super) cut: usize,
}

impl Default for Transfers {
    fn default() -> Self {
        Self { done: Vec::new(), cut: OUT_TRANSFER }
    }
}

impl Transfers {
    pub(super) fn packet(&mut self, packet: &[u8]) {
        match self.done.last_mut() {
            Some(last) if last.len().is_multiple_of(PACKET) && last.len() < self.cut => {
                last.extend_from_slice(packet);
            }
            _ => self.done.push(packet.to_vec()),
        }
    }
}

/// Fills `A8` packets and knows how long each answer is.
#[derive(Default)]
pub(super) struct Packets {
    pub(super) transfers: Transfers,
    pub(super) packet: Vec<u8>,
    pub(super) answers: Vec<u8>,
    /// An empty packet goes after each full one.
    pub(super) padded: bool,
}

/// Reverses the bit order of each byte, eight bytes at a time.
pub(super) fn reverse_bits(bytes: &mut [u8]) {
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for word in words {
        // The first byte is the uppermost of the one and the lowest of the other.
        *word = u64::from_le_bytes(*word).reverse_bits().to_be_bytes();
    }
    for byte in rest {
        *byte = byte.reverse_bits();
    }
}

impl Packets {
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(self.room().min(bytes.len()));
            let from = self.packet.len();
            self.packet.extend_from_slice(now);
            reverse_bits(&mut self.packet[from..]);
            self.flush_full();
            bytes = later;
        }
    }

    /// So many bytes to be clocked only for what comes back.
    pub(super) fn fill(&mut self, mut len: usize) {
        while len > 0 {
            let now = self.room().min(len);
            // The same either way round.
            self.packet.extend_from_slice(&[FILL; PACKET][..now]);
            self.flush_full();
            len -= now;
        }
    }

    /// Bytes that the packet takes yet; never 0.
    fn room(&mut self) -> usize {
        if self.packet.is_empty() {
            self.packet.push(SPI_STREAM);
        }
        PACKET - self.packet.len()
    }

    fn flush_full(&mut self) {
        if self.packet.len() == PACKET {
            self.flush();
        }
    }

    pub(super) fn flush(&mut self) {
        if !self.packet.is_empty() {
            self.answers.push((self.packet.len() - 1) as u8);
            self.transfers.packet(&self.packet);
            if self.padded && self.packet.len() == PACKET {
                self.transfers.packet(&[0; PACKET]);
            }
            self.packet.clear();
        }
    }
}
