//! Looking at objects that are staged, or in the repository already.

use super::super::error::RepoError;
use super::super::file::FileObject;
use super::super::store::Store;
use super::Transaction;
use crate::format::{Checksum, ObjectKind, ObjectName};

impl Transaction<'_> {
    /// Opens a file by its checksum.
    pub fn file(&self, checksum: &Checksum) -> Result<FileObject, RepoError> {
        let name = ObjectName::new(*checksum, ObjectKind::File);
        self.store_of(&name).file(checksum)
    }

    /// Returns the bytes that an object takes as it is, or will be, stored; commits are not asked for.
    pub fn object_size(&self, name: &ObjectName) -> Result<u64, RepoError> {
        let stat = self.store_of(name).stat(name)?;
        Ok(u64::try_from(stat.st_size).unwrap_or(0))
    }

    fn store_of(&self, name: &ObjectName) -> Store<'_> {
        match self.is_staged(name) {
            true => self.stage.store(),
            false => self.repo.store(),
        }
    }
}
