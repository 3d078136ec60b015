//! Addresses of the processor and places in its flash: the flash ends at 4 GiB.

/// One past the last address of the flash, as the processor sees it.
const TOP: u64 = 1 << 32;

/// The place of an address of the processor in a flash, or a part of one that ends with it; `None` outside of it.
pub fn offset(flash: &[u8], address: u64) -> Option<u64> {
    let len = flash.len() as u64;
    address.checked_sub(TOP.checked_sub(len)?).filter(|offset| *offset < len)
}
