//! What the host itself spends: `cargo bench --bench host`. Codecs by MiB moved, planner, splice, inspect, a dump opened as
//! the page does it, and the program from its start to its first word with the USB.
//!
//! Wall time of whatever machine this runs on: looked at, never asserted.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use norsplice::desk::Desk;
use norsplice::emulator::{EmulatedPipe, Emulator, Options, ProgrammerKind};
use norsplice::flash::geometry::{Busy, Costs, EraseType, Geometry};
use norsplice::image::inspect::inspect;
use norsplice::image::{Board, Choice, Donor, splice, synthetic};
use norsplice::plan::{Bounds, plan};
use norsplice::programmer::{self, Settings};
use norsplice::session::{Lines, Start, Waits, serve_lines};
use norsplice::span::{Span, Spans};
use norsplice::spi::{Programmer, Transaction};
use norsplice::usb::{Burst, Control, Pipe, Reply, UsbError};
use std::cell::Cell;
use std::io::Cursor;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

const MIB: usize = 1 << 20;
/// A packet of an FTDI port: two status bytes, then answers.
const MPSSE_PACKET: [u8; 512] = {
    let mut packet = [0x5A; 512];
    (packet[0], packet[1]) = (0x31, 0x60);
    packet
};

fn main() {
    divan::main();
}

/// An emulated programmer's USB, and after its start one that answers any burst at once: what is left is the host's own work.
struct Canned {
    started: EmulatedPipe,
    /// Whether bursts go to the emulator.
    emulated: Rc<Cell<bool>>,
    /// What every IN transfer brings.
    packet: Vec<u8>,
}

impl Pipe for Canned {
    fn control_out(&mut self, control: Control, data: &[u8]) -> Result<(), UsbError> {
        self.started.control_out(control, data)
    }
    fn control_in(&mut self, control: Control, into: &mut [u8]) -> Result<usize, UsbError> {
        self.started.control_in(control, into)
    }
    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
        if self.emulated.get() {
            return self.started.burst(burst, reply);
        }
        black_box(burst.out);
        while let Some(len) = reply.next(0).filter(|_| !reply.is_complete()) {
            let packet = &self.packet[..len.min(self.packet.len())];
            match reply.take(packet) {
                // The last packet is longer than what is still expected.
                Err(UsbError::Desync { .. }) if reply.is_complete() => {}
                Err(UsbError::Desync { expected, .. }) => {
                    reply.take(&packet[..expected])?;
                }
                other => {
                    other?;
                }
            }
        }
        Ok(())
    }
    fn drain(&mut self, len: usize, wait: Duration) -> Result<Vec<u8>, UsbError> {
        self.started.drain(len, wait)
    }
    fn in_packet(&self) -> Option<usize> {
        self.started.in_packet()
    }
    fn now(&self) -> Duration {
        self.started.now()
    }
    fn sleep(&mut self, time: Duration) {
        self.started.sleep(time);
    }
}

/// A programmer whose USB answers at once, with `packet`.
fn canned(kind: ProgrammerKind, spec: &str, packet: &[u8]) -> Box<dyn Programmer> {
    let emulator = Emulator::new(Options::new(kind)).expect("an emulator");
    let emulated = Rc::new(Cell::new(true));
    let pipe = Canned { started: emulator.pipe(), emulated: emulated.clone(), packet: packet.to_vec() };
    let settings = Settings::parse(spec).expect("a programmer's text");
    let programmer = programmer::over(pipe, &settings).expect("it starts on the emulator");
    emulated.set(false);
    programmer
}

/// 1 MiB in reads of 64 KiB: every byte to the wire, and packets of answer back into the buffers.
fn read_a_mib(bencher: Bencher<'_, '_>, mut programmer: Box<dyn Programmer>) {
    let mut data = vec![0u8; MIB];
    bencher.counter(BytesCount::new(MIB)).bench_local(|| {
        for into in data.chunks_mut(64 << 10) {
            programmer.run(&mut [Transaction::read(&[0x03, 0, 0, 0], into)]).expect("a read");
        }
    });
}

#[divan::bench]
fn ch341a_read_1_mib(bencher: Bencher<'_, '_>) {
    read_a_mib(bencher, canned(ProgrammerKind::Ch341a, "ch341a", &[0x5A; 31]));
}

#[divan::bench]
fn ft2232h_read_1_mib(bencher: Bencher<'_, '_>) {
    read_a_mib(bencher, canned(ProgrammerKind::Ft2232h, "ft2232h", &MPSSE_PACKET));
}

#[divan::bench]
fn ft2232h_write_1_mib(bencher: Bencher<'_, '_>) {
    let mut programmer = canned(ProgrammerKind::Ft2232h, "ft2232h", &MPSSE_PACKET);
    let data = vec![0x5Au8; MIB];
    bencher.counter(BytesCount::new(MIB)).bench_local(|| {
        for page in data.chunks(256) {
            programmer.run(&mut [Transaction::write2(&[0x02, 0, 0, 0], page)]).expect("a write");
        }
    });
}

/// A part of 64 MiB with nested erase sizes, datasheet times.
fn geometry(size: u64) -> Geometry {
    let ms = |typical, max| Busy { typical: Duration::from_millis(typical), max: Duration::from_millis(max) };
    let erase = |opcode, size, busy| EraseType { opcode, size, split: false, busy };
    Geometry {
        size,
        page: 256,
        erase: vec![
            erase(0x20, 0x1000, ms(45, 400)),
            erase(0x52, 0x8000, ms(120, 1600)),
            erase(0xD8, 0x1_0000, ms(150, 2000)),
        ],
        chip_erase: None,
        program: Busy { typical: Duration::from_micros(700), max: Duration::from_millis(3) },
    }
}

/// Every block differs, each in another way.
#[divan::bench(sample_count = 20)]
fn plan_for_64_mib(bencher: Bencher<'_, '_>) {
    let size = 64 * MIB;
    let current = synthetic::noise(1, size);
    let mut wanted = current.clone();
    for (n, at) in (0..size).step_by(0x3000).enumerate() {
        wanted[at..at + 1 + n % 0x1000].fill(n as u8);
    }
    let geometry = geometry(size as u64);
    let us = Duration::from_micros;
    let costs = Costs { byte: Duration::from_nanos(5333), page: us(2400), round_trip: us(2000) };
    let bounds = Bounds::from(Spans::from(Span::new(0, size as u64)));
    bencher.bench_local(|| plan(&current, &wanted, &geometry, &costs, &bounds).expect("a plan").steps.len());
}

#[divan::bench(sample_count = 20)]
fn inspect_8_mib(bencher: Bencher<'_, '_>) {
    let board = synthetic::demo().board;
    bencher.bench_local(|| inspect(black_box(&board)).items.len());
}

/// The largest file of a usual chip: data without a pattern, in which every magic number occurs by chance.
#[divan::bench(sample_count = 5)]
fn inspect_64_mib(bencher: Bencher<'_, '_>) {
    let file = synthetic::noise(1, 64 * MIB);
    bencher.bench_local(|| inspect(black_box(&file)).items.len());
}

/// A dump of 16 MiB opened as the page does it: the session's lines for what is in it, its picture, and its first bytes.
#[divan::bench(sample_count = 20)]
fn open_a_dump_of_16_mib(bencher: Bencher<'_, '_>) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dump.bin");
    let mut dump = synthetic::demo().board.to_vec();
    dump.extend(synthetic::noise(1, 4 * MIB));
    dump.resize(16 * MIB, 0xff);
    std::fs::write(&file, &dump).expect("room for it");
    let start = Start { desk: Desk::default(), store: folder.path().join("store"), version: String::new() };
    let line = |id: u32, what: &str, more: &str| {
        format!("{{\"id\":{id},\"do\":\"{what}\",\"options\":{{\"what\":{file:?}{more}}}}}\n")
    };
    let bytes = ",\"at\":0,\"length\":16384";
    let lines = [line(1, "inspect", ""), line(2, "picture", ""), line(3, "bytes", bytes)].concat();
    bencher.counter(BytesCount::new(dump.len())).bench_local(|| {
        let mut answers = Vec::new();
        let lines = Lines::here(Cursor::new(lines.clone()), || Waits::Nothing);
        assert!(serve_lines(&lines, &mut answers, &start));
        let answers = String::from_utf8(answers).expect("JSON lines");
        assert_eq!(answers.matches("\"status\":\"ok\"").count(), 3, "{answers}");
    });
}

#[divan::bench(sample_count = 20)]
fn splice_8_mib(bencher: Bencher<'_, '_>) {
    let demo = synthetic::demo();
    let board = Board::named("archer-mr200-v1").expect("it ships with the program");
    let donors = [Donor::new("vendor", demo.vendor)];
    bencher.bench_local(|| {
        splice(black_box(&demo.board), &donors, board, &Choice::default()).expect("a splice").image.len()
    });
}

/// The process from its start to the answer to its first USB request, the list of devices, and to its end: an upper
/// bound of the start-up.
#[divan::bench(sample_count = 20)]
fn start_up_and_list(bencher: Bencher<'_, '_>) {
    let list = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_norsplice"));
        command.arg("list").stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it starts")
    };
    bencher.bench_local(list);
}
