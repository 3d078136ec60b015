//! A pipe that logs what goes over it: requests and OUT bytes, of what comes in only the lengths. No contents of a chip
//! get into the log.

use super::{About, Burst, Control, Pipe, Reply, UsbError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Lines kept at most; a run of equal lines is one.
const LINES: usize = 2000;
/// Transfers of a burst that are written out, and bytes of each.
const TRANSFERS: usize = 12;
const BYTES: usize = 12;

/// The log of a traced pipe.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    lines: Vec<Line>,
    left_out: usize,
}

#[derive(Debug)]
struct Line {
    at: Duration,
    text: String,
    /// How often the same has followed.
    again: usize,
}

impl Log {
    fn add(&self, at: Duration, text: String) {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = log.lines.last_mut().filter(|last| last.text == text) {
            last.again += 1;
        } else if log.lines.len() < LINES {
            log.lines.push(Line { at, text, again: 0 });
        } else {
            log.left_out += 1;
        }
    }

    /// The lines: seconds since the pipe's start, what was sent, the lengths of what came, and how it ended.
    pub fn lines(&self) -> Vec<String> {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines = Vec::with_capacity(log.lines.len() + 1);
        for Line { at, text, again } in &log.lines {
            let again = if *again > 0 { format!(" ({again} times more)") } else { String::new() };
            lines.push(format!("{:10.4} {text}{again}", at.as_secs_f64()));
        }
        if log.left_out > 0 {
            lines.push(format!("({} lines more are left out)", log.left_out));
        }
        lines
    }
}

/// A pipe and its log.
pub struct Traced<P> {
    pipe: P,
    log: Log,
}

impl<P: Pipe> Traced<P> {
    /// Logs what goes over `pipe`.
    pub fn new(pipe: P, log: Log) -> Self {
        Self { pipe, log }
    }

    fn note<T>(&self, text: String, result: &Result<T, UsbError>) {
        let end = result.as_ref().err().map(|error| format!(" failed: {error}")).unwrap_or_default();
        self.log.add(self.pipe.now(), format!("{text}{end}"));
    }
}

fn request(control: Control) -> String {
    let Control { recipient, request, value, index } = control;
    format!("{request:02x} {value:04x} {index:04x} to the {}", format!("{recipient:?}").to_lowercase())
}

/// The first bytes of the first transfers, and how many more there are.
fn outgoing(transfers: &[Vec<u8>]) -> String {
    let one = |transfer: &Vec<u8>| {
        let shown: Vec<String> = transfer.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
        match transfer.len().checked_sub(BYTES) {
            None | Some(0) => shown.join(" "),
            Some(more) => format!("{} +{more}", shown.join(" ")),
        }
    };
    let shown: Vec<String> = transfers.iter().take(TRANSFERS).map(one).collect();
    match transfers.len().checked_sub(TRANSFERS) {
        None | Some(0) => shown.join(" | "),
        Some(more) => format!("{} | {more} transfers more", shown.join(" | ")),
    }
}

fn lengths(all: &[usize]) -> String {
    let shown: Vec<String> = all.iter().take(TRANSFERS).map(ToString::to_string).collect();
    match all.len().checked_sub(TRANSFERS) {
        None | Some(0) => shown.join(" "),
        Some(more) => format!("{} and {more} more", shown.join(" ")),
    }
}

/// A reply, and the lengths of what it has taken.
struct Counted<'r> {
    reply: &'r mut dyn Reply,
    lengths: Vec<usize>,
}

impl Reply for Counted<'_> {
    fn next(&self, in_flight: usize) -> Option<usize> {
        self.reply.next(in_flight)
    }
    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        self.lengths.push(bytes.len());
        self.reply.take(bytes)
    }
    fn is_complete(&self) -> bool {
        self.reply.is_complete()
    }
}

impl<P: Pipe> Pipe for Traced<P> {
    fn control_out(&mut self, control: Control, data: &[u8]) -> Result<(), UsbError> {
        let result = self.pipe.control_out(control, data);
        self.note(format!("control out {}", request(control)), &result);
        result
    }
    fn control_in(&mut self, control: Control, into: &mut [u8]) -> Result<usize, UsbError> {
        let result = self.pipe.control_in(control, into);
        let read = result.as_ref().map(|read| format!(", {read} bytes")).unwrap_or_default();
        self.note(format!("control in {}{read}", request(control)), &result);
        result
    }
    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
        let mut counted = Counted { reply, lengths: Vec::new() };
        let result = self.pipe.burst(burst, &mut counted);
        self.note(format!("out [{}] in [{}]", outgoing(burst.out), lengths(&counted.lengths)), &result);
        result
    }
    fn drain(&mut self, len: usize, wait: Duration) -> Result<Vec<u8>, UsbError> {
        let result = self.pipe.drain(len, wait);
        let read = result.as_ref().map(|bytes| bytes.len()).unwrap_or_default();
        self.note(format!("drain, {read} bytes"), &result);
        result
    }
    fn in_packet(&self) -> Option<usize> {
        self.pipe.in_packet()
    }
    fn about(&self) -> About {
        self.pipe.about()
    }
    fn now(&self) -> Duration {
        self.pipe.now()
    }
    fn sleep(&mut self, time: Duration) {
        self.pipe.sleep(time);
    }
}
