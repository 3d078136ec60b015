//! The right to erase and program: given for spans of one chip, by whoever has the backup.

use super::FlashError;
use crate::span::{Span, Spans};

/// Right to erase and program these bytes of the chip with this id.
///
/// The program gives one only for a confirmed plan and a stored, verified backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    spans: Spans,
    jedec_id: Vec<u8>,
}

impl Permit {
    /// For `workflow` alone, which has stored the backup and had the plan confirmed.
    pub(crate) fn for_confirmed_plan(spans: Spans, jedec_id: &[u8]) -> Self {
        Self { spans, jedec_id: jedec_id.to_vec() }
    }

    /// For users of the library: by calling this you say that what is in `spans` is stored elsewhere, was
    /// compared with a second read, and may be destroyed.
    pub fn contents_are_backed_up(spans: Spans, jedec_id: &[u8]) -> Self {
        Self { spans, jedec_id: jedec_id.to_vec() }
    }

    /// What may be erased and programmed.
    pub fn spans(&self) -> &Spans {
        &self.spans
    }

    /// Refuses a span that is not wholly covered, or another chip.
    pub(crate) fn check(&self, span: Span, jedec_id: &[u8]) -> Result<(), FlashError> {
        if self.jedec_id != jedec_id {
            return Err(FlashError::OtherChip { permitted: self.jedec_id.clone(), found: jedec_id.to_vec() });
        }
        if !self.spans.covers(span) {
            return Err(FlashError::NotAllowed { span, allowed: self.spans.clone() });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_covers_its_spans_on_its_chip_only() {
        let permit =
            Permit::contents_are_backed_up(Spans::from(Span::new(0x1000, 0x3000)), &[0xEF, 0x40, 0x17]);
        assert_eq!(permit.check(Span::new(0x1000, 0x3000), &[0xEF, 0x40, 0x17]), Ok(()));
        for span in [Span::new(0xFFF, 0x1001), Span::new(0x2FFF, 0x3001)] {
            assert!(matches!(permit.check(span, &[0xEF, 0x40, 0x17]), Err(FlashError::NotAllowed { .. })));
        }
        assert!(matches!(
            permit.check(Span::new(0x1000, 0x2000), &[0xC2, 0x20, 0x17]),
            Err(FlashError::OtherChip { .. })
        ));
    }
}
