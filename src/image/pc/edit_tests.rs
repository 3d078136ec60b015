//! New serial numbers and UUIDs: through a whole splice for each form of store, and every reason not to write one.

use super::bios::Bios;
use super::edit::{New, write};
use super::guid::Guid;
use super::identity::{What, values};
use crate::image::pc::made::volumes::{file, volume_header};
use crate::image::pc::made::{BIOS, Made, Part, Spec, build, expected};
use crate::image::pc::proof::faults;
use crate::image::pc::{nvar, volume};
use crate::image::{Choice, Donor, Image, ImageError, Spliced, auto, splice};

const UUID: &str = "4c4c4544-0051-3510-8052-b4c04f4a3232";
const AMI_SMBIOS: Guid = Guid::of("4B3082A3-80C6-4D7E-9CD0-583917265DF1");

fn run(own: &Made, new: &Made, serial: Option<&str>, uuid: Option<&str>) -> Result<Spliced, ImageError> {
    let donor = Donor::new("donor", new.bytes.clone());
    let board = auto(&own.bytes, &[&donor.bytes])?.board;
    let mut choice = Choice::default();
    choice.edits.serial = serial.map(|text| text.parse().unwrap());
    choice.edits.uuid = uuid.map(|text| text.parse().unwrap());
    splice(&Image::new(own.bytes.clone()), &[donor], &board, &choice)
}

#[test]
fn both_are_written_in_every_form_of_store_and_nothing_else() {
    for part in [Part::Nvar, Part::Vss, Part::Vss2] {
        let spec = Spec::new(&[(part, 8), (Part::Identity, 2), (Part::Code, 2)]);
        let (own, new) = (build(&spec, 1, Some(1)), build(&spec, 2, None));
        // One character less than the old one, so that its end is written, too.
        let spliced = run(&own, &new, Some("NEW1234567X"), Some(UUID)).unwrap();
        let bios = Bios::read(&spliced.image[BIOS..], BIOS as u64);
        assert!(faults(&bios).is_empty(), "{part:?}: {:?}", faults(&bios));
        let found: Vec<_> =
            values(&bios).into_iter().filter(|value| value.what != What::WindowsKey).collect();
        let texts: Vec<&str> = found.iter().map(|value| value.text.as_str()).collect();
        // The variable's UUID, and that in SMBIOSFlashData.
        assert_eq!(texts, ["NEW1234567X", UUID, UUID], "{part:?}");
        let mut wanted = expected(&own, &new);
        for value in &found {
            let place = value.room.shifted(BIOS as u64).range();
            wanted[place.clone()].copy_from_slice(&spliced.image[place]);
        }
        // The file of SMBIOSFlashData has a sum over its data.
        let flash_data = bios.files().find(|file| file.span.covers(found[2].span)).unwrap();
        let sum = BIOS + flash_data.span.start as usize + 0x11;
        wanted[sum] = spliced.image[sum];
        assert!(spliced.image[..] == wanted[..], "{part:?}");
        let row = |name: &str| spliced.units.iter().find(|row| row.name == name).unwrap();
        assert_eq!((&row("UUID").result[..], row("UUID").same), (UUID, false));
        let reported: Vec<_> = spliced.findings.iter().filter(|finding| finding.name == "edited").collect();
        assert_eq!(reported.len(), 3, "{reported:?}");
        // What was written is what a second splice keeps.
        let again = Made { bytes: spliced.image.to_vec(), ..own };
        assert!(run(&again, &new, None, None).unwrap().image == spliced.image, "{part:?}");
    }
}

#[test]
fn what_does_not_fit_or_is_not_there_is_refused() {
    let parts = [(Part::Vss2, 8), (Part::Code, 2)];
    let (own, new) = (build(&Spec::new(&parts), 1, Some(1)), build(&Spec::new(&parts), 2, None));
    let why = |serial, uuid| run(&own, &new, serial, uuid).unwrap_err().to_string();
    assert!(why(Some("0123456789ABC"), None).contains("at most 12 characters, and the new one has 13"));
    let code = [(Part::Blank, 8), (Part::Code, 2)];
    let (own, new) = (build(&Spec::new(&code), 1, Some(1)), build(&Spec::new(&code), 2, None));
    let why = |serial, uuid| run(&own, &new, serial, uuid).unwrap_err().to_string();
    assert!(why(Some("A"), None).contains("no serial number is in a store whose form is known"));
    assert!(why(None, Some(UUID)).contains("no UUID is in a store whose form is known"));
    let mut emptied = Choice::default();
    emptied.set("nvram=blank").unwrap();
    emptied.edits.uuid = Some(UUID.parse().unwrap());
    let own = build(&Spec::new(&parts), 1, Some(1));
    let new = Donor::new("donor", build(&Spec::new(&parts), 2, None).bytes);
    let board = auto(&own.bytes, &[&new.bytes]).unwrap().board;
    let error = splice(&Image::new(own.bytes), &[new], &board, &emptied).unwrap_err();
    assert!(error.to_string().contains("no UUID"), "{error}");
}

#[test]
fn an_old_value_in_a_form_that_is_not_known_stops_it() {
    let spec = Spec::new(&[(Part::Vss2, 8), (Part::Block, 1), (Part::Code, 2)]);
    let (own, new) = (build(&spec, 1, Some(1)), build(&spec, 2, None));
    let texts = values(&Bios::read(&own.bytes[BIOS..], BIOS as u64));
    let [old, uuid] = [0, 1].map(|n| texts[n].span.of(&own.bytes[BIOS..]).unwrap().to_vec());
    let wide: Vec<u8> = old.iter().flat_map(|byte| [*byte, 0]).collect();
    let (block, code) = (own.parts[1].1 + 0x80, own.parts[2].1 + 0x90);
    for (form, at, stopped) in
        [(&old, block, true), (&wide, block, true), (&uuid, block, true), (&old, code, false)]
    {
        let mut bytes = own.bytes.clone();
        bytes[at..at + form.len()].copy_from_slice(form);
        let damaged = Made { bytes, ..own.clone() };
        let made = run(&damaged, &new, Some("SN1"), Some(UUID));
        assert_eq!(made.is_err(), stopped);
        let words = made.err().map_or(String::new(), |error| error.to_string());
        assert!(!stopped || words.contains(&format!("is at {at:#x}, too")), "{words}");
    }
}

/// A router has none.
#[test]
fn no_other_board_has_one_written() {
    let demo = crate::image::synthetic::demo();
    let board = crate::image::Board::named("archer-mr200-v1").unwrap();
    let mut choice = Choice::default();
    choice.edits.serial = Some("A1".parse().unwrap());
    let donors = [Donor::new("vendor", demo.vendor)];
    let error = splice(&demo.board, &donors, board, &choice).unwrap_err();
    assert!(error.to_string().contains("no PC's firmware"), "{error}");
}

/// A record of AMI's store; an extended header is a part of `data`.
fn record(attributes: u8, head: &[u8], data: &[u8]) -> Vec<u8> {
    let size = (10 + head.len() + data.len()) as u16;
    [&b"NVAR"[..], &size.to_le_bytes(), &[0xff; 3], &[attributes], head, data].concat()
}

fn named(field: &str) -> Vec<u8> {
    [&[0], format!("DmiVar{field}").as_bytes(), &[0]].concat()
}

/// The sum of size, attributes and all after the head.
fn record_sum(record: &[u8]) -> u8 {
    [&record[4..6], &record[9..]].concat().iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

fn with_sum(mut record: Vec<u8>) -> Vec<u8> {
    let at = record.len() - 3;
    record[at] = 0u8.wrapping_sub(record_sum(&record));
    record
}

/// A BIOS region of one volume with AMI's store of these records.
fn region(records: &[Vec<u8>]) -> Vec<u8> {
    let mut body = records.concat();
    body.resize(0x800 - 16, 0xff);
    body.extend(AMI_SMBIOS.0);
    const FFS2: Guid = Guid::of("8C8CE578-8A3D-4F1C-9935-896185C32DD3");
    let mut bytes = volume_header(0x1000, FFS2.0);
    bytes.extend(file(nvar::FILE.0, 1, &body, true));
    bytes.resize(0x1000, 0xff);
    bytes
}

fn serial(text: &str) -> New {
    New::Serial(text.to_owned())
}

#[test]
fn a_newer_value_is_written_with_its_sum_and_the_older_one_stays() {
    let mut first = record(0x83, &named("0100010700"), b"OLDER\0");
    let distance = first.len() as u8;
    first[6..9].copy_from_slice(&[distance, 0, 0]);
    let newer = with_sum(record(0x98, &[], b"NEWER\0\x01\0\x04\0"));
    let same = record(0x83, &named("0200020700"), b"NEWER\0");
    let other = record(0x83, &named("0300030700"), b"CHASSIS\0");
    let before = region(&[first.clone(), newer.clone(), same, other]);
    let mut bytes = before.clone();
    let edited = write(&mut bytes, 0, &serial("SN-2")).unwrap();
    let rows: Vec<_> = edited.iter().map(|one| (one.what, one.was.as_str(), one.spans.len())).collect();
    // The value, its record's sum and the file's; the board's has no sum of its own; the chassis's is another one.
    let wanted =
        [(What::Serial, "NEWER", 3), (What::BoardSerial, "NEWER", 2), (What::ChassisSerial, "CHASSIS", 0)];
    assert_eq!(rows, wanted);
    let at = 0x48 + 0x18;
    assert!(bytes[at..at + first.len()] == first[..], "the older one");
    let written = &bytes[at + first.len()..][..newer.len()];
    assert_eq!((&written[10..16], record_sum(written)), (&b"SN-2\0\0"[..], 0));
    assert!(volume::read(&bytes, 0).unwrap().faults().is_empty());
    let changed: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != before[*at]).collect();
    let reported =
        |at: &usize| edited.iter().flat_map(|one| &one.spans).any(|span| span.contains(*at as u64));
    assert!(changed.iter().all(reported), "{changed:x?}");
}

#[test]
fn what_is_guarded_by_more_than_a_sum_is_not_written() {
    let name = named("0100010700");
    let tail = |attributes: u8| [&b"SN1\0"[..], &[attributes, 0, 4, 0]].concat();
    for (what, record, words) in [
        ("authenticated", record(0xc3, &name, b"SN1\0"), "authenticated"),
        ("by time", with_sum(record(0x93, &name, &tail(0x21))), "authenticated"),
        ("unknown", with_sum(record(0x93, &name, &tail(0x03))), "no known form"),
        ("too short a header", record(0x93, &name, b"SN1\0\x02\0"), "no known form"),
        ("a wrong sum", record(0x93, &name, &tail(1)), "does not hold as it is"),
    ] {
        let before = region(&[record]);
        let mut bytes = before.clone();
        let why = write(&mut bytes, 0, &serial("SN2")).unwrap_err();
        assert!(why.contains(words) && bytes == before, "{what}: {why}");
    }
    // Both ways to sum a record with a name: with owner and name, and without.
    let all = with_sum(record(0x93, &name, &tail(1)));
    let mut data = all.clone();
    let sum_at = data.len() - 3;
    data[sum_at] = data[sum_at].wrapping_add(name.iter().fold(0, |sum, byte| sum.wrapping_add(*byte)));
    for record in [all, data] {
        let mut bytes = region(std::slice::from_ref(&record));
        let edited = write(&mut bytes, 0, &serial("SN2")).unwrap();
        let sum = |bytes: &[u8]| record_sum(&bytes[0x60..0x60 + record.len()]);
        assert_eq!((edited[0].spans.len(), sum(&bytes)), (3, record_sum(&record)));
    }
    // No end after the text: its length is its place's.
    let mut bytes = region(&[record(0x83, &name, b"SN1")]);
    assert!(write(&mut bytes, 0, &serial("SN22")).unwrap_err().contains("exactly 3"));
    assert!(write(&mut bytes, 0, &serial("S2")).is_err() && write(&mut bytes, 0, &serial("SN2")).is_ok());
    // A file that is damaged as it is.
    let mut bytes = region(&[record(0x83, &name, b"SN1")]);
    bytes[0x7f0] ^= 1;
    assert!(write(&mut bytes, 0, &serial("SN2")).unwrap_err().contains("damaged"));
}

#[test]
fn a_variable_with_a_signature_and_an_open_write_stop_it() {
    let parts = [(Part::Vss2, 8), (Part::Code, 2)];
    let own = build(&Spec::new(&parts), 1, Some(1));
    let name: Vec<u8> = "DmiVar0100010700".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let record = memchr::memmem::find(&own.bytes, &name).unwrap() - 32;
    let block = memchr::memmem::find(&own.bytes, &[0x2b, 0x29, 0x58, 0x9e]).unwrap();
    let try_with = |at: usize, bytes: &[u8]| {
        let mut flash = own.bytes.clone();
        flash[at..at + bytes.len()].copy_from_slice(bytes);
        write(&mut flash[BIOS..], BIOS as u64, &serial("SN2"))
    };
    assert!(try_with(record + 4, &[0x27]).unwrap_err().contains("authenticated"));
    let queue = |states: &[u8]| -> Vec<u8> {
        let one = |state: &u8| {
            let head = [&[*state, 0xff, 0xff, 0xff][..], &[7; 16], &[0xff; 4]].concat();
            [&head[..], &1u64.to_le_bytes(), &8u64.to_le_bytes(), &[0xf8; 48]].concat()
        };
        states.iter().flat_map(one).collect()
    };
    for (states, taken) in [
        (&[][..], true),
        (&[0xf8], true),
        (&[0xf8, 0xf8], true),
        (&[0xfe], false),
        (&[0xfc], false),
        (&[0xf8, 0xfc], false),
    ] {
        let found = try_with(block + 0x20, &queue(states));
        assert_eq!(found.is_ok(), taken, "{states:x?}: {found:?}");
        assert!(taken || found.unwrap_err().contains("not complete"));
    }
    // Sizes that lead out of the block.
    let mut far = queue(&[0xf8]);
    far[24..32].fill(0xee);
    assert!(try_with(block + 0x20, &far).is_err());
}
