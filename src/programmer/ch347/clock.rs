//! The SPI clocks: a base, halved up to seven times.
//!
//! Source: WCH's `ch34x_mphsi_master_linux`.

use crate::spi::SpiError;
use crate::units;

/// `E1` for 60 MHz, the base of all firmware.
pub(super) const BASE_60: u8 = 4;
/// Bases by their code in `E1`, in Hz, and the first step that is offered: 72 MHz itself is not.
const BASES: [(u8, u32, u8); 4] =
    [(BASE_60, 60_000_000, 0), (3, 48_000_000, 0), (5, 72_000_000, 1), (1, 28_000_000, 0)];
/// Halvings at most.
const STEPS: u8 = 8;

/// A clock and how it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// Code of the base in `E1`.
    pub(super) base: u8,
    /// How often the base is halved.
    pub(super) prescaler: u8,
    /// In Hz.
    pub(super) hz: u32,
}

impl Setting {
    /// 15 MHz.
    pub(super) const DEFAULT: Self = Self { base: BASE_60, prescaler: 2, hz: super::DEFAULT_HZ };
}

/// The highest clock of at most `hz`; only newer firmware (`bases`) has other bases than 60 MHz.
///
/// # Errors
/// [`SpiError::Unsupported`] below the lowest.
pub(super) fn setting(hz: u32, bases: bool) -> Result<Setting, SpiError> {
    let all = BASES.iter().filter(|(code, ..)| bases || *code == BASE_60).flat_map(|&(base, top, first)| {
        (first..STEPS).map(move |prescaler| Setting { base, prescaler, hz: top >> prescaler })
    });
    let all: Vec<Setting> = all.collect();
    // Of equal clocks the one of the first base.
    let fits = all.iter().filter(|setting| setting.hz <= hz);
    fits.fold(None, |best: Option<Setting>, one| match best {
        Some(best) if best.hz >= one.hz => Some(best),
        _ => Some(*one),
    })
    .ok_or_else(|| {
        let lowest = all.iter().map(|setting| setting.hz).min().unwrap_or_default();
        SpiError::Unsupported(format!(
            "an SPI clock of {} is below the {} that this CH347 reaches",
            units::hz(hz),
            units::hz(lowest)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_rounded_down_to_one_that_there_is() {
        let hz = |asked, bases| setting(asked, bases).map(|setting| setting.hz);
        for (asked, new, old) in [
            (100_000_000, 60_000_000, 60_000_000),
            (59_000_000, 48_000_000, 30_000_000),
            (30_000_000, 30_000_000, 30_000_000),
            (29_999_999, 28_000_000, 15_000_000),
            (20_000_000, 18_000_000, 15_000_000),
            (15_000_000, 15_000_000, 15_000_000),
            (1_000_000, 937_500, 937_500),
            (470_000, 468_750, 468_750),
        ] {
            assert_eq!((hz(asked, true), hz(asked, false)), (Ok(new), Ok(old)), "{asked}");
        }
        assert_eq!(hz(218_750, true), Ok(218_750));
        let error = hz(400_000, false).unwrap_err().to_string();
        assert!(error.contains("below") && hz(200_000, true).is_err(), "{error}");
        assert_eq!(setting(super::super::DEFAULT_HZ, true), Ok(Setting::DEFAULT));
        assert_eq!(setting(60_000_000, false).unwrap().prescaler, 0);
    }
}
