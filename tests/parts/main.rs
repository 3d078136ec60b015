//! Every emulated part driven through probe, write and one-time memory.

mod direct;
mod every_part;
mod session;
