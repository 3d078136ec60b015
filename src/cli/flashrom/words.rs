//! What a translation, or the lack of one, says.

use super::super::exit::Failure;
use super::refused::Refused;
use super::translate::Note;
use crate::programmer::flashrom::NoEquivalent;
use crate::programmer::{flashrom::names, models};
use crate::units::did_you_mean;
use std::fmt::{Display, Formatter, Result};

impl Display for Note {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Note::ChipUnchecked(name) => write!(
                f,
                "-c {name} is left out: the chip is identified by its id and SFDP; compare {name} with what is shown"
            ),
            Note::BackupAndQuestion => {
                f.write_str("a backup is read first, and the plan is shown and asked about; --yes answers it")
            }
            Note::AlwaysVerified(option) => {
                write!(f, "{option} is left out: what is written is always read back")
            }
            Note::WrittenVerified(option) => {
                write!(f, "{option} is left out: what is written is read back, and nothing else, always")
            }
            Note::RegionAlone(file) => {
                write!(f, "{file} will hold the region alone; flashrom pads it to the size of the chip")
            }
            Note::FileUnused(file) => write!(f, "{file} is left out: each region has a file of its own"),
            Note::Log(file) => write!(f, "-o {file} is left out: add --verbose and 2>{file}"),
            Note::ContentsRead(option) => {
                write!(f, "{option} is left out: what is on the chip is always read from the chip")
            }
            Note::EraseByTime(option) => {
                write!(f, "{option} is left out: the plan takes the erase sizes that need the least time")
            }
            Note::PinNotUsed => f.write_str(
                "--wp-enable: the range is protected permanently, but software can clear it; norsplice does not set the \
                 bit that makes pin WP# guard it",
            ),
            Note::RangeCleared => f.write_str(
                "--wp-disable: here the protected range is cleared; flashrom clears its lock and leaves the range. For \
                 writing, neither is needed: a write lifts the protection and restores it",
            ),
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let no = |what: &str, why: &str| Failure::refused(format!("{what} has no equivalent: {why}"));
        match refused {
            Refused::NotText => Failure::refused("a word of the line is not UTF-8 text"),
            Refused::UnknownOption(name) => {
                Failure::refused(format!("{name} is not an option of flashrom 1.3 to 1.6"))
            }
            Refused::AmbiguousOption(name) => {
                Failure::refused(format!("{name} is the beginning of several options of flashrom"))
            }
            Refused::NoValue(name) => Failure::refused(format!("{name} lacks its value")),
            Refused::NeedlessValue(name) => Failure::refused(format!("{name} takes no value")),
            Refused::ExtraWord(word) => Failure::refused(format!("'{word}' belongs to no option of flashrom")),
            Refused::TwoOperations(one, other) => {
                Failure::refused(format!("{one} and {other} on one line: flashrom does one of them"))
            }
            Refused::TwoMaps => Failure::refused("several maps on one line: flashrom takes one of -l, --ifd and --fmap"),
            Refused::TwoProgrammers => Failure::refused("-p is given twice"),
            Refused::Programmer(none @ NoEquivalent::Parameter { .. }) => {
                Failure::refused(format!("-p: {none}")).hint("\"norsplice --help\" lists the options of -p")
            }
            Refused::Programmer(none) => Failure::refused(format!("-p: {none}")),
            Refused::UnknownProgrammer(text) => {
                let name = text.split(':').next().unwrap_or_default();
                let known = models().iter().map(|model| model.name).chain(names());
                let guess = did_you_mean(name, known).map_or(String::new(), |one| format!("; did you mean '{one}'?"));
                Failure::refused(format!("-p {text}: neither flashrom nor norsplice has a programmer '{name}'{guess}"))
                    .hint("\"norsplice list\" shows what is plugged in and how to name it")
            }
            Refused::RegionsWithoutMap => Failure::refused("-i names a region, and no map says where it is")
                .hint("add -l FILE, --ifd, --fmap or --fmap-file FILE"),
            Refused::NoFile(option) => Failure::refused(format!("{option} lacks its file")),
            Refused::SeveralRegions(option) => {
                no(&format!("{option} with several regions and one file"), "here each region has a file of its own")
                    .hint("give each its file, as -i bios:bios.bin, or leave out -i for the whole chip")
            }
            Refused::Force(option) => no(&option, "checks are allowed by name, and some never pass")
                .hint("leave it out; a check that stops the work names itself, for --allow NAME. A chip that is not \
                       recognised is read with --part NAME or --size SIZE"),
            Refused::Extract => no("-x", "regions are read one by one")
                .hint("norsplice read FILE --layout MAP --region REGION; \"norsplice layout MAP\" lists them"),
            Refused::WikiList => no("-z", "there is no list in the syntax of a wiki").hint("norsplice chips"),
            Refused::PinProtection => no(
                "--wp-enable without --wp-range",
                "norsplice does not set the bit that makes pin WP# guard the protection",
            )
            .hint("norsplice protect set RANGE --permanent protects a range; \"norsplice protect show\" lists them"),
            Refused::WpRegion(region) => no("--wp-region", "a range is protected by its addresses").hint(format!(
                "\"norsplice layout MAP\" shows where {region} is; then norsplice protect set START..END --permanent"
            )),
            Refused::WpRange(text) => {
                Failure::refused(format!("--wp-range {text}: not START,LENGTH")).hint("as 0x0,0x400000")
            }
            Refused::WpWithOperation => {
                no("a change of protection together with a read or write", "their order would be a guess")
                    .hint("give them as two lines; a write needs none: it lifts the protection and restores it")
            }
            Refused::Counter(option) => no(&option, "replay-protected counters (RPMC) are not supported"),
        }
    }
}
