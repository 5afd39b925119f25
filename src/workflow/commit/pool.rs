//! Workers that turn files into staged objects, several at a time.
//!
//! The caller walks, and hands each file over for a numbered slot; a worker reads, hashes and
//! stores it. Memory is bounded by the length of the queue, the size of content that is handed over
//! in memory, and the size of files that a transaction takes as one buffer.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Sender, bounded};

use super::super::Error;
use super::exceptions::{Exceptions, ModeChange};
use super::modifier::{Origin, Rules};
use super::source::SourceError;
use super::worker::{Job, OpenDir, Shared, Stored, Task};
use crate::event::Observer;
use crate::format::{Checksum, Codec, DirMeta, FileHeader, ObjectKind};
use crate::repo::Transaction;

/// The most files that wait for a worker; each may keep a directory open.
const QUEUE: usize = 64;
/// The largest content that is handed over in memory; the queue holds [`QUEUE`] times that.
pub(super) const MAX_IN_HAND: u64 = 1024 * 1024;

/// The side of the pool that hands files over.
pub(super) struct Pool<'p> {
    jobs: Sender<Job>,
    slots: usize,
    dirmetas: HashMap<DirMeta, Checksum>,
    shared: &'p Shared<'p>,
    /// Paths that are left out or have another mode, as far as they were not met.
    pub exceptions: Exceptions,
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
        let shared = Shared::new(transaction, rules, observer);
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
                exceptions: Exceptions::default(),
            };
            let filled = fill(&mut pool);
            (pool.slots, filled)
        });
        if let Some(failure) = shared.take_failure() {
            return Err(failure);
        }
        filled?;
        let stored = shared.into_stored();
        debug_assert_eq!(stored.files.len(), slots, "every slot is filled");
        Ok(stored)
    }

    /// Returns how headers change.
    pub fn rules(&self) -> &Rules {
        self.shared.rules
    }

    /// Hands over a regular file of a directory; returns its slot.
    pub fn file(
        &mut self,
        dir: &Arc<OpenDir>,
        name: &str,
        change: Option<ModeChange>,
    ) -> Result<usize, Error> {
        self.send(Task::File(Arc::clone(dir), name.to_owned(), change))
    }

    /// Hands over a link of a directory; returns its slot.
    pub fn link(
        &mut self,
        dir: &Arc<OpenDir>,
        name: &str,
        change: Option<ModeChange>,
    ) -> Result<usize, Error> {
        self.send(Task::Link(Arc::clone(dir), name.to_owned(), change))
    }

    /// Hands over a file that the repository has; returns its slot.
    pub fn stored(&mut self, file: Checksum, change: Option<ModeChange>) -> Result<usize, Error> {
        self.send(Task::Stored(file, change))
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
    pub fn dirmeta(
        &mut self,
        origin: Origin,
        mut meta: DirMeta,
        change: Option<ModeChange>,
    ) -> Result<Checksum, Error> {
        meta.mode = change.map_or(meta.mode, |change| change.apply(meta.mode));
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
        match self.shared.has_failed() || self.jobs.send(job).is_err() {
            false => Ok(slot),
            true => Err(self.shared.take_failure().unwrap_or_else(interrupted)),
        }
    }
}

fn interrupted() -> Error {
    let source = io::ErrorKind::Interrupted.into();
    SourceError::Read {
        path: PathBuf::new(),
        source,
    }
    .into()
}
