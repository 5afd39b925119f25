//! Applying a static delta from a file: what it makes is stored, and no ref moves.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use rustix::fs::{Mode, OFlags};
use serde::Serialize;

use super::StaticDeltaError;
use crate::Observer;
use crate::delta::{DeltaError, MAX_PAYLOAD, ObjectSink, RepoSources, apply_part};
use crate::format::delta::{MAX_SUPERBLOCK, PartHeader, SignedSuperblock, Superblock};
use crate::format::{Checksum, FileHeader, ObjectKind, ObjectName};
use crate::repo::{Repo, Transaction, walk};
use crate::workflow::error::Error;
use crate::workflow::finding::Finding;

/// What the file of a part may be longer than its payload: the frame of its compression.
const FRAME: u64 = 1 << 20;
/// So many parts are applied at a time, for each is in memory.
const AT_ONCE: usize = 2;

/// What was applied.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Applied {
    /// The commit it begins at.
    pub from: Option<Checksum>,
    /// The commit that is here now.
    pub commit: Checksum,
    /// How many objects the delta made.
    pub objects: usize,
    /// Whether the commit was not here, or not whole, before.
    pub changed: bool,
}

/// Applies the delta at `path`: a superblock, or the directory it is in.
pub fn apply(repo: &Repo, path: &Path, observer: &dyn Observer) -> Result<Applied, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let (superblock, directory) = open(path)?;
    let tx = Transaction::begin(repo)?;
    let commit = superblock.to();
    let name = ObjectName::new(commit, ObjectKind::Commit);
    let was_whole = repo.has(&name)? && walk::missing(repo, &[commit])?.is_empty();
    check_base(repo, &superblock)?;
    check_fallbacks(&tx, &superblock)?;
    let objects = superblock.parts.iter().map(|part| part.objects.len()).sum();
    make_objects(&tx, &superblock, &directory)?;
    tx.write_metadata(ObjectKind::Commit, superblock.commit.bytes())?;
    if let Some(beside) = superblock.commitmeta()?
        && repo.commitmeta(&commit)?.is_empty()
    {
        tx.stage_commitmeta(&commit, &beside);
    }
    let gaps = walk::missing(&tx, &[commit])?;
    if let Some(gap) = gaps.first() {
        return Err(Error::refused(Finding::Incomplete {
            commit,
            missing: gaps.len() as u64,
            example: gap.object,
        }));
    }
    tx.publish(observer)?;
    Ok(Applied {
        from: superblock.from,
        commit,
        objects,
        changed: !was_whole,
    })
}

/// Reads a superblock in either form; returns the directory its parts are in, too.
pub(super) fn open(path: &Path) -> Result<(Superblock, PathBuf), Error> {
    let file = match path.is_dir() {
        true => path.join("superblock"),
        false => path.to_owned(),
    };
    let bytes = read(&file, MAX_SUPERBLOCK)?;
    let bytes = match SignedSuperblock::is_signed(&bytes) {
        true => SignedSuperblock::decode(&bytes)?.superblock,
        false => bytes,
    };
    let directory = file.parent().unwrap_or(Path::new("")).to_owned();
    Ok((Superblock::decode(&bytes)?, directory))
}

/// Reads a file of at most `limit` bytes.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, StaticDeltaError> {
    let mut bytes = Vec::new();
    let read = open_file(path)
        .and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
        .and_then(|read| match read as u64 > limit {
            true => Err(io::ErrorKind::FileTooLarge.into()),
            false => Ok(()),
        });
    read.map_err(|source| StaticDeltaError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    })?;
    Ok(bytes)
}

/// Opens a regular file, and does not hang on what is none.
fn open_file(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is not a regular file")),
    }
}

/// The commit that patches build on must be here, whole.
fn check_base(repo: &Repo, superblock: &Superblock) -> Result<(), Error> {
    let Some(from) = superblock.from else {
        return Ok(());
    };
    let there = repo.has(&ObjectName::new(from, ObjectKind::Commit))?;
    match there && walk::missing(repo, &[from])?.is_empty() {
        true => Ok(()),
        false => Err(StaticDeltaError::Base(from).into()),
    }
}

/// What a delta leaves out must be here already.
fn check_fallbacks(tx: &Transaction<'_>, superblock: &Superblock) -> Result<(), Error> {
    let mut missing = Vec::new();
    for fallback in &superblock.fallbacks {
        if !tx.has(&ObjectName::new(fallback.checksum, ObjectKind::File))? {
            missing.push(fallback.checksum);
        }
    }
    match missing.first() {
        None => Ok(()),
        Some(example) => Err(StaticDeltaError::Fallbacks {
            count: missing.len(),
            example: *example,
        }
        .into()),
    }
}

/// Applies every part, a few at a time.
fn make_objects(
    tx: &Transaction<'_>,
    superblock: &Superblock,
    directory: &Path,
) -> Result<(), Error> {
    let next = AtomicUsize::new(0);
    let inline = superblock.inline_parts();
    let work = || -> Result<(), Error> {
        let scratch = tx.repo().path().join("tmp");
        let sources = RepoSources::new(tx.repo(), &scratch);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(header) = superblock.parts.get(number) else {
                return Ok(());
            };
            let mut sink = Sink {
                tx,
                commit: superblock.to(),
            };
            let made = match inline.get(number).copied().flatten() {
                Some(bytes) => apply_part(header, bytes, &sources, &mut sink),
                None => {
                    let bytes = read(&directory.join(number.to_string()), limit(header))?;
                    apply_part(header, &bytes, &sources, &mut sink)
                }
            };
            if made.is_err() {
                // The others need not go on.
                next.store(superblock.parts.len(), Ordering::Relaxed);
            }
            made?;
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers = (0..cores.min(AT_ONCE)).map(|_| scope.spawn(work));
        let workers: Vec<_> = workers.collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().expect("a part is applied without panicking"))
    })
}

/// Returns how long the file of a part may be.
fn limit(header: &PartHeader) -> u64 {
    header.size.min(MAX_PAYLOAD + FRAME)
}

/// Stores what a part makes.
struct Sink<'a, 'r> {
    tx: &'a Transaction<'r>,
    commit: Checksum,
}

impl ObjectSink for Sink<'_, '_> {
    fn metadata(&mut self, object: &ObjectName, bytes: &[u8]) -> Result<(), DeltaError> {
        if object.kind == ObjectKind::Commit && object.checksum != self.commit {
            // A commit that nobody asked for stays as it is, or is known without its tree.
            if self.tx.has(object)? {
                return Ok(());
            }
            self.tx.mark_partial(&object.checksum);
        }
        self.tx.write_metadata(object.kind, bytes)?;
        Ok(())
    }

    fn file(
        &mut self,
        file: &Checksum,
        header: &FileHeader,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), DeltaError> {
        self.tx.adopt_made(file, header, size, content)?;
        Ok(())
    }
}
