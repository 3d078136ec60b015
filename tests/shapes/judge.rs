//! Rules for the bytes on USB, from what was published of the adapters and of other drivers' habits alone.
//!
//! CH341A: packets of 32 bytes. `A8`: up to 31 bytes to clock, each clocked byte comes back. `AB`: pin commands, `80` + values,
//! `40` + directions, `20` ends. Bits of a byte least significant first. D0 is chip select. The plain shape of other
//! drivers: a pin packet padded to 32 bytes, in the same transfer the data of one command; at most 32 IN transfers; nothing
//! after the data; chip select rises with the next command.
//!
//! MPSSE: `80` value direction, `81`, `11` and `20` and `31` with a length, `8F` clocks, `87` at the end. ADBUS3 is chip select.
//! The plain shape: one window a burst, reads of 4 KiB at most, no `8F`.

use super::record::Recorded;

/// What went wrong, in words.
pub type Fault = String;
/// The bytes that the chip sees in each chip-select window; those that only clock an answer are FF.
pub type Windows = Vec<Vec<u8>>;

const PACKET: usize = 32;

fn check(right: bool, text: impl FnOnce() -> String) -> Result<(), Fault> {
    if right { Ok(()) } else { Err(text()) }
}

/// Windows in the making.
#[derive(Default)]
struct Line {
    low: bool,
    window: Vec<u8>,
    done: Windows,
}

impl Line {
    fn select(&mut self, low: bool) -> Result<(), Fault> {
        if self.low && !low {
            check(!self.window.is_empty(), || "a window without a byte".into())?;
            self.done.push(std::mem::take(&mut self.window));
        }
        self.low = low;
        Ok(())
    }
    fn clock(&mut self, bytes: impl IntoIterator<Item = u8>) -> Result<(), Fault> {
        check(self.low, || "bytes are clocked with chip select high".into())?;
        self.window.extend(bytes);
        Ok(())
    }
    fn end(mut self) -> Result<Windows, Fault> {
        self.select(false)?;
        Ok(self.done)
    }
}

/// Traffic of a CH341A.
pub fn ch341a(bursts: &[Recorded], plain: bool) -> Result<Windows, Fault> {
    let mut line = Line::default();
    for (n, burst) in bursts.iter().enumerate() {
        let in_burst = |fault: Fault| format!("burst {n}: {fault}");
        let (mut answers, mut pins_behind_data, mut windows) = (Vec::new(), false, 0);
        for transfer in &burst.out {
            check(!transfer.is_empty(), || in_burst("an empty transfer".into()))?;
            // A transfer ends with a packet that is not full, or with its last full one.
            for packet in transfer.chunks(PACKET) {
                match packet[0] {
                    0xA8 => {
                        check(packet.len() > 1, || in_burst("A8 without a byte".into()))?;
                        line.clock(packet[1..].iter().map(|byte| byte.reverse_bits())).map_err(in_burst)?;
                        answers.push(packet.len() - 1);
                    }
                    0xAB => {
                        pins_behind_data |= !answers.is_empty();
                        windows += pins(&mut line, &packet[1..]).map_err(in_burst)?;
                    }
                    other => return Err(in_burst(format!("a packet of {other:02x}"))),
                }
            }
        }
        check(burst.came == answers, || {
            in_burst(format!("{} answers came for {} packets", burst.came.len(), answers.len()))
        })?;
        check(burst.asked.len() == answers.len(), || {
            in_burst(format!("{} answers asked for {} packets", burst.asked.len(), answers.len()))
        })?;
        check(burst.asked.iter().all(|len| *len == PACKET), || in_burst("an IN that is no packet".into()))?;
        if plain {
            check(windows <= 1, || in_burst(format!("{windows} windows")))?;
            check(!pins_behind_data, || in_burst("pins behind data that no one has fetched".into()))?;
            check(burst.depth <= 32, || in_burst(format!("{} INs in flight", burst.depth)))?;
            check(burst.out.len() == 1, || in_burst(format!("{} OUT transfers", burst.out.len())))?;
            let first = &burst.out[0][..burst.out[0].len().min(PACKET)];
            let padded = first[0] != 0xAB || answers.is_empty() || first.len() == PACKET;
            check(padded, || in_burst("pins that do not fill their packet before data".into()))?;
        }
    }
    line.end()
}

/// Pin commands; gives how many windows begin with them.
fn pins(line: &mut Line, commands: &[u8]) -> Result<usize, Fault> {
    let mut begun = 0;
    let end = commands.iter().position(|c| *c == 0x20).ok_or("pins without an end")?;
    check(commands[end + 1..].iter().all(|byte| *byte == 0), || "bytes after the end of the pins".into())?;
    for command in &commands[..end] {
        match command >> 6 {
            0b10 => {
                let low = command & 1 == 0;
                check(command & 0x08 == 0, || "the clock line is high".into())?;
                check(command & 0x06 == 0x06, || "another chip select is low".into())?;
                begun += usize::from(low && !line.low);
                line.select(low)?;
            }
            0b01 => check(command & 0x3F == 0x3F || command & 0x3F == 0, || "odd directions".into())?,
            _ => return Err(format!("the pin command {command:02x}")),
        }
    }
    Ok(begun)
}

/// Traffic of an MPSSE.
pub fn mpsse(bursts: &[Recorded], plain: bool) -> Result<Windows, Fault> {
    let mut line = Line::default();
    for (n, burst) in bursts.iter().enumerate() {
        let in_burst = |fault: Fault| format!("burst {n}: {fault}");
        let bytes = burst.out.concat();
        check(bytes.ends_with(&[0x87]), || in_burst("no 87 at the end".into()))?;
        let (mut at, mut answers, mut windows) = (0, 0, 0);
        while at < bytes.len() {
            let length = || -> Result<usize, Fault> {
                let field = bytes.get(at + 1..at + 3).ok_or("a command that is cut")?;
                Ok(usize::from(u16::from_le_bytes([field[0], field[1]])) + 1)
            };
            match bytes[at] {
                0x80 => {
                    let [value, direction] = bytes[at + 1..at + 3] else {
                        return Err(in_burst("cut".into()));
                    };
                    check(direction & 0x0F == 0x0B, || in_burst(format!("directions {direction:02x}")))?;
                    check(value & 0x01 == 0, || in_burst("the clock line is high".into()))?;
                    let low = value & 0x08 == 0;
                    windows += usize::from(low && !line.low);
                    line.select(low).map_err(in_burst)?;
                    at += 3;
                }
                // Falling edge out, most significant bit first.
                0x11 => {
                    let len = length()?;
                    let data = bytes.get(at + 3..at + 3 + len).ok_or_else(|| in_burst("cut".into()))?;
                    line.clock(data.iter().copied()).map_err(in_burst)?;
                    at += 3 + len;
                }
                // Rising edge in.
                0x20 => {
                    let len = length()?;
                    check(!plain || len <= 4096, || in_burst(format!("a read of {len} bytes")))?;
                    line.clock(std::iter::repeat_n(0xFF, len)).map_err(in_burst)?;
                    answers += len;
                    at += 3;
                }
                0x81 => {
                    answers += 1;
                    at += 1;
                }
                0x8F if !plain => {
                    check(!line.low, || in_burst("8F with chip select low".into()))?;
                    length()?;
                    at += 3;
                }
                0x87 => {
                    check(at + 1 == bytes.len(), || in_burst("87 in the middle".into()))?;
                    at += 1;
                }
                other => return Err(in_burst(format!("the command {other:02x}"))),
            }
        }
        let packets: usize = burst.came.iter().map(|len| len.div_ceil(512)).sum();
        let came: usize = burst.came.iter().sum::<usize>() - 2 * packets;
        check(came == answers, || in_burst(format!("{came} bytes came, {answers} are due")))?;
        if plain {
            check(windows <= 1, || in_burst(format!("{windows} windows")))?;
            check(answers <= 4096, || in_burst(format!("{answers} bytes of answer")))?;
            check(burst.depth <= 1, || in_burst(format!("{} INs in flight", burst.depth)))?;
        }
    }
    line.end()
}
