//! The mark that OpenWrt puts where its overlay is to be formatted at the next start.

/// The four bytes.
pub(crate) const FORMAT_MARK: [u8; 4] = [0xde, 0xad, 0xc0, 0xde];
