//! What a publish will need, taken before its first step, so that a full disk stops it while
//! nothing has changed.
//!
//! ```text
//! fan-out directories   objects/xx of every staged object, unless the stage's own can take its place;
//!                       those left empty are removed again
//! space                 an unnamed file as large as the redo record and all that it writes;
//!                       given back when the objects are in their places
//! ```
//!
//! Between the two only renames happen, which take next to no space.

use std::collections::{BTreeSet, HashSet};

use rustix::fd::OwnedFd;
use rustix::fs::{self, Access, AtFlags, FallocateFlags, Mode, OFlags};
use rustix::io::Errno;

use super::error::{Context, RepoError};
use super::owner::{inherits, make_dir_alike};
use super::paths;
use super::repository::Repo;
use super::transaction::Intent;
use crate::format::ObjectName;

/// What a small file may take beyond its bytes: its last block, and its place in a directory.
const PER_FILE: u64 = 8 << 10;
/// Files beside commits, refs and state: the record, the summary pair, the journal, directories.
const OTHER_FILES: u64 = 16;

/// Directories and space that are there before they are needed.
#[derive(Debug)]
pub(in crate::repo) struct Reserve<'r> {
    repo: &'r Repo,
    made: Vec<String>,
    /// None where the filesystem cannot set space aside.
    space: Option<OwnedFd>,
}

impl<'r> Reserve<'r> {
    /// Takes what publishing these objects and this intent will need.
    pub(in crate::repo) fn take(
        repo: &'r Repo,
        staged: &HashSet<ObjectName>,
        intent: &Intent,
    ) -> Result<Reserve<'r>, RepoError> {
        let mut reserve = Reserve {
            repo,
            made: Vec::new(),
            space: None,
        };
        // Where there is none, the one that was staged is moved as it is.
        if inherits(repo.objects()) {
            reserve.make_fans(staged)?;
        }
        reserve.space = set_aside(repo, needed(intent)).at("reserve space in", repo.path())?;
        Ok(reserve)
    }

    /// Gives the space back: what it was reserved for comes now.
    pub(in crate::repo) fn release(mut self) {
        self.space = None;
    }

    fn make_fans(&mut self, staged: &HashSet<ObjectName>) -> Result<(), RepoError> {
        let objects = self.repo.objects();
        let fan = |name: &ObjectName| format!("{:02x}", name.checksum.as_bytes()[0]);
        let fans: BTreeSet<String> = staged.iter().map(fan).collect();
        for fan in fans {
            if fs::accessat(objects, &fan, Access::EXISTS, AtFlags::empty()).is_ok() {
                continue;
            }
            let path = self.repo.path().join(paths::OBJECTS).join(&fan);
            let made = make_dir_alike(objects, &fan);
            self.made.push(fan);
            made.at("make", path)?;
        }
        Ok(())
    }
}

impl Drop for Reserve<'_> {
    fn drop(&mut self) {
        for fan in &self.made {
            // One that has got an object stays: it is not empty.
            let _ = fs::unlinkat(self.repo.objects(), fan.as_str(), AtFlags::REMOVEDIR);
        }
    }
}

/// The redo record holds everything once, in base64; then everything is written to its place.
fn needed(intent: &Intent) -> u64 {
    let blobs = intent.commits.values().chain(intent.commitmeta.values());
    let summary = intent
        .summary
        .iter()
        .map(|pair| pair.summary.len() + pair.signature.as_ref().map_or(0, Vec::len));
    let state = intent.state.values().map(|file| file.bytes.len());
    let bytes: usize = blobs.map(Vec::len).chain(summary).chain(state).sum();
    let bytes = bytes + intent.journal.as_ref().map_or(0, String::len);
    let files = intent.commits.len()
        + intent.commitmeta.len()
        + intent.refs.len()
        + intent.state.len()
        + 2 * intent.deltas.len();
    3 * bytes as u64 + (files as u64 + OTHER_FILES) * PER_FILE
}

/// Allocates a file without a name.
fn set_aside(repo: &Repo, bytes: u64) -> Result<Option<OwnedFd>, Errno> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let allocated = fs::openat(repo.dir(), ".", flags, Mode::RUSR | Mode::WUSR).and_then(|file| {
        fs::fallocate(&file, FallocateFlags::empty(), 0, bytes)?;
        Ok(file)
    });
    match allocated {
        Ok(file) => Ok(Some(file)),
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOSYS | Errno::INVAL) => Ok(None),
        Err(error) => Err(error),
    }
}
