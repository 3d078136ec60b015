//! What every front end asks for, in types: order, rewrite, jobs, subjects, programmers, reports, and why not.
//!
//! A front end makes a [`Desk`] (which programmer, under which conditions) and implements [`Front`]: it takes [`Notice`]s
//! and answers [`Question`]s. It hands in a [`Wish`] or a [`Place`], and gets a result in types or a [`Refusal`]. There is
//! no terminal here, no command line, no exit code, and no JSON between a front end and the desk. `examples/front_end.rs`
//! is a whole front end.

pub(crate) mod about;
pub(crate) mod attributes;
mod chosen;
pub mod compare;
mod conditions;
pub mod contact;
pub mod demo;
mod elsewhere;
pub mod files;
pub mod five_volts;
pub mod fleet;
mod front;
pub mod glance;
#[cfg(feature = "cli")]
pub(crate) mod guide;
mod input;
mod jobs;
mod leave;
pub(crate) mod notes;
mod order;
pub mod otp;
pub(crate) mod otp_contents;
pub(crate) mod otp_sets;
mod place;
pub mod probe;
pub mod programmer;
pub mod protect;
mod question;
mod reading;
mod refusal;
pub mod regions;
pub mod report;
mod rewrite;
mod said;
pub mod search;
mod selftest;
pub(crate) mod spliced_files;
mod stop;
pub mod stored;
pub mod subject;
pub mod verdict;
mod why;
pub mod words;
pub mod write_checks;
#[cfg(test)]
mod write_kinds_tests;

pub use chosen::Chosen;
pub use conditions::Desk;
pub use elsewhere::Elsewhere;
pub use front::{Front, Notice};
pub use input::Input;
pub use jobs::{Put, PutChosen, PutContents, drop_job};
pub(crate) use jobs::{prune_backups, remove_backup};
pub(crate) use order::AUTO;
pub use order::{DonorWish, Order, Wish, allowed};
pub use place::{Place, PlaceError};
pub use question::{
    Answer, Digest, KeepQuestion, LockQuestion, Question, RegisterChange, RegistersQuestion, RemoveQuestion,
    WriteQuestion,
};
pub use refusal::Refusal;
pub use rewrite::{Choose, Rewritten, rewrite};
pub use said::Said;
pub use stop::Stop;
pub use why::{Sought, Why};
