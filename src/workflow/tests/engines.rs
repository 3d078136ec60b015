//! One read engine that lies: the other one must bring it to light.

use super::bench::{Bench, SMALL, Tap, quiet, random, small, small_spec};
use crate::emulator::{Faults, ProgrammerKind};
use crate::flash::Chip;
use crate::spi::{Op, Transaction};
use crate::workflow::backup::{BackupOptions, backup};
use crate::workflow::{Cause, Error};
use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

/// Where the byte is that the liar gets wrong.
const ADDRESS: u64 = 0x1_3456;

/// Whose reads are spoilt: ours are fast reads, spi-memory's plain ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Spoil {
    Own,
    Other,
    Nobody,
}

/// Flips a bit of the byte at `address`, where the transaction reads it.
fn spoil(opcode: u8, address: u64, transaction: &mut Transaction<'_>) -> u32 {
    let [Op::Write([found, a, b, c, ..]), Op::Read(into)] = &mut transaction.ops[..] else { return 0 };
    if *found != opcode {
        return 0;
    }
    let start = u64::from(*a) << 16 | u64::from(*b) << 8 | u64::from(*c);
    match address.checked_sub(start).filter(|at| *at < into.len() as u64) {
        Some(at) => {
            into[at as usize] ^= 0x10;
            1
        }
        None => 0,
    }
}

fn take(spoil_whose: Spoil) -> (Result<(), Error>, usize, u32) {
    let bench =
        Bench::with_chip(ProgrammerKind::Ft2232h, small(small_spec(), &random(7, SMALL)), Faults::default());
    let hits = Rc::new(Cell::new(0));
    let count = Rc::clone(&hits);
    let tap = Tap(bench.programmer().unwrap(), move |_, batch: &mut [Transaction<'_>]| {
        let opcode = match spoil_whose {
            Spoil::Own => 0x0b,
            Spoil::Other => 0x03,
            Spoil::Nobody => return,
        };
        for transaction in batch.iter_mut() {
            count.set(count.get() + spoil(opcode, ADDRESS, transaction));
        }
    });
    let mut chip = Chip::connect(tap).unwrap();
    let store = bench.store();
    let result = backup(&mut chip, &store, &BackupOptions::default(), &mut quiet).map(drop);
    bench.assert_no_misdeeds();
    (result, store.list().unwrap().len(), hits.get())
}

#[test]
fn an_engine_that_lies_always_makes_the_backup_fail() {
    for spoil in [Spoil::Own, Spoil::Other] {
        let (result, backups, hits) = take(spoil);
        assert!(hits > 0, "{spoil:?}: nothing was spoilt, so nothing was tested");
        let Err(error) = result else { panic!("{spoil:?}: a backup was made") };
        let Cause::Disagree { unsure, .. } = &*error.cause else { panic!("{spoil:?}: {error}") };
        assert!(unsure.contains(ADDRESS));
        assert_eq!(backups, 0);
    }
    let (result, backups, hits) = take(Spoil::Nobody);
    assert!(result.is_ok() && backups == 1 && hits == 0);
}

/// One read of the array.
#[derive(Clone, Copy)]
struct Asked {
    opcode: u8,
    start: usize,
    end: usize,
    /// Where the read before it began.
    before: usize,
}

/// What a byte may hang on, and the byte.
type Fault = (&'static str, usize, fn(&Asked) -> bool);

/// One byte that is wrong in every read of which one thing is true: were it true of both passes, both would agree on the
/// wrong byte.
#[test]
fn a_byte_that_hangs_on_one_thing_alone_is_never_kept() {
    const AT: usize = ADDRESS as usize;
    let faults: [Fault; 11] = [
        ("03", AT, |asked| asked.opcode == 0x03),
        ("0b", AT, |asked| asked.opcode == 0x0b),
        ("forward", AT, |asked| asked.start > asked.before),
        ("backward", AT, |asked| asked.start < asked.before),
        ("long", AT, |asked| asked.end - asked.start > 16 << 10),
        ("short", AT, |asked| asked.end - asked.start <= 16 << 10),
        ("from a multiple", AT, |asked| asked.start.is_multiple_of(4096)),
        ("from no multiple", AT, |asked| !asked.start.is_multiple_of(4096)),
        ("last of a long answer", SMALL - 1, |asked| asked.end == SMALL && asked.end - asked.start > 2000),
        ("far into an answer", AT, |asked| AT - asked.start > 14_000),
        ("near the start of an answer", AT, |asked| (1000..4096).contains(&(AT - asked.start))),
    ];
    let contents = random(7, SMALL);
    for kind in [ProgrammerKind::Ch341a, ProgrammerKind::Ft2232h] {
        // A bit that looks like noise, and two that do not.
        for ((name, at, strikes), flip) in faults.into_iter().flat_map(|fault| [(fault, 0x10), (fault, 0x30)])
        {
            let bench = Bench::with_chip(kind, small(small_spec(), &contents), Faults::default());
            let mut before = 0;
            let tap = Tap(bench.programmer().unwrap(), |_, batch: &mut [Transaction<'_>]| {
                for transaction in batch.iter_mut() {
                    let [Op::Write([opcode @ (0x03 | 0x0b), a, b, c, ..]), Op::Read(into)] =
                        &mut transaction.ops[..]
                    else {
                        continue;
                    };
                    let start = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
                    let read: Range<usize> = start..start + into.len();
                    let asked = Asked { opcode: *opcode, start, end: read.end, before };
                    if read.contains(&at) && strikes(&asked) {
                        into[at - start] ^= flip;
                    }
                    before = start;
                }
            });
            let mut chip = Chip::connect(tap).unwrap();
            let store = bench.store();
            match backup(&mut chip, &store, &BackupOptions::default(), &mut quiet) {
                Ok(taken) => assert!(taken.flash == contents, "{name} by {kind:?}: a wrong backup"),
                Err(_) => assert!(store.list().unwrap().is_empty(), "{name} by {kind:?}"),
            }
        }
    }
}
