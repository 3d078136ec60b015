//! One answer lost, doubled or cut, at the first, middle and last packets of each kind of work, begun fast and plain.
//!
//! Every case is right, or an error that names the link with the chip untouched or `resume` to finish it; registers and
//! contents that are given are the chip's own.

use super::whole::{ADAPTERS, Rig, Work, end_of, on_chip, take};
use crate::bench::{SIZE, all};
use crate::faults::job::{Job, TINY};
use norsplice::emulator::{Emulator, Fault, Faults, Options};

type Make = fn(u64) -> Fault;
const FAULTS: [(&str, Make); 3] =
    [("lost", Fault::LostPacket), ("double", Fault::DoublePacket), ("short", Fault::ShortPacket)];

/// Packets of a kind of work: the first ones, the middle, the last ones; eight times as many with `NORSPLICE_TEST=all`.
fn points(packets: u64) -> Vec<u64> {
    let spread = if all() { 64 } else { 8 };
    let mut points: Vec<u64> = (0..=spread).map(|n| 1 + (packets - 1) * n / spread).collect();
    points.extend([2, packets.saturating_sub(1).max(1)]);
    points.sort_unstable();
    points.dedup();
    points
}

fn run(adapter: usize, job: &Job, work: Work, plain: bool, fault: Option<Fault>) -> Result<u64, String> {
    let adapter = &ADAPTERS[adapter];
    let whole = Job::blank(vec![0xff; SIZE as usize]);
    // The small chip has neither security registers nor a second status register.
    let job = if matches!(work, Work::Probe | Work::OtpDump) { &whole } else { job };
    let rig = match work {
        Work::Resume => Rig::cut_off(adapter, plain, job),
        Work::Probe | Work::OtpDump => {
            Rig::new(adapter, plain, Emulator::new(Options::new(adapter.1)).unwrap())
        }
        _ => Rig::new(adapter, plain, on_chip(adapter.1, job, &[], false)),
    };
    let before = rig.emulator.counts().in_packets;
    if let Some(fault) = fault {
        rig.emulator.set_faults(&Faults::default().with(fault));
    }
    let result = take(&rig, job, work)?;
    let packets = rig.emulator.counts().in_packets - before;
    end_of(rig, adapter, job, result).map(|_| packets)
}

#[test]
fn a_packet_lost_doubled_or_cut_at_any_point_is_right_or_named() {
    let mut wrong = Vec::new();
    // A CH341A, an FT2232H and a CH347; their quirks are not used here.
    for adapter in [0, 11, ADAPTERS.len() - 1] {
        for work in [Work::Probe, Work::Backup, Work::Rewrite, Work::OtpDump, Work::Resume] {
            for plain in [false, true] {
                let packets = run(adapter, &TINY, work, plain, None).unwrap();
                for (name, fault) in FAULTS {
                    for point in points(packets) {
                        if let Err(why) = run(adapter, &TINY, work, plain, Some(fault(point))) {
                            let (programmer, ..) = ADAPTERS[adapter];
                            wrong.push(format!("{programmer} {work:?} plain {plain} {name} {point}: {why}"));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
