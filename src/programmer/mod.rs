//! CH341A and CH347 packets and MPSSE streams: pure codecs, and one driver that runs them over a pipe.
//!
//! A `Codec` turns a batch of SPI transactions into OUT transfers and knows where each byte of the answer belongs;
//! `Driver` runs it over any [`Pipe`](crate::usb::Pipe), real or emulated, and is the
//! [`Programmer`](crate::spi::Programmer) the flash layer sees. Assumed of the pipe: OUT and IN are in flight
//! together, every wait is bounded, and after an error nothing is in flight.

mod assumption;
mod attached;
mod ch341a;
mod ch347;
mod codec;
mod cut;
mod driver;
pub mod flashrom;
mod ftdi;
mod ftdi_models;
mod heeding;
mod ladder;
mod model;
mod models;
mod mpsse;
mod open;
mod opening;
mod pins;
mod possible;
pub mod selftest;
mod serprog;
mod shape;
pub(crate) mod spec;
mod spidev;
mod unsupported;

pub use attached::{Attached, attached, only};
pub(crate) use ch341a::Ch341a;
pub(crate) use ch347::Ch347;
pub(crate) use codec::Codec;
pub(crate) use driver::Driver;

pub use model::{Model, Opened, Settings, SpiClock};
pub use models::models;
pub(crate) use mpsse::Mpsse;
pub use open::{answering_port, open, self_test};
pub use opening::over;
pub(crate) use opening::self_test_over;
pub use pins::Level;
pub use possible::possible_below;
pub use possible::{Possible, possible};
pub use shape::Shape;
pub use unsupported::Unsupported;
