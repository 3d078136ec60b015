//! Contents on their way into the checksum and onto the disk: a thread of its own, while more is being read.
//!
//! A few pieces wait at most, so memory stays flat, and a disk slower than the wire holds the reading back.

use crate::workflow::files::{FileError, hex};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Pieces that wait for the disk.
const WAITING: usize = 4;
/// The largest piece.
const PIECE: usize = 256 * 1024;

/// Bytes, and where in the file they belong.
type Piece = (u64, Vec<u8>);
/// The checksum of the file, where its bytes came once and in order.
type Done = Result<Option<String>, FileError>;

/// Writes and hashes beside whoever hands it bytes.
pub(super) struct Recorder {
    pieces: Option<SyncSender<Piece>>,
    thread: Option<JoinHandle<Done>>,
}

impl Recorder {
    /// Begins on an empty file, of which `path` is the name for messages.
    pub fn start(file: File, path: PathBuf) -> Self {
        let (pieces, waiting) = sync_channel(WAITING);
        let thread =
            std::thread::spawn(move || record(file, &waiting).map_err(FileError::on("write", &path)));
        Self { pieces: Some(pieces), thread: Some(thread) }
    }

    /// Takes bytes for that place in the file.
    ///
    /// # Errors
    /// What the thread met with any piece until now.
    pub fn put(&mut self, address: u64, bytes: &[u8]) -> Result<(), FileError> {
        for (i, part) in bytes.chunks(PIECE).enumerate() {
            let piece = (address + (i * PIECE) as u64, part.to_vec());
            if self.pieces.as_ref().is_none_or(|pieces| pieces.send(piece).is_err()) {
                // The thread ends early only with an error.
                return self.finish().map(drop);
            }
        }
        Ok(())
    }

    /// Waits until everything is on the disk; gives the checksum, unless bytes came twice or out of order.
    ///
    /// # Errors
    /// What the thread met.
    pub fn finish(&mut self) -> Done {
        self.pieces = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(done)) => done,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Ok(None),
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // The file must not be open any more when its folder goes. Nobody is left to hear of a failure.
        self.pieces = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn record(mut file: File, pieces: &Receiver<Piece>) -> std::io::Result<Option<String>> {
    let (mut sum, mut summed, mut in_order) = (Sha256::new(), 0, true);
    for (address, bytes) in pieces {
        in_order &= address == summed;
        if in_order {
            sum.update(&bytes);
            summed += bytes.len() as u64;
        }
        file.seek(SeekFrom::Start(address))?;
        file.write_all(&bytes)?;
    }
    file.sync_all()?;
    Ok(in_order.then(|| hex(&sum.finalize())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::files::sha256_hex;

    fn recorder() -> (tempfile::TempDir, Recorder, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("flash.bin");
        let recorder = Recorder::start(File::create_new(&path).unwrap(), path.clone());
        (dir, recorder, path)
    }

    #[test]
    fn bytes_in_order_give_the_checksum_and_others_none() {
        let bytes: Vec<u8> = (0..700_000u32).map(|i| (i % 251) as u8).collect();
        for (order, known) in [([0usize, 1, 2], true), ([0, 2, 1], false)] {
            let (_dir, mut recorder, path) = recorder();
            for part in order {
                let (from, to) = (part * 300_000, (part * 300_000 + 300_000).min(bytes.len()));
                recorder.put(from as u64, &bytes[from..to]).unwrap();
            }
            assert_eq!(recorder.finish().unwrap(), known.then(|| sha256_hex(&bytes)));
            assert!(std::fs::read(path).unwrap() == bytes);
        }
        // What comes again is written, and the checksum of what came before is not given for it.
        let (_dir, mut recorder, path) = recorder();
        recorder.put(0, &bytes).unwrap();
        recorder.put(100, &[1, 2, 3]).unwrap();
        assert_eq!(recorder.finish().unwrap(), None);
        assert_eq!(std::fs::read(path).unwrap()[99..104], [99, 1, 2, 3, 103]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_by_the_next_piece_or_the_end() {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut recorder = Recorder::start(full, "/dev/full".into());
        let told = (0..100).find_map(|n| recorder.put(n * 4096, &[1; 4096]).err());
        let error = told.or_else(|| recorder.finish().err()).unwrap();
        assert_eq!(error.source.kind(), std::io::ErrorKind::StorageFull);
    }
}
