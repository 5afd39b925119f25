//! Writing refs, one durable rename each.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{self, AtFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use rustix::io::Errno;

use crate::format::{Checksum, RefName};

use super::durable::{self, Sync};
use super::error::{Context, RepoError};
use super::owner::Owner;
use super::paths::{self, RefPlace};
use super::repository::Repo;

impl Repo {
    /// Points a ref at a commit, or removes it; durable when this returns.
    pub fn write_ref(
        &self,
        place: &RefPlace,
        name: &RefName,
        commit: Option<&Checksum>,
    ) -> Result<(), RepoError> {
        let path = paths::reference(place, name);
        match commit {
            Some(commit) => {
                let (dir, file) = self.ref_parent(&path)?;
                self.clear_empty_dir(&dir, file, &path)?;
                self.replace(dir.as_fd(), file, format!("{commit}\n").as_bytes(), 0o644)?;
            }
            None => self.remove_ref(&path)?,
        }
        self.touch()
    }

    /// Makes `alias` another name of `target`: a relative link between two of the repository's own refs.
    pub fn write_alias(&self, alias: &RefName, target: &RefName) -> Result<(), RepoError> {
        let path = paths::reference(&RefPlace::Heads, alias);
        let (dir, file) = self.ref_parent(&path)?;
        self.clear_empty_dir(&dir, file, &path)?;
        let up = "../".repeat(alias.to_string().matches('/').count());
        let link = format!("{up}{target}");
        let tmp = self.tmp()?;
        let temporary = format!(
            "airlock-{}",
            durable::random_hex::<8>().at("name", self.path())?
        );
        let full = self.path().join(&path);
        fs::symlinkat(link.as_str(), &tmp, temporary.as_str()).at("write", &full)?;
        let placed = Owner::like(dir.as_fd())
            .and_then(|owner| owner.give_at(tmp.as_fd(), &temporary))
            .and_then(|()| fs::renameat(&tmp, temporary.as_str(), &dir, file));
        if let Err(errno) = placed {
            let _ = fs::unlinkat(&tmp, temporary.as_str(), AtFlags::empty());
            return Err(errno).at("write", &full);
        }
        if self.sync() == Sync::Yes {
            fs::fsync(&dir).at("sync", &full)?;
        }
        self.touch()
    }

    /// Opens the directory a ref goes to, making what is missing, and returns it with the file's name.
    fn ref_parent<'p>(&self, path: &'p str) -> Result<(OwnedFd, &'p str), RepoError> {
        let (parents, file) = path.rsplit_once('/').unwrap_or(("", path));
        let mut dir = durable::open_dir(self.dir(), ".").at("open", self.path())?;
        for (end, _) in parents.match_indices('/').chain([(parents.len(), "")]) {
            let so_far = &parents[..end];
            let name = so_far.rsplit('/').next().unwrap_or(so_far);
            let full = self.path().join(so_far);
            dir = match self.dir_in(&dir, name) {
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    return Err(RepoError::RefConflict { path: full });
                }
                other => other.at("open", &full)?,
            };
        }
        Ok((dir, file))
    }

    /// Removes an empty directory that stands where a ref goes; a full one is a conflict.
    fn clear_empty_dir(&self, dir: &OwnedFd, file: &str, path: &str) -> Result<(), RepoError> {
        let full = self.path().join(path);
        match fs::unlinkat(dir, file, AtFlags::REMOVEDIR) {
            Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Err(RepoError::RefConflict { path: full }),
            other => other.at("replace", full),
        }
    }

    fn remove_ref(&self, path: &str) -> Result<(), RepoError> {
        let full = self.path().join(path);
        let (parent, file) = path.rsplit_once('/').unwrap_or((".", path));
        let dir = match durable::open_dir(self.dir(), parent) {
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
            other => other.at("open", &full)?,
        };
        match fs::unlinkat(&dir, file, AtFlags::empty()) {
            Err(Errno::NOENT | Errno::ISDIR) => return Ok(()),
            other => other.at("remove", &full)?,
        }
        if self.sync() == Sync::Yes {
            fs::fsync(&dir).at("sync", &full)?;
        }
        Ok(())
    }

    /// Sets the repository's modification time, which libostree's readers watch.
    pub(in crate::repo) fn touch(&self) -> Result<(), RepoError> {
        let times = Timestamps {
            last_access: Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_OMIT,
            },
            last_modification: Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_NOW,
            },
        };
        fs::futimens(self.dir(), &times).at("touch", self.path())
    }
}
