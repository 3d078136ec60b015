//! Reads of a few kilobytes, in which two passes have little to differ in, and comparisons with a file.

use super::bench::{Bench, Clip, KINDS, SMALL, Tap, opcode, quiet, random, small, small_spec};
use crate::emulator::chip::DataFault;
use crate::emulator::{Fault, Faults, ProgrammerKind};
use crate::flash::Chip;
use crate::span::Span;
use crate::spi::{Op, Transaction};
use crate::workflow::Cause;
use crate::workflow::reading::{ReadOptions, read};
use crate::workflow::verify::verify;

fn bench(kind: ProgrammerKind, contents: &[u8], fault: DataFault) -> (Bench, Clip) {
    let bench = Bench::with_chip(kind, small(small_spec(), contents), Faults::default());
    let clip = bench.clip().unwrap();
    bench.emulator.set_faults(&Faults::default().with(Fault::Data(fault)));
    (bench, clip)
}

const SPANS: [Span; 4] = [
    Span { start: 0, end: 0x4000 },
    Span { start: 0x4000, end: 0x8000 },
    Span { start: 0x1234, end: 0x5678 },
    Span { start: 0x2_0000, end: 0x2_0800 },
];

/// Faults that strike the same bytes of the same answers: where both passes begin a span alike, they agree on wrong bytes.
#[test]
fn a_short_read_is_right_or_refused() {
    let contents = random(1, SMALL);
    let mut refused = 0;
    for kind in KINDS {
        for fault in [
            DataFault::AtOffset(300, 1),
            DataFault::AtOffset(1000, 3),
            DataFault::AtOffset(5, 40),
            DataFault::DeadAfter(5000),
            DataFault::DeadAfter(10_000),
            DataFault::DeadAfter(16_380),
            DataFault::Holds(10_000),
            DataFault::BeginsAgain(10_000),
            DataFault::NoDummy(0x0b),
            DataFault::StuckFor(0x03, 14, false),
            DataFault::FourBytesAfter(0x05),
            DataFault::Behind,
            DataFault::MoreDummy(0x0b),
            DataFault::MoreDummy(0x03),
            DataFault::WrapsPast(5000, 4096),
            DataFault::SwappedBits(12, 14, 0),
        ] {
            for span in SPANS {
                let (bench, mut clip) = bench(kind, &contents, fault);
                match read(&mut clip, span, &ReadOptions::default(), &mut quiet) {
                    Ok(read) => assert!(read.bytes == contents[span.range()], "{fault:?} {span} by {kind:?}"),
                    Err(_) => refused += 1,
                }
                bench.assert_no_misdeeds();
            }
        }
    }
    assert!((40..120).contains(&refused), "{refused} of 128");
}

/// What is wrong with the last byte of every answer is wrong with the last byte of both passes.
#[test]
fn a_last_byte_that_is_always_wrong_is_refused() {
    for kind in KINDS {
        let contents = random(3, SMALL);
        let bench = Bench::with_chip(kind, small(small_spec(), &contents), Faults::default());
        let tap = Tap(bench.programmer().unwrap(), |_, batch: &mut [Transaction<'_>]| {
            for transaction in batch.iter_mut().filter(|t| matches!(opcode(t), Some(0x03 | 0x0b))) {
                if let Some(Op::Read(into)) = transaction.ops.last_mut()
                    && let Some(last) = into.last_mut()
                {
                    *last ^= 0x01;
                }
            }
        });
        let mut chip = Chip::connect(tap).unwrap();
        for span in SPANS.into_iter().chain([Span::new(SMALL as u64 - 0x1000, SMALL as u64)]) {
            let read = read(&mut chip, span, &ReadOptions::default(), &mut quiet);
            assert!(matches!(read, Err(Cause::Addresses(_))), "{span} by {kind:?}: {read:?}");
        }
        bench.assert_no_misdeeds();
    }
}

/// A difference that only one way of reading shows is none of the chip.
#[test]
fn what_only_one_engine_reads_is_no_difference() {
    let contents = random(5, SMALL);
    for kind in KINDS {
        for fault in [
            DataFault::StuckFor(0x0b, 12, true),
            DataFault::AtOffset(40, 40),
            DataFault::Holds(4096),
            DataFault::DeadAfter(5000),
            DataFault::Sometimes(7),
            DataFault::MoreDummy(0x0b),
            DataFault::WrapsPast(5000, 4096),
            DataFault::SwappedBits(12, 14, SMALL / 2),
        ] {
            let (bench, mut clip) = bench(kind, &contents, fault);
            for span in [Span::new(0, 0x1_0000), Span::new(0, SMALL as u64)] {
                match verify(&mut clip, 0, &contents[span.range()], &mut quiet) {
                    Ok(found) => assert!(found.differing.is_empty(), "{fault:?} {span} by {kind:?}"),
                    Err(Cause::Addresses(_) | Cause::Disagree { .. }) => {}
                    Err(other) => panic!("{fault:?} {span} by {kind:?}: {other}"),
                }
            }
            bench.assert_no_misdeeds();
        }
        // And a true one is one, to the byte, few or many of them.
        let bench = Bench::with_chip(kind, small(small_spec(), &contents), Faults::default());
        let mut wanted = contents.clone();
        wanted[0x1_2345] ^= 0x80;
        let found = verify(&mut bench.clip().unwrap(), 0, &wanted, &mut quiet).unwrap();
        assert_eq!(found.differing.as_slice(), [Span::new(0x1_2345, 0x1_2346)]);
        let wanted: Vec<u8> = contents.iter().map(|byte| !byte).collect();
        let found = verify(&mut bench.clip().unwrap(), 0, &wanted, &mut quiet).unwrap();
        assert_eq!(found.differing.len(), SMALL as u64);
        bench.assert_no_misdeeds();
    }
}
