//! What a worker does with one file: read it, hash it, stage it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::Receiver;
use rustix::fs::{self, FileType, OFlags};

use super::super::Error;
use super::exceptions::ModeChange;
use super::modifier::{Origin, Rules};
use super::source::SourceError;
use crate::event::{Event, Observer, Stage};
use crate::format::{Checksum, FileHeader, FormatError, Xattrs};
use crate::repo::{RawXattr, Transaction, read_xattrs, read_xattrs_at};

/// A directory of the tree that is being read.
#[derive(Debug)]
pub(super) struct OpenDir {
    pub fd: OwnedFd,
    /// For messages.
    pub path: PathBuf,
}

/// A file to be stored, and the slot of its checksum.
pub(super) struct Job {
    pub slot: usize,
    pub task: Task,
}

/// What a worker does.
pub(super) enum Task {
    /// A regular file, still to be opened.
    File(Arc<OpenDir>, String, Option<ModeChange>),
    /// A link, still to be read.
    Link(Arc<OpenDir>, String, Option<ModeChange>),
    /// A file that the repository has.
    Stored(Checksum, Option<ModeChange>),
    /// A file that was read already.
    InHand(FileHeader, Vec<u8>),
}

/// What became of all files.
pub(super) struct Stored {
    /// Their checksums, by slot.
    pub files: Vec<Checksum>,
    /// The bytes of their content.
    pub bytes: u64,
}

/// What walker and workers have in common.
pub(super) struct Shared<'p> {
    pub transaction: &'p Transaction<'p>,
    pub rules: &'p Rules,
    observer: &'p dyn Observer,
    files: Mutex<Vec<Option<Checksum>>>,
    bytes: AtomicU64,
    failed: AtomicBool,
    failure: Mutex<Option<Error>>,
}

impl<'p> Shared<'p> {
    /// Begins with nothing stored.
    pub fn new(
        transaction: &'p Transaction<'p>,
        rules: &'p Rules,
        observer: &'p dyn Observer,
    ) -> Shared<'p> {
        Shared {
            transaction,
            rules,
            observer,
            files: Mutex::default(),
            bytes: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            failure: Mutex::default(),
        }
    }

    /// Returns what was stored, once every slot is filled.
    pub fn into_stored(self) -> Stored {
        let files = self.files.into_inner();
        let files = files.unwrap_or_else(PoisonError::into_inner);
        Stored {
            files: files.into_iter().flatten().collect(),
            bytes: self.bytes.into_inner(),
        }
    }

    /// Tells whether somebody failed, so that there is no use in going on.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Works until there is nothing left to do, or somebody fails.
    pub fn work(&self, queue: Receiver<Job>) {
        for job in queue {
            if self.has_failed() {
                return;
            }
            let stored = match job.task {
                Task::File(dir, name, change) => self.store_file(&dir, &name, change),
                Task::Link(dir, name, change) => self.store_link(&dir, &name, change),
                Task::Stored(file, change) => self.store_again(&file, change),
                Task::InHand(header, content) => self.store(&header, &content),
            };
            match stored {
                Ok((checksum, size)) => self.done(job.slot, checksum, size),
                Err(error) => return self.fail(error),
            }
        }
    }

    fn store_file(
        &self,
        dir: &OpenDir,
        name: &str,
        change: Option<ModeChange>,
    ) -> Result<(Checksum, u64), Error> {
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
        let header = self.rules.file(Origin::Directory, changed(header, change));
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let checksum = self.transaction.write_file(&header, size, &mut file)?;
        Ok((checksum, size))
    }

    fn store_link(
        &self,
        dir: &OpenDir,
        name: &str,
        change: Option<ModeChange>,
    ) -> Result<(Checksum, u64), Error> {
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
        let header = self.rules.file(Origin::Directory, changed(header, change));
        self.store(&header, &[])
    }

    /// Names a file again that the repository has; one whose header changes is stored anew.
    fn store_again(
        &self,
        file: &Checksum,
        change: Option<ModeChange>,
    ) -> Result<(Checksum, u64), Error> {
        let mut stored = self.transaction.repo().file(file)?;
        let before = stored.header.clone();
        let header = changed(stored.header, change);
        let header = self.rules.file(Origin::Directory, header);
        if header == before {
            return Ok((*file, stored.size));
        }
        let content = &mut stored.reader;
        let checksum = self.transaction.write_file(&header, stored.size, content)?;
        Ok((checksum, stored.size))
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

    /// Notes the checksum of a slot.
    pub fn done(&self, slot: usize, checksum: Checksum, size: u64) {
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

    /// Returns the first failure, once.
    pub fn take_failure(&self) -> Option<Error> {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.take()
    }
}

/// Changes the mode of a file as a list of exceptions says.
fn changed(mut header: FileHeader, change: Option<ModeChange>) -> FileHeader {
    header.mode = change.map_or(header.mode, |change| change.apply(header.mode));
    header
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
