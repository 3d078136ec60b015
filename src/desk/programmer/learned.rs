//! What this run has learned of its programmers: which is driven in a slower way, and that it was said.

use crate::spi::LinkNotice;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What was said of each programmer, by its name. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Learned(Arc<Mutex<BTreeMap<String, Vec<LinkNotice>>>>);

impl Learned {
    /// True for a programmer that was driven in a slower way before: it begins in plain mode.
    pub(super) fn slower(&self, name: &str) -> bool {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        said.get(name).is_some_and(|said| !said.is_empty())
    }

    /// Those of the notices that say something which was not said yet: another reason is nothing new.
    pub(super) fn news(&self, name: &str, notices: Vec<LinkNotice>) -> Vec<LinkNotice> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let said = all.entry(name.to_owned()).or_default();
        let mut news = Vec::new();
        for notice in notices {
            let LinkNotice::Slower { now, .. } = &notice;
            if !said.iter().any(|LinkNotice::Slower { now: before, .. }| before == now) {
                said.push(notice.clone());
                news.push(notice);
            }
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::front::{Front, Notice};
    use super::super::super::{Answer, Desk, Question, Refusal};
    use super::super::ProgrammerChoice;
    use crate::span::Span;
    use std::cell::RefCell;
    use std::ops::ControlFlow;

    /// Keeps what is said of the link.
    #[derive(Default)]
    struct Heard(RefCell<Vec<String>>);

    impl Front for Heard {
        fn notice(&self, notice: Notice<'_>) -> ControlFlow<()> {
            if let Notice::Link(notice) = notice {
                self.0.borrow_mut().push(notice.to_string());
            }
            ControlFlow::Continue(())
        }
        fn ask(&self, _: &Question<'_>) -> Answer {
            panic!("nothing is asked")
        }
    }

    /// Bytes of a read in the shape in which the programmer is opened and left.
    fn work(desk: &Desk, heard: &Heard) -> (usize, usize) {
        desk.with_chip::<_, Refusal>(heard, |chip, _| {
            let before = chip.programmer().limits().read_batch;
            chip.read_to_vec(Span::new(0, 0x2_0000))?;
            Ok((before, chip.programmer().limits().read_batch))
        })
        .unwrap()
    }

    /// As the guide does it: each job opens the programmer anew, by the desk's clones.
    #[test]
    fn a_slower_way_is_said_once_and_kept_for_the_jobs_that_follow() {
        for (emu, notices) in [
            ("emu:programmer=ft232h,quirk=stops", 1),
            ("emu:programmer=ch341a,quirk=cs-early", 1),
            ("emu:programmer=ft232h,quirk=stops-600", 1),
        ] {
            let desk = Desk { programmer: ProgrammerChoice::parse(emu).unwrap(), ..Desk::default() };
            let heard = Heard::default();
            let (fast, after) = work(&desk, &heard);
            assert_eq!(after, 4096, "{emu}");
            assert!(fast > 4096 || emu.contains("cs-early"), "{emu}: the first proof needs no chip");
            assert_eq!(heard.0.borrow().len(), notices, "{emu}: {:?}", heard.0.borrow());
            for _ in 0..3 {
                let again = Desk { programmer: ProgrammerChoice::parse(emu).unwrap(), ..desk.clone() };
                assert_eq!(work(&again, &heard), (4096, 4096), "{emu}");
            }
            assert_eq!(heard.0.borrow().len(), notices, "{emu}: {:?}", heard.0.borrow());
        }
        // Another programmer, and a run of its own, know nothing of it.
        let other = "emu:programmer=ft2232h";
        let desk = Desk { programmer: ProgrammerChoice::parse(other).unwrap(), ..Desk::default() };
        assert!(work(&desk, &Heard::default()).1 > 4096);
    }
}
