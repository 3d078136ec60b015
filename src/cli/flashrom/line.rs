//! The words of a flashrom command line into what they ask for. Facts: flashrom(8) of 1.3.0 and 1.6.0.

use super::refused::Refused;
use std::ffi::{OsStr, OsString};

/// An option of flashrom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Programmer,
    Read,
    Write,
    Verify,
    Erase,
    Extract,
    Chip,
    Layout,
    Ifd,
    Fmap,
    FmapFile,
    Include,
    NoVerify,
    NoVerifyAll,
    Force,
    Verbose,
    Progress,
    Log,
    Contents,
    FlashName,
    FlashSize,
    WpStatus,
    WpList,
    WpEnable,
    WpDisable,
    WpRange,
    WpRegion,
    SacrificeRatio,
    List,
    ListWiki,
    Help,
    Version,
    /// Replay-protected counters, by their option's name.
    Counter,
}

/// Whether an option takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Nothing,
    Value,
    /// The next word where it is no option: newer versions let the file of `-r`, `-w` and `-v` be left out.
    Maybe,
}

/// Each option: long name, letter, what it takes. Names of older versions are rows of their own.
const OPTIONS: &[(&str, Option<char>, Takes, Key)] = &[
    ("programmer", Some('p'), Takes::Value, Key::Programmer),
    ("read", Some('r'), Takes::Maybe, Key::Read),
    ("write", Some('w'), Takes::Maybe, Key::Write),
    ("verify", Some('v'), Takes::Maybe, Key::Verify),
    ("erase", Some('E'), Takes::Nothing, Key::Erase),
    ("extract", Some('x'), Takes::Nothing, Key::Extract),
    ("chip", Some('c'), Takes::Value, Key::Chip),
    ("layout", Some('l'), Takes::Value, Key::Layout),
    ("ifd", None, Takes::Nothing, Key::Ifd),
    ("fmap", None, Takes::Nothing, Key::Fmap),
    ("fmap-file", None, Takes::Value, Key::FmapFile),
    ("include", Some('i'), Takes::Value, Key::Include),
    ("image", None, Takes::Value, Key::Include),
    ("noverify", Some('n'), Takes::Nothing, Key::NoVerify),
    ("noverify-all", Some('N'), Takes::Nothing, Key::NoVerifyAll),
    ("force", Some('f'), Takes::Nothing, Key::Force),
    ("verbose", Some('V'), Takes::Nothing, Key::Verbose),
    ("progress", None, Takes::Nothing, Key::Progress),
    ("output", Some('o'), Takes::Value, Key::Log),
    ("flash-contents", None, Takes::Value, Key::Contents),
    ("flash-name", None, Takes::Nothing, Key::FlashName),
    ("flash-size", None, Takes::Nothing, Key::FlashSize),
    ("get-size", None, Takes::Nothing, Key::FlashSize),
    ("wp-status", None, Takes::Nothing, Key::WpStatus),
    ("wp-list", None, Takes::Nothing, Key::WpList),
    ("wp-enable", None, Takes::Nothing, Key::WpEnable),
    ("wp-disable", None, Takes::Nothing, Key::WpDisable),
    ("wp-range", None, Takes::Value, Key::WpRange),
    ("wp-region", None, Takes::Value, Key::WpRegion),
    ("sacrifice-ratio", None, Takes::Value, Key::SacrificeRatio),
    ("list-supported", Some('L'), Takes::Nothing, Key::List),
    ("list-supported-wiki", Some('z'), Takes::Nothing, Key::ListWiki),
    ("help", Some('h'), Takes::Nothing, Key::Help),
    ("version", Some('R'), Takes::Nothing, Key::Version),
    ("rpmc-root-key", None, Takes::Value, Key::Counter),
    ("key-data", None, Takes::Value, Key::Counter),
    ("counter-address", None, Takes::Value, Key::Counter),
    ("get-rpmc-status", None, Takes::Nothing, Key::Counter),
    ("write-root-key", None, Takes::Nothing, Key::Counter),
    ("update-hmac-key", None, Takes::Nothing, Key::Counter),
    ("increment-counter", None, Takes::Value, Key::Counter),
    ("get-counter", None, Takes::Nothing, Key::Counter),
];

/// One option as it is on the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Which.
    pub key: Key,
    /// As written, without its value.
    pub name: String,
    /// Its value.
    pub value: Option<String>,
}

/// The options on a line, in order. A leading `sudo` and the program's name may be there, as copied from a guide.
///
/// # Errors
/// [`Refused`] for a word that is no option of flashrom, or lacks its value.
pub fn read(words: &[OsString]) -> Result<Vec<Given>, Refused> {
    let text = |word: &OsString| word.to_str().map(str::to_owned).ok_or(Refused::NotText);
    let words = words.iter().map(text).collect::<Result<Vec<_>, _>>()?;
    let program = |word: &str| matches!(word.rsplit('/').next(), Some("sudo" | "flashrom" | "flashprog"));
    let start = words.iter().take(2).take_while(|word| program(word)).count();
    let mut words = words[start..].iter().peekable();
    let mut given = Vec::new();
    while let Some(word) = words.next() {
        if let Some(long) = word.strip_prefix("--").filter(|long| !long.is_empty()) {
            let (name, attached) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let (_, takes, key) = named(name)?;
            let mut value = attached;
            if value.is_none() {
                value = following(takes, &mut words);
            }
            given.push(whole(key, takes, format!("--{name}"), value)?);
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            cluster(letters, &mut words, &mut given)?;
        } else {
            // "--wp-range 0 0", as ChromeOS's version took it.
            let range = given.last_mut().filter(|last: &&mut Given| last.key == Key::WpRange);
            match range.and_then(|last| last.value.as_mut()).filter(|value| !value.contains(',')) {
                Some(value) => *value = format!("{value},{word}"),
                None => return Err(Refused::ExtraWord(word.clone())),
            }
        }
    }
    Ok(given)
}

/// Letters after one hyphen: each an option, the last with its value.
fn cluster<'w>(
    letters: &str,
    words: &mut std::iter::Peekable<impl Iterator<Item = &'w String>>,
    given: &mut Vec<Given>,
) -> Result<(), Refused> {
    for (at, letter) in letters.char_indices() {
        let row = OPTIONS.iter().find(|(_, short, ..)| *short == Some(letter));
        let (_, _, takes, key) = row.ok_or_else(|| Refused::UnknownOption(format!("-{letter}")))?;
        let name = format!("-{letter}");
        if *takes == Takes::Nothing {
            given.push(Given { key: *key, name, value: None });
            continue;
        }
        let rest = &letters[at + letter.len_utf8()..];
        let value = if rest.is_empty() { following(*takes, words) } else { Some(rest.to_owned()) };
        given.push(whole(*key, *takes, name, value)?);
        break;
    }
    Ok(())
}

/// A long option by its name, or by the beginning of one only.
fn named(name: &str) -> Result<(&'static str, Takes, Key), Refused> {
    let row = |(long, _, takes, key): &(&'static str, Option<char>, Takes, Key)| (*long, *takes, *key);
    if let Some(found) = OPTIONS.iter().find(|(long, ..)| *long == name) {
        return Ok(row(found));
    }
    // Before there was --progress, --p was --programmer.
    if name == "p" {
        return named("programmer");
    }
    let mut like = OPTIONS.iter().filter(|(long, ..)| long.starts_with(name));
    match (like.next(), like.next()) {
        (Some(found), None) => Ok(row(found)),
        (Some(_), Some(_)) => Err(Refused::AmbiguousOption(format!("--{name}"))),
        _ => Err(Refused::UnknownOption(format!("--{name}"))),
    }
}

/// The next word, where the option takes one.
fn following<'w>(
    takes: Takes,
    words: &mut std::iter::Peekable<impl Iterator<Item = &'w String>>,
) -> Option<String> {
    match takes {
        Takes::Nothing => None,
        Takes::Value => words.next().cloned(),
        Takes::Maybe => words.next_if(|next| *next == "-" || !next.starts_with('-')).cloned(),
    }
}

fn whole(key: Key, takes: Takes, name: String, value: Option<String>) -> Result<Given, Refused> {
    match (takes, &value) {
        (Takes::Value, None) => Err(Refused::NoValue(name)),
        (Takes::Nothing, Some(_)) => Err(Refused::NeedlessValue(name)),
        _ => Ok(Given { key, name, value }),
    }
}

/// Options of this program that may be between `flashrom` and flashrom's own words.
const OURS: [&str; 5] = ["--run", "--json", "--yes", "--dry-run", "--quiet"];

/// Options of this program that take a value, as far as they come before a command.
const WITH_VALUE: [&str; 6] = ["-p", "--programmer", "--store", "--allow", "--part", "--size"];

/// The words of the process with `--` in front of flashrom's own: its letters mean other things than this program's.
pub fn fenced(mut words: Vec<OsString>) -> Vec<OsString> {
    let text = |word: &OsStr| word.to_str().unwrap_or_default().to_owned();
    let mut at = 1;
    while let Some(word) = words.get(at).map(|word| text(word)) {
        if WITH_VALUE.contains(&word.as_str()) {
            at += 2;
        } else if word.len() > 1 && word.starts_with('-') {
            at += 1;
        } else {
            break;
        }
    }
    if words.get(at).is_some_and(|word| word == "flashrom") {
        at += 1;
        while words.get(at).is_some_and(|word| OURS.contains(&text(word).as_str())) {
            at += 1;
        }
        let asks_for_help = |word: &OsString| word == "--help" || word == "--";
        if words.get(at).is_some_and(|word| !asks_for_help(word)) {
            words.insert(at, "--".into());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn keys(line: &str) -> Vec<(Key, Option<String>)> {
        read(&split(line)).unwrap().into_iter().map(|one| (one.key, one.value)).collect()
    }

    #[test]
    fn letters_names_and_their_beginnings() {
        let value = |text: &str| Some(text.to_owned());
        assert_eq!(
            keys("sudo ./flashrom -VVpch341a_spi --rea a.bin"),
            [
                (Key::Verbose, None),
                (Key::Verbose, None),
                (Key::Programmer, value("ch341a_spi")),
                (Key::Read, value("a.bin"))
            ]
        );
        assert_eq!(keys("-r -i bios:b.bin")[0], (Key::Read, None));
        assert_eq!(keys("-w -"), [(Key::Write, value("-"))]);
        assert_eq!(keys("--p x")[0], (Key::Programmer, value("x")));
        assert_eq!(keys("--wp-range 0 0x1000"), [(Key::WpRange, value("0,0x1000"))]);
        assert_eq!(keys("--wp-range=0,0"), [(Key::WpRange, value("0,0"))]);
        for (line, wanted) in [
            ("-r a.bin b.bin", Refused::ExtraWord("b.bin".into())),
            ("-y", Refused::UnknownOption("-y".into())),
            ("--spispeed 4", Refused::UnknownOption("--spispeed".into())),
            ("--wp 1", Refused::AmbiguousOption("--wp".into())),
            ("-p", Refused::NoValue("-p".into())),
            ("--ifd=1", Refused::NeedlessValue("--ifd".into())),
        ] {
            assert_eq!(read(&split(line)), Err(wanted), "{line}");
        }
    }

    #[test]
    fn only_flashroms_own_words_are_fenced() {
        for (line, wanted) in [
            ("n flashrom -p x -n", "n flashrom -- -p x -n"),
            ("n --store s flashrom --run --json -p x", "n --store s flashrom --run --json -- -p x"),
            ("n -p emu flashrom", "n -p emu flashrom"),
            ("n flashrom -- -p x", "n flashrom -- -p x"),
            ("n flashrom --help", "n flashrom --help"),
            ("n read flashrom -n", "n read flashrom -n"),
            ("n --store flashrom read", "n --store flashrom read"),
        ] {
            assert_eq!(fenced(split(line)), split(wanted), "{line}");
        }
    }
}
