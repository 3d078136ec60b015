//! Faults on demand strike where they are said to.

use super::packets::{Packets, ask};
use super::{emulator, noise};
use crate::emulator::{Change, EmulatedPipe, Fault, Faults, PacketAnswer};
use crate::usb::Pipe;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn bits_flip_at_the_rate_asked_for_and_the_same_way_each_time() {
    let image = noise(0x80_0000, 1);
    let run = |rate| {
        let (emulator, mut pipe) = emulator(Some(image.clone()));
        emulator.set_faults(&Faults::seeded(9).with(Fault::BitFlips(rate)));
        let answer = ask(&mut pipe, &[0x03, 0, 0, 0], 0x10_0000);
        (answer, emulator.counts().faults)
    };
    let (first, struck) = run(1e-4);
    let wrong: u32 = first.iter().zip(&image).map(|(a, b)| (a ^ b).count_ones()).sum();
    // 8.4 million bits: 839 expected, standard deviation 29.
    assert!((700..980).contains(&wrong), "{wrong}");
    assert!(u64::from(wrong) <= struck);
    assert_eq!(run(1e-4).0, first);
    let (rare, _) = run(1e-9);
    assert!(rare == image[..0x10_0000]);
}

/// A NAK would be asked again forever.
#[test]
fn an_endpoint_that_does_not_exist_is_refused_by_the_machine_too() {
    let (emulator, _) = emulator(None);
    let machine = emulator.machine();
    let mut machine = machine.lock().expect("not poisoned");
    assert_eq!(machine.in_packet(Duration::ZERO, 0x83, &mut [0; 32]), PacketAnswer::Stall);
}

#[test]
fn stuck_from_a_moment_on() {
    let (emulator, mut pipe) = emulator(None);
    emulator.set_faults(&Faults::default().with(Fault::Stuck(0x00, Duration::from_millis(50))));
    assert_eq!(ask(&mut pipe, &[0x9f], 3), [0xef, 0x40, 0x17]);
    pipe.sleep(Duration::from_millis(50));
    assert_eq!(ask(&mut pipe, &[0x9f], 3), [0x00; 3]);
}

#[test]
fn a_clip_that_comes_off_takes_the_supply_along() {
    let image = noise(0x80_0000, 1);
    let (emulator, mut pipe) = emulator(Some(image.clone()));
    let (from, to) = (Duration::from_millis(10), Duration::from_millis(60));
    emulator.set_faults(&Faults::default().with(Fault::ClipOff(from, to)));
    // A read that is under way when it happens: the end floats.
    let answer = ask(&mut pipe, &[0x03, 0, 0, 0], 4096);
    let good = answer.iter().zip(&image).take_while(|(a, b)| a == b).count();
    assert!((1000..3000).contains(&good), "{good}");
    assert!(answer[good + 1..].iter().all(|b| *b == 0xff));
    pipe.sleep(Duration::from_millis(60));
    assert_eq!(ask(&mut pipe, &[0x05], 1), [0x00], "on again: the chip starts anew");
    assert_eq!(ask(&mut pipe, &[0x03, 0, 0, 0], 16), image[..16]);
}

#[test]
fn power_fails_after_the_byte_asked_for() {
    for n in [0, 1, 5, 40, 260, 261, 263, 264, 265, 300] {
        let (emulator, mut pipe) = emulator(None);
        emulator.set_faults(&Faults::default().with(Fault::PowerCutAtByte(n)));
        // 1 + 260 + 2 + 64 bytes.
        let packets = Packets::default()
            .window(&[0x06], 0)
            .window(&[&[0x02, 0, 0, 0][..], &[0x00; 256]].concat(), 0)
            .window(&[0x05], 66);
        let status = packets.run(&mut pipe).expect("USB still works")[2].clone();
        let programmed = emulator.contents()[..256].iter().filter(|b| **b != 0xff).count();
        match n {
            0..=260 => assert_eq!(programmed, 0, "{n}"),
            _ => assert!(programmed > 0, "{n}"),
        }
        let alive = status.iter().take_while(|b| **b == 0x03).count() as u64;
        assert_eq!(alive, n.saturating_sub(262), "{n}");
        assert!(!emulator.chip(|chip| chip.is_powered()));
        emulator.power_up();
        pipe.sleep(Duration::from_millis(10));
        assert_eq!(ask(&mut pipe, &[0x9f], 3), [0xef, 0x40, 0x17]);
    }
}

#[test]
fn power_fails_in_the_middle_of_an_operation() {
    let (emulator, mut pipe) = emulator(Some(vec![0x5a; 0x80_0000]));
    emulator.set_faults(&Faults::default().with(Fault::PowerCutInOperation(1, 0.5)));
    Packets::default()
        .window(&[0x06], 0)
        .window(&[0xd8, 0x10, 0, 0], 0)
        .run(&mut pipe)
        .expect("USB still works");
    pipe.sleep(Duration::from_millis(70));
    assert_eq!(ask(&mut pipe, &[0x05], 1), [0x03]);
    pipe.sleep(Duration::from_millis(10));
    assert_eq!(ask(&mut pipe, &[0x05], 1), [0xff]);
    let array = emulator.contents();
    assert!(array[0x10_0000..0x11_0000].iter().any(|b| *b != 0xff && *b != 0x5a));
    assert!(array[..0x10_0000].iter().chain(&array[0x11_0000..]).all(|b| *b == 0x5a));
    assert_eq!(emulator.counts().faults, 1);
}

#[test]
fn a_pulled_programmer_takes_the_supply_along() {
    let (emulator, mut pipe) = emulator(Some(vec![0x5a; 0x80_0000]));
    Packets::default()
        .window(&[0x06], 0)
        .window(&[0xd8, 0x10, 0, 0], 0)
        .run(&mut pipe)
        .expect("USB still works");
    pipe.sleep(Duration::from_millis(70));
    emulator.unplug();
    assert_eq!(emulator.pins().1, 0, "pins are let go");
    assert!(emulator.contents()[0x10_0000..0x11_0000].iter().any(|b| *b != 0xff && *b != 0x5a));
}

#[test]
fn whoever_watches_can_follow_every_lasting_change() {
    let (emulator, mut pipe) = emulator(Some(vec![0x5a; 0x80_0000]));
    let copy = Arc::new(Mutex::new((vec![0x5a; 0x80_0000], Vec::new())));
    let reported = copy.clone();
    emulator.watch(move |change| {
        let mut copy = reported.lock().expect("not poisoned");
        match change {
            Change::Contents { at, bytes } => copy.0[at..at + bytes.len()].copy_from_slice(bytes),
            Change::Registers(state) => copy.1 = state.registers.clone(),
        }
    });
    let send = |pipe: &mut EmulatedPipe, command: &[u8], ms| {
        Packets::default().window(&[0x06], 0).window(command, 0).run(pipe).expect("USB still works");
        pipe.sleep(Duration::from_millis(ms));
    };
    send(&mut pipe, &[0x20, 0, 0x10, 0], 50);
    send(&mut pipe, &[0x02, 0, 0x10, 0, 1, 2, 3], 1);
    send(&mut pipe, &[0x01, 0x04, 0x02], 20);
    send(&mut pipe, &[0xd8, 1, 0, 0], 20);
    emulator.power_cut();
    pipe.sleep(Duration::from_millis(1));
    let state = emulator.state();
    let copy = copy.lock().expect("not poisoned");
    assert!(copy.0 == state.contents && copy.0[0x1_0000] != 0x5a);
    assert_eq!((&copy.1, &copy.1[..]), (&state.registers, &[0x04, 0x02][..]));
}

#[test]
fn a_host_that_is_held_up_finds_a_later_chip() {
    let status = |fault: Option<Fault>| {
        let (emulator, mut pipe) = emulator(None);
        emulator.set_faults(&Faults { seed: 1, list: fault.into_iter().collect() });
        let packets = Packets::default().window(&[0x06], 0).window(&[0x20, 0, 0, 0], 0).window(&[0x05], 1);
        packets.run(&mut pipe).expect("USB still works")[2][0]
    };
    assert_eq!(status(None), 0x03);
    let seen: Vec<u8> =
        (1..14).map(|n| status(Some(Fault::HostHeldUp(n, Duration::from_millis(100))))).collect();
    // Between the erase and the status, and before or after both.
    assert!(seen.contains(&0x00) && seen.contains(&0x03), "{seen:02x?}");
}
