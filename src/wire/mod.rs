//! The JSON form of what happens: events, results, refusals, findings, the plan that a question is about.
//!
//! Pure functions from the types of [`desk`](crate::desk) and below to [`Fields`], without a terminal, a command line or
//! a process. The command line prints them as JSON lines; any other front end sends the same. The form is described in
//! `hw-notes/json.schema.json`.

mod chip;
mod contact;
mod contents;
mod event;
mod extracted;
mod fields;
mod inspection;
mod job;
mod layout;
mod machine;
pub mod options;
mod otp;
mod programmer;
mod question;
mod reading;
mod refusal;
pub mod request;
mod result;
pub mod session;
mod splice;
mod stored;
mod texts;

use fields::spans;
use job::{chip_state, planned};
use otp::security_register;
use splice::findings;

pub use chip::{connected, parts, probe, status};
pub(crate) use chip::{protection_changed, protection_shown};
pub use contact::{contact, meter, watched};
pub use contents::{compared, found, hexdump, map, picture};
pub(crate) use contents::{lengths, pictured, region_differences};
pub(crate) use event::job_opened;
pub use event::{event, message, progress, stage, stored};
pub use extracted::{extracted, extracted_text};
pub use fields::Fields;
pub(crate) use inspection::fitness;
pub use inspection::inspection;
pub use job::{place, report, restored, resumed, untouched};
pub use layout::{board, boards, layout, layout_text};
pub use machine::{
    ServedFile, SetupCheck, acknowledged, delivered, devices_offered, listening, serving, setup_checks,
    udev_rules,
};
pub(crate) use otp::{registers_changed, registers_compared, registers_dumped, registers_shown};
pub use programmer::{programmers, self_test};
pub use question::{answer, question};
pub use reading::{blank, reading, verified};
pub use refusal::{open_job_commands, refusal};
pub use result::{Ending, SCHEMA, result, several};
pub use splice::{checked, chosen};
pub(crate) use splice::{proposed, spliced_file};
pub use stored::{backup, backups, backups_sound, jobs};
pub(crate) use stored::{
    backup_details, backup_exported, backup_taken, backups_checked, backups_pruned, stored_id,
};
pub use texts::{PageOf, demo, demo_board, files, page, script, step, text, translated};
