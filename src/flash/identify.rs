//! Who is on the clip: the start-up sequence, the id three times equal, SFDP, and the part they name together.
//!
//! The sequence is harmless on every maker's chip: `FF` and `FF FF FF` leave continuous read, `04` clears write enable, `AB`
//! wakes. No reset is sent before the part is known. spi-memory parses the identification.

use super::FlashError;
use super::assumed::Assumed;
use super::command::{self, BUSY, WEL};
use super::connecting::Connecting;
use super::cut;
use super::describe;
use super::geometry::Busy;
use super::left::{LeftDone, LeftFound, LeftState};
use super::part::{OtpMethod, Part};
use super::parts::{Evidence, Resolved, Supply, among, may_ask_sr2, resolve, supply_of_id};
use super::sfdp::{self, Sfdp};
use super::stuck;
use super::wait::{Steady, Watch, wait_ready};
use crate::spi::{Programmer, Transaction};
use std::time::Duration;

/// Who the chip is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Continuation codes and the three bytes of the id, as read.
    pub jedec_id: Vec<u8>,
    /// The bytes that followed the id in the same read: an extended id on some parts, noise on others.
    pub ext_id: Vec<u8>,
    /// Manufacturer byte, as spi-memory parses it.
    pub manufacturer: u8,
    /// Continuation codes before it, as spi-memory parses them.
    pub continuations: u8,
    /// The two device bytes, as spi-memory parses them.
    pub device: [u8; 2],
    /// The part's row, the family's common row, or what SFDP alone says.
    pub part: Part,
    /// `W25Q64FV`, or the members' names where they cannot be distinguished.
    pub part_name: String,
    /// The raw SFDP space, where there is one.
    pub sfdp: Option<Vec<u8>>,
    /// The same decoded.
    pub sfdp_decoded: Option<Sfdp>,
    /// Unique id, where the maker's command for it is known.
    pub unique_id: Option<Vec<u8>>,
    /// Device id by `AB`.
    pub electronic_id: Option<u8>,
    /// A 1.8 V class part.
    pub low_voltage: bool,
    /// Size and addressing are the user's word: neither table nor SFDP knows the chip, and it is only read.
    pub assumed: bool,
    /// Why nothing may be written before it is settled: table and SFDP disagree.
    pub conflict: Option<String>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// The states that the chip was found in, and what was done about each.
    pub left: Vec<LeftFound>,
}

impl Identity {
    /// The chip's supply is in no table: 3.3 V may be too much for it.
    pub fn supply_unknown(&self) -> bool {
        !self.low_voltage && self.part.voltage_mv.is_none()
    }
}

/// Bytes read after `9F`: room for continuation codes and extended ids.
const ID_BYTES: usize = 12;
/// tRES1 of the slowest makers is 30 us; tRST of Winbond 30 us.
const WAKE: Duration = Duration::from_micros(50);
/// An operation that an earlier run, or the board, left running: waited for up to twice the longest, which is as long as
/// a chip erase takes.
const LEFT_RUNNING: Busy = Busy { typical: Duration::from_millis(200), max: Duration::from_secs(100) };
/// The same where BUSY is alone, without WEL: not every chip shows both, and noise looks like it sooner.
const PERHAPS_RUNNING: Busy = Busy { max: Duration::from_secs(3), ..LEFT_RUNNING };

/// Continuation codes and three bytes: what of an answer to `9F` is the id.
pub(crate) fn id_of(answer: &[u8]) -> &[u8] {
    let skip = answer.iter().take_while(|b| **b == 0x7F).count().min(answer.len().saturating_sub(3));
    &answer[..(skip + 3).min(answer.len())]
}

fn is_dead(answer: &[u8]) -> bool {
    let id = id_of(answer);
    id.iter().all(|b| *b == 0xFF) || id.iter().all(|b| *b == 0x00)
}

/// One `9F`, continuation codes and what follows the id included.
pub(crate) fn read_id<P: Programmer + ?Sized>(programmer: &mut P) -> Result<Vec<u8>, FlashError> {
    command::read(programmer, &[command::READ_JEDEC_ID], ID_BYTES)
}

/// What the start-up sequence brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Started {
    /// The answer to `9F`, continuation codes and what follows the id included.
    pub answer: Vec<u8>,
    /// The states that the chip was found in.
    pub found: Vec<LeftFound>,
}

/// The id read three times in one batch, equal; the chip awake before, and whatever was running at its end: `tell` hears
/// of a wait for that before it begins.
pub(crate) fn start_up<P: Programmer + ?Sized>(
    programmer: &mut P,
    tell: &mut dyn FnMut(Connecting),
) -> Result<Started, FlashError> {
    let (mut before, mut status) = ([0; 2], [0; 2]);
    let [first, second] = status.each_mut().map(std::slice::from_mut);
    programmer.run(&mut [
        Transaction::read(&[command::READ_STATUS], &mut before),
        Transaction::write(&command::LEAVE_CONTINUOUS_READ[..1]),
        Transaction::write(&command::LEAVE_CONTINUOUS_READ),
        // One by one: some parts give another register as the second byte.
        Transaction::read(&[command::READ_STATUS], first),
        Transaction::read(&[command::READ_STATUS], second),
    ])?;
    let mut found = Vec::new();
    let mut note = |state, done| found.push(LeftFound { state, done });
    let answers = |status: [u8; 2]| status[0] == status[1] && status[0] != 0xFF;
    if answers(status) && !answers(before) {
        note(LeftState::ContinuousRead, LeftDone::Left);
    }
    // A busy chip ignores 9F, and may end in the middle of three of them: it is asked when it is done.
    if busy(status, BUSY | WEL) {
        stuck::refuse_constant(programmer, &status, &identifying)?;
        tell(Connecting::Busy { most: LEFT_RUNNING.max * 2 });
        wait(programmer, status[0], LEFT_RUNNING)?;
        note(LeftState::Busy, LeftDone::Waited);
    } else if answers(status) && status[0] & (BUSY | WEL) == WEL {
        note(LeftState::WriteEnabled, LeftDone::Left);
    }
    let mut asleep = vec![0; ID_BYTES];
    programmer.run(&mut [
        Transaction::write(&[command::WRITE_DISABLE]),
        Transaction::read(&[command::READ_JEDEC_ID], &mut asleep),
        Transaction::write(&[command::RELEASE_POWER_DOWN]).then_pause(WAKE),
    ])?;
    let ids = three_ids(programmer)?;
    if !ids.iter().all(|a| is_dead(a)) {
        if ids.iter().all(|a| stuck::constant(a).is_some()) {
            programmer.run(&mut [Transaction::read(&[command::READ_STATUS], &mut status)])?;
            stuck::refuse_constant(programmer, &status, &identifying)?;
        }
        if is_dead(&asleep) {
            note(LeftState::PowerDown, LeftDone::Left);
        }
        return Ok(Started { answer: settled(ids)?, found });
    }
    let [first, second] = status.each_mut().map(std::slice::from_mut);
    programmer.run(&mut [
        Transaction::read(&[command::READ_STATUS], first),
        Transaction::read(&[command::READ_STATUS], second),
    ])?;
    if busy(status, BUSY) {
        wait(programmer, status[0], PERHAPS_RUNNING)?;
        note(LeftState::Busy, LeftDone::Waited);
    } else {
        // No reset here: whether the part has one, and whether an erase is suspended, is not known.
        programmer.run(&mut [Transaction::write(&[command::LEAVE_QPI])])?;
        note(LeftState::ContinuousRead, LeftDone::Left);
    }
    Ok(Started { answer: settled(three_ids(programmer)?)?, found })
}

/// Two equal answers with these bits set that a bus without a chip does not give.
fn busy(status: [u8; 2], bits: u8) -> bool {
    status[0] == status[1] && status[0] != 0xFF && status[0] & bits == bits
}

fn identifying() -> String {
    "the identification".into()
}

fn wait<P: Programmer + ?Sized>(programmer: &mut P, status: u8, most: Busy) -> Result<(), FlashError> {
    let steady = unknown_part(status);
    let what = || "an operation that was running before this program began".into();
    wait_ready(programmer, steady, most, Watch::now(most), &what).map(drop)
}

/// What a part may show that has not been named yet and reads `status` while busy: SST26 shows BUSY in bit 7 too.
fn unknown_part(status: u8) -> Steady {
    Steady { value: status, may_change: BUSY | WEL | status & 0x80, sticky: 0, alternates: true }
}

fn three_ids<P: Programmer + ?Sized>(programmer: &mut P) -> Result<[Vec<u8>; 3], FlashError> {
    let mut answers = [(); 3].map(|()| vec![0; ID_BYTES]);
    let command = [command::READ_JEDEC_ID];
    let mut batch: Vec<_> = answers.iter_mut().map(|a| Transaction::read(&command, a)).collect();
    programmer.run(&mut batch)?;
    drop(batch);
    Ok(answers)
}

fn settled(answers: [Vec<u8>; 3]) -> Result<Vec<u8>, FlashError> {
    let [first, rest @ ..] = &answers;
    if answers.iter().all(|a| is_dead(a)) {
        return Err(FlashError::NoChip { seen: id_of(first).to_vec() });
    }
    if rest.iter().any(|a| id_of(a) != id_of(first)) {
        let mut ids: Vec<Vec<u8>> = answers.iter().map(|a| id_of(a).to_vec()).collect();
        ids.dedup();
        return Err(FlashError::Unstable { ids });
    }
    Ok(first.clone())
}

/// How far into its answer SFDP may begin: a mode that takes more address or dummy bytes after `5A` shifts it.
const MOST_SHIFT: usize = 8;

/// The SFDP space, and by how many bytes a mode of the chip has shifted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Space {
    pub bytes: Vec<u8>,
    pub shift: usize,
}

/// SFDP read until two reads in a row agree; `None` where there is none, or it never settles.
pub(crate) fn read_sfdp<P: Programmer + ?Sized>(programmer: &mut P) -> Result<Option<Space>, FlashError> {
    let read = |programmer: &mut P, len| command::read(programmer, &[command::READ_SFDP, 0, 0, 0, 0], len);
    let mut last = read(programmer, 256)?;
    let shift = (0..=MOST_SHIFT).find(|n| last[*n..].starts_with(b"SFDP")).unwrap_or(0);
    for n in 1..=5 {
        let wanted = sfdp::tables(&last[shift..]).map_or(256, |(_, tables)| sfdp::extent(&tables)) as usize;
        let room = cut::room(&programmer.limits()) as usize;
        let longer = wanted + shift + n % 2 * command::BEYOND;
        let mut again = read(programmer, if longer <= room { longer } else { wanted + shift })?;
        again.truncate(wanted + shift);
        if again.len() >= last.len() && again[shift..last.len()] == last[shift..] {
            let bytes = again[shift..].to_vec();
            return Ok(sfdp::tables(&bytes).is_some().then_some(Space { bytes, shift }));
        }
        last = again;
        if last.len() < shift {
            return Ok(None);
        }
    }
    Ok(None)
}

/// What the chip has shown beyond its id.
fn evidence(answer: &[u8], sfdp: Option<&[u8]>, sr2: Option<bool>) -> Evidence {
    let decoded = sfdp.and_then(sfdp::decode);
    Evidence {
        ext_id: answer[id_of(answer).len()..].to_vec(),
        sfdp: Some(sfdp.is_some()),
        header_minor: decoded.as_ref().map(|s| s.header_minor),
        table_minor: decoded.as_ref().map(|s| s.basic.minor),
        dwords: sfdp.map(sfdp::dwords).unwrap_or_default(),
        raw: sfdp.map(<[u8]>::to_vec).unwrap_or_default(),
        sr2,
    }
}

/// Whether SR2 answers `35`; asked only where the rows that are left differ in it and `35` harms none of them.
pub(crate) fn ask_sr2<P: Programmer + ?Sized>(
    programmer: &mut P,
    answer: &[u8],
    sfdp: Option<&[u8]>,
) -> Result<Option<bool>, FlashError> {
    if !may_ask_sr2(id_of(answer), &evidence(answer, sfdp, None)) {
        return Ok(None);
    }
    Ok(Some(command::register(programmer, command::READ_STATUS_2)? != 0xFF))
}

/// What table, SFDP and the presence of SR2 say of the chip with this answer to `9F`; where they say nothing, what the
/// user says.
pub(crate) fn name(
    answer: &[u8],
    sfdp: Option<Vec<u8>>,
    sr2: Option<bool>,
    assumed: Option<&Assumed>,
) -> Result<Identity, FlashError> {
    let jedec_id = id_of(answer).to_vec();
    if jedec_id.len() < 3 {
        // spi-memory's parser would panic on fewer.
        return Err(FlashError::NoChip { seen: jedec_id });
    }
    let parsed = spi_memory::series25::Identification::from_jedec_id(&jedec_id);
    let decoded = sfdp.as_deref().and_then(sfdp::decode);
    let evidence = evidence(answer, sfdp.as_deref(), sr2);
    let mut notes = Vec::new();
    let known = match reported(resolve(&jedec_id, &evidence), &mut notes) {
        Some(part) => Some(part),
        None => {
            let part = decoded.as_ref().and_then(|s| describe::from_sfdp(&jedec_id, s));
            notes.extend(part.as_ref().map(|_| {
                "the id is in no table: size and commands are taken from the chip's SFDP alone".to_string()
            }));
            part
        }
    };
    let part = match (known, assumed) {
        (Some(part), None) => part,
        (Some(part), Some(_)) => return Err(FlashError::KnownPart { id: jedec_id, part: part.name }),
        (None, None) => return Err(FlashError::UnknownPart { id: jedec_id }),
        (None, Some(assumed)) => {
            notes.push(
                "the id is in no table and the chip has no SFDP: its size was given by hand, and it is only read".into(),
            );
            assumed.row(&jedec_id)
        }
    };
    let part = describe::completed(part, decoded.as_ref());
    let low_voltage = part.low_voltage || supply_of_id(&jedec_id) == Supply::Low;
    let conflict = decoded.as_ref().and_then(|s| conflict(&part, s));
    notes.extend(conflict.clone());
    if !low_voltage && part.voltage_mv.is_none() {
        notes.push(format!("the supply of {} is in no table: 3.3 V may be too much for it", part.name));
    }
    Ok(Identity {
        manufacturer: parsed.mfr_code(),
        continuations: parsed.continuation_count(),
        device: [parsed.device_id()[0], parsed.device_id()[1]],
        ext_id: evidence.ext_id,
        part_name: part.name.clone(),
        low_voltage,
        jedec_id,
        part,
        sfdp,
        sfdp_decoded: decoded,
        unique_id: None,
        electronic_id: None,
        assumed: assumed.is_some(),
        conflict,
        notes,
        left: Vec::new(),
    })
}

/// The part of a table's answer; a family is noted.
fn reported(resolved: Resolved, notes: &mut Vec<String>) -> Option<Part> {
    match resolved {
        Resolved::One(part) => Some(part),
        Resolved::Family(part, members) => {
            notes.push(format!("{} answer alike; only what all of them share is used", members.join(", ")));
            Some(part)
        }
        Resolved::Unknown => None,
    }
}

/// What the rows say that an older way to ask has named: no `9F`, no SFDP.
pub(crate) fn name_old(id: &[u8], rows: &[&Part]) -> Option<Identity> {
    let mut notes = vec!["the chip does not answer 9F; it was named by an older way to ask".to_string()];
    let part = reported(among(rows), &mut notes)?;
    Some(Identity {
        jedec_id: id.to_vec(),
        ext_id: Vec::new(),
        manufacturer: *id.first()?,
        continuations: 0,
        device: [*id.get(1)?, 0],
        part_name: part.name.clone(),
        low_voltage: part.low_voltage,
        part,
        sfdp: None,
        sfdp_decoded: None,
        unique_id: None,
        electronic_id: None,
        assumed: false,
        conflict: None,
        notes,
        left: Vec::new(),
    })
}

/// Where the table and SFDP contradict each other on what decides over neighbours' bytes.
fn conflict(part: &Part, sfdp: &Sfdp) -> Option<String> {
    // SFDP speaks of one die.
    let die = part.size / u64::from(part.dies.max(1));
    if sfdp.basic.size != part.size && sfdp.basic.size != die {
        return Some(format!(
            "the table says {:#x} bytes for {}, the chip's SFDP says {:#x}",
            part.size, part.name, sfdp.basic.size
        ));
    }
    part.erase.iter().find_map(|row| {
        let other = sfdp.basic.erase.iter().find(|e| row.contradicted_by(e.opcode, e.size))?;
        Some(format!(
            "opcode {:02x} erases {:#x} bytes by the table, {:#x} by the chip's SFDP",
            row.opcode, row.size, other.size
        ))
    })
}

/// The unique id, read until two reads agree; `None` where the part has none that is known, or it is blank.
pub(crate) fn read_unique_id<P: Programmer + ?Sized>(
    programmer: &mut P,
    part: &Part,
) -> Result<Option<Vec<u8>>, FlashError> {
    let otp_by_4b = matches!(
        part.otp.method,
        OtpMethod::Micron4B | OtpMethod::Spansion4B | OtpMethod::Issi4B | OtpMethod::Adesto4B
    );
    if part.unique_id == 0 || otp_by_4b {
        return Ok(None);
    }
    let len = usize::from(part.unique_id);
    let read = |programmer: &mut P| command::read(programmer, &[command::READ_UNIQUE_ID, 0, 0, 0, 0], len);
    let mut last = read(programmer)?;
    for _ in 0..5 {
        let again = read(programmer)?;
        if again == last {
            let blank = again.iter().all(|b| *b == 0xFF) || again.iter().all(|b| *b == 0);
            return Ok((!blank).then_some(again));
        }
        last = again;
    }
    Ok(None)
}

/// Device id by `AB` and three dummy bytes.
pub(crate) fn read_electronic_id<P: Programmer + ?Sized>(programmer: &mut P) -> Result<u8, FlashError> {
    Ok(command::read(programmer, &[command::RELEASE_POWER_DOWN, 0, 0, 0], 1)?[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_part_that_is_not_named_yet_may_show_it_twice() {
        assert!(unknown_part(0xA3).allows(0x20) && unknown_part(0x83).allows(0x80));
        assert!(!unknown_part(0x03).allows(0x80) && !unknown_part(0x83).allows(0xFF));
    }

    #[test]
    fn continuation_codes_belong_to_the_id() {
        assert_eq!(id_of(&[0xEF, 0x40, 0x17, 0xEF]), [0xEF, 0x40, 0x17]);
        assert_eq!(id_of(&[0x7F, 0x9D, 0x46, 0x00]), [0x7F, 0x9D, 0x46, 0x00]);
        assert_eq!(id_of(&[0x7F; 12]), [0x7F; 12]);
        assert_eq!(id_of(&[0xEF]), [0xEF]);
    }

    #[test]
    fn a_dead_bus_is_no_chip_and_a_flickering_id_is_unstable() {
        let three = |a: &[u8], b: &[u8], c: &[u8]| settled([a.to_vec(), b.to_vec(), c.to_vec()]);
        let good = [0xEF, 0x40, 0x17, 0];
        assert_eq!(three(&good, &good, &good), Ok(good.to_vec()));
        assert_eq!(three(&good, &[0xEF, 0x40, 0x17, 9], &good), Ok(good.to_vec()), "the tail may float");
        assert!(matches!(three(&[0xFF; 4], &[0xFF; 4], &[0xFF; 4]), Err(FlashError::NoChip { .. })));
        assert!(matches!(three(&[0; 4], &[0; 4], &[0; 4]), Err(FlashError::NoChip { .. })));
        let Err(FlashError::Unstable { ids }) = three(&good, &[0xEF, 0x40, 0x15, 0], &good) else { panic!() };
        assert_eq!(ids, [vec![0xEF, 0x40, 0x17], vec![0xEF, 0x40, 0x15], vec![0xEF, 0x40, 0x17]]);
    }

    #[test]
    fn short_answers_do_not_reach_the_parser() {
        assert!(matches!(name(&[0xEF, 0x40], None, None, None), Err(FlashError::NoChip { .. })));
    }

    #[test]
    fn what_the_user_says_counts_only_where_nothing_else_is_known() {
        let assumed = Assumed::size(0x4_0000).unwrap();
        let unknown = name(&[0x99, 0x98, 0x97, 0], None, None, Some(&assumed)).unwrap();
        assert_eq!((unknown.part.size, unknown.assumed), (0x4_0000, true));
        assert!(unknown.supply_unknown());
        let known = name(&[0xEF, 0x40, 0x17, 0], None, None, Some(&assumed));
        assert!(matches!(known, Err(FlashError::KnownPart { .. })), "{known:?}");
    }

    #[test]
    fn an_id_in_no_table_without_sfdp_is_reported() {
        assert_eq!(
            name(&[0x99, 0x98, 0x97, 0], None, None, None),
            Err(FlashError::UnknownPart { id: vec![0x99, 0x98, 0x97] })
        );
    }
}
