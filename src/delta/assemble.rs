//! Parts one after the other: what is added goes into the one that is open, and each is handed on
//! when it is full.

use super::{
    DeltaError,
    part_writer::{Part, PartWriter, Patched},
    spine::PART_SIZE,
};
use crate::format::{Checksum, ObjectKind, ObjectName, delta::PartHeader};
use crate::repo::{Repo, RepoError};

/// Takes the parts of a delta, in their order.
pub type TakePart<'a> = dyn FnMut(DeltaPart) -> Result<(), DeltaError> + 'a;

/// The file of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeltaPart {
    /// Its bytes: type `x`, a stored `.xz` stream.
    pub bytes: Vec<u8>,
    /// Whether most of it is compressed already.
    pub dense: bool,
}

/// Parts in the making.
pub(super) struct Assembler<'a> {
    repo: &'a Repo,
    part: PartWriter,
    headers: Vec<PartHeader>,
    take: &'a mut TakePart<'a>,
}

impl<'a> Assembler<'a> {
    pub(super) fn new(repo: &'a Repo, take: &'a mut TakePart<'a>) -> Assembler<'a> {
        Assembler {
            repo,
            part: PartWriter::default(),
            headers: Vec::new(),
            take,
        }
    }

    /// Adds a metadata object of the repository.
    pub(super) fn metadata(&mut self, object: &ObjectName) -> Result<(), DeltaError> {
        let bytes = self.repo.read_metadata(object)?;
        self.make_room(bytes.len() as u64)?;
        self.part.metadata(*object, &bytes);
        Ok(())
    }

    /// Adds a file of the repository, whole.
    pub(super) fn file(&mut self, checksum: &Checksum) -> Result<(), DeltaError> {
        let name = ObjectName::new(*checksum, ObjectKind::File);
        let mut file = self.repo.file(checksum)?;
        if file.size > PART_SIZE {
            let size = file.size;
            return Err(DeltaError::FileTooLarge { object: name, size });
        }
        self.make_room(file.size)?;
        let read = self.part.file(*checksum, &file.header, &mut file.reader);
        let actual = read.map_err(|error| DeltaError::at(name)(error.into()))?;
        match actual == *checksum {
            true => Ok(()),
            false => Err(RepoError::ObjectMismatch { name, actual }.into()),
        }
    }

    /// Adds a file as a patch.
    pub(super) fn patched(&mut self, checksum: Checksum, file: Patched) -> Result<(), DeltaError> {
        self.make_room(file.stream.len() as u64)?;
        self.part.patched(checksum, file);
        Ok(())
    }

    /// Hands the last part on; returns what the superblock says of all of them.
    pub(super) fn finish(mut self) -> Result<Vec<PartHeader>, DeltaError> {
        self.close()?;
        Ok(self.headers)
    }

    /// Closes the part if `more` bytes would make it too large.
    fn make_room(&mut self, more: u64) -> Result<(), DeltaError> {
        if self.part.len().saturating_add(more) > PART_SIZE {
            self.close()?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), DeltaError> {
        if self.part.is_empty() {
            return Ok(());
        }
        let Part { header, file } = std::mem::take(&mut self.part).finish();
        self.headers.push(header);
        (self.take)(file)
    }
}
