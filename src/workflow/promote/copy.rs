//! Brings what a commit needs from one repository into a transaction of another, checking every object.
//!
//! ```text
//!                    asked for hard links   same mode, blocks can be shared   otherwise
//! files              linked                 cloned                            written
//! trees, metadata    linked                 written                           written
//! ```
//!
//! Between two modes the metadata still can be linked, and files are converted.

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
    /// How many of them are hard links of objects of the other repository.
    pub linked: u64,
    /// How many of them share their blocks with the other repository.
    pub cloned: u64,
}

/// Whether objects of the other repository may be linked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// They are the repository's own.
    #[default]
    Never,
    /// Hard links, which share owner, label and later damage with the other repository.
    AskedFor,
}

impl std::iter::Sum for Copied {
    fn sum<I: Iterator<Item = Copied>>(all: I) -> Copied {
        all.fold(Copied::default(), |sum, one| Copied {
            objects: sum.objects + one.objects,
            bytes: sum.bytes + one.bytes,
            linked: sum.linked + one.linked,
            cloned: sum.cloned + one.cloned,
        })
    }
}

/// Copies every object that `commit` needs and the transaction lacks; the commit itself is not copied.
///
/// Every object is read and checked against its name.
pub fn copy_objects(
    source: &Repo,
    tx: &Transaction<'_>,
    commit: &Checksum,
    links: Links,
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
    let copied = in_parallel(&wanted, observer, &|name| copy_one(source, tx, name, links))?;
    observer.event(Event::End { stage: Stage::Copy });
    Ok(copied)
}

/// Does `work` for every object on several threads; returns the sum of what it returns, or the first error.
fn in_parallel(
    objects: &[ObjectName],
    observer: &dyn Observer,
    work: &(dyn Fn(&ObjectName) -> Result<Copied, RepoError> + Sync),
) -> Result<Copied, RepoError> {
    let threads = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(MAX_THREADS);
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let outcome = Mutex::new(Ok(Copied::default()));
    let record = |done: Result<Copied, RepoError>| {
        failed.fetch_or(done.is_err(), Ordering::Relaxed);
        let mut total = outcome
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        match (&mut *total, done) {
            (Ok(sum), Ok(more)) => *sum = [*sum, more].into_iter().sum(),
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

fn copy_one(
    source: &Repo,
    tx: &Transaction<'_>,
    name: &ObjectName,
    links: Links,
) -> Result<Copied, RepoError> {
    let one = |bytes| Copied {
        objects: 1,
        bytes,
        ..Copied::default()
    };
    if links == Links::AskedFor && tx.can_link(source, name) {
        tx.link_object(source, name)?;
        let linked = one(source.object_size(name)?);
        return Ok(Copied {
            linked: 1,
            ..linked
        });
    }
    if name.kind.is_metadata() {
        let bytes = source.read_metadata(name)?;
        tx.write_metadata(name.kind, &bytes)?;
        return Ok(one(bytes.len() as u64));
    }
    if tx.clone_file(source, &name.checksum)? {
        let cloned = one(source.object_size(name)?);
        return Ok(Copied {
            cloned: 1,
            ..cloned
        });
    }
    if source.mode() == Mode::Archive {
        let (mut file, stored) = source.open_loose(name)?;
        tx.adopt_filez_from(&name.checksum, stored, &mut file)?;
        return Ok(one(stored));
    }
    let mut file = source.file(&name.checksum)?;
    tx.write_file_expecting(&name.checksum, &file.header, file.size, &mut file.reader)?;
    Ok(one(file.size))
}
