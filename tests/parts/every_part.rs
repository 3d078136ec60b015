//! For every emulated part: probe names it, a random image is written and verified from a random start, its one-time memory
//! is read as it is, and what must survive does.

use super::direct::Direct;
use super::session::{connect, fill, noise, write};
use norsplice::emulator::chip::{find, names};
use norsplice::flash::{Chip, FlashError};
use norsplice::span::Span;

/// What probe says of each: the name of its row, or the first of the family that nothing distinguishes.
const PROBED_AS: &[(&str, &str)] = &[
    ("W25Q64FV", "W25Q64FV"),
    ("W25Q64BV", "W25Q64BV"),
    ("W25Q64CV", "W25Q64CV"),
    ("W25Q64JV", "W25Q64JV"),
    ("W25Q128JV", "W25Q128JV"),
    ("W25Q64FW", "W25Q64FW"),
    ("W25Q256FV", "W25Q256FV"),
    ("W25Q256JV", "W25Q256JV"),
    ("W25Q512JV", "W25Q512JV"),
    ("W25Q02JV", "W25Q02JV-IM"),
    ("W25M512JV", "W25M512JV"),
    ("GD25Q16C", "GD25Q16C/GD25B16C"),
    ("GD25Q64C", "GD25Q64C/GD25B64C"),
    ("PY25Q128HA", "PY25Q128HA"),
    // Answers with Winbond's id; its SFDP says another size, which names it and which the aliasing check settles.
    ("ZD25Q128C", "ZD25Q128C"),
    ("MX25L6405D", "MX25L6405/D or MX25L6408D"),
    ("MX25L6433F", "MX25L6433F/64356/6435E/6436F"),
    ("MX25L12835F", "MX25L12833F/12845G/12872F, MX25L128356/12835F/12873F/12836E or 1 more"),
    ("F25L32QA", "F25L32QA"),
    ("M25P40", "M25P40"),
    ("N25Q128A", "N25Q128Ax3"),
    ("MT25QL256", "MT25QL256/ABA"),
    ("S25FL128S", "S25FL128S/127S-64K"),
    ("S25FL256S", "S25FL256S-64K"),
    ("IS25LP064", "IS25LP064/DB/DJ"),
    ("Pm25LQ016", "Pm25LQ016"),
    ("EN25QH64", "EN25QH64/A"),
    ("EN25P16", "EN25B16/EN25B16T/EN25P16"),
    ("EN25B16T", "EN25B16/EN25B16T/EN25P16"),
    ("SST25VF010A", "SST25VF010(A)"),
    ("SST25VF016B", "SST25VF016B"),
    ("SST26VF032B", "SST26VF032B/(A)"),
    ("AT25DF321A", "AT25DF321A"),
    ("AT25SF161", "AT25SF161"),
    ("AT25SF161B", "AT25SF161B"),
    ("AT25F1024", "AT25F1024(A)/512"),
    ("Pm25LV512", "Pm25LV512(A)"),
    ("S25FL064L", "S25FL064L"),
    ("IS25LP128", "IS25LP128/E128EJ/E128EK/P128A"),
    ("IS25LP512M", "IS25LE512MJ/E512MK/P512MJ/P512MK"),
    ("GD25Q256D", "GD25 family"),
    ("XM25QH256C", "XM25QH256C/D"),
    ("PY25Q256HB", "PY25Q256HB"),
    ("P25D40SH", "P25Q40H/SH"),
];

/// The array as somebody left it, one-time memory written, nothing locked.
fn used(name: &str, seed: u64) -> Direct {
    let programmer = Direct::new(find(name).unwrap(), seed);
    let mut chip = programmer.chip.borrow_mut();
    fill(chip.contents_mut(), seed);
    for index in 0..chip.spec().security.count {
        let cells = chip.security_mut(index).unwrap();
        let len = cells.len();
        cells.copy_from_slice(&noise(len, seed + index as u64));
    }
    drop(chip);
    programmer
}

/// A random span: somewhere, of some length, on no boundary.
fn somewhere(size: u64, seed: u64) -> Span {
    let random = noise(16, seed);
    let number = |at: usize| u64::from_le_bytes(random[at..at + 8].try_into().unwrap());
    let len = 1 + number(0) % (size / 4).min(0x4_0000);
    let start = number(8) % (size - len);
    Span::new(start, start + len)
}

fn write_noise(chip: &mut Chip<Direct>, backup: &[u8], span: Span, seed: u64) -> Result<(), FlashError> {
    write(chip, backup, span, &noise(span.len() as usize, seed))
}

#[test]
fn probe_names_it() {
    for (name, probed) in PROBED_AS {
        let programmer = used(name, 3);
        let chip = connect(&programmer).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(chip.identity().part_name, *probed, "{name}");
        assert_eq!(programmer.misdeeds(), "", "{name}");
        assert_eq!(programmer.chip.borrow().counts().operations, 0, "{name}: probe writes nothing");
    }
}

#[test]
fn a_random_image_is_written_and_verified_and_the_rest_survives() {
    for (seed, (name, _)) in PROBED_AS.iter().enumerate() {
        let seed = seed as u64 + 11;
        let programmer = used(name, seed);
        let mut chip = connect(&programmer).unwrap_or_else(|e| panic!("{name}: {e}"));
        let size = chip.geometry().size;
        let mut expected = programmer.chip.borrow().contents().to_vec();
        let before = {
            let chip = programmer.chip.borrow();
            let security: Vec<Vec<u8>> =
                (0..chip.spec().security.count).map(|i| chip.security(i).unwrap().to_vec()).collect();
            (chip.registers().0.to_vec(), security)
        };
        let mut spans = vec![somewhere(size, seed)];
        spans.push(match size > 16 << 20 {
            true => Span::new((16 << 20) - 0x1234, (16 << 20) + 0x4321),
            false => somewhere(size, seed + 100),
        });
        if chip.identity().low_voltage {
            let refused = write_noise(&mut chip, &expected, spans[0], seed);
            assert!(matches!(refused, Err(FlashError::LowVoltage { .. })), "{name}: {refused:?}");
            assert_eq!(programmer.chip.borrow().counts().operations, 0, "{name}");
            chip.confirm_voltage_adapter();
        }
        for span in spans {
            write_noise(&mut chip, &expected, span, seed).unwrap_or_else(|e| panic!("{name}: {span}: {e}"));
            expected[span.start as usize..span.end as usize]
                .copy_from_slice(&noise(span.len() as usize, seed));
        }
        let now = programmer.chip.borrow();
        assert!(now.contents() == expected, "{name}: the array is not what was asked for");
        let security: Vec<Vec<u8>> =
            (0..now.spec().security.count).map(|i| now.security(i).unwrap().to_vec()).collect();
        assert_eq!((now.registers().0.to_vec(), security), before, "{name}: registers and one-time memory");
        assert_eq!(now.counts().lock_bits_set, 0, "{name}");
        drop(now);
        assert_eq!(programmer.misdeeds(), "", "{name}");
    }
}

#[test]
fn one_time_memory_is_read_as_it_is() {
    for (name, _) in PROBED_AS {
        let programmer = used(name, 5);
        let mut chip = connect(&programmer).unwrap_or_else(|e| panic!("{name}: {e}"));
        let found = chip.security_registers().unwrap_or_else(|e| panic!("{name}: {e}"));
        let held = programmer.chip.borrow();
        let security = &held.spec().security;
        assert_eq!(found.is_empty(), security.count == 0, "{name}: {} registers", security.count);
        for register in &found {
            let at = register.address as usize - security.first;
            let cells = held.security(at / security.stride).unwrap();
            let from = at % security.stride;
            assert_eq!(
                register.bytes,
                cells[from..from + register.bytes.len()],
                "{name} register {}",
                register.index
            );
        }
        let mut before = vec![0; held.contents().len()];
        fill(&mut before, 5);
        assert!(held.contents() == before, "{name}: the array is untouched");
        assert_eq!(held.counts().operations, 0, "{name}: reading writes nothing");
        drop(held);
        assert_eq!(programmer.misdeeds(), "", "{name}");
        // Any mode has been left: the array answers again.
        let start = chip.read_to_vec(Span::new(0, 64)).unwrap();
        assert_eq!(start, before[..64], "{name}");
    }
}

/// Every emulated part is in the table above.
#[test]
fn the_table_names_every_part() {
    let missing: Vec<String> =
        names().into_iter().filter(|n| !PROBED_AS.iter().any(|(name, _)| name == n)).collect();
    assert_eq!(missing, Vec::<String>::new());
}

/// EN25P16 shares its id with parts whose last block is made of five: whichever it is, what is erased is the block that
/// was asked for, each of its parts once, and the chip erase is not needed for it.
#[test]
fn a_block_that_may_be_split_is_erased_whatever_it_is_made_of() {
    for (name, commands) in [("EN25P16", [1, 1]), ("EN25B16T", [1, 5])] {
        let programmer = used(name, 1);
        let mut chip = connect(&programmer).unwrap();
        let size = chip.geometry().size;
        let erases: Vec<_> = chip.geometry().erase.iter().map(|e| (e.opcode, e.size, e.split)).collect();
        assert_eq!(erases, [(0xD8, 0x1_0000, true)], "{name}");
        let mut expected = programmer.chip.borrow().contents().to_vec();
        for (span, commands) in
            [Span::new(0x1000, 0x2000), Span::new(size - 0x1000, size)].into_iter().zip(commands)
        {
            let before = programmer.sent(0xD8);
            write_noise(&mut chip, &expected.clone(), span, 1).unwrap();
            assert_eq!(programmer.sent(0xD8) - before, commands, "{name} {span}");
            expected[span.range()].copy_from_slice(&noise(0x1000, 1));
            assert!(programmer.chip.borrow().contents() == expected, "{name} {span}");
        }
        assert_eq!([0xC7, 0x60, 0x20, 0x52].map(|opcode| programmer.sent(opcode)), [0; 4], "{name}");
        assert_eq!(programmer.misdeeds(), "", "{name}");
    }
}

/// The id of MX25L6405D is also that of a part whose bit 5 is TB and not BP3: it is lifted with the others, and put back.
#[test]
fn a_bit_that_protects_in_another_way_on_a_twin_is_lifted_too() {
    let programmer = used("MX25L6405D", 4);
    programmer.chip.borrow_mut().set_register(0, 0x3C);
    let mut chip = connect(&programmer).unwrap();
    let mut expected = programmer.chip.borrow().contents().to_vec();
    let span = Span::new(0x1000, 0x2000);
    write_noise(&mut chip, &expected.clone(), span, 2).unwrap();
    drop(chip);
    expected[span.range()].copy_from_slice(&noise(0x1000, 2));
    let held = programmer.chip.borrow();
    assert!(held.contents() == expected);
    assert_eq!(held.registers().0[0] & 0x3C, 0x3C);
}
