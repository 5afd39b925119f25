//! Workers that turn files into staged objects, several at a time.
//!
//! The caller walks, and hands each file over for a numbered slot; a worker reads, hashes and
//! stores it. Memory is bounded by the length of the queue, the size of content that is handed over
//! in memory, and the size of files that a transaction takes as one buffer.

use std::collections::HashMap;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use rustix::fs::{self, FileType, OFlags};

use crate::event::{Event, Observer, Stage};
use crate::format::{Checksum, Codec, DirMeta, FileHeader, FormatError, ObjectKind, Xattrs};
use crate::repo::{RawXattr, Transaction, read_xattrs, read_xattrs_at};

use super::super::Error;
use super::modifier::{Origin, Rules};
use super::source::SourceError;

/// The most files that wait for a worker; each may keep a directory open.
const QUEUE: usize = 64;
/// The largest content that is handed over in memory; the queue holds [`QUEUE`] times that.
pub(super) const MAX_IN_HAND: u64 = 1024 * 1024;

/// A directory of the tree that is being read.
#[derive(Debug)]
pub(super) struct OpenDir {
    pub fd: OwnedFd,
    /// For messages.
    pub path: PathBuf,
}

/// What became of all files.
pub(super) struct Stored {
    /// Their checksums, by slot.
    pub files: Vec<Checksum>,
    /// The bytes of their content.
    pub bytes: u64,
}

/// The side of the pool that hands files over.
pub(super) struct Pool<'p> {
    jobs: Sender<Job>,
    slots: usize,
    dirmetas: HashMap<DirMeta, Checksum>,
    shared: &'p Shared<'p>,
}

struct Job {
    slot: usize,
    task: Task,
}

enum Task {
    /// A regular file, still to be opened.
    File(Arc<OpenDir>, String),
    /// A link, still to be read.
    Link(Arc<OpenDir>, String),
    /// A file that was read already.
    InHand(FileHeader, Vec<u8>),
}

/// What walker and workers have in common.
struct Shared<'p> {
    transaction: &'p Transaction<'p>,
    rules: &'p Rules,
    observer: &'p dyn Observer,
    files: Mutex<Vec<Option<Checksum>>>,
    bytes: AtomicU64,
    failed: AtomicBool,
    failure: Mutex<Option<Error>>,
}

impl Pool<'_> {
    /// Starts the workers, lets `fill` hand files over, and waits until all are stored.
    pub fn run(
        transaction: &Transaction<'_>,
        rules: &Rules,
        observer: &dyn Observer,
        threads: usize,
        fill: impl FnOnce(&mut Pool<'_>) -> Result<(), Error>,
    ) -> Result<Stored, Error> {
        let shared = Shared {
            transaction,
            rules,
            observer,
            files: Mutex::default(),
            bytes: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            failure: Mutex::default(),
        };
        let (slots, filled) = thread::scope(|scope| {
            let (jobs, queue) = bounded(QUEUE);
            for _ in 0..threads.max(1) {
                let queue = queue.clone();
                scope.spawn(|| shared.work(queue));
            }
            drop(queue);
            let mut pool = Pool {
                jobs,
                slots: 0,
                dirmetas: HashMap::new(),
                shared: &shared,
            };
            let filled = fill(&mut pool);
            (pool.slots, filled)
        });
        if let Some(failure) = shared.take_failure() {
            return Err(failure);
        }
        filled?;
        let files = shared.files.into_inner();
        let files = files.unwrap_or_else(PoisonError::into_inner);
        let files: Vec<Checksum> = files.into_iter().flatten().collect();
        debug_assert_eq!(
            files.len(),
            slots,
            "every slot is filled, or somebody failed"
        );
        let bytes = shared.bytes.into_inner();
        Ok(Stored { files, bytes })
    }

    /// Returns how headers change.
    pub fn rules(&self) -> &Rules {
        self.shared.rules
    }

    /// Hands over a regular file of a directory; returns its slot.
    pub fn file(&mut self, dir: &Arc<OpenDir>, name: &str) -> Result<usize, Error> {
        self.send(Task::File(Arc::clone(dir), name.to_owned()))
    }

    /// Hands over a link of a directory; returns its slot.
    pub fn link(&mut self, dir: &Arc<OpenDir>, name: &str) -> Result<usize, Error> {
        self.send(Task::Link(Arc::clone(dir), name.to_owned()))
    }

    /// Hands over a file whose content, of at most [`MAX_IN_HAND`] bytes, was read; returns its slot.
    pub fn in_hand(&mut self, header: FileHeader, content: Vec<u8>) -> Result<usize, Error> {
        self.send(Task::InHand(header, content))
    }

    /// Stores a file in the caller's own thread; returns its slot.
    pub fn inline(
        &mut self,
        header: &FileHeader,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<usize, Error> {
        let slot = self.next_slot();
        let checksum = self.shared.transaction.write_file(header, size, content)?;
        self.shared.done(slot, checksum, size);
        Ok(slot)
    }

    /// Stores whose a directory is; most directories have it in common.
    pub fn dirmeta(&mut self, origin: Origin, meta: DirMeta) -> Result<Checksum, Error> {
        let meta = self.shared.rules.dir(origin, meta);
        if let Some(checksum) = self.dirmetas.get(&meta) {
            return Ok(*checksum);
        }
        let bytes = meta.encode();
        let transaction = self.shared.transaction;
        let checksum = transaction.write_metadata(ObjectKind::DirMeta, &bytes)?;
        self.dirmetas.insert(meta, checksum);
        Ok(checksum)
    }

    fn next_slot(&mut self) -> usize {
        self.slots += 1;
        self.slots - 1
    }

    fn send(&mut self, task: Task) -> Result<usize, Error> {
        let slot = self.next_slot();
        let job = Job { slot, task };
        // Workers are gone only after one of them failed.
        match self.shared.failed.load(Ordering::Relaxed) || self.jobs.send(job).is_err() {
            false => Ok(slot),
            true => Err(self.shared.take_failure().unwrap_or_else(interrupted)),
        }
    }
}

impl Shared<'_> {
    /// Works until there is nothing left to do, or somebody fails.
    fn work(&self, queue: Receiver<Job>) {
        for job in queue {
            if self.failed.load(Ordering::Relaxed) {
                return;
            }
            let stored = match job.task {
                Task::File(dir, name) => self.store_file(&dir, &name),
                Task::Link(dir, name) => self.store_link(&dir, &name),
                Task::InHand(header, content) => self.store(&header, &content),
            };
            match stored {
                Ok((checksum, size)) => self.done(job.slot, checksum, size),
                Err(error) => return self.fail(error),
            }
        }
    }

    fn store_file(&self, dir: &OpenDir, name: &str) -> Result<(Checksum, u64), Error> {
        let path = || dir.path.join(name);
        let read = |source: io::Error| SourceError::Read {
            path: path(),
            source,
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = fs::openat(&dir.fd, name, flags, fs::Mode::empty());
        let mut file = std::fs::File::from(file.map_err(|errno| read(errno.into()))?);
        let stat = fs::fstat(&file).map_err(|errno| read(errno.into()))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(SourceError::Kind { path: path() }.into());
        }
        let xattrs = self.xattrs(path, || read_xattrs(&file))?;
        let header = FileHeader::regular(stat.st_uid, stat.st_gid, stat.st_mode, xattrs);
        let header = self.rules.file(Origin::Directory, header);
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let checksum = self.transaction.write_file(&header, size, &mut file)?;
        Ok((checksum, size))
    }

    fn store_link(&self, dir: &OpenDir, name: &str) -> Result<(Checksum, u64), Error> {
        let path = || dir.path.join(name);
        let read = |source: io::Error| SourceError::Read {
            path: path(),
            source,
        };
        let stat = fs::statat(&dir.fd, name, fs::AtFlags::SYMLINK_NOFOLLOW);
        let stat = stat.map_err(|errno| read(errno.into()))?;
        let target = fs::readlinkat(&dir.fd, name, Vec::new());
        let target = target.map_err(|errno| read(errno.into()))?;
        let target = target.into_string();
        let target = target.map_err(|_| SourceError::NotUtf8 { path: path() })?;
        let xattrs = self.xattrs(path, || read_xattrs_at(dir.fd.as_fd(), name.as_bytes()))?;
        let header = FileHeader::symlink(stat.st_uid, stat.st_gid, target, xattrs);
        self.store(&self.rules.file(Origin::Directory, header), &[])
    }

    fn store(&self, header: &FileHeader, content: &[u8]) -> Result<(Checksum, u64), Error> {
        let (size, mut content) = (content.len() as u64, content);
        let checksum = self.transaction.write_file(header, size, &mut content)?;
        Ok((checksum, size))
    }

    fn xattrs(
        &self,
        path: impl Fn() -> PathBuf,
        read: impl FnOnce() -> io::Result<Vec<RawXattr>>,
    ) -> Result<Xattrs, SourceError> {
        match self.rules.wants_xattrs(Origin::Directory) {
            true => wanted_xattrs(path, read),
            false => Ok(Xattrs::default()),
        }
    }

    fn done(&self, slot: usize, checksum: Checksum, size: u64) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if files.len() <= slot {
            files.resize(slot + 1, None);
        }
        files[slot] = Some(checksum);
        drop(files);
        self.bytes.fetch_add(size, Ordering::Relaxed);
        self.observer.event(Event::Advance {
            stage: Stage::Commit,
            by: size,
        });
    }

    fn fail(&self, error: Error) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
        self.failed.store(true, Ordering::Relaxed);
    }

    fn take_failure(&self) -> Option<Error> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take()
    }
}

/// Reads extended attributes as a commit takes them: libostree leaves empty values out.
pub(super) fn wanted_xattrs(
    path: impl Fn() -> PathBuf,
    read: impl FnOnce() -> io::Result<Vec<RawXattr>>,
) -> Result<Xattrs, SourceError> {
    let raw = read().map_err(|source| SourceError::Read {
        path: path(),
        source,
    })?;
    let filled = raw.into_iter().filter(|(_, value)| !value.is_empty());
    Xattrs::new(filled).map_err(|source: FormatError| SourceError::Name {
        path: path(),
        source,
    })
}

fn interrupted() -> Error {
    let source = io::ErrorKind::Interrupted.into();
    SourceError::Read {
        path: PathBuf::new(),
        source,
    }
    .into()
}
