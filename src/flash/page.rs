//! Which bytes of a range go down in which page command, and what a page's status bytes prove. Pure.

use super::command::{BUSY, WEL};
use super::pace::Took;
use super::wait::Steady;
use crate::span::Span;
use std::time::Duration;

/// One page command: where and which bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page<'a> {
    /// First byte's address.
    pub address: u64,
    /// Never empty, never past the page's end, no FF at either end.
    pub bytes: &'a [u8],
}

/// Cuts a range into pages, without the FF at their ends, and without blank pages: programming FF changes nothing.
pub(crate) fn pages(address: u64, bytes: &[u8], page: u64) -> Vec<Page<'_>> {
    let page = page.max(1);
    Span::new(address, address.saturating_add(bytes.len() as u64))
        .pieces(page)
        .filter_map(|piece| {
            let at = (piece.start - address) as usize;
            let bytes = &bytes[at..at + piece.len() as usize];
            let first = bytes.iter().position(|b| *b != 0xFF)?;
            let last = bytes.iter().rposition(|b| *b != 0xFF)?;
            Some(Page { address: piece.start + first as u64, bytes: &bytes[first..=last] })
        })
        .collect()
}

/// What became of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The chip took it.
    pub taken: bool,
    /// The chip was ready when last looked at.
    pub ended: bool,
    /// Nothing says that it was refused, and nothing that it was taken: it was ready when first looked at.
    pub unseen: bool,
    /// More than half of its status bytes were such as the chip cannot show.
    pub noisy: bool,
    /// Its program time, where the status bytes show it.
    pub took: Option<Took>,
}

/// What was seen of one page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    /// The chip was known to be ready before its write enable.
    pub ready_before: bool,
    /// Status between write enable and program, where it was read.
    pub enabled: Option<u8>,
    /// Time between the program command and the first byte of `run`.
    pub quiet: Duration,
    /// Status bytes after the program command.
    pub run: &'a [u8],
    /// Time of one of them.
    pub byte: Duration,
}

/// Judges one page. Without the status between write enable and program, BUSY right after it is the proof.
pub(crate) fn judge(steady: Steady, seen: Seen<'_>) -> Verdict {
    let legal = |s: u8| steady.allows(s);
    let shown = seen.run.iter().filter(|s| legal(**s)).count();
    let first = seen.run.iter().copied().find(|s| legal(*s));
    let last = seen.run.iter().rev().copied().find(|s| legal(*s));
    let ended = last.is_some_and(|s| s & BUSY == 0);
    let refused = last.is_some_and(|s| s & (BUSY | WEL) == WEL);
    let proof = match seen.enabled {
        Some(status) => legal(status) && status & (BUSY | WEL) == WEL,
        None => first.is_some_and(|s| s & BUSY != 0),
    };
    let at = |i: usize| seen.quiet + seen.byte * (i as u32 + 2);
    let ready_at = seen.run.iter().position(|s| legal(*s) && s & BUSY == 0);
    let took = match ready_at {
        _ if shown == 0 => None,
        Some(0) => Some(Took::Below(at(0))),
        Some(i) => Some(Took::About(at(i))),
        None => Some(Took::Above(at(seen.run.len()))),
    };
    let taken = seen.ready_before && proof && !refused;
    let unseen = seen.ready_before && seen.enabled.is_none() && !proof && !refused && ended;
    Verdict { taken, ended, unseen, noisy: shown * 2 < seen.run.len(), took }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn see(ready_before: bool, enabled: Option<u8>, run: &[u8]) -> Verdict {
        let byte = Duration::from_micros(5);
        judge(Steady::plain(0), Seen { ready_before, enabled, quiet: Duration::ZERO, run, byte })
    }

    #[test]
    fn busy_after_the_command_proves_a_page_and_ready_tells_its_time() {
        let verdict = see(true, None, &[3, 3, 3, 0]);
        assert!(verdict.taken && verdict.ended && !verdict.noisy);
        assert_eq!(verdict.took, Some(Took::About(Duration::from_micros(25))));
    }

    #[test]
    fn a_page_behind_a_busy_one_counts_as_refused() {
        assert!(!see(false, None, &[3, 0, 0, 0]).taken);
        let never = see(true, None, &[0, 0, 0, 0]);
        assert!(!never.taken && never.unseen, "never busy");
        assert!(!see(false, None, &[0, 0]).unseen && !see(true, None, &[2, 2]).unseen, "refused");
        assert!(!see(true, Some(2), &[0]).unseen && !see(true, None, &[3, 0]).unseen, "taken");
        assert!(!see(true, None, &[2, 2, 2, 2]).taken, "still enabled: the command was not taken");
        assert!(!see(true, Some(0), &[0]).taken, "write enable was not taken");
        assert!(!see(true, Some(3), &[3]).taken);
        assert!(see(true, Some(2), &[0]).taken);
    }

    #[test]
    fn a_run_that_ends_busy_is_taken_but_not_ended() {
        let verdict = see(true, None, &[3, 3]);
        assert!(verdict.taken && !verdict.ended);
        assert_eq!(verdict.took, Some(Took::Above(Duration::from_micros(20))));
    }

    #[test]
    fn a_dead_bus_is_noise_and_proves_nothing() {
        let verdict = see(true, None, &[0xFF; 8]);
        assert!(!verdict.taken && !verdict.ended && verdict.noisy);
        assert!(see(true, None, &[3, 0x83, 3, 0]).taken, "one flipped bit is looked over");
    }

    #[test]
    fn ends_of_ff_and_blank_pages_are_not_sent() {
        let mut bytes = vec![0xFF; 48];
        (bytes[2], bytes[5], bytes[47]) = (1, 2, 3);
        let pages = pages(14, &bytes, 16);
        // 14 + 2 = 16 begins the second page.
        let cut: Vec<_> = pages.iter().map(|p| (p.address, p.bytes.to_vec())).collect();
        assert_eq!(cut, [(16, vec![1, 0xFF, 0xFF, 2]), (61, vec![3])]);
    }

    proptest! {
        #[test]
        fn pages_hold_every_byte_that_matters_and_never_cross(
            address in 0u64..700, bytes in prop::collection::vec(prop_oneof![Just(0xFFu8), any::<u8>()], 0..900)
        ) {
            let mut chip = vec![0xFFu8; 2048];
            for page in pages(address, &bytes, 256) {
                let end = page.address + page.bytes.len() as u64 - 1;
                prop_assert_eq!(page.address / 256, end / 256);
                for (i, b) in page.bytes.iter().enumerate() {
                    chip[page.address as usize + i] &= b;
                }
            }
            prop_assert_eq!(&chip[address as usize..address as usize + bytes.len()], &bytes[..]);
        }
    }
}
