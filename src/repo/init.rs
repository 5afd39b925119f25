//! A new, empty repository, as `ostree init` makes it.

use std::os::fd::AsFd;
use std::path::Path;

use rustix::fs;
use rustix::io::Errno;

use crate::format::CollectionId;

use super::config::Config;
use super::durable::{self, Sync};
use super::error::{Context, RepoError};
use super::mode::Mode;
use super::paths;
use super::repository::Repo;

/// What kind of repository to make.
#[derive(Clone, Debug)]
pub struct InitOptions {
    /// How files are stored.
    pub mode: Mode,
    /// The collection the repository's refs belong to.
    pub collection_id: Option<CollectionId>,
}

impl Repo {
    /// Makes a repository at `path`, whose parent exists; a complete repository of the same mode is
    /// left as it is.
    pub fn init(path: impl AsRef<Path>, options: &InitOptions) -> Result<Repo, RepoError> {
        let path = path.as_ref();
        if options.mode == Mode::BareSplitXattrs {
            return Err(RepoError::UnsupportedMode {
                mode: options.mode,
                what: "be created",
            });
        }
        match Repo::open(path) {
            Ok(repo) if repo.mode() == options.mode => return Ok(repo),
            Ok(repo) => {
                return Err(RepoError::OtherMode {
                    path: path.to_owned(),
                    found: repo.mode(),
                    wanted: options.mode,
                });
            }
            Err(RepoError::NotARepository { .. }) => {}
            Err(error) => return Err(error),
        }
        create(path, options)?;
        Repo::open(path)
    }
}

fn create(path: &Path, options: &InitOptions) -> Result<(), RepoError> {
    let is_new = match fs::mkdir(path, fs::Mode::from_raw_mode(0o755)) {
        Ok(()) => true,
        Err(Errno::EXIST) => false,
        Err(errno) => return Err(errno).at("create", path),
    };
    let flags = fs::OFlags::RDONLY | fs::OFlags::DIRECTORY | fs::OFlags::CLOEXEC;
    let dir = fs::open(path, flags, fs::Mode::empty()).at("open", path)?;
    durable::ensure_dir(&dir, paths::TMP, 0o775).at("create", path.join(paths::TMP))?;
    if fs::statat(&dir, paths::CONFIG, fs::AtFlags::SYMLINK_NOFOLLOW).err() == Some(Errno::NOENT) {
        let config = Config::fresh(options.mode, options.collection_id.as_ref()).to_string();
        let tmp = durable::open_dir(&dir, paths::TMP).at("open", path.join(paths::TMP))?;
        durable::replace(
            tmp.as_fd(),
            dir.as_fd(),
            paths::CONFIG,
            config.as_bytes(),
            0o644,
            Sync::Yes,
        )
        .at("write", path.join(paths::CONFIG))?;
    }
    for name in paths::SKELETON.into_iter().chain([paths::TMP_CACHE]) {
        durable::ensure_dir(&dir, name, 0o775).at("create", path.join(name))?;
    }
    // Some lie in others.
    for name in paths::SKELETON {
        let made = durable::open_dir(&dir, name).and_then(fs::fsync);
        made.at("sync", path.join(name))?;
    }
    fs::fsync(&dir).at("sync", path)?;
    match is_new {
        true => fs::openat(&dir, "..", flags, fs::Mode::empty())
            .and_then(fs::fsync)
            .at("sync", path.join("..")),
        false => Ok(()),
    }
}
