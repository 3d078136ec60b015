//! For every emulated part: probe names it, a random image is written and verified from a random start, what must survive does.

use crate::direct::Direct;
use crate::session::{connect, noise, write};
use norsplice::emulator::chip::{find, names};
use norsplice::span::Span;

/// What probe says of each, where the emulated part's own name does not begin it.
const PROBED_AS: &[(&str, &str)] = &[];

fn fresh(name: &str, seed: u64) -> Direct {
    let programmer = Direct::new(find(name).unwrap(), seed);
    let size = programmer.chip.borrow().contents().len();
    // The array as somebody left it: mostly written.
    programmer.chip.borrow_mut().contents_mut().copy_from_slice(&noise(size, seed));
    programmer
}

#[test]
fn survey() {
    for name in names() {
        let programmer = fresh(&name, 1);
        let size = programmer.chip.borrow().contents().len() as u64;
        match connect(&programmer) {
            Err(e) => eprintln!("{name}: CONNECT {e}"),
            Ok(mut chip) => {
                let id = chip.identity().clone();
                eprintln!(
                    "{name}: {} [{}] otp {:?} low {} notes {:?}",
                    id.part_name, id.part.source, id.part.otp.method, id.low_voltage, id.notes
                );
                let span = Span::new(size / 2 - 0x1_2345.min(size / 4), size / 2 + 0x5432.min(size / 4));
                let r = write(&mut chip, span, &noise(span.len() as usize, 7));
                eprintln!("   write {r:?} misdeeds {:?}", programmer.misdeeds());
                match chip.security_registers() {
                    Ok(v) => eprintln!(
                        "   otp {:?}",
                        v.iter().map(|r| (r.index, r.address, r.bytes.len(), r.locked)).collect::<Vec<_>>()
                    ),
                    Err(e) => eprintln!("   otp {e}"),
                }
                eprintln!("   misdeeds {:?}", programmer.misdeeds());
            }
        }
    }
    let _ = PROBED_AS;
}
