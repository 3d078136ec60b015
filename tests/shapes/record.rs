//! A pipe that keeps what goes over it.

use norsplice::usb::{About, Burst, Control, Pipe, Reply, UsbError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One burst: its OUT transfers, the most IN transfers that were in flight, the lengths asked for and those that came.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    pub out: Vec<Vec<u8>>,
    pub depth: usize,
    pub asked: Vec<usize>,
    pub came: Vec<usize>,
}

#[derive(Clone, Default)]
pub struct Tape(Arc<Mutex<Vec<Recorded>>>);

impl Tape {
    pub fn clear(&self) {
        self.0.lock().unwrap().clear();
    }
    pub fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

pub struct Recorder<P> {
    pipe: P,
    tape: Tape,
}

impl<P> Recorder<P> {
    pub fn new(pipe: P) -> (Self, Tape) {
        let tape = Tape::default();
        (Self { pipe, tape: tape.clone() }, tape)
    }
}

struct Watched<'r> {
    reply: &'r mut dyn Reply,
    record: Mutex<Recorded>,
}

impl Reply for Watched<'_> {
    fn next(&self, in_flight: usize) -> Option<usize> {
        let next = self.reply.next(in_flight)?;
        let mut record = self.record.lock().unwrap();
        record.asked.push(next);
        record.depth = record.depth.max(in_flight + 1);
        Some(next)
    }
    fn take(&mut self, bytes: &[u8]) -> Result<bool, UsbError> {
        self.record.lock().unwrap().came.push(bytes.len());
        self.reply.take(bytes)
    }
    fn is_complete(&self) -> bool {
        self.reply.is_complete()
    }
}

impl<P: Pipe> Pipe for Recorder<P> {
    fn control_out(&mut self, control: Control, data: &[u8]) -> Result<(), UsbError> {
        self.pipe.control_out(control, data)
    }
    fn control_in(&mut self, control: Control, into: &mut [u8]) -> Result<usize, UsbError> {
        self.pipe.control_in(control, into)
    }
    fn burst(&mut self, burst: Burst<'_>, reply: &mut dyn Reply) -> Result<(), UsbError> {
        let mut watched = Watched { reply, record: Mutex::default() };
        let result = self.pipe.burst(burst, &mut watched);
        let record = watched.record.into_inner().unwrap();
        self.tape.0.lock().unwrap().push(Recorded { out: burst.out.to_vec(), ..record });
        result
    }
    fn drain(&mut self, len: usize, wait: Duration) -> Result<Vec<u8>, UsbError> {
        self.pipe.drain(len, wait)
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
