//! Every emulated part: sized, read, unlocked, erased, programmed, verified, put back; its one-time areas dumped.

use crate::bench::{Clip, Opened, connected, noise, parts_on_programmers, permit};
use norsplice::emulator::ProgrammerKind;
use norsplice::emulator::chip::{find, names};
use norsplice::flash::Chip;
use norsplice::flash::geometry::EraseType;
use norsplice::span::{Span, Spans};

/// Its SFDP lies about its size: the array must hold something that shows which is true.
const DISPUTED: [&str; 1] = ["ZD25Q128C"];

/// The part with something in its array where its size is in dispute.
fn of_part(kind: ProgrammerKind, name: &str) -> (Clip, Chip<Opened>) {
    let filled = DISPUTED.contains(&name).then(|| noise(find(name).unwrap().size, 1));
    connected(kind, name, filled)
}

#[test]
fn every_part_is_sized_and_its_supply_known() {
    for (kind, name) in parts_on_programmers(names()) {
        let (clip, chip) = of_part(kind, &name);
        let identity = chip.identity();
        let spec = find(&name).unwrap();
        assert_eq!(chip.geometry().size, spec.size as u64, "{name}");
        assert_eq!(identity.low_voltage, name.ends_with("FW"), "{name}");
        clip.clean();
    }
}

/// The smallest erase type, or the one after it.
fn erase_type(chip: &Chip<Opened>, larger: bool) -> EraseType {
    let erase = &chip.geometry().erase;
    assert!(!erase.is_empty(), "{}", chip.identity().part_name);
    erase[usize::from(larger).min(erase.len() - 1)]
}

fn rewrite(clip: &Clip, chip: &mut Chip<Opened>, name: &str, at: u64, larger: bool, seed: u64) {
    let permit = permit(chip);
    let erase = erase_type(chip, larger);
    let at = at / erase.size * erase.size;
    let span = Span::new(at, at + erase.size);
    let unlocked = chip.unlock(&Spans::from(span), &permit).unwrap_or_else(|e| panic!("{name}: {e}"));
    let wanted = noise(erase.size as usize, seed);
    chip.erase(&erase, at, &permit).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(chip.verify(at, &vec![0xFF; erase.size as usize]).unwrap().is_empty(), "{name}: not blank");
    chip.program(at, &wanted, &permit).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(chip.verify(at, &wanted).unwrap().is_empty(), "{name} at {at:#x}");
    chip.relock(unlocked).unwrap_or_else(|e| panic!("{name}: {e}"));
    let there = clip.emulator.chip(|c| c.contents()[at as usize..][..wanted.len()].to_vec());
    assert!(there == wanted, "{name} at {at:#x}");
}

#[test]
fn every_part_is_rewritten_in_places_and_keeps_its_registers() {
    for (kind, name) in parts_on_programmers(names()) {
        let (clip, mut chip) = of_part(kind, &name);
        chip.confirm_voltage_adapter();
        let before = chip.status().unwrap();
        let size = chip.geometry().size;
        for (i, at) in [0, size / 3, size / 2, size - 1].into_iter().enumerate() {
            rewrite(&clip, &mut chip, &name, at, i == 1, i as u64);
        }
        let after = chip.status().unwrap();
        assert_eq!(before.registers, after.registers, "{name}");
        assert_eq!(before.protected, after.protected, "{name}");
        chip.release().unwrap();
        assert_eq!(clip.emulator.counts().lock_bits_set, 0, "{name}");
        assert_eq!(clip.emulator.counts().misdeed_text(), "", "{kind:?} {name}");
    }
}

#[test]
fn every_one_time_area_is_dumped_as_it_is() {
    for (kind, name) in parts_on_programmers(names()) {
        let (clip, mut chip) = of_part(kind, &name);
        let spec = find(&name).unwrap();
        assert!(chip.otp_known() || spec.security.count == 0, "{name}");
        if spec.security.count == 0 {
            assert!(chip.security_registers().unwrap().is_empty(), "{name}");
            continue;
        }
        let factory = spec.security.factory.end;
        for index in 0..spec.security.count {
            clip.emulator.chip(|c| {
                let bytes = c.security_mut(index).unwrap();
                for (i, b) in bytes.iter_mut().enumerate().skip(if index == 0 { factory } else { 0 }) {
                    *b = (i as u8).wrapping_mul(7) ^ (i >> 8) as u8 ^ index as u8;
                }
            });
        }
        let found = chip.security_registers().unwrap_or_else(|e| panic!("{name}: {e}"));
        let unsure = found.iter().any(|r| r.size_unsure);
        let found: Vec<u8> = found.iter().flat_map(|r| r.bytes.clone()).collect();
        let held: Vec<u8> = (0..spec.security.count)
            .flat_map(|i| clip.emulator.chip(|c| c.security(i).unwrap().to_vec()))
            .collect();
        // A control byte after the area is not part of it; where the size is not sure, more is read.
        let whole = found == held || unsure && found.starts_with(&held);
        let without_control = found.len() + 1 == held.len() && held.starts_with(&found);
        assert!(whole || without_control, "{name}: {} of {} bytes", found.len(), held.len());
        chip.release().unwrap();
        let counts = clip.emulator.counts();
        assert_eq!((counts.operations, counts.lock_bits_set), (0, 0), "{name}");
        assert_eq!(counts.misdeed_text(), "", "{kind:?} {name}");
    }
}

#[test]
fn a_low_voltage_part_is_read_but_never_written_without_an_adapter() {
    let (clip, mut chip) = connected(ProgrammerKind::Ch341a, "W25Q64FW", None);
    let (permit, erase) = (permit(&chip), erase_type(&chip, false));
    assert!(chip.identity().low_voltage);
    chip.read_to_vec(Span::new(0, 16)).unwrap();
    for error in [
        chip.erase(&erase, 0, &permit).unwrap_err(),
        chip.erase_chip(&permit).unwrap_err(),
        chip.program(0, &[0], &permit).map(drop).unwrap_err(),
        chip.unlock(&Spans::from(Span::new(0, 1)), &permit).map(drop).unwrap_err(),
        chip.set_protection(&Spans::new(), false).map(drop).unwrap_err(),
    ] {
        assert!(error.to_string().contains("1.8 V"), "{error}");
    }
    let counts = clip.emulator.counts();
    assert_eq!((counts.operations, counts.volatile_writes), (0, 0));
    clip.clean();
}
