//! Levels of spare pins: what a reset, write-protect or hold line is held at while the clip is in use.

/// A level a spare pin is held at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Ground.
    Low,
    /// The pin's supply.
    High,
}
