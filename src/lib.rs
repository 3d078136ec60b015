//! norsplice: back up, splice and rewrite SPI NOR flash through a CH341A or FT2232H clip.
//!
//! A *batch* of SPI transactions goes down as bytes, a *plan* is computed in between, an *event* comes up.
//! Everything that decides is a pure function; everything that acts takes a plan. The layers, top to bottom:
//!
//! | layer | knows | subject |
//! |---|---|---|
//! | [`cli`] | all | arguments, progress, what is printed, exit codes |
//! | [`workflow`] | `flash`, `plan`, `image`, `spi`, `span` | contact, backup, rewrite, journal, resume, the store |
//! | [`report`] | `image`, `plan`, `flash::geometry`, `span` | a job or backup as a page or picture |
//! | [`plan`] | `flash::geometry`, `image`, `span` | what to erase and program, in which order |
//! | [`image`] | `span` | regions, boards, containers, the splice |
//! | [`flash`] | `spi`, `span` | the chip: who it is, read, erase, program, verify, protection, security registers |
//! | [`programmer`] | `spi`, `usb` | CH341A packets and MPSSE streams: pure codecs and one driver |
//! | [`spi`] | `usb::UsbError` | transactions, the `Programmer` trait, embedded-hal faces |
//! | [`usb`] | nobody | the `Pipe` trait; `host` is the only file that names rusb |
//! | [`emulator`] | `usb` | chip and programmers at the USB level, with constants of their own |
//! | [`span`], [`units`] | nobody | byte ranges; sizes, clocks, durations as text |

#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod cli;
pub mod emulator;
pub mod flash;
pub mod image;
pub mod plan;
pub mod programmer;
pub mod report;
pub mod span;
pub mod spi;
pub mod units;
pub mod usb;
pub mod workflow;
