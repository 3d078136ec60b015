//! Jobs in the store: open, list, continue, drop.

use super::header::{JobHeader, NewJob, SCHEMA, pairs};
use super::log::{Direction, Line, Log, Over};
use crate::span::{Span, Spans};
use crate::workflow::files::{FileError, read, sha256_hex, sync_folder, write_plain};
use crate::workflow::store::{AtWork, names, resolve};
use crate::workflow::store::{Store, StoreError};
use crate::workflow::utc;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::time::SystemTime;

pub(super) const HEADER: &str = "job.json";
const WANTED: &str = "wanted.bin";
/// The wanted contents of a finished job: what the chip holds since.
pub(super) const RESULT: &str = "result.bin";
pub(super) const LOG: &str = "journal.log";
/// No header and no log is longer; a line is about 70 bytes, and a job of 256 MiB has 65536 blocks at most.
pub(super) const TEXT_MOST: u64 = 64 << 20;

/// A job as the list has it.
#[derive(Debug)]
pub struct ListedJob {
    /// Its id.
    pub id: String,
    /// What it is, or what is wrong with it.
    pub header: Result<JobHeader, String>,
    /// How far it got.
    pub log: Log,
}

impl ListedJob {
    /// True when it is neither finished, undone nor dropped: its chip is in between.
    pub fn is_open(&self) -> bool {
        self.log.over.is_none()
    }
}

/// An open job's journal. Each note is on disk before the method returns.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    file: File,
    /// What the job is.
    pub header: JobHeader,
    /// How far it is.
    pub log: Log,
    /// No other thread continues with it meanwhile.
    _at_work: AtWork,
}

impl Journal {
    fn note(&mut self, lines: &[Line]) -> Result<(), StoreError> {
        let text: String = lines.iter().map(Line::to_text).collect();
        let go = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        go.map_err(FileError::on("write", &self.folder.join(LOG)))?;
        lines.iter().for_each(|l| self.log.add(l));
        Ok(())
    }

    /// A run begins.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn run(&mut self, direction: Direction) -> Result<(), StoreError> {
        self.note(&[Line::Run { direction, at: utc::rfc3339(SystemTime::now()) }])
    }

    /// `done` has been verified, and `next` is about to be touched: one write to the disk for both.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn step(&mut self, done: Option<Span>, next: Option<Span>) -> Result<(), StoreError> {
        let done = done.map(|s| Line::Done { start: s.start, end: s.end });
        let next = next.map(|s| Line::Begin { start: s.start, end: s.end });
        let lines: Vec<Line> = done.into_iter().chain(next).collect();
        if lines.is_empty() { Ok(()) } else { self.note(&lines) }
    }

    /// The job is over. Of one that was written the wanted contents stay as its result, of any other they go.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn over(mut self, how: Over) -> Result<(), StoreError> {
        self.note(&[Line::Over { how, at: utc::rfc3339(SystemTime::now()) }])?;
        let wanted = self.folder.join(WANTED);
        let gone = match how {
            Over::Written => fs::rename(&wanted, self.folder.join(RESULT)),
            _ => fs::remove_file(&wanted),
        };
        match gone {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(FileError::on("remove", &wanted)(e).into())
            }
            _ => Ok(()),
        }
    }

    /// The whole wanted contents, checked.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::File`].
    pub fn wanted(&self) -> Result<Vec<u8>, StoreError> {
        let bytes = read(&self.folder.join(WANTED), self.header.size)?;
        if bytes.len() as u64 != self.header.size || sha256_hex(&bytes) != self.header.wanted_sha256 {
            let fault = format!("{WANTED} does not fit its checksum");
            return Err(StoreError::Damaged { what: "job", id: self.header.id.clone(), fault });
        }
        Ok(bytes)
    }

    /// Blocks that any run began: all that can differ from the backup.
    pub fn touched(&self) -> Spans {
        let mut touched = if self.log.damaged { self.header.blocks() } else { Spans::new() };
        self.log.touched.iter().for_each(|span| touched.insert(span));
        touched
    }

    /// Blocks whose contents cannot be relied on even where they read right.
    pub fn doubtful(&self) -> Spans {
        if self.log.damaged { self.header.blocks() } else { self.log.doubtful.clone() }
    }
}

impl Store {
    /// Opens a job: header, wanted contents and an empty log are on disk when it returns.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot take it; then there is no job.
    pub fn open_job(&self, job: &NewJob<'_>) -> Result<Journal, StoreError> {
        let jobs = self.jobs_folder();
        let built = self.new_folder(&jobs)?;
        self.check_room(job.wanted.len() as u64)?;
        write_plain(&built.path().join(WANTED), job.wanted)?;
        write_plain(&built.path().join(LOG), b"")?;
        let now = SystemTime::now();
        let mut header = JobHeader {
            schema: SCHEMA,
            id: String::new(),
            verb: job.verb,
            begun: utc::rfc3339_millis(now),
            chip: job.chip.clone(),
            part: job.part.clone(),
            programmer: job.programmer.clone(),
            size: job.wanted.len() as u64,
            backup: job.backup.clone(),
            backup_sha256: job.backup_sha256.clone(),
            wanted_sha256: sha256_hex(job.wanted),
            keep: pairs(&job.bounds.keep),
            last: pairs(&job.bounds.last),
            blocks: pairs(job.blocks),
            seal: String::new(),
        };
        let id = format!("{}-{}", utc::compact(now), job.verb.name());
        let name = self.publish(built, &jobs, &id, &mut |folder, name| {
            header.id = name.into();
            write_plain(&folder.join(HEADER), &header.seal_to_bytes())
        })?;
        self.go_on(&name)
    }

    /// All jobs, newest first, those over included; damaged ones at the end.
    ///
    /// # Errors
    /// [`StoreError::File`] when the folder cannot be read.
    pub fn jobs(&self) -> Result<Vec<ListedJob>, StoreError> {
        let jobs = self.jobs_folder();
        let mut list = Vec::new();
        for id in names(&jobs)?.into_iter().filter(|n| !n.starts_with('.')) {
            let folder = jobs.join(&id);
            let header = read(&folder.join(HEADER), TEXT_MOST)
                .map_err(|e| e.to_string())
                .and_then(|bytes| JobHeader::from_bytes(&bytes, &id));
            let log = read(&folder.join(LOG), TEXT_MOST).map(|b| Log::from_bytes(&b)).unwrap_or_default();
            list.push(ListedJob { id, header, log });
        }
        // Not by name: two jobs of one second would be sorted by their verbs.
        list.sort_by_cached_key(|job| {
            let begun = job.header.as_ref().map(|h| h.begun.clone()).unwrap_or_default();
            std::cmp::Reverse((begun, job.id.clone()))
        });
        Ok(list)
    }

    /// The jobs that are not over, newest first.
    ///
    /// # Errors
    /// As [`jobs`](Self::jobs).
    pub fn open_jobs(&self) -> Result<Vec<ListedJob>, StoreError> {
        let mut jobs = self.jobs()?;
        jobs.retain(ListedJob::is_open);
        Ok(jobs)
    }

    /// The id of the one job named so, or whose id begins so.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Ambiguous`].
    pub fn find_job(&self, text: &str) -> Result<String, StoreError> {
        let mut ids = names(&self.jobs_folder())?;
        ids.retain(|n| !n.starts_with('.'));
        resolve("job", text, &ids)
    }

    /// Opens the journal of a job that is not over, to continue it. A torn last line is cut off.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::JobOver`], [`StoreError::File`].
    pub fn go_on(&self, id: &str) -> Result<Journal, StoreError> {
        self.writable()?;
        let folder = self.jobs_folder().join(id);
        let header = JobHeader::from_bytes(&read(&folder.join(HEADER), TEXT_MOST)?, id)
            .map_err(|fault| StoreError::Damaged { what: "job", id: id.into(), fault })?;
        let path = folder.join(LOG);
        let log = Log::from_bytes(&read(&path, TEXT_MOST)?);
        if log.over.is_some() {
            return Err(StoreError::JobOver(id.into()));
        }
        let at_work = self.begin_work(id)?.ok_or_else(|| StoreError::JobAtWork(id.into()))?;
        let file = File::options().append(true).open(&path).map_err(FileError::on("write", &path))?;
        if !log.damaged {
            let cut = file.set_len(log.whole).and_then(|()| file.sync_all());
            cut.map_err(FileError::on("write", &path))?;
        }
        Ok(Journal { folder, file, header, log, _at_work: at_work })
    }

    /// The contents that a finished job has written, checked; `None` where they are gone.
    pub(crate) fn result_of(&self, header: &JobHeader) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.jobs_folder().join(&header.id).join(RESULT);
        if !path.exists() {
            return Ok(None);
        }
        let bytes = read(&path, header.size)?;
        let right = bytes.len() as u64 == header.size && sha256_hex(&bytes) == header.wanted_sha256;
        Ok(right.then_some(bytes))
    }

    /// Gives a job up: the chip stays as it is, and is no longer taken for half-written. Works on a damaged job too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn drop_job(&self, id: &str) -> Result<(), StoreError> {
        match self.go_on(id) {
            Ok(journal) => journal.over(Over::Dropped),
            Err(StoreError::Damaged { .. } | StoreError::File(_)) => {
                self.writable()?;
                let folder = self.jobs_folder().join(id);
                fs::remove_dir_all(&folder).map_err(FileError::on("remove", &folder))?;
                Ok(sync_folder(&self.jobs_folder())?)
            }
            Err(e) => Err(e),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Bounds;
    use crate::workflow::journal::Verb;
    use crate::workflow::store::ChipKey;

    fn job<'a>(wanted: &'a [u8], bounds: &'a Bounds, blocks: &'a Spans) -> NewJob<'a> {
        NewJob {
            verb: Verb::Rewrite,
            chip: ChipKey { jedec_id: Some("ef4017".into()), unique_id: Some("00".repeat(8)) },
            part: "W25Q64FV".into(),
            programmer: "emu".into(),
            backup: "b".into(),
            backup_sha256: String::new(),
            wanted,
            bounds,
            blocks,
        }
    }

    #[test]
    fn a_job_is_found_again_as_it_was_left() {
        let dir = tempfile::tempdir().unwrap();
        let blocks = Spans::from(Span::new(0, 0x2000));
        let bounds = Bounds::from(blocks.clone());
        let wanted = vec![3; 0x4000];
        let store = Store::open_locked(dir.path()).unwrap();
        let mut journal = store.open_job(&job(&wanted, &bounds, &blocks)).unwrap();
        journal.run(Direction::Finish).unwrap();
        journal.step(None, Some(Span::new(0, 0x1000))).unwrap();
        journal.step(Some(Span::new(0, 0x1000)), Some(Span::new(0x1000, 0x2000))).unwrap();
        let id = journal.header.id.clone();
        drop(journal);
        // The process died while it wrote a line.
        let path = store.jobs_folder().join(&id).join(LOG);
        File::options().append(true).open(&path).unwrap().write_all(b"0123 {\"is\":\"do").unwrap();
        let mut again = store.go_on(&store.find_job(&id[..8]).unwrap()).unwrap();
        assert_eq!(again.doubtful(), Span::new(0x1000, 0x2000).into());
        assert_eq!(again.wanted().unwrap(), wanted);
        again.step(Some(Span::new(0x1000, 0x2000)), None).unwrap();
        again.over(Over::Written).unwrap();
        let list = store.jobs().unwrap();
        assert_eq!((list.len(), list[0].log.over, list[0].log.damaged), (1, Some(Over::Written), false));
        assert!(!store.jobs_folder().join(&id).join(WANTED).exists());
        assert!(matches!(store.go_on(&id), Err(StoreError::JobOver(_))));
    }

    /// Scripts do several jobs within a second.
    #[test]
    fn the_newest_job_stands_first_whatever_its_verb_is() {
        let dir = tempfile::tempdir().unwrap();
        let blocks = Spans::from(Span::new(0, 0x1000));
        let bounds = Bounds::from(blocks.clone());
        let store = Store::open_locked(dir.path()).unwrap();
        let mut begun = Vec::new();
        for verb in [Verb::Write, Verb::Erase, Verb::Restore, Verb::Erase] {
            let journal = store.open_job(&NewJob { verb, ..job(&[3; 0x1000], &bounds, &blocks) }).unwrap();
            while utc::rfc3339_millis(SystemTime::now()) <= journal.header.begun {}
            begun.push(journal.header.id.clone());
        }
        begun.reverse();
        let listed: Vec<String> = store.jobs().unwrap().into_iter().map(|job| job.id).collect();
        assert_eq!(listed, begun);
    }

    #[test]
    fn an_edited_job_is_refused_and_can_be_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let blocks = Spans::from(Span::new(0, 0x2000));
        let bounds = Bounds::from(blocks.clone());
        let store = Store::open_locked(dir.path()).unwrap();
        let mut wanted = vec![3; 0x4000];
        let id = store.open_job(&job(&wanted, &bounds, &blocks)).unwrap().header.id;
        let folder = store.jobs_folder().join(&id);
        wanted[5] = 4;
        fs::write(folder.join(WANTED), &wanted).unwrap();
        assert!(matches!(store.go_on(&id).unwrap().wanted(), Err(StoreError::Damaged { .. })));
        let text = fs::read_to_string(folder.join(HEADER)).unwrap().replace("8192", "4096");
        fs::write(folder.join(HEADER), text).unwrap();
        assert!(matches!(store.go_on(&id), Err(StoreError::Damaged { .. })));
        assert!(store.jobs().unwrap()[0].is_open());
        store.drop_job(&id).unwrap();
        assert!(store.jobs().unwrap().is_empty());
    }
}
