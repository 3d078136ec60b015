//! One read engine that lies: the other one must bring it to light.

use super::bench::{Bench, SIZE, quiet, random};
use crate::emulator::ProgrammerKind;
use crate::flash::Chip;
use crate::spi::{Limits, Op, Programmer, SpiError, Transaction};
use crate::workflow::backup::{BackupOptions, backup};
use crate::workflow::{Cause, Error};
use std::time::Duration;

/// Whose reads are spoilt. The two engines send the same command, so they are told apart by the read that spi-memory
/// begins with: its own look at the status register, alone in its batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Spoil {
    Own,
    Other,
    Nobody,
}

/// A programmer that flips one bit of the byte at one address in one engine's reads.
struct Spoiler<P> {
    inner: P,
    spoil: Spoil,
    address: u64,
    /// spi-memory reads until the id is asked for again.
    other: bool,
    hits: u32,
}

impl<P: Programmer> Programmer for Spoiler<P> {
    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    fn run(&mut self, batch: &mut [Transaction<'_>]) -> Result<(), SpiError> {
        self.inner.run(batch)?;
        if let [Transaction { ops, .. }] = &*batch {
            match &ops[..] {
                [Op::Write([0x05]), Op::Read(into)] if into.len() == 1 => self.other = true,
                [Op::Write([0x9f]), ..] => self.other = false,
                _ => {}
            }
        }
        let engine = if self.other { Spoil::Other } else { Spoil::Own };
        for transaction in batch.iter_mut().filter(|_| engine == self.spoil) {
            self.hits += spoil(self.address, transaction);
        }
        Ok(())
    }

    fn baseline(&mut self, len: usize) -> Result<Vec<u8>, SpiError> {
        self.inner.baseline(len)
    }

    fn set_clock(&mut self, hz: u32) -> Result<u32, SpiError> {
        self.inner.set_clock(hz)
    }

    fn release(&mut self) -> Result<(), SpiError> {
        self.inner.release()
    }

    fn now(&self) -> Duration {
        self.inner.now()
    }

    fn sleep(&mut self, time: Duration) {
        self.inner.sleep(time);
    }
}

/// Flips a bit of the byte at `address`, where the transaction reads it.
fn spoil(address: u64, transaction: &mut Transaction<'_>) -> u32 {
    let [Op::Write([0x03, a, b, c]), Op::Read(into)] = &mut transaction.ops[..] else { return 0 };
    let start = u64::from(*a) << 16 | u64::from(*b) << 8 | u64::from(*c);
    match address.checked_sub(start).filter(|at| *at < into.len() as u64) {
        Some(at) => {
            into[at as usize] ^= 0x10;
            1
        }
        None => 0,
    }
}

fn take(spoil: Spoil) -> (Result<(), Error>, usize, u32) {
    let bench = Bench::new(ProgrammerKind::Ft2232h, random(7, SIZE));
    let inner = bench.programmer().unwrap();
    let mut chip =
        Chip::connect(Spoiler { inner, spoil, address: 0x12_3456, other: false, hits: 0 }).unwrap();
    // The last thing that identification asks for is the status register.
    chip.rdid().unwrap();
    let store = bench.store();
    let result = backup(&mut chip, &store, &BackupOptions::default(), &mut quiet).map(drop);
    bench.assert_no_misdeeds();
    let hits = chip.programmer().hits;
    (result, store.list().unwrap().len(), hits)
}

#[test]
fn an_engine_that_lies_always_makes_the_backup_fail() {
    for spoil in [Spoil::Own, Spoil::Other] {
        let (result, backups, hits) = take(spoil);
        assert!(hits > 0, "{spoil:?}: nothing was spoilt, so nothing was tested");
        let Err(error) = result else { panic!("{spoil:?}: a backup was made") };
        let Cause::Disagree { unsure, .. } = &*error.cause else { panic!("{spoil:?}: {error}") };
        assert!(unsure.contains(0x12_3456));
        assert_eq!(backups, 0);
    }
    let (result, backups, hits) = take(Spoil::Nobody);
    assert!(result.is_ok() && backups == 1 && hits == 0);
}
