//! What vendors and download pages put around a firmware: headers, trailers, capsules, archives.
//!
//! A wrapper covers a file from its first byte on; what goes to flash is in it. Each has a sum or a second structure
//! that must hold. One file for each maker; sources are named in each.

mod archive;
mod at_start;
mod cabinet;
mod capsule;
mod dell;
mod dell_entries;
mod dlink;
mod fmp;
mod guard;
mod insyde;
mod linksys;
mod members;
mod netgear;
mod part;
mod pfat;
mod phoenix;
mod toshiba;
mod ucp;
mod wrapped;
mod xiaomi;

pub(crate) use archive::{MEMBERS, MOST_UNPACKED};
pub(crate) use at_start::{at_start, nested};
pub(crate) use members::members;
pub(crate) use part::{About, Data, State, Target, image};
pub(crate) use wrapped::{Inside, Wrapped};

/// Wrapped files for tests of what removes them.
#[cfg(test)]
pub(crate) mod samples {
    pub(crate) use super::cabinet::tests::made as cabinet;
    pub(crate) use super::capsule::tests::make as capsule;
    pub(crate) use super::dell::tests::made_update as dell;
    pub(crate) use super::dlink::tests::{dap, shrs_image as shrs};
    pub(crate) use super::fmp::tests::made as fmp;
    pub(crate) use super::insyde::tests::{made as insyde, packer_of as packer};
    pub(crate) use super::linksys::tests::{with_chdr, with_trailer};
    pub(crate) use super::netgear::tests::{make_chk as chk, make_dni as dni};
    pub(crate) use super::pfat::tests::made as pfat;
    pub(crate) use super::phoenix::tests::made as phoenix;
    pub(crate) use super::toshiba::tests::made as toshiba;
    pub(crate) use super::ucp::tests::made as ucp;
    pub(crate) use super::xiaomi::tests::make as xiaomi;
}
