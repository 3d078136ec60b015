//! The virtual clock: time since the emulator was made, moved only by whoever drives it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A shared handle on one virtual clock; clones show and move the same time.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<AtomicU64>);

impl Clock {
    /// A clock at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Time since zero.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// Moves the clock on by `time`.
    pub fn advance(&self, time: Duration) {
        self.0.fetch_add(nanos(time), Ordering::Relaxed);
    }

    /// Moves the clock on to `moment`; never back.
    pub fn advance_to(&self, moment: Duration) {
        self.0.fetch_max(nanos(moment), Ordering::Relaxed);
    }
}

/// Whole nanoseconds; a virtual clock runs out after 584 years.
fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Time that `bytes` bytes take on a serial wire of `hz` clocks a second, one bit a clock.
pub(super) fn wire_time(hz: u32, bytes: usize) -> Duration {
    Duration::from_nanos((bytes as u64).saturating_mul(8_000_000_000) / u64::from(hz.max(1)))
}

/// How many whole bytes pass in `time` on a wire of `hz` clocks a second.
pub(super) fn wire_bytes(hz: u32, time: Duration) -> usize {
    (u128::from(hz) * time.as_nanos() / 8_000_000_000) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_share_one_time_that_never_runs_back() {
        let clock = Clock::new();
        let other = clock.clone();
        clock.advance(Duration::from_millis(3));
        other.advance_to(Duration::from_millis(2));
        assert_eq!(other.now(), Duration::from_millis(3));
        other.advance_to(Duration::from_millis(5));
        assert_eq!(clock.now(), Duration::from_millis(5));
    }

    #[test]
    fn wire_time_is_eight_clocks_a_byte() {
        assert_eq!(wire_time(1_500_000, 31), Duration::from_nanos(165_333));
        assert_eq!(wire_time(30_000_000, 3), Duration::from_nanos(800));
        assert_eq!(wire_bytes(1_500_000, Duration::from_nanos(165_334)), 31);
        assert_eq!(wire_bytes(1_500_000, Duration::from_nanos(165_300)), 30);
    }
}
