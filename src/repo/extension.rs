//! airlock's own files in a repository, where stock `ostree` never looks.
//!
//! ```text
//! extensions/airlock/
//! ├── id          which repository this is: 32 hex digits and a newline
//! ├── lock        one writing airlock at a time
//! └── …           journal, redo record, stage, accepted state: their owners say
//! ```

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::disk;
use super::durable::{self, Sync};
use super::error::{Context, RepoError};
use super::paths;
use super::repository::Repo;

/// The longest file that is read from `extensions/airlock` in one piece.
const MAX_EXTENSION: u64 = 64 * 1024 * 1024;
const ID: &str = "id";
const ID_DIGITS: usize = 32;

impl Repo {
    /// Opens `extensions/airlock`, making it if need be.
    pub fn extension_dir(&self) -> Result<OwnedFd, RepoError> {
        self.dir_at(paths::AIRLOCK)
    }

    /// Reads the file `name` of `extensions/airlock`.
    pub fn read_extension(&self, name: &str) -> Result<Option<Vec<u8>>, RepoError> {
        let path = format!("{}/{name}", paths::AIRLOCK);
        durable::read_file(self.dir(), &path, MAX_EXTENSION).at("read", self.path().join(&path))
    }

    /// Lists the files in the directory `name` of `extensions/airlock`; none if there is no such directory.
    pub fn list_extension(&self, name: &str) -> Result<Vec<String>, RepoError> {
        let path = format!("{}/{name}", paths::AIRLOCK);
        let listed = match disk::entries(self.dir(), &path) {
            Err(Errno::NOENT) => return Ok(Vec::new()),
            other => other.at("list", self.path().join(&path))?,
        };
        let files = listed.into_iter().filter(|(_, is_dir)| !is_dir);
        Ok(files.map(|(name, _)| name).collect())
    }

    /// Writes the file `name` of `extensions/airlock`, or of a directory in it, durably, with
    /// exactly `mode`.
    pub fn write_extension(&self, name: &str, bytes: &[u8], mode: u32) -> Result<(), RepoError> {
        self.write_extensions([(name, bytes, mode)])
    }

    /// Writes several such files, each whole or not at all; together they are durable after the last.
    pub(in crate::repo) fn write_extensions<'f>(
        &self,
        files: impl IntoIterator<Item = (&'f str, &'f [u8], u32)>,
    ) -> Result<(), RepoError> {
        let (own, tmp) = (self.extension_dir()?, self.tmp()?);
        let at = |name: &str| self.path().join(paths::AIRLOCK).join(name);
        let mut below = BTreeMap::new();
        let mut written = false;
        for (name, bytes, mode) in files {
            let (dir, file) = match name.split_once('/') {
                None => (own.as_fd(), name),
                Some((child, file)) => {
                    if !below.contains_key(child) {
                        durable::ensure_dir(&own, child, 0o755).at("create", at(child))?;
                        let dir = durable::open_dir(&own, child).at("open", at(child))?;
                        below.insert(child, dir);
                    }
                    (below.get(child).map_or(own.as_fd(), AsFd::as_fd), file)
                }
            };
            durable::place(tmp.as_fd(), dir, file, bytes, mode, self.sync())
                .at("write", at(name))?;
            written = true;
        }
        if self.sync() == Sync::Yes && written {
            for (child, dir) in &below {
                fs::fsync(dir).at("sync", at(child))?;
            }
            fs::fsync(&own).at("sync", at(""))?;
        }
        Ok(())
    }

    /// Removes the file `name` of `extensions/airlock` durably, if it is there.
    pub fn remove_extension(&self, name: &str) -> Result<(), RepoError> {
        let path = self.path().join(paths::AIRLOCK).join(name);
        let dir = self.extension_dir()?;
        match fs::unlinkat(&dir, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            other => {
                other.at("remove", &path)?;
                fs::fsync(&dir).at("sync", &path)
            }
        }
    }

    /// Returns the repository's own id, if it was ever given one.
    pub fn id(&self) -> Result<Option<String>, RepoError> {
        let Some(bytes) = self.read_extension(ID)? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes).unwrap_or_default();
        let id = text.trim_end();
        let legal =
            id.len() == ID_DIGITS && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match legal {
            true => Ok(Some(id.to_owned())),
            false => Err(RepoError::ExtensionMalformed {
                path: self.path().join(paths::AIRLOCK).join(ID),
            }),
        }
    }

    /// Returns the repository's own id, giving it a random one if it has none.
    pub fn ensure_id(&self) -> Result<String, RepoError> {
        if let Some(id) = self.id()? {
            return Ok(id);
        }
        let id = durable::random_hex::<{ ID_DIGITS / 2 }>().at("draw an id for", self.path())?;
        self.write_extension(ID, format!("{id}\n").as_bytes(), 0o644)?;
        Ok(id)
    }
}
