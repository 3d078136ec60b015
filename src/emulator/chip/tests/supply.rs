//! Power cuts, resets and faults of single operations: what is undefined, and what is not.

use super::Bench;
use crate::emulator::chip::OperationFault;
use std::collections::BTreeMap;
use std::time::Duration;

fn filled() -> Bench {
    let mut bench = Bench::new("W25Q64FV");
    bench.chip.contents_mut().fill(0x5a);
    bench
}

#[test]
fn an_erase_cut_short_leaves_its_range_undefined_and_nothing_else() {
    for by_reset in [false, true] {
        let mut bench = filled();
        bench.send(&[0x06]);
        bench.send(&[0x20, 0, 0x10, 0]);
        bench.wait(Duration::from_millis(20));
        if by_reset {
            bench.send(&[0x66]);
            bench.send(&[0x99]);
            assert_eq!(bench.misdeeds(), "1 x software reset while an erase or program was running\n");
        } else {
            bench.chip.power_cut(bench.now);
            assert_eq!(bench.ask(&[0x9f], 3), [0xff; 3]);
            bench.clean();
        }
        let array = bench.chip.contents();
        let range = &array[0x1000..0x2000];
        assert!(range.iter().any(|b| *b != 0xff) && range.iter().any(|b| *b != 0x5a));
        assert!(array[..0x1000].iter().chain(&array[0x2000..]).all(|b| *b == 0x5a));
    }
}

#[test]
fn what_is_undefined_is_the_same_for_the_same_seed() {
    let run = || {
        let mut bench = filled();
        bench.send(&[0x06]);
        bench.send(&[0x20, 0, 0x10, 0]);
        bench.chip.power_cut(bench.now);
        bench.chip.contents()[0x1000..0x2000].to_vec()
    };
    assert_eq!(run(), run());
}

#[test]
fn a_program_cut_short_leaves_bits_between_old_and_new() {
    let mut bench = Bench::new("W25Q64FV");
    bench.send(&[0x06]);
    bench.send(&[&[0x02, 0, 0, 0][..], &[0x0f; 256]].concat());
    bench.wait(Duration::from_micros(100));
    bench.power_cycle();
    let page = &bench.chip.contents()[..256];
    assert!(page.iter().all(|b| b & 0x0f == 0x0f), "bits that stay 1 are safe");
    assert!(page.iter().any(|b| *b != 0x0f) && page.iter().any(|b| *b != 0xff));
    assert!(bench.chip.contents()[256..].iter().all(|b| *b == 0xff));
}

#[test]
fn after_power_up_commands_and_writes_must_wait() {
    let mut bench = Bench::new("W25Q64FV");
    bench.chip.power_cut(bench.now);
    bench.chip.power_up(bench.now);
    assert_eq!(bench.ask(&[0x9f], 3), [0xff; 3]);
    assert_eq!(bench.misdeeds(), "1 x command 9fh before the chip was ready\n");
    bench.wait(Duration::from_micros(20));
    assert_eq!(bench.ask(&[0x9f], 3), [0xef, 0x40, 0x17]);
    bench.send(&[0x06]);
    assert_eq!(bench.status(), 0x00, "writes are not taken for 5 ms");
    bench.wait(Duration::from_millis(5));
    bench.send(&[0x06]);
    assert_eq!(bench.status(), 0x02);
}

#[test]
fn a_reset_needs_both_halves_side_by_side() {
    let mut bench = Bench::new("W25Q64FV");
    bench.send(&[0x06]);
    bench.send(&[0x66]);
    bench.ask(&[0x05], 1);
    bench.send(&[0x99]);
    assert_eq!(bench.status(), 0x02, "05h between them cancels");
    bench.send(&[0x66]);
    bench.send(&[0x99]);
    bench.wait(Duration::from_micros(30));
    assert_eq!(bench.status(), 0x00);
    assert_eq!(bench.chip.counts().resets, 1);
    bench.clean();
}

#[test]
fn single_operations_fail_on_demand() {
    let mut bench = filled();
    bench.chip.set_operation_faults(BTreeMap::from([
        (1, OperationFault::Silent),
        (3, OperationFault::PowerCut(0.5)),
    ]));
    bench.write(&[0x20, 0, 0, 0]);
    assert_eq!((bench.status(), bench.chip.contents()[0]), (0x00, 0x5a));
    bench.write(&[0x20, 0, 0, 0]);
    assert_eq!(bench.chip.contents()[0], 0xff);
    bench.send(&[0x06]);
    bench.send(&[0x20, 0, 0x10, 0]);
    bench.wait(Duration::from_millis(22));
    assert_eq!(bench.status(), 0x03);
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.status(), 0xff);
    assert!(!bench.chip.is_powered());
    let mut stuck = filled();
    stuck.chip.set_operation_faults(BTreeMap::from([(1, OperationFault::Forever)]));
    stuck.write(&[0x20, 0, 0, 0]);
    stuck.wait(Duration::from_secs(100_000));
    assert_eq!(stuck.status(), 0x03);
    stuck.power_cycle();
    assert_eq!(stuck.status(), 0x00);
}

#[test]
fn a_register_write_cut_short_leaves_only_its_bits_undefined() {
    let mut bench = Bench::new("W25Q64FV");
    bench.send(&[0x06]);
    bench.send(&[0x01, 0xfc, 0x42]);
    bench.wait(Duration::from_millis(5));
    bench.power_cycle();
    let kept = bench.chip.registers().0;
    assert_eq!((kept[0] & !0xfc, kept[1] & !0x42), (0, 0));
}
