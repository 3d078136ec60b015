//! UTC as text, for names and manifests.

use std::time::{SystemTime, UNIX_EPOCH};

/// `2026-11-22T09:15:32Z` (RFC 3339); times before 1970 read as 1970.
pub fn rfc3339(time: SystemTime) -> String {
    let (days, s) = split(time);
    let (y, m, d) = civil(days);
    format!("{y:04}-{m:02}-{d:02}T{:02}:{:02}:{:02}Z", s / 3600, s / 60 % 60, s % 60)
}

/// `2026-11-22T09:15:32.250Z`.
pub fn rfc3339_millis(time: SystemTime) -> String {
    let ms = time.duration_since(UNIX_EPOCH).map_or(0, |d| d.subsec_millis());
    format!("{}.{ms:03}Z", rfc3339(time).trim_end_matches('Z'))
}

/// `20261122-091532`, for names that sort by time.
pub fn compact(time: SystemTime) -> String {
    let (days, s) = split(time);
    let (y, m, d) = civil(days);
    format!("{y:04}{m:02}{d:02}-{:02}{:02}{:02}", s / 3600, s / 60 % 60, s % 60)
}

fn split(time: SystemTime) -> (u64, u64) {
    let s = time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    (s / 86_400, s % 86_400)
}

/// Days since 1970-01-01 as year, month, day (proleptic Gregorian; years counted from March, so that the leap day is
/// the last of its year).
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + u64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn known_moments() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_339_532, "2026-11-22T09:25:32Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
        assert_eq!(compact(UNIX_EPOCH + Duration::from_secs(1_795_339_532)), "20261122-092532");
    }
}
