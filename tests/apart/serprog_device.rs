//! A serprog device at a TCP port, by the protocol's description, that answers one command after the other.

use super::flash::Flash;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const ACK: u8 = 0x06;
const NAK: u8 = 0x15;
/// All commands of an SPI device that says its limits.
pub const COMMANDS: &[u8] = &[0, 1, 2, 3, 4, 5, 8, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15];

/// What it is like.
#[derive(Clone)]
pub struct Habits {
    pub commands: &'static [u8],
    /// Commands that it lists and refuses.
    pub refuses: &'static [u8],
    /// Commands that it does not know are answered with nothing.
    pub is_silent: bool,
    pub version: u16,
    pub name: [u8; 16],
    pub buffer: u16,
    pub limits: (u32, u32),
    /// Every fourth answer comes so late, whatever comes meanwhile: a network.
    pub late: Duration,
    /// Each byte of an answer is sent by itself.
    pub in_bytes: bool,
    /// So long after the port is opened it sends text and hears nothing.
    pub boots: Duration,
    /// Text that it sends at once when the port is opened.
    pub greets: &'static [u8],
    /// The clock that it sets for one that is asked for.
    pub clock: fn(u32) -> u32,
    /// The chip select that is chosen at power-up, of those that it has; the chip is on 0.
    pub chosen: u8,
    /// Full duplex (17h) and held chip select (18h) at power-up.
    pub modes: (u8, u8),
    /// So many bytes after its first window it loses three.
    pub loses_at: Option<usize>,
    /// It says nothing more after so many windows.
    pub dies_after: Option<usize>,
    /// Bytes that it adds to answers.
    pub adds: Option<Added>,
}

/// Bytes behind the answers to one command, from one of them on.
#[derive(Clone, Copy, Debug)]
pub struct Added {
    pub opcode: u8,
    /// The first of the answers to it, and how many.
    pub from: usize,
    pub times: usize,
    pub bytes: &'static [u8],
}

impl Default for Habits {
    fn default() -> Self {
        Self {
            commands: COMMANDS,
            refuses: &[],
            is_silent: false,
            version: 1,
            name: *b"apart\0\0\0\0\0\0\0\0\0\0\0",
            buffer: 1024,
            limits: (0, 0),
            late: Duration::ZERO,
            in_bytes: false,
            boots: Duration::ZERO,
            greets: b"",
            clock: |hz| hz,
            chosen: 0,
            modes: (0, 0),
            loses_at: None,
            dies_after: None,
            adds: None,
        }
    }
}

/// What is left of it when the test looks.
pub struct State {
    pub flash: Flash,
    pub driven: bool,
    pub windows: usize,
    chosen: u8,
    modes: (u8, u8),
    /// Answers to the command whose answers are longer.
    longer: usize,
    /// Bytes that came since the first window.
    bytes: usize,
    clock: u32,
}

/// A device that is served until the test ends.
pub struct Device {
    pub address: String,
    pub state: Arc<Mutex<State>>,
}

impl Device {
    pub fn new(habits: Habits, data: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = Arc::new(Mutex::new(State {
            flash: Flash::new(data),
            driven: false,
            windows: 0,
            chosen: habits.chosen,
            modes: habits.modes,
            longer: 0,
            bytes: 0,
            clock: 1_000_000,
        }));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                stream.set_nodelay(true).unwrap();
                let (later, due) = channel();
                let (to, in_bytes) = (stream.try_clone().unwrap(), habits.in_bytes);
                std::thread::spawn(move || send(&to, &due, in_bytes));
                // A host that goes ends it.
                let _ = Session { stream, later, habits: &habits, state: &shared }.serve();
            }
        });
        Self { address, state }
    }
}

/// Sends answers in order, each at its time.
fn send(mut stream: &TcpStream, due: &Receiver<(Instant, Vec<u8>)>, in_bytes: bool) {
    for (at, answer) in due {
        std::thread::sleep(at.saturating_duration_since(Instant::now()));
        let cut = if in_bytes { 1 } else { answer.len().max(1) };
        for part in answer.chunks(cut) {
            if stream.write_all(part).is_err() {
                return;
            }
        }
    }
}

struct Session<'a> {
    stream: TcpStream,
    /// Where answers are sent once their time has come.
    later: Sender<(Instant, Vec<u8>)>,
    habits: &'a Habits,
    state: &'a Mutex<State>,
}

impl Session<'_> {
    fn serve(&mut self) -> std::io::Result<()> {
        let until = Instant::now() + self.habits.boots;
        self.stream.set_read_timeout(Some(Duration::from_millis(20)))?;
        while Instant::now() < until {
            self.stream.write_all(b"booting...\r\n")?;
            let _ = self.stream.read(&mut [0; 512]);
        }
        self.stream.set_read_timeout(None)?;
        self.stream.write_all(self.habits.greets)?;
        for number in 0_u64.. {
            let opcode = self.take(1)?[0];
            let dead = self.habits.dies_after.is_some_and(|n| self.state.lock().unwrap().windows >= n);
            let mut answer = if dead { Vec::new() } else { self.answer(opcode)? };
            if let Some(added) = self.habits.adds.filter(|added| added.opcode == opcode) {
                let longer = &mut self.state.lock().unwrap().longer;
                *longer += 1;
                if (added.from..added.from.saturating_add(added.times)).contains(longer) {
                    answer.extend_from_slice(added.bytes);
                }
            }
            let late = if number.is_multiple_of(4) { self.habits.late } else { Duration::ZERO };
            let _ = self.later.send((Instant::now() + late, answer));
        }
        Ok(())
    }

    /// The next bytes, but for those that it loses.
    fn take(&mut self, len: usize) -> std::io::Result<Vec<u8>> {
        let mut taken = Vec::new();
        while taken.len() < len {
            let mut bytes = vec![0; len - taken.len()];
            let n = self.stream.read(&mut bytes)?;
            if n == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let state = &mut *self.state.lock().unwrap();
            for byte in &bytes[..n] {
                state.bytes += usize::from(state.windows > 0);
                let lost = self.habits.loses_at.is_some_and(|at| (at..at + 3).contains(&state.bytes));
                taken.extend((!lost).then_some(*byte));
            }
        }
        Ok(taken)
    }

    fn answer(&mut self, opcode: u8) -> std::io::Result<Vec<u8>> {
        let habits = self.habits;
        if !habits.commands.contains(&opcode) {
            return Ok(if habits.is_silent { Vec::new() } else { vec![NAK] });
        }
        let parameters = self.take(match opcode {
            0x12 | 0x15..=0x18 => 1,
            0x14 => 4,
            0x13 => 6,
            _ => 0,
        })?;
        let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, byte| word << 8 | usize::from(*byte));
        let out = if opcode == 0x13 { self.take(word(&parameters[..3]))? } else { Vec::new() };
        if habits.refuses.contains(&opcode) {
            return Ok(vec![NAK]);
        }
        let mut map = [0; 32];
        habits.commands.iter().for_each(|n| map[usize::from(n / 8)] |= 1 << (n % 8));
        let state = &mut *self.state.lock().unwrap();
        let bytes: Vec<u8> = match opcode {
            0x01 => habits.version.to_le_bytes().into(),
            0x02 => map.into(),
            0x03 => habits.name.into(),
            0x04 => habits.buffer.to_le_bytes().into(),
            0x05 => vec![8],
            0x08 => habits.limits.0.to_le_bytes()[..3].into(),
            0x11 => habits.limits.1.to_le_bytes()[..3].into(),
            0x10 => return Ok(vec![NAK, ACK]),
            0x13 => state.window(&out, word(&parameters[3..])),
            0x14 => {
                state.clock = (habits.clock)(word(&parameters) as u32);
                state.clock.to_le_bytes().into()
            }
            0x15 => {
                state.driven = parameters[0] != 0;
                Vec::new()
            }
            0x16 => {
                state.chosen = parameters[0];
                Vec::new()
            }
            0x17 => {
                state.modes.0 = parameters[0];
                Vec::new()
            }
            0x18 => {
                state.modes.1 = parameters[0];
                Vec::new()
            }
            _ => Vec::new(),
        };
        Ok([&[ACK], &bytes[..]].concat())
    }
}

impl State {
    fn window(&mut self, out: &[u8], reads: usize) -> Vec<u8> {
        self.windows += 1;
        // The chip hears nothing on another chip select, nor while chip select is held high.
        if self.chosen != 0 || self.modes.1 != 0 {
            return vec![0xff; reads];
        }
        self.flash.fastest = self.flash.fastest.max(self.clock);
        self.flash.select();
        let both: Vec<u8> = out.iter().map(|byte| self.flash.byte(*byte)).collect();
        let mut back: Vec<u8> = (0..reads).map(|_| self.flash.byte(0)).collect();
        self.flash.deselect();
        if self.modes.0 != 0 {
            // What is read begins with the first byte out.
            let len = back.len();
            back.splice(0..0, both);
            back.truncate(len);
        }
        back
    }
}
