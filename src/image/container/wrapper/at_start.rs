//! The one wrapper that a file starts with.

use super::wrapped::Wrapped;
use super::{
    archive, cabinet, capsule, dell, dlink, insyde, linksys, netgear, pfat, phoenix, toshiba, ucp, xiaomi,
};
use crate::image::container::budget::Look;

type Read = fn(&mut Look) -> Option<Wrapped>;

/// Every wrapper; those with a magic number first.
const WRAPPERS: [Read; 19] = [
    netgear::dni,
    netgear::chk,
    linksys::header,
    linksys::chdr,
    xiaomi::hdr,
    dlink::shrs,
    capsule::capsule,
    pfat::pfat,
    insyde::iflash,
    ucp::ucp,
    dell::pfs,
    phoenix::tdk,
    toshiba::com,
    cabinet::cabinet,
    archive::tar,
    archive::zip,
    dlink::dap_2,
    dlink::dap_1,
    linksys::trailer,
];

/// The wrapper that the file starts with.
pub(crate) fn at_start(look: &mut Look) -> Option<Wrapped> {
    WRAPPERS.iter().find_map(|read| read(look))
}
