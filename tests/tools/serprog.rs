//! flashrom on an emulated serprog device at a TCP port: it reads what norsplice wrote, and the reverse.

use crate::bench::{Bench, Clip, MEDIUM, MEDIUM_SIZE, in_memory, noise, write_options};
use crate::faults::bench::quiet;
use norsplice::emulator::{ProgrammerKind, SerprogKind};
use norsplice::workflow::Store;
use norsplice::workflow::job::{self, Decide, Wanted};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// [`MEDIUM`], as flashrom and flashprog call it.
const CHIP: &str = "GD25Q16(B)";

/// A served device; ended when it goes, and its chip saved.
pub struct Served {
    child: Child,
    pub address: String,
}

impl Served {
    /// The device as after `-p emu:`, at a TCP address or `pty`.
    pub fn new(bench: &Bench, device: &str, place: &str) -> Self {
        let mut child = bench
            .command()
            .args(["--json", "emulate", "--serprog", place, device])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let listening: serde_json::Value = serde_json::from_str(&line).unwrap();
        Self { child, address: listening["address"].as_str().unwrap().to_owned() }
    }
}

fn device(firmware: &str) -> String {
    format!("programmer={firmware},chip={MEDIUM},image=before.bin,state={firmware}")
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

#[test]
fn flashrom_reads_what_norsplice_wrote_and_the_reverse() {
    let Some(bench) = Bench::with(&["flashrom"]) else { return };
    // This machine's, and the newer ones that `.ci/judges` names.
    let newer =
        ["NORSPLICE_FLASHROM", "NORSPLICE_FLASHPROG"].into_iter().filter_map(|name| std::env::var(name).ok());
    let judges: Vec<String> = std::iter::once("flashrom".to_owned()).chain(newer).collect();
    let before = noise(MEDIUM_SIZE, 1);
    let mut wanted = before.clone();
    wanted[0x12_3000..0x12_8000].copy_from_slice(&noise(0x5000, 2));
    bench.write("before.bin", &before);
    bench.write("wanted.bin", &wanted);
    let few = ["serprog-pico-any", "serprog-esp32", "serprog-short"];
    let all = [&few[..], &["serprog-pico", "serprog-stm32", "serprog-frser"]].concat();
    // Every judge for every firmware, or one for each in turn.
    let every = crate::bench::all();
    for (turn, firmware) in if every { all.as_slice() } else { &few }.iter().enumerate() {
        let served = Served::new(&bench, &device(firmware), "127.0.0.1:0");
        let ours = format!("serprog:tcp={}", served.address);
        for (n, judge) in judges.iter().enumerate().filter(|(n, _)| every || *n == turn % judges.len()) {
            let judge = format!("{judge} -p serprog:ip={} -c {CHIP}", served.address);
            let store = format!("store-{firmware}-{n}");
            bench.run(["-p", &ours, "--store", &store, "--yes", "write", "wanted.bin"]).code(0);
            let said = bench.tool(&format!("{judge} -v wanted.bin"));
            assert!(said.contains("VERIFIED"), "{firmware}: {said}");
            // Their pages do not fit a firmware that takes 256 bytes with command and address.
            if *firmware == "serprog-short" {
                continue;
            }
            bench.tool(&format!("{judge} -w before.bin"));
            let name = format!("{firmware}-{n}.bin");
            bench.run(["-p", &ours, "read", &name]).code(0);
            assert!(bench.read(&name) == before, "{judge}");
        }
    }
}

/// Passes bytes on, and counts how often the client begins to send again after an answer: the round trips of one that waits for each.
struct Counted {
    address: String,
    turns: Arc<AtomicUsize>,
}

impl Counted {
    fn new(to: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let turns = Arc::new(AtomicUsize::new(0));
        let count = turns.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(&to).unwrap();
                client.set_nodelay(true).and(server.set_nodelay(true)).unwrap();
                let answered = AtomicBool::new(true);
                std::thread::scope(|scope| {
                    scope.spawn(|| copy(&server, &client, || answered.store(true, Ordering::SeqCst)));
                    copy(&client, &server, || {
                        count
                            .fetch_add(usize::from(answered.swap(false, Ordering::SeqCst)), Ordering::SeqCst);
                    });
                });
            }
        });
        Self { address, turns }
    }

    /// The round trips of what is done meanwhile.
    fn of(&self, what: impl FnOnce()) -> usize {
        self.turns.store(0, Ordering::SeqCst);
        what();
        self.turns.load(Ordering::SeqCst)
    }
}

/// Until one side ends; then the other is ended too. `passed` is called before bytes are passed on.
fn copy(mut from: &TcpStream, mut to: &TcpStream, passed: impl Fn()) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        passed();
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let ended = [from, to].map(|stream| stream.shutdown(Shutdown::Both));
    drop(ended);
}

/// How often a write of this program waits for the device with nothing on its way. Counted by the emulator and not at a socket: what is
/// sent ahead passes there in pieces that hang on the machine's load.
fn waits_of_a_write(before: &[u8], wanted: &[u8]) -> u64 {
    let clip = Clip::new(ProgrammerKind::Serprog(SerprogKind::PicoAny), MEDIUM, Some(before.to_vec()));
    let (mut chip, folder) = (clip.connect().unwrap(), in_memory());
    let store = Store::open_locked(folder.path()).unwrap();
    let mut decide = Decide {
        wanted: &mut |_: &_| Ok(Wanted::whole(wanted.to_vec(), Default::default())),
        confirm: &mut |_| true,
    };
    clip.emulator.reset_counts();
    job::run(&mut chip, &store, &write_options(), &mut decide, &mut quiet).unwrap();
    assert!(clip.emulator.contents() == wanted);
    clip.emulator.counts().waits
}

/// Two writes to a blank chip, which differ by 128 pages: what these pages cost is the difference.
#[test]
fn a_page_costs_at_most_half_of_flashrom_s_round_trips() {
    const PAGES: usize = 128;
    let Some(bench) = Bench::with(&["flashrom"]) else { return };
    let mut judges = vec!["flashrom".to_owned()];
    judges.extend(std::env::var("NORSPLICE_FLASHROM"));
    let mut blank = vec![0xff; MEDIUM_SIZE];
    blank[0x10_0000..0x10_1000].copy_from_slice(&noise(0x1000, 1));
    bench.write("blank.bin", &blank);
    let images = [("few.bin", PAGES), ("many.bin", 2 * PAGES)].map(|(name, pages)| {
        let mut image = blank.clone();
        image[..pages * 256].copy_from_slice(&noise(pages * 256, 3));
        bench.write(name, &image);
        (name, image)
    });
    let a_page = |[few, many]: [u64; 2]| many.checked_sub(few).unwrap() as f64 / PAGES as f64;
    let ours = a_page(images.each_ref().map(|(_, image)| waits_of_a_write(&blank, image)));
    let device = format!("programmer=serprog-pico-any,chip={MEDIUM},image=blank.bin");
    for judge in judges {
        let theirs = a_page(images.each_ref().map(|(image, _)| {
            let served = Served::new(&bench, &device, "127.0.0.1:0");
            let counted = Counted::new(served.address.clone());
            let address = &counted.address;
            let turns = counted.of(|| {
                bench.tool(&format!("{judge} -p serprog:ip={address} -c {CHIP} -n -w {image}"));
            });
            turns as u64
        }));
        println!("{judge}: {theirs} round trips a page, ours {ours}");
        assert!(ours > 0.0 && ours <= 1.0, "ours {ours}");
        assert!(ours * 2.0 <= theirs, "{judge}: {theirs} round trips a page, ours {ours}");
    }
}

/// The serial port's own code on both sides: a pseudo-terminal is one.
#[test]
fn a_pseudo_terminal_is_a_serial_port_for_norsplice_and_for_flashrom() {
    let bench = Bench::new();
    let before = noise(MEDIUM_SIZE, 1);
    let mut wanted = before.clone();
    wanted[0x1000..0x3000].copy_from_slice(&noise(0x2000, 2));
    bench.write("before.bin", &before);
    bench.write("wanted.bin", &wanted);
    let served = Served::new(&bench, &device("serprog-pico-any"), "pty");
    assert!(served.address.starts_with("/dev/"), "{}", served.address);
    let ours = format!("serprog:dev={},baud=115200", served.address);
    bench.run(["-p", &ours, "--store", "store", "--yes", "write", "wanted.bin"]).code(0);
    bench.run(["-p", &ours, "selftest", "--chip"]).code(0).says(&["the sync, 100 times"]);
    bench.run(["-p", &ours, "verify", "wanted.bin"]).code(0);
    let Some(bench) = Bench::with(&["flashrom"]).map(|_| &bench) else { return };
    let flashrom = format!("flashrom -p serprog:dev={}:115200 -c {CHIP}", served.address);
    let said = bench.tool(&format!("{flashrom} -v wanted.bin"));
    assert!(said.contains("VERIFIED"), "{said}");
}
