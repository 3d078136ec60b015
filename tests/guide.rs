//! The guide in a real terminal: tmux runs it on the emulated chip, types, and reads the screen.

use crate::bench::tmux::{PATIENCE, Terminal, quoted, tmux_is_here};
use std::path::Path;
use std::time::{Duration, Instant};

/// A window that is closed takes the guide with it: no one is left to see it, and it must not continue by itself.
#[test]
fn the_guide_ends_with_its_terminal() {
    if !tmux_is_here() {
        return;
    }
    let dir = tempfile::tempdir().expect("a folder");
    let pid = dir.path().join("pid");
    let command = format!(
        "echo $$ >{}; export NORSPLICE_PROGRAMMER=emu NORSPLICE_STORE={}; exec {}",
        quoted(&pid),
        quoted(&dir.path().join("store")),
        quoted(Path::new(env!("CARGO_BIN_EXE_norsplice"))),
    );
    let terminal = Terminal::start("closed", (110, 36), &command);
    terminal.wait_for("Which programmer?");
    let pid = std::fs::read_to_string(pid).expect("the process id").trim().to_owned();
    // A process that has ended and that no one has waited for is a zombie: it has no memory map any more.
    let running = || std::fs::read(format!("/proc/{pid}/maps")).is_ok_and(|maps| !maps.is_empty());
    assert!(running(), "the guide runs as process {pid}");
    terminal.tmux(&["kill-server"]);
    let end = Instant::now() + PATIENCE;
    while running() {
        assert!(Instant::now() < end, "the guide continues without its terminal");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The guide in a terminal of 80 by 24, on an emulated chip.
struct Bench {
    dir: tempfile::TempDir,
    terminal: Terminal,
}

impl Bench {
    /// With `chip`, options of `emu`, and an image of its contents; the guide's exit code is shown when it is left.
    fn start(name: &str, chip: &str, image: Option<&[u8]>) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let image = image.map(|bytes| {
            std::fs::write(dir.path().join("image.bin"), bytes).expect("written");
            format!(",image={}", quoted(&dir.path().join("image.bin")))
        });
        let command = format!(
            "cd {}; NORSPLICE_PROGRAMMER=emu:programmer=ft2232h,{chip}{},state={} NORSPLICE_STORE=store {}; echo exit=$?; sleep 600",
            quoted(dir.path()),
            image.unwrap_or_default(),
            quoted(&dir.path().join("state")),
            quoted(Path::new(env!("CARGO_BIN_EXE_norsplice"))),
        );
        let terminal = Terminal::start(name, (80, 24), &command);
        Self { dir, terminal }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.dir.path().join(name), bytes).expect("written");
    }

    fn on_chip(&self) -> Vec<u8> {
        std::fs::read(self.dir.path().join("state/flash.bin")).expect("the chip's contents")
    }

    /// From the start to the backup of this job.
    fn begin(&self, job: &str) {
        self.terminal.wait_for("Which programmer?");
        self.terminal.keys(&["Enter"]);
        self.choose(job);
    }

    /// From the clip to the backup of this job.
    fn choose(&self, job: &str) {
        self.terminal.wait_for("Steady.");
        self.terminal.keys(&["Enter"]);
        self.terminal.wait_for("What is to be done?");
        self.mark(job, "Down");
        self.terminal.keys(&["Enter"]);
    }

    /// Presses a key until this is marked; the order of a list may change.
    fn mark(&self, name: &str, key: &str) {
        let marked = || self.terminal.screen().lines().any(|line| line.starts_with(&format!("> {name}")));
        for _ in 0..40 {
            if marked() {
                return;
            }
            self.terminal.keys(&[key]);
            std::thread::sleep(Duration::from_millis(70));
        }
        panic!("'{name}' is never marked:\n{}", self.terminal.screen());
    }

    fn type_in(&self, text: &str) {
        self.terminal.keys(&["-l", text]);
        self.terminal.wait_for(&format!("{text}_"));
    }

    /// Reads what is shown to its end, and takes it: the plan.
    fn plan(&self) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let screen = self.terminal.screen();
            if screen.contains("nothing has been touched yet") {
                return screen;
            }
            assert!(Instant::now() < end, "no plan:\n{screen}");
            if screen.contains("Enter: make the plan") || screen.contains("Enter: read on") {
                self.terminal.keys(&["Enter"]);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Leaves the guide; what stays on the terminal.
    fn leave(&self) -> String {
        self.terminal.keys(&["q"]);
        self.terminal.wait_for("exit=0")
    }
}

/// A PC's flash of 16 MiB: descriptor, Ethernet, management engine, BIOS.
fn pc(seed: u64) -> Vec<u8> {
    let mut flash = vec![0xff; 0x100_0000];
    let mut put = |at: usize, word: u32| flash[at..at + 4].copy_from_slice(&word.to_le_bytes());
    put(0x10, 0x0ff0_a55a);
    put(0x14, 0x0004_0003);
    put(0x18, 0x6);
    put(0x1c, 0);
    put(0x30, 0x5);
    (0..8).for_each(|n| put(0x40 + 4 * n, 0x7fff));
    for (n, start, end) in [(0, 0, 0x1000), (1, 0x80_0000, 0x100_0000), (2, 0x3000, 0x80_0000)] {
        put(0x40 + 4 * n, ((((end >> 12) - 1) << 16) | (start >> 12)) as u32);
    }
    flash[0x3000..0x8000].copy_from_slice(&norsplice::image::synthetic::noise(1, 0x5000));
    flash[0x80_0000..0x81_0000].copy_from_slice(&norsplice::image::synthetic::noise(seed, 0x1_0000));
    flash
}

#[test]
fn the_whole_way_of_a_pc_board() {
    if !tmux_is_here() {
        return;
    }
    let (old, mut new) = (pc(2), pc(3));
    // What is outside of the region must not be taken.
    new[0x4000..0x4100].fill(0);
    let bench = Bench::start("pc", "chip=W25Q128JV", Some(&old));
    bench.write("new.rom", &new);
    bench.begin("a PC board");
    let shown = bench.terminal.wait_for("kept");
    assert!(shown.contains("bios") && shown.contains("0x000000"), "regions and addresses:\n{shown}");
    bench.terminal.keys(&["-l", "n"]);
    bench.terminal.wait_for("new.rom  16 MiB");
    bench.terminal.keys(&["Tab"]);
    bench.terminal.wait_for("file: new.rom_");
    bench.terminal.keys(&["Enter"]);
    bench.terminal.wait_for("Nothing changes yet");
    bench.mark("bios", "Down");
    bench.terminal.keys(&["Space"]);
    bench.terminal.wait_for("you said so");
    let plan = bench.plan();
    assert!(plan.contains("bios") && plan.contains("the whole job:"), "{plan}");
    bench.terminal.keys(&["w"]);
    bench.terminal.wait_for("Written and verified.");
    let chip = bench.on_chip();
    assert!(chip[..0x80_0000] == old[..0x80_0000] && chip[0x80_0000..] == new[0x80_0000..]);
    let left = bench.leave();
    assert!(left.contains("backup") && left.contains("restore"), "what stays on the terminal:\n{left}");
}

#[test]
fn the_whole_way_of_a_blank_chip() {
    if !tmux_is_here() {
        return;
    }
    let image = norsplice::image::synthetic::noise(5, 0x8_0000);
    let bench = Bench::start("blank", "chip=P25D40SH", None);
    bench.write("full.bin", &image);
    bench.begin("a whole image");
    bench.terminal.wait_for("> file:");
    bench.type_in("full.bin");
    bench.terminal.keys(&["Enter"]);
    bench.plan();
    bench.terminal.keys(&["w"]);
    bench.terminal.wait_for("Written and verified.");
    assert!(bench.on_chip() == image);
    bench.leave();
}

#[test]
fn the_whole_way_of_an_unknown_dump() {
    if !tmux_is_here() {
        return;
    }
    let old = norsplice::image::synthetic::noise(6, 0x8_0000);
    let bench = Bench::start("unknown", "chip=P25D40SH", Some(&old));
    bench.write("part.bin", &[0x5a; 0x100]);
    bench.begin("find the board");
    bench.terminal.wait_for("> file:");
    bench.type_in("part.bin");
    bench.terminal.keys(&["Enter"]);
    // No board is named: the screen says what fits any chip.
    bench.terminal.wait_for("Esc goes back:");
    bench.terminal.keys(&["Escape"]);
    bench.choose("a region");
    bench.terminal.wait_for("file: part.bin_");
    bench.terminal.keys(&["Down"]);
    bench.mark("region or address", "Down");
    bench.type_in("0x10000");
    bench.terminal.keys(&["Enter"]);
    let plan = bench.plan();
    assert!(plan.contains("0x010000"), "{plan}");
    bench.terminal.keys(&["w"]);
    bench.terminal.wait_for("Written and verified.");
    let mut wanted = old;
    wanted[0x1_0000..0x1_0100].fill(0x5a);
    assert!(bench.on_chip() == wanted);
    // And a backup only, of the same chip.
    bench.terminal.keys(&["Enter"]);
    bench.choose("a backup only");
    bench.terminal.wait_for("Backed up; nothing was written.");
    let left = bench.leave();
    assert!(
        left.contains("Written and verified.") && left.contains("Backed up; nothing was written."),
        "{left}"
    );
}

#[test]
fn the_whole_way_on_an_emulated_board() {
    if !tmux_is_here() {
        return;
    }
    let board = norsplice::image::synthetic::demo();
    let bench = Bench::start("mr200", "chip=W25Q64FV", Some(board.board.bytes()));
    bench.write("web.bin", &board.vendor);
    bench.begin("archer-mr200-v1");
    bench.terminal.wait_for("> file:");
    bench.type_in("web.bin");
    bench.terminal.keys(&["Enter"]);
    let shown = bench.terminal.wait_for("kept");
    assert!(shown.contains("u-boot"), "regions are shown:\n{shown}");
    bench.plan();
    // Back to the choice and on again: the backup holds.
    bench.terminal.keys(&["Escape"]);
    bench.terminal.wait_for("> file:");
    bench.plan();
    bench.terminal.keys(&["w"]);
    let shown = bench.terminal.wait_for("Written and verified.");
    assert!(shown.contains("take the clip off"), "{shown}");
    bench.leave();
    let reports = bench.dir.path().join("store/reports");
    let mut pages = std::fs::read_dir(reports).expect("reports");
    let page = pages.next().expect("one").expect("an entry").path();
    assert!(pages.next().is_none(), "one report page was written");
    let page = std::fs::read_to_string(page).expect("readable");
    // What `rewrite` keeps with its job, the guide keeps too.
    assert!(
        page.contains("Recipe to repeat it") && page.contains("serial number"),
        "the report lacks details"
    );
}
