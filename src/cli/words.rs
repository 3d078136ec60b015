//! What the command line makes of a refusal: exit code, message, the next command to type, and the fields for JSON.
//!
//! The floors below say what happened, in facts. Options and commands are named here.

use super::exit::{Exit, Failure};
use super::show::unknown;
use crate::desk::{Place, PlaceError, Refusal, Sought, Why, words};
use crate::flash::{AssumedFault, FlashError, Unprotectable, parts};
use crate::image::checks::Advice;
use crate::image::records::Fault;
use crate::image::{Finding, ImageError, Severity};
use crate::plan::PlanError;
use crate::span::Spans;
use crate::spi::{LinkError, LinkFault, SpiError};
use crate::units::{self, did_you_mean};
use crate::wire;
use crate::workflow::contact::{AddressFault, Likely, Verdict};
use crate::workflow::files::FileError;
use crate::workflow::replacement::Replacement;
use crate::workflow::{Cause, Error, Owned, StoreError};

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        (&refusal).into()
    }
}

impl From<&Refusal> for Failure {
    fn from(refusal: &Refusal) -> Self {
        let fields = Box::new(wire::refusal(refusal));
        let open_job = refusal.open_job().map(str::to_owned);
        let failure = why_failed(&refusal.why);
        let exit = if open_job.is_some() { Exit::Partial } else { failure.exit };
        Failure { exit, open_job, fields, ..failure }
    }
}

/// What is missing, and how to find out.
const SETUP: &str = "\"norsplice setup\" says what is missing and what to type";

fn why_failed(why: &Why) -> Failure {
    let text = why.to_string();
    match why {
        Why::Spi(SpiError::Link(error)) => link(error),
        Why::Spi(_) => Failure::failed(text),
        Why::Flash(error) => flash(error),
        Why::Image(error) => image(error),
        Why::Store(error) => store(error),
        Why::Job(cause) => job(cause),
        Why::File(_) | Why::EmulatedFolder { .. } | Why::EmulatedInUse { .. } => Failure::failed(text),
        Why::EmptyInput { .. } => {
            Failure::refused(text).hint("download or copy it again, and look at its length")
        }
        Why::TextImage { fault, .. } if matches!(fault.fault, Fault::Holes(_)) => Failure::refused(text)
            .hint("make a file of bytes with the filling that is meant, as srec_cat does with -fill"),
        Why::TextImage { .. } => Failure::refused(text).hint("download or make it again"),
        Why::Begins { start, .. } => Failure::refused(text)
            .hint(format!("to put it where it belongs on a chip: --at {start:#x}")),
        Why::Overwrites { .. } | Why::SameOutput { .. } => {
            Failure::refused(text).hint("give another name for the output")
        }
        Why::Exists { path } if path.is_dir() => Failure::refused(text).hint("name a folder that is not there yet"),
        Why::Exists { .. } => {
            Failure::refused(text).hint("give another name for the output, or --force to replace the file")
        }
        Why::NothingToErase => Failure::refused(text)
            .hint("give --region REGION, --at ADDRESS --len BYTES, or --all for the whole chip"),
        Why::NoLength => Failure::refused(text).hint("give --len BYTES"),
        Why::PastRecords { .. } => {
            Failure::refused(format!("{text}: write the bytes as they are, --format bin"))
        }
        Why::LoaderTakesBytes { .. } => {
            Failure::refused(format!("--format: {text}")).hint("leave it out")
        }
        Why::NotTwoChips { .. } => Failure::refused(text).hint("give one file with -o"),
        Why::IsFolder { .. } => Failure::refused(format!("{text}; give a file name with -o")),
        Why::BackupsDamaged { .. } => Failure::failed(text)
            .hint("take a new backup of the chip while it still holds these contents"),
        Why::NotFound { sought: Sought::JobOrBackup, .. } => Failure::refused(text).hint(
            "\"norsplice jobs list\" and \"norsplice backups list\" show what there is; --store names another folder",
        ),
        Why::ProgrammerText { text, fault } => {
            let emulated = text == "emu" || text.starts_with("emu:");
            Failure::refused(format!("-p {text}: {fault}")).hint(match emulated {
                true => "\"norsplice --help\" lists the options of -p",
                false => "\"norsplice list\" shows what is plugged in and how to name it",
            })
        }
        Why::SeveralProgrammers => Failure::refused("several programmers are named with -p")
            .hint("name one, or give --every-programmer where the command takes it"),
        Why::SameProgrammer { text } => Failure::refused(format!("-p {text} is named twice")),
        Why::NoProgrammer => Failure::new(Exit::NoChip, text).hint(SETUP),
        Why::UnusableProgrammer(_) => Failure::new(Exit::NoChip, text),
        Why::UnknownCheck { name, known } => {
            Failure::refused(format!("--allow: {}", unknown("check", name, known)))
        }
        Why::NeverAllowed { name } => {
            Failure::refused(format!("--allow {name}: this check cannot be allowed"))
        }
        Why::DonorNameReserved { name, file } => {
            Failure::refused(format!("--donor {name}={file}: 'own' and 'blank' name other sources"))
        }
        Why::DonorUnnamed { file } => {
            Failure::refused(format!("--donor {file}: several donors need names"))
                .hint(format!("write --donor NAME={file}"))
        }
        Why::DonorNameTaken { name, file } => {
            Failure::refused(format!("--donor {name}={file}: two donors are called '{name}'"))
        }
        Why::Place(PlaceError::PastEnd { place, size }) => {
            let place = place.to_string();
            Failure::refused(format!("{place} is past the end: there are {size:#x} bytes ({})", units::size(*size)))
        }
        Why::Place(PlaceError::Empty) => Failure::refused(text),
        Why::NoMap { .. } => Failure::refused(text).hint("name the map with --board BOARD or --layout FILE"),
        Why::NoRegion { name, map, known } => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            Failure::refused(format!("{} (the map: {map})", unknown("region", name, &known)))
        }
        Why::Place(PlaceError::Misfit { place, len, room }) => misfit(place, *len, *room),
        Why::NoRegisters | Why::OtpUnknown { .. } => Failure::failed(text),
        Why::RegisterInDoubt(error) => Failure { exit: Exit::Partial, ..flash(error) },
        Why::OtherSize { .. } => {
            Failure::refused(text).hint("is this the right board, and the right chip on it?")
        }
        _ => Failure::refused(text),
    }
}

/// What the contact tests say together, with the command to watch the contact by where nothing better is known.
pub fn contact(verdict: &Verdict) -> String {
    let watch = verdict.likely.first().is_none_or(|first| *first == Likely::LooseContact);
    let command = if watch && !verdict.good { " (\"norsplice contact --watch\")" } else { "" };
    format!("{}{command}", words::contact(verdict))
}

/// What another chip in place of the old one lacks, with the command that adds it.
pub fn replacement(found: &Replacement) -> String {
    let text = words::replacement(found);
    match found {
        Replacement::OtherModel { .. } => text,
        Replacement::RegistersNotCopied { backup, .. } => format!("{text}: \"norsplice otp clone {backup}\""),
        Replacement::RegistersWereLocked { .. } => format!("{text}; \"norsplice otp lock\" does"),
        Replacement::WasProtected { .. } => format!("{text}: \"norsplice protect set\" does it"),
    }
}

fn misfit(place: &Place, len: u64, room: u64) -> Failure {
    let what = match place {
        Place::Whole => "the chip",
        Place::Region { name, .. } => name,
        Place::At(..) => "the place",
    };
    let failure = Failure::refused(format!(
        "the file has {len:#x} bytes ({}), {what} has {room:#x} ({})",
        units::size(len),
        units::size(room)
    ));
    match place {
        Place::Whole => failure.hint("say where it belongs with --at or --region"),
        _ => failure,
    }
}

fn link(error: &LinkError) -> Failure {
    let exit = match error.fault {
        LinkFault::Absent => Exit::NoChip,
        LinkFault::Several => Exit::Refused,
        _ => Exit::Failed,
    };
    let failure = Failure::new(exit, error.to_string());
    match error.fault {
        LinkFault::Absent | LinkFault::Other => failure.hint(SETUP),
        LinkFault::Denied => failure.hint("\"norsplice setup\" says why, and what to type"),
        LinkFault::Several => failure.hint("choose one with -p; \"norsplice list\" shows their paths"),
        _ => failure,
    }
}

fn flash(error: &FlashError) -> Failure {
    let exit = match error {
        FlashError::NoChip { .. } | FlashError::BusStuck { .. } => Exit::NoChip,
        FlashError::LowVoltage { .. }
        | FlashError::KnownPart { .. }
        | FlashError::LargerThanAssumed { .. }
        | FlashError::SmallerThanAssumed { .. }
        | FlashError::OnlyRead
        | FlashError::Unprotectable { .. }
        | FlashError::Outside { .. }
        | FlashError::OtpRefused { .. }
        | FlashError::Unsupported(_) => Exit::Refused,
        _ => Exit::Failed,
    };
    let failure = Failure::new(exit, error.to_string());
    match error {
        FlashError::UnknownPart { .. } => failure.hint(
            "to read it all the same, name a part like it with --part NAME, or its size with --size SIZE",
        ),
        FlashError::LowVoltage { .. } => Failure {
            message: format!(
                "{error}; put a 1.8 V adapter between programmer and chip and say so with --voltage-adapter"
            ),
            ..failure
        },
        FlashError::StatusRefused { volatile_unproven: true, .. } => Failure {
            message: format!("{error}: 'norsplice protect clear --permanent' does without"),
            ..failure
        },
        FlashError::Unprotectable { why: Unprotectable::OnlyLasting, .. } => {
            Failure { message: format!("{error} (--permanent)"), ..failure }
        }
        FlashError::Unprotectable { part, why: Unprotectable::Exactly { wanted, possible } } => {
            Failure { message: format!("{part} cannot protect exactly {wanted}"), ..failure }
                .hint(nearest(wanted, possible))
        }
        FlashError::KnownPart { .. } | FlashError::OnlyRead => failure.hint("leave out --part and --size"),
        _ => failure,
    }
}

/// The protection next larger and next smaller than what was asked for, out of dozens.
fn nearest(wanted: &Spans, possible: &[Spans]) -> String {
    let covers = |one: &&Spans| wanted.iter().all(|span| one.covers(span));
    let within = |one: &&Spans| !one.is_empty() && one.iter().all(|span| wanted.covers(span));
    let more = possible.iter().filter(covers).min_by_key(|one| one.len());
    let less = possible.iter().filter(within).max_by_key(|one| one.len());
    let near: Vec<String> = [("more", more), ("less", less)]
        .into_iter()
        .filter_map(|(word, spans)| Some(format!("{word}: {}", spans?)))
        .collect();
    let near = if near.is_empty() { String::new() } else { format!("the nearest: {}; ", near.join(", ")) };
    format!("{near}\"norsplice protect show\" lists what is possible")
}

impl From<AssumedFault> for Failure {
    fn from(fault: AssumedFault) -> Self {
        match &fault {
            AssumedFault::UnknownName { name } => {
                let guess = did_you_mean(name, parts::names());
                let guess = guess.map_or(String::new(), |part| format!("; did you mean '{part}'?"));
                Failure::refused(format!("--part: {fault}{guess}")).hint("\"norsplice chips\" lists them")
            }
            AssumedFault::SeveralParts { .. } => {
                Failure::refused(format!("--part: {fault}")).hint("give the size instead: --size SIZE")
            }
            _ => Failure::refused(format!("--size: {fault}")),
        }
    }
}

fn image(error: &ImageError) -> Failure {
    let findings: &[Finding] = error.findings();
    let failure = match (findings, error) {
        ([one], _) => {
            let never = one.severity == Severity::Refuse;
            let head = if never { "refused" } else { "not done unless it is allowed" };
            Failure::refused(format!("{head}: {}", finding(one)))
        }
        ([], ImageError::Undecided { why, advice }) => {
            Failure::refused(format!("{why}: {}", settled_by(advice)))
        }
        ([], _) => Failure::refused(error.to_string()),
        _ => {
            let lines: String = findings.iter().map(|one| format!("\n  - {}", finding(one))).collect();
            Failure::refused(format!("{} checks failed:{lines}", findings.len()))
        }
    };
    match findings.iter().find_map(|finding| next_command(finding.name)) {
        Some(advice) => failure.hint(advice),
        None => failure,
    }
}

/// A finding with what would settle it, and of a question how it is allowed.
pub fn finding(finding: &Finding) -> String {
    let advice = finding.advice.as_ref().map_or(String::new(), |advice| format!(": {}", settled_by(advice)));
    let allow = match finding.severity {
        Severity::Ask => format!(" (allow it with --allow {})", finding.name),
        Severity::Refuse | Severity::Tell => String::new(),
    };
    format!("{finding}{advice}{allow}")
}

/// What would settle a finding or an error, by the options of the command line.
fn settled_by(advice: &Advice) -> String {
    match advice {
        Advice::OtherSource { region } => format!("use --set {region}=own, or another donor"),
        Advice::WhichDonor { region } => format!("name one with --set {region}=NAME"),
        Advice::GiveDonor { region, another: false } => {
            format!("give --donor FILE, or --set {region}=own to keep what is there")
        }
        Advice::GiveDonor { region, .. } => {
            format!("give one that has, or --set {region}=own to keep what is there")
        }
        Advice::LeaveToFirmware { region, donor } => {
            format!("leave {region} to the firmware (--set {region}={donor})")
        }
        Advice::DonorOrBlank { region } => format!("take it from a donor, or --set {region}=blank"),
        Advice::TakeFromDonor { region } => format!("take one from a donor (--set {region}=NAME)"),
        Advice::TakeTogether { donor } => {
            format!(
                "take all that moves together (--set fd={donor} and each of them), or a donor with this map"
            )
        }
        Advice::TakeMap { donor } => format!(
            "where the flash is to be mapped as {donor} has it, give the donor's file as the map too (--layout FILE)"
        ),
        Advice::OlderBackup => {
            "if an older backup of this board has it, pass that backup with --base, or as a donor".to_owned()
        }
        Advice::NameBoard { candidates } => match candidates.as_slice() {
            [] => "name it with --board, or give a layout (--layout FILE)".to_owned(),
            [one] => format!("if it is this one, --board {one}"),
            [one, ..] => format!("name the one it is, as in --board {one}"),
        },
        Advice::BothDumps => "give both dumps, --base FIRST --base SECOND".to_owned(),
        Advice::AddressInEnvironment => {
            "where the loader's environment has it, set that: --env ethaddr=ADDRESS".to_owned()
        }
    }
}

/// The command that does right what a check on a file to write stopped.
fn next_command(check: &str) -> Option<&'static str> {
    match check {
        "container" => {
            Some("\"norsplice rewrite --board BOARD --donor FILE\" puts its parts where they belong")
        }
        "blank-file" => Some("\"norsplice erase\" makes a chip or a region blank"),
        _ => None,
    }
}

fn store(error: &StoreError) -> Failure {
    let exit = match error {
        StoreError::NotFound { .. }
        | StoreError::Ambiguous { .. }
        | StoreError::OnlyBackup(_)
        | StoreError::NeededByJob { .. }
        | StoreError::JobOver(_)
        | StoreError::SecondDiffers { .. }
        | StoreError::Suspect(_) => Exit::Refused,
        _ => Exit::Failed,
    };
    let failure = Failure::new(exit, error.to_string());
    match error {
        StoreError::Locked(_) => Failure {
            message: format!("{error}; wait for its end, or choose another with --store"),
            ..failure
        },
        _ => failure,
    }
}

fn job(cause: &Cause) -> Failure {
    match cause {
        Cause::Plan(PlanError::NoErase { .. }) => Failure::refused(cause.to_string())
            .hint("\"norsplice erase --all\" makes the whole chip blank, where the part has a chip erase"),
        Cause::Plan(_)
        | Cause::TooMuch(_)
        | Cause::OtherSize { .. }
        | Cause::ClipMoved
        | Cause::Unconfirmed => Failure::refused(cause.to_string()),
        Cause::OtherChip(other) => {
            let advice = match other.what {
                Owned::Backup(_) => {
                    "It holds that chip's calibration and addresses; if it is really meant for this one, say so with \
                     --other-chip"
                }
                Owned::Job(_) => "Put the clip on the chip that the job was begun on",
            };
            Failure::refused(format!("{other}. {advice}"))
        }
        Cause::NoOpenJob => Failure::refused(format!("{cause}; 'norsplice jobs list' shows all")),
        Cause::NoRegisterBackup => Failure::refused(format!("{cause}; take one first: 'norsplice backup'")),
        Cause::OpenJob { job } => {
            let text = format!(
                "{cause}. Finish that job with 'norsplice resume {job}', undo it with 'norsplice resume --undo {job}', \
                 or abandon it with 'norsplice jobs drop {job}'"
            );
            Failure::new(Exit::Partial, text)
        }
        Cause::Suspect { value } => {
            let advice = match *value {
                0xff => {
                    "either the chip is blank, then take it as that with 'norsplice backup --blank', or its data line \
                     has no contact while its id still comes through; reseat the clip and look at 'norsplice contact'"
                }
                _ => "the data line is held low; check power, and that nothing else on the board drives it",
            };
            Failure::failed(format!("{cause}: {advice}"))
        }
        Cause::Contact(verdict) => Failure::failed(contact(verdict)),
        Cause::Disagree { noise, .. } => Failure::failed(format!("{cause}. {}", words::noise(*noise))),
        Cause::Changed(_) => Failure::failed(format!(
            "{cause}. Hold the board's processor in reset, or lift the chip's supply pin"
        )),
        Cause::Addresses(AddressFault::Undecided { .. }) => Failure::failed(cause.to_string())
            .hint("use another programmer, or read half of the chip by --at and --len"),
        Cause::DataLost { .. } => {
            Failure::failed(format!("{cause}. Reseat the clip, and look at 'norsplice contact'"))
        }
        Cause::BackupDiffers { .. } => Failure::failed(format!(
            "{cause}. Find out with 'norsplice contact' whether the link is good; the next attempt looks again"
        )),
        _ => Failure::failed(cause.to_string()),
    }
}

/// Each error of the floors below, in the words of the refusal that it is.
macro_rules! by_way_of_refusal {
    ($($error:ty),*) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Refusal::from(error).into()
            }
        })*
    };
}

by_way_of_refusal!(
    Error, LinkError, SpiError, FlashError, ImageError, FileError, StoreError, Cause, Why, PlaceError
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::checks;

    #[test]
    fn advice_names_the_option_that_settles_it_and_a_question_how_it_is_allowed() {
        let region = || "art".to_owned();
        for (advice, option) in [
            (Advice::OtherSource { region: region() }, "use --set art=own"),
            (Advice::WhichDonor { region: region() }, "--set art=NAME"),
            (Advice::GiveDonor { region: region(), another: false }, "--donor FILE, or --set art=own"),
            (Advice::GiveDonor { region: region(), another: true }, "--set art=own"),
            (Advice::LeaveToFirmware { region: region(), donor: "d".to_owned() }, "--set art=d"),
            (Advice::DonorOrBlank { region: region() }, "--set art=blank"),
            (Advice::TakeFromDonor { region: region() }, "--set art=NAME"),
            (Advice::TakeTogether { donor: "d".to_owned() }, "--set fd=d"),
            (Advice::TakeMap { donor: "d".to_owned() }, "--layout FILE"),
            (Advice::OlderBackup, "--base"),
            (Advice::NameBoard { candidates: Vec::new() }, "--layout FILE"),
            (Advice::NameBoard { candidates: vec!["a".to_owned()] }, "--board a"),
            (Advice::BothDumps, "--base FIRST --base SECOND"),
            (Advice::AddressInEnvironment, "--env ethaddr="),
        ] {
            let text = finding(&checks::REGION.found("it differs").advise(advice));
            assert!(text.starts_with("region: it differs: ") && text.contains(option), "{text}");
            assert!(text.ends_with(" (allow it with --allow region)"), "{text}");
        }
        assert_eq!(finding(&checks::MD5.found("it does not hold")), "md5: it does not hold");
    }
}
