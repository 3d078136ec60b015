//! Clients made by hand on loopback: a whole transfer, other names, writing, falling silent, no one at all.

use super::packet::MOST_BLOCK;
use super::*;
use std::sync::mpsc;
use std::thread::JoinHandle;

const NAME: &str = "rescue.bin";

struct Bench {
    address: SocketAddr,
    events: mpsc::Receiver<Served>,
    server: JoinHandle<Ended>,
}

fn waits() -> Waits {
    let long = Duration::from_secs(60);
    Waits { answer: Duration::from_millis(40), retries: 2, silence: long, all: long }
}

/// Serves `file`; it stops at the first event that `until` names.
fn serve(file: &[u8], waits: Waits, until: fn(&Served) -> bool) -> Bench {
    let server = Server::bind(([127, 0, 0, 1], 0).into(), file.to_vec(), NAME, waits).unwrap();
    let address = server.address().unwrap();
    let (tell, events) = mpsc::channel();
    let server = std::thread::spawn(move || {
        let on = &mut |event: Served| {
            let stop = until(&event);
            tell.send(event).unwrap();
            if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        server.serve(on).unwrap()
    });
    Bench { address, events, server }
}

impl Bench {
    /// The events that are no tick.
    fn ended(self) -> (Ended, Vec<Served>) {
        let ended = self.server.join().unwrap();
        (ended, self.events.iter().filter(|e| !matches!(e, Served::Tick | Served::Sent(..))).collect())
    }
}

/// A client that waits for answers, but not forever.
fn client() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket
}

fn request(opcode: u8, name: &str, options: &str) -> Vec<u8> {
    [&[0, opcode], name.as_bytes(), b"\0octet\0", options.as_bytes()].concat()
}

/// Fetches the file in blocks of `size`, acknowledging each; the answer to the options, where there is one.
fn fetch(client: &UdpSocket, size: usize) -> (Vec<u8>, Option<Vec<u8>>) {
    let (mut file, mut options, mut next) = (Vec::new(), None, 1u16);
    let mut packet = [0; 4096];
    loop {
        let (len, server) = client.recv_from(&mut packet).unwrap();
        let (head, data) = packet[..len].split_at(4.min(len));
        match head[1] {
            6 => {
                options = Some(packet[2..len].to_vec());
                client.send_to(&[0, 4, 0, 0], server).unwrap();
            }
            3 if head[2..] == next.to_be_bytes() => {
                file.extend_from_slice(data);
                client.send_to(&[0, 4, head[2], head[3]], server).unwrap();
                next = next.wrapping_add(1);
                if data.len() < size {
                    return (file, options);
                }
            }
            3 => {}
            other => panic!("opcode {other}"),
        }
    }
}

#[test]
fn a_whole_file_in_plain_blocks_and_in_larger_ones() {
    // The second is a multiple of its block size: an empty block ends it.
    for (len, options, block) in [(0x1_0123, "", 512), (1024 * 40, "blksize\x001024\0tsize\x000\0", 1024)] {
        let file: Vec<u8> = (0..len).map(|i: u32| (i.wrapping_mul(0x9E37_79B1) >> 24) as u8).collect();
        let bench = serve(&file, Waits { answer: Duration::from_secs(20), ..waits() }, |_| false);
        let client = client();
        client.send_to(&request(1, NAME, options), bench.address).unwrap();
        let (got, oack) = fetch(&client, block);
        assert!(got == file);
        let oack = oack.map(|o| String::from_utf8(o).unwrap());
        let wanted = (!options.is_empty()).then(|| format!("blksize\x001024\0tsize\0{len}\0"));
        assert_eq!(oack, wanted);
        let peer = client.local_addr().unwrap();
        assert_eq!(bench.ended(), (Ended::Delivered(peer), vec![Served::Began(peer)]));
    }
}

#[test]
fn blocks_are_no_larger_than_a_frame_and_the_clients_timeout_is_not_taken() {
    let bench = serve(&[7; 5000], Waits { answer: Duration::from_secs(20), ..waits() }, |_| false);
    let client = client();
    let options = "blksize\x0065000\0timeout\x00200\0windowsize\x0016\0";
    client.send_to(&request(1, NAME, options), bench.address).unwrap();
    let (got, oack) = fetch(&client, MOST_BLOCK);
    assert_eq!((got.len(), oack.as_deref()), (5000, Some(&b"blksize\x001468\0"[..])));
    assert!(matches!(bench.ended().0, Ended::Delivered(_)));
}

#[test]
fn other_names_and_writing_get_an_error_and_are_told_once() {
    let bench = serve(b"x", waits(), |e| matches!(e, Served::Write(..)));
    let client = client();
    let mut packet = [0; 600];
    for name in ["../rescue.bin", "/etc/passwd", "rescue.bin/", "Rescue.bin", "", "/etc/passwd"] {
        client.send_to(&request(1, name, ""), bench.address).unwrap();
        let (_, from) = client.recv_from(&mut packet).unwrap();
        assert_eq!((&packet[..4], from.ip()), (&[0, 5, 0, 1][..], bench.address.ip()), "{name}");
    }
    client.send_to(&request(2, NAME, ""), bench.address).unwrap();
    client.recv_from(&mut packet).unwrap();
    assert_eq!(packet[..4], [0, 5, 0, 2]);
    let peer = client.local_addr().unwrap();
    let other = |name: &str| Served::OtherName(peer, name.to_owned());
    let wanted = vec![
        other("../rescue.bin"),
        other("/etc/passwd"),
        other("rescue.bin/"),
        other("Rescue.bin"),
        other(""),
        Served::Write(peer, NAME.to_owned()),
    ];
    assert_eq!(bench.ended(), (Ended::Stopped, wanted));
}

#[test]
fn a_client_that_falls_silent_is_given_up_at_the_end_too() {
    // Silent after the first block, and after the last one, which it never acknowledges.
    for (len, sent) in [(3000, 512), (100, 100)] {
        let bench = serve(&vec![1; len], waits(), |e| matches!(e, Served::GaveUp(..)));
        let client = client();
        client.send_to(&request(1, NAME, ""), bench.address).unwrap();
        let peer = client.local_addr().unwrap();
        let wanted = vec![Served::Began(peer), Served::GaveUp(peer, sent)];
        assert_eq!(bench.ended(), (Ended::Stopped, wanted));
    }
}

#[test]
fn a_request_that_comes_twice_is_one_transfer_and_a_client_that_starts_anew_gets_the_whole_file() {
    let bench = serve(&[9; 1500], Waits { retries: 100, ..waits() }, |_| false);
    let client = client();
    let mut packet = [0; 600];
    let peer = client.local_addr().unwrap();
    for _ in 0..2 {
        client.send_to(&request(1, NAME, ""), bench.address).unwrap();
    }
    let (len, server) = client.recv_from(&mut packet).unwrap();
    assert_eq!((len, &packet[..4]), (516, &[0, 3, 0, 1][..]));
    // Acknowledged twice: the second is not answered with another block.
    for _ in 0..2 {
        client.send_to(&[0, 4, 0, 1], server).unwrap();
    }
    // Not acknowledged, it comes again.
    let mut seconds = 0;
    while seconds < 2 {
        let (_, from) = client.recv_from(&mut packet).unwrap();
        assert_eq!(from, server);
        seconds += usize::from(packet[..4] == [0, 3, 0, 2]);
        assert!(packet[3] <= 2);
    }
    client.send_to(&request(1, NAME, ""), bench.address).unwrap();
    let (got, _) = fetch(&client, 512);
    assert!(got == [9; 1500]);
    let began = || Served::Began(peer);
    let wanted = vec![began(), Served::GaveUp(peer, 1024), began()];
    assert_eq!(bench.ended(), (Ended::Delivered(peer), wanted));
}

#[test]
fn a_clients_error_ends_its_transfer_and_text_mode_is_refused() {
    let bench = serve(&[9; 1500], Waits { answer: Duration::from_secs(20), ..waits() }, |e| {
        matches!(e, Served::GaveUp(..))
    });
    let client = client();
    let mut packet = [0; 600];
    client.send_to(b"\0\x01rescue.bin\0netascii\0", bench.address).unwrap();
    client.recv_from(&mut packet).unwrap();
    assert_eq!(packet[..4], [0, 5, 0, 4]);
    client.send_to(&request(1, NAME, "tsize\x000\0"), bench.address).unwrap();
    let (_, server) = client.recv_from(&mut packet).unwrap();
    assert_eq!(packet[..2], [0, 6]);
    client.send_to(b"\0\x05\0\x08no\0", server).unwrap();
    let peer = client.local_addr().unwrap();
    assert_eq!(bench.ended(), (Ended::Stopped, vec![Served::Began(peer), Served::GaveUp(peer, 0)]));
}

#[test]
fn block_numbers_begin_again_after_65535() {
    let file: Vec<u8> = (0..70_000u32 * 8 + 3).map(|i| (i.wrapping_mul(0x9E37_79B1) >> 24) as u8).collect();
    let bench = serve(&file, Waits { answer: Duration::from_secs(20), ..waits() }, |_| false);
    let client = client();
    client.send_to(&request(1, NAME, "blksize\x008\0"), bench.address).unwrap();
    assert!(fetch(&client, 8).0 == file);
    assert!(matches!(bench.ended().0, Ended::Delivered(_)));
}

#[test]
fn nobody_asking_is_told_and_ends_it() {
    let waits = Waits { silence: Duration::from_millis(1), all: Duration::from_millis(400), ..waits() };
    let (ended, events) = serve(b"x", waits, |_| false).ended();
    assert_eq!(ended, Ended::NobodyAsked);
    assert!(events.len() > 2 && events.iter().all(|e| matches!(e, Served::Silence(_))), "{events:?}");
}

#[test]
fn an_address_that_is_not_ours_is_told() {
    // 192.0.2.0/24 is for documentation (RFC 5737).
    let error = Server::bind(([192, 0, 2, 1], 0).into(), Vec::new(), NAME, waits()).unwrap_err();
    let TftpError::Bind { error, .. } = error else { panic!("{error}") };
    assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
}
