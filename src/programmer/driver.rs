//! The one driver loop: any codec over any pipe is a [`Programmer`].

use super::codec::{Codec, Silence};
use crate::spi::{Limits, Op, Programmer, SpiError, Transaction};
use crate::usb::{Burst, PATIENCE, Pipe, UsbError};
use std::time::Duration;

/// Bytes clocked in one burst at most: bounds the memory of its OUT side.
const BURST: usize = 1 << 20;

/// A programmer: a codec over a pipe. Pins are released when it is dropped.
pub struct Driver<C: Codec, P: Pipe> {
    codec: C,
    pipe: P,
    /// The pins may be driven.
    driven: bool,
    /// A burst broke off and the programmer has not been brought up again since.
    broken: bool,
}

impl<C: Codec, P: Pipe> Driver<C, P> {
    /// Brings the programmer up.
    ///
    /// # Errors
    /// [`SpiError::Usb`] when it does not answer as its kind does.
    pub fn open(mut codec: C, mut pipe: P) -> Result<Self, SpiError> {
        let up = codec.bring_up(&mut pipe).or_else(|error| match error {
            // An endpoint that an earlier program left stalled strikes the first transfer, and is cleared then.
            SpiError::Usb(UsbError::Stall(_) | UsbError::Broken(_)) => codec.bring_up(&mut pipe),
            other => Err(other),
        });
        // Made first, so that a failure half way releases the pins in drop.
        let driver = Self { codec, pipe, driven: true, broken: false };
        up.map(|()| driver)
    }

    /// The pipe below.
    pub fn pipe(&self) -> &P {
        &self.pipe
    }

    /// The pipe below.
    pub fn pipe_mut(&mut self) -> &mut P {
        &mut self.pipe
    }

    /// One burst, and back in step after a failure.
    fn burst(&mut self, batch: &mut [Transaction<'_>], select: bool) -> Result<(), SpiError> {
        if self.broken {
            self.resync()?;
        }
        self.driven = true;
        let mut encoded = self.codec.encode(batch, select);
        let burst = Burst {
            out: &encoded.out,
            in_depth: self.codec.in_depth(),
            quiet: encoded.silent.saturating_add(PATIENCE),
        };
        let result = self.pipe.burst(burst, &mut *encoded.reply);
        drop(encoded);
        if let Err(error) = result {
            self.broken = true;
            // The first failure is what the caller must hear; whether this worked shows at the next burst.
            if error != UsbError::Gone {
                let _ = self.resync();
            }
            return Err(error.into());
        }
        Ok(())
    }

    /// Brings the programmer up again after a burst that broke off.
    fn resync(&mut self) -> Result<(), SpiError> {
        self.codec.bring_up(&mut self.pipe)?;
        self.broken = false;
        Ok(())
    }
}

/// The first piece of a batch that can go down as one burst: its length in transactions.
fn first_piece<C: Codec>(codec: &C, batch: &[Transaction<'_>]) -> usize {
    let mut clocked = 0;
    for (i, transaction) in batch.iter().enumerate() {
        clocked += transaction.clocked();
        if i > 0 && clocked > BURST {
            return i;
        }
        if !codec.keeps(transaction.pause) {
            return i + 1;
        }
    }
    batch.len()
}

impl<C: Codec, P: Pipe> Programmer for Driver<C, P> {
    fn limits(&self) -> Limits {
        self.codec.limits()
    }

    fn run(&mut self, mut batch: &mut [Transaction<'_>]) -> Result<(), SpiError> {
        let max = self.codec.limits().max_transaction;
        if let Some(len) = batch.iter().map(Transaction::clocked).find(|len| *len > max) {
            return Err(SpiError::TooLong { len, max });
        }
        while !batch.is_empty() {
            let (piece, rest) = batch.split_at_mut(first_piece(&self.codec, batch));
            let pause = piece.last().map_or(Duration::ZERO, |t| t.pause);
            self.burst(piece, true)?;
            if !self.codec.keeps(pause) {
                self.pipe.sleep(pause);
            }
            batch = rest;
        }
        Ok(())
    }

    fn baseline(&mut self, len: usize) -> Result<Vec<u8>, SpiError> {
        let max = self.codec.limits().max_transaction;
        if len > max {
            return Err(SpiError::TooLong { len, max });
        }
        let mut seen = vec![0; len];
        let mut batch = [Transaction { ops: vec![Op::Read(&mut seen)], pause: Duration::ZERO }];
        self.burst(&mut batch, false)?;
        Ok(seen)
    }

    fn set_clock(&mut self, hz: u32) -> Result<u32, SpiError> {
        let (hz, out) = self.codec.set_clock(hz)?;
        let burst = Burst { out: &[out], in_depth: 1, quiet: PATIENCE };
        if let Err(error) = self.pipe.burst(burst, &mut Silence) {
            self.broken = true;
            return Err(error.into());
        }
        Ok(hz)
    }

    fn release(&mut self) -> Result<(), SpiError> {
        if self.broken {
            self.resync()?;
        }
        self.codec.let_go(&mut self.pipe)?;
        self.driven = false;
        Ok(())
    }

    fn now(&self) -> Duration {
        self.pipe.now()
    }

    fn sleep(&mut self, time: Duration) {
        self.pipe.sleep(time);
    }
}

impl<C: Codec, P: Pipe> Drop for Driver<C, P> {
    fn drop(&mut self) {
        if self.driven {
            // Nobody is left to tell; a programmer that has gone has no pins to release.
            let _ = self.release();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programmer::Ch341a;
    use crate::usb::{Control, Reply};

    /// A CH341A that clocks back what it gets, and a log of what was asked of it.
    #[derive(Default)]
    struct Loop {
        log: Vec<String>,
        now: Duration,
        stale: Vec<Vec<u8>>,
        fail: Option<UsbError>,
    }

    impl Pipe for &mut Loop {
        fn control_out(&mut self, _: Control, _: &[u8]) -> Result<(), UsbError> {
            Err(UsbError::Stall("control"))
        }
        fn control_in(&mut self, _: Control, _: &mut [u8]) -> Result<usize, UsbError> {
            Err(UsbError::Stall("control"))
        }
        fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
            let packets = burst.out.iter().flat_map(|t| t.chunks(32));
            let answers: Vec<_> = packets.clone().filter(|p| p[0] == 0xA8).map(|p| &p[1..]).collect();
            let released = packets.clone().any(|p| p == [0xAB, 0xB7, 0x40, 0x20]);
            self.log.push(if released { "release".into() } else { format!("burst {}", answers.len()) });
            if let Some(error) = self.fail.take() {
                return Err(error);
            }
            for answer in answers {
                assert_eq!(reply.next(0), Some(32));
                reply.take(answer)?;
            }
            assert!(reply.is_complete());
            Ok(())
        }
        fn drain(&mut self, _: usize, _: Duration) -> Result<Vec<u8>, UsbError> {
            self.log.push("drain".into());
            Ok(self.stale.pop().unwrap_or_default())
        }
        fn now(&self) -> Duration {
            self.now
        }
        fn sleep(&mut self, time: Duration) {
            self.log.push(format!("sleep {}", time.as_micros()));
            self.now += time;
        }
    }

    #[test]
    fn a_long_pause_splits_the_batch_and_drop_releases() {
        let mut pipe = Loop::default();
        let mut driver = Driver::open(Ch341a::default(), &mut pipe).unwrap();
        let mut both = [1u8, 2];
        let mut batch = [
            Transaction::write(&[1]).then_pause(Duration::from_micros(3)),
            Transaction::write(&[2]).then_pause(Duration::from_micros(700)),
            Transaction { ops: vec![Op::Transfer(&mut both)], pause: Duration::ZERO },
        ];
        driver.run(&mut batch).unwrap();
        drop(driver);
        assert_eq!(pipe.log, ["drain", "burst 2", "sleep 700", "burst 1", "release"]);
        assert_eq!(both, [1, 2]);
    }

    #[test]
    fn after_a_failure_the_programmer_is_drained_and_usable() {
        let mut pipe = Loop::default();
        let mut driver = Driver::open(Ch341a::default(), &mut pipe).unwrap();
        driver.pipe_mut().fail = Some(UsbError::Stall("burst"));
        driver.pipe_mut().stale = vec![vec![1, 2]];
        let error = driver.run(&mut [Transaction::write(&[1])]).unwrap_err();
        assert_eq!(error, SpiError::Usb(UsbError::Stall("burst")));
        driver.run(&mut [Transaction::write(&[1])]).unwrap();
        driver.release().unwrap();
        drop(driver);
        assert_eq!(pipe.log, ["drain", "burst 1", "drain", "drain", "burst 1", "release"]);
    }

    #[test]
    fn too_long_a_transaction_is_refused_before_anything_is_sent() {
        let mut pipe = Loop::default();
        let mut driver = Driver::open(Ch341a::default(), &mut pipe).unwrap();
        let max = driver.limits().max_transaction;
        let mut into = vec![0; max];
        let mut batch = [Transaction::write(&[6]), Transaction::read(&[3], &mut into)];
        assert_eq!(driver.run(&mut batch), Err(SpiError::TooLong { len: max + 1, max }));
        assert!(matches!(driver.set_clock(1000), Err(SpiError::Unsupported(_))));
        drop(driver);
        assert_eq!(pipe.log, ["drain", "release"]);
    }

    #[test]
    fn a_large_batch_goes_down_in_bursts_of_bounded_size() {
        let mut data = vec![vec![0u8; 200_000]; 11];
        let mut batch: Vec<_> = data.iter_mut().map(|d| Transaction::read(&[3], d)).collect();
        let codec = Ch341a::default();
        assert_eq!(first_piece(&codec, &batch), 5);
        assert_eq!(first_piece(&codec, &batch[10..]), 1);
        batch[1].pause = Duration::from_secs(1);
        assert_eq!(first_piece(&codec, &batch), 2);
    }
}
