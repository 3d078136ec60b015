//! `norsplice --help`: the commands in the order of a day at the bench, with examples and exit codes.

use super::args::Args;
use clap::CommandFactory;
use std::fmt::Write;

/// The commands under their headings.
pub const GROUPS: &[(&str, &[&str])] = &[
    (
        "Look at the chip",
        &["list", "probe", "status", "contact", "read", "verify", "blank-check", "otp", "protect"],
    ),
    ("Save it", &["backup", "backups"]),
    (
        "Change it (always with a backup first)",
        &["rewrite", "write", "patch", "erase", "restore", "resume", "jobs"],
    ),
    (
        "Files, without a chip",
        &["inspect", "extract", "splice", "tftp", "layout", "map", "hexdump", "diff", "report"],
    ),
    ("What is known", &["boards", "chips"]),
    (
        "The program",
        &[
            "setup",
            "selftest",
            "page",
            "guide",
            "demo",
            "session",
            "emulate",
            "flashrom",
            "completions",
            "man",
        ],
    ),
];

const EXAMPLES: &str = "\
Programmers for -p:
  ch341a[:path=1-2.3]
  ch347[:path=1-2.3,speed=15MHz,cs=0]             CH347T (mode 1) and CH347F
  ft2232h[:port=A,speed=15MHz,serial=S,path=...]  also ft232h, ft4232h,
      ft2232hp, ft232hp, ft4232hp, ft2233hp, ft233hp, ft4233hp, ft4232ha;
      tumpa, tumpa-lite, jtagkey, kt-link, arm-usb-ocd, arm-usb-ocd-h,
      arm-usb-tiny, arm-usb-tiny-h, picotap, busblaster, flyswatter,
      tigard (port B), digilent-hs2, digilent-hs3, digilent-smt2;
      vid=15ba,pid=002b for ids of its own; pin=gpiol0:low+gpioh1:high
  serprog:dev=/dev/ttyACM0[,baud=..,speed=..]     also serprog:tcp=HOST:PORT, serprog:unix=PATH
  spidev:dev=/dev/spidev0.0[,speed=..]            Linux, a Raspberry Pi; reset=gpiochip0/17
  emu[:programmer=ch341a,chip=W25Q64FV,image=FILE,state=DIR]  a chip in software, to try things out;
      left=STATE and fault=NAME:VALUE make it hard (a wrong name lists them)

Examples:
  norsplice demo                                             try everything, nothing attached
  norsplice probe                                            which chip is under the clip?
  norsplice rewrite --board archer-mr200-v1 --donor web.bin  back up, splice, write: the one pass
  norsplice backups list                                     what was saved so far
  norsplice restore ID                                       put one back
  norsplice backup --every-programmer                        one on each clip, at the same time

Exit codes: 0 done, 1 failed and chip untouched, 2 wrong usage or refused input, 3 chip partly
written (\"norsplice resume\" finishes it), 4 contents differ, 5 no programmer or no chip.";

/// What the manual page says beyond the options, as roff.
pub fn manual() -> String {
    let mut text = String::new();
    for part in EXAMPLES.split("\n\n") {
        let (heading, body) = part.split_once([':', '\n']).unwrap_or((part, ""));
        // Writing to a String cannot fail.
        let _ = writeln!(text, ".SH \"{}\"\n.nf", heading.to_uppercase());
        for line in body.trim_matches('\n').lines() {
            let _ = writeln!(text, "\\&{}", line.replace('\\', "\\\\").replace('-', "\\-"));
        }
        text.push_str(".fi\n");
    }
    text + MANUAL
}

/// Sections of the manual page alone.
const MANUAL: &str = "\
.SH ENVIRONMENT
.TP
NORSPLICE_PROGRAMMER
what \\-p would say
.TP
NORSPLICE_STORE
what \\-\\-store would say
.TP
NO_COLOR, CLICOLOR_FORCE
no colours; colours without a terminal
.TP
PAGER
shows long hex dumps on a terminal; without it, less
.SH FILES
.TP
~/.local/share/norsplice
the store: a folder for each backup, with flash.bin and backup.json, and jobs/
.SH \"SEE ALSO\"
flashrom(8)
";

/// The program's command with grouped help.
pub fn command() -> clap::Command {
    let command = Args::command();
    let groups = groups(&command);
    command.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{groups}\nOptions for every command:\n{{options}}\n\n{EXAMPLES}\n"
    ))
}

fn groups(command: &clap::Command) -> String {
    let mut text = String::new();
    for (heading, names) in GROUPS {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "\n{heading}:");
        // One that was not built in has no line.
        for known in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = known.get_about().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {:<12} {about}", known.get_name());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group_and_has_a_line() {
        let command = command();
        let mut listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        listed.retain(|name| cfg!(feature = "page") || *name != "page");
        let mut known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        listed.sort_unstable();
        known.sort_unstable();
        assert_eq!(listed, known);
        assert!(command.get_subcommands().all(|c| c.get_about().is_some()));
        command.debug_assert();
    }
}
