//! Writing staged files to the medium while others are still being checked.
//!
//! Publishing has to wait until everything staged is on the medium. Left alone, the kernel begins
//! with that only when publishing asks for it, and no core has anything to do meanwhile. So a thread
//! asks for it now and then; only its help is wanted, and publishing syncs again in any case.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::fs;

use super::super::durable::{self, Sync};
use super::super::error::{Context, RepoError};
use super::super::repository::Repo;

/// How many bytes are staged before the medium is asked to take them.
const EVERY: u64 = 32 * 1024 * 1024;

/// Counts what is staged and has it written in the background.
pub(in crate::repo) struct Writeback {
    dir: Option<OwnedFd>,
    waiting: AtomicU64,
    running: Mutex<Option<JoinHandle<()>>>,
}

impl Writeback {
    /// Begins to count; where the repository does not sync, nothing is ever asked for.
    pub(in crate::repo) fn new(repo: &Repo) -> Result<Writeback, RepoError> {
        let dir = match repo.sync() {
            // Opened anew: the kernel tells each open file of a write error once, and the one that
            // publishing syncs with must still be told.
            Sync::Yes => Some(durable::open_dir(repo.dir(), ".").at("open", repo.path())?),
            Sync::No => None,
        };
        Ok(Writeback {
            dir,
            waiting: AtomicU64::new(0),
            running: Mutex::default(),
        })
    }

    /// Takes note of `bytes` that are about to be staged.
    pub(in crate::repo) fn note(&self, bytes: u64) {
        let before = self.waiting.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) < EVERY {
            return;
        }
        let running = self.running();
        if running.as_ref().is_none_or(JoinHandle::is_finished) {
            self.begin(running);
        }
    }

    /// Has everything written that was staged so far, after what is being written already.
    pub(in crate::repo) fn press(&self) {
        self.begin(self.running());
    }

    fn begin(&self, mut running: MutexGuard<'_, Option<JoinHandle<()>>>) {
        let Some(dir) = &self.dir else { return };
        self.waiting.store(0, Ordering::Relaxed);
        let before = running.take();
        // Without a thread or a descriptor to spare, publishing does all of it.
        let spawned = dir.as_fd().try_clone_to_owned().and_then(|dir| {
            thread::Builder::new().spawn(move || {
                if let Some(before) = before {
                    let _ = before.join();
                }
                // An error is met again, and reported, by the sync of publishing.
                let _ = fs::syncfs(dir);
            })
        });
        *running = spawned.ok();
    }

    fn running(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Writeback {
    fn drop(&mut self) {
        // It must not outlive the transaction, whose repository somebody may want to unmount.
        if let Some(thread) = self.running().take() {
            let _ = thread.join();
        }
    }
}
