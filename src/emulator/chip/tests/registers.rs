//! Status registers: kinds of writes, SRP, protection, block locks.

use super::Bench;
use std::time::Duration;

fn registers(bench: &mut Bench) -> [u8; 2] {
    [bench.ask(&[0x05], 1)[0], bench.ask(&[0x35], 1)[0]]
}

#[test]
fn a_lasting_write_takes_its_time_and_outlives_the_supply() {
    let mut bench = Bench::new("W25Q64FV");
    bench.send(&[0x06]);
    bench.send(&[0x01, 0x1c, 0x02]);
    assert_eq!(registers(&mut bench), [0x03, 0x00], "busy, the old value");
    bench.wait(Duration::from_millis(15));
    assert_eq!(registers(&mut bench), [0x1c, 0x02]);
    bench.power_cycle();
    assert_eq!(registers(&mut bench), [0x1c, 0x02]);
    assert_eq!((bench.chip.counts().nonvolatile_writes, bench.chip.counts().volatile_writes), (1, 0));
    bench.clean();
}

#[test]
fn a_volatile_write_is_at_once_and_gone_with_the_supply_or_a_reset() {
    for reset in [false, true] {
        let mut bench = Bench::new("W25Q64FV");
        bench.send(&[0x50]);
        assert_eq!(bench.status(), 0x00, "50h does not set the latch");
        bench.send(&[0x01, 0x1c, 0x42]);
        assert_eq!(registers(&mut bench), [0x1c, 0x42]);
        if reset {
            bench.send(&[0x66]);
            bench.send(&[0x99]);
            bench.wait(Duration::from_micros(30));
        } else {
            bench.power_cycle();
        }
        assert_eq!(registers(&mut bench), [0x00, 0x00], "reset {reset}");
        assert_eq!((bench.chip.counts().nonvolatile_writes, bench.chip.counts().volatile_writes), (0, 1));
        bench.clean();
    }
}

#[test]
fn volatile_enable_is_good_for_the_next_command_only() {
    let mut bench = Bench::new("W25Q64FV");
    bench.send(&[0x50]);
    bench.ask(&[0x9f], 3);
    bench.send(&[0x01, 0x1c]);
    assert_eq!(registers(&mut bench), [0x00, 0x00]);
    assert_eq!(bench.misdeeds(), "1 x command 01h without write enable\n");
}

#[test]
fn one_byte_clears_the_second_register_on_fv_and_not_on_jv() {
    for (part, left) in [("W25Q64FV", 0x00), ("W25Q64CV", 0x00), ("W25Q64BV", 0x00), ("W25Q64JV", 0x42)] {
        let mut bench = Bench::new(part);
        bench.chip.set_register(1, if part == "W25Q64BV" { 0x02 } else { 0x42 });
        bench.write(&[0x01, 0x04]);
        assert_eq!(registers(&mut bench), [0x04, left], "{part}");
    }
    let mut bench = Bench::new("W25Q64JV");
    bench.write(&[0x31, 0x40]);
    bench.write(&[0x11, 0xe3]);
    assert_eq!((registers(&mut bench), bench.ask(&[0x15], 1)[0]), ([0x00, 0x40], 0xe0), "reserved bits stay");
    bench.clean();
    let mut old = Bench::new("W25Q64FV");
    old.send(&[0x06]);
    old.send(&[0x31, 0x40]);
    assert_eq!(old.ask(&[0x35], 1), [0x00], "FV does not know 31h");
}

#[test]
fn lock_bits_go_one_way_even_by_a_volatile_write() {
    let mut bench = Bench::new("W25Q64FV");
    bench.send(&[0x50]);
    bench.send(&[0x01, 0x00, 0x08]);
    assert_eq!(bench.chip.counts().lock_bits_set, 1);
    bench.power_cycle();
    assert_eq!(registers(&mut bench), [0x00, 0x08]);
    bench.write(&[0x01, 0x00, 0x00]);
    assert_eq!(registers(&mut bench), [0x00, 0x08]);
    bench.write(&[0x01, 0x00, 0x38]);
    assert_eq!(bench.chip.counts().lock_bits_set, 3);
    assert_eq!(bench.chip.export().registers, [0x00, 0x38]);
}

#[test]
fn srp_and_the_wp_pin_guard_the_registers() {
    let mut bench = Bench::new("W25Q64FV");
    bench.write(&[0x01, 0x80, 0x00]);
    bench.write(&[0x01, 0x84, 0x00]);
    assert_eq!(registers(&mut bench)[0], 0x84, "/WP high frees them");
    bench.chip.set_write_protect_pin(false);
    bench.write(&[0x01, 0x00, 0x00]);
    assert_eq!(registers(&mut bench)[0], 0x84);
    bench.send(&[0x50]);
    bench.send(&[0x01, 0x00, 0x00]);
    assert_eq!(registers(&mut bench)[0], 0x84, "nor by a volatile write");
    assert_eq!(bench.chip.counts().refused_writes, 2);
    // QE turns /WP into a data pin.
    bench.chip.set_register(1, 0x02);
    bench.write(&[0x01, 0x00, 0x02]);
    assert_eq!(registers(&mut bench), [0x00, 0x02]);
}

#[test]
fn srp1_locks_until_power_is_cut_or_for_ever() {
    let mut bench = Bench::new("W25Q64FV");
    bench.write(&[0x01, 0x00, 0x01]);
    bench.write(&[0x01, 0x1c, 0x00]);
    assert_eq!(registers(&mut bench), [0x00, 0x01]);
    bench.power_cycle();
    assert_eq!(registers(&mut bench), [0x00, 0x00]);
    bench.write(&[0x01, 0x80, 0x01]);
    bench.power_cycle();
    bench.write(&[0x01, 0x00, 0x00]);
    assert_eq!(registers(&mut bench), [0x80, 0x01], "forever");
}

#[test]
fn protected_ranges_are_dropped_silently_and_consume_the_latch() {
    let mut bench = Bench::new("W25Q64FV");
    // BP=1, TB=0: the upper 128 KiB.
    bench.chip.set_register(0, 0x04);
    bench.chip.contents_mut().fill(0xaa);
    for command in
        [&[0x20, 0x7e, 0, 0][..], &[0xd8, 0x7f, 0, 0], &[0xc7], &[0x60], &[0x02, 0x7f, 0xff, 0xff, 0]]
    {
        bench.send(&[0x06]);
        bench.send(command);
        assert_eq!(bench.status(), 0x04, "{command:02x?}");
    }
    bench.write(&[0x20, 0x7d, 0xf0, 0]);
    assert_eq!(bench.chip.contents()[0x7d_f000], 0xff);
    assert_eq!(bench.chip.contents()[0x7e_0000], 0xaa);
    assert_eq!((bench.chip.counts().protected, bench.chip.counts().operations), (5, 1));
    bench.clean();
}

#[test]
fn block_locks_of_the_jv() {
    let mut bench = Bench::new("W25Q64JV");
    bench.write(&[0x11, 0x64]);
    bench.write(&[0x20, 0x01, 0, 0]);
    assert_eq!(bench.chip.counts().protected, 1, "all locked from power-up");
    assert_eq!(bench.ask(&[0x3d, 0x01, 0, 0], 1), [0x01]);
    bench.write(&[0x39, 0x01, 0, 0]);
    assert_eq!(bench.ask(&[0x3d, 0x01, 0xff, 0xff], 1), [0x00]);
    assert_eq!(bench.ask(&[0x3d, 0x02, 0, 0], 1), [0x01]);
    bench.write(&[0xd8, 0x01, 0, 0]);
    bench.write(&[0x20, 0x00, 0, 0]);
    assert_eq!((bench.chip.counts().protected, bench.chip.counts().operations), (2, 2));
    bench.write(&[0x98]);
    bench.write(&[0xc7]);
    assert_eq!(bench.chip.counts().operations, 3);
    bench.write(&[0x36, 0x7f, 0xf0, 0]);
    bench.write(&[0x20, 0x7f, 0xf0, 0]);
    bench.write(&[0x20, 0x7f, 0xe0, 0]);
    assert_eq!((bench.chip.counts().protected, bench.chip.counts().operations), (3, 4));
    bench.write(&[0x7e]);
    bench.write(&[0x20, 0x7f, 0xe0, 0]);
    assert_eq!(bench.chip.counts().protected, 4);
    bench.clean();
}
