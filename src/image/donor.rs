//! A donor: a file by the name under which regions take their bytes from it.

/// A file that regions may come from; what it is gets found out by its structure when it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Donor {
    /// The name in `--set REGION=NAME`.
    pub name: String,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

impl Donor {
    /// The bytes under a name.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), bytes }
    }
}
