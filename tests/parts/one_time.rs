//! One-time memory of every scheme: programmed, erased where it can be, locked only by its phrase; a mode left on every way
//! out, the broken ones too.

use super::direct::Direct;
use super::session::{connect, fill, noise};
use norsplice::emulator::chip::{find, names};
use norsplice::flash::{Chip, FlashError, OtpPermit, SecurityRegister};
use norsplice::span::Span;
use norsplice::spi::Programmer;

/// Parts with one-time memory.
fn parts() -> Vec<String> {
    names().into_iter().filter(|name| find(name).unwrap().security.count > 0).collect()
}

fn used(name: &str) -> Direct {
    let programmer = Direct::new(find(name).unwrap(), 31);
    let mut chip = programmer.chip.borrow_mut();
    // Unlike everywhere a mode could reach.
    fill(chip.contents_mut(), 31);
    drop(chip);
    programmer
}

fn session(programmer: &Direct) -> (Chip<Direct>, OtpPermit) {
    let mut chip = connect(programmer).unwrap();
    chip.confirm_voltage_adapter();
    let permit = OtpPermit::registers_are_backed_up(&chip.identity().jedec_id.clone());
    (chip, permit)
}

/// The bytes of a register that no one can change: the factory's, and what would lock it.
fn kept(name: &str, register: &SecurityRegister) -> std::ops::Range<usize> {
    match name {
        "S25FL128S" | "S25FL256S" => 0..32,
        _ if find(name).unwrap().security.factory.end > 0 && register.index == 0 => 0..8,
        _ => 0..0,
    }
}

/// What a register holds now, as the emulated chip has it, found by its address.
fn held(programmer: &Direct, register: &SecurityRegister) -> Vec<u8> {
    let chip = programmer.chip.borrow();
    let security = &chip.spec().security;
    let at = register.address as usize - security.first;
    let from = at % security.stride;
    chip.security(at / security.stride).unwrap()[from..from + register.bytes.len()].to_vec()
}

/// The first register that can be written, a few bytes in it, and where.
fn wanted(name: &str, register: &SecurityRegister) -> Vec<u8> {
    let mut wanted = register.bytes.clone();
    let from = kept(name, register).end.max(16).min(wanted.len() / 2);
    wanted[from..from + 7].copy_from_slice(b"one-way");
    wanted
}

fn writable(name: &str, chip: &mut Chip<Direct>) -> SecurityRegister {
    let registers = chip.security_registers().unwrap();
    let open = |r: &SecurityRegister| r.locked != Some(true) && kept(name, r).len() < r.bytes.len();
    registers.into_iter().find(open).unwrap_or_else(|| panic!("{name}: none is open"))
}

/// The array answers where the one-time memory was: no mode is on, and write enable is off.
fn left(name: &str, programmer: &Direct, address: u64) {
    let mut programmer = programmer.clone();
    let at = address.to_be_bytes();
    let (mut found, mut status) = ([0; 16], [0]);
    let header = [0x03, at[5], at[6], at[7]];
    programmer
        .run(&mut [
            norsplice::spi::Transaction::read(&header, &mut found),
            norsplice::spi::Transaction::read(&[0x05], &mut status),
        ])
        .unwrap();
    let chip = programmer.chip.borrow();
    assert_eq!(found[..], chip.contents()[address as usize..][..16], "{name}: the mode is still on");
    assert_eq!(status[0] & 2, 0, "{name}: write enable is still set");
}

#[test]
fn every_scheme_is_programmed_erased_where_it_can_be_and_leaves_the_array_alone() {
    for name in parts() {
        let programmer = used(&name);
        let array = programmer.chip.borrow().contents().to_vec();
        let (mut chip, permit) = session(&programmer);
        let register = writable(&name, &mut chip);
        if register.size_unsure {
            // Blank and of disputed size: it takes what fits into the smallest that it may be.
            let mut long = vec![0xFF; 257];
            long[256] = 0;
            let refused = chip.write_security_register(register.index, &long, &permit);
            assert!(matches!(refused, Err(FlashError::OtpRefused { .. })), "{name}: {refused:?}");
            assert!(held(&programmer, &register).iter().all(|b| *b == 0xFF), "{name}");
            let wanted = noise(256, 8);
            chip.write_security_register(register.index, &wanted, &permit)
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(held(&programmer, &register)[..256], wanted, "{name}");
            assert_eq!(programmer.misdeeds(), "", "{name}");
            continue;
        }
        let wanted = wanted(&name, &register);
        let after = chip
            .write_security_register(register.index, &wanted, &permit)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!((&after.bytes, &held(&programmer, &register)), (&wanted, &wanted), "{name}");
        left(&name, &programmer, u64::from(register.address) % array.len() as u64);
        // Back to ones: by its erase, or refused before anything is sent.
        let back = chip.write_security_register(register.index, &register.bytes, &permit);
        if chip.otp_erasable() {
            assert_eq!(back.unwrap_or_else(|e| panic!("{name}: {e}")).bytes, register.bytes, "{name}");
            chip.write_security_register(register.index, &wanted, &permit).unwrap();
            chip.erase_security_register(register.index, &permit).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert!(held(&programmer, &register).iter().all(|b| *b == 0xFF), "{name}: erased");
        } else {
            assert!(matches!(back, Err(FlashError::OtpRefused { .. })), "{name}: {back:?}");
            let erased = chip.erase_security_register(register.index, &permit);
            assert!(matches!(erased, Err(FlashError::OtpRefused { .. })), "{name}: {erased:?}");
            assert_eq!(held(&programmer, &register), wanted, "{name}");
        }
        assert!(programmer.chip.borrow().contents() == array, "{name}: the array was touched");
        assert_eq!(programmer.chip.borrow().counts().lock_bits_set, 0, "{name}");
        assert_eq!(programmer.misdeeds(), "", "{name}");
    }
}

#[test]
fn a_lock_needs_its_phrase_and_holds_for_ever() {
    for name in parts() {
        let programmer = used(&name);
        let array = programmer.chip.borrow().contents().to_vec();
        let (mut chip, permit) = session(&programmer);
        let register = writable(&name, &mut chip);
        let index = register.index;
        for typed in ["", "yes", "y", "lock", &chip.lock_phrase(index.wrapping_add(1))] {
            assert_eq!(chip.lock_permit(index, typed), None, "{name}: {typed}");
        }
        let status = chip.status().unwrap().registers;
        let phrase = chip.lock_phrase(index);
        let right = chip.lock_permit(index, &phrase).unwrap();
        let locked = chip.lock_security_register(index, &right);
        match locked {
            Ok(after) => {
                assert_ne!(after.locked, Some(false), "{name}");
                let again = chip.write_security_register(index, &wanted(&name, &after), &permit);
                assert!(again.is_err(), "{name}: written after the lock");
                let data = kept(&name, &register).end;
                assert_eq!(held(&programmer, &register)[data..], register.bytes[data..], "{name}");
                let now = chip.status().unwrap().registers;
                let changed = (now.sr1 ^ status.sr1).count_ones()
                    + (now.sr2.unwrap_or(0) ^ status.sr2.unwrap_or(0)).count_ones()
                    + (now.sr3.unwrap_or(0) ^ status.sr3.unwrap_or(0)).count_ones();
                assert!(changed <= 1, "{name}: more than the lock bit changed");
            }
            // Not known well enough how, or of unknown size: then nothing is sent. Of the S25FL-L the sources say only that
            // the lock bits are in a configuration register, and not which bits.
            Err(FlashError::OtpRefused { .. }) => {
                assert_eq!(programmer.chip.borrow().counts().lock_bits_set, 0, "{name}");
                let unsure =
                    ["Pm25LQ016", "AT25DF321A", "S25FL064L"].contains(&name.as_str()) || register.size_unsure;
                let macronix = name.starts_with("MX25L");
                assert!(unsure || macronix, "{name}: its lock is known: {locked:?}");
            }
            Err(other) => panic!("{name}: {other}"),
        }
        left(&name, &programmer, u64::from(register.address) % array.len() as u64);
        assert!(programmer.chip.borrow().contents() == array, "{name}");
        assert_eq!(programmer.misdeeds(), "", "{name}");
    }
}

/// The connection fails once, at every window of the work in turn: afterwards the chip answers from its array, with write
/// enable off, and nothing but one-time memory has changed.
#[test]
fn no_way_out_leaves_a_mode_on() {
    for name in parts() {
        if find(&name).unwrap().size > 16 << 20 {
            continue;
        }
        for window in 0..400 {
            let programmer = used(&name);
            let (mut chip, permit) = session(&programmer);
            let register = writable(&name, &mut chip);
            if register.size_unsure {
                break;
            }
            let wanted = wanted(&name, &register);
            *programmer.fails_at.borrow_mut() = Some(window);
            let done = chip.write_security_register(register.index, &wanted, &permit);
            let met = programmer.fails_at.borrow_mut().take().is_none();
            // What is said again at once may go well.
            assert!(met || done.is_ok(), "{name}: window {window}: {done:?}");
            programmer.clone().sleep(std::time::Duration::from_secs(1));
            let address = u64::from(register.address) % programmer.chip.borrow().contents().len() as u64;
            left(&name, &programmer, address);
            assert_eq!(chip.read_to_vec(Span::new(0, 4)).unwrap(), programmer.chip.borrow().contents()[..4]);
            assert_eq!(programmer.chip.borrow().counts().lock_bits_set, 0, "{name}");
            if !met {
                assert!(window > 5, "{name}: the fault was met nowhere");
                break;
            }
        }
    }
}
