//! Security registers of the W25Q64 written, erased and locked; never by accident.

use crate::bench::{Clip, SIZE, connected, noise, parts_on_programmers, programmers};
use norsplice::emulator::ProgrammerKind;
use norsplice::emulator::chip::{find, names};
use norsplice::flash::{FlashError, OtpPermit, SecurityRegister};
use norsplice::span::Span;
use norsplice::spi::Transaction;

const ID: [u8; 3] = [0xEF, 0x40, 0x17];

#[test]
fn a_register_is_written_changed_and_erased() {
    for kind in programmers() {
        for part in ["W25Q64FV", "W25Q64JV"] {
            let (clip, mut chip) = connected(kind, part, None);
            let permit = OtpPermit::registers_are_backed_up(&ID);
            let (first, second) = (noise(256, 1), noise(200, 2));
            let after = chip.write_security_register(2, &first, &permit).unwrap();
            assert_eq!((after.bytes.as_slice(), after.blank), (&first[..], false));
            assert_eq!(clip.emulator.chip(|c| c.security(1).unwrap().to_vec()), first);
            let before = clip.emulator.counts().security_operations;
            chip.write_security_register(2, &first, &permit).unwrap();
            assert_eq!(clip.emulator.counts().security_operations, before, "nothing to do is nothing sent");
            // Bits go back to 1: erased first, the rest of the register kept.
            chip.write_security_register(2, &second, &permit).unwrap();
            let mut wanted = first.clone();
            wanted[..200].copy_from_slice(&second);
            assert_eq!(clip.emulator.chip(|c| c.security(1).unwrap().to_vec()), wanted);
            chip.erase_security_register(2, &permit).unwrap();
            assert!(chip.security_registers().unwrap().iter().all(|r| r.blank && r.locked == Some(false)));
            assert_eq!(clip.emulator.counts().lock_bits_set, 0);
            clip.clean();
        }
    }
}

#[test]
fn only_the_typed_phrase_locks_and_only_that_register() {
    for kind in programmers() {
        for part in ["W25Q64FV", "W25Q64JV"] {
            let (clip, mut chip) = connected(kind, part, None);
            let permit = OtpPermit::registers_are_backed_up(&ID);
            clip.emulator.chip(|c| {
                c.set_register(0, 0x04);
                c.set_register(1, 0x02);
            });
            let before = chip.status().unwrap();
            assert_eq!(chip.lock_permit(1, "yes"), None);
            assert_eq!(chip.lock_permit(1, &chip.lock_phrase(2)), None);
            let phrase = chip.lock_phrase(1);
            let lock = chip.lock_permit(1, &phrase).unwrap();
            assert!(matches!(chip.lock_security_register(2, &lock), Err(FlashError::OtpRefused { .. })));
            assert_eq!(clip.emulator.counts().lock_bits_set, 0);
            assert_eq!(chip.lock_security_register(1, &lock).unwrap().locked, Some(true));
            assert_eq!(clip.emulator.counts().lock_bits_set, 1);
            let after = chip.status().unwrap();
            assert_eq!(after.registers.sr1, before.registers.sr1);
            assert_eq!(after.registers.sr2, Some(0x0A), "QE stays, LB1 is set");
            assert_eq!(after.registers.sr3, before.registers.sr3);
            let operations = clip.emulator.counts().security_operations;
            for error in [
                chip.write_security_register(1, &[0], &permit).unwrap_err(),
                chip.erase_security_register(1, &permit).unwrap_err(),
                chip.lock_security_register(1, &lock).unwrap_err(),
            ] {
                assert!(error.to_string().contains("locked forever"), "{error}");
            }
            chip.write_security_register(3, &[1, 2, 3], &permit).unwrap();
            assert_eq!(clip.emulator.counts().security_operations, operations + 1);
            clip.clean();
        }
    }
}

#[test]
fn what_does_not_fit_or_is_for_another_chip_is_refused_before_anything_is_sent() {
    for kind in programmers() {
        let (clip, mut chip) = connected(kind, "W25Q64FV", None);
        let permit = OtpPermit::registers_are_backed_up(&ID);
        let other = OtpPermit::registers_are_backed_up(&[0xC2, 0x20, 0x17]);
        let chip = &mut chip;
        assert!(matches!(
            chip.write_security_register(1, &[0; 257], &permit),
            Err(FlashError::OtpRefused { index: 1, .. })
        ));
        assert!(matches!(chip.write_security_register(1, &[0], &other), Err(FlashError::OtherChip { .. })));
        assert!(matches!(chip.write_security_register(7, &[0], &permit), Err(FlashError::Unsupported(_))));
        assert_eq!(clip.emulator.counts().security_operations, 0);
        clip.clean();
    }
}

/// The schemes are tried one by one in `parts::one_time`; here each goes through a programmer's own commands and limits.
#[test]
fn one_time_memory_of_every_part_is_written_behind_every_programmer() {
    let areas = |name: &String| find(name).is_some_and(|spec| spec.security.count > 0);
    for (kind, name) in parts_on_programmers(names().into_iter().filter(areas).collect()) {
        let clip = Clip::new(kind, &name, None);
        // Something that shows how large a part is whose size is in dispute.
        let start = noise(0x1_0000, 3);
        clip.emulator.chip(|chip| chip.contents_mut()[..start.len()].copy_from_slice(&start));
        let mut chip = clip.connect().unwrap_or_else(|e| panic!("{kind:?} with {name}: {e}"));
        chip.confirm_voltage_adapter();
        let permit = OtpPermit::registers_are_backed_up(&chip.identity().jedec_id.clone());
        let registers = chip.security_registers().unwrap_or_else(|e| panic!("{kind:?} {name}: {e}"));
        // Areas with factory data are tried by hand in `parts::one_time`.
        let is_open = |r: &&SecurityRegister| r.blank && r.locked != Some(true) && !r.size_unsure;
        let Some(open) = registers.iter().find(is_open) else { continue };
        let mut wanted = open.bytes.clone();
        let from = wanted.len() / 2;
        wanted[from..].iter_mut().zip(b"one-way").for_each(|(to, byte)| *to = *byte);
        let after = chip
            .write_security_register(open.index, &wanted, &permit)
            .unwrap_or_else(|e| panic!("{kind:?} {name}: {e}"));
        assert_eq!(after.bytes, wanted, "{kind:?} {name}");
        // No mode is left on, and the array is as it was.
        assert_eq!(chip.read_to_vec(Span::new(0, 64)).unwrap(), start[..64], "{kind:?} {name}");
        // Blank after the start: each byte is as the one before it.
        let untouched = clip.emulator.chip(|chip| {
            let (head, rest) = chip.contents().split_at(start.len());
            head == start && rest[0] == 0xff && rest[..rest.len() - 1] == rest[1..]
        });
        assert!(untouched, "{kind:?} {name}: the array changed");
        assert_eq!(clip.emulator.counts().lock_bits_set, 0, "{kind:?} {name}");
        clip.clean();
    }
}

/// A run killed inside the mode in which an area is read: what is read next is the array and not the area.
#[test]
fn a_mode_that_was_left_on_is_left_before_anything_is_read() {
    for part in ["MX25L6433F", "EN25QH64"] {
        let contents = noise(SIZE as usize, 5);
        let clip = Clip::new(ProgrammerKind::Ft2232h, part, Some(contents.clone()));
        let mut killed = clip.open();
        let enter = if part.starts_with("MX") { 0xB1 } else { 0x3A };
        killed.run(&mut [Transaction::write(&[enter])]).unwrap();
        drop(killed);
        let mut chip = clip.connect().unwrap();
        let end = Span::new(SIZE - 0x1000, SIZE);
        for span in [Span::new(0, 0x1000), end] {
            assert!(chip.read_to_vec(span).unwrap() == contents[span.range()], "{part}");
        }
        clip.clean();
    }
}
