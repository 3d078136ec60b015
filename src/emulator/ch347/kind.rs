//! Which of the two a CH347 is, and the endpoints that both have.

/// Bulk OUT endpoint of the SPI interface.
pub(in crate::emulator) const OUT: u8 = 0x06;
/// Bulk IN endpoint of the SPI interface.
pub(in crate::emulator) const IN: u8 = 0x86;
/// `wMaxPacketSize` of both.
pub(super) const PACKET: usize = 512;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emulator) enum Ch347Kind {
    /// CH347T in mode 1, 1a86:55db.
    T,
    /// CH347F, 1a86:55de.
    F,
}
