//! Noticing that the machine was asleep: the wall clock continues, the monotonic one stops (Linux, macOS).

use std::time::{Duration, Instant, SystemTime};

/// A gap shorter than this is a clock being set, or a busy machine.
const GAP: Duration = Duration::from_secs(5);

/// Compares the clocks from look to look.
#[derive(Debug)]
pub struct Wake {
    wall: SystemTime,
    running: Instant,
}

impl Wake {
    /// Begins now.
    pub fn new() -> Self {
        Self { wall: SystemTime::now(), running: Instant::now() }
    }

    /// How long the machine slept since the last look, if it did.
    pub fn slept(&mut self) -> Option<Duration> {
        let last = std::mem::replace(self, Self::new());
        let wall = self.wall.duration_since(last.wall).unwrap_or_default();
        gap(wall, self.running.duration_since(last.running))
    }
}

/// Time by the wall clock that did not pass for this machine.
fn gap(wall: Duration, running: Duration) -> Option<Duration> {
    wall.checked_sub(running).filter(|gap| *gap >= GAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_that_did_not_pass_here_is_sleep() {
        let s = Duration::from_secs;
        assert_eq!(gap(s(100), s(100)), None);
        assert_eq!(gap(s(104), s(100)), None, "a clock set forward a little");
        assert_eq!(gap(s(90), s(100)), None, "a clock set back");
        assert_eq!(gap(s(4000), s(100)), Some(s(3900)));
        assert_eq!(Wake::new().slept(), None);
        let mut wake = Wake { wall: SystemTime::now() - s(60), running: Instant::now() };
        assert!(wake.slept().is_some_and(|gap| gap >= s(59)));
        assert_eq!(wake.slept(), None, "reported once");
    }
}
