//! Contents on their way into the checksum and onto the disk: in a thread of its own, while more is being read.
//!
//! A few pieces wait at most, so memory stays flat, and a disk slower than the wire holds the reading back. WebAssembly has
//! no threads: there each piece is written before the next is read.

use crate::workflow::files::{FileError, hex};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Pieces that wait for the disk.
const WAITING: usize = 4;
/// The largest piece.
const PIECE: usize = 256 * 1024;

/// Bytes, and where in the file they belong.
type Piece = (u64, Vec<u8>);
/// The checksum of the file, where its bytes came once and in order.
type Done = Result<Option<String>, FileError>;

/// Writes and hashes what it is given.
pub(super) struct Recorder {
    path: PathBuf,
    way: Way,
}

enum Way {
    /// In a thread, meanwhile.
    Beside { pieces: SyncSender<Piece>, thread: JoinHandle<io::Result<Option<String>>> },
    /// At once.
    Here(Record),
    /// Nothing is taken any more.
    Ended,
}

impl Recorder {
    /// Begins on an empty file, of which `path` is the name for messages.
    pub fn start(file: File, path: PathBuf) -> Self {
        let record = Record::new(file);
        let way = if cfg!(target_family = "wasm") { Way::Here(record) } else { Way::beside(record) };
        Self { path, way }
    }

    /// Takes bytes for that place in the file.
    ///
    /// # Errors
    /// What was met with any piece until now.
    pub fn put(&mut self, address: u64, bytes: &[u8]) -> Result<(), FileError> {
        for (i, part) in bytes.chunks(PIECE).enumerate() {
            let address = address + (i * PIECE) as u64;
            let taken = match &mut self.way {
                // The thread ends early only with an error.
                Way::Beside { pieces, .. } => pieces.send((address, part.to_vec())).is_ok(),
                Way::Here(record) => {
                    record.put(address, part).map_err(FileError::on("write", &self.path))?;
                    true
                }
                Way::Ended => false,
            };
            if !taken {
                return self.finish().map(drop);
            }
        }
        Ok(())
    }

    /// Waits until everything is on the disk; gives the checksum, unless bytes came twice or out of order.
    ///
    /// # Errors
    /// What was met with any piece.
    pub fn finish(&mut self) -> Done {
        let done = match std::mem::replace(&mut self.way, Way::Ended) {
            Way::Beside { pieces, thread } => {
                drop(pieces);
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
            Way::Here(record) => record.finish(),
            Way::Ended => Ok(None),
        };
        done.map_err(FileError::on("write", &self.path))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // The file must not be open any more when its folder goes. A failure has no one left to hear of it.
        if let Way::Beside { pieces, thread } = std::mem::replace(&mut self.way, Way::Ended) {
            drop(pieces);
            let _ = thread.join();
        }
    }
}

impl Way {
    fn beside(mut record: Record) -> Self {
        let (pieces, waiting) = sync_channel::<Piece>(WAITING);
        let thread = std::thread::spawn(move || {
            for (address, bytes) in waiting {
                record.put(address, &bytes)?;
            }
            record.finish()
        });
        Self::Beside { pieces, thread }
    }
}

/// The file, and the checksum of what came in order.
struct Record {
    file: File,
    sum: Sha256,
    summed: u64,
    in_order: bool,
}

impl Record {
    fn new(file: File) -> Self {
        Self { file, sum: Sha256::new(), summed: 0, in_order: true }
    }

    fn put(&mut self, address: u64, bytes: &[u8]) -> io::Result<()> {
        self.in_order &= address == self.summed;
        if self.in_order {
            self.sum.update(bytes);
            self.summed += bytes.len() as u64;
        }
        self.file.seek(SeekFrom::Start(address))?;
        self.file.write_all(bytes)
    }

    fn finish(self) -> io::Result<Option<String>> {
        self.file.sync_all()?;
        Ok(self.in_order.then(|| hex(&self.sum.finalize())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::files::sha256_hex;

    /// With a thread as anywhere, and without one as on WebAssembly.
    const WAYS: [fn(Record) -> Way; 2] = [Way::beside, Way::Here];

    fn recorder(way: fn(Record) -> Way) -> (tempfile::TempDir, Recorder, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("flash.bin");
        let way = way(Record::new(File::create_new(&path).unwrap()));
        (dir, Recorder { path: path.clone(), way }, path)
    }

    #[test]
    fn bytes_in_order_give_the_checksum_and_others_none() {
        let bytes: Vec<u8> = (0..700_000u32).map(|i| (i % 251) as u8).collect();
        for (way, order, known) in
            WAYS.into_iter().flat_map(|w| [(w, [0usize, 1, 2], true), (w, [0, 2, 1], false)])
        {
            let (_dir, mut recorder, path) = recorder(way);
            for part in order {
                let (from, to) = (part * 300_000, (part * 300_000 + 300_000).min(bytes.len()));
                recorder.put(from as u64, &bytes[from..to]).unwrap();
            }
            assert_eq!(recorder.finish().unwrap(), known.then(|| sha256_hex(&bytes)));
            assert!(std::fs::read(path).unwrap() == bytes);
        }
        // What comes again is written, and the checksum of what came before is not given for it.
        for way in WAYS {
            let (_dir, mut recorder, path) = recorder(way);
            recorder.put(0, &bytes).unwrap();
            recorder.put(100, &[1, 2, 3]).unwrap();
            assert_eq!(recorder.finish().unwrap(), None);
            assert_eq!(std::fs::read(path).unwrap()[99..104], [99, 1, 2, 3, 103]);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_by_the_next_piece_or_the_end() {
        for way in WAYS {
            let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
            let mut recorder = Recorder { path: "/dev/full".into(), way: way(Record::new(full)) };
            let reported = (0..100).find_map(|n| recorder.put(n * 4096, &[1; 4096]).err());
            let error = reported.or_else(|| recorder.finish().err()).unwrap();
            assert_eq!(error.source.kind(), std::io::ErrorKind::StorageFull);
        }
    }
}
