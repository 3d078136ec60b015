//! A CH347 by new and old firmware: near the wire, with as few packets as the commands allow.

use crate::bench::{Clip, SIZE, noise, permit};
use norsplice::emulator::{Options, ProgrammerKind, Quirk};
use norsplice::spi::{Programmer, Transaction};

const CHIP: usize = SIZE as usize;

/// A read of a batch is one `C3`, however long, and its answers are full: by flags of a `C2` no read is that long, so old
/// firmware needs as many packets.
#[test]
fn a_ch347_reads_near_the_wire_at_every_clock_and_with_old_firmware() {
    for (quirks, speed, floor, allowed) in [
        (vec![Quirk::OldFirmware], 30, 2.24, 1.06),
        (vec![], 60, 1.12, 1.2),
        (vec![], 15, 4.47, 1.05),
        (vec![], 9, 7.46, 1.03),
    ] {
        let mut options = Options::new(ProgrammerKind::Ch347t);
        options.contents = Some(noise(CHIP, 1));
        options.quirks.clone_from(&quirks);
        let clip = Clip::with(options).named(&format!("ch347:speed={speed}MHz"));
        let mut programmer = clip.open();
        clip.emulator.reset_counts();
        let start = programmer.now();
        let mut data = vec![0; CHIP];
        let batch = programmer.limits().read_batch;
        for (at, part) in (0u32..).step_by(batch).zip(data.chunks_mut(batch)) {
            let [_, high, middle, low] = at.to_be_bytes();
            programmer.run(&mut [Transaction::read(&[0x03, high, middle, low], part)]).unwrap();
        }
        let taken = (programmer.now() - start).as_secs_f64();
        assert!(data == noise(CHIP, 1), "{speed} MHz {quirks:?}");
        println!("{speed} MHz {quirks:?}: {taken:.3} s");
        assert!(taken < floor * allowed, "{speed} MHz {quirks:?}: {taken} s, the wire takes {floor}");
        // Chip select low, the command, the read, chip select high; the command's status, and packets of 507 bytes.
        let (batches, counts) = ((CHIP / batch) as u64, clip.emulator.counts());
        let answers = 1 + batch.div_ceil(507) as u64;
        println!("{} batches, {} OUT, {} IN", batches, counts.out_packets, counts.in_packets);
        assert_eq!(counts.out_packets, 4 * batches, "{speed} MHz {quirks:?}");
        assert_eq!(counts.in_packets, answers * batches, "{speed} MHz {quirks:?}");
        assert_eq!(counts.waits, batches, "{speed} MHz {quirks:?}");
        clip.clean();
    }
}

/// Old firmware: three packets where newer has one, all of them in flight.
#[test]
fn a_ch347_of_old_firmware_programs_as_many_pages_a_round_trip_as_a_new_one() {
    let run = |quirks: &[Quirk]| {
        let mut options = Options::new(ProgrammerKind::Ch347t);
        options.quirks = quirks.to_vec();
        let clip = Clip::with(options).named("ch347:speed=30MHz");
        let mut chip = clip.connect().unwrap();
        let permit = permit(&chip);
        clip.emulator.reset_counts();
        let start = chip.programmer().now();
        let done = chip.program(0, &noise(0x1_0000, 7), &permit).unwrap();
        (done, clip.emulator.counts(), chip.programmer().now() - start)
    };
    let (new, old) = (run(&[]), run(&[Quirk::OldFirmware]));
    for (done, counts, took) in [&new, &old] {
        println!(
            "{done:?}: {} waits, {} OUT, {} IN, {took:?}",
            counts.waits, counts.out_packets, counts.in_packets
        );
        assert!(counts.waits * 4 <= done.pages, "{} waits for {} pages", counts.waits, done.pages);
    }
    assert!(old.1.out_packets <= 2 * new.1.out_packets, "{} and {}", old.1.out_packets, new.1.out_packets);
    assert!(old.1.in_packets * 5 <= 6 * new.1.in_packets, "{} and {}", old.1.in_packets, new.1.in_packets);
    assert!(old.2 < new.2 * 13 / 10, "{:?} and {:?}", old.2, new.2);
}
