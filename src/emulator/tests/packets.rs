//! Chip-select windows as CH341A packets, written from the packet's description.

use super::{Fixed, burst};
use crate::emulator::EmulatedPipe;
use crate::usb::UsbError;

/// OUT transfers and expected IN packets of a batch of (bytes to write, bytes to read) windows.
#[derive(Default)]
pub(super) struct Packets {
    pub(super) out: Vec<Vec<u8>>,
    pub(super) lens: Vec<usize>,
    /// For each window, which reply bytes are wanted: (first packet, bytes before, bytes wanted).
    keep: Vec<(usize, usize, usize)>,
}

impl Packets {
    pub(super) fn window(mut self, write: &[u8], read: usize) -> Self {
        self.out.push(vec![0xab, 0x80 | 0x36, 0x40 | 0x3f, 0x20]);
        self.keep.push((self.lens.len(), write.len(), read));
        let mut data: Vec<u8> = write.iter().map(|b| b.reverse_bits()).collect();
        data.resize(write.len() + read, 0);
        let mut transfer = Vec::new();
        for chunk in data.chunks(31) {
            transfer.push(0xa8);
            transfer.extend_from_slice(chunk);
            self.lens.push(chunk.len());
        }
        self.out.push(transfer);
        self.out.push(vec![0xab, 0x80 | 0x37, 0x40 | 0x3f, 0x20]);
        self
    }

    pub(super) fn run(self, pipe: &mut EmulatedPipe) -> Result<Vec<Vec<u8>>, UsbError> {
        let mut reply = Fixed { lens: self.lens, got: Vec::new(), ask: 32 };
        burst(pipe, &self.out, 32, &mut reply)?;
        let answers = self.keep.iter().map(|(first, skip, n)| {
            let bytes = reply.got[*first..].iter().flatten().map(|b| b.reverse_bits());
            bytes.skip(*skip).take(*n).collect()
        });
        Ok(answers.collect())
    }
}

pub(super) fn ask(pipe: &mut EmulatedPipe, write: &[u8], read: usize) -> Vec<u8> {
    Packets::default().window(write, read).run(pipe).expect("no fault")[0].clone()
}
