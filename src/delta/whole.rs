//! Reading a file object into memory, checked against its name.

use std::io::{self, Read};

use super::{DeltaError, room};
use crate::format::{Checksum, FileHeader, ObjectKind, ObjectName, filez::Checker};
use crate::repo::{Mode, Repo, RepoError};

/// Reads files into memory, and keeps its buffers from one to the next.
#[derive(Debug, Default)]
pub(super) struct WholeReader {
    checker: Checker,
    stored: Vec<u8>,
}

/// What stands around a file's content.
#[derive(Clone, Debug)]
pub(super) struct Around {
    pub(super) header: FileHeader,
    /// The size of the object in an archive, if that is where it was read.
    pub(super) stored: Option<u64>,
}

/// What takes more than this as it is stored is inflated as it is read, not to be in memory twice.
pub(super) const STREAMED: u64 = 8 << 20;

impl WholeReader {
    /// Reads a file of `size` bytes; `content` is emptied first.
    pub(super) fn read(
        &mut self,
        repo: &Repo,
        checksum: &Checksum,
        size: u64,
        content: &mut Vec<u8>,
    ) -> Result<Around, DeltaError> {
        let name = ObjectName::new(*checksum, ObjectKind::File);
        room::clear_for(content, usize::try_from(size).unwrap_or(0));
        let stored = match repo.mode() {
            Mode::Archive => Some(repo.object_size(&name)?),
            _ => None,
        };
        let read = match stored {
            Some(..=STREAMED) => self.archived(repo, &name, content),
            _ => plain(repo, &name, size, stored, content),
        };
        room::give_back(&mut self.stored);
        let (around, actual) = read.map_err(DeltaError::at(name))?;
        check(name, actual).map(|()| around)
    }

    fn archived(
        &mut self,
        repo: &Repo,
        name: &ObjectName,
        content: &mut Vec<u8>,
    ) -> Result<(Around, Checksum), DeltaError> {
        let (file, stored) = repo.open_loose(name)?;
        room::clear_for(&mut self.stored, usize::try_from(stored).unwrap_or(0));
        file.take(stored).read_to_end(&mut self.stored)?;
        let info = self
            .checker
            .check_with(&self.stored, |piece| content.extend_from_slice(piece))?;
        let around = Around {
            header: info.header,
            stored: Some(stored),
        };
        Ok((around, info.checksum))
    }
}

/// Reads a file that is stored as it is, or inflates it as it is read.
fn plain(
    repo: &Repo,
    name: &ObjectName,
    size: u64,
    stored: Option<u64>,
    content: &mut Vec<u8>,
) -> Result<(Around, Checksum), DeltaError> {
    let file = repo.file(&name.checksum)?;
    if file.size != size {
        return Err(io::Error::from(io::ErrorKind::InvalidData).into());
    }
    file.reader.take(size).read_to_end(content)?;
    let mut hash = file.header.hasher();
    hash.update(content);
    let around = Around {
        header: file.header,
        stored,
    };
    Ok((around, hash.finish()))
}

/// Holds what was read against the name it was read by.
pub(super) fn check(name: ObjectName, actual: Checksum) -> Result<(), DeltaError> {
    match actual == name.checksum {
        true => Ok(()),
        false => Err(RepoError::ObjectMismatch { name, actual }.into()),
    }
}
