//! A packet that comes twice makes every answer after it one too late: none of them is taken for the chip's word.

use crate::bench::{Clip, PROGRAMMERS};
use norsplice::emulator::{Fault, Faults};
use norsplice::flash::{Chip, FlashError, Status};

/// Who the chip is and its status, asked with one packet doubled.
fn asked(clip: &Clip, doubled: Option<u64>) -> Result<(Option<Vec<u8>>, Status), FlashError> {
    clip.emulator.reset_counts();
    clip.emulator.set_faults(
        &doubled.map_or_else(Faults::default, |at| Faults::default().with(Fault::DoublePacket(at))),
    );
    let programmer = clip.try_open()?;
    let mut chip = Chip::connect(programmer)?;
    Ok((chip.identity().unique_id.clone(), chip.status()?))
}

#[test]
fn ids_and_registers_are_right_or_the_link_is_named_whatever_packet_comes_twice() {
    for kind in PROGRAMMERS {
        for part in ["W25Q64FV", "W25Q256FV", "SST26VF032B"] {
            for plain in [false, true] {
                let clip = Clip::new(kind, part, None);
                let name = clip.name.clone();
                let option = if name.contains(':') { ",plain" } else { ":plain" };
                let name = if plain { name + option } else { name };
                let clip = clip.named(&name);
                // Each register another value, and an id that is no mirror.
                clip.emulator.chip(|chip| (chip.set_register(1, 0x02), chip.set_register(2, 0x60)));
                let wanted = asked(&clip, None).unwrap();
                let packets = clip.emulator.counts().in_packets;
                let mut right = 0;
                for at in 1..=packets {
                    match asked(&clip, Some(at)) {
                        Ok(seen) => {
                            assert_eq!(seen, wanted, "{name} {part}: packet {at} of {packets}");
                            right += 1;
                        }
                        Err(FlashError::Spi(_)) => {}
                        Err(other) => panic!("{name} {part}: packet {at} of {packets}: {other}"),
                    }
                }
                assert!(right * 2 > packets, "{name} {part}: {right} of {packets} are right");
            }
        }
    }
}
