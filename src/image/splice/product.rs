//! What a splice came out as, for those who judge it.

use super::choice::Purpose;
use super::compose::Composed;
use crate::span::Span;

/// What came out.
pub(super) struct Product<'a> {
    /// The whole chip as it is composed.
    pub chip: &'a [u8],
    /// The file made of it.
    pub file: &'a Composed,
    /// What was edited as the user chose.
    pub edited: &'a [Span],
    /// What the file is for.
    pub purpose: Purpose,
}
