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

/// No file has more wrappers within wrappers than this.
const DEEPEST: usize = 5;

/// The wrapper that the file starts with, and those that are in it as they are, each with where it starts.
pub(crate) fn nested(look: &mut Look) -> Vec<(u64, Wrapped)> {
    let Some(outer) = at_start(look) else { return Vec::new() };
    let mut found = vec![(0, outer)];
    while let Some((start, wrapped)) = found.last().filter(|_| found.len() < DEEPEST) {
        let Some(image) = wrapped.inside.image().map(|span| span.shifted(*start)) else { break };
        let Some(inner) = image.of(look.bytes).and_then(|bytes| at_start(&mut Look::new(bytes))) else {
            break;
        };
        found.push((image.start, inner));
    }
    found
}

/// The wrapper that the file starts with.
pub(crate) fn at_start(look: &mut Look) -> Option<Wrapped> {
    WRAPPERS.iter().find_map(|read| read(look))
}
