//! Programming: many pages a batch, each proven taken by the chip's own status, the rest sent again.
//!
//! A batch never branches, so a page whose time was misjudged costs the next one: the chip ignores commands while it
//! is busy, which is safe, and the status bytes show it. Where the programmer pauses by itself a page is `06`, `05`,
//! `02` and a pause, then status bytes around the expected end; elsewhere a run of status bytes is the pause, as on
//! CH341A. Programming the same bytes twice changes nothing, so whatever is in doubt is sent again.
//!
//! Facts: W25Q64FV datasheet rev S (tPP, commands ignored while busy); the shape of a batch was tried on models.

use super::FlashError;
use super::chip::Chip;
use super::command::{self, READ_STATUS, WRITE_ENABLE};
use super::pace::{Pace, Took};
use super::page::{Page, Seen, Verdict, judge, pages};
use super::part::ProgramScheme;
use super::permit::Permit;
use super::read::differences;
use super::wait::Watch;
use crate::span::{Span, Spans};
use crate::spi::{Limits, Programmer, Transaction};
use std::time::Duration;

/// What it took to program a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Programmed {
    /// Page commands that the chip took.
    pub pages: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Pages of the range that hold only FF and were not sent.
    pub blank: u64,
    /// Page commands sent again.
    pub retried: u64,
    /// Batches.
    pub batches: u64,
}

impl std::ops::AddAssign for Programmed {
    fn add_assign(&mut self, other: Self) {
        self.pages += other.pages;
        self.bytes += other.bytes;
        self.blank += other.blank;
        self.retried += other.retried;
        self.batches += other.batches;
    }
}

/// How often one page is sent before the chip counts as refusing it.
const ATTEMPTS: u32 = 5;
/// On programmers that pause, the share of the window spent in the pause, in thousandths; status bytes do the rest.
const PAUSED: u32 = 930;
/// Command and address of a read, at most.
const HEADER: usize = 8;
/// The most status bytes after one page: at 30 MHz 17 ms, longer than any window. Fewer would never show the end of a
/// slow first page, and a page that is not timed lets no other go down with it.
const MOST_STATUS: u128 = 65536;

impl<P: Programmer> Chip<P> {
    /// Programs bytes at any address and of any length; the range must have been erased where bits go from 0 to 1.
    /// FF is never sent, so a byte that is already on the chip may be given as FF.
    ///
    /// # Errors
    /// [`FlashError::NotAllowed`] and the like before anything is sent; [`FlashError::NotWritable`] where the chip
    /// refuses a page again and again; [`FlashError::StillBusy`], [`FlashError::BusLost`]. What was programmed until
    /// then is unknown.
    pub fn program(&mut self, address: u64, bytes: &[u8], permit: &Permit) -> Result<Programmed, FlashError> {
        let span = Span::at(address, bytes.len() as u64)
            .ok_or(FlashError::Outside { span: Span::new(address, u64::MAX), size: self.geometry.size })?;
        self.check_write(span, permit)?;
        if matches!(self.identity.part.program, ProgramScheme::AaiWord | ProgramScheme::AaiByte) {
            return self.program_aai(address, bytes);
        }
        let pages = pages(address, bytes, self.page_room());
        let mut done = Programmed { blank: self.blank(span, &pages), ..Programmed::default() };
        self.program_pages(&pages, None, &mut done)?;
        Ok(done)
    }

    /// Programs `spans` of the whole contents `image`, reads `verify` back and gives every range of it that differs.
    /// Where the pages' time is known, what is read back goes down in the same batch as the last of the pages.
    ///
    /// # Errors
    /// As [`program`](Self::program).
    pub fn program_and_verify(
        &mut self,
        image: &[u8],
        spans: &[Span],
        verify: Span,
        permit: &Permit,
    ) -> Result<(Programmed, Spans), FlashError> {
        self.check_inside(verify)?;
        let mut done = Programmed::default();
        let mut all = Vec::new();
        for span in spans {
            self.check_write(*span, permit)?;
            let bytes = &image[span.range()];
            if matches!(self.identity.part.program, ProgramScheme::AaiWord | ProgramScheme::AaiByte) {
                done += self.program_aai(span.start, bytes)?;
                continue;
            }
            let pages = pages(span.start, bytes, self.page_room());
            done.blank += self.blank(*span, &pages);
            all.extend(pages);
        }
        let wanted = &image[verify.range()];
        let room = self.programmer.limits().max_transaction.saturating_sub(HEADER);
        let fits = !all.is_empty() && wanted.len() <= room;
        let mut found = vec![0; if fits { wanted.len() } else { 0 }];
        let mut back = fits.then_some(ReadBack { span: verify, into: &mut found, valid: false });
        self.program_pages(&all, back.as_mut(), &mut done)?;
        let wrong = match back.is_some_and(|back| back.valid) {
            true => {
                let mut wrong = Spans::new();
                differences(verify.start, &found, wanted, &mut wrong);
                wrong
            }
            false => self.verify(verify.start, wanted)?,
        };
        Ok((done, wrong))
    }

    /// The most bytes that one page command takes: the part's page, or the power of two below it that the programmer can
    /// write in one window with the command and its address.
    pub(super) fn page_room(&self) -> u64 {
        let room = self.programmer.limits().max_write.saturating_sub(HEADER).max(1) as u64;
        self.geometry.page.min(1 << room.ilog2())
    }

    /// Pages of `span` that are not among `pages`: they hold only FF.
    fn blank(&self, span: Span, pages: &[Page<'_>]) -> u64 {
        span.pieces(self.page_room().max(1)).count() as u64 - pages.len() as u64
    }

    /// Sends all pages, in batches; with the last of them, where it is worth trying, what is to be read back.
    fn program_pages(
        &mut self,
        pages: &[Page<'_>],
        mut back: Option<&mut ReadBack<'_>>,
        done: &mut Programmed,
    ) -> Result<(), FlashError> {
        let mut rest = pages;
        let die = self.die_limit();
        while let Some(first) = rest.first() {
            let here = rest.partition_point(|p| p.address / die == first.address / die);
            self.locate(first.address)?;
            let (now, later) = rest.split_at(self.pace.pages().min(here));
            let back = back
                .as_deref_mut()
                .filter(|back| later.is_empty() && self.pace.is_learned() && back.is_in(first.address, die));
            self.program_batch(now, back, done)?;
            rest = later;
        }
        if let (Some(first), Some(last)) = (pages.first(), pages.last())
            && (self.identity.part.status.flag_status || self.steady.sticky != 0)
        {
            self.wait_page(&|| {
                format!("programming the pages from {:#08x} to {:#08x}", first.address, last.address)
            })?;
        }
        Ok(())
    }

    /// One batch, and whatever of it was refused one page at a time.
    fn program_batch(
        &mut self,
        batch: &[Page<'_>],
        mut back: Option<&mut ReadBack<'_>>,
        done: &mut Programmed,
    ) -> Result<(), FlashError> {
        let verdicts = self.send_pages(batch, false, back.as_deref_mut())?;
        done.batches += 1;
        let what = |page: &Page<'_>| format!("programming the page at {:#08x}", page.address);
        if !verdicts.last().is_some_and(|v| v.ended) || verdicts.iter().any(|v| v.noisy) {
            // Invariant: a batch is never empty.
            let last = batch[batch.len() - 1];
            self.wait_page(&|| what(&last))?;
        }
        // A shorter page (its FF ends are not sent) is over earlier: it may lengthen the window, never shorten it.
        let tells = |page: &Page<'_>, took: &Took| {
            page.bytes.len() as u64 == self.geometry.page
                || matches!(took, Took::Above(_))
                || !self.pace.is_learned() && page.bytes.len() as u64 * 4 >= self.geometry.page * 3
        };
        let taken = || batch.iter().zip(&verdicts).filter(|(_, v)| v.taken);
        // A short page's time, stretched, is near a whole one's; less than the typical it is not believed.
        let typical = self.geometry.program.typical;
        let whole = |page: &Page<'_>, took: Took| match page.bytes.len() as u64 {
            len if len < self.geometry.page => took.stretched(self.geometry.page, len).at_least(typical),
            _ => took,
        };
        let times: Vec<Took> = taken()
            .filter_map(|(p, v)| v.took.filter(|took| tells(p, took)).map(|took| whole(p, took)))
            .collect();
        self.pace.observe_all(&times);
        done.pages += taken().count() as u64;
        done.bytes += taken().map(|(p, _)| p.bytes.len() as u64).sum::<u64>();
        let calm = verdicts.iter().all(|v| v.taken && v.ended && !v.noisy);
        if calm {
            self.pace.calm()
        } else {
            self.pace.surprised()
        }
        if let Some(back) = back {
            // A read that came while the chip was busy, or before a page that is still to go, shows nothing.
            back.valid = calm;
        }
        for (page, verdict) in batch.iter().zip(&verdicts) {
            if !verdict.taken {
                if verdict.unseen {
                    self.pace.not_seen();
                }
                self.program_alone(page, done, &|| what(page))?;
            }
        }
        Ok(())
    }

    /// One page, waited for to its end, until the chip has taken it.
    fn program_alone(
        &mut self,
        page: &Page<'_>,
        done: &mut Programmed,
        what: &dyn Fn() -> String,
    ) -> Result<(), FlashError> {
        for _ in 0..ATTEMPTS {
            let verdicts = self.send_pages(std::slice::from_ref(page), true, None)?;
            done.batches += 1;
            done.retried += 1;
            self.wait_page(what)?;
            if verdicts.iter().all(|v| v.taken) {
                done.pages += 1;
                done.bytes += page.bytes.len() as u64;
                return Ok(());
            }
        }
        command::send(&mut self.programmer, &[command::WRITE_DISABLE])?;
        let span = Span::new(page.address, page.address + page.bytes.len() as u64);
        Err(self.why_not_taken(Some(span), what)?)
    }

    fn wait_page(&mut self, what: &dyn Fn() -> String) -> Result<(), FlashError> {
        let busy = self.geometry.program;
        let ready = self.end_work(busy, self.steady, Watch::now(busy), what)?;
        self.check_errors(ready.status, what)
    }

    /// Sends the pages, and the read after them, as one batch and judges each page by its status bytes.
    fn send_pages(
        &mut self,
        pages: &[Page<'_>],
        alone: bool,
        back: Option<&mut ReadBack<'_>>,
    ) -> Result<Vec<Verdict>, FlashError> {
        let shape = Shape::of(self.programmer.limits(), &self.pace);
        let shape = Shape { alone: alone || shape.alone, ..shape };
        let last = if back.is_some() { shape.with_spare() } else { shape };
        let shape_of = |i: usize| if i + 1 == pages.len() { last } else { shape };
        let die = self.die_limit();
        let headers: Vec<Vec<u8>> = pages
            .iter()
            .map(|p| command::with_address(self.addressing.program, p.address % die, self.addressing.width))
            .collect();
        let mut enabled = vec![[0u8; 1]; pages.len()];
        let mut runs: Vec<Vec<u8>> = (0..pages.len()).map(|i| vec![0u8; shape_of(i).run]).collect();
        let mut batch = Vec::with_capacity(4 * pages.len() + 1);
        for (i, (((page, header), enabled), run)) in
            pages.iter().zip(&headers).zip(&mut enabled).zip(&mut runs).enumerate()
        {
            batch.push(Transaction::write(&[WRITE_ENABLE]));
            if shape.proves(page, self.geometry.page) {
                batch.push(Transaction::read(&[READ_STATUS], enabled));
            }
            batch.push(Transaction::write2(header, page.bytes).then_pause(shape_of(i).pause));
            batch.push(Transaction::read(&[READ_STATUS], run));
        }
        let read_header = back.as_ref().map(|back| {
            command::with_address(self.addressing.read, back.span.start % die, self.addressing.width)
        });
        if let (Some(back), Some(header)) = (back, &read_header) {
            batch.push(Transaction::read(header, back.into));
        }
        self.begin_work(self.geometry.program, self.steady);
        self.programmer.run(&mut batch)?;
        drop(batch);
        runs.iter_mut().for_each(|run| self.steady.only_first(run));
        let mut ready_before = true;
        let verdicts: Vec<Verdict> = enabled
            .iter()
            .zip(&runs)
            .zip(pages)
            .enumerate()
            .map(|(i, (([enabled], run), page))| {
                let verdict = judge(
                    self.steady,
                    Seen {
                        ready_before,
                        enabled: shape.proves(page, self.geometry.page).then_some(*enabled),
                        quiet: shape_of(i).pause,
                        run,
                        byte: shape.byte,
                    },
                );
                ready_before = verdict.ended;
                verdict
            })
            .collect();
        if ready_before {
            self.at_work = None;
        }
        Ok(verdicts)
    }
}

/// What is read back after the last page.
struct ReadBack<'a> {
    span: Span,
    into: &'a mut [u8],
    /// The chip was ready when the read was sent, and every page on it.
    valid: bool,
}

impl ReadBack<'_> {
    /// True when it lies in the die of `address`.
    fn is_in(&self, address: u64, die: u64) -> bool {
        [self.span.start, self.span.end.saturating_sub(1)].iter().all(|at| at / die == address / die)
    }
}

/// How a page's wait is cut into pause and status bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    /// Pause after the page command.
    pause: Duration,
    /// Status bytes after it.
    run: usize,
    /// The programmer pauses by itself: the status bytes begin when the page is nearly done.
    pauses: bool,
    /// The page goes by itself, after one that was refused, or pages cannot be seen busy.
    alone: bool,
    /// Time of one byte.
    byte: Duration,
}

impl Shape {
    /// Whether a status byte goes between write enable and page command. Without one, BUSY right after the command is
    /// the proof; a page of a few bytes (20 us and 2.5 us a byte, W25Q64FV) may be over before it can be seen.
    fn proves(&self, page: &Page<'_>, full: u64) -> bool {
        self.pauses || self.alone || (page.bytes.len() as u64) < (full / 2).max(64)
    }

    /// A quarter longer: a read after a page that is slower than the others would be ignored.
    fn with_spare(self) -> Self {
        match self.pauses {
            true => Self { pause: self.pause + self.pause / 4, ..self },
            false => Self { run: self.run + self.run / 4, ..self },
        }
    }

    fn of(limits: Limits, pace: &Pace) -> Self {
        let byte = limits.wire_time(1).max(Duration::from_nanos(1));
        let window = pace.window();
        // The first page is watched from its beginning.
        let paused = limits.pauses && pace.is_learned();
        let pause = if paused { window * PAUSED / 1000 } else { Duration::ZERO };
        let room = limits.max_transaction.saturating_sub(HEADER).max(2) as u128;
        let run = (window - pause).as_nanos().div_ceil(byte.as_nanos());
        Self {
            pause,
            run: run.clamp(2, MOST_STATUS.min(room)) as usize,
            pauses: limits.pauses,
            alone: pace.is_unseen(),
            byte,
        }
    }
}
