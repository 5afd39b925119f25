//! The two locks of a repository.
//!
//! ```text
//! R/.lock                       libostree's: shared by writers, exclusive for prune
//! R/extensions/airlock/lock     airlock's: one writing airlock at a time; taken first
//! ```
//!
//! Both are open-file-description locks (`F_OFD_SETLK`), as libostree takes them: `flock` would not
//! see its lock nor be seen by it, and a process's own POSIX lock goes when any descriptor of the
//! file is closed. Such a lock belongs to whoever has the descriptor, and a child that another thread
//! is just starting has it too, until its `exec`. So a lock is given back by name, not by closing.
//!
//! A process that was killed keeps its locks until the last of its threads is gone; one that waits
//! for `syncfs` goes when the medium has taken everything, and until then it is busy indeed.

use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use rustix::fs::{self, Mode, OFlags};

use super::error::{Context, RepoError};
use super::owner::Owner;
use super::paths;
use super::repository::Repo;

/// How often a lock that somebody else holds is tried again; libostree's interval.
const RETRY: Duration = Duration::from_secs(1);

/// How a lock file is opened.
const OPEN: OFlags = OFlags::RDWR.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// libostree's lock on a repository, held until dropped.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct RepoLock {
    _file: Option<LockFile>,
}

/// airlock's own lock on a repository, held until dropped.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct AirlockLock {
    _file: LockFile,
}

#[derive(Clone, Copy)]
pub(in crate::repo) enum Kind {
    Shared,
    Exclusive,
}

impl Repo {
    /// Takes libostree's lock beside other writers, waiting as long as the configuration says.
    pub fn lock_shared(&self) -> Result<RepoLock, RepoError> {
        self.lock(Kind::Shared)
    }

    /// Takes libostree's lock beside other writers as [`Repo::lock_shared`] does, but makes no file for
    /// it: nothing where there is none yet, or where the repository is not locked.
    pub fn lock_shared_if_there(&self) -> Result<Option<RepoLock>, RepoError> {
        let path = self.path().join(paths::LOCK);
        match open_lock_there(self.dir(), paths::LOCK) {
            Err(rustix::io::Errno::NOENT) => Ok(None),
            _ if !self.config().locking() => Ok(None),
            file => self
                .wait_for(file.at("open", &path)?, Kind::Shared, path)
                .map(Some),
        }
    }

    /// Takes libostree's lock for oneself, waiting as long as the configuration says.
    pub fn lock_exclusive(&self) -> Result<RepoLock, RepoError> {
        self.lock(Kind::Exclusive)
    }

    /// Takes airlock's own lock; fails at once when another airlock holds it.
    ///
    /// **Take it before [`Repo::lock_shared`]**: every writing verb uses this order.
    pub fn lock_airlock(&self) -> Result<AirlockLock, RepoError> {
        let dir = self.extension_dir()?;
        let path = self.path().join(paths::AIRLOCK).join(paths::AIRLOCK_LOCK);
        let file = open_lock(&dir, paths::AIRLOCK_LOCK, 0o600).at("open", &path)?;
        match file.try_lock(Kind::Exclusive).at("lock", &path)? {
            true => Ok(AirlockLock { _file: file }),
            false => Err(RepoError::Busy { path }),
        }
    }

    fn lock(&self, kind: Kind) -> Result<RepoLock, RepoError> {
        if !self.config().locking() {
            return Ok(RepoLock { _file: None });
        }
        let path: PathBuf = self.path().join(paths::LOCK);
        let file = open_lock(self.dir(), paths::LOCK, 0o660).at("open", &path)?;
        self.wait_for(file, kind, path)
    }

    fn wait_for(&self, file: LockFile, kind: Kind, path: PathBuf) -> Result<RepoLock, RepoError> {
        let mut tries = 0;
        while !file.try_lock(kind).at("lock", &path)? {
            if self
                .config()
                .lock_timeout()
                .is_some_and(|limit| tries >= limit)
            {
                return Err(RepoError::Busy { path });
            }
            thread::sleep(RETRY);
            tries += 1;
        }
        Ok(RepoLock { _file: Some(file) })
    }
}

/// Opens a lock file, or makes one that the repository's owner can open as well.
fn open_lock(dir: impl AsFd, name: &str, mode: u32) -> Result<LockFile, rustix::io::Errno> {
    let new = OPEN | OFlags::CREATE | OFlags::EXCL;
    match fs::openat(&dir, name, new, Mode::from_raw_mode(mode)) {
        Ok(file) => {
            Owner::like(dir.as_fd())?.give(&file)?;
            Ok(LockFile(file))
        }
        Err(rustix::io::Errno::EXIST) => open_lock_there(dir, name),
        Err(errno) => Err(errno),
    }
}

fn open_lock_there(dir: impl AsFd, name: &str) -> Result<LockFile, rustix::io::Errno> {
    fs::openat(dir, name, OPEN, Mode::empty()).map(LockFile)
}

/// A file to lock, which is unlocked when this is dropped.
#[derive(Debug)]
pub(in crate::repo) struct LockFile(pub(in crate::repo) OwnedFd);

impl LockFile {
    /// Tries once; `false` means that somebody else holds it.
    pub(in crate::repo) fn try_lock(&self, kind: Kind) -> Result<bool, Errno> {
        let kind = match kind {
            Kind::Shared => libc::F_RDLCK,
            Kind::Exclusive => libc::F_WRLCK,
        };
        match self.set(kind) {
            Ok(()) => Ok(true),
            Err(Errno::EAGAIN | Errno::EACCES) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    fn set(&self, kind: libc::c_int) -> Result<(), Errno> {
        let whole_file = libc::flock {
            l_type: i16::try_from(kind).unwrap_or_default(),
            l_whence: i16::try_from(libc::SEEK_SET).unwrap_or_default(),
            l_start: 0,
            l_len: 0,
            l_pid: 0,
        };
        fcntl(&self.0, FcntlArg::F_OFD_SETLK(&whole_file)).map(drop)
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Closing alone would leave the lock to a child that has the descriptor still.
        let _ = self.set(libc::F_UNLCK);
    }
}
