//! Reading objects: metadata whole and checked, anything else as it is stored.

use std::fs::File;

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use crate::format::{
    Checksum, Codec, Commit, DirMeta, DirTree, Encoded, Metadata, ObjectKind, ObjectName,
};

use super::error::{Context, RepoError};
use super::repository::Repo;
use super::{durable, paths};

/// The longest mark of a partial commit that is read.
const MAX_MARK: u64 = 4096;

impl Repo {
    /// Tells whether an object is there; its content is not looked at.
    pub fn has(&self, name: &ObjectName) -> Result<bool, RepoError> {
        match self.store().stat(name) {
            Ok(_) => Ok(true),
            Err(RepoError::ObjectMissing { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns the bytes that an object takes as it is stored.
    pub fn object_size(&self, name: &ObjectName) -> Result<u64, RepoError> {
        let size = self.store().stat(name)?.st_size;
        Ok(u64::try_from(size).unwrap_or(0))
    }

    /// Opens an object's file as it is stored: `.filez` in archive mode; returns its size, too.
    pub fn open_loose(&self, name: &ObjectName) -> Result<(File, u64), RepoError> {
        self.store().open(name)
    }

    /// Reads a metadata object and checks it against its name.
    pub fn read_metadata(&self, name: &ObjectName) -> Result<Vec<u8>, RepoError> {
        let bytes = self.store().read(name)?;
        let actual = Checksum::of(&bytes);
        match actual == name.checksum {
            true => Ok(bytes),
            false => Err(RepoError::ObjectMismatch {
                name: *name,
                actual,
            }),
        }
    }

    /// Reads a commit, checked against its name.
    pub fn commit(&self, checksum: &Checksum) -> Result<Encoded<Commit>, RepoError> {
        self.decode(ObjectName::new(*checksum, ObjectKind::Commit))
    }

    /// Reads a directory's entries, checked against their name.
    pub fn tree(&self, checksum: &Checksum) -> Result<Encoded<DirTree>, RepoError> {
        self.decode(ObjectName::new(*checksum, ObjectKind::DirTree))
    }

    /// Reads a directory's owner, mode and xattrs, checked against their name.
    pub fn dirmeta(&self, checksum: &Checksum) -> Result<Encoded<DirMeta>, RepoError> {
        self.decode(ObjectName::new(*checksum, ObjectKind::DirMeta))
    }

    /// Reads what stands beside a commit: its signatures, mostly. An absent file is an empty one.
    pub fn commitmeta(&self, commit: &Checksum) -> Result<Metadata, RepoError> {
        let name = ObjectName::new(*commit, ObjectKind::CommitMeta);
        let bytes = match self.store().read(&name) {
            Err(RepoError::ObjectMissing { .. }) => return Ok(Metadata::new()),
            other => other?,
        };
        Metadata::decode(&bytes).map_err(|source| RepoError::ObjectMalformed { name, source })
    }

    /// Tells whether a commit is marked as lacking some of its objects.
    pub fn is_partial(&self, commit: &Checksum) -> Result<bool, RepoError> {
        let path = paths::partial(commit);
        match fs::statat(self.dir(), path.as_str(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno).at("inspect", self.path().join(path)),
        }
    }

    /// Reads the mark of a commit that lacks objects: empty, or one letter that tells who found that out.
    pub(in crate::repo) fn partial_mark(
        &self,
        commit: &Checksum,
    ) -> Result<Option<Vec<u8>>, RepoError> {
        let path = paths::partial(commit);
        durable::read_file(self.dir(), &path, MAX_MARK).at("read", self.path().join(path))
    }

    fn decode<T: Codec>(&self, name: ObjectName) -> Result<Encoded<T>, RepoError> {
        let bytes = self.read_metadata(&name)?;
        Encoded::decode(bytes).map_err(|source| RepoError::ObjectMalformed { name, source })
    }
}
