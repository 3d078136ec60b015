//! How long a step still takes, learned from its first seconds and not from a model of the programmer. Pure.

use std::time::Duration;

/// What came before this says little of the rate.
const LEARNED_FROM: Duration = Duration::from_millis(500);

/// The time that the rest of a step takes at the rate of what is done, `done` of `total` bytes in `elapsed`; `None` until
/// there is something to learn from.
pub fn time_left(done: u64, total: u64, elapsed: Duration) -> Option<Duration> {
    let rest = total.saturating_sub(done) as f64;
    let left = (done > 0 && elapsed >= LEARNED_FROM).then(|| elapsed.as_secs_f64() * rest / done as f64)?;
    Duration::try_from_secs_f64(left).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn it_is_what_the_first_seconds_say() {
        // A CH341A reads 8 MiB in 45 s in the model; others measure 63 to 68 s.
        for (took, whole) in [(5.625, 45.0), (8.0, 64.0)] {
            let left = time_left(MIB, 8 * MIB, Duration::from_secs_f64(took)).unwrap();
            assert!((left.as_secs_f64() - whole * 7.0 / 8.0).abs() < 0.01, "{left:?}");
        }
        let half = time_left(4 * MIB, 8 * MIB, Duration::from_secs(30)).unwrap();
        assert_eq!(half, Duration::from_secs(30));
    }

    #[test]
    fn nothing_is_claimed_before_anything_was_seen() {
        assert_eq!(time_left(0, MIB, Duration::from_secs(9)), None);
        assert_eq!(time_left(1, MIB, Duration::from_millis(499)), None);
        assert_eq!(time_left(0, 0, Duration::ZERO), None);
        // Ends, also where more came than was said.
        assert_eq!(time_left(MIB, MIB, Duration::from_secs(1)), Some(Duration::ZERO));
        assert_eq!(time_left(2 * MIB, MIB, Duration::from_secs(1)), Some(Duration::ZERO));
        assert!(time_left(1, u64::MAX, Duration::MAX).is_none(), "longer than a duration holds");
    }
}
