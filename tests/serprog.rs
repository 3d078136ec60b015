//! serprog: every firmware that is emulated, over the port's own time; a stream that is out of step; what answers and is none.

use crate::bench::{Bench, Clip, MEDIUM, MEDIUM_SIZE, connected, noise, permit, read_forward, write_under};
use crate::tools::serprog::Served;
use norsplice::emulator::{Fault, Faults, ProgrammerKind, SerprogKind};
use norsplice::flash::Chip;
use norsplice::span::Span;
use norsplice::spi::{Programmer, Transaction};
use norsplice::usb::{Burst, Pipe, Reply, UsbError};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

/// The firmwares that this program works with.
const FIRMWARES: [SerprogKind; 9] = [
    SerprogKind::Pico,
    SerprogKind::PicoAny,
    SerprogKind::Libreboot,
    SerprogKind::Stm32,
    SerprogKind::Short,
    SerprogKind::Esp32,
    SerprogKind::Frser,
    SerprogKind::Sparse,
    SerprogKind::Cramped,
];

#[test]
fn every_firmware_reads_near_its_wire_and_writes_what_is_wanted() {
    for kind in FIRMWARES.into_iter().chain([SerprogKind::Stingy]) {
        let before = noise(MEDIUM_SIZE, 1);
        let (clip, mut chip) = connected(ProgrammerKind::Serprog(kind), MEDIUM, Some(before.clone()));
        let (data, taken) = read_forward(&mut chip);
        assert!(data == before, "{kind:?}");
        // A packet of 64 bytes takes 51 us of a full-speed bus, a byte 87 us of a UART of 115200 baud.
        let packets = MEDIUM_SIZE as f64 / 64.0 * (13.0 + 64.0) * 8.0 / 12e6;
        let (floor, most) = match kind {
            SerprogKind::Frser => (MEDIUM_SIZE as f64 / 11_520.0, 1.05),
            // 2 KiB a window: commands and their answers cost a tenth, and the clock is 8 MHz.
            SerprogKind::Esp32 => (MEDIUM_SIZE as f64 * 8.0 / 8e6 + packets, 1.15),
            _ => (packets, 1.15),
        };
        println!("{kind:?}: {taken:.3} s, {:.3} of the wire's", taken / floor);
        assert!(taken < floor * most, "{kind:?}: {taken} s, the wire takes {floor}");

        let permit = permit(&chip);
        let block = *chip.geometry().erase.iter().find(|erase| erase.size == 0x1_0000).unwrap();
        let wanted = noise(0x1_0000, 7);
        chip.erase(&block, 0x2_0000, &permit).unwrap();
        clip.emulator.reset_counts();
        let done = chip.program(0x2_0000, &wanted, &permit).unwrap();
        let counts = clip.emulator.counts();
        // flashrom waits for the answers to write enable, page program and a status at least, each by itself.
        // A device that says nothing of its buffer, or has none, is sent one command at a time.
        // One that takes no page as a whole gets several.
        let alone = matches!(kind, SerprogKind::Sparse | SerprogKind::Cramped);
        // Pages are sent once, however late their status comes, but for a few at first, whose time no one knows.
        assert!(done.retried <= 5, "{kind:?}: {} pages of {} were sent again", done.retried, done.pages);
        assert!(
            counts.waits * 2 <= done.pages * 3 || alone,
            "{kind:?}: {} waits for {} pages",
            counts.waits,
            done.pages
        );
        assert!(chip.verify(0x2_0000, &wanted).unwrap().is_empty(), "{kind:?}");
        assert_eq!(clip.emulator.contents()[0x1_0000..0x2_0000], before[0x1_0000..0x2_0000], "{kind:?}");
        chip.release().unwrap();
        assert_eq!(clip.emulator.pins().1, 0, "{kind:?}: the pins are let go");
        clip.clean();
    }
}

/// Takes nothing.
struct Nothing;

impl Reply for Nothing {
    fn next(&self, _: usize) -> Option<usize> {
        None
    }
    fn take(&mut self, _: &[u8]) -> Result<bool, UsbError> {
        panic!("nothing was asked for")
    }
    fn is_complete(&self) -> bool {
        true
    }
}

fn send(clip: &Clip, bytes: &[u8]) {
    let burst = Burst { out: &[bytes.to_vec()], in_depth: 1, quiet: Duration::from_secs(1) };
    clip.emulator.pipe().burst(burst, &mut Nothing).unwrap();
}

/// An earlier run was killed in the middle of a page: the device waits for the rest of it, and takes what comes next as data.
#[test]
fn a_window_that_was_cut_off_is_completed_with_ff() {
    for kind in FIRMWARES {
        for cut in [1, 4, 7, 11, 100, 266] {
            let clip = Clip::new(ProgrammerKind::Serprog(kind), MEDIUM, None);
            // Pins driven, write enable, then a page program at 0x1000 of 256 zeros, cut off.
            let mut bytes = vec![0x15, 1, 0x13, 1, 0, 0, 0, 0, 0, 0x06];
            let page = [&[0x13, 4, 1, 0, 0, 0, 0, 0x02, 0x00, 0x10, 0x00][..], &[0; 256]].concat();
            // A firmware with little room has a page of 64.
            let page = match kind {
                SerprogKind::Short => {
                    [&[0x13, 68, 0, 0, 0, 0, 0, 0x02, 0x00, 0x10, 0x00][..], &[0; 64]].concat()
                }
                _ => page,
            };
            bytes.extend_from_slice(&page[..cut.min(page.len() - 1)]);
            send(&clip, &bytes);
            // In the header FFh makes the length a wrong one; where the device then waits for 16 MiB, it says so.
            let opened = clip.try_open();
            if (1..7).contains(&cut) {
                if let Err(error) = opened {
                    assert!(
                        error.to_string().contains("no serprog device answers"),
                        "{kind:?} {cut}: {error}"
                    );
                }
                continue;
            }
            let opened = opened.unwrap_or_else(|error| panic!("{kind:?} {cut}: {error}"));
            let mut chip = Chip::connect(opened).unwrap();
            let sent = (cut.min(page.len() - 1)).saturating_sub(11) as u64;
            let wrong = chip.read_to_vec(Span::new(0x1000, 0x1100)).unwrap();
            assert!(wrong[..sent as usize].iter().all(|b| *b == 0), "{kind:?} {cut}");
            assert!(
                wrong[sent as usize..].iter().all(|b| *b == 0xff),
                "{kind:?} {cut}: only what was sent is written"
            );
        }
    }
}

#[test]
fn lost_doubled_and_cut_answers_do_no_harm() {
    type Strike = (&'static str, fn(u64) -> Fault);
    let faults: [Strike; 3] =
        [("lost", Fault::LostPacket), ("double", Fault::DoublePacket), ("short", Fault::ShortPacket)];
    let mut right = 0;
    let kind = ProgrammerKind::Serprog(SerprogKind::PicoAny);
    for (name, fault) in faults {
        for at in [3, 9, 40, 333, 20_000, 34_000, 35_500] {
            let case = format!("{name} at {at}");
            let (ended, misdeeds) = write_under(kind, Faults::seeded(1).with(fault(at)), &case);
            assert_eq!(misdeeds, "", "{case}");
            right += u32::from(ended);
        }
    }
    assert!(right >= 15, "{right} of 21 end right");
}

/// A firmware that prints something into its answers, or a port that gives bytes twice: noticed in the read itself.
#[test]
fn bytes_between_those_of_an_answer_are_noticed_in_the_same_burst() {
    let before = noise(MEDIUM_SIZE, 1);
    for kind in FIRMWARES {
        // One command at a time, without room for a sync behind it.
        if matches!(kind, SerprogKind::Sparse) {
            continue;
        }
        let clip = Clip::new(ProgrammerKind::Serprog(kind), MEDIUM, Some(before.clone()));
        let mut opened = clip.open();
        // Answers that end with a packet, and with less or more.
        for (len, at) in (1017..=1024).flat_map(|len| [2, 9, 15].map(|at| (len, at))) {
            clip.emulator.reset_counts();
            clip.emulator.set_faults(&Faults::seeded(1).with(Fault::DoublePacket(at)));
            let mut data = vec![0; len];
            opened.run(&mut [Transaction::read(&[0x03, 0, 0, 0], &mut data)]).unwrap();
            assert!(data == before[..len], "{kind:?}: packet {at} of {len} bytes twice");
            assert_eq!(clip.emulator.counts().faults, 1, "{kind:?} {at}");
        }
        clip.clean();
    }
}

/// It takes no page as a whole; now and then it refuses a window.
#[test]
fn firmwares_that_refuse_what_they_did_not_exclude_do_no_harm() {
    let write = |kind| write_under(ProgrammerKind::Serprog(kind), Faults::default(), &format!("{kind:?}"));
    assert_eq!(write(SerprogKind::Stingy), (true, String::new()));
    // A write enable that is refused in the middle of a burst: the chip ignores the page after it.
    let (_, misdeeds) = write(SerprogKind::Moody);
    assert!(misdeeds.lines().all(|line| line.ends_with("command 02h without write enable")), "{misdeeds}");
}

/// What is lost leaves the device waiting for bytes, or sending some: it is given up within seconds, with what was seen.
#[test]
fn a_stream_that_is_lost_is_given_up_within_seconds() {
    let silent = (20_000..24_000).fold(Faults::seeded(1), |faults, n| faults.with(Fault::LostPacket(n)));
    let cases = [
        (SerprogKind::Leaky, Faults::default(), &["the serprog device is out of step"][..]),
        (SerprogKind::PicoAny, silent, &["the serprog device answers no more", "nothing came"]),
    ];
    for (kind, faults, words) in cases {
        let (clip, mut chip) = connected(ProgrammerKind::Serprog(kind), MEDIUM, None);
        clip.emulator.set_faults(&faults);
        let permit = permit(&chip);
        let (mut error, mut start) = (None, chip.programmer().now());
        for block in 0..16 {
            start = chip.programmer().now();
            error = chip.program(block * 0x1_0000, &noise(0x1_0000, 7), &permit).err();
            if error.is_some() {
                break;
            }
        }
        let text = error.unwrap_or_else(|| panic!("{kind:?}: nothing was lost")).to_string();
        words.iter().for_each(|word| assert!(text.contains(word), "{kind:?}: {text}"));
        drop(chip.release());
        let taken = chip.programmer().now() - start;
        println!("{kind:?}: {taken:?}: {text}");
        assert!(taken < Duration::from_secs(5), "{kind:?}: {taken:?}");
    }
}

/// Its buffer is smaller than it says: what is lost of a burst leaves it waiting for bytes. Another programmer finishes the job.
#[test]
fn a_firmware_that_loses_bytes_leaves_a_chip_whose_state_is_known() {
    let bench = Bench::new();
    let before = noise(MEDIUM_SIZE, 1);
    let mut wanted = before.clone();
    wanted[0x2_0000..0x2_8000].copy_from_slice(&noise(0x8000, 2));
    bench.write("before.bin", &before);
    bench.write("wanted.bin", &wanted);
    let leaky = format!("programmer=serprog-leaky,chip={MEDIUM},image=before.bin,state=chip");
    // What it loses makes commands of what was data: they are its own misdeeds.
    let leaky = format!("emu:{leaky}");
    let ran = bench.run(["-p", &leaky, "--store", "store", "--yes", "write", "wanted.bin"]);
    match ran.code {
        0 => {}
        1 => assert!(bench.read("chip/flash.bin") == before, "untouched"),
        _ => {
            ran.code(3).says(&["the serprog device", "plug it in again", "resume"]);
            let other = format!("programmer=ch341a,chip={MEDIUM},state=chip");
            bench.emu(&other, ["--store", "store", "resume"]).0.code(0);
            assert!(bench.read("chip/flash.bin") == wanted, "finished by another programmer");
        }
    }
}

#[test]
fn a_firmware_whose_limits_are_too_small_is_refused_with_them() {
    let clip = Clip::new(ProgrammerKind::Serprog(SerprogKind::Tiny), MEDIUM, None);
    let Err(error) = clip.try_open() else { panic!("8 bytes are no use") };
    assert!(error.to_string().contains("moves 8 bytes out and 8 in"), "{error}");
    assert_eq!(clip.emulator.counts().spi_bytes, 0);
    let clip = Clip::new(ProgrammerKind::Serprog(SerprogKind::Parallel), MEDIUM, None);
    let Err(error) = clip.try_open() else { panic!("it has no SPI") };
    assert!(error.to_string().contains("has no SPI"), "{error}");
    // One that sets no clock is asked for none.
    let clip =
        Clip::new(ProgrammerKind::Serprog(SerprogKind::Sparse), MEDIUM, None).named("serprog:speed=1MHz");
    let Err(error) = clip.try_open() else { panic!("its clock cannot be set") };
    assert!(error.to_string().contains("cannot be set"), "{error}");
}

/// A server that does this with each client.
fn server(answer: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
    address
}

/// Sends back what it gets, as a terminal's echo does.
fn echo(mut stream: TcpStream) {
    let mut buffer = [0; 512];
    while let Ok(n @ 1..) = stream.read(&mut buffer) {
        if stream.write_all(&buffer[..n]).is_err() {
            return;
        }
    }
}

/// Takes what comes for a command that it does not know.
fn modem(mut stream: TcpStream) {
    let mut buffer = [0; 512];
    while let Ok(1..) = stream.read(&mut buffer) {
        if stream.write_all(b"\r\nERROR\r\n").is_err() {
            return;
        }
    }
}

/// Greets, and has a prompt for whatever it gets.
fn shell(mut stream: TcpStream) {
    let mut buffer = [0; 512];
    let mut says: &[u8] = b"Debian GNU/Linux\r\nlogin: ";
    while stream.write_all(says).is_ok() && stream.read(&mut buffer).is_ok_and(|n| n > 0) {
        says = b"\r\nPassword: \r\nLogin incorrect\r\nlogin: ";
    }
}

fn endless(mut stream: TcpStream) {
    while stream.write_all(&[b'x'; 4096]).is_ok() {}
}

fn silent(mut stream: TcpStream) {
    let mut buffer = [0; 512];
    while let Ok(1..) = stream.read(&mut buffer) {}
}

#[test]
fn what_answers_and_is_no_serprog_device_is_named() {
    let bench = Bench::new();
    type Case = (fn(TcpStream), &'static [&'static str]);
    let cases: [Case; 6] = [
        (echo, &["no serprog device answers there", "began with 10 10"]),
        (modem, &["no serprog device answers there", "began with 0d 0a 45 52"]),
        (shell, &["no serprog device answers there", "began with"]),
        (endless, &["no serprog device answers there", "sends without end", "78 78"]),
        (silent, &["no serprog device answers there", "nothing came"]),
        (drop, &["the connection to tcp=127.0.0.1:", "ended"]),
    ];
    // Side by side: most of each is waiting for an answer that does not come.
    std::thread::scope(|scope| {
        for (answer, words) in cases {
            let bench = &bench;
            scope.spawn(move || {
                let place = format!("serprog:tcp={}", server(answer));
                let ran = bench.run(["-p", &place, "probe"]);
                assert!([1, 5].contains(&ran.code), "{}", ran.stderr);
                ran.says(words);
            });
        }
    });
    // No one listens at a port that has just been given back.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    bench.run(["-p", &format!("serprog:tcp={address}"), "probe"]).code(5).says(&["nothing listens"]);
    bench.write("dump.bin", &[0xff; 64]);
    bench.run(["-p", "serprog:dev=dump.bin", "probe"]).code(1).says(&["dump.bin", "is no serial port"]);
    bench
        .run(["-p", "serprog:dev=/dev/there-is-none", "probe"])
        .code(5)
        .says(&["there is no serial port /dev/there-is-none"]);
    bench.write("port", b"");
    bench.run(["-p", "serprog:dev=port", "probe"]).code(1).says(&["port is no serial port"]);
    bench.run(["-p", "serprog:dev=.", "probe"]).code(1).says(&[". is no serial port"]);
    bench.run(["-p", "serprog:dev=/dev/null", "probe"]).code(1).says(&["/dev/null is no serial port"]);
    bench
        .run(["-p", "spidev:dev=/dev/spidev9.9", "probe"])
        .code(5)
        .says(&["no /dev/spidev9.9", "raspi-config"]);
    bench.run(["-p", "spidev:dev=port", "probe"]).code(1).says(&["port is no spidev device"]);
    bench.run(["-p", "spidev:dev=/dev/null", "probe"]).code(1).says(&["/dev/null is no spidev device"]);
    bench.run(["-p", "serprog:unix=port", "probe"]).code(1).says(&["port is no socket"]);
    bench.run(["-p", "serprog:unix=none", "probe"]).code(5).says(&["there is no socket none"]);
    bench.run(["-p", "spidev", "probe"]).says(&["spidev needs its place: dev=PATH"]);
    bench.run(["-p", "serprog", "probe"]).says(&["serprog needs its place"]);
}

/// Passes bytes on between a client and `to`, and cuts both off after so many from the client, once.
fn cutting(to: String, after: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut left = Some(after);
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&to).unwrap();
            let (mut from, mut into) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || drop(std::io::copy(&mut from, &mut into)));
            pass(&client, &server, &mut left);
            let both = [client.shutdown(std::net::Shutdown::Both), server.shutdown(std::net::Shutdown::Both)];
            drop(both);
        }
    });
    address
}

fn pass(mut client: &TcpStream, mut server: &TcpStream, left: &mut Option<usize>) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = client.read(&mut buffer) {
        let n = left.map_or(n, |left| n.min(left));
        if server.write_all(&buffer[..n]).is_err() {
            return;
        }
        if let Some(left) = left {
            *left -= n;
        }
        if *left == Some(0) {
            *left = None;
            return;
        }
    }
}

#[test]
fn a_connection_that_is_cut_in_the_middle_of_a_write_is_named_and_the_job_goes_on() {
    let bench = Bench::new();
    let before = noise(MEDIUM_SIZE, 1);
    let mut wanted = before.clone();
    wanted[0x2_0000..0x2_8000].copy_from_slice(&noise(0x8000, 2));
    bench.write("before.bin", &before);
    bench.write("wanted.bin", &wanted);
    let device = format!("programmer=serprog-pico-any,chip={MEDIUM},image=before.bin,state=chip");
    let served = Served::new(&bench, &device, "127.0.0.1:0");
    // Reads ask with few bytes: these are in the middle of the pages.
    let place = format!("serprog:tcp={}", cutting(served.address.clone(), 20_000));
    let ran = bench.run(["-p", &place, "--store", "store", "--yes", "write", "wanted.bin"]).code(3);
    ran.says(&["the connection to tcp=127.0.0.1:", "ended", "partly written", "resume"]);
    let resumed = bench.run(["-p", &place, "--store", "store", "resume"]);
    // The bytes until the cut hang on the machine's load. Where it is in a command, the device takes what comes next for the rest of it.
    let (_served, place) = match resumed.code {
        0 => (served, place),
        _ => {
            resumed.code(1).says(&["start its server again"]);
            drop(served);
            let served = Served::new(&bench, &device, "127.0.0.1:0");
            let place = format!("serprog:tcp={}", served.address);
            bench.run(["-p", &place, "--store", "store", "resume"]).code(0);
            (served, place)
        }
    };
    bench.run(["-p", &place, "verify", "wanted.bin"]).code(0);
}

/// The port disappears in the middle of the writing, as one does that is unplugged, and is there again under another name.
#[test]
#[cfg(target_os = "linux")]
fn a_serial_port_that_disappears_in_the_middle_of_a_write_is_named_and_the_job_is_finished() {
    let bench = Bench::new();
    let before = noise(MEDIUM_SIZE, 1);
    let mut wanted = before.clone();
    wanted[0x2_0000..0x4_0000].copy_from_slice(&noise(0x2_0000, 2));
    bench.write("before.bin", &before);
    bench.write("wanted.bin", &wanted);
    let device = format!("programmer=serprog-pico-any,chip={MEDIUM},image=before.bin,state=chip");
    let served = Served::new(&bench, &device, "pty");
    let place = format!("serprog:dev={}", served.address);
    let ran = std::thread::scope(|scope| {
        let ran =
            scope.spawn(|| bench.run(["-p", &place, "--store", "store", "--yes", "write", "wanted.bin"]));
        while bench.read("chip/flash.bin") == before && !ran.is_finished() {
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(served);
        ran.join().unwrap()
    });
    ran.code(3).says(&["the serial port dev=/dev/pts/", "disappeared", "partly written", "resume"]);
    let served = Served::new(&bench, &device, "pty");
    let place = format!("serprog:dev={}", served.address);
    bench.run(["-p", &place, "--store", "store", "resume"]).code(0);
    drop(served);
    assert!(bench.read("chip/flash.bin") == wanted);
}

/// A port that another program has, by the lock that programs of this kind take.
#[test]
#[cfg(target_os = "linux")]
fn a_port_that_is_in_use_is_said_to_be() {
    let bench = Bench::new();
    bench.write("before.bin", &noise(MEDIUM_SIZE, 1));
    let device = format!("programmer=serprog-pico-any,chip={MEDIUM},image=before.bin");
    let served = Served::new(&bench, &device, "pty");
    let held = std::fs::File::open(&served.address).unwrap();
    held.try_lock().unwrap();
    let place = format!("serprog:dev={}", served.address);
    bench.run(["-p", &place, "probe"]).code(1).says(&["is in use by another program", "ModemManager"]);
    held.unlock().unwrap();
    bench.run(["-p", &place, "probe"]).code(0);
}
