//! The protocol by hand: a client that speaks it byte by byte, friendly and not.

use super::protocol::ProtocolError;
use super::session::{Export, Session};
use super::urbs::Next;
use super::{Event, Server, ServerError};
use crate::emulator::{Emulator, Fault, Faults, Options, ProgrammerKind};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const LIST: [u8; 8] = [0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0];

fn import(bus_id: &str) -> Vec<u8> {
    let mut bytes = vec![0x01, 0x11, 0x80, 0x03, 0, 0, 0, 0];
    bytes.extend(bus_id.as_bytes());
    bytes.resize(40, 0);
    bytes
}

/// A submit command; endpoint with direction bit.
fn submit(sequence: u32, endpoint: u8, flags: u32, length: u32, setup: [u8; 8], data: &[u8]) -> Vec<u8> {
    let words =
        [1, sequence, 0x1_0001, u32::from(endpoint >> 7), u32::from(endpoint & 0x7f), flags, length, 0, 0, 0];
    let mut bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
    bytes.extend(setup);
    bytes.extend(data);
    bytes
}

fn out(sequence: u32, endpoint: u8, data: &[u8]) -> Vec<u8> {
    submit(sequence, endpoint, 0, data.len() as u32, [0; 8], data)
}

fn into(sequence: u32, endpoint: u8, length: u32) -> Vec<u8> {
    submit(sequence, endpoint, 0, length, [0; 8], &[])
}

fn unlink(sequence: u32, target: u32) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        [2, sequence, 0x1_0001, 0, 0, target].iter().flat_map(|w: &u32| w.to_be_bytes()).collect();
    bytes.resize(48, 0);
    bytes
}

/// One reply: command, sequence, status, data.
#[derive(Debug, PartialEq, Eq)]
struct Reply(u32, u32, i32, Vec<u8>);

/// Cuts replies; `ins` says which sequences carry data.
fn replies(mut bytes: &[u8], ins: &[u32]) -> Vec<Reply> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let (command, sequence, status) = (word(0), word(4), word(20) as i32);
        let n = if command == 3 && ins.contains(&sequence) { word(24) as usize } else { 0 };
        all.push(Reply(command, sequence, status, bytes[48..48 + n].to_vec()));
        bytes = &bytes[48 + n..];
    }
    all
}

fn session(options: Options) -> (Emulator, Session) {
    let emulator = Emulator::new(options).expect("valid options");
    let exports = vec![Export::new(&emulator, 1)];
    (emulator, Session::new(exports.into()))
}

fn imported(options: Options) -> (Emulator, Session) {
    let (emulator, mut session) = session(options);
    session.input(&import("1-1")).expect("a request");
    assert_eq!(session.output.len(), 320);
    session.output.clear();
    (emulator, session)
}

/// Works until there is nothing more to do.
fn advance_to(session: &mut Session) -> Next {
    loop {
        match session.work(Duration::ZERO) {
            Next::Busy => {}
            next => return next,
        }
    }
}

const SELECT: [u8; 4] = [0xab, 0x80 | 0x36, 0x40 | 0x3f, 0x20];
const DESELECT: [u8; 4] = [0xab, 0x80 | 0x37, 0x40 | 0x3f, 0x20];
/// 9Fh and three bytes, bits reversed.
const READ_ID: [u8; 5] = [0xa8, 0xf9, 0, 0, 0];
/// Its answer: EF 40 17, bits reversed, after one floating byte.
const ID: [u8; 4] = [0xff, 0xf7, 0x02, 0xe8];

#[test]
fn lists_and_imports_once() {
    let (_, mut first) = session(Options::default());
    first.input(&LIST).expect("a request");
    let list = std::mem::take(&mut first.output);
    assert_eq!(list[..12], [0x01, 0x11, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1]);
    // Path, bus id, three words, ids, classes, one interface.
    assert_eq!(list.len(), 12 + 312 + 4);
    assert_eq!(list[12 + 256..12 + 260], *b"1-1\0");
    assert_eq!(list[12 + 300..12 + 304], [0x1a, 0x86, 0x55, 0x12]);
    assert_eq!(list[12 + 312..], [0xff, 0x01, 0x02, 0x00]);
    first.input(&import("2-9")).expect("a request");
    assert_eq!(std::mem::take(&mut first.output), [0x01, 0x11, 0, 3, 0, 0, 0, 1]);
    first.input(&import("1-1")).expect("a request");
    assert_eq!(first.output[..8], [0x01, 0x11, 0, 3, 0, 0, 0, 0]);
    assert_eq!(first.imported(), Some("1-1"));
}

#[test]
fn a_device_in_use_is_refused_until_it_is_free() {
    let emulator = Emulator::new(Options::default()).expect("valid options");
    let exports: std::sync::Arc<[Export]> = vec![Export::new(&emulator, 1)].into();
    let mut first = Session::new(exports.clone());
    first.input(&import("1-1")).expect("a request");
    let mut second = Session::new(exports);
    second.input(&import("1-1")).expect("a request");
    assert_eq!(std::mem::take(&mut second.output), [0x01, 0x11, 0, 3, 0, 0, 0, 1]);
    drop(first);
    second.input(&import("1-1")).expect("a request");
    assert_eq!(second.output[7], 0);
}

#[test]
fn descriptors_by_control_requests() {
    let (_, mut session) = imported(Options { programmer: ProgrammerKind::Ft2232h, ..Options::default() });
    let get = |value: u16, length: u16| {
        let ([v0, v1], [l0, l1]) = (value.to_le_bytes(), length.to_le_bytes());
        [0x80, 6, v0, v1, 0, 0, l0, l1]
    };
    let mut bytes = submit(1, 0x80, 0, 18, get(0x0100, 18), &[]);
    bytes.extend(submit(2, 0x80, 0, 9, get(0x0200, 9), &[]));
    bytes.extend(submit(3, 0x80, 0, 255, get(0x0302, 255), &[]));
    bytes.extend(submit(4, 0x80, 0, 255, get(0x0600, 10), &[]));
    bytes.extend(submit(5, 0x00, 0, 0, [0x00, 9, 1, 0, 0, 0, 0, 0], &[]));
    session.input(&bytes).expect("commands");
    let all = replies(&session.output, &[1, 2, 3, 4]);
    assert_eq!(all[0].3.len(), 18);
    assert_eq!(all[0].3[8..12], [0x03, 0x04, 0x10, 0x60]);
    assert_eq!(all[1].3[2..5], [9 + 2 * (9 + 14), 0, 2], "total length, two interfaces");
    let name: String = all[2].3[2..].chunks(2).map(|c| char::from(c[0])).collect();
    assert_eq!(name, "Dual RS232-HS");
    assert_eq!(all[3], Reply(3, 4, -32, vec![]), "no device qualifier");
    assert_eq!(all[4], Reply(3, 5, 0, vec![]));
}

#[test]
fn an_in_parked_first_does_not_hold_back_what_answers_it() {
    let (emulator, mut session) = imported(Options::default());
    session.input(&[into(1, 0x82, 32), into(2, 0x82, 32), into(3, 0x81, 8)].concat()).expect("commands");
    assert_eq!(advance_to(&mut session), Next::Wait(None));
    assert!(session.output.is_empty());
    let outs = [out(4, 0x02, &SELECT), out(5, 0x02, &READ_ID), out(6, 0x02, &DESELECT)].concat();
    session.input(&outs).expect("commands");
    advance_to(&mut session);
    let mut all = replies(&session.output, &[1, 2, 3]);
    all.sort_by_key(|reply| reply.1);
    assert_eq!(all[0], Reply(3, 1, 0, ID.to_vec()));
    assert_eq!(all[1..].iter().map(|r| r.1).collect::<Vec<_>>(), [4, 5, 6], "two INs still parked");
    session.output.clear();
    // The parked ones are taken back; one that has ended is not.
    session.input(&[unlink(7, 2), unlink(8, 3), unlink(9, 1)].concat()).expect("commands");
    assert_eq!(
        replies(&session.output, &[]),
        [Reply(4, 7, -104, vec![]), Reply(4, 8, -104, vec![]), Reply(4, 9, 0, vec![])]
    );
    assert_eq!(emulator.counts().misdeed_text(), "");
}

#[test]
fn torn_anywhere_is_the_same_in_pieces() {
    let bytes = [
        import("1-1"),
        into(1, 0x82, 32),
        out(4, 0x02, &SELECT),
        out(5, 0x02, &READ_ID),
        out(6, 0x02, &DESELECT),
        unlink(7, 1),
    ]
    .concat();
    for cut in 0..bytes.len() {
        let (_, mut session) = session(Options::default());
        assert_eq!(session.input(&bytes[..cut]), Ok(true));
        advance_to(&mut session);
        assert_eq!(session.input(&bytes[cut..]), Ok(true));
        advance_to(&mut session);
        // Import reply and five replies of 48 bytes, the IN's data if it came before the unlink.
        assert!(
            [320 + 48 * 5 + 4, 320 + 48 * 4].contains(&session.output.len()),
            "{cut}: {}",
            session.output.len()
        );
    }
}

#[test]
fn garbage_is_an_error_and_not_an_allocation() {
    let fault = |bytes: &[u8]| session(Options::default()).1.input(bytes).expect_err("garbage");
    assert_eq!(fault(b"GET / HTTP/1.1\r\n\r\n"), ProtocolError::Version(0x4745));
    assert_eq!(fault(&[0x01, 0x11, 0x80, 0x04, 0, 0, 0, 0]), ProtocolError::Request(0x8004));
    let fault = |bytes: &[u8]| imported(Options::default()).1.input(bytes).expect_err("garbage");
    let mut unknown = out(1, 2, &[]);
    unknown[3] = 9;
    assert_eq!(fault(&unknown), ProtocolError::Command(9));
    assert_eq!(fault(&submit(1, 0x02, 0, u32::MAX, [0; 8], &[])), ProtocolError::Length(u32::MAX));
    assert_eq!(fault(&submit(1, 0x82, 0, u32::MAX, [0; 8], &[])), ProtocolError::Length(u32::MAX));
    let mut iso = into(1, 0x82, 8);
    iso[35] = 1;
    assert_eq!(fault(&iso), ProtocolError::Isochronous);
    let mut direction = into(1, 0x82, 8);
    direction[12] = 1;
    assert!(matches!(fault(&direction), ProtocolError::Endpoint { .. }));
    let many: Vec<u8> = (0..5000).flat_map(|n| into(n, 0x82, 32)).collect();
    assert_eq!(fault(&many), ProtocolError::TooMany(4096));
    let heavy: Vec<u8> = (0..5).flat_map(|n| out(n, 0x02, &vec![0; 4 << 20])).collect();
    assert!(matches!(fault(&heavy), ProtocolError::Length(_)));
}

#[test]
fn a_split_in_transfer_ends_as_a_whole_at_a_short_packet() {
    let (_, mut session) = imported(Options { programmer: ProgrammerKind::Ft2232h, ..Options::default() });
    // MPSSE mode; then one bad command and "send now".
    session.input(&submit(1, 0x00, 0, 0, [0x40, 0x0b, 0, 2, 1, 0, 0, 0], &[])).expect("commands");
    let part = |sequence, flags| submit(sequence, 0x81, flags, 16384, [0; 8], &[]);
    session.input(&[part(2, 1), part(3, 1)].concat()).expect("commands");
    session.input(&out(9, 0x02, &[0xaa, 0x87])).expect("commands");
    advance_to(&mut session);
    let early = replies(&std::mem::take(&mut session.output), &[2, 3]);
    assert!(early.iter().all(|r| r.1 == 1 || r.1 == 9), "waits for the last part: {early:?}");
    session.input(&[part(4, 0), into(5, 0x81, 512)].concat()).expect("commands");
    advance_to(&mut session);
    let all = replies(&std::mem::take(&mut session.output), &[2, 3, 4, 5]);
    assert_eq!(all, [Reply(3, 2, -121, vec![0x32, 0x60, 0xfa, 0xaa])]);
    // The next transfer gets what comes next, the dead parts nothing.
    session.input(&out(10, 0x02, &[0xab, 0x87])).expect("commands");
    advance_to(&mut session);
    let all = replies(&std::mem::take(&mut session.output), &[2, 3, 4, 5]);
    assert_eq!(all, [Reply(3, 10, 0, vec![]), Reply(3, 5, 0, vec![0x32, 0x60, 0xfa, 0xab])]);
    session.input(&[unlink(11, 3), unlink(12, 4)].concat()).expect("commands");
    let all = replies(&session.output, &[]);
    assert_eq!(all, [Reply(4, 11, -104, vec![]), Reply(4, 12, -104, vec![])]);
}

#[test]
fn the_latency_timer_is_waited_for_and_not_leapt_over() {
    let (emulator, mut session) =
        imported(Options { programmer: ProgrammerKind::Ft2232h, ..Options::default() });
    session.input(&into(1, 0x81, 512)).expect("commands");
    assert_eq!(advance_to(&mut session), Next::Wait(Some(Duration::from_millis(16))));
    assert!(session.output.is_empty());
    session.work(Duration::from_millis(16));
    assert_eq!(replies(&session.output, &[1]), [Reply(3, 1, 0, vec![0x32, 0x60])]);
    assert!(emulator.clock().now() >= Duration::from_millis(16));
}

#[test]
fn stall_and_unplug() {
    let (emulator, mut session) = imported(Options::default());
    emulator.set_faults(&Faults::default().with(Fault::StallAtTransfer(1)).with(Fault::UnplugAtTransfer(3)));
    session.input(&[out(1, 0x02, &SELECT), out(2, 0x02, &READ_ID)].concat()).expect("commands");
    advance_to(&mut session);
    // The endpoint is halted: what was queued after it is not carried out.
    assert_eq!(replies(&session.output, &[]), [Reply(3, 1, -32, vec![]), Reply(3, 2, -32, vec![])]);
    session.output.clear();
    let clear = submit(3, 0, 0, 0, [0x02, 1, 0, 0, 0x02, 0, 0, 0], &[]);
    session.input(&[clear, out(4, 0x02, &SELECT)].concat()).expect("commands");
    advance_to(&mut session);
    assert_eq!(replies(&session.output, &[]), [Reply(3, 3, 0, vec![]), Reply(3, 4, 0, vec![])]);
    session.input(&into(5, 0x82, 32)).expect("commands");
    assert_eq!(advance_to(&mut session), Next::Gone);
}

fn read_exactly(stream: &mut TcpStream, n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    stream.read_exact(&mut bytes).expect("the server answers");
    bytes
}

#[test]
fn over_a_socket_with_a_rude_neighbour() {
    let emulator = Emulator::new(Options::default()).expect("valid options");
    let anywhere = "0.0.0.0:0".parse().expect("an address");
    let refused = Server::bind(anywhere, false, vec![Export::new(&emulator, 1)]);
    assert!(matches!(refused, Err(ServerError::NotLoopback(_))));
    let address = "127.0.0.1:0".parse().expect("an address");
    let server = Server::bind(address, false, vec![Export::new(&emulator, 1)]).expect("a free port");
    let address = server.address().expect("bound");
    let stop = AtomicBool::new(false);
    let events = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            server.run(&|| stop.load(Ordering::Relaxed), &|event| {
                events.lock().expect("not poisoned").push(event)
            })
        });
        let mut good = TcpStream::connect(address).expect("it listens");
        good.write_all(&import("1-1")).expect("sent");
        assert_eq!(read_exactly(&mut good, 320)[7], 0);
        good.write_all(&into(1, 0x82, 32)).expect("sent");
        let mut rude = TcpStream::connect(address).expect("it listens");
        rude.write_all(b"\x00\x00garbage").expect("sent");
        assert_eq!(rude.read(&mut [0; 1]).expect("closed in order"), 0);
        let mut torn = TcpStream::connect(address).expect("it listens");
        torn.write_all(&import("1-1")[..20]).expect("sent");
        drop(torn);
        good.write_all(&[out(4, 0x02, &SELECT), out(5, 0x02, &READ_ID)].concat()).expect("sent");
        let all = replies(&read_exactly(&mut good, 3 * 48 + 4), &[1]);
        assert!(all.contains(&Reply(3, 1, 0, ID.to_vec())), "{all:?}");
        stop.store(true, Ordering::Relaxed);
        assert_eq!(good.read(&mut [0; 1]).expect("closed in order"), 0);
    });
    let events = events.into_inner().expect("not poisoned");
    let imported = events.iter().filter(|e| matches!(e, Event::Imported { .. })).count();
    let complained = events.iter().any(
        |e| matches!(e, Event::Closed { reason: Some(text), .. } if text == "USB/IP version 0x0000 is not 0x0111"),
    );
    assert!(imported == 1 && complained, "{events:?}");
}
