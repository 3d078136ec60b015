//! The texts by which a release names its board and itself.
//!
//! `$BOOTEFI$` and 5 bytes, then 60 bytes of the board's name, 21 of the file's name and 10 of the date (FD44Editor);
//! `$BVDT$` with the version after a `$` at 0Dh, the product at 26h (a published reader of Insyde's dumps); the
//! configuration in coreboot's file system; `$IBIOSI$` of Intel's and Apple's boards (MacEfiToolkit); Award's number.

use memchr::memmem;

use super::bios::Bios;
use crate::image::container::bytes::slice;

/// A name of the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The mark or file that has it: names of one mark can be compared.
    pub by: &'static str,
    /// The board's name.
    pub board: String,
    /// The release's, where it is there.
    pub release: Option<String>,
}

/// Marks that are only mentioned in code cost one try each.
const MOST_TRIES: usize = 64;

/// Every name in it, one for each mark.
pub fn models(bios: &Bios) -> Vec<Model> {
    let bytes = bios.bytes;
    let own = [bootefi(bytes), bvdt(bytes), biosid(bytes), coreboot(bytes), legacy(bios)];
    own.into_iter().flatten().collect()
}

/// The maker's number of a legacy BIOS.
fn legacy(bios: &Bios) -> Option<Model> {
    let legacy = bios.legacy.as_ref()?;
    Some(Model { by: legacy.maker, board: legacy.board.clone()?, release: legacy.release.clone() })
}

/// `$IBIOSI$`, then in 16-bit characters the board's parts and the release's: `MBP91.88Z.00D3.B0A.1506081214`.
fn biosid(bytes: &[u8]) -> Option<Model> {
    const MARK: &[u8] = b"$IBIOSI$";
    const LONGEST: usize = 64;
    tries(bytes, MARK).find_map(|at| {
        let wide = &bytes[at..bytes.len().min(at + 2 * LONGEST)];
        let units = wide.chunks_exact(2).take_while(|unit| **unit != [0, 0]);
        let text: Option<Vec<u8>> = units.map(|unit| (unit[1] == 0).then_some(unit[0])).collect();
        let text = self::text(&text?)?;
        let parts: Vec<&str> = text.split('.').map(str::trim).collect();
        let [board, family, release @ ..] = &parts[..] else { return None };
        let whole = !board.is_empty() && !family.is_empty() && (2..=4).contains(&release.len());
        whole.then(|| Model {
            by: "$IBIOSI$",
            board: format!("{board}.{family}"),
            release: Some(release.join(".")),
        })
    })
}

/// A text to its first NUL; `None` for an empty one, or what is no text.
fn text(field: &[u8]) -> Option<String> {
    let len = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    let text = &field[..len];
    let plain = len > 0 && text.iter().all(|byte| (0x20..0x7f).contains(byte));
    plain.then(|| String::from_utf8_lossy(text).trim_end().to_owned()).filter(|text| !text.is_empty())
}

fn tries<'a>(bytes: &'a [u8], mark: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    memmem::find_iter(bytes, mark).take(MOST_TRIES).map(|at| at + mark.len())
}

fn bootefi(bytes: &[u8]) -> Option<Model> {
    const MARK: &[u8] = b"$BOOTEFI$";
    tries(bytes, MARK).find_map(|at| {
        let fields = slice(bytes, at, 5 + 60 + 21 + 10)?;
        let board = text(&fields[5..65])?;
        Some(Model { by: "$BOOTEFI$", board, release: text(&fields[65..86]) })
    })
}

fn bvdt(bytes: &[u8]) -> Option<Model> {
    const MARK: &[u8] = b"$BVDT$";
    tries(bytes, MARK).find_map(|at| {
        let table = slice(bytes, at - MARK.len(), 0x66)?;
        let field = |from: usize, to: usize| table[from..to].strip_prefix(b"$").and_then(text);
        Some(Model { by: "$BVDT$", board: field(0x26, 0x40)?, release: field(0x0d, 0x26) })
    })
}

fn coreboot(bytes: &[u8]) -> Option<Model> {
    let value = |key: &[u8]| {
        tries(bytes, key).find_map(|at| {
            let rest = &bytes[at..bytes.len().min(at + 0x80)];
            text(&rest[..rest.iter().position(|byte| *byte == b'"')?])
        })
    };
    let board = value(b"CONFIG_MAINBOARD_PART_NUMBER=\"")?;
    Some(Model { by: "coreboot", board, release: value(b"CONFIG_LOCALVERSION=\"") })
}
