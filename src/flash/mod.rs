//! The chip on the clip: who it is, read, erase, program, verify, protection, security registers.

pub mod geometry;
pub mod part;
pub mod parts;
