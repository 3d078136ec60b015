//! A board that a dump may be of.

use std::borrow::Cow;

use crate::image::boards::Board;

/// A board that a dump may be of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Recognised {
    /// The board: one of the program's, or one made from a device tree.
    pub board: Cow<'static, Board>,
    /// By what, in words.
    pub by: Vec<String>,
    /// True when something names the board, and not only agrees with it.
    pub named: bool,
}
