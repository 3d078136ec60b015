//! A PC's firmware as an inspection and a table show it: each volume, and what is known of the whole.

use serde_json::{Value, json};

use super::bios::{Bios, Family};
use super::boot_guard::maker_key;
use super::flash::bios_span;
use super::hashed::Verdict;
use super::hashes::all;
use super::identity::{What, values};
use super::legacy::{Legacy, Module};
use super::me::{self, State};
use super::models::models;
use super::proof::faults;
use super::psp::Psp;
use super::sections::{self, Packed};
use super::volume::{self, MARK_AT};
use crate::image::checks::{Check, FIT_TABLE, HASHED_RANGE, MODULE_SUM, PSP_DIRECTORY, VOLUME_SUM};
use crate::image::container::budget::{Look, NOT_MADE};
use crate::image::container::intel::descriptor;
use crate::image::container::item::{CheckName, Found, Item, ItemKind, Outcome};
use crate::image::container::wrapper::nested;
use crate::span::Span;

/// The kind of a volume's item.
pub const VOLUME: ItemKind = ItemKind::new("uefi-volume");
/// The kind of the item of all of a PC's firmware.
pub const FIRMWARE: ItemKind = ItemKind::new("pc-firmware");

/// Reads the volume whose mark is at `at`.
pub(crate) fn find(look: &mut Look, at: usize) -> Option<Found> {
    let start = at.checked_sub(MARK_AT)?;
    let volume = volume::read(look.bytes, start)?;
    let item = Item::new(VOLUME, volume.span.start, volume.span.len())
        .with("file_system", volume.file_system.to_string())
        .with_some("name", volume.name.map(|name| name.to_string()))
        .with_some("files", volume.has_files().then(|| volume.real_files().count()))
        .with_some("variables", volume.is_nvram().then_some(true))
        .check("header-sum", volume.header_holds, "");
    if !look.may_sum(volume.span.len()) {
        return Some(Found::leaf(item.check("files", Outcome::CannotTell, NOT_MADE)));
    }
    let bad: Vec<String> = volume.faults().into_iter().map(|(_, fault)| fault).collect();
    let item = if volume.has_files() { item.check("files", bad.is_empty(), bad.join("; ")) } else { item };
    Some(Found::leaf(item))
}

/// All that is known of the PC's firmware in a dump, an update or a BIOS region; `None` where there is none.
pub fn summary(file: &[u8]) -> Option<Item> {
    let payload = match nested(&mut Look::new(file)).pop() {
        // What has to be put together or unpacked first is not in the file as it is on the chip.
        Some((start, innermost)) => innermost.inside.image()?.shifted(start),
        None => Span::new(0, file.len() as u64),
    };
    let flash = payload.of(file)?;
    let span = bios_span(flash)?;
    let bios = Bios::read(span.of(flash)?, span.start);
    if !bios.is_firmware() {
        return None;
    }
    let mut item = Item::new(FIRMWARE, payload.start + span.start, span.len())
        .with("volumes", bios.volumes.len())
        .with("stores", stores(&bios));
    for model in models(&bios) {
        item = item.with("board", model.board).with("named_by", model.by).with_some("release", model.release);
    }
    for value in values(&bios) {
        let key = match value.what {
            What::Serial => "serial",
            What::BoardSerial => "board_serial",
            What::ChassisSerial => "chassis_serial",
            What::Uuid => "uuid",
            What::Mac => "mac",
            What::WindowsKey => "msdm_windows_key",
            What::HardwareCode => "hardware_code",
        };
        if !item.attributes.contains_key(key) {
            item = item.with(key, value.text);
        }
    }
    let region = descriptor::parse(flash, 0).and_then(|found| found.region("me"));
    if let Some(me) = region.and_then(|span| me::read(span.of(flash)?)) {
        item = item.with("me_version", me.version_text()).with("me_state", state(me.state));
    }
    if let Some(legacy) = &bios.legacy {
        item = item.with("legacy", legacy.maker).with("modules", modules(legacy));
        item = item
            .with_some("release", legacy.release.clone())
            .with_some("boot_block", legacy.boot_block.map(place));
    }
    item = item.with_some("psp", bios.psp.as_ref().map(directories));
    item = item.with_some("microcode_and_modules", bios.fit.as_ref().map(|fit| fit.rows.len()));
    let packed = sections::packed(&bios);
    item = item.with_some("packed", (!packed.is_empty()).then(|| self::packed(&packed)));
    item = item.with_some("boot_guard", maker_key(&bios).map(|_| "manifests of Boot Guard are there"));
    Some(checked(unpacks(item, &packed), &bios))
}

fn packed(sections: &[Packed]) -> Value {
    let row = |one: &Packed| {
        json!({
            "method": one.method.name(), "offset": one.span.start, "size": one.span.len(),
            "unpacked": one.inside.map(|inside| inside.len),
            "volumes": one.inside.map(|inside| inside.volumes), "files": one.inside.map(|inside| inside.files),
        })
    };
    sections.iter().map(row).collect()
}

/// Whether every packed section opens. One that does not may be packed in a way that is not known: it proves nothing.
fn unpacks(item: Item, sections: &[Packed]) -> Item {
    if sections.is_empty() {
        return item;
    }
    let closed: Vec<String> =
        sections.iter().filter(|one| one.inside.is_none()).map(|one| one.span.to_string()).collect();
    let outcome = if closed.is_empty() { Outcome::Ok } else { Outcome::CannotTell };
    let detail = format!("does not unpack, by what is known: {}", closed.join(", "));
    item.check("packed-sections", outcome, if closed.is_empty() { String::new() } else { detail })
}

fn directories(psp: &Psp) -> Value {
    let all = psp
        .directories
        .iter()
        .map(|one| json!({ "cookie": one.cookie, "offset": one.span.start, "entries": one.entries }));
    all.collect()
}

fn modules(legacy: &Legacy) -> Value {
    let row = |one: &Module| {
        json!({
            "name": one.name, "offset": one.span.start, "size": one.span.len(), "unpacked": one.unpacked,
        })
    };
    legacy.modules.iter().map(row).collect()
}

fn place(span: Span) -> Value {
    json!({ "offset": span.start, "size": span.len() })
}

fn stores(bios: &Bios) -> Value {
    let all = bios.stores.iter().map(|store| {
        json!({
            "form": store.form, "offset": store.span.start, "size": store.span.len(),
            "variables": store.variables.len(), "fault": store.fault,
        })
    });
    all.collect()
}

/// The result of each kind of check, with the first thing that does not hold.
fn checked(item: Item, bios: &Bios) -> Item {
    let found = faults(bios);
    let outcome = |check: &Check| found.iter().find(|fault| fault.check.name == check.name);
    let hashes = all(bios);
    let open = hashes.iter().any(|hashed| matches!(hashed.verdict, Verdict::Unknown(_)));
    let fails = hashes.iter().any(|hashed| hashed.verdict == Verdict::Fails);
    let has_sums = bios.legacy.iter().flat_map(|legacy| &legacy.modules).any(|module| module.holds.is_some());
    let rows: [(&Check, &'static str, bool); 5] = [
        (&MODULE_SUM, "modules", has_sums),
        (&VOLUME_SUM, "volumes", !bios.volumes.is_empty()),
        (&FIT_TABLE, "fit", bios.fit.is_some()),
        (&PSP_DIRECTORY, "psp-directories", bios.psp.is_some()),
        (&HASHED_RANGE, "hashed-ranges", !hashes.is_empty()),
    ];
    rows.into_iter().filter(|(.., there)| *there).fold(item, |item, (check, name, _)| {
        let fault = outcome(check);
        let result = match fault {
            None => Outcome::Ok,
            Some(_) if check.name == HASHED_RANGE.name && open && !fails => Outcome::CannotTell,
            Some(_) => Outcome::Bad,
        };
        item.check(CheckName::new(name), result, fault.map_or(String::new(), |fault| fault.message.clone()))
    })
}

fn state(state: State) -> &'static str {
    match state {
        State::Virgin => "virgin",
        State::Written => "initialised",
        State::Unknown => "unknown",
    }
}

/// What a region of a PC holds, for a table; `None` for what is neither a BIOS nor an ME.
pub fn describe(bytes: &[u8], name: &str, at: u64) -> Option<String> {
    match name {
        "me" => me::read(bytes).map(|me| format!("ME {}, {}", me.version_text(), state(me.state))),
        super::flash::BIOS => {
            let bios = Bios::read(bytes, at);
            let names = models(&bios);
            let release = names.first().map(|model| {
                let release = model.release.as_ref().map_or(String::new(), |release| format!(" {release}"));
                format!("{}{release}, ", model.board)
            });
            let parts = match (bios.family()?, &bios.legacy) {
                (Family::Coreboot, _) => "coreboot".to_owned(),
                (_, Some(legacy)) => {
                    let modules = crate::units::count(legacy.modules.len() as u64, "module");
                    format!("{} BIOS, {modules}", legacy.maker)
                }
                _ => crate::units::count(bios.volumes.len() as u64, "volume"),
            };
            let sum = crc32fast::hash(bytes);
            Some(format!("{}{parts}, crc32 {sum:08x}", release.unwrap_or_default()))
        }
        _ => None,
    }
}
