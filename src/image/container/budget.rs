//! How much work the search through one file may cost, so that time stays linear however things nest.

/// How many places of a file may be tried as an LZMA stream: any data hold a handful that look like a stream's start.
pub const MOST_LZMA_TRIES: u32 = 256;
/// The same for gzip, xz and zstd streams.
pub const MOST_PACKED_TRIES: u32 = 64;

/// Bytes that one inspection unpacks.
const MOST_UNPACKED: u64 = 96 << 20;

/// The bytes under inspection and what may still be spent on them.
#[derive(Debug)]
pub struct Look<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// Bytes that may still be summed up.
    sums: u64,
    /// Bytes that may still be unpacked.
    unpack: u64,
    /// TP-Link headers whose MD5 may still be judged, which can take several passes.
    headers: u32,
    /// Places at which a packed stream may still be tried.
    pub tries: u32,
    /// The same for gzip, xz and zstd streams.
    pub packed_tries: u32,
    /// Where the last tar ends: the marks of its files are not others' starts.
    pub tar_end: u64,
}

/// The detail of a check that was not made because too much nests.
pub const NOT_MADE: &str = "not checked: too many things in this file claim the same bytes";

/// The same of a packed stream that was not unpacked to its end.
pub const TOO_MUCH: &str = "not checked: this file unpacks to more than an inspection unpacks, 96 MiB";

impl<'a> Look<'a> {
    /// A look at `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            sums: 16 * bytes.len() as u64 + (16 << 20),
            unpack: MOST_UNPACKED,
            headers: 3,
            tries: MOST_LZMA_TRIES,
            packed_tries: MOST_PACKED_TRIES,
            tar_end: 0,
        }
    }

    /// True when `len` more bytes may be summed up.
    pub fn may_sum(&mut self, len: u64) -> bool {
        take(&mut self.sums, len)
    }

    /// True when the MD5 of one more TP-Link header may be judged.
    pub fn may_judge_header(&mut self) -> bool {
        let may = self.headers > 0;
        self.headers = self.headers.saturating_sub(1);
        may
    }

    /// How many bytes may still be unpacked.
    pub fn may_unpack(&self) -> u64 {
        self.unpack
    }

    /// Counts `len` unpacked bytes.
    pub fn unpacked(&mut self, len: u64) {
        self.unpack = self.unpack.saturating_sub(len);
    }
}

fn take(left: &mut u64, len: u64) -> bool {
    let enough = *left >= len;
    if enough {
        *left -= len;
    }
    enough
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_bounded() {
        let mut look = Look::new(&[0; 8]);
        assert!(look.may_sum(16 << 20));
        assert!(look.may_sum(128));
        assert!(!look.may_sum(1));
        assert_eq!((0..9).filter(|_| look.may_judge_header()).count(), 3);
    }
}
