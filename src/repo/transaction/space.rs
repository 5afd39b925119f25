//! How much a transaction may still write: the filesystem's free blocks less the reserve.
//!
//! `min-free-space-size`, or else `min-free-space-percent` (3 unless set), of the filesystem stay free
//! for whoever else lives there; metadata objects are exempt, as in libostree.

use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs;

use super::super::config::MinFreeSpace;
use super::super::error::{Context, RepoError};
use super::super::repository::Repo;

/// The bytes that content objects may still take.
pub(in crate::repo) struct Space {
    left: AtomicU64,
    block: u64,
}

impl Space {
    /// Asks the filesystem once, at the start of a transaction.
    pub(in crate::repo) fn measure(repo: &Repo) -> Result<Space, RepoError> {
        let stat = fs::fstatvfs(repo.dir()).at("measure free space of", repo.path())?;
        let block = stat.f_frsize.max(1);
        // The superuser may use blocks that are kept back from everyone else.
        let free = match rustix::process::geteuid().is_root() {
            true => stat.f_bfree,
            false => stat.f_bavail,
        };
        let reserve = match repo.config().min_free_space() {
            MinFreeSpace::Percent(percent) => {
                u128::from(stat.f_blocks) * u128::from(percent) / 100 * u128::from(block)
            }
            MinFreeSpace::Bytes(bytes) => u128::from(bytes),
        };
        let left = (u128::from(free) * u128::from(block)).saturating_sub(reserve);
        Ok(Space {
            left: AtomicU64::new(u64::try_from(left).unwrap_or(u64::MAX)),
            block,
        })
    }

    /// What is left, in bytes.
    pub(in crate::repo) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// Takes what a file of `size` bytes will occupy, or says that the reserve would be broken.
    pub(in crate::repo) fn take(&self, size: u64) -> Result<(), RepoError> {
        let needed = size.div_ceil(self.block).saturating_mul(self.block);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(needed)
            })
            .map(drop)
            .map_err(|available| RepoError::NoSpace { needed, available })
    }
}
