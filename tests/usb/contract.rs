//! What a `Pipe` does when something goes wrong: one table of cases, run on the emulator's pipe and on the real one.
//!
//! A driver is tested on the emulator and used on the real one, so the two must give the same result in each case.

use norsplice::emulator::{Emulator, Fault, Faults, Options};
use norsplice::spi::{LinkError, LinkFault};
use norsplice::usb::{Burst, Control, Pipe, Recipient, Reply, UsbError};
use std::time::Duration;

/// The CH341A's data sheet limit for a packet.
const PACKET: usize = 32;
const QUIET: Duration = Duration::from_millis(60);

/// One case.
pub struct Case {
    pub name: &'static str,
    /// The fault as the stand-in for libusb reads it.
    pub stand_in: &'static str,
    /// The same fault for the emulator.
    fault: Option<Fault>,
    act: fn(&mut dyn Pipe) -> Vec<String>,
    expected: &'static [&'static str],
}

pub const CASES: &[Case] = &[
    Case {
        name: "a packet longer than the transfer that takes it breaks the transfer, and is gone",
        stand_in: "",
        fault: None,
        act: |pipe| vec![burst(pipe, 31, 1, 16), drain(pipe), burst(pipe, 31, 1, PACKET)],
        expected: &["Garbled: []", "drained 0", "Ok: [31]"],
    },
    Case {
        name: "a refused OUT transfer ends the burst, and the endpoints are ready again",
        stand_in: "stall=1",
        fault: Some(Fault::StallAtTransfer(1)),
        act: |pipe| vec![burst(pipe, 31, 1, PACKET), burst(pipe, 31, 1, PACKET)],
        expected: &["Garbled: []", "Ok: [31]"],
    },
    Case {
        name: "a refused IN transfer ends the burst, and the endpoints are ready again",
        stand_in: "stall=2",
        fault: Some(Fault::StallAtTransfer(2)),
        act: |pipe| {
            let first = burst(pipe, 31, 1, PACKET);
            // What the device had to say is still there.
            while drain(pipe) != "drained 0" {}
            vec![first, burst(pipe, 31, 1, PACKET)]
        },
        expected: &["Garbled: []", "Ok: [31]"],
    },
    Case {
        name: "a stalled endpoint has nothing to drain",
        stand_in: "stall=1",
        fault: Some(Fault::StallAtTransfer(1)),
        act: |pipe| vec![drain(pipe), burst(pipe, 31, 1, PACKET)],
        expected: &["drained 0", "Ok: [31]"],
    },
    Case {
        name: "a refused control request is an error of its own",
        stand_in: "stall=1",
        fault: Some(Fault::StallAtTransfer(1)),
        act: |pipe| vec![version(pipe), version(pipe)],
        expected: &["Garbled", "read 2"],
    },
    Case {
        name: "a short packet ends its transfer",
        stand_in: "short=1",
        fault: Some(Fault::ShortPacket(1)),
        act: |pipe| vec![burst(pipe, 31, 1, PACKET)],
        expected: &["Ok: [30]"],
    },
    Case {
        name: "silence ends a burst after the time asked for, with nothing in flight",
        stand_in: "",
        fault: None,
        act: |pipe| {
            let before = pipe.now();
            let silent = burst(pipe, 0, 1, PACKET);
            let waited = pipe.now() - before;
            assert!(waited >= QUIET && waited < QUIET * 8, "{waited:?}");
            vec![silent, burst(pipe, 31, 1, PACKET)]
        },
        expected: &["Silent: []", "Ok: [31]"],
    },
    Case {
        name: "transfers asked for in vain are cancelled when the reply is complete",
        stand_in: "",
        fault: None,
        act: |pipe| vec![burst(pipe, 31, 8, PACKET), drain(pipe), burst(pipe, 5, 8, PACKET)],
        expected: &["Ok: [31]", "drained 0", "Ok: [5]"],
    },
    Case {
        name: "a device that is unplugged stays gone",
        stand_in: "unplug=2",
        fault: Some(Fault::UnplugAtTransfer(2)),
        act: |pipe| vec![burst(pipe, 31, 1, PACKET), burst(pipe, 31, 1, PACKET), version(pipe), drain(pipe)],
        expected: &["Gone: []", "Gone: []", "Gone", "Gone"],
    },
];

impl Case {
    /// Runs the case on a pipe that has its fault.
    pub fn check(&self, pipe: &mut dyn Pipe, of: &str) {
        assert_eq!((self.act)(pipe), self.expected, "{of}: {}", self.name);
    }

    pub fn on_the_emulator(&self) {
        let emulator = Emulator::new(Options::default()).unwrap();
        emulator.set_faults(&Faults { seed: 1, list: self.fault.iter().cloned().collect() });
        self.check(&mut emulator.pipe(), "the emulator's pipe");
    }
}

fn fault(error: UsbError) -> LinkFault {
    LinkError::from(error).fault
}

/// One `A8` packet of `clocked` bytes, and up to `depth` IN transfers of `ask` bytes, until one has brought something.
fn burst(pipe: &mut dyn Pipe, clocked: usize, depth: usize, ask: usize) -> String {
    let out: Vec<Vec<u8>> =
        (clocked > 0).then(|| [vec![0xA8], vec![0xFF; clocked]].concat()).into_iter().collect();
    let mut reply = First { ask, got: Vec::new() };
    let done = pipe.burst(Burst { out: &out, in_depth: depth, quiet: QUIET }, &mut reply);
    let result = done.map_or_else(|error| format!("{:?}", fault(error)), |()| "Ok".into());
    format!("{result}: {:?}", reply.got)
}

fn drain(pipe: &mut dyn Pipe) -> String {
    match pipe.drain(PACKET, Duration::from_millis(5)) {
        Ok(bytes) => format!("drained {}", bytes.len()),
        Err(error) => format!("{:?}", fault(error)),
    }
}

/// The chip's version, by control request 5F.
fn version(pipe: &mut dyn Pipe) -> String {
    let control = Control { recipient: Recipient::Device, request: 0x5F, value: 0, index: 0 };
    match pipe.control_in(control, &mut [0; 2]) {
        Ok(read) => format!("read {read}"),
        Err(error) => format!("{:?}", fault(error)),
    }
}

/// Complete with the first transfer; asks for as many as it may.
struct First {
    ask: usize,
    got: Vec<usize>,
}

impl Reply for First {
    fn next(&self, _in_flight: usize) -> Option<usize> {
        Some(self.ask)
    }
    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        self.got.push(bytes.len());
        Ok(true)
    }
    fn is_complete(&self) -> bool {
        !self.got.is_empty()
    }
}
