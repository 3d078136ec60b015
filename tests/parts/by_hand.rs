//! A chip that neither the table nor SFDP knows, read by a part or a size that its user names.

use super::direct::Direct;
use crate::bench::noise;
use norsplice::emulator::chip::find;
use norsplice::emulator::chip::spec::ChipSpec;
use norsplice::flash::{Assumed, Chip, FlashError, Permit};
use norsplice::span::{Span, Spans};
use norsplice::workflow::backup::{BackupOptions, backup};
use norsplice::workflow::reading::{ReadOptions, read};
use norsplice::workflow::{Cause, Store};
use std::ops::ControlFlow;

const ID: [u8; 3] = [0x99, 0x98, 0x12];

/// A chip of so many bytes with an id in no table and without SFDP.
fn unknown(size: usize) -> (Direct, Vec<u8>) {
    let like = find("GD25Q16C").unwrap();
    let spec = ChipSpec { jedec_id: ID.to_vec(), sfdp: Vec::new(), size, ..like };
    let programmer = Direct::new(spec, 5);
    let held = noise(size, 5);
    programmer.chip.borrow_mut().contents_mut().copy_from_slice(&held);
    (programmer, held)
}

fn connect(programmer: &Direct, assumed: Option<Assumed>) -> Result<Chip<Direct>, FlashError> {
    Chip::connect_as(programmer.clone(), assumed.as_ref(), &mut |_| {})
}

fn whole(chip: &mut Chip<Direct>) -> Result<Vec<u8>, Cause> {
    let span = Span::new(0, chip.geometry().size);
    let options = ReadOptions::default();
    read(chip, span, &options, &mut |_| ControlFlow::Continue(())).map(|reading| reading.bytes)
}

#[test]
fn without_a_word_from_the_user_it_is_not_read() {
    let (programmer, _) = unknown(0x4_0000);
    let refused = connect(&programmer, None).map(drop);
    assert_eq!(refused, Err(FlashError::UnknownPart { id: ID.to_vec() }));
}

#[test]
fn by_its_size_or_a_part_like_it_it_is_read_and_backed_up_right() {
    for (size, assumed) in [
        (0x4_0000, Assumed::size(0x4_0000)),
        (0x3_0000, Assumed::size(0x3_0000)),
        (1 << 20, Assumed::size(1 << 20)),
        (8 << 20, Assumed::part("W25Q64FV")),
    ] {
        let (programmer, held) = unknown(size);
        let mut chip = connect(&programmer, Some(assumed.unwrap())).unwrap();
        assert_eq!(chip.geometry().size, size as u64);
        assert!(chip.identity().supply_unknown() && chip.identity().unique_id.is_none());
        assert!(whole(&mut chip).unwrap() == held, "{size:#x}");
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_locked(folder.path()).unwrap();
        let taken = backup(&mut chip, &store, &BackupOptions::default(), &mut |_| ControlFlow::Continue(()));
        assert!(taken.unwrap().flash == held);
        chip.release().unwrap();
        for opcode in [0x06, 0x50, 0xB7, 0x35, 0x4B, 0x48, 0x66] {
            assert_eq!(programmer.sent(opcode), 0, "{opcode:02X} to a chip that no one knows");
        }
    }
}

#[test]
fn a_size_that_is_wrong_keeps_nothing() {
    let (programmer, _) = unknown(1 << 20);
    let smaller = connect(&programmer, Some(Assumed::Size(0x4_0000))).map(drop);
    assert_eq!(smaller, Err(FlashError::LargerThanAssumed { size: 0x4_0000 }));
    for size in [2 << 20, 4 << 20, 16 << 20] {
        let larger = connect(&programmer, Some(Assumed::Size(size))).map(drop);
        assert_eq!(larger, Err(FlashError::SmallerThanAssumed { size }));
    }
}

#[test]
fn it_is_never_written_to() {
    let (programmer, held) = unknown(0x4_0000);
    let mut chip = connect(&programmer, Some(Assumed::Size(0x4_0000))).unwrap();
    chip.confirm_voltage_adapter();
    let all = Spans::from(Span::new(0, 0x4_0000));
    let permit = Permit::contents_are_backed_up(all.clone(), &ID);
    assert!(chip.geometry().erase.is_empty() && chip.geometry().chip_erase.is_none());
    assert_eq!(chip.program(0, &[0; 256], &permit).map(drop), Err(FlashError::OnlyRead));
    assert_eq!(chip.set_protection(&all, false).map(drop), Err(FlashError::OnlyRead));
    assert_eq!(chip.set_quad_enable(true), Err(FlashError::OnlyRead));
    drop(chip);
    assert!(programmer.chip.borrow().contents() == held);
    assert_eq!((programmer.sent(0x06), programmer.sent(0x50)), (0, 0));
}

#[test]
fn a_chip_that_is_known_is_not_read_as_another() {
    let programmer = Direct::new(find("W25Q64FV").unwrap(), 5);
    let refused = connect(&programmer, Some(Assumed::Size(0x10_0000))).map(drop);
    assert!(matches!(refused, Err(FlashError::KnownPart { .. })), "{refused:?}");
}
