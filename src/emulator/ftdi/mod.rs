//! The FTDI H chips as USB devices: FT2232H, FT232H, FT4232H, with their MPSSE engines.
//!
//! A port is two FIFOs, a latency timer and an engine ([`mpsse`]) on a serial wire; a device is one to four of them
//! behind control requests. Sources: FTDI AN_108 (MPSSE commands), AN_135 (MPSSE basics), AN232B-04 (latency timer and
//! status bytes), the data sheets' FIFO sizes (4 KiB each way a port on FT2232H, 2 KiB on FT4232H, 1 KiB on FT232H;
//! pyftdi notes that the data sheets contradict each other), libftdi's request numbers. Unmeasured: whether a command
//! that shifts nothing takes time (here: none).

mod device;
mod mpsse;
mod port;

pub(super) use device::{Ftdi, FtdiKind, endpoints};
