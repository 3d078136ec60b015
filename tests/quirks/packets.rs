//! One answer lost, doubled or cut, at the first, middle and last packets of each kind of work, begun fast and plain.
//!
//! Every case is right, or an error that names the link with the chip untouched or `resume` to finish it; registers and
//! contents that are given are the chip's own.

use super::whole::{ADAPTERS, Rig, Work, end_of, on_chip, take};
use crate::bench::{SIZE, all, noise};
use crate::faults::job::{Job, TINY};
use norsplice::emulator::{Emulator, Fault, Faults, Options, ProgrammerKind};
use norsplice::flash::{Chip, FlashError, OtpPermit};
use norsplice::programmer::{self, Settings};
use norsplice::spi::SpiError;

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
    end_of(rig, adapter, (job, work), result).map(|_| packets)
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

/// A security register of a W25Q64FV, written while one packet goes wrong; gives the packets of that.
fn register_under(
    name: &str,
    kind: ProgrammerKind,
    fault: Option<fn(u64) -> Fault>,
    at: u64,
) -> Result<u64, String> {
    let emulator = Emulator::new(Options::new(kind)).unwrap();
    let held: Vec<Vec<u8>> = (0..3).map(|n| noise(256, 40 + n)).collect();
    for (n, bytes) in held.iter().enumerate() {
        emulator.chip(|chip| chip.security_mut(n).unwrap().copy_from_slice(bytes));
    }
    let settings = Settings::parse(name).unwrap();
    let mut chip = Chip::connect(programmer::over(emulator.pipe(), &settings).unwrap()).unwrap();
    let permit = OtpPermit::registers_are_backed_up(&chip.identity().jedec_id.clone());
    let before = emulator.counts().in_packets;
    if let Some(fault) = fault {
        emulator.set_faults(&Faults::default().with(fault(before + at)));
    }
    let wanted = noise(256, 50);
    let written = chip.write_security_register(2, &wanted, &permit);
    let packets = emulator.counts().in_packets - before;
    emulator.set_faults(&Faults::default());
    let now = |n| emulator.chip(|chip| chip.security(n).unwrap().to_vec());
    match written {
        Ok(after) if after.bytes == wanted && now(1) == wanted => {}
        Ok(_) => return Err("written, and other bytes".into()),
        Err(FlashError::Spi(SpiError::Link(_))) => {}
        Err(other) => return Err(format!("the link is not named: {other}")),
    }
    if now(0) != held[0] || now(2) != held[2] || emulator.counts().lock_bits_set != 0 {
        return Err("another register changed".into());
    }
    drop(chip);
    // It can be written once the link is good.
    let mut chip = Chip::connect(programmer::over(emulator.pipe(), &settings).unwrap()).unwrap();
    chip.write_security_register(2, &wanted, &permit).map_err(|error| format!("again: {error}"))?;
    match now(1) == wanted && emulator.counts().misdeed_text().is_empty() {
        true => Ok(packets),
        false => Err(format!("the second time: {}", emulator.counts().misdeed_text())),
    }
}

#[test]
fn a_security_register_is_written_right_or_the_link_is_named_whatever_packet_goes_wrong() {
    let mut wrong = Vec::new();
    for (name, kind) in [
        ("ch341a", ProgrammerKind::Ch341a),
        ("ft2232h", ProgrammerKind::Ft2232h),
        ("ch347", ProgrammerKind::Ch347t),
    ] {
        for plain in ["", ":plain"] {
            let name = format!("{name}{plain}");
            let packets = register_under(&name, kind, None, 0).unwrap();
            for (fault, make) in FAULTS {
                for at in points(packets) {
                    if let Err(why) = register_under(&name, kind, Some(make), at) {
                        wrong.push(format!("{name} {fault} {at} of {packets}: {why}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
