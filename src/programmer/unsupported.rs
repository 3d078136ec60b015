//! Devices that are programmers, or take a programmer's place on the bench, and are not driven here: they are named where
//! they are seen.
//!
//! Source: WCH's `ch341par_linux` (CH346C).

/// A programmer that is not driven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// idVendor and idProduct.
    pub ids: (u16, u16),
    /// Its name.
    pub name: &'static str,
}

const fn row(vendor: u16, product: u16, name: &'static str) -> Unsupported {
    Unsupported { ids: (vendor, product), name }
}

/// Every one that is known. One that gets a driver becomes a row of [`models`](super::models()) in place of this one.
pub static UNSUPPORTED: &[Unsupported] = &[row(0x1A86, 0x55EB, "CH346C")];
