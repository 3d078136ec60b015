//! The contents of a whole chip, or of a file for it, as bytes.

use std::ops::Deref;

use sha2::Sha256;

use crate::units::{hex, one_value, sum};

/// Bytes as they are, or are to be, in a chip from address 0.
#[derive(Clone, PartialEq, Eq)]
pub struct Image(Vec<u8>);

impl Image {
    /// Takes the bytes as they are.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, given away.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// SHA-256 of the bytes, as 64 lower-case hex digits.
    pub fn sha256(&self) -> String {
        sha256(&self.0)
    }
}

/// SHA-256 as 64 lower-case hex digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&sum::<Sha256>(bytes))
}

/// True when every byte is `ff`, or every byte is `00`: an erased flash, or a bus that nothing drives.
pub(crate) fn is_blank(bytes: &[u8]) -> bool {
    bytes.is_empty() || matches!(one_value(bytes), Some(0x00 | 0xff))
}

impl Deref for Image {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Image {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for Image {
    /// Length and hash; the bytes are of no use in a message.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({} bytes, sha256 {})", self.0.len(), self.sha256())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_is_all_ff_or_all_00() {
        assert!(is_blank(&[0xff; 9]) && is_blank(&[0; 9]) && is_blank(&[]));
        assert!(!is_blank(&[0xff, 0]) && !is_blank(&[0x55; 4]));
    }

    #[test]
    fn the_hash_is_sha256() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Image::new(b"abc".to_vec()).sha256(), known);
    }
}
