//! The command lines that are kept, in the order in which they run on one bench.

/// One command line.
pub struct Step {
    /// The name of its file.
    pub name: &'static str,
    /// As typed after `norsplice`; `BACKUP` and `JOB` stand for the ids that the first rewrite gave, `NEWEST` for the
    /// latest job's.
    pub line: &'static str,
    /// On the demo board's emulated chip (`emu`), or another one; empty for none.
    pub emu: &'static str,
    /// The exit code.
    pub code: i32,
    /// Serves until it is ended, which is done after its first line.
    pub serves: bool,
}

/// Commands that keep nothing in the store. With others, two in one second of the same kind would be numbered.
const LOOKS: &[&str] = &[
    "backups list",
    "backups show",
    "backups verify",
    "backups export",
    "blank-check",
    "boards",
    "chips",
    "contact",
    "diff",
    "emulate",
    "extract",
    "flashrom",
    "guide",
    "hexdump",
    "inspect",
    "jobs list",
    "layout",
    "list",
    "man",
    "map",
    "otp diff",
    "otp dump",
    "otp show",
    "probe",
    "protect show",
    "read",
    "report",
    "selftest",
    "setup",
    "splice",
    "status",
    "tftp",
    "verify",
];

impl Step {
    /// True where it keeps nothing in the store.
    pub fn looks(&self) -> bool {
        LOOKS.iter().any(|verb| {
            self.line.strip_prefix(verb).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
    }
}

const fn plain(name: &'static str, line: &'static str) -> Step {
    Step { name, line, emu: "", code: 0, serves: false }
}

const fn board(name: &'static str, line: &'static str) -> Step {
    Step { emu: "image=board.bin,state=chip,programmer=ft2232h", ..plain(name, line) }
}

/// The supply fails in the ninth erase or program.
const fn cut(name: &'static str, line: &'static str) -> Step {
    Step {
        emu: "image=board.bin,state=chip,programmer=ft2232h,fault=cut-in-operation:9",
        ..ends(3, plain(name, line))
    }
}

const fn ends(code: i32, step: Step) -> Step {
    Step { code, ..step }
}

const fn serves(step: Step) -> Step {
    Step { serves: true, ..step }
}

const REWRITE: &str =
    "rewrite --board archer-mr200-v1 --donor vendor.bin --save-recipe again.toml --force --yes";

/// In order. The first makes the demo's folder, in which the others run.
pub const STEPS: &[Step] = &[
    plain("demo", "demo norsplice-demo"),
    board("setup", "setup"),
    plain("setup-rules", "setup --print-udev-rules"),
    plain("list", "list"),
    board("selftest", "selftest --chip --report selftest.txt"),
    board("probe", "probe"),
    board("status", "status"),
    board("contact", "contact"),
    board("contact-watch", "contact --watch --looks 2"),
    board("otp-show", "otp show"),
    board("otp-dump", "otp dump otp"),
    board("protect-show", "protect show"),
    board("read", "read rom.bin --board archer-mr200-v1 --region rom"),
    board("verify", "verify rom.bin --board archer-mr200-v1 --region rom"),
    board("backup", "backup --board archer-mr200-v1"),
    // The demo has left its chip rewritten; a fresh chip of the same board for what follows.
    board("rewrite-nothing-left", REWRITE),
    board("restore", "restore BACKUP --yes"),
    ends(2, board("rewrite-unanswered", "rewrite --board archer-mr200-v1 --donor vendor.bin")),
    board("rewrite-dry-run", "rewrite --board archer-mr200-v1 --donor vendor.bin --dry-run"),
    board("rewrite", REWRITE),
    board("write", "write rom.bin --board archer-mr200-v1 --region config --yes"),
    board("erase", "erase --board archer-mr200-v1 --region config --yes"),
    ends(2, board("resume-nothing", "resume")),
    plain("jobs-list", "jobs list"),
    plain("backups-list", "backups list"),
    plain("backups-show", "backups show BACKUP"),
    plain("backups-verify", "backups verify"),
    plain("backups-export", "backups export BACKUP out"),
    plain("backups-import", "backups import board.bin --board archer-mr200-v1"),
    plain("inspect-dump", "inspect board.bin"),
    ends(2, plain("extract-nothing", "extract vendor.bin -o parts")),
    plain("inspect-donor", "inspect vendor.bin --board archer-mr200-v1 --as donor"),
    plain("splice", "splice --board archer-mr200-v1 --base board.bin --donor vendor.bin -o spliced.bin"),
    plain(
        "splice-tftp",
        "splice --board archer-mr200-v1 --base board.bin --donor vendor.bin --for tftp -o .",
    ),
    ends(
        1,
        serves(plain(
            "tftp-serve",
            "tftp serve ./ArcherC2V1_tp_recovery.bin --board archer-mr200-v1 --listen 127.0.0.1:0",
        )),
    ),
    serves(plain("emulate", "emulate --usbip 127.0.0.1:0 image=board.bin chip=W25Q256FV,programmer=ft2232h")),
    ends(4, plain("diff", "diff board.bin spliced.bin --board archer-mr200-v1")),
    plain("hexdump", "hexdump board.bin --board archer-mr200-v1 --at 0x7df0e0 --len 0x60"),
    plain("map", "map board.bin --against spliced.bin --board archer-mr200-v1"),
    plain("map-picture", "map board.bin --against spliced.bin --board archer-mr200-v1 -o map.svg"),
    plain("report", "report JOB -o report.html"),
    plain("layout", "layout --board archer-mr200-v1"),
    plain("layout-mtdparts", "layout --board archer-mr200-v1 --to mtdparts"),
    plain("boards", "boards"),
    plain("boards-one", "boards archer-mr200-v1"),
    plain("chips", "chips w25q64"),
    ends(2, plain("guide-no-terminal", "guide")),
    plain("man", "man pages"),
    plain("flashrom", "flashrom -p ft2232_spi:type=2232H,divisor=4 --ifd -i bios -w new.rom -N"),
    ends(2, plain("flashrom-none", "flashrom -p internal -w new.rom")),
    board("map-chip", "map chip"),
    board("hexdump-chip", "hexdump chip --at 0x7df0f0 --len 0x30"),
    ends(4, board("diff-chip", "diff BACKUP chip")),
    plain("report-backup", "report BACKUP -o backup.html"),
    // A chip cut off in the middle, and the three ways on.
    cut("restore-cut", "restore BACKUP --yes"),
    ends(3, board("rewrite-refused-partial", REWRITE)),
    plain("report-partial", "report NEWEST -o partial.html"),
    board("resume", "resume --yes"),
    cut("rewrite-cut", REWRITE),
    board("resume-undo", "resume --undo --yes"),
    cut("rewrite-cut-again", REWRITE),
    plain("jobs-drop", "jobs drop NEWEST --for-good"),
    board("read-bytes", "read six.bin --at 0x7df100 --len 6"),
    board("otp-program", "otp program 2 six.bin --yes"),
    ends(4, board("otp-diff", "otp diff BACKUP chip")),
    board("otp-erase", "otp erase 2 --yes"),
    ends(4, board("blank-check", "blank-check --board archer-mr200-v1 --region rom")),
    board("patch", "patch --at 0x7c0000 --hex c0ffee --yes"),
    plain("backups-name", "backups name BACKUP bench"),
    plain("backups-prune", "backups prune --for-good"),
    board("otp-clone", "otp clone BACKUP --yes"),
    ends(2, board("otp-lock-unanswered", "otp lock 3")),
    board("protect-set", "protect set 0x7c0000..0x800000 --yes"),
    board("protect-clear", "protect clear --yes"),
    ends(2, plain("backups-remove-only", "backups remove out")),
];

/// Commands whose output is not kept, each with the reason.
pub const NOT_KEPT: &[(&str, &str)] = &[
    ("completions", "a shell's program of thousands of lines; of its words, the help texts are kept"),
    ("page", "its one line is an address with a port and a token of the run; tests/page reads it"),
    ("session", "it is spoken to: every line of tests/session.rs is held against the schema"),
];
