//! Security registers.

use super::Bench;

#[test]
fn registers_are_programmed_read_erased_one_by_one() {
    let mut bench = Bench::new("W25Q64FV");
    let data: Vec<u8> = (0..=255).collect();
    bench.write(&[&[0x42, 0, 0x20, 0][..], &data].concat());
    assert_eq!(bench.ask(&[0x48, 0, 0x20, 0xfe, 0], 4), [0xfe, 0xff, 0x00, 0x01], "wraps in its 256 bytes");
    assert_eq!(bench.ask(&[0x48, 0, 0x10, 0, 0], 256), [0xff; 256]);
    assert_eq!(bench.ask(&[0x48, 0, 0x00, 0, 0], 4), *b"SFDP", "register 0 holds SFDP");
    bench.write(&[0x44, 0, 0x20, 0]);
    assert_eq!(bench.ask(&[0x48, 0, 0x20, 0, 0], 256), [0xff; 256]);
    bench.write(&[0x44, 0, 0x00, 0]);
    bench.write(&[0x42, 0, 0x40, 0, 0x00]);
    assert_eq!(bench.chip.counts().security_operations, 2);
    bench.clean();
}

#[test]
fn a_lock_bit_freezes_its_register_alone() {
    let mut bench = Bench::new("W25Q64FV");
    bench.write(&[0x42, 0, 0x10, 0, 0x12]);
    bench.write(&[0x01, 0x00, 0x08]);
    bench.write(&[0x44, 0, 0x10, 0]);
    bench.write(&[0x42, 0, 0x10, 0, 0x00]);
    assert_eq!(bench.ask(&[0x48, 0, 0x10, 0, 0], 1), [0x12]);
    bench.write(&[0x42, 0, 0x30, 0, 0x34]);
    assert_eq!(bench.ask(&[0x48, 0, 0x30, 0, 0], 1), [0x34]);
    assert_eq!((bench.chip.counts().lock_bits_set, bench.chip.counts().protected), (1, 2));
}

#[test]
fn bv_has_none() {
    let mut bench = Bench::new("W25Q64BV");
    assert_eq!(bench.ask(&[0x48, 0, 0x10, 0, 0], 2), [0xff; 2]);
    bench.send(&[0x06]);
    bench.send(&[0x42, 0, 0x10, 0, 0]);
    assert_eq!(bench.status(), 0x02);
    assert_eq!(bench.chip.counts().unknown_opcodes[&0x42], 1);
}

#[test]
fn state_goes_out_and_in() {
    let mut bench = Bench::new("W25Q64FV");
    bench.write(&[0x42, 0, 0x20, 5, 0x55]);
    bench.write(&[0x02, 0, 0, 0, 0x66]);
    bench.write(&[0x01, 0x04, 0x42]);
    let state = bench.chip.export();
    let mut other = Bench::new("W25Q64FV");
    other.chip.import(&state).expect("the same part");
    assert_eq!(other.chip.export(), state);
    assert_eq!(other.ask(&[0x03, 0, 0, 0], 1), [0x66]);
    let text = serde_json::to_string(&state).expect("plain data");
    let mut back: super::super::ChipState = serde_json::from_str(&text).expect("its own form");
    assert!(Bench::new("W25Q64FV").chip.import(&back).is_err(), "contents are kept apart");
    back.contents.clone_from(&state.contents);
    assert_eq!(back, state);
    assert!(Bench::new("W25Q64JV").chip.import(&state).is_err());
}
