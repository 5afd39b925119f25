//! Taking an object over from another repository without writing its bytes again.
//!
//! ```text
//! hard link   checked, then linked                 shares everything: owner, label, later damage
//! clone       cloned, then the clone is checked    shares blocks until one of the two changes
//! neither     the caller reads, checks and writes
//! ```
//!
//! A clone needs a file system that shares blocks (Btrfs, XFS) and repositories of one mode, for only
//! then are the bytes the same. Where it has none there is nothing to gain from `copy_file_range`:
//! the bytes were read to be hashed, and are written from that buffer.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::atomic::Ordering;

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::super::check::{Checker, unreadable};
use super::super::error::{Context, RepoError};
use super::super::mode::Mode;
use super::super::paths;
use super::super::repository::Repo;
use super::super::stage::TempFile;
use super::file::{MAX_WHOLE, PIECE, copy, expect};
use super::{Transaction, form};
use crate::format::filez::{self, FilezReader};
use crate::format::{Checksum, FileHeader, ObjectKind, ObjectName, Sha256};

impl Repo {
    /// Fails unless the objects of both repositories lie on one file system.
    pub fn expect_same_file_system(&self, other: &Repo) -> Result<(), RepoError> {
        let device = |repo: &Repo| fs::fstat(repo.objects()).at("inspect", repo.path());
        match device(self)?.st_dev == device(other)?.st_dev {
            true => Ok(()),
            false => Err(other_file_system(self, other)),
        }
    }
}

impl Transaction<'_> {
    /// Tells whether a hard link of an object of `source` has the form that it needs here.
    pub fn can_link(&self, source: &Repo, name: &ObjectName) -> bool {
        let (from, to) = (source, self.repo);
        let files_alike = from.mode() == to.mode() && from.stored_xattrs() == to.stored_xattrs();
        name.kind.is_metadata() || files_alike
    }

    /// Stages a hard link of an object of `source`, once it is what its name says.
    ///
    /// **Only when asked for**: whoever may write to the one repository then writes to both.
    pub fn link_object(&self, source: &Repo, name: &ObjectName) -> Result<(), RepoError> {
        thread_local! {
            static CHECKER: RefCell<Checker> = RefCell::default();
        }
        if self.has(name)? {
            return Ok(());
        }
        CHECKER.with_borrow_mut(|checker| checker.check(source.store(), name))?;
        let loose = paths::loose(name, self.repo.mode());
        let link = || {
            let from = source.objects();
            fs::linkat(
                from,
                loose.as_str(),
                self.stage.dir(),
                &loose,
                AtFlags::empty(),
            )
        };
        match self.stage.with_fan(&loose, link) {
            Ok(()) | Err(Errno::EXIST) => {}
            // A bind mount is the same file system, and yet another one.
            Err(Errno::XDEV) => return Err(other_file_system(source, self.repo)),
            Err(error) => return Err(error).at("link", self.stage.full(&loose)),
        }
        self.note_staged(name);
        Ok(())
    }

    /// Stages a clone of a regular file's object of `source`; `false` when that cannot be done here.
    pub fn clone_file(&self, source: &Repo, checksum: &Checksum) -> Result<bool, RepoError> {
        let name = ObjectName::new(*checksum, ObjectKind::File);
        let mode = self.repo.mode();
        if mode != source.mode()
            || mode == Mode::BareSplitXattrs
            || self.no_clones.load(Ordering::Relaxed)
        {
            return Ok(false);
        }
        let header = match mode {
            Mode::Archive => None,
            _ => Some(source.file(checksum)?.header),
        };
        // A link takes no block that could be shared.
        if header.as_ref().is_some_and(FileHeader::is_symlink) {
            return Ok(false);
        }
        let (from, size) = source.store().open(&name)?;
        let temp = self.stage.temp()?;
        match fs::ioctl_ficlone(&temp.file, &from) {
            Ok(()) => {}
            Err(Errno::NOSPC | Errno::DQUOT) => {
                return Err(Errno::NOSPC).at("clone", self.stage.full(""));
            }
            // Another file system, or one that cannot: so it is for all the others.
            Err(_) => {
                self.no_clones.store(true, Ordering::Relaxed);
                return Ok(false);
            }
        }
        let loose = paths::loose(&name, mode);
        match header {
            None => {
                let actual = self.filez_checksum(&name, &temp.file, size)?;
                expect(checksum, actual)?;
                temp.dress(0o644, &self.owner)
            }
            Some(header) => {
                form::check(mode, &header)?;
                let mut hash = header.hasher();
                hash_all(&temp, &mut hash).at("read", self.stage.full(&loose))?;
                expect(checksum, hash.finish())?;
                form::dress_file(mode, &temp, &header, &self.owner)
            }
        }
        .at("write", self.stage.full(&loose))?;
        self.finish(&name, &temp, &loose)?;
        Ok(true)
    }

    /// Hashes what a `.filez` holds.
    fn filez_checksum(
        &self,
        name: &ObjectName,
        mut file: &File,
        size: u64,
    ) -> Result<Checksum, RepoError> {
        thread_local! {
            static CHECKER: RefCell<filez::Checker> = RefCell::default();
        }
        let failed = |error| unreadable(name, error, || self.stage.full(""));
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        if size > MAX_WHOLE {
            let reader = FilezReader::open(BufReader::with_capacity(PIECE, file));
            let info = reader.and_then(FilezReader::check).map_err(failed)?;
            return Ok(info.checksum);
        }
        let mut bytes = Vec::new();
        file.take(MAX_WHOLE + 1)
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        let checked = CHECKER.with_borrow_mut(|checker| checker.check(&bytes));
        let info = checked.map_err(|source| RepoError::ObjectMalformed {
            name: *name,
            source,
        })?;
        Ok(info.checksum)
    }
}

fn other_file_system(from: &Repo, to: &Repo) -> RepoError {
    RepoError::OtherFileSystem {
        from: from.path().to_owned(),
        to: to.path().to_owned(),
    }
}

fn hash_all(temp: &TempFile, hash: &mut Sha256) -> io::Result<()> {
    let mut file = &temp.file;
    file.seek(SeekFrom::Start(0))?;
    copy(&mut file, hash).map(drop)
}
