//! What other makers' parts do differently: each rule that a driver for Winbond alone would trip over.

use super::super::{find, names};
use super::Bench;
use std::collections::HashSet;

#[test]
fn every_part_is_found_by_its_name_and_answers_its_id() {
    let mut seen = HashSet::new();
    for name in names() {
        assert!(seen.insert(name.clone()), "{name} twice");
        let mut bench = Bench::new(&name.to_lowercase());
        let spec = bench.chip.spec().clone();
        if spec.commands.iter().any(|c| c.opcode == 0x9f) {
            assert_eq!(bench.ask(&[0x9f], spec.jedec_id.len()), spec.jedec_id, "{name}");
        }
        assert!(spec.size.is_power_of_two() && spec.size.is_multiple_of(spec.dies), "{name}");
        if !spec.sfdp.is_empty() {
            assert_eq!(bench.ask(&[0x5a, 0, 0, 0, 0], 4), *b"SFDP", "{name}");
        }
        for lock in &spec.security.locks {
            assert!(
                spec.registers[lock.register].one_time & lock.mask != 0,
                "{name}: a lock bit that is not one-time"
            );
        }
        bench.clean();
    }
    assert!(find("no such part").is_none());
}

#[test]
fn aai_writes_pairs_until_write_disable_and_nothing_else_meanwhile() {
    let mut bench = Bench::new("SST25VF016B");
    assert_eq!(bench.status(), 0x3c, "everything is protected at power-up");
    bench.write(&[0xad, 0, 0x10, 0, 1, 2]);
    assert_eq!(bench.chip.counts().protected, 1);
    bench.send(&[0x50]);
    bench.send(&[0x01, 0x00]);
    assert_eq!(bench.status(), 0x00);
    bench.write(&[0xad, 0, 0x10, 0, 1, 2]);
    bench.send(&[0xad, 3, 4]);
    bench.wait(super::GAP * 100);
    bench.clean();
    assert_eq!(bench.ask(&[0x03, 0, 0x10, 0], 2), [0xff; 2], "a read in between is not heard");
    assert_eq!(bench.misdeeds(), "1 x command 03h in the middle of an AAI program\n");
    bench.send(&[0x04]);
    assert_eq!(bench.ask(&[0x03, 0, 0x10, 0], 6), [1, 2, 3, 4, 0xff, 0xff]);
}

#[test]
fn the_oldest_sst_has_no_9f_and_programs_byte_after_byte() {
    let mut bench = Bench::new("SST25VF010A");
    assert_eq!(bench.ask(&[0x9f], 3), [0xff; 3]);
    assert_eq!(bench.ask(&[0x90, 0, 0, 0], 4), [0xbf, 0x49, 0xbf, 0x49]);
    bench.send(&[0x50]);
    bench.send(&[0x01, 0x00]);
    bench.write(&[0xaf, 0, 0, 5, 0x11]);
    bench.send(&[0xaf, 0x22]);
    bench.wait(super::GAP * 100);
    bench.send(&[0x04]);
    assert_eq!(bench.ask(&[0x03, 0, 0, 4], 4), [0xff, 0x11, 0x22, 0xff]);
    bench.clean();
}

#[test]
fn enso_reaches_the_one_time_bytes_and_2f_freezes_them() {
    let mut bench = Bench::new("MX25L12835F");
    bench.write(&[0x02, 0, 0, 0, 0x77]);
    bench.send(&[0xb1]);
    assert_eq!(bench.ask(&[0x03, 0, 0, 0], 2), [0xff; 2]);
    bench.write(&[0x02, 0, 0, 0x20, 0x12, 0x34]);
    assert_eq!(bench.ask(&[0x03, 0, 0, 0x20], 2), [0x12, 0x34]);
    bench.send(&[0xc1]);
    assert_eq!(bench.ask(&[0x03, 0, 0, 0], 1), [0x77], "the array again");
    assert_eq!(bench.ask(&[0x2b], 1), [0x00]);
    bench.write(&[0x2f]);
    assert_eq!(bench.ask(&[0x2b], 1), [0x02]);
    bench.send(&[0xb1]);
    bench.write(&[0x02, 0, 0, 0x40, 0x00]);
    assert_eq!(bench.ask(&[0x03, 0, 0, 0x40], 1), [0xff]);
    assert_eq!((bench.chip.counts().lock_bits_set, bench.chip.counts().protected), (1, 1));
}

#[test]
fn the_way_into_qpi_is_a_dead_end() {
    let mut bench = Bench::new("MX25L12835F");
    bench.send(&[0x35]);
    assert_eq!(bench.ask(&[0x9f], 3), [0xff; 3], "QE is set: 35h switched to four bits");
    assert_eq!(bench.misdeeds(), "1 x forbidden command 35h\n");
}

#[test]
fn eon_reads_and_erases_inside_3a_and_a_register_write_there_is_for_ever() {
    let mut bench = Bench::new("EN25QH64");
    bench.send(&[0x3a]);
    bench.write(&[0x02, 0x7f, 0xf0, 0x00, 0x5a]);
    assert_eq!(bench.ask(&[0x03, 0x7f, 0xf0, 0x00], 1), [0x5a]);
    bench.write(&[0x20, 0x7f, 0xf0, 0x00]);
    assert_eq!(bench.ask(&[0x03, 0x7f, 0xf0, 0x00], 1), [0xff]);
    bench.write(&[0x01, 0x00]);
    assert_eq!(bench.status() & 0x80, 0x80);
    bench.write(&[0x02, 0x7f, 0xf0, 0x00, 0x00]);
    assert_eq!(bench.ask(&[0x03, 0x7f, 0xf0, 0x00], 1), [0xff]);
    bench.send(&[0x04]);
    assert_eq!(bench.status() & 0x80, 0, "outside, bit 7 is SRP");
    assert_eq!(bench.chip.counts().lock_bits_set, 1);
}

#[test]
fn micron_tells_failure_in_its_flags_until_they_are_cleared() {
    let mut bench = Bench::new("N25Q128A");
    assert_eq!(bench.ask(&[0x70], 1), [0x80]);
    bench.write(&[0x01, 0x5c]);
    bench.write(&[0x02, 0, 0, 0, 0]);
    assert_eq!(bench.ask(&[0x70], 1), [0x90]);
    bench.write(&[0xd8, 0, 0, 0]);
    assert_eq!(bench.ask(&[0x70], 1), [0xb0]);
    bench.send(&[0x50]);
    assert_eq!(bench.ask(&[0x70], 1), [0x80]);
    bench.write(&[0x42, 0, 0, 0, 0x12]);
    assert_eq!(bench.ask(&[0x4b, 0, 0, 0, 0], 2), [0x12, 0xff]);
    bench.write(&[0x42, 0, 0, 0x40, 0xfe]);
    bench.write(&[0x42, 0, 0, 1, 0x34]);
    assert_eq!(bench.ask(&[0x4b, 0, 0, 0, 0], 2), [0x12, 0xff], "the control byte locks");
    bench.clean();
}

#[test]
fn spansion_stays_busy_after_a_failure_until_30h() {
    let mut bench = Bench::new("S25FL128S");
    bench.write(&[0x01, 0x1c, 0x02]);
    bench.write(&[0xd8, 0, 0, 0]);
    assert_eq!(bench.status() & 0x61, 0x21);
    bench.send(&[0x30]);
    assert_eq!(bench.status() & 0x61, 0);
    let otp = bench.ask(&[0x4b, 0, 0, 0, 0], 20);
    assert!(otp[..16].iter().any(|b| *b != 0xff) && otp[16..] == [0xff; 4], "sixteen bytes from the factory");
    bench.write(&[0x42, 0, 0, 0x20, 0x55]);
    bench.write(&[0x42, 0, 0, 0x10, 0xfd]);
    bench.write(&[0x42, 0, 0, 0x21, 0x66]);
    assert_eq!(bench.ask(&[0x4b, 0, 0, 0x20, 0], 2), [0x55, 0xff], "region 1 is frozen");
    bench.clean();
}

#[test]
fn issi_writes_lock_bits_by_42_and_reads_rows_by_68() {
    let mut bench = Bench::new("IS25LP064");
    bench.write(&[0x62, 0, 0x10, 0, 0xab]);
    assert_eq!(bench.ask(&[0x68, 0, 0x10, 0, 0], 2), [0xab, 0xff]);
    bench.write(&[0x42, 0x20]);
    assert_eq!(bench.ask(&[0x48], 1), [0x20]);
    bench.write(&[0x64, 0, 0x10, 0]);
    assert_eq!(bench.ask(&[0x68, 0, 0x10, 0, 0], 1), [0xab]);
    assert_eq!(bench.chip.counts().lock_bits_set, 1);
}

#[test]
fn sst26_is_locked_at_power_up_and_erases_small_blocks_at_its_ends() {
    let mut bench = Bench::new("SST26VF032B");
    bench.write(&[0x20, 0, 0, 0]);
    assert_eq!(bench.chip.counts().protected, 1);
    assert_eq!(bench.ask(&[0x72], 10), [&[0x55; 2][..], &[0xff; 8]].concat());
    bench.write(&[0x98]);
    assert_eq!(bench.ask(&[0x72], 10), [0x00; 10]);
    for at in [0x1f, 0x20, 0x80, 0xff] {
        bench.write(&[0x02, 0, at, 0, 0]);
    }
    bench.write(&[0xd8, 0, 0, 0]);
    let left: Vec<u8> = [0x1f, 0x20, 0x80, 0xff].map(|at| bench.ask(&[0x03, 0, at, 0], 1)[0]).to_vec();
    assert_eq!(left, [0xff, 0, 0, 0], "D8h at 0 erases 8 KiB");
    let id = bench.ask(&[0x88, 0, 0, 0], 8);
    bench.write(&[0xa5, 0, 4, 0, 0, 0, 0, 0x77]);
    assert_eq!(bench.ask(&[0x88, 0, 0, 0], 9), [&id[..], &[0x77]].concat(), "the factory's bytes stay");
    bench.write(&[0x85]);
    bench.write(&[0xa5, 0, 9, 0x00]);
    assert_eq!(bench.ask(&[0x88, 0, 9, 0], 1), [0xff]);
    bench.power_cycle();
    assert_eq!(bench.ask(&[0x72], 1), [0x55]);
}

#[test]
fn adesto_locks_sectors_one_by_one_or_all_by_a_register_write() {
    let mut bench = Bench::new("AT25DF321A");
    bench.write(&[0x20, 1, 0, 0]);
    assert_eq!(bench.chip.counts().protected, 1);
    assert_eq!(bench.ask(&[0x3c, 1, 0, 0], 1), [0xff]);
    assert_eq!(bench.status() & 0x0c, 0x0c, "all");
    bench.write(&[0x39, 1, 0, 0]);
    assert_eq!(bench.status() & 0x0c, 0x04, "some");
    assert_eq!((bench.ask(&[0x3c, 1, 0, 0], 1), bench.ask(&[0x3c, 2, 0, 0], 1)), (vec![0x00], vec![0xff]));
    bench.write(&[0x01, 0x00]);
    assert_eq!(bench.ask(&[0x3c, 2, 0, 0], 1), [0x00]);
    assert_eq!(bench.status() & 0x0c, 0x00, "none");
    bench.write(&[0x01, 0x3c]);
    assert_eq!(bench.ask(&[0x3c, 2, 0, 0], 1), [0xff]);
    bench.write(&[0x9b, 0, 0, 3, 0x12]);
    bench.write(&[0x9b, 0, 0, 3, 0x00]);
    assert_eq!(bench.ask(&[0x77, 0, 0, 3, 0, 0], 1), [0x12], "a byte takes one program");
    bench.clean();
}

#[test]
fn four_byte_mode_by_every_way_in() {
    // By B7h; shown in the third register; the extended address counts with three bytes only.
    let mut bench = Bench::new("W25Q256JV");
    bench.chip.contents_mut()[0x123_4567] = 0x42;
    assert_eq!(bench.ask(&[0x13, 1, 0x23, 0x45, 0x67], 1), [0x42]);
    bench.send(&[0xb7]);
    assert_eq!(bench.ask(&[0x15], 1)[0] & 1, 1);
    assert_eq!(bench.ask(&[0x03, 1, 0x23, 0x45, 0x67], 1), [0x42]);
    bench.send(&[0xe9]);
    bench.write(&[0xc5, 1]);
    assert_eq!(bench.ask(&[0x03, 0x23, 0x45, 0x67], 1), [0x42]);
    bench.clean();
    // Behind write enable.
    let mut bench = Bench::new("MT25QL256");
    bench.send(&[0xb7]);
    assert_eq!(bench.ask(&[0x70], 1)[0] & 1, 0);
    assert_eq!(bench.misdeeds(), "1 x command b7h without write enable\n");
    bench.send(&[0x06]);
    bench.send(&[0xb7]);
    assert_eq!(bench.ask(&[0x70], 1)[0] & 1, 1);
    // By the bank register.
    let mut bench = Bench::new("S25FL256S");
    bench.chip.contents_mut()[0x100_0000] = 0x42;
    bench.send(&[0x17, 0x80]);
    assert_eq!(bench.ask(&[0x03, 1, 0, 0, 0], 1), [0x42]);
    bench.send(&[0x17, 0x00]);
    assert_eq!(bench.ask(&[0x03, 0, 0, 0], 1), [0xff]);
    // ADP: after every power-up.
    let mut bench = Bench::new("W25Q256JV");
    bench.write(&[0x11, 0x62]);
    bench.power_cycle();
    assert_eq!(bench.ask(&[0x15], 1)[0] & 3, 3);
    // The FV leaves its extended address at 1.
    let mut bench = Bench::new("W25Q256FV");
    bench.send(&[0xb7]);
    bench.send(&[0xe9]);
    assert_eq!(bench.ask(&[0xc8], 1), [1]);
}

#[test]
fn each_die_has_its_own_half_and_a_read_wraps_inside_it() {
    let mut bench = Bench::new("W25M512JV");
    bench.chip.contents_mut()[0x1ff_ffff] = 0x01;
    bench.chip.contents_mut()[0x200_0000] = 0x02;
    bench.chip.contents_mut()[0] = 0x03;
    assert_eq!(bench.ask(&[0x13, 1, 0xff, 0xff, 0xff], 2), [0x01, 0x03]);
    bench.write(&[0x01, 0x04]);
    bench.send(&[0xc2, 1]);
    assert_eq!(bench.ask(&[0x13, 0, 0, 0, 0], 1), [0x02]);
    assert_eq!(bench.ask(&[0x05], 1), [0], "each has status registers of its own");
    bench.send(&[0xc2, 0]);
    assert_eq!(bench.ask(&[0x05], 1), [0x04]);
    bench.power_cycle();
    assert_eq!(bench.ask(&[0x05], 1), [0x04]);
}

#[test]
fn a_register_larger_than_a_page_is_programmed_page_by_page() {
    let mut bench = Bench::new("GD25Q64C");
    bench.write(&[0x42, 0, 0x21, 0x00, 0xaa]);
    assert_eq!(bench.ask(&[0x48, 0, 0x21, 0x00, 0], 1), [0xaa]);
    assert_eq!(bench.ask(&[0x48, 0, 0x20, 0x00, 0], 1), [0xff]);
    assert_eq!(bench.ask(&[0x48, 0, 0x25, 0x00, 0], 1), [0xaa], "repeats every 1024 bytes");
    bench.clean();
}

#[test]
fn block_locks_of_a_boot_loader_hold_until_98h() {
    let mut bench = Bench::new("PY25Q128HA");
    bench.chip.set_register(2, 0x84);
    bench.write(&[0x20, 0, 0, 0]);
    assert_eq!(bench.chip.counts().protected, 1);
    bench.write(&[0x98]);
    bench.write(&[0x20, 0, 0, 0]);
    assert_eq!(bench.chip.counts().erases[&0x1000], 1);
}
