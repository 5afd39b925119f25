//! A staging directory: where objects lie whole and checked before publishing makes them visible.
//!
//! ```text
//! tmp/staging-<boot id>-XXXXXX/       one transaction's; libostree adopts or cleans it after a crash
//! tmp/staging-<boot id>-XXXXXX-lock   held (OFD write lock) as long as the transaction lives
//! extensions/airlock/stage/<id>/      0700, what a killed run left in it the next one takes up
//! └── 1c/bde85117….filez              a staged object, linked only when it is complete
//! ```

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{self, AtFlags, Mode as Bits, OFlags, RenameFlags};
use rustix::io::Errno;

use crate::format::Checksum;

use super::disk::{boot_id, entries, remove_tree, suffix};
use super::error::{Context, RepoError};
use super::lock::{Kind, LockFile};
use super::mode::Mode;
use super::owner::{Owner, dress_dir_alike, ensure_owned_dir};
use super::repository::Repo;
use super::store::{Store, StoredXattrs};
use super::{durable, paths};

/// How often a taken name is tried again before giving up.
const ATTEMPTS: usize = 64;
/// Beneath [`paths::AIRLOCK`]: where resumable stages lie.
pub(in crate::repo) const RESUMABLE: &str = "stage";

/// A staging directory, removed with all it holds when dropped; only a kill or a cut leaves it.
pub(in crate::repo) struct Stage {
    repo: OwnedFd,
    dir: OwnedFd,
    path: String,
    full: PathBuf,
    mode: Mode,
    lock: Option<(LockFile, String)>,
}

impl Stage {
    /// Makes a staging directory, named and locked as libostree does it.
    pub(in crate::repo) fn temporary(repo: &Repo) -> Result<Stage, RepoError> {
        let boot = boot_id()?;
        drop(repo.tmp()?);
        for _ in 0..ATTEMPTS {
            let suffix = suffix().at("draw a name in", repo.path())?;
            let path = format!("{}/staging-{boot}-{suffix}", paths::TMP);
            let lock_path = format!("{path}-lock");
            match fs::mkdirat(repo.dir(), path.as_str(), Bits::from_raw_mode(0o775)) {
                Err(Errno::EXIST) => continue,
                other => other.at("create", repo.path().join(&path))?,
            }
            let locked = lock_stage(repo, &lock_path);
            if locked.is_err() {
                let _ = fs::unlinkat(repo.dir(), path.as_str(), AtFlags::REMOVEDIR);
            }
            if let Some(file) = locked? {
                return Stage::open(repo, path, Some((file, lock_path)));
            }
            // A cleaner is looking at it: it finds the directory empty and removes it.
        }
        Err(Errno::EXIST).at("create", repo.path().join(paths::TMP))
    }

    /// Opens, or makes, the resumable stage of the work called `id`.
    pub(in crate::repo) fn resumable(repo: &Repo, id: &Checksum) -> Result<Stage, RepoError> {
        let parent = format!("{}/{RESUMABLE}", paths::AIRLOCK);
        let path = format!("{parent}/{id}");
        drop(repo.extension_dir()?);
        for step in [&parent, &path] {
            ensure_owned_dir(repo.dir(), step, 0o700).at("create", repo.path().join(step))?;
        }
        Stage::open(repo, path, None)
    }

    /// Adds up what the stage of the work called `id` holds, if a killed run left one.
    pub(in crate::repo) fn measure(repo: &Repo, id: &Checksum) -> Result<u64, RepoError> {
        let path = format!("{}/{RESUMABLE}/{id}", paths::AIRLOCK);
        if let Err(Errno::NOENT) = fs::statat(repo.dir(), path.as_str(), AtFlags::empty()) {
            return Ok(0);
        }
        let stage = durable::open_dir(repo.dir(), &path).at("open", repo.path().join(&path))?;
        let mut size = 0;
        for (fan, is_dir) in entries(stage.as_fd(), ".").at("list", repo.path().join(&path))? {
            let inner = match is_dir {
                true => entries(stage.as_fd(), &fan).at("list", repo.path().join(&path))?,
                false => Vec::new(),
            };
            for (name, _) in inner {
                let file = format!("{fan}/{name}");
                if let Ok(stat) = fs::statat(&stage, file.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
                    size += u64::try_from(stat.st_size).unwrap_or(0);
                }
            }
        }
        Ok(size)
    }

    fn open(
        repo: &Repo,
        path: String,
        lock: Option<(LockFile, String)>,
    ) -> Result<Stage, RepoError> {
        let full = repo.path().join(&path);
        Ok(Stage {
            repo: repo.dir().try_clone_to_owned().at("open", &full)?,
            dir: durable::open_dir(repo.dir(), &path).at("open", &full)?,
            path,
            full,
            mode: repo.mode(),
            lock,
        })
    }

    /// The full path of something in the stage, for messages.
    pub(in crate::repo) fn full(&self, inner: &str) -> PathBuf {
        self.full.join(inner)
    }

    /// The directory itself.
    pub(in crate::repo) fn dir(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }

    /// The staged objects.
    pub(in crate::repo) fn store(&self) -> Store<'_> {
        Store {
            dir: self.dir(),
            path: &self.full,
            mode: self.mode,
            xattrs: StoredXattrs::Read,
        }
    }

    /// Opens a new file that has no name yet.
    pub(in crate::repo) fn temp(&self) -> Result<TempFile, RepoError> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        match fs::openat(&self.dir, ".", flags, Bits::from_raw_mode(0o644)) {
            Ok(fd) => Ok(TempFile {
                file: File::from(fd),
                name: None,
            }),
            // Filesystems without O_TMPFILE: a name that no reader takes for an object.
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOENT | Errno::INVAL) => {
                let (name, file) = durable::create_unique(self.dir.as_fd(), "tmp.")
                    .at("create a file in", self.full(""))?;
                Ok(TempFile {
                    file,
                    name: Some(name),
                })
            }
            Err(error) => Err(error).at("create a file in", self.full("")),
        }
    }

    /// Opens a new file for the object at `loose`.
    ///
    /// A resumable stage is hashed again before anything in it counts, so the file gets its name at
    /// once: that costs a file system half of what an unnamed file does. libostree adopts the other
    /// kind of stage as it is, so there a file has no name before it is whole.
    pub(in crate::repo) fn temp_for(&self, loose: &str) -> Result<TempFile, RepoError> {
        if self.lock.is_some() {
            return self.temp();
        }
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = || fs::openat(&self.dir, loose, flags, Bits::from_raw_mode(0o644));
        match self.with_fan(loose, open) {
            Ok(fd) => Ok(TempFile {
                file: File::from(fd),
                name: Some(loose.to_owned()),
            }),
            // Somebody else is at the same object.
            Err(Errno::EXIST) => self.temp(),
            Err(error) => Err(error).at("create", self.full(loose)),
        }
    }

    /// Gives a finished file its object path; an object staged by someone faster is as good.
    pub(in crate::repo) fn link(&self, temp: &TempFile, loose: &str) -> Result<(), RepoError> {
        self.place(loose, || match &temp.name {
            None => {
                let from = format!("/proc/self/fd/{}", temp.file.as_raw_fd());
                let follow = AtFlags::SYMLINK_FOLLOW;
                fs::linkat(fs::CWD, from, &self.dir, loose, follow)
            }
            Some(name) if name == loose => Ok(()),
            Some(name) => fs::renameat(&self.dir, name.as_str(), &self.dir, loose),
        })
    }

    /// Makes a symbolic link at an object path; `dress` finishes it before it gets its name.
    pub(in crate::repo) fn link_symlink(
        &self,
        target: &str,
        loose: &str,
        dress: impl FnOnce(BorrowedFd<'_>, &str) -> io::Result<()>,
    ) -> Result<(), RepoError> {
        let suffix = suffix().at("draw a name in", self.full(""))?;
        let name = format!("tmplink.{suffix}");
        fs::symlinkat(target, &self.dir, name.as_str()).at("create", self.full(&name))?;
        dress(self.dir.as_fd(), &name).at("give its owner to", self.full(&name))?;
        self.place(loose, || {
            fs::renameat(&self.dir, name.as_str(), &self.dir, loose)
        })
    }

    /// Gives something its object path by `put`.
    fn place(&self, loose: &str, put: impl Fn() -> Result<(), Errno>) -> Result<(), RepoError> {
        match self.with_fan(loose, put) {
            Err(Errno::EXIST) => Ok(()),
            other => other.at("stage", self.full(loose)),
        }
    }

    /// Runs `put`, making the two-letter directory first when it turns out to be absent.
    pub(in crate::repo) fn with_fan<T>(
        &self,
        loose: &str,
        put: impl Fn() -> Result<T, Errno>,
    ) -> Result<T, Errno> {
        match put() {
            Err(Errno::NOENT) => {
                let fan = loose.split('/').next().unwrap_or_default();
                durable::ensure_dir(&self.dir, fan, 0o775)?;
                put()
            }
            other => other,
        }
    }

    /// Opens a staged object's file, if it is there.
    pub(in crate::repo) fn open_object(&self, loose: &str) -> Result<Option<File>, RepoError> {
        match durable::open_file(&self.dir, loose) {
            Err(Errno::NOENT) => Ok(None),
            other => other.map(Some).at("open", self.full(loose)),
        }
    }

    /// Moves a staged object into `objects`; one that is there already wins.
    ///
    /// A second name and then only that one: renames from one directory to another take turns in the
    /// whole file system, links do not.
    pub(in crate::repo) fn move_into(
        &self,
        loose: &str,
        objects: BorrowedFd<'_>,
    ) -> Result<(), Errno> {
        match fs::linkat(&self.dir, loose, objects, loose, AtFlags::empty()) {
            Ok(()) | Err(Errno::EXIST) => fs::unlinkat(&self.dir, loose, AtFlags::empty()),
            // Filesystems without links.
            Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK) => {
                self.rename_into(loose, objects)
            }
            Err(error) => Err(error),
        }
    }

    fn rename_into(&self, loose: &str, objects: BorrowedFd<'_>) -> Result<(), Errno> {
        let flags = RenameFlags::NOREPLACE;
        match fs::renameat_with(&self.dir, loose, objects, loose, flags) {
            Err(Errno::EXIST) => fs::unlinkat(&self.dir, loose, AtFlags::empty()),
            // Filesystems without the flag: both files passed the same checksum.
            Err(Errno::INVAL | Errno::NOSYS) => fs::renameat(&self.dir, loose, objects, loose),
            other => other,
        }
    }

    /// Moves a staged object into `objects`, over whatever has its name there.
    pub(in crate::repo) fn rename_over(
        &self,
        loose: &str,
        objects: BorrowedFd<'_>,
    ) -> Result<(), Errno> {
        match fs::renameat(&self.dir, loose, objects, loose) {
            // A directory is no object that anybody could be reading.
            Err(Errno::ISDIR | Errno::EXIST | Errno::NOTEMPTY) => {
                remove_tree(objects, loose)?;
                fs::renameat(&self.dir, loose, objects, loose)
            }
            other => other,
        }
    }

    /// Moves a two-letter directory into `objects` as it is, and tells whether it did.
    ///
    /// It does only where `objects` has none of that name, and when nothing else than the objects
    /// `staged` lies in it. An empty one is not replaced: `ostree` may be about to put an object in.
    pub(in crate::repo) fn rename_fan_into(
        &self,
        fan: &str,
        staged: &[String],
        objects: BorrowedFd<'_>,
    ) -> Result<bool, Errno> {
        let mut found = entries(self.dir(), fan)?;
        found.sort_unstable();
        let found = found.iter().map(|(name, _)| name.as_str());
        let names = staged.iter().filter_map(|loose| loose.get(fan.len() + 1..));
        if !found.eq(names) {
            return Ok(false);
        }
        dress_dir_alike(objects, self.dir(), fan)?;
        match fs::renameat_with(&self.dir, fan, objects, fan, RenameFlags::NOREPLACE) {
            Ok(()) => Ok(true),
            // A file system that cannot promise it.
            Err(Errno::INVAL) => Ok(false),
            Err(Errno::NOTEMPTY | Errno::EXIST) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes the resumable stages of other work.
    pub(in crate::repo) fn remove_siblings(&self) -> Result<(), RepoError> {
        let (parent, own) = self.path.rsplit_once('/').unwrap_or((".", &self.path));
        for (name, _) in entries(self.repo.as_fd(), parent).at("list", self.full(".."))? {
            if name != own {
                remove_tree(self.repo.as_fd(), &format!("{parent}/{name}"))
                    .at("remove", self.full("..").join(&name))?;
            }
        }
        Ok(())
    }

    /// Removes one staged file.
    pub(in crate::repo) fn remove(&self, loose: &str) -> Result<(), RepoError> {
        fs::unlinkat(&self.dir, loose, AtFlags::empty()).at("remove", self.full(loose))
    }

    /// Lists everything staged: `ab/cdef….filez`, and strays by their bare names.
    pub(in crate::repo) fn list(&self) -> Result<Vec<String>, RepoError> {
        let list = |path: &str| entries(self.dir.as_fd(), path).at("list", self.full(path));
        let mut found = Vec::new();
        for (name, is_dir) in list(".")? {
            if is_dir {
                found.extend(
                    list(&name)?
                        .into_iter()
                        .map(|(inner, _)| format!("{name}/{inner}")),
                );
            } else {
                found.push(name);
            }
        }
        Ok(found)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // A failure here cannot be helped: the cleaner of a later transaction tries again.
        let _ = remove_tree(self.repo.as_fd(), &self.path);
        if let Some((_, path)) = &self.lock {
            let _ = fs::unlinkat(&self.repo, path.as_str(), AtFlags::empty());
        }
        if let Some((parent, _)) = self.path.rsplit_once('/').filter(|_| self.lock.is_none()) {
            let _ = fs::unlinkat(&self.repo, parent, AtFlags::REMOVEDIR);
        }
    }
}

/// Makes and takes the lock beside a staging directory; none when somebody was faster.
fn lock_stage(repo: &Repo, path: &str) -> Result<Option<LockFile>, RepoError> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let bits = Bits::from_raw_mode(0o600);
    let at = || repo.path().join(path);
    let file = fs::openat(repo.dir(), path, flags, bits).at("open", at())?;
    let file = LockFile(file);
    let locked = file.try_lock(Kind::Exclusive).at("lock", at())?;
    Ok(locked.then_some(file))
}

/// A file that is being written; it does not count as an object before [`Stage::link`].
pub(in crate::repo) struct TempFile {
    pub(in crate::repo) file: File,
    name: Option<String>,
}

impl TempFile {
    /// Writes all of `bytes` and gives the file the mode and owner of a shared file.
    pub(in crate::repo) fn fill(&mut self, bytes: &[u8], owner: &Owner) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.dress(0o644, owner)
    }

    /// Gives the file its mode, and its owner where that is not ours.
    pub(in crate::repo) fn dress(&self, mode: u32, owner: &Owner) -> io::Result<()> {
        owner.give(&self.file)?;
        // Asked first: a change is a journal entry of the file system, and seldom needed.
        if fs::fstat(&self.file)?.st_mode & 0o7777 != mode {
            fs::fchmod(&self.file, Bits::from_raw_mode(mode))?;
        }
        Ok(())
    }
}
