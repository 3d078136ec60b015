//! Commands of a CH347 in the making: each packet, and how it is answered.

use super::answers::Expected;
use super::{ASK, ASK_CONFIG, BOTH, FILL, PAYLOAD, READ, WRITE, config};
use crate::programmer::codec::Scatter;
use crate::spi::{Op, Transaction};

/// A packet: command, length, payload.
pub(super) fn packet(command: u8, payload: &[u8]) -> Vec<u8> {
    let [low, high] = (payload.len() as u16).to_le_bytes();
    [&[command, low, high], payload].concat()
}

/// Commands in the making, and how they are answered.
#[derive(Default)]
pub(super) struct Commands<'b> {
    pub out: Vec<Vec<u8>>,
    pub scatter: Scatter<'b>,
    pub expected: Vec<Expected>,
}

impl<'b> Commands<'b> {
    pub fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(PAYLOAD) {
            self.out.push(packet(WRITE, part));
            self.expected.push(Expected::Status(WRITE));
        }
    }

    pub fn read(&mut self, into: &'b mut [u8]) {
        if into.is_empty() {
            return;
        }
        self.out.push(packet(READ, &(into.len() as u32).to_le_bytes()));
        self.expected.push(Expected::Stream { left: into.len() });
        self.scatter.keep_next(into);
    }

    pub fn transfer(&mut self, both: &'b mut [u8]) {
        for part in both.chunks_mut(PAYLOAD) {
            self.out.push(packet(BOTH, part));
            self.expected.push(Expected::Data { command: BOTH, len: part.len() });
            self.scatter.keep_next(part);
        }
    }

    /// The ops one after the other, without their edges.
    pub fn ops(&mut self, transaction: &'b mut Transaction<'_>) {
        for op in &mut transaction.ops {
            match op {
                Op::Write(bytes) => self.write(bytes),
                Op::Read(into) => self.read(into),
                Op::Transfer(both) => self.transfer(both),
            }
        }
    }

    /// A whole short window as one `C2` with its edges in the length's flags.
    pub fn window(&mut self, transaction: &'b mut Transaction<'_>, flags: u8) {
        let mut payload = Vec::with_capacity(transaction.clocked());
        let len = transaction.clocked();
        for op in &mut transaction.ops {
            match op {
                Op::Write(bytes) => {
                    payload.extend_from_slice(bytes);
                    self.scatter.drop_next(bytes.len());
                }
                Op::Read(into) => {
                    payload.resize(payload.len() + into.len(), FILL);
                    self.scatter.keep_next(into);
                }
                Op::Transfer(both) => {
                    payload.extend_from_slice(both);
                    self.scatter.keep_next(both);
                }
            }
        }
        let mut packet = packet(BOTH, &payload);
        packet[2] |= flags;
        self.out.push(packet);
        self.expected.push(Expected::Data { command: BOTH, len });
    }

    /// A question whose answer comes when all before it is done: `C1` has none of its own.
    pub fn wait(&mut self) {
        self.out.push(packet(ASK, &[ASK_CONFIG]));
        self.expected.push(Expected::Skip { command: ASK, len: config::LEN });
    }
}
