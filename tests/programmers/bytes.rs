//! The right bytes on the wires and back: by our own batches, and by crates that drive a chip over the faces.

use super::opened::{CHIP, clips};
use crate::bench::noise;
use norsplice::spi::hal::Device;
use norsplice::spi::{Programmer, Transaction};
use std::time::Duration;

#[test]
fn a_batch_of_many_transactions_comes_back_in_order() {
    for (clip, mut programmer) in clips(Some(&noise(CHIP, 1))) {
        let wanted = noise(CHIP, 1);
        let mut answers: Vec<Vec<u8>> = (0..40).map(|n| vec![0; n * 3]).collect();
        let headers: Vec<[u8; 4]> = (0..40).map(|n| [0x03, 0x10, n, n]).collect();
        let mut batch: Vec<_> =
            headers.iter().zip(&mut answers).map(|(h, a)| Transaction::read(h, a)).collect();
        programmer.run(&mut batch).unwrap();
        for (n, answer) in answers.iter().enumerate() {
            let at = 0x10_0000 + n * 0x101;
            assert_eq!(*answer, wanted[at..at + n * 3], "{} {n}", clip.name);
        }
        assert_eq!(clip.emulator.counts().waits, 1);
        clip.clean();
    }
}

#[test]
fn writing_transfer_and_pause_reach_the_chip() {
    for (clip, mut programmer) in clips(None) {
        let page: Vec<u8> = (0..=255).collect();
        let (mut status, mut after, mut both) = ([0], [0; 256], [0x05, 0]);
        let mut batch = [
            Transaction::write(&[0x06]),
            Transaction { ops: vec![norsplice::spi::Op::Transfer(&mut both)], pause: Duration::ZERO },
            Transaction::write2(&[0x02, 0x12, 0x34, 0x00], &page).then_pause(Duration::from_micros(710)),
            Transaction::read(&[0x05], &mut status),
            Transaction::read(&[0x03, 0x12, 0x34, 0x00], &mut after),
        ];
        programmer.run(&mut batch).unwrap();
        assert_eq!((both[1], status[0]), (0x02, 0x00), "{}: WEL before, nothing after", clip.name);
        assert_eq!(after[..], page[..]);
        clip.clean();
    }
}

#[test]
fn the_baseline_never_selects_the_chip() {
    for (clip, mut programmer) in clips(None) {
        let seen = programmer.baseline(64).unwrap();
        assert_eq!(seen, [0xFF; 64], "{}: the data line floats high here", clip.name);
        assert_eq!(clip.emulator.counts().selects, 0, "{}", clip.name);
        clip.clean();
    }
}

struct Tied;
impl embedded_hal::digital::ErrorType for Tied {
    type Error = std::convert::Infallible;
}
impl embedded_hal::digital::OutputPin for Tied {
    fn set_low(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
    fn set_high(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

#[test]
fn w25q32jv_works_on_a_clip() {
    for (clip, mut programmer) in clips(Some(&noise(CHIP, 1))) {
        let mut flash = w25q32jv::W25q32jv::new(Device(&mut programmer), Tied, Tied).unwrap();
        flash.erase_sector(3).unwrap();
        let data = noise(700, 1);
        flash.write_blocking(0x30F0, &data).unwrap();
        let mut back = vec![0; 700];
        flash.read(0x30F0, &mut back).unwrap();
        assert!(back == data, "{}", clip.name);
        assert!(clip.emulator.contents()[0x30F0..0x30F0 + 700] == data, "{}", clip.name);
        clip.clean();
    }
}
