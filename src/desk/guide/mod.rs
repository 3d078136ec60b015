//! The guide: a wizard from the programmer to the verified chip, without a screen.
//!
//! [`Guide`] is the state: where the user is, what is known, what can be chosen. The user's actions are its methods;
//! what a worker has found out comes in as [`Update`]s. Both give the next [`Ask`] for the worker. [`work`] runs on a
//! thread of its own and does what the commands do, through the same functions of the desk.
//! A front end draws the state and turns keys or clicks into actions.

mod actions;
mod chosen;
mod files;
mod message;
mod picture;
mod saved;
mod state;
mod way;
mod wish;
mod worker;

pub use message::{Ask, Contact, Done, Finished, Found, Preview, Update};
#[cfg(test)]
pub(crate) use message::{BackedUp, ChipFacts, OpenJob, PlanToConfirm, Try};
pub use picture::CellState;
pub use saved::Saved;
pub use state::{Guide, Step};
pub use way::{Field, Way};
pub use worker::{Setup, work};
