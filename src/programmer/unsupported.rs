//! Devices that are programmers, or take a programmer's place on the bench, and are not driven here: they are named where
//! they are seen.
//!
//! Source: Linux's `ftdi_sio_ids.h` (FTDI's HP family).

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

/// Every one that is known. One that gets a driver becomes a row of [`MODELS`](super::MODELS) in place of this one.
pub static UNSUPPORTED: &[Unsupported] = &[
    row(0x0403, 0x6040, "FT2233HP"),
    row(0x0403, 0x6041, "FT4233HP"),
    row(0x0403, 0x6042, "FT2232HP"),
    row(0x0403, 0x6043, "FT4232HP"),
    row(0x0403, 0x6044, "FT233HP"),
    row(0x0403, 0x6045, "FT232HP"),
];
