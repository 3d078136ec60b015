//! The operations of a request: one row each in `table`, thin ways to the desk in the others.

mod demo;
mod looks;
mod on_chip;
mod order;
mod otp;
mod part;
mod stored;
mod table;
mod work;

pub use table::{names, run};
pub use work::{Fault, Work};
