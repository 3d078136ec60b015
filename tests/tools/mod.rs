//! norsplice and other people's tools: what they make is inspected and spliced, what is served they fetch.
//!
//! A test whose tool is missing says so and passes; with `NORSPLICE_NEED_TOOLS` set it fails, which is how CI runs it.

mod bench;
mod containers;
mod ifdtool;
mod tftp;
