//! Applying a static delta from a file: what it makes is stored, and no ref moves.

use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;

use serde::Serialize;

use super::StaticDeltaError;
use super::file::DeltaFile;
use crate::Observer;
use crate::delta::{DeltaError, ObjectSink, RepoSources, apply_part};
use crate::format::delta::{PartHeader, Superblock};
use crate::format::{Checksum, FileHeader, ObjectKind, ObjectName};
use crate::repo::{Repo, Transaction, walk};
use crate::workflow::error::Error;
use crate::workflow::finding::Finding;

/// So many parts are applied at a time, for each is in memory.
const AT_ONCE: usize = 2;
/// A part that says it takes more than this, packed and unpacked, is applied while no other is.
const MOST_BESIDE: u64 = 96 << 20;

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
    let file = DeltaFile::open(path)?;
    let superblock = file.superblock();
    let tx = Transaction::begin(repo)?;
    let commit = superblock.to();
    let name = ObjectName::new(commit, ObjectKind::Commit);
    let was_whole = repo.has(&name)? && walk::missing(repo, &[commit])?.is_empty();
    check_base(repo, superblock)?;
    check_fallbacks(&tx, superblock)?;
    let objects = superblock.parts.iter().map(|part| part.objects.len()).sum();
    make_objects(&tx, &file)?;
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
fn make_objects(tx: &Transaction<'_>, file: &DeltaFile) -> Result<(), Error> {
    let next = AtomicUsize::new(0);
    let superblock = file.superblock();
    let memory = RwLock::new(());
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
            let _turn = turn(&memory, header);
            let made = file
                .part(number, header)
                .map_err(Error::from)
                .and_then(|part| Ok(apply_part(header, part, &sources, &mut sink)?));
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

/// Waits until there is memory for a part, and keeps it.
fn turn<'a>(
    memory: &'a RwLock<()>,
    header: &PartHeader,
) -> (Option<Beside<'a>>, Option<Alone<'a>>) {
    match header.size.saturating_add(header.unpacked) > MOST_BESIDE {
        true => (
            None,
            Some(memory.write().unwrap_or_else(PoisonError::into_inner)),
        ),
        false => (
            Some(memory.read().unwrap_or_else(PoisonError::into_inner)),
            None,
        ),
    }
}

type Beside<'a> = RwLockReadGuard<'a, ()>;
type Alone<'a> = RwLockWriteGuard<'a, ()>;

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
