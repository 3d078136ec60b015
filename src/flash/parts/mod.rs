//! What is known of each part before it is asked: knowledge as data, one readable TOML file a vendor.
//!
//! [`by_id`] gives the rows of an id, `resolve` picks one of them by evidence the chip gave. Rows name their
//! schemes (protection, security registers, status registers, 4-byte addresses) from `schemes.toml`, so a new part
//! is one row. A vendor's file is read when an id of that vendor is first asked for. Nothing here talks to a chip.
//!
//! Facts: each row names its source; `doc:` is a datasheet, the other words are other tools' tables, read for facts.

mod family;
mod load;
mod resolve;
mod row;
mod schemes;
mod search;
mod text;
mod voltage;

pub(crate) use load::by_probe;
pub use load::{by_id, parts};
pub(crate) use resolve::{Evidence, Resolved, among, may_ask_sr2, resolve};
pub(crate) use search::by_name;
pub use search::{names, search};
pub(crate) use voltage::{Supply, supply_of_id};
