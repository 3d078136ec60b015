//! The JSON form of what happens: events, results, refusals, findings, the plan that a question is about.
//!
//! Pure functions from the types of [`desk`](crate::desk) and below to [`Fields`], without a terminal, a command line or
//! a process. The command line prints them as JSON lines; any other front end sends the same. The form is described in
//! `hw-notes/json.schema.json`.

mod chip;
mod contact;
mod event;
mod fields;
mod inspection;
mod job;
mod layout;
mod programmer;
mod question;
mod reading;
mod refusal;
mod result;
mod splice;
mod stored;

pub use chip::{
    glance, part, probe, protection, security_register, security_register_contents, status_registers,
};
pub use contact::{contact, meter, watched};
pub use event::{event, job_opened, message, progress, stage, stored};
pub use fields::{Fields, spans};
pub use inspection::inspection;
pub use job::{chip_state, planned, report};

pub use layout::{board, board_with_regions, layout, recognised, regions};
pub use programmer::attached;
pub use question::{answer, question};
pub use reading::{reading, verified};
pub use refusal::refusal;
pub use result::{Ending, SCHEMA, result, with_programmer};
pub use splice::{chosen, findings, spliced};
pub use stored::{backup, listed_job};
