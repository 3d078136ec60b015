//! How long a page takes on this very chip, learned from its status while pages go down. Pure.
//!
//! A window too short gets the next page refused by the chip (it is sent again); one too long costs time on every
//! page. So the window follows the slowest of the recent pages, with a margin that grows after a surprise.

use super::geometry::Busy;
use std::time::Duration;

/// What one page's status bytes say about its program time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Took {
    /// Ready was first seen this long after the command.
    About(Duration),
    /// Already ready when first looked at, this long after the command.
    Below(Duration),
    /// Still busy when last looked at, this long after the command.
    Above(Duration),
}

impl Took {
    /// The bound for a page of `whole` bytes that a page of `part` bytes gives; what was still busy says no more about it.
    pub fn stretched(self, whole: u64, part: u64) -> Self {
        let stretch = |time: Duration| match part {
            0 => time,
            _ => time.mul_f64(whole.max(part) as f64 / part as f64),
        };
        match self {
            Self::About(time) => Self::About(stretch(time)),
            Self::Below(time) => Self::Below(stretch(time)),
            Self::Above(time) => Self::Above(time),
        }
    }

    /// The same, where it says less than `least`: that.
    pub fn at_least(self, least: Duration) -> Self {
        match self {
            Self::About(time) => Self::About(time.max(least)),
            Self::Below(time) => Self::Below(time.max(least)),
            Self::Above(time) => Self::Above(time),
        }
    }
}

/// The learned program time and how many pages may go down unseen.
#[derive(Clone, Debug)]
pub(crate) struct Pace {
    limit: Duration,
    expected: Duration,
    learned: bool,
    /// In thousandths of the expected time.
    margin: u32,
    least_margin: u32,
    pages: usize,
    most_pages: usize,
    /// A page was over before its status came: BUSY is no proof here.
    unseen: bool,
}

/// Thousandths added to the margin by a page that was slower than its window.
const SURPRISE: u32 = 60;
const MOST_MARGIN: u32 = 400;

impl Pace {
    /// Knows nothing but the datasheet. `least_margin` in thousandths.
    pub fn new(busy: Busy, least_margin: u32, most_pages: usize) -> Self {
        Self {
            limit: busy.max * 2,
            expected: (busy.typical * 3).min(busy.max),
            learned: false,
            margin: least_margin,
            least_margin,
            pages: 1,
            most_pages: most_pages.max(1),
            unseen: false,
        }
    }

    /// Time to leave between a page and the next.
    pub fn window(&self) -> Duration {
        (self.expected + self.expected * self.margin / 1000).min(self.limit)
    }

    /// Whether a page has been timed: until then no one knows where its end is to be looked for.
    pub fn is_learned(&self) -> bool {
        self.learned
    }

    /// Pages for the next batch.
    pub fn pages(&self) -> usize {
        self.pages
    }

    /// A page was over before its status was looked at, as where the two go down in a burst each and the link is slow.
    pub fn not_seen(&mut self) {
        self.unseen = true;
    }

    /// Whether pages are over before they can be seen busy.
    pub fn is_unseen(&self) -> bool {
        self.unseen
    }

    /// Takes the times of a batch's full pages into account. One page alone that was slower than the window is an
    /// outlier and changes nothing; several say once that the window is too short.
    pub fn observe_all(&mut self, times: &[Took]) {
        let slow = |took: &&Took| matches!(took, Took::Above(_));
        let (slowest, count) = (times.iter().rev().find(slow), times.iter().filter(slow).count());
        for took in times.iter().filter(|took| !slow(took)) {
            self.observe(*took);
        }
        if let Some(took) = slowest
            && (count > 1 || !self.learned)
        {
            self.observe(*took);
        }
    }

    fn observe(&mut self, took: Took) {
        match took {
            Took::About(time) if !self.learned => {
                self.expected = time;
                self.learned = true;
            }
            Took::About(time) if time >= self.expected => self.expected = time,
            // Slowly, so that one fast page among slow ones changes nothing.
            Took::About(time) => self.expected -= (self.expected - time) / 64,
            Took::Below(time) => {
                let floor = time.min(self.expected);
                self.expected = floor.max(self.expected - self.expected / 32);
            }
            Took::Above(time) if !self.learned => self.expected = (time * 2).min(self.limit),
            Took::Above(time) => self.expected = self.expected.max(time + time / 8).min(self.limit),
        }
    }

    /// A batch went down without a surprise: more pages next time, a little less margin.
    pub fn calm(&mut self) {
        self.pages = (self.pages * 4).min(self.most_pages);
        let spare = self.margin - self.least_margin;
        self.margin -= spare.div_ceil(8);
    }

    /// A page was refused or slower than the window.
    pub fn surprised(&mut self) {
        self.pages = (self.pages / 2).max(1);
        if self.learned {
            self.margin = (self.margin + SURPRISE).min(MOST_MARGIN.max(self.least_margin));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: Duration = Duration::from_micros(1);

    fn pace() -> Pace {
        Pace::new(Busy { typical: US * 700, max: US * 3000 }, 20, 64)
    }

    #[test]
    fn the_first_page_sets_the_window_and_batches_grow() {
        let mut pace = pace();
        assert_eq!((pace.window(), pace.pages()), (US * 2142, 1));
        pace.observe(Took::About(US * 500));
        pace.calm();
        assert_eq!((pace.window(), pace.pages()), (US * 510, 4));
        for _ in 0..5 {
            pace.calm();
        }
        assert_eq!(pace.pages(), 64);
    }

    #[test]
    fn it_follows_the_slowest_and_forgets_slowly() {
        let mut pace = pace();
        pace.observe(Took::About(US * 500));
        pace.observe(Took::About(US * 900));
        assert_eq!(pace.window(), US * 918);
        pace.observe(Took::About(US * 500));
        assert!(pace.window() > US * 900, "one fast page does not shorten it much");
        for _ in 0..1000 {
            pace.observe(Took::About(US * 500));
        }
        assert!(pace.window() < US * 520, "{:?}", pace.window());
    }

    #[test]
    fn surprises_give_more_time_and_fewer_pages_but_never_past_the_limit() {
        let mut pace = pace();
        pace.observe(Took::About(US * 500));
        (0..4).for_each(|_| pace.calm());
        pace.observe_all(&[Took::Above(US * 510)]);
        assert_eq!(pace.window(), US * 510, "one slow page alone changes nothing");
        pace.observe_all(&[Took::Above(US * 510); 2]);
        pace.surprised();
        assert!(pace.window() > US * 570);
        assert_eq!(pace.pages(), 32);
        for _ in 0..100 {
            pace.observe_all(&[Took::Above(pace.window()); 2]);
            pace.surprised();
        }
        assert_eq!((pace.window(), pace.pages()), (US * 6000, 1));
    }

    #[test]
    fn a_page_that_is_always_ready_shortens_the_window_to_what_was_seen() {
        let mut pace = pace();
        pace.observe(Took::About(US * 900));
        for _ in 0..1000 {
            pace.observe(Took::Below(US * 400));
        }
        assert_eq!(pace.window(), US * 408);
    }
}
