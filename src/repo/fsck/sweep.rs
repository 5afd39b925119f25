//! Reading and checking every object, on all cores, in bounded memory.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::super::check::Checker;
use super::super::error::RepoError;
use super::super::repository::Repo;
use super::super::spread::spread;
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
    let bytes = AtomicU64::new(0);
    let bad = Mutex::new(BTreeMap::new());
    let batches: Vec<_> = objects.chunks(BATCH).collect();
    let swept = spread(threads, &batches, Checker::default, |checker, batch| {
        for name in *batch {
            match checker.check(repo.store(), name) {
                Ok(size) => drop(bytes.fetch_add(size, Ordering::Relaxed)),
                Err(error) if stops(&error) => return Err(error),
                Err(error) => {
                    let mut bad = bad.lock().unwrap_or_else(PoisonError::into_inner);
                    bad.insert(*name, reason(&error));
                }
            }
        }
        let by = batch.len() as u64;
        observer.event(Event::Advance { stage, by });
        Ok(())
    });
    observer.event(Event::End { stage });
    swept.map(|()| Swept {
        bytes: bytes.into_inner(),
        bad: bad.into_inner().unwrap_or_else(PoisonError::into_inner),
    })
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
