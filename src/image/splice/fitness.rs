//! Whether a file is fit for its use on this board: as a donor, as the board's own dump, as a rescue file.
//!
//! What the splice makes has passed these checks; here they judge files that somebody else made.

use super::rescue::check_tftp;
use crate::image::boards::Board;
use crate::image::checks::Finding;
use crate::image::donor::Anatomy;
use crate::image::donor::Donor;
use crate::image::donor::dump;
use crate::image::error::ImageError;

/// What a file is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Regions are taken from it.
    Donor,
    /// It is the board's own dump.
    Dump,
    /// The loader's rescue fetches it.
    Tftp,
}

impl Use {
    /// Every use.
    pub const ALL: [Use; 3] = [Self::Donor, Self::Dump, Self::Tftp];

    /// `donor`, `dump` or `tftp`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Donor => "donor",
            Self::Dump => "dump",
            Self::Tftp => "tftp",
        }
    }

    /// Reads `donor`, `dump` or `tftp`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|meant| meant.name() == text)
    }
}

/// The findings against using `bytes` in this way on `board`, and those worth knowing; `what` names them in messages.
///
/// # Errors
/// [`ImageError::NotForThisBoard`] for a rescue file where nothing is known of the board's rescue.
pub fn judge(bytes: Vec<u8>, what: &str, meant: Use, board: &Board) -> Result<Vec<Finding>, ImageError> {
    match meant {
        Use::Dump => Ok(dump::judge(&bytes, what, board)),
        Use::Donor => Ok(Anatomy::of(&Donor::new(what, bytes), board).findings),
        Use::Tftp => check_tftp(board, &bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Severity;
    use crate::image::synthetic::{self, FirmwareSpec};

    fn refused(bytes: &[u8], meant: Use) -> Vec<&'static str> {
        let board = Board::named("archer-mr200-v1").unwrap();
        let findings = judge(bytes.to_vec(), "file", meant, board).unwrap();
        findings.iter().filter(|f| f.severity == Severity::Refuse).map(|f| f.name).collect()
    }

    #[test]
    fn a_file_fits_one_use_and_not_another() {
        let demo = synthetic::demo();
        let sysupgrade = synthetic::sysupgrade(&FirmwareSpec::default(), &["tplink,archer-mr200"]);
        let none = [""; 0];
        assert_eq!(refused(&demo.board, Use::Dump), none);
        assert_eq!(refused(&demo.vendor, Use::Donor), none);
        assert_eq!(refused(&sysupgrade, Use::Donor), none);
        assert_eq!(refused(&demo.board[..0x7d_0000], Use::Tftp), none);
        assert_eq!(refused(&[&demo.board[..0x2_0000], &sysupgrade].concat(), Use::Tftp), none);
        assert_eq!(refused(&demo.vendor, Use::Dump), ["chip-size"]);
        assert_eq!(refused(&[0xff; 0x80_0000], Use::Dump), ["blank-dump"]);
        assert_ne!(refused(&sysupgrade, Use::Tftp), none);
        assert_ne!(refused(&demo.vendor, Use::Tftp), none);
    }
}
