//! Two dies behind one set of pins: each has registers, locks and a wrap of its own, and none is forgotten.

use super::direct::Direct;
use super::session::{connect, noise, write};
use norsplice::emulator::chip::find;
use norsplice::span::{Span, Spans};
use norsplice::spi::{Programmer, Transaction};

const DIE: usize = 32 << 20;

fn used() -> (Direct, Vec<u8>) {
    let programmer = Direct::new(find("W25M512JV").unwrap(), 21);
    let held = noise(2 * DIE, 21);
    programmer.chip.borrow_mut().contents_mut().copy_from_slice(&held);
    (programmer, held)
}

fn send(programmer: &Direct, bytes: &[u8]) {
    programmer.clone().run(&mut [Transaction::write(bytes)]).unwrap();
}

fn ask(programmer: &Direct, opcode: u8) -> u8 {
    let mut answer = [0];
    programmer.clone().run(&mut [Transaction::read(&[opcode], &mut answer)]).unwrap();
    answer[0]
}

#[test]
fn the_whole_is_read_without_wrapping_whatever_die_the_board_left_selected() {
    let (programmer, held) = used();
    let first = programmer.chip.borrow().unique_id().to_vec();
    send(&programmer, &[0xC2, 1]);
    let mut chip = connect(&programmer).unwrap();
    assert_eq!(chip.identity().unique_id.as_deref(), Some(&first[..]), "of the first die");
    assert!(chip.read_to_vec(Span::new(0, 2 * DIE as u64)).unwrap() == held);
    chip.release().unwrap();
    assert_eq!(programmer.windows.borrow().iter().rfind(|w| w[0] == 0xC2).unwrap(), &[0xC2, 0]);
    assert_eq!(programmer.misdeeds(), "");
}

#[test]
fn protection_of_either_die_is_seen_lifted_and_put_back() {
    for protected in [0u8, 1] {
        let (programmer, held) = used();
        // TB and BP=1: the first 64 KiB of that die; QE of the factory.
        send(&programmer, &[0xC2, protected]);
        programmer.chip.borrow_mut().set_register(0, 0x44);
        let mut chip = connect(&programmer).unwrap();
        let start = u64::from(protected) * DIE as u64;
        assert_eq!(chip.status().unwrap().protected, Spans::from(Span::new(start, start + 0x1_0000)));
        for span in
            [Span::new(start + 0x1234, start + 0x4321), Span::new(DIE as u64 - 0x1234, DIE as u64 + 0x1234)]
        {
            let backup = programmer.chip.borrow().contents().to_vec();
            let image = noise(span.len() as usize, start + 5);
            write(&mut chip, &backup, span, &image)
                .unwrap_or_else(|e| panic!("die {protected}: {span}: {e}"));
            let mut expected = backup;
            expected[span.range()].copy_from_slice(&image);
            assert!(programmer.chip.borrow().contents() == expected, "die {protected}: {span}");
        }
        assert_eq!(chip.status().unwrap().protected, Spans::from(Span::new(start, start + 0x1_0000)));
        chip.release().unwrap();
        for die in [0u8, 1] {
            send(&programmer, &[0xC2, die]);
            let wanted = if die == protected { 0x44 } else { 0 };
            assert_eq!((ask(&programmer, 0x05), ask(&programmer, 0x35)), (wanted, 0x02), "die {die}");
        }
        assert_eq!(programmer.chip.borrow().counts().nonvolatile_writes, 0);
        assert_eq!(programmer.misdeeds(), "");
        assert_ne!(programmer.chip.borrow().contents(), held);
    }
}

#[test]
fn protection_is_set_and_cleared_on_both() {
    let (programmer, _) = used();
    let mut chip = connect(&programmer).unwrap();
    let (whole, die) = (Span::new(0, 2 * DIE as u64), Span::new(DIE as u64, 2 * DIE as u64));
    for wanted in
        [Spans::from(whole), Spans::from(die), Spans::from(Span::new(DIE as u64, DIE as u64 + 0x2_0000))]
    {
        let status = chip.set_protection(&wanted, true).unwrap();
        assert_eq!(status.protected, wanted);
    }
    assert_eq!(chip.set_protection(&Spans::new(), false).unwrap().protected, Spans::new());
    chip.set_quad_enable(false).unwrap();
    for die in [1u8, 0] {
        send(&programmer, &[0xC2, die]);
        assert_eq!(ask(&programmer, 0x35), 0, "quad enable of die {die}");
    }
    assert_eq!(programmer.misdeeds(), "");
}

#[test]
fn a_mode_that_the_board_left_on_one_die_is_left_and_entered_again() {
    let (programmer, held) = used();
    send(&programmer, &[0xC2, 1]);
    send(&programmer, &[0xB7]);
    let mut chip = connect(&programmer).unwrap();
    let span = Span::new(DIE as u64 + 5, DIE as u64 + 99);
    assert!(chip.read_to_vec(span).unwrap() == held[span.range()]);
    chip.release().unwrap();
    assert_eq!(ask(&programmer, 0x15) & 1, 0, "the first die");
    send(&programmer, &[0xC2, 1]);
    assert_eq!(ask(&programmer, 0x15) & 1, 1, "the second, as it was found");
}
