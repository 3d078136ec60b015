//! Each kind of programmer that the emulator has, opened with nothing counted yet, and its simplest questions.

use crate::bench::{Clip, Opened, SIZE};
use norsplice::emulator::ProgrammerKind;
use norsplice::spi::{Programmer, SpiError, Transaction};

pub(super) const CHIP: usize = SIZE as usize;

/// Each kind of programmer that the emulator has.
pub(super) const KINDS: [ProgrammerKind; 6] = [
    ProgrammerKind::Ch341a,
    ProgrammerKind::Ft2232h,
    ProgrammerKind::Ft232h,
    ProgrammerKind::Ft4232h,
    ProgrammerKind::Ch347t,
    ProgrammerKind::Ch347f,
];

/// Opened, with nothing counted yet.
pub(super) fn opened(clip: Clip) -> (Clip, Opened) {
    let programmer = clip.open();
    clip.emulator.reset_counts();
    (clip, programmer)
}

/// Every kind, opened.
pub(super) fn clips(contents: Option<&[u8]>) -> impl Iterator<Item = (Clip, Opened)> {
    KINDS.into_iter().map(move |kind| opened(Clip::new(kind, "W25Q64FV", contents.map(<[u8]>::to_vec))))
}

pub(super) fn ask(programmer: &mut Opened, command: &[u8], len: usize) -> Result<Vec<u8>, SpiError> {
    let mut answer = vec![0; len];
    programmer.run(&mut [Transaction::read(command, &mut answer)])?;
    Ok(answer)
}

pub(super) fn id(programmer: &mut Opened) -> Result<Vec<u8>, SpiError> {
    ask(programmer, &[0x9F], 3)
}

/// The whole chip in batches of the programmer's choice.
pub(super) fn read_all(programmer: &mut Opened) -> Vec<u8> {
    let mut data = vec![0; CHIP];
    let limits = programmer.limits();
    let batch = limits.read_batch.min(limits.max_transaction - 4);
    for (i, part) in data.chunks_mut(batch).enumerate() {
        let at = ((i * batch) as u32).to_be_bytes();
        programmer.run(&mut [Transaction::read(&[0x03, at[1], at[2], at[3]], part)]).unwrap();
    }
    data
}
