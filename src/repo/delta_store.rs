//! The files of a static delta: its superblock is read and replaced, or all of them go.
//!
//! ```text
//! deltas/MI/FI6s…wFNRvkKyWfI-kWJG…/superblock   replaced whole; a client that has read the old one goes on
//! deltas/MI/FI6s…wFNRvkKyWfI-kWJG…/0, 1, …      never change
//! ```

use std::os::fd::AsFd;

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::error::{Context, RepoError};
use super::repository::Repo;
use super::{disk, durable};
use crate::format::delta::{DeltaName, MAX_SUPERBLOCK};

impl Repo {
    /// Reads the superblock of a delta, if it is there.
    pub fn delta_superblock(&self, name: &DeltaName) -> Result<Option<Vec<u8>>, RepoError> {
        let path = name.superblock_path();
        durable::read_file(self.dir(), &path, MAX_SUPERBLOCK).at("read", self.path().join(&path))
    }

    /// Tells whether a delta is there, whether or not anybody can read it.
    pub fn has_delta(&self, name: &DeltaName) -> Result<bool, RepoError> {
        let path = name.superblock_path();
        match fs::statat(self.dir(), &path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
            Err(error) => Err(error).at("look at", self.path().join(&path)),
        }
    }

    /// Replaces the superblock of a delta durably; its index and a summary that lists it are then stale.
    pub fn replace_superblock(&self, name: &DeltaName, bytes: &[u8]) -> Result<(), RepoError> {
        let path = name.directory();
        let dir = durable::open_dir(self.dir(), &path).at("open", self.path().join(&path))?;
        self.replace(dir.as_fd(), "superblock", bytes, 0o644)
    }

    /// Removes a delta, its superblock first; clients that look for it pull objects instead.
    pub fn remove_delta(&self, name: &DeltaName) -> Result<(), RepoError> {
        let path = name.directory();
        let at = || self.path().join(&path);
        let dir = match durable::open_dir(self.dir(), &path) {
            Err(Errno::NOENT) => return Ok(()),
            other => other.at("open", at())?,
        };
        match fs::unlinkat(&dir, "superblock", AtFlags::empty()) {
            Ok(()) => self.sync().dir(&dir).at("sync", at())?,
            Err(Errno::NOENT) => {}
            Err(error) => return Err(error).at("remove", at()),
        }
        disk::remove_tree(self.dir(), &path).at("remove", at())
    }
}
