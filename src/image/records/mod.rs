//! Images as text: Intel HEX and Motorola S-records, read into bytes with their address and written from them. Pure.
//!
//! Sources: Intel, "Hexadecimal Object File Format Specification", revision A, 1988; Motorola, "M68000 Family Programmer's
//! Reference Manual", appendix C.

mod read;
mod write;

pub use read::{Fault, TextFault, TextFormat, TextImage, decode};
pub use write::encode;
