//! Reading and checking every object, on all cores, in bounded memory.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{io, thread};

use super::super::check::Checker;
use super::super::error::RepoError;
use super::super::repository::Repo;
use crate::format::ObjectName;
use crate::{Event, Observer, Stage, Unit};

/// How many objects a worker takes at a time.
const BATCH: usize = 32;

/// The result of a sweep.
#[derive(Debug, Default)]
pub(super) struct Swept {
    pub(super) bytes: u64,
    /// The objects that are not what they should be, and why.
    pub(super) bad: BTreeMap<ObjectName, String>,
}

/// Checks all `objects`.
pub(super) fn sweep(
    repo: &Repo,
    objects: &[ObjectName],
    threads: usize,
    observer: &dyn Observer,
) -> Result<Swept, RepoError> {
    let stage = Stage::Fsck;
    observer.event(Event::Begin {
        stage,
        total: Some(objects.len() as u64),
        unit: Unit::Objects,
    });
    let (next, bytes, stop) = (
        AtomicUsize::new(0),
        AtomicU64::new(0),
        AtomicBool::new(false),
    );
    let bad = Mutex::new(BTreeMap::new());
    let failed: Mutex<Option<RepoError>> = Mutex::new(None);
    let work = || {
        let mut checker = Checker::default();
        while !stop.load(Ordering::Relaxed) {
            let start = next.fetch_add(BATCH, Ordering::Relaxed);
            let Some(rest) = objects.get(start..).filter(|rest| !rest.is_empty()) else {
                return;
            };
            let batch = rest.get(..BATCH).unwrap_or(rest);
            for name in batch {
                match checker.check(repo.store(), name) {
                    Ok(size) => drop(bytes.fetch_add(size, Ordering::Relaxed)),
                    Err(error) if stops(&error) => {
                        stop.store(true, Ordering::Relaxed);
                        failed
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .get_or_insert(error);
                        return;
                    }
                    Err(error) => {
                        let mut bad = bad.lock().unwrap_or_else(PoisonError::into_inner);
                        bad.insert(*name, reason(&error));
                    }
                }
            }
            let by = batch.len() as u64;
            observer.event(Event::Advance { stage, by });
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(work);
        }
    });
    observer.event(Event::End { stage });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(Swept {
            bytes: bytes.into_inner(),
            bad: bad.into_inner().unwrap_or_else(PoisonError::into_inner),
        }),
    }
}

/// A medium that cannot be read is a finding; not being allowed to look is not.
fn stops(error: &RepoError) -> bool {
    match error {
        RepoError::Io { source, .. } => source.kind() == io::ErrorKind::PermissionDenied,
        _ => false,
    }
}

/// The sentence without the object's name, which the finding has already.
fn reason(error: &RepoError) -> String {
    match error {
        RepoError::ObjectMismatch { actual, .. } => format!("its content is {actual}"),
        RepoError::ObjectMalformed { source, .. } => source.to_string(),
        RepoError::Io { source, .. } => source.to_string(),
        other => other.to_string(),
    }
}
