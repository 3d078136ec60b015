//! Reads, programs, erases: addresses, wraps, the latch, BUSY, suspension.

use super::Bench;
use std::time::Duration;

#[test]
fn ids_of_the_family() {
    for part in ["W25Q64BV", "W25Q64CV", "W25Q64FV", "W25Q64JV"] {
        let mut bench = Bench::new(part);
        assert_eq!(bench.ask(&[0x9f], 5), [0xef, 0x40, 0x17, 0, 0], "{part}");
        assert_eq!(bench.ask(&[0x90, 0, 0, 0], 4), [0xef, 0x16, 0xef, 0x16]);
        assert_eq!(bench.ask(&[0x90, 0, 0, 1], 2), [0x16, 0xef]);
        assert_eq!(bench.ask(&[0xab, 0, 0, 0], 2), [0x16, 0x16]);
        let unique = bench.ask(&[0x4b, 0, 0, 0, 0], 8);
        assert_eq!(unique, bench.chip.unique_id());
        bench.clean();
    }
}

#[test]
fn sfdp_tells_the_family_apart() {
    let mut answers = Vec::new();
    for part in ["W25Q64BV", "W25Q64CV", "W25Q64FV", "W25Q64JV"] {
        let mut bench = Bench::new(part);
        answers.push(bench.ask(&[0x5a, 0, 0, 0, 0xff], 256));
        let third = bench.ask(&[0x15], 1)[0];
        assert_eq!(third, if part == "W25Q64JV" { 0x60 } else { 0xff }, "{part}");
    }
    assert_eq!(answers[0], [0xff; 256], "BV has none");
    assert_eq!(answers[1][..4], *b"SFDP");
    // Dword 5 of the table at 80h, bit 4: 4-4-4.
    assert_eq!((answers[1][0x90] & 0x10, answers[2][0x90] & 0x10), (0, 0x10));
    assert_eq!((answers[2][4], answers[3][4]), (0, 5), "minor revision");
    assert_eq!(answers[3][0x80..0x84], [0xe5, 0x20, 0xf9, 0xff]);
    // Density: 64 Mbit.
    assert_eq!(answers[2][0x84..0x88], [0xff, 0xff, 0xff, 0x03]);
    // SFDP wraps in its space.
    let mut bench = Bench::new("W25Q64FV");
    assert_eq!(bench.ask(&[0x5a, 0, 0, 0xfe, 0], 4), [0xff, 0xff, b'S', b'F']);
}

#[test]
fn reads_run_on_and_wrap_at_the_end_of_the_array() {
    let mut bench = Bench::new("W25Q64FV");
    bench.chip.contents_mut()[0x7f_ffff] = 0x11;
    bench.chip.contents_mut()[0] = 0x22;
    assert_eq!(bench.ask(&[0x03, 0x7f, 0xff, 0xff], 3), [0x11, 0x22, 0xff]);
    assert_eq!(
        bench.ask(&[0x0b, 0xff, 0xff, 0xff, 0], 2),
        [0x11, 0x22],
        "the top address bit is not looked at"
    );
    assert_eq!(bench.chip.counts().array_bytes_read(), 5);
    bench.clean();
}

#[test]
fn programs_wrap_in_their_page_and_only_clear_bits() {
    let mut bench = Bench::new("W25Q64FV");
    bench.write(&[0x02, 0, 1, 0xfe, 0x0f, 0xf0]);
    bench.write(&[0x02, 0, 1, 0xfe, 0xf1]);
    assert_eq!(bench.ask(&[0x03, 0, 1, 0xfd], 4), [0xff, 0x01, 0xf0, 0xff]);
    bench.clean();
    bench.write(&[0x02, 0, 1, 0xff, 0xa0, 0xb0]);
    assert_eq!(bench.chip.contents()[0x100], 0xb0, "wrapped to the start of the page");
    assert_eq!(bench.chip.contents()[0x200], 0xff);
    // 257 bytes: the last one overwrites the first.
    let long: Vec<u8> = [0x02, 0, 2, 0].into_iter().chain((0..257).map(|i| i as u8 | 0x80)).collect();
    let mut wanted: Vec<u8> = long[4..260].to_vec();
    wanted[0] = long[260];
    bench.write(&long);
    assert_eq!(bench.chip.contents()[0x200..0x300], wanted[..]);
    assert_eq!(bench.misdeeds(), "2 x page program past the end of its page\n");
}

#[test]
fn without_the_latch_nothing_is_written() {
    let mut bench = Bench::new("W25Q64FV");
    for command in
        [&[0x02, 0, 0, 0, 0x00][..], &[0x20, 0, 0, 0], &[0xc7], &[0x01, 0x1c], &[0x42, 0, 0x10, 0, 0]]
    {
        bench.send(command);
        assert_eq!(bench.status(), 0x00, "{command:02x?}");
    }
    assert_eq!(bench.chip.counts().misdeed_count(), 5);
    assert_eq!(bench.chip.counts().operations, 0);
}

#[test]
fn the_latch_is_consumed_by_what_it_allows() {
    let mut bench = Bench::new("W25Q64FV");
    bench.send(&[0x06]);
    assert_eq!(bench.status(), 0x02);
    bench.send(&[0x04]);
    assert_eq!(bench.status(), 0x00);
    bench.send(&[0x06]);
    bench.send(&[0x20, 0, 0, 0]);
    assert_eq!(bench.status(), 0x03);
    bench.wait(Duration::from_millis(45));
    assert_eq!(bench.status(), 0x00);
    bench.clean();
}

#[test]
fn erases_take_their_aligned_range_and_time() {
    for (opcode, size, ms) in [(0x20, 0x1000, 45), (0x52, 0x8000, 120), (0xd8, 0x1_0000, 150)] {
        let mut bench = Bench::new("W25Q64FV");
        bench.chip.contents_mut().fill(0);
        bench.send(&[0x06]);
        bench.send(&[opcode, 0x12, 0x34, 0x56]);
        bench.wait(Duration::from_millis(ms - 1));
        assert_eq!(bench.status(), 0x03);
        bench.wait(Duration::from_millis(1));
        assert_eq!(bench.status(), 0x00);
        let start = 0x12_3456 / size * size;
        let erased: Vec<usize> = (0..0x80_0000).filter(|at| bench.chip.contents()[*at] == 0xff).collect();
        assert_eq!((erased.len(), erased[0]), (size, start), "{opcode:02x}");
        bench.clean();
    }
    let mut bench = Bench::new("W25Q64FV");
    bench.chip.contents_mut().fill(0);
    bench.send(&[0x06]);
    bench.send(&[0xc7]);
    bench.wait(Duration::from_millis(19_999));
    assert_eq!(bench.status(), 0x03);
    bench.wait(Duration::from_millis(1));
    assert_eq!(bench.status(), 0x00);
    assert!(bench.chip.contents().iter().all(|b| *b == 0xff));
}

#[test]
fn a_run_of_status_bytes_shows_the_end_of_busy() {
    let mut bench = Bench::new("W25Q64FV");
    bench.send(&[0x06]);
    bench.send(&[0x02, 0, 0, 0, 0]);
    // One byte: 20 us. Status bytes of 0.8 us, the first of them 1.8 us after the program.
    let run = bench.ask(&[0x05], 40);
    let busy = run.iter().take_while(|b| **b == 0x03).count();
    assert_eq!((busy, run[busy]), (23, 0x00));
    assert!(run[busy..].iter().all(|b| *b == 0x00));
    assert_eq!((bench.chip.counts().status_polls, bench.chip.counts().status_bytes), (1, 40));
}

#[test]
fn busy_ignores_everything_but_status() {
    let mut bench = Bench::new("W25Q64FV");
    bench.send(&[0x06]);
    bench.send(&[0xd8, 0, 0, 0]);
    assert_eq!(bench.ask(&[0x9f], 3), [0xff; 3]);
    assert_eq!(bench.ask(&[0x03, 0, 0, 0], 2), [0xff; 2]);
    bench.send(&[0x04]);
    assert_eq!(bench.ask(&[0x05], 1), [0x03], "04h was ignored");
    assert_eq!(bench.ask(&[0x35], 1), [0x00]);
    assert_eq!(
        bench.misdeeds(),
        "1 x command 03h while the chip was busy\n1 x command 04h while the chip was busy\n",
        "9Fh distinguishes a busy chip from a stuck line: no misdeed"
    );
}

#[test]
fn a_command_that_does_not_end_where_it_must_is_ignored() {
    let mut bench = Bench::new("W25Q64FV");
    bench.send(&[0x06, 0x00]);
    assert_eq!(bench.status(), 0x00);
    bench.send(&[0x06]);
    bench.send(&[0x20, 0, 0]);
    bench.send(&[0x20, 0, 0, 0, 0]);
    bench.send(&[0x02, 0, 0, 0]);
    assert_eq!(bench.status(), 0x02, "still enabled, nothing begun");
    bench.chip.select(bench.now);
    let mut back = [0; 5];
    bench.chip.clock(bench.now, 10_000_000, &[0x02, 0, 0, 0, 0x55], &mut back);
    bench.chip.bits(bench.now, 10_000_000, 0, 3);
    bench.chip.deselect(bench.now);
    assert_eq!(bench.status(), 0x02);
    assert_eq!(bench.chip.counts().operations, 0);
    assert_eq!(bench.chip.counts().misdeed_count(), 5);
}

#[test]
fn power_down_listens_to_abh_only() {
    let mut bench = Bench::new("W25Q64FV");
    bench.send(&[0xb9]);
    bench.wait(Duration::from_micros(5));
    assert_eq!(bench.ask(&[0x05], 1), [0xff]);
    assert_eq!(bench.ask(&[0x9f], 3), [0xff; 3]);
    bench.send(&[0xab]);
    bench.wait(Duration::from_micros(5));
    assert_eq!(bench.ask(&[0x9f], 3), [0xef, 0x40, 0x17]);
    bench.clean();
    bench.send(&[0xb9]);
    bench.wait(Duration::from_micros(5));
    bench.send(&[0xab]);
    bench.chip.select(bench.now);
    let mut back = [0; 4];
    bench.chip.clock(bench.now, 100_000_000, &[0x9f, 0, 0, 0], &mut back);
    bench.chip.deselect(bench.now);
    assert_eq!(back[1..], [0xff; 3]);
    assert_eq!(bench.misdeeds(), "1 x command 9fh before the chip was ready\n");
}

#[test]
fn a_suspended_erase_lets_read_and_program_elsewhere() {
    let mut bench = Bench::new("W25Q64FV");
    bench.chip.contents_mut().fill(0x00);
    bench.chip.contents_mut()[0x8_0000..0x8_0100].fill(0xff);
    bench.send(&[0x06]);
    bench.send(&[0xd8, 0, 0, 0]);
    bench.wait(Duration::from_millis(50));
    bench.send(&[0x75]);
    bench.wait(Duration::from_micros(20));
    assert_eq!(bench.ask(&[0x05], 1)[0] & 1, 0);
    assert_eq!(bench.ask(&[0x35], 1), [0x80]);
    assert_eq!(bench.ask(&[0x03, 0x08, 0, 0], 1), [0xff]);
    bench.write(&[0x02, 0x08, 0, 0, 0x77]);
    assert_eq!(bench.chip.contents()[0x8_0000], 0x77);
    bench.clean();
    bench.send(&[0x06]);
    bench.send(&[0x02, 0x00, 0x10, 0, 0x77]);
    assert_eq!(bench.misdeeds(), "1 x command 02h not allowed while an operation is suspended\n");
    bench.send(&[0x04]);
    bench.send(&[0x7a]);
    bench.wait(Duration::from_millis(99));
    assert_eq!(bench.status(), 0x01);
    assert_eq!(bench.chip.contents()[0], 0x00);
    bench.wait(Duration::from_millis(2));
    assert_eq!(bench.status(), 0x00);
    assert_eq!(bench.ask(&[0x35], 1), [0x00]);
    assert_eq!(bench.chip.contents()[..0x1_0000], vec![0xff; 0x1_0000][..]);
}

#[test]
fn continuous_read_left_by_the_board_is_cured_by_ff() {
    let mut bench = Bench::new("W25Q64FV");
    bench.chip.set_continuous_read();
    assert_eq!(bench.ask(&[0x9f], 3), [0xff; 3]);
    bench.send(&[0xff]);
    assert_eq!(bench.ask(&[0x9f], 3), [0xef, 0x40, 0x17]);
    bench.chip.set_continuous_dual_read();
    bench.send(&[0xff]);
    bench.send(&[0xff]);
    assert_eq!(bench.ask(&[0x9f], 3), [0xff; 3], "16 clocks, and all in one window");
    bench.send(&[0xff, 0xff]);
    assert_eq!(bench.ask(&[0x9f], 3), [0xef, 0x40, 0x17]);
}

#[test]
fn qpi_is_a_dead_bus_until_power_is_cut() {
    let mut bench = Bench::new("W25Q64FV");
    bench.send(&[0x38]);
    assert_eq!(bench.ask(&[0x9f], 3), [0xef, 0x40, 0x17], "without QE it is refused");
    bench.chip.set_register(1, 0x02);
    bench.send(&[0x38]);
    assert_eq!(bench.ask(&[0x9f], 3), [0xff; 3]);
    bench.send(&[0xff]);
    bench.send(&[0x66]);
    bench.send(&[0x99]);
    assert_eq!(bench.ask(&[0x9f], 3), [0xff; 3]);
    assert_eq!(bench.misdeeds(), "2 x forbidden command 38h\n");
    bench.power_cycle();
    assert_eq!(bench.ask(&[0x9f], 3), [0xef, 0x40, 0x17]);
    let mut later = Bench::new("W25Q64JV");
    later.chip.set_register(1, 0x02);
    later.send(&[0x38]);
    assert_eq!(later.ask(&[0x9f], 3), [0xef, 0x40, 0x17], "JV-IQ has no QPI");
}
