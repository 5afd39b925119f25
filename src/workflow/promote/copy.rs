//! Copies what a commit needs from one repository into a transaction of another, checking every object.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use serde::Serialize;

use crate::format::{Checksum, ObjectKind, ObjectName};
use crate::repo::{Mode, Repo, RepoError, Transaction, walk};
use crate::workflow::error::Error;
use crate::{Event, Observer, Stage, Unit};

/// How many threads copy at most: more do not help a disk.
const MAX_THREADS: usize = 8;
/// How many objects make one progress event.
const REPORT_EVERY: usize = 64;

/// How much was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Copied {
    /// How many objects.
    pub objects: u64,
    /// How many bytes they take in the repository they came from.
    pub bytes: u64,
}

/// Copies every object that `commit` needs and the transaction lacks; the commit itself is not copied.
///
/// Every object is read, checked against its name, and written anew.
pub fn copy_objects(
    source: &Repo,
    tx: &Transaction<'_>,
    commit: &Checksum,
    observer: &dyn Observer,
) -> Result<Copied, Error> {
    let mut wanted = Vec::new();
    for name in walk::reachable(source, &[*commit])? {
        if name.kind != ObjectKind::Commit && !tx.has(&name)? {
            wanted.push(name);
        }
    }
    observer.event(Event::Begin {
        stage: Stage::Copy,
        total: Some(wanted.len() as u64),
        unit: Unit::Objects,
    });
    let bytes = in_parallel(&wanted, observer, &|name| copy_one(source, tx, name))?;
    observer.event(Event::End { stage: Stage::Copy });
    Ok(Copied {
        objects: wanted.len() as u64,
        bytes,
    })
}

/// Does `work` for every object on several threads; returns the sum of what it returns, or the first error.
fn in_parallel(
    objects: &[ObjectName],
    observer: &dyn Observer,
    work: &(dyn Fn(&ObjectName) -> Result<u64, RepoError> + Sync),
) -> Result<u64, RepoError> {
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MAX_THREADS);
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let outcome = Mutex::new(Ok(0));
    let record = |done: Result<u64, RepoError>| {
        failed.fetch_or(done.is_err(), Ordering::Relaxed);
        let mut total = outcome
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match (&mut *total, done) {
            (Ok(sum), Ok(bytes)) => *sum += bytes,
            (Ok(_), Err(error)) => *total = Err(error),
            (Err(_), _) => {}
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let start = next.fetch_add(REPORT_EVERY, Ordering::Relaxed);
                    let Some(batch) = objects.get(start..).filter(|rest| !rest.is_empty()) else {
                        break;
                    };
                    let batch = &batch[..batch.len().min(REPORT_EVERY)];
                    record(batch.iter().map(work).sum());
                    observer.event(Event::Advance {
                        stage: Stage::Copy,
                        by: batch.len() as u64,
                    });
                }
            });
        }
    });
    outcome
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn copy_one(source: &Repo, tx: &Transaction<'_>, name: &ObjectName) -> Result<u64, RepoError> {
    if name.kind.is_metadata() {
        let bytes = source.read_metadata(name)?;
        tx.write_metadata(name.kind, &bytes)?;
        return Ok(bytes.len() as u64);
    }
    if source.mode() == Mode::Archive {
        let (mut file, stored) = source.open_loose(name)?;
        tx.adopt_filez_from(&name.checksum, stored, &mut file)?;
        return Ok(stored);
    }
    let mut file = source.file(&name.checksum)?;
    tx.write_file_expecting(&name.checksum, &file.header, file.size, &mut file.reader)?;
    Ok(file.size)
}
