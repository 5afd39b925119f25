//! A repository that is open.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{self, OFlags};
use rustix::io::Errno;

use crate::format::CollectionId;

use super::config::{Config, Refusal};
use super::durable::{self, Sync};
use super::error::{ConfigFault, Context, RepoError};
use super::keyfile::{KeyFile, MAX_KEY_FILE};
use super::mode::Mode;
use super::owner::make_dir_alike;
use super::paths;
use super::store::{Store, StoredXattrs};

/// An OSTree repository on disk.
///
/// Everything is reached through directory descriptors that were opened once, so renaming the
/// repository while it is in use does no harm.
#[derive(Debug)]
pub struct Repo {
    path: PathBuf,
    dir: OwnedFd,
    objects: OwnedFd,
    objects_path: PathBuf,
    config: Config,
}

impl Repo {
    /// Opens the repository at `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<Repo, RepoError> {
        let path = path.as_ref();
        // The repository itself may be reached through a link; nothing beneath it may.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = match fs::open(path, flags, fs::Mode::empty()) {
            Err(Errno::NOENT | Errno::NOTDIR) => return Err(not_a_repository(path)),
            other => other.at("open", path)?,
        };
        let objects = match durable::open_dir(&dir, paths::OBJECTS) {
            Err(Errno::NOENT) => return Err(not_a_repository(path)),
            other => other.at("open", path.join(paths::OBJECTS))?,
        };
        let config = read_config(&dir, path)?;
        Ok(Repo {
            path: path.to_owned(),
            dir,
            objects,
            objects_path: path.join(paths::OBJECTS),
            config,
        })
    }

    /// Returns the path by which the repository was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the repository's mode.
    pub fn mode(&self) -> Mode {
        self.config.mode()
    }

    /// Returns the configuration as it was when the repository was opened.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the repository's collection id.
    pub fn collection_id(&self) -> Option<&CollectionId> {
        self.config.collection_id()
    }

    /// Replaces the configuration file, durably; this handle keeps the one it was opened with.
    pub fn write_config(&self, file: &KeyFile) -> Result<(), RepoError> {
        self.replace(
            self.dir(),
            paths::CONFIG,
            file.to_string().as_bytes(),
            0o644,
        )
    }

    /// Returns the repository's directory.
    pub(in crate::repo) fn dir(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }

    /// Returns the directory of its objects.
    pub(in crate::repo) fn objects(&self) -> BorrowedFd<'_> {
        self.objects.as_fd()
    }

    /// Returns its objects.
    pub(in crate::repo) fn store(&self) -> Store<'_> {
        Store {
            dir: self.objects(),
            path: &self.objects_path,
            mode: self.mode(),
            xattrs: self.stored_xattrs(),
        }
    }

    /// Tells whether stored files have extended attributes.
    pub(in crate::repo) fn stored_xattrs(&self) -> StoredXattrs {
        if self.config.disable_xattrs() {
            StoredXattrs::Ignored
        } else {
            StoredXattrs::Read
        }
    }

    /// Opens the directory of files that are on their way to a rename, making it if need be.
    pub(in crate::repo) fn tmp(&self) -> Result<OwnedFd, RepoError> {
        let path = self.path.join(paths::TMP);
        durable::ensure_dir(self.dir(), paths::TMP, 0o775).at("create", &path)?;
        durable::open_dir(self.dir(), paths::TMP).at("open", &path)
    }

    /// Opens a directory beneath the repository; what is missing on the way is made like what it is
    /// in, durably: what is synced into it later must not go with it.
    pub(in crate::repo) fn dir_at(&self, path: &str) -> Result<OwnedFd, RepoError> {
        let full = || self.path.join(path);
        let mut dir = durable::open_dir(self.dir(), ".").at("open", full())?;
        for name in path.split('/') {
            dir = self.dir_in(&dir, name).at("open", full())?;
        }
        Ok(dir)
    }

    /// Opens the directory `name` of another one, making it durably if need be.
    pub(in crate::repo) fn dir_in(&self, dir: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
        match durable::open_dir(dir, name) {
            Err(Errno::NOENT) => {
                make_dir_alike(dir.as_fd(), name)?;
                if self.sync() == Sync::Yes {
                    fs::fsync(dir)?;
                }
                durable::open_dir(dir, name)
            }
            other => other,
        }
    }

    /// Tells whether data is pressed to the medium.
    pub(in crate::repo) fn sync(&self) -> Sync {
        if self.config.fsync() {
            Sync::Yes
        } else {
            Sync::No
        }
    }

    /// Writes a file by way of `tmp`, fsync and rename; it gets exactly `mode`.
    pub(in crate::repo) fn replace(
        &self,
        dir: BorrowedFd<'_>,
        name: &str,
        bytes: &[u8],
        mode: u32,
    ) -> Result<(), RepoError> {
        let tmp = self.tmp()?;
        durable::replace(tmp.as_fd(), dir, name, bytes, mode, self.sync())
            .at("write", self.path.join(name))
    }
}

fn not_a_repository(path: &Path) -> RepoError {
    RepoError::NotARepository {
        path: path.to_owned(),
    }
}

fn read_config(dir: &OwnedFd, repo: &Path) -> Result<Config, RepoError> {
    let path = repo.join(paths::CONFIG);
    let bytes = durable::read_file(dir, paths::CONFIG, MAX_KEY_FILE).at("read", &path)?;
    let bytes = bytes.ok_or_else(|| not_a_repository(repo))?;
    let parsed = match String::from_utf8(bytes) {
        Ok(text) => Config::parse(&text),
        Err(_) => Err(ConfigFault::NotText.into()),
    };
    parsed.map_err(|refusal| match refusal {
        Refusal::Fault(source) => RepoError::Config { path, source },
        Refusal::Unsupported { key, value } => RepoError::Unsupported { path, key, value },
    })
}
