//! A directory of loose objects: the repository's own, or one that is still being staged.

use std::fs::File;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, FileType, Stat};
use rustix::io::Errno;

use crate::format::ObjectName;
use crate::format::limits::MAX_METADATA;

use super::durable;
use super::error::{Context, RepoError};
use super::mode::Mode;
use super::paths;

/// Loose objects beneath one directory, in the form of one mode.
#[derive(Clone, Copy, Debug)]
pub(in crate::repo) struct Store<'a> {
    /// The directory that holds the 256 others.
    pub dir: BorrowedFd<'a>,
    /// Its path, for people.
    pub path: &'a Path,
    /// How files are stored.
    pub mode: Mode,
    /// Whether stored files of a bare repository have extended attributes.
    pub xattrs: StoredXattrs,
}

/// Whether the extended attributes of stored files count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::repo) enum StoredXattrs {
    /// They do.
    Read,
    /// The configuration says `disable-xattrs`.
    Ignored,
}

impl Store<'_> {
    /// Inspects an object's file; anything but a file or a link is none.
    pub fn stat(&self, name: &ObjectName) -> Result<Stat, RepoError> {
        let path = paths::loose(name, self.mode);
        let stat = match fs::statat(self.dir, path.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Err(RepoError::ObjectMissing { name: *name }),
            other => other.at("inspect", self.full(name))?,
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile | FileType::Symlink => Ok(stat),
            _ => Err(RepoError::ObjectKind { name: *name }),
        }
    }

    /// Opens an object's file; returns its size, too.
    pub fn open(&self, name: &ObjectName) -> Result<(File, u64), RepoError> {
        let file = match durable::open_file(self.dir, &paths::loose(name, self.mode)) {
            Err(Errno::NOENT) => return Err(RepoError::ObjectMissing { name: *name }),
            Err(Errno::LOOP) => return Err(RepoError::ObjectKind { name: *name }),
            other => other.at("open", self.full(name))?,
        };
        let metadata = file.metadata().at("inspect", self.full(name))?;
        match metadata.is_file() {
            true => Ok((file, metadata.len())),
            false => Err(RepoError::ObjectKind { name: *name }),
        }
    }

    /// Reads a metadata object's file whole, unchecked.
    pub fn read(&self, name: &ObjectName) -> Result<Vec<u8>, RepoError> {
        let (file, size) = self.open(name)?;
        if size > MAX_METADATA {
            return Err(RepoError::ObjectTooLarge {
                name: *name,
                size,
                limit: MAX_METADATA,
            });
        }
        durable::read_limited(file, size, MAX_METADATA).at("read", self.full(name))
    }

    /// Returns the path of an object's file, for people.
    pub fn full(&self, name: &ObjectName) -> PathBuf {
        self.path.join(paths::loose(name, self.mode))
    }
}
