//! What the host itself spends: `cargo bench --bench host`. Codecs by MiB moved, planner, splice, inspect, and the
//! program from its start to its first word with the USB.
//!
//! Wall time of whatever machine this runs on: looked at, never asserted.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use norsplice::flash::geometry::{Busy, Costs, EraseType, Geometry};
use norsplice::image::inspect::inspect;
use norsplice::image::{Board, Choice, Donor, splice, synthetic};
use norsplice::plan::{Bounds, plan};
use norsplice::programmer::{Ch341a, Codec, Framing, Mpsse};
use norsplice::span::{Span, Spans};
use norsplice::spi::Transaction;
use std::process::{Command, Stdio};
use std::time::Duration;

const MIB: usize = 1 << 20;

fn main() {
    divan::main();
}

/// 1 MiB in reads of 64 KiB: every byte to the wire, and `packet` bytes of answer at a time back into the buffers.
fn move_a_mib(bencher: Bencher<'_, '_>, codec: &dyn Codec, packet: &[u8], lead: &[u8]) {
    let mut data = vec![0u8; MIB];
    bencher.counter(BytesCount::new(MIB)).bench_local(|| {
        for into in data.chunks_mut(64 << 10) {
            let mut batch = [Transaction::read(&[0x03, 0, 0, 0], into)];
            let mut encoded = codec.encode(&mut batch, Framing::Windows);
            black_box(&encoded.out);
            let mut left = (64 << 10) + lead.len();
            while !encoded.reply.is_complete() && left > 0 {
                let len = left.min(packet.len());
                encoded.reply.take(&packet[..len]).expect("an answer of the right length");
                left -= len;
            }
        }
    });
}

#[divan::bench]
fn ch341a_read_1_mib(bencher: Bencher<'_, '_>) {
    // Command and address come back as well.
    move_a_mib(bencher, &Ch341a::default(), &[0x5A; 31], &[0; 4]);
}

#[divan::bench]
fn ft2232h_read_1_mib(bencher: Bencher<'_, '_>) {
    // A packet of 512 bytes is two of status and 510 of data.
    move_a_mib(bencher, &Mpsse::new(0, &[]), &[0x5A; 510], &[]);
}

#[divan::bench]
fn ft2232h_encode_1_mib(bencher: Bencher<'_, '_>) {
    let codec = Mpsse::new(0, &[]);
    let data = vec![0x5Au8; MIB];
    bencher.counter(BytesCount::new(MIB)).bench_local(|| {
        for page in data.chunks(256) {
            let mut batch = [Transaction::write2(&[0x02, 0, 0, 0], page)];
            black_box(&codec.encode(&mut batch, Framing::Windows).out);
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
