//! The house rules that a compiler does not hold: who may know whom, who prints, who touches files, where `unsafe` is.
//!
//! The rules look at the syntax of the library's sources (`layers/syntax.rs`), without what is compiled for tests only.
//! They fail in both directions: on code that no rule allows, and on a permission that no code uses.

mod circles;
mod syntax;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use syntax::{Source, root, sources};

/// The layers and the other layers that each may name, out of the table in `src/lib.rs`. A cell names them in backticks;
/// `flash::geometry` is a door to a part of one.
fn layers() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(root().join("lib.rs")).expect("src is readable");
    let names =
        |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | [`"));
    let mut layers = BTreeMap::new();
    for row in rows {
        let mut cells = row.split('|');
        let these = format!("`{}", cells.next().expect("a row has cells"));
        let known = names(cells.next().expect("a row has three cells"));
        layers.extend(names(&these).into_iter().map(|layer| (layer, known.clone())));
    }
    assert!(layers.len() > 10, "the table in src/lib.rs was not found");
    layers
}

/// True where `path` is `place` or below it, name by name.
fn is_in(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The first name of a file's path below `folder`: its layer or room.
fn part<'a>(source: &'a Source, folder: &str) -> Option<&'a str> {
    source.file.strip_prefix(folder)?.split(['/', '.']).next()
}

#[test]
fn layers_name_what_the_table_of_the_library_allows_and_no_permission_is_unused() {
    let layers = layers();
    let mut faults = BTreeSet::new();
    let mut used = BTreeSet::new();
    for source in sources().iter().filter(|source| source.file != "lib.rs") {
        let layer = part(source, "").expect("a file has a name");
        let Some(allowed) = layers.get(layer) else {
            faults.insert(format!("{layer} is no row of the table in src/lib.rs"));
            continue;
        };
        for path in source.paths.iter().filter_map(|path| path.strip_prefix("crate::")) {
            if is_in(path, layer) {
                continue;
            }
            match allowed.iter().find(|allowed| is_in(path, allowed)) {
                Some(allowed) => drop(used.insert((layer.to_owned(), allowed.clone()))),
                None => drop(faults.insert(format!("{} names crate::{path}", source.file))),
            }
        }
    }
    let permissions = layers.iter().flat_map(|(l, all)| all.iter().map(|a| (l.clone(), a.clone())));
    faults.extend(permissions.filter(|p| !used.contains(p)).map(|(l, a)| format!("{l} does not use {a}")));
    assert!(faults.is_empty(), "layers out of order:\n{}", faults.into_iter().collect::<Vec<_>>().join("\n"));
}

/// The rooms of `cli`, top to bottom: a room names rooms below it. A new room gets its place here.
const CLI: [&str; 38] = [
    "run",
    "commands",
    "guide",
    "every",
    "setup",
    "help",
    "args",
    "rescue",
    "order",
    "subject",
    "place",
    "terminal",
    "five_volts",
    "streams",
    "questions",
    "splicing",
    "jobs",
    "events",
    "store",
    "differences",
    "confirm",
    "signals",
    "browser",
    "session",
    "progress",
    "time_left",
    "shell",
    "options",
    "global",
    "completion",
    "home",
    "words",
    "flashrom",
    "exit",
    "output",
    "table",
    "show",
    "flow",
];

/// What makes, replaces or moves a file, by path.
const WRITES: [&str; 13] = [
    "std::fs::write",
    "std::fs::copy",
    "std::fs::rename",
    "std::fs::hard_link",
    "std::fs::OpenOptions",
    "std::fs::File::create",
    "std::fs::File::create_new",
    "std::fs::File::options",
    "tempfile::Builder",
    "crate::desk::files::OutFile::create",
    "crate::desk::files::write_own",
    "crate::workflow::files::write",
    "crate::workflow::files::NewFile",
];

/// The files that may, and for what.
const WRITERS: [(&str, &str); 15] = [
    ("cli/streams.rs", "outputs that the user names: the one way, which replaces nothing without a yes"),
    ("session/operations/work.rs", "outputs that a request names: the same rules"),
    ("desk/files.rs", "the type behind it"),
    ("desk/demo.rs", "an invented board, in a folder that it makes"),
    ("page/shelf.rs", "files that were dropped on the page, in a folder of the run's own"),
    ("workflow/files.rs", "the ground of both and of the store"),
    ("workflow/store/backups.rs", "an export into a new folder"),
    ("workflow/store/draft.rs", "a backup being taken"),
    ("workflow/store/store_folder.rs", "the store"),
    ("workflow/journal/jobs.rs", "the journal"),
    ("workflow/journal/record.rs", "what a job keeps of itself"),
    ("desk/five_volts.rs", "the program's own mark"),
    ("desk/guide/saved.rs", "the guide's own settings"),
    ("desk/guide/worker.rs", "the guide's page, under a name of its own"),
    ("desk/programmer/emulated.rs", "the emulated chip's own state"),
];

#[test]
fn a_file_that_the_user_names_is_written_in_one_place() {
    let writes = |path: &str| WRITES.iter().any(|place| is_in(path, place));
    let writers: BTreeSet<&str> = sources()
        .iter()
        .filter(|source| source.paths.iter().any(|path| writes(path)))
        .map(|source| source.file.as_str())
        .collect();
    let allowed: BTreeSet<&str> = WRITERS.iter().map(|(file, _)| *file).collect();
    assert_eq!(writers, allowed);
}

/// What names a room above it all the same, and why.
const CLI_UPWARDS: [(&str, &str); 1] = [
    // The enum of the commands is one of the arguments; `demo`, `flashrom` and the shell's scripts read them again.
    ("args", "commands"),
];

#[test]
fn rooms_of_the_command_line_name_rooms_below_them() {
    let floor = |room: &str| CLI.iter().position(|r| *r == room);
    let mut faults = BTreeSet::new();
    let (mut upwards, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for source in sources() {
        let Some(room) = part(source, "cli/").filter(|room| *room != "mod") else { continue };
        seen.insert(room.to_owned());
        for path in source.paths.iter().filter_map(|path| path.strip_prefix("crate::cli::")) {
            let other = path.split("::").next().expect("split gives one");
            match (floor(room), floor(other)) {
                _ if other == room => {}
                (Some(this), Some(that)) if this < that => {}
                (Some(_), Some(_)) => drop(upwards.insert((room.to_owned(), other.to_owned()))),
                (_, None) => drop(faults.insert(format!("{} names {path}, which is no room", source.file))),
                (None, _) => drop(faults.insert(format!("{room} has no place among the rooms of cli"))),
            }
        }
    }
    let allowed: BTreeSet<_> = CLI_UPWARDS.iter().map(|(r, o)| ((*r).to_owned(), (*o).to_owned())).collect();
    faults.extend(upwards.difference(&allowed).map(|(r, o)| format!("{r} names {o}, which is above it")));
    faults.extend(allowed.difference(&upwards).map(|(r, o)| format!("{r} does not name {o}")));
    faults.extend(
        CLI.iter().filter(|room| !seen.contains(**room)).map(|room| format!("no room is called {room}")),
    );
    assert!(faults.is_empty(), "rooms of cli:\n{}", faults.into_iter().collect::<Vec<_>>().join("\n"));
}

/// What of the outside world is known, and the files or folders that alone may know it. A name with `!` is a macro.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("rusb", &["usb/host/", "usb/queue.rs"]),
    ("libc", &["usb/queue.rs"]),
    ("unsafe", &["usb/queue.rs", "usb/web/calls.rs"]),
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/commands/completions.rs", "cli/completion.rs"]),
    ("clap_mangen", &["cli/commands/man.rs"]),
    ("embedded_hal", &["spi/hal.rs"]),
    ("embedded_storage", &["flash/nor_flash.rs"]),
    ("etcetera", &["cli/home.rs"]),
    ("flate2", &["image/container/packed/"]),
    ("ftdi_embedded_hal", &["programmer/ftdi.rs"]),
    ("ftdi_mpsse", &["programmer/ftdi.rs", "programmer/mpsse.rs", "programmer/mpsse/examine.rs"]),
    ("getrandom", &["page/server.rs"]),
    ("gpiocdev", &["usb/host/spidev.rs"]),
    ("httparse", &["page/head.rs"]),
    ("font8x8", &["report/picture.rs"]),
    ("ihex", &["image/records/"]),
    ("indicatif", &["cli/every.rs", "cli/output.rs", "cli/progress.rs"]),
    ("maud", &["report/"]),
    ("lzma_rust2", &["image/container/packed/"]),
    ("png", &["cli/commands/map.rs"]),
    ("ratatui", &["cli/guide/", "cli/output.rs"]),
    ("ruzstd", &["image/container/packed/"]),
    // What is printed as JSON has its form in wire; the others are records that the program reads back, and items of images.
    (
        "serde_json",
        &[
            "wire/",
            "workflow/journal/",
            "workflow/store/manifest.rs",
            "workflow/stored_status.rs",
            "desk/about.rs",
            "desk/attributes.rs",
            "desk/guide/saved.rs",
            "desk/programmer/",
            "image/",
        ],
    ),
    ("signal_hook", &["cli/signals.rs"]),
    ("spi_memory", &["flash/identify.rs", "flash/second.rs"]),
    ("tempfile", &["page/shelf.rs", "workflow/"]),
    ("tungstenite", &["page/tab.rs"]),
    ("zip", &["image/container/wrapper/archive.rs"]),
    ("print!", &[]),
    ("println!", &[]),
    ("eprint!", &[]),
    ("eprintln!", &[]),
    ("dbg!", &[]),
    ("std::io::stdin", &["cli/"]),
    ("std::io::stdout", &["cli/"]),
    ("std::io::stderr", &["cli/"]),
    // usb/host: whether the kernel shows a USB bus at all; how large spidev's buffers are, and who holds its chip select.
    // programmer/possible: what the kernel has noted of serial ports, spidev nodes and USB devices.
    (
        "std::fs",
        &[
            "cli/",
            "desk/",
            "page/shelf.rs",
            "workflow/",
            "usb/host/find.rs",
            "usb/host/spidev.rs",
            "programmer/possible.rs",
        ],
    ),
    ("std::env", &["cli/"]),
    ("std::process", &["cli/"]),
    (
        "std::net",
        &[
            "cli/",
            "emulator/usbip/",
            "emulator/byte_server.rs",
            "page/",
            "usb/host/stream.rs",
            "wire/machine.rs",
            "workflow/tftp",
        ],
    ),
    // usb/host: the thread that serves libusb's events. store: a lock that another process holds is waited for. desk/contact: the
    // meter of an emulated programmer waits in this machine's time.
    (
        "std::thread",
        &[
            "cli/",
            "desk/contact.rs",
            "emulator/usbip/",
            "emulator/byte_server.rs",
            "page/",
            "session/lines.rs",
            "usb/host/",
            "workflow/store/",
        ],
    ),
];

fn knows(source: &Source, what: &str) -> bool {
    match what.strip_suffix('!') {
        Some(name) => source.macros.contains(name),
        None if what == "unsafe" => source.has_unsafe,
        None => source.paths.iter().any(|path| is_in(path, what)),
    }
}

#[test]
fn each_outside_world_is_known_in_its_place_and_no_place_is_unused() {
    let mut faults = Vec::new();
    let sources = sources();
    for &(what, places) in ONLY_IN {
        let knowing: Vec<&str> =
            sources.iter().filter(|source| knows(source, what)).map(|source| source.file.as_str()).collect();
        let strangers = knowing.iter().filter(|file| !places.iter().any(|place| file.starts_with(place)));
        faults.extend(strangers.map(|file| format!("{file} knows {what}")));
        let unused = places.iter().filter(|place| !knowing.iter().any(|file| file.starts_with(**place)));
        faults.extend(unused.map(|place| format!("{place} does not know {what}")));
    }
    assert!(faults.is_empty(), "outside of their place:\n{}", faults.join("\n"));
}

/// Formats that code outside of their own files and the table of formats knows: what a map, a donor, a splice or an edit is
/// made of. Every other format is one file and one row.
const KNOWN_FORMATS: &[&str] = &[
    "art",
    "cbfs",
    "dtb",
    "fit",
    "fmap",
    "intel",
    "mtk_eeprom",
    "placeholder",
    "safeloader",
    "seama",
    "squashfs",
    "sysupgrade",
    "tplink",
    "trx",
    "uboot_env",
    "uimage",
];

#[test]
fn a_container_format_is_known_to_its_file_and_the_table_alone() {
    // What formats are made of.
    const COMMON: [&str; 8] =
        ["item", "budget", "bytes", "envelope", "overlay", "payload", "packed", "wrapper"];
    let mut known = BTreeMap::new();
    for source in sources() {
        let own = source.file.starts_with("image/container/") || source.file == "image/formats.rs";
        for path in source.paths.iter().filter_map(|path| path.strip_prefix("crate::image::container::")) {
            let format = path.split("::").next().expect("split gives one");
            if !own && !COMMON.contains(&format) {
                known.insert(format, source.file.as_str());
            }
        }
    }
    let strangers = known.iter().filter(|(format, _)| !KNOWN_FORMATS.contains(format));
    let mut faults: Vec<String> = strangers.map(|(format, file)| format!("{file} knows {format}")).collect();
    let unused = KNOWN_FORMATS.iter().filter(|format| !known.contains_key(**format));
    faults.extend(unused.map(|format| format!("only the table knows {format}")));
    assert!(faults.is_empty(), "formats outside of their files:\n{}", faults.join("\n"));
}

/// Below the command line there are facts: which command or option settles something is said by the front end.
#[test]
fn no_command_and_no_option_is_named_below_the_command_line() {
    // How another program swaps bytes: its own options.
    const OTHERS: &str = "objcopy";
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| !source.file.starts_with("cli/"))
        .flat_map(|source| source.texts.iter().map(|text| (&source.file, text)))
        .filter(|(_, text)| !text.contains(OTHERS) && (text.contains("norsplice ") || names_an_option(text)))
        .map(|(file, text)| format!("{file}: {text}"))
        .collect();
    assert!(faults.is_empty(), "commands and options below the command line:\n{}", faults.join("\n"));
}

fn names_an_option(text: &str) -> bool {
    let begins = |at: usize| text[at + 2..].starts_with(|c: char| c.is_ascii_lowercase());
    let alone = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-');
    text.match_indices("--").any(|(at, _)| begins(at) && alone(at))
}

/// What several modules of a folder may each have under the same name: the arguments of a command.
const SAME_NAMES: [&str; 2] = ["cli::commands::Args", "cli::commands::Verb"];

#[test]
fn no_type_name_is_used_twice_in_sibling_modules() {
    let mut named: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for source in sources() {
        let (parent, _) = source.name.rsplit_once("::").unwrap_or(("", &source.name));
        for name in &source.types {
            named.entry(format!("{parent}::{name}")).or_default().insert(&source.name);
        }
    }
    // The layers are siblings too: what each shows at its door.
    for source in sources().iter().filter(|source| !source.name.is_empty() && !source.name.contains("::")) {
        for name in source.shown.iter().filter(|name| name.starts_with(|c: char| c.is_ascii_uppercase())) {
            named.entry(format!("::{name}")).or_default().insert(&source.name);
        }
    }
    let twice = named.iter().filter(|(name, all)| all.len() > 1 && !SAME_NAMES.contains(&name.as_str()));
    let twice: Vec<String> = twice.map(|(name, all)| format!("{name} in {all:?}")).collect();
    assert!(twice.is_empty(), "names with two meanings:\n{}", twice.join("\n"));
}

#[test]
fn module_pages_hold_docs_and_reexports_only() {
    let sources = sources();
    let with_own: Vec<&str> = sources
        .iter()
        .filter(|source| source.file.ends_with("mod.rs") && source.defines)
        .map(|source| source.file.as_str())
        .collect();
    assert_eq!(with_own, [""; 0], "definitions in module pages");
}

/// A file that no module declares would be outside of every wall.
#[test]
fn every_file_is_declared_by_a_module() {
    let declared = syntax::files();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            if path.is_dir() {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "main.rs" && !name.starts_with("bin/") {
                assert!(declared.contains(&name), "no module declares {name}");
            }
        }
    }
}

#[test]
fn the_reader_sees_every_form_in_which_a_path_is_written() {
    let text = r#"
        use crate::{span::{self, Span as Range}, spi::*};
        use super::super::usb::UsbError;
        use std::fs;
        #[cfg(test)]
        use crate::hidden::Helper;
        fn read() {
            let _: crate::plan::Plan = self::inner::f(crate::image::CHECK);
            span::f(fs::read("crate::text"));
            format!("{}", crate::report::page(println!("{:?}", [super::device::F])));
        }
        #[cfg(all(test, unix))]
        mod tests { use crate::hidden::Other; }
        #[cfg(any(test, unix))]
        mod inner { use super::super::codec::C; #[derive(serde::Serialize)] struct S; }
        impl S { #[cfg(test)] fn t() { crate::hidden::f(); } fn u() { unsafe { crate::workflow::g() } } }
        macro_rules! m { ($x:ident) => { $crate::desk::{$x, front::Front} }; }
    "#;
    let source = syntax::of_text(&["programmer", "driver"], text);
    let wanted = [
        "crate::desk::front::Front",
        "crate::desk::x",
        "crate::image::CHECK",
        "crate::plan::Plan",
        "crate::programmer::codec::C",
        "crate::programmer::device::F",
        "crate::programmer::driver::inner::f",
        "crate::report::page",
        "crate::span",
        "crate::span::Span",
        "crate::span::f",
        "crate::spi",
        "crate::usb::UsbError",
        "crate::workflow::g",
        "serde::Serialize",
        "std::fs",
        "std::fs::read",
    ];
    let paths: Vec<&str> = source.paths.iter().map(String::as_str).collect();
    assert_eq!(paths, wanted);
    assert!(source.has_unsafe);
    assert!(source.macros.contains("println") && source.macros.contains("format"), "{:?}", source.macros);
    let quiet = syntax::of_text(&["span"], "#[cfg(test)] mod tests { fn f() { unsafe { println!() } } }");
    assert!(!quiet.has_unsafe && quiet.macros.is_empty() && quiet.paths.is_empty() && !quiet.defines);
}

/// Names are what users write, and each has a test that writes it.
#[test]
fn every_check_is_named_by_a_test() {
    let mut texts = String::new();
    let mut folders = vec![root().join("image"), root().with_file_name("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("checks/table.rs") {
                texts.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    // The product's own code takes the constants.
    let unnamed: Vec<_> = norsplice::image::checks::CHECKS
        .iter()
        .map(|c| c.name)
        .filter(|name| !texts.contains(&format!("\"{name}\"")))
        .collect();
    assert_eq!(unnamed, [""; 0]);
}
