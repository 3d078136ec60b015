//! A programmer that the user can stop at once: after the second Ctrl-C nothing is sent any more but the release of
//! the pins. Every batch below is bounded, so "at once" means after the batch in flight.

use super::super::Stop;
use crate::spi::{Limits, LinkNotice, Programmer, SpiError, Transaction};
use std::ops::ControlFlow;
use std::time::Duration;

/// Sleeps are cut into pieces of this length, so that a long erase does not outlast the user's patience.
const NAP: Duration = Duration::from_millis(100);

/// Any programmer, stopped by the user's second signal.
#[derive(Debug)]
pub struct Stoppable<P> {
    programmer: P,
    stop: Stop,
}

impl<P: Programmer> Stoppable<P> {
    /// Makes `programmer` obey `stop`.
    pub fn new(programmer: P, stop: Stop) -> Self {
        Self { programmer, stop }
    }

    fn check_stop(&self) -> Result<(), SpiError> {
        if self.stop.now() { Err(SpiError::Stopped) } else { Ok(()) }
    }
}

impl<P: Programmer> Programmer for Stoppable<P> {
    fn limits(&self) -> Limits {
        self.programmer.limits()
    }

    fn run(&mut self, batch: &mut [Transaction<'_>]) -> Result<(), SpiError> {
        self.check_stop()?;
        self.programmer.run(batch)
    }

    fn read_on(
        &mut self,
        header: &[u8],
        len: u64,
        sink: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<(), SpiError> {
        self.check_stop()?;
        let stop = &self.stop;
        let mut heeding = |bytes: &[u8]| if stop.now() { ControlFlow::Break(()) } else { sink(bytes) };
        self.programmer.read_on(header, len, &mut heeding)?;
        self.check_stop()
    }

    fn baseline(&mut self, len: usize) -> Result<Vec<u8>, SpiError> {
        self.check_stop()?;
        self.programmer.baseline(len)
    }

    fn set_clock(&mut self, hz: u32) -> Result<u32, SpiError> {
        self.check_stop()?;
        self.programmer.set_clock(hz)
    }

    fn take_notices(&mut self) -> Vec<LinkNotice> {
        self.programmer.take_notices()
    }

    fn release(&mut self) -> Result<(), SpiError> {
        self.programmer.release()
    }

    fn now(&self) -> Duration {
        self.programmer.now()
    }

    fn sleep(&mut self, time: Duration) {
        let mut left = time;
        while !left.is_zero() && !self.stop.now() {
            let nap = left.min(NAP);
            self.programmer.sleep(nap);
            left -= nap;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts what reaches it.
    #[derive(Default)]
    struct Counting {
        ran: u32,
        released: u32,
        slept: Duration,
        stop: Stop,
    }

    impl Programmer for Counting {
        fn limits(&self) -> Limits {
            let (round_trip, per_transaction) = (Duration::ZERO, Duration::ZERO);
            let (max_transaction, max_write, read_batch, pauses) = (1, 1, 1, false);
            Limits {
                clock_hz: 1,
                round_trip,
                per_transaction,
                max_transaction,
                max_write,
                read_batch,
                pauses,
            }
        }
        fn run(&mut self, _: &mut [Transaction<'_>]) -> Result<(), SpiError> {
            self.ran += 1;
            Ok(())
        }
        fn baseline(&mut self, _: usize) -> Result<Vec<u8>, SpiError> {
            Ok(Vec::new())
        }
        fn set_clock(&mut self, hz: u32) -> Result<u32, SpiError> {
            Ok(hz)
        }
        fn release(&mut self) -> Result<(), SpiError> {
            self.released += 1;
            Ok(())
        }
        fn now(&self) -> Duration {
            self.slept
        }
        fn sleep(&mut self, time: Duration) {
            self.slept += time;
            if self.slept >= Duration::from_secs(1) {
                self.stop.request();
            }
        }
    }

    #[test]
    fn the_first_signal_lets_batches_through_and_the_second_only_the_release() {
        let stop = Stop::default();
        let mut programmer = Stoppable::new(Counting::default(), stop.clone());
        stop.request();
        assert_eq!(programmer.run(&mut []), Ok(()));
        stop.request();
        assert_eq!(programmer.run(&mut []), Err(SpiError::Stopped));
        assert_eq!(programmer.release(), Ok(()));
        assert_eq!((programmer.programmer.ran, programmer.programmer.released), (1, 1));
    }

    #[test]
    fn a_long_sleep_ends_with_the_second_signal() {
        let stop = Stop::default();
        let mut programmer = Stoppable::new(Counting { stop: stop.clone(), ..Counting::default() }, stop);
        programmer.sleep(Duration::from_secs(20));
        assert!(programmer.now() < Duration::from_secs(2), "{:?}", programmer.now());
    }
}
