//! The operations, one row each: name, options, work through the desk.

use super::demo::lay_out_board;
use super::order::{ORDER, SPLICE, rewrite_chip, splice};
use super::part::PLACE;
use super::work::{Outcome, Work};
use super::{looks, on_chip, otp, stored};
use crate::wire::options::Options;

/// The programmer and the conditions, for operations on a chip.
const CONDITIONS: &[&str] = &["programmer", "wait", "voltage_adapter", "allow", "dry_run", "part", "size"];

/// How an operation is carried out.
type Run = fn(&Work<'_, '_>, &Options) -> Outcome;

/// An operation.
struct Operation {
    name: &'static str,
    /// Its options, in groups.
    options: &'static [&'static [&'static str]],
    run: Run,
}

const fn op(name: &'static str, options: &'static [&'static [&'static str]], run: Run) -> Operation {
    Operation { name, options, run }
}

/// Every operation.
const OPERATIONS: &[Operation] = &[
    op("list", &[], looks::programmers),
    op("chips", &[], looks::chips),
    op("boards", &[], looks::boards),
    op("probe", &[CONDITIONS], on_chip::probe),
    op("contact", &[CONDITIONS], on_chip::contact),
    op("watch", &[&["looks"], CONDITIONS], on_chip::watch),
    op("backup", &[&["board", "name", "blank"], CONDITIONS], on_chip::backup),
    op("read", &[&["file", "passes", "salvage", "format", "force"], PLACE, CONDITIONS], on_chip::read),
    op("verify", &[&["file"], PLACE, CONDITIONS], on_chip::verify),
    op("write", &[&["file"], PLACE, CONDITIONS], on_chip::write),
    op("erase", &[&["all"], PLACE, CONDITIONS], on_chip::erase),
    op("rewrite", &[ORDER, CONDITIONS], rewrite_chip),
    op("restore", &[&["backup", "other_chip"], CONDITIONS], on_chip::restore),
    op("resume", &[&["job", "undo"], CONDITIONS], on_chip::resume),
    op("protect", &[&["set", "clear", "permanent"], CONDITIONS], on_chip::protect),
    op("otp", &[CONDITIONS], otp::show),
    op("otp-dump", &[&["dir", "force"], CONDITIONS], otp::dump),
    op("otp-diff", &[&["a", "b"], CONDITIONS], otp::diff),
    op("otp-program", &[&["register", "file"], CONDITIONS], otp::program),
    op("otp-erase", &[&["register"], CONDITIONS], otp::erase),
    op("otp-lock", &[&["register"], CONDITIONS], otp::lock),
    op("otp-clone", &[&["backup"], CONDITIONS], otp::clone),
    op("backups", &[], stored::list),
    op("backup-show", &[&["backup"]], stored::show),
    op("backup-verify", &[&["backup"]], stored::verify),
    op("backup-name", &[&["backup", "name"]], stored::name),
    op("backup-prune", &[&["dry_run"]], stored::prune),
    op("backup-remove", &[&["backup"]], stored::remove),
    op("backup-export", &[&["backup", "dir", "out", "force"]], stored::export),
    op("backup-import", &[&["file", "second", "board", "name"]], stored::import),
    op("jobs", &[], stored::jobs),
    op("drop", &[&["job"]], stored::drop_open_job),
    op("report", &[&["what", "out", "force"]], stored::report),
    op("inspect", &[&["what", "board", "as", "allow"]], looks::inspect),
    op("splice", &[ORDER, SPLICE], splice),
    op("diff", &[&["a", "b"], PLACE, CONDITIONS], looks::diff),
    op("search", &[&["what", "text", "bytes", "mac", "most"]], looks::search),
    op("bytes", &[&["what", "at", "length"]], looks::bytes),
    op("picture", &[&["what", "against"]], looks::picture),
    op("try", &[&["dir"]], lay_out_board),
];

/// The names of the operations.
pub fn names() -> Vec<&'static str> {
    OPERATIONS.iter().map(|operation| operation.name).collect()
}

/// Carries an operation out.
///
/// # Errors
/// [`Fault`](super::Fault).
pub fn run(work: &Work<'_, '_>, name: &str, options: &Options) -> Outcome {
    let operation = OPERATIONS.iter().find(|operation| operation.name == name);
    let operation = operation
        .ok_or_else(|| format!("there is no operation {name:?}; there are: {}", names().join(", ")))?;
    options.check(&operation.options.concat())?;
    (operation.run)(work, options)
}
