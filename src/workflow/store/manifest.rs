//! A backup's manifest: who, what, when, and the checksum of everything, itself included.

use super::ChipKey;
use crate::workflow::files::sha256_hex;
use serde::{Deserialize, Serialize};

/// Version of the manifest's form.
pub const SCHEMA: u32 = 1;
/// Name of the manifest in a backup's folder.
pub const MANIFEST: &str = "backup.json";
/// Name of the contents in a backup's folder.
pub const FLASH: &str = "flash.bin";

/// Where a backup's contents come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Read here, twice.
    Read,
    /// Taken over from a file, with a second file that is equal.
    ImportTwice,
    /// Taken over from one file; nothing proves it.
    Import,
}

/// How a backup was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reads {
    /// Reads of the whole array.
    pub passes: u32,
    /// Bytes read from the array, rereads included.
    pub bytes: u64,
    /// Where passes differed, and how it was settled.
    pub rereads: Vec<Reread>,
    /// How each stretch was proven, in order, without a gap; empty in backups of older versions and in imports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proven: Vec<Proven>,
    /// The backup whose contents took the place of a second pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_from: Option<String>,
}

/// How a stretch of the contents was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proven {
    /// First address.
    pub start: u64,
    /// Address after the last.
    pub end: u64,
    /// How.
    pub by: ProvenBy,
}

/// Ways of proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProvenBy {
    /// Both engines read it alike.
    TwoReads,
    /// One read agrees with what the store had proven of this very chip.
    StoreAndOneRead,
    /// Further reads by both engines settled it.
    Vote,
}

/// One block in which the passes differed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reread {
    /// Address of the block.
    pub address: u64,
    /// Its length.
    pub len: u64,
    /// Reads of this block, the two of the passes included.
    pub reads: u32,
    /// Of them, those equal to what was kept.
    pub agreed: u32,
    /// Bytes in which the first two reads differed.
    pub differing_bytes: u64,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Name in the backup's folder.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

/// Everything about a backup but its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// `SCHEMA`.
    pub schema: u32,
    /// Name of the backup and of its folder.
    pub id: String,
    /// The chip.
    #[serde(flatten)]
    pub chip: ChipKey,
    /// Part name, `W25Q64FV`.
    pub part: String,
    /// Bytes of the array.
    pub size: u64,
    /// SHA-256 of `flash.bin` in hex.
    pub sha256: String,
    /// When it was taken, UTC, RFC 3339.
    pub taken: String,
    /// By which programmer, or from which file.
    pub programmer: String,
    /// How the contents came here.
    pub origin: Origin,
    /// How they were read.
    pub reads: Reads,
    /// The board it was taken from, where it was named.
    pub board: Option<String>,
    /// What its owner calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whatever else is worth knowing.
    pub notes: Vec<String>,
    /// Every other file of the backup.
    pub files: Vec<FileEntry>,
    /// SHA-256 of this manifest with an empty seal.
    pub seal: String,
}

impl Manifest {
    /// As stored, sealed.
    pub(super) fn seal_to_bytes(&mut self) -> Vec<u8> {
        self.seal = self.computed_seal();
        text(self)
    }

    fn computed_seal(&self) -> String {
        sha256_hex(&text(&Manifest { seal: String::new(), ..self.clone() }))
    }

    /// Reads and checks a stored manifest; the error says what is wrong.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Manifest, String> {
        #[derive(Deserialize)]
        struct Version {
            schema: u32,
        }
        let version: Version =
            serde_json::from_slice(bytes).map_err(|e| format!("{MANIFEST} cannot be read ({e})"))?;
        if version.schema != SCHEMA {
            let schema = version.schema;
            return Err(format!(
                "{MANIFEST} has schema {schema}, this program knows {SCHEMA}: use a newer one"
            ));
        }
        let manifest: Manifest =
            serde_json::from_slice(bytes).map_err(|e| format!("{MANIFEST} cannot be read ({e})"))?;
        if manifest.seal != manifest.computed_seal() {
            return Err(format!("{MANIFEST} does not fit its own checksum"));
        }
        Ok(manifest)
    }
}

fn text(manifest: &Manifest) -> Vec<u8> {
    // Plain strings, numbers and lists: there is nothing in a manifest that JSON could refuse.
    let mut bytes = serde_json::to_vec_pretty(manifest).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}
