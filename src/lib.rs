//! norsplice: back up, splice and rewrite SPI NOR flash through a CH341A, CH347 or FT2232H clip.
//!
//! A *batch* of SPI transactions goes down as bytes, a *plan* is computed in between, an *event* comes up.
//! Everything that decides is a pure function; everything that acts takes a plan. The layers, top to bottom:
//!
//! | layer | knows | subject |
//! |---|---|---|
//! | [`cli`] | `page`, `session`, `desk`, `wire`, `workflow`, `report`, `plan`, `image`, `flash`, `programmer`, `spi`, `emulator`, `span`, `units` | arguments, progress, what is printed, exit codes |
//! | [`page`] | `session`, `wire`, `desk` | the page in a browser of this machine: its files, their server, who may use it |
//! | [`session`] | `desk`, `wire`, `workflow`, `report`, `image`, `flash`, `programmer`, `spi`, `span`, `units` | the session protocol: JSON lines in and out, a front end beside `cli` |
//! | [`wire`] | `desk`, `workflow`, `report`, `plan`, `image`, `flash`, `programmer`, `span` | the JSON form of events, results, questions, refusals and findings |
//! | [`desk`] | `workflow`, `report`, `plan`, `image`, `flash`, `programmer`, `spi`, `emulator`, `span`, `units` | everything a front end asks for, in types: order, rewrite, programmer, refusal |
//! | [`workflow`] | `flash`, `plan`, `spi`, `span`, `units` | contact, backup, rewrite, journal, resume, the store |
//! | [`report`] | `span`, `units` | a job or backup as a page or picture |
//! | [`plan`] | `flash::geometry`, `span` | what to erase and program, in which order |
//! | [`image`] | `span`, `units` | regions, boards, containers, the splice |
//! | [`flash`] | `spi`, `span`, `units` | the chip: who it is, read, erase, program, verify, protection, security registers |
//! | [`programmer`] | `spi`, `usb`, `units` | CH341A packets and MPSSE streams: pure codecs and one driver |
//! | [`spi`] | | transactions, the `Programmer` trait, embedded-hal faces |
//! | [`usb`] | `spi` | the `Pipe` trait; `host` is the only part that names rusb; its error becomes that of `spi` |
//! | [`emulator`] | `usb` | chip and programmers at the USB level, with constants of their own |
//! | [`span`], [`units`] | | byte ranges; sizes, clocks, durations as text |
//!
//! `tests/layers.rs` reads this table: a layer that names another one, and a name here that no code uses, fail it.
//!
//! The feature `cli` adds the program, `host` what a machine has and a page has not: USB through rusb, and the servers for
//! USB/IP and TFTP. Without both the library builds for `wasm32-wasip1` too, where programmers are reached by functions of the page
//! around the module (`usb::host` is `src/usb/web` then); elsewhere over a [`usb::Pipe`] of the caller's own ([`programmer::over`]).
//!
//! # Along the way of the data
//!
//! **A read.** [`workflow::reading`] asks a [`flash::Chip`] for a span and compares the second read as it comes in.
//! [`Chip::read`](flash::Chip::read) cuts the span into pieces that this programmer moves best and makes each one a
//! [`spi::Transaction`]: one chip-select window of command, address and a buffer. `programmer::Driver` hands a batch of
//! them to its `programmer::Codec`, which is pure: OUT transfers, and a [`usb::Reply`] that knows which of the bytes to
//! come belong into which buffer, and how many IN transfers may be asked for. A [`usb::Pipe`] keeps both directions in
//! flight until the reply is complete; `usb::queue` does it on libusb, [`emulator::EmulatedPipe`] in virtual time. A batch
//! never branches, so nothing waits for a round trip within it.
//!
//! **A write** is a read first. [`workflow::job::run`] is the only way: contact tests, the backup (two reads by two
//! engines, into the [`workflow::Store`]), what is wanted, the plan, the question, the journal, the work. What is
//! wanted comes from [`image::splice()`], which takes donors apart by their structure ([`image::inspect`]), lays their
//! regions over the board's own dump and refuses with every reason at once. [`plan::plan`] compares that with what is on
//! the chip and weighs the nested erase sizes by the chip's times and this programmer's costs
//! ([`Chip::costs`](flash::Chip::costs)). A confirmed plan gives a [`flash::Permit`], without which no erase and no program
//! is sent. `workflow::rewrite` takes step after step: a line in the [`workflow::journal`], erase, program, read back,
//! a line again; so one block at most is ever undefined, and [`workflow::resume`] knows which.
//!
//! **A page** is four transactions: write enable, status, page program, status. `flash::program` sends many pages in one
//! batch, with a pause in the programmer or a run of status bytes between them, and learns from those bytes how long
//! this very chip takes (`flash::pace`). A page that the chip was too busy to take shows it in its status and is sent again.
//!
//! **Upwards** go events ([`workflow::Event`]), whose answer can be "stop", and errors, one enum a layer with the one below
//! as its source. [`cli`] turns them into progress, JSON lines and exit codes; nothing below it prints.

//!
//! # Entry points
//!
//! | for | take |
//! |---|---|
//! | a front end: what the commands and the guide do | [`desk::rewrite`], with an implementation of [`desk::Front`] (`examples/front_end.rs`) |
//! | a chip | [`programmer::open`] or [`programmer::over`], then [`flash::Chip::connect`] |
//! | a job on a chip | [`workflow::backup::backup`], [`workflow::job::run`] (`examples/plan.rs`), [`workflow::resume::resume`] and [`workflow::restore::restore`] (`examples/undo.rs`) |
//! | a file | [`image::inspect::inspect`], [`image::Donor`], [`image::splice()`] (`examples/splice.rs`) |
//! | what to erase and program | [`plan::diff`], [`plan::plan`] |
//! | a page or picture | [`report::page`], [`report::svg`] |
//! | JSON of events, questions and results | [`wire`] |
//! | a chip and programmer in software | [`emulator::Emulator`] |
//!
//! A chip, over any pipe; here the emulator's:
//!
//! ```
//! use norsplice::{emulator::{Emulator, Options}, flash::Chip, programmer::{self, Settings}, span::Span};
//!
//! let emulator = Emulator::new(Options::default())?;
//! let mut chip = Chip::connect(programmer::over(emulator.pipe(), &Settings::parse("ch341a")?)?)?;
//! assert_eq!(chip.identity().part_name, "W25Q64FV");
//! assert_eq!(chip.read_to_vec(Span::new(0x1000, 0x1004))?, [0xff; 4]);
//! chip.release()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A job on it: two reads by two engines, and the backup is in the store:
//!
//! ```
//! # use norsplice::{emulator::{Emulator, Options, ProgrammerKind}, flash::Chip, programmer::{self, Settings}};
//! use norsplice::workflow::{Store, backup::{BackupOptions, backup}};
//! use std::ops::ControlFlow;
//!
//! # let emulator = Emulator::new(Options::new(ProgrammerKind::Ft2232h))?;
//! # let mut chip = Chip::connect(programmer::over(emulator.pipe(), &Settings::parse("ft2232h")?)?)?;
//! # let folder = tempfile::tempdir()?;
//! let store = Store::open_locked(&folder.path().join("store"))?;
//! let mut options = BackupOptions::default();
//! options.blank_allowed = true;
//! backup(&mut chip, &store, &options, &mut |_event| ControlFlow::Continue(()))?;
//! assert_eq!(store.list()?.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A file, taken apart by its structure, and what two versions of it differ in:
//!
//! ```
//! use norsplice::{image::{inspect::inspect, synthetic}, plan::diff};
//!
//! let board = synthetic::demo().board;
//! assert!(inspect(&board).items.iter().any(|item| item.kind.name() == "tplink-v3"));
//! let mut other = board.to_vec();
//! other[0x2_0100] ^= 0xff;
//! assert_eq!(diff(&board, &other).len(), 1);
//! ```
//!
//! What such a change needs on a chip, and its picture:
//!
//! ```
//! # use norsplice::{emulator::{Emulator, Options}, flash::Chip, image::synthetic, programmer::{self, Settings}};
//! use norsplice::plan::{Bounds, plan};
//! use norsplice::report::{Map, svg};
//! use norsplice::span::{Span, Spans};
//!
//! # let emulator = Emulator::new(Options::default())?;
//! # let chip = Chip::connect(programmer::over(emulator.pipe(), &Settings::parse("ch341a")?)?)?;
//! let now = vec![0x55; 8 << 20];
//! let mut wanted = now.clone();
//! wanted[0x2_0100] = 0xff;
//! let bounds = Bounds::from(Spans::from(Span::new(0x2_0000, 0x3_0000)));
//! let steps = plan(&now, &wanted, chip.geometry(), &chip.costs(), &bounds)?;
//! assert_eq!((steps.counts().erases, steps.counts().erased), (1, 0x1000));
//! let map = Map::of(&now, &wanted, 0x1000, &Spans::default());
//! assert!(svg(&map, &[("firmware".into(), Span::new(0x2_0000, 0x3_0000))], "one byte").starts_with("<svg"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The same as a page, and in the JSON form:
//!
//! ```
//! use norsplice::report::{Report, page};
//! use norsplice::{desk::Question, wire};
//!
//! let (now, wanted) = (vec![0x55; 0x2000], vec![0x54; 0x2000]);
//! let report = Report { title: "A write".into(), before: &now, after: Some(&wanted), sector: 0x1000, ..Report::default() };
//! assert!(page(&report).contains("A write"));
//! let asked = wire::question(&Question::DropJob { job: "20261126-162754" });
//! let line = wire::event("question", None, asked).to_string();
//! assert!(line.starts_with(r#"{"event":"question","kind":"drop-job","digest":""#));
//! ```

#![deny(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "cli")]
pub mod cli;
pub mod desk;
pub mod emulator;
pub mod flash;
pub mod image;
#[cfg(feature = "page")]
pub mod page;
pub mod plan;
pub mod programmer;
pub mod report;
pub mod session;
pub mod span;
pub mod spi;
pub mod units;
pub mod usb;
pub mod wire;
pub mod workflow;
