//! What the chip puts on its data output: the source of an answer and the bytes it gives.

use super::model::{FLOATING, FlashChip};
use super::protect::block_register_order;
use super::spec::{AfterId, Command, Does};
use crate::emulator::clock::{wire_bytes, wire_time};
use std::time::Duration;

/// Where the bytes of an answer come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The array from this address, wrapping.
    Array(usize),
    /// A status register, again and again.
    Register(usize),
    /// Two status registers in turn, and which comes next.
    TwoRegisters([usize; 2], usize),
    /// The window's prepared bytes from this index; `wraps` decides what follows their end.
    Prepared { at: usize, wraps: bool },
    /// This byte forever.
    Constant(u8),
}

impl FlashChip {
    /// Prepares the answer of a reading command whose address is in.
    pub(super) fn source(&mut self, command: Command) -> Source {
        let address = self.window.address as usize;
        let target = self.target();
        let security = self.security_index(address);
        let prepared = &mut self.window.prepared;
        prepared.clear();
        match command.does {
            Does::ReadArray if self.in_security => {
                return self.read_inside(address);
            }
            Does::ReadArray => return Source::Array(self.begin_read(target)),
            Does::ReadRegister(index) => {
                self.counts.status_polls += 1;
                let inside = self.spec.security.mode.filter(|_| self.in_security && index == 0);
                return Source::Register(inside.and_then(|m| m.status).unwrap_or(index));
            }
            Does::ReadTwoRegisters(first, second) => {
                self.counts.status_polls += 1;
                return Source::TwoRegisters([first, second], 0);
            }
            Does::ReadJedecId => {
                prepared.extend_from_slice(&self.spec.jedec_id);
                return Source::Prepared { at: 0, wraps: self.spec.after_id == AfterId::Repeats };
            }
            Does::ReadLegacyId => {
                let [maker, device] = self.spec.legacy_id;
                prepared.extend(if address & 1 == 0 { [maker, device] } else { [device, maker] });
            }
            Does::Release => return Source::Constant(self.spec.legacy_id[1]),
            Does::ReadUniqueId => prepared.extend_from_slice(&self.unique_id),
            Does::ReadSfdp => {
                prepared.extend_from_slice(&self.spec.sfdp);
                return wrapping(address, self.spec.sfdp.len());
            }
            Does::ReadSecurity => match security {
                Some(index) => {
                    prepared.extend_from_slice(&self.security[index]);
                    return wrapping(address, self.spec.security.size);
                }
                None if self.spec.security.sfdp_in_zero && address < self.spec.security.first => {
                    prepared.extend_from_slice(&self.spec.sfdp);
                    return wrapping(address, self.spec.sfdp.len());
                }
                None => return Source::Constant(FLOATING),
            },
            Does::ReadLock => return Source::Constant(u8::from(self.lock_bit(target))),
            Does::ReadSectorLock => return Source::Constant(if self.lock_bit(target) { 0xff } else { 0x00 }),
            Does::ReadLocks => {
                let byte = |locks: &[Option<usize>]| {
                    locks
                        .iter()
                        .fold(0, |byte, lock| byte << 1 | u8::from(lock.is_some_and(|i| self.locks[i])))
                };
                prepared.extend(block_register_order(self.locks.len()).chunks(8).map(byte));
            }
            _ => return Source::Constant(FLOATING),
        }
        Source::Prepared { at: 0, wraps: true }
    }

    /// Fills `miso` with the answer's next bytes; the first one's clocks begin at `at`.
    pub(super) fn answer(&mut self, at: Duration, hz: u32, miso: &mut [u8]) {
        let Some(mut source) = self.window.source else {
            miso.fill(FLOATING);
            return;
        };
        match &mut source {
            Source::Array(address) => {
                // A read runs on to the end of its die and wraps to that die's start.
                let die = self.spec.size / self.spec.dies.max(1);
                let first = *address / die * die;
                let mut done = 0;
                while done < miso.len() {
                    let n = (miso.len() - done).min(first + die - *address);
                    let n = match self.wrap {
                        0 => n,
                        wrap => n.min(wrap - *address % wrap),
                    };
                    miso[done..done + n].copy_from_slice(&self.array[*address..*address + n]);
                    let undefined = self.undefined();
                    let from = undefined.start.max(*address);
                    for at in from..undefined.end.min(*address + n) {
                        miso[done + at - *address] ^= 0x5a;
                    }
                    *address = match self.wrap {
                        0 => first + (*address + n - first) % die,
                        wrap => *address / wrap * wrap + (*address + n) % wrap,
                    };
                    done += n;
                }
                self.spoil_read(hz, miso);
                *self.counts.read_bytes.entry(self.window.opcode).or_default() += miso.len() as u64;
            }
            Source::Register(index) => self.answer_register(*index, at, hz, miso),
            Source::TwoRegisters(indices, next) => {
                for n in 0..miso.len() {
                    self.answer_register(indices[*next], at + wire_time(hz, n), hz, &mut miso[n..=n]);
                    miso[n] |= u8::from(self.powered && self.busy.is_some());
                    *next = 1 - *next;
                }
            }
            Source::Prepared { at, wraps } => {
                let prepared = &self.window.prepared;
                for byte in miso.iter_mut() {
                    if *wraps && *at == prepared.len() {
                        *at = 0;
                    }
                    *byte = prepared.get(*at).copied().unwrap_or(match self.spec.after_id {
                        AfterId::Byte(byte) => byte,
                        AfterId::Repeats => FLOATING,
                    });
                    *at += usize::from(*at < prepared.len());
                }
            }
            Source::Constant(byte) => miso.fill(*byte),
        }
        self.window.source = Some(source);
    }

    /// A run of status bytes: each is the register at the moment its first bit goes out.
    fn answer_register(&mut self, index: usize, at: Duration, hz: u32, miso: &mut [u8]) {
        self.counts.status_bytes += miso.len() as u64;
        let mut done = 0;
        while done < miso.len() {
            let now = at + wire_time(hz, done);
            self.advance_to(now);
            if !self.powered {
                miso[done..].fill(FLOATING);
                return;
            }
            let next = match (&self.busy, self.cut_at) {
                (Some(busy), Some(cut)) => Some(busy.until.min(cut)),
                (Some(busy), None) => Some(busy.until),
                (None, cut) => cut,
            };
            // Bytes that begin before the next change, at least this one.
            let same = next.map_or(usize::MAX, |next| wire_bytes(hz, next.saturating_sub(now)) + 1);
            let end = done.saturating_add(same).min(miso.len());
            let value = self.live_register(index);
            miso[done..end].fill(value);
            done = end;
        }
    }
}

/// Prepared bytes from `address`, wrapping in `len`; an empty space floats.
pub(super) fn wrapping(address: usize, len: usize) -> Source {
    if len == 0 { Source::Constant(FLOATING) } else { Source::Prepared { at: address % len, wraps: true } }
}
