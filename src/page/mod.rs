//! The page for a browser on this machine: a small server for its files, joined to one session by a WebSocket.
//!
//! It listens on a loopback address only. Each request has to name that address as its `Host`, come from the page itself
//! where it has an `Origin`, and carry the random token of the address that was printed. One tab is in charge: its lines
//! go to the session. The others see the same lines in answer, and may take over. A tab that is closed ends nothing; a
//! new one is sent the lines of the running request. Everything is bounded: heads, messages, files, connections, time.
//!
//! The page itself is in the folder `page/` of the sources; `hw-notes/page.md` describes it.

mod assets;
mod exchange;
mod gate;
mod head;
mod hub;
mod limits;
mod listen;
mod reply;
mod server;
mod shelf;
mod tab;

pub use listen::{Listen, ListenFault};
pub use server::PageServer;
