//! embedded-hal over any [`Programmer`]: drivers written for a microcontroller run on a clip.
//!
//! [`Device`] is an embedded-hal 1.0 `SpiDevice`: one transaction is one chip-select window, one burst. [`split`] gives
//! the pair that embedded-hal 0.2 drivers take, a [`Bus`] (`Transfer`, `Write`) and a [`Select`] (`OutputPin`).
//!
//! The 0.2 pair defers: a programmer runs whole chip-select windows, but `transfer` must answer before the window is
//! over. Two things make a command one burst nevertheless. `Write` needs no answer and is held back. And while a flash
//! chip takes in opcode, address and dummy bytes its output floats, so a `transfer` of those is held back too and
//! answered with FF; [`listens`] knows how many bytes that are. The transfer that brings the first byte of the chip's
//! answer runs the window, or chip select going high does. A window that continues after that is refused: chip select
//! cannot stay low between two bursts.

use super::transaction::{Op, Programmer, SpiError, Transaction};
use embedded_hal::spi as eh1;
use embedded_hal_02 as eh0;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

impl eh1::Error for SpiError {
    fn kind(&self) -> eh1::ErrorKind {
        eh1::ErrorKind::Other
    }
}

/// An embedded-hal 1.0 `SpiDevice` on a programmer.
#[derive(Debug)]
pub struct Device<P>(
    /// The programmer.
    pub P,
);

impl<P: Programmer> eh1::ErrorType for Device<P> {
    type Error = SpiError;
}

impl<P: Programmer> eh1::SpiDevice for Device<P> {
    /// A delay before the first byte is waited before the chip is selected. One with the chip selected is refused: a
    /// programmer runs a window without a gap.
    fn transaction(&mut self, operations: &mut [eh1::Operation<'_, u8>]) -> Result<(), SpiError> {
        let mut ops = Vec::with_capacity(operations.len());
        for operation in operations {
            match operation {
                eh1::Operation::Write(bytes) => ops.push(Op::Write(bytes)),
                eh1::Operation::Read(into) => ops.push(Op::Read(into)),
                eh1::Operation::TransferInPlace(both) => ops.push(Op::Transfer(both)),
                eh1::Operation::Transfer(read, write) => {
                    let both = read.len().min(write.len());
                    let (first, more) = read.split_at_mut(both);
                    first.copy_from_slice(&write[..both]);
                    ops.extend([Op::Transfer(first), Op::Read(more), Op::Write(&write[both..])]);
                }
                eh1::Operation::DelayNs(0) => {}
                eh1::Operation::DelayNs(ns) if ops.iter().all(Op::is_empty) => {
                    self.0.sleep(Duration::from_nanos(u64::from(*ns)));
                }
                eh1::Operation::DelayNs(_) => {
                    return Err(SpiError::Unsupported(
                        "a USB programmer cannot pause in the middle of an SPI transaction".into(),
                    ));
                }
            }
        }
        self.0.run(&mut [Transaction { ops, pause: Duration::ZERO }])
    }
}

/// How many bytes from the start of a window a 25-series chip only listens to: opcode, address, dummies. `usize::MAX`
/// for commands that are never answered; `None` for opcodes not known here.
///
/// Winbond W25Q64FV revision M section 7.2.1; the opcodes are common to the 25 series.
pub fn listens(opcode: u8) -> Option<usize> {
    LISTENS.iter().find(|(opcodes, _)| opcodes.contains(&opcode)).map(|(_, bytes)| *bytes)
}

const LISTENS: [(&[u8], usize); 5] = [
    // Read id and status: at once.
    (&[0x9F, 0x05, 0x35, 0x15], 1),
    // Read, manufacturer/device id, release from power-down with device id: address or three dummies.
    (&[0x03, 0x90, 0xAB], 4),
    // Fast read, SFDP, security register, unique id: address and a dummy.
    (&[0x0B, 0x5A, 0x48, 0x4B], 5),
    // Enable and disable, write status, program.
    (&[0x06, 0x04, 0x50, 0x01, 0x31, 0x11, 0x02, 0x42], usize::MAX),
    // Erase, reset, power-down.
    (&[0x20, 0x52, 0xD8, 0xC7, 0x60, 0x44, 0x66, 0x99, 0xB9], usize::MAX),
];

/// The chip-select window that a [`Bus`] and a [`Select`] share.
#[derive(Debug)]
struct Window<P> {
    programmer: P,
    state: State,
    /// Bytes of the window not yet clocked.
    held: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Deselected,
    Selected,
    /// The window has been run, up to its end.
    Run,
}

/// The bus of an embedded-hal 0.2 pair: `Transfer<u8>` and `Write<u8>`.
#[derive(Debug)]
pub struct Bus<P>(Rc<RefCell<Window<P>>>);

/// The chip select of an embedded-hal 0.2 pair: `OutputPin`.
#[derive(Debug)]
pub struct Select<P>(Rc<RefCell<Window<P>>>);

/// A programmer as the pair that embedded-hal 0.2 drivers take. Give `&mut programmer` to have it back afterwards.
pub fn split<P: Programmer>(programmer: P) -> (Bus<P>, Select<P>) {
    let window = Window { programmer, state: State::Deselected, held: Vec::new() };
    let window = Rc::new(RefCell::new(window));
    (Bus(Rc::clone(&window)), Select(window))
}

impl<P: Programmer> Window<P> {
    /// Refuses bytes that cannot belong to this window any more.
    fn open(&self) -> Result<(), SpiError> {
        match self.state {
            State::Selected => Ok(()),
            State::Deselected => Err(SpiError::Unsupported(
                "an SPI transfer with chip select high: select the chip first".into(),
            )),
            State::Run => Err(SpiError::Unsupported(
                "a chip-select window that continues after its answer: transfer the answer as a whole".into(),
            )),
        }
    }

    fn transfer(&mut self, words: &mut [u8]) -> Result<(), SpiError> {
        self.open()?;
        let Some(opcode) = self.held.first().or(words.first()).copied() else { return Ok(()) };
        let listens = listens(opcode);
        let header = listens.unwrap_or(0).saturating_sub(self.held.len()).min(words.len());
        let (header, answer) = words.split_at_mut(header);
        self.held.extend_from_slice(header);
        header.fill(0xFF);
        if answer.is_empty() {
            return Ok(());
        }
        self.state = State::Run;
        // A chip that answers does not listen: where the opcode is known, nothing need be sent meanwhile.
        let answer = if listens.is_some() { Op::Read(answer) } else { Op::Transfer(answer) };
        let ops = vec![Op::Write(&self.held), answer];
        let result = self.programmer.run(&mut [Transaction { ops, pause: Duration::ZERO }]);
        self.held.clear();
        result
    }

    fn select(&mut self) {
        if self.state == State::Deselected {
            self.state = State::Selected;
            self.held.clear();
        }
    }

    fn deselect(&mut self) -> Result<(), SpiError> {
        let state = std::mem::replace(&mut self.state, State::Deselected);
        let held = std::mem::take(&mut self.held);
        if state == State::Selected && !held.is_empty() {
            return self.programmer.run(&mut [Transaction::write(&held)]);
        }
        Ok(())
    }
}

impl<P: Programmer> eh0::blocking::spi::Transfer<u8> for Bus<P> {
    type Error = SpiError;

    fn transfer<'w>(&mut self, words: &'w mut [u8]) -> Result<&'w [u8], SpiError> {
        self.0.borrow_mut().transfer(words)?;
        Ok(words)
    }
}

impl<P: Programmer> eh0::blocking::spi::Write<u8> for Bus<P> {
    type Error = SpiError;

    fn write(&mut self, words: &[u8]) -> Result<(), SpiError> {
        let mut window = self.0.borrow_mut();
        window.open()?;
        window.held.extend_from_slice(words);
        Ok(())
    }
}

impl<P: Programmer> eh0::digital::v2::OutputPin for Select<P> {
    type Error = SpiError;

    fn set_low(&mut self) -> Result<(), SpiError> {
        self.0.borrow_mut().select();
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), SpiError> {
        self.0.borrow_mut().deselect()
    }
}

#[cfg(test)]
mod tests;
