//! Trees that are staged in passing.
//!
//! The trees of a release come all at once and before its files, and one file after the other is
//! created for them while no core has anything else to do. So they wait here, and whoever stages a
//! file writes one of them, too. They are kept until the end, for everything that a commit reaches is
//! looked for once more before it is published.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use super::super::error::RepoError;
use super::{Transaction, held};
use crate::format::{Checksum, ObjectKind, ObjectName};

/// The most bytes that are kept; what comes after that is written at once.
const MAX_KEPT: usize = 32 * 1024 * 1024;

/// Trees and their metadata: all that were taken, and which of them wait.
#[derive(Default)]
pub(super) struct Backlog {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    kept: HashMap<ObjectName, Vec<u8>>,
    size: usize,
    waiting: Vec<ObjectName>,
}

impl Backlog {
    /// Returns the bytes of an object that was taken.
    pub(super) fn bytes(&self, name: &ObjectName) -> Option<Vec<u8>> {
        self.inner().kept.get(name).cloned()
    }

    /// Takes an object, unless there is no room for it.
    fn take(&self, name: ObjectName, bytes: &[u8]) -> bool {
        let inner = &mut *self.inner();
        if inner.size.saturating_add(bytes.len()) > MAX_KEPT {
            return false;
        }
        inner.size += bytes.len();
        inner.kept.insert(name, bytes.to_vec());
        inner.waiting.push(name);
        true
    }

    /// Returns an object that waits; from here on it does not.
    fn next(&self) -> Option<(ObjectName, Vec<u8>)> {
        let inner = &mut *self.inner();
        let name = inner.waiting.pop()?;
        inner.kept.get(&name).map(|bytes| (name, bytes.clone()))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        held(&self.inner)
    }
}

impl Transaction<'_> {
    /// Stores a tree or its metadata some time before publishing; a commit at once.
    pub fn write_metadata_later(
        &self,
        kind: ObjectKind,
        bytes: &[u8],
    ) -> Result<Checksum, RepoError> {
        let name = ObjectName::new(Checksum::of(bytes), kind);
        if !matches!(kind, ObjectKind::DirTree | ObjectKind::DirMeta) {
            return self.write_metadata(kind, bytes);
        }
        if !self.has(&name)? {
            self.note_staged(&name);
            if !self.backlog.take(name, bytes) {
                self.put(&name, bytes)?;
            }
        }
        Ok(name.checksum)
    }

    /// Writes one object that waits.
    pub(super) fn write_one_waiting(&self) -> Result<(), RepoError> {
        match self.backlog.next() {
            Some((name, bytes)) => self.put(&name, &bytes),
            None => Ok(()),
        }
    }

    /// Writes everything that waits.
    pub(in crate::repo) fn write_waiting(&self) -> Result<(), RepoError> {
        while let Some((name, bytes)) = self.backlog.next() {
            self.put(&name, &bytes)?;
        }
        Ok(())
    }

    /// Begins to press to the medium what is staged, while the caller looks at it once more.
    pub fn press(&self) -> Result<(), RepoError> {
        self.write_waiting()?;
        self.writeback.press();
        Ok(())
    }
}
