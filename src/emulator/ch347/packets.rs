//! The two buffers: OUT packets put together to commands, answers cut into IN packets.

use std::collections::VecDeque;
use std::time::Duration;

/// OUT packets that wait next to the command in work.
const WAITING: usize = 2;
/// IN packets that wait for the host.
const ANSWERS: usize = 2;
/// Command and length.
pub(super) const HEADER: usize = 3;

/// What has come from the host.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    packets: VecDeque<(Duration, Vec<u8>)>,
    /// A command of which a part has come.
    begun: Vec<u8>,
}

/// Bytes of a command by its header. The flags of a C2 are no part of the length, where they are known.
fn whole(begun: &[u8], flags: bool) -> Option<usize> {
    let &[command, low, high, ..] = begun else { return None };
    let high = if command == 0xc2 && flags { high & 0x0f } else { high };
    Some(HEADER + usize::from(u16::from_le_bytes([low, high])))
}

impl Incoming {
    pub(super) fn has_room(&self) -> bool {
        self.packets.len() < WAITING
    }

    pub(super) fn push(&mut self, arrives: Duration, bytes: &[u8]) {
        self.packets.push_back((arrives, bytes.to_vec()));
    }

    /// The next whole command and when its last byte arrived. What follows it in its packet is dropped.
    pub(super) fn command(&mut self, flags: bool) -> Option<(Duration, Vec<u8>)> {
        while let Some((arrived, packet)) = self.packets.pop_front() {
            self.begun.extend_from_slice(&packet);
            if let Some(whole) = whole(&self.begun, flags)
                && self.begun.len() >= whole
            {
                let mut command = std::mem::take(&mut self.begun);
                command.truncate(whole);
                return Some((arrived, command));
            }
        }
        None
    }
}

/// What waits for the host.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    answers: VecDeque<Vec<u8>>,
    /// Bytes of the first that have been given.
    given: usize,
}

impl Outgoing {
    pub(super) fn has_room(&self) -> bool {
        self.answers.len() < ANSWERS
    }

    pub(super) fn push(&mut self, answer: Vec<u8>) {
        self.answers.push_back(answer);
    }

    /// Gives a packet.
    pub(super) fn pop(&mut self, into: &mut [u8]) -> Option<usize> {
        let answer = self.answers.front()?;
        let rest = &answer[self.given..];
        let n = rest.len().min(into.len());
        into[..n].copy_from_slice(&rest[..n]);
        self.given += n;
        if self.given == answer.len() {
            self.answers.pop_front();
            self.given = 0;
        }
        Some(n)
    }
}
