//! Every emulated part, and chips built from a table of other tools' facts, driven through probe, write and one-time memory.

mod direct;
mod every_part;
mod session;
