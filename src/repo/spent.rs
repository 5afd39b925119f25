//! Resumable stages out of which everything was published, by a run that did not live to remove them.
//!
//! ```text
//! extensions/airlock/stage/<id>/1c/    empty: removed, and what is empty above it
//! extensions/airlock/stage/<id>/ab/…   objects: left for the run that takes them up
//! ```

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::repository::Repo;
use super::stage::RESUMABLE;
use super::{disk, durable, paths};

/// Removes them; **the caller holds airlock's lock**, so nobody is at one.
pub(in crate::repo) fn remove(repo: &Repo) {
    let path = format!("{}/{RESUMABLE}", paths::AIRLOCK);
    // What cannot be removed takes no space to speak of, and the next verb tries again.
    let _ = remove_empty(repo.dir(), &path);
}

/// Removes the directories of a tree that hold no file.
fn remove_empty(at: BorrowedFd<'_>, path: &str) -> Result<(), Errno> {
    let dir = durable::open_dir(at, path)?;
    for (name, is_dir) in disk::entries(dir.as_fd(), ".")? {
        if is_dir {
            remove_empty(dir.as_fd(), &name)?;
        }
    }
    match fs::unlinkat(at, path, AtFlags::REMOVEDIR) {
        Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(()),
        other => other,
    }
}
