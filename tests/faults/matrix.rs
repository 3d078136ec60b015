//! The rows: one fault each, at every point of the job or at a spread of points.

use super::bench::{Row, every, images, quiet, tiny_images, whole};
use norsplice::emulator::{Fault, Faults, ProgrammerKind};
use norsplice::workflow::Event;
use std::ops::ControlFlow;
use std::time::Duration;

/// The same fault at points 1, 1 + step, ... up to `last`, alternately finished and undone.
fn at_points(row: &mut Row, kind: ProgrammerKind, last: u64, step: usize, fault: impl Fn(u64) -> Fault) {
    for (n, point) in (1..=last).step_by(step.max(1)).enumerate() {
        let faults = Faults::seeded(point).with(fault(point));
        row.case(kind, &format!("at {point}"), &faults, n % 2 == 1);
    }
}

pub fn power_cut_in_operation(kind: ProgrammerKind) -> Row {
    let mut row = Row::new("power cut in each erase and program, at its start, middle and end", kind);
    let all = whole(kind, &images()).operations;
    for operation in (1..=all).step_by(every(9)) {
        for (part, undo) in
            [(0.0, false), (0.0, true), (0.5, false), (0.5, true), (0.95, false), (0.95, true)]
        {
            let faults = Faults::seeded(operation).with(Fault::PowerCutInOperation(operation, part));
            row.case(kind, &format!("operation {operation} at {part}"), &faults, undo);
        }
    }
    row
}

pub fn power_cut_at_byte(kind: ProgrammerKind) -> Row {
    let mut row = Row::new("power cut at a byte on SPI", kind);
    let all = whole(kind, &images()).spi_bytes;
    // Spread evenly over the job, and densely over its last tenth, where the writing is.
    let points =
        (1..all).step_by((all / 20) as usize).chain((all * 9 / 10..all).step_by((all / 10 / 40) as usize));
    for (n, point) in points.step_by(every(4)).enumerate() {
        let faults = Faults::seeded(point).with(Fault::PowerCutAtByte(point));
        row.case(kind, &format!("byte {point}"), &faults, n % 2 == 1);
    }
    row
}

pub fn unplug_at_transfer(kind: ProgrammerKind) -> Row {
    let mut row = Row::new("unplugged at each USB transfer of a smaller job", kind);
    let images = tiny_images();
    let all = whole(kind, &images).transfers;
    let step = if every(2) == 1 { 1 } else { (all / 100).max(1) as usize };
    for (n, point) in (1..=all).step_by(step).enumerate() {
        let faults = Faults::seeded(point).with(Fault::UnplugAtTransfer(point));
        row.case_with(kind, &format!("at {point} of {all}"), &faults, n % 2 == 1, &images, &mut quiet);
    }
    row
}

/// A USB fault spread over all IN packets or transfers of the job.
fn usb(name: &'static str, kind: ProgrammerKind, packets: bool, fault: fn(u64) -> Fault) -> Row {
    let mut row = Row::new(name, kind);
    let w = whole(kind, &images());
    let all = if packets { w.in_packets } else { w.transfers };
    at_points(&mut row, kind, all, (all / 120).max(1) as usize * every(8), fault);
    row
}

pub fn usb_stall(kind: ProgrammerKind) -> Row {
    usb("a USB transfer stalls", kind, false, Fault::StallAtTransfer)
}

pub fn usb_short(kind: ProgrammerKind) -> Row {
    usb("a USB packet is short", kind, true, Fault::ShortPacket)
}

pub fn usb_lost(kind: ProgrammerKind) -> Row {
    usb("a USB packet is lost", kind, true, Fault::LostPacket)
}

pub fn usb_double(kind: ProgrammerKind) -> Row {
    usb("a USB packet comes twice", kind, true, Fault::DoublePacket)
}

pub fn silent_operation(kind: ProgrammerKind) -> Row {
    let mut row = Row::new("an erase or program does nothing", kind);
    at_points(&mut row, kind, whole(kind, &images()).operations, every(5), Fault::SilentOperation);
    row
}

pub fn busy_forever(kind: ProgrammerKind) -> Row {
    let mut row = Row::new("BUSY never ends", kind);
    at_points(&mut row, kind, whole(kind, &images()).operations, every(5), Fault::BusyForever);
    row
}

/// A wire fault that begins at a time spread over the whole job.
fn over_time(name: &'static str, kind: ProgrammerKind, fault: fn(Duration) -> Fault) -> Row {
    let mut row = Row::new(name, kind);
    let time = whole(kind, &images()).time;
    for n in (0..64u32).step_by(every(6)) {
        let from = time * n / 64;
        row.case(kind, &format!("from {from:?}"), &Faults::seeded(7).with(fault(from)), n % 2 == 1);
    }
    row
}

pub fn stuck_at_ff(kind: ProgrammerKind) -> Row {
    over_time("data line stuck at FF from some time on", kind, |from| Fault::Stuck(0xff, from))
}

pub fn stuck_at_00(kind: ProgrammerKind) -> Row {
    over_time("data line stuck at 00 from some time on", kind, |from| Fault::Stuck(0x00, from))
}

pub fn clip_off(kind: ProgrammerKind) -> Row {
    over_time("the clip is off for 50 ms", kind, |from| {
        Fault::ClipOff(from, from + Duration::from_millis(50))
    })
}

pub fn stop_asked_for(kind: ProgrammerKind) -> Row {
    let mut row = Row::new("Ctrl-C at an event", kind);
    let mut events = 0u32;
    let mut count = |event: Event| {
        events += 1;
        quiet(event)
    };
    row.case_with(kind, "counting", &Faults::default(), false, &images(), &mut count);
    let all = events;
    for (n, stop) in (0..all).step_by(every(3)).enumerate() {
        let mut left = stop;
        let mut until = |_: Event| {
            let flow = if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            left = left.saturating_sub(1);
            flow
        };
        row.case_with(kind, &format!("event {stop}"), &Faults::default(), n % 2 == 1, &images(), &mut until);
    }
    row
}
