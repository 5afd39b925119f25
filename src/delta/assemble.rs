//! Parts one after the other: what is added goes into the one that is open, and each is handed on
//! when it is full.

use std::{io, sync::Arc};

use super::{
    DeltaError, DeltaPart,
    budget::Budget,
    packer::Packer,
    part_writer::{PartWriter, Patched},
    spine::{LARGEST_IN_PART, PART_SIZE},
    whole::check,
};
use crate::format::{Checksum, ObjectKind, ObjectName};
use crate::repo::{FileObject, Repo};

/// Takes the parts of a delta, in their order.
pub type TakePart<'a> = dyn FnMut(DeltaPart) -> Result<(), DeltaError> + 'a;

/// Parts in the making.
pub(super) struct Assembler<'a> {
    repo: &'a Repo,
    part: PartWriter,
    take: &'a mut TakePart<'a>,
    meter: Option<Meter>,
    /// How much is still to come, as it is stored.
    left: u64,
    /// No part is closed before it is as large as this, unless the next file is too large for it.
    least: u64,
}

/// Counts the memory of parts.
struct Meter {
    budget: Arc<Budget>,
    /// What compressing a part takes besides it.
    compressing: u64,
    /// What was counted already of what is in the part.
    kept: u64,
}

impl<'a> Assembler<'a> {
    pub(super) fn new(repo: &'a Repo, take: &'a mut TakePart<'a>) -> Assembler<'a> {
        Assembler {
            repo,
            part: PartWriter::default(),
            take,
            meter: None,
            left: u64::MAX,
            least: PART_SIZE,
        }
    }

    /// Says how much is to come, as the repository stores it, and how small a part may be.
    ///
    /// The last parts are small ones: parts are compressed, and applied, on several cores, and all of
    /// them are to come to the end together.
    pub(super) fn expect(&mut self, stored: u64, least: u64) {
        (self.left, self.least) = (stored, least);
    }

    /// Says that so much of it has come, or will not.
    pub(super) fn done(&mut self, stored: u64) {
        self.left = self.left.saturating_sub(stored);
    }

    /// Counts parts against a budget, with what compressing one takes besides.
    pub(super) fn within(mut self, budget: Arc<Budget>, compressing: u64) -> Assembler<'a> {
        self.meter = Some(Meter {
            budget,
            compressing,
            kept: 0,
        });
        self
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
        if file.size > LARGEST_IN_PART {
            let size = file.size;
            return Err(DeltaError::FileTooLarge { object: name, size });
        }
        if file.size > PART_SIZE {
            return self.large_file(name, file);
        }
        self.make_room(file.size)?;
        let (header, content) = (&file.header, &mut file.reader);
        read_as(name, self.part.file(*checksum, header, content, None))
    }

    /// Makes a part of one file, where it is kept compressed; before that it waits until there is memory
    /// for it. The part that is open stays open.
    fn large_file(&mut self, name: ObjectName, mut file: FileObject) -> Result<(), DeltaError> {
        let needed = self.repo.object_size(&name)?.min(file.size);
        if let Some(meter) = &self.meter {
            meter.budget.begin(needed);
        }
        let mut part = PartWriter::default();
        let (header, content) = (&file.header, &mut file.reader);
        let read = Packer::new()
            .and_then(|mut packer| part.file(name.checksum, header, content, Some(&mut packer)));
        let kept = part.memory();
        if let Some(meter) = &self.meter {
            meter.budget.end(needed, kept);
        }
        read_as(name, read)?;
        self.hand_on(part, kept)
    }

    /// Adds a file as what makes it out of an old one.
    pub(super) fn patched(&mut self, checksum: Checksum, file: Patched) -> Result<(), DeltaError> {
        self.make_room(file.len())?;
        if let Some(meter) = &mut self.meter {
            meter.kept += file.memory();
        }
        self.part.patched(checksum, file);
        Ok(())
    }

    /// Hands the last part on.
    pub(super) fn finish(mut self) -> Result<(), DeltaError> {
        self.close()
    }

    /// Closes the part if it is large enough, or `more` bytes would make it too large.
    fn make_room(&mut self, more: u64) -> Result<(), DeltaError> {
        let len = self.part.len();
        // An archive stores less than half of what goes into parts: it is a quarter of what is to come.
        let enough = (self.left / 2).clamp(self.least, PART_SIZE);
        if len >= enough || len.saturating_add(more) > PART_SIZE {
            self.close()?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), DeltaError> {
        if self.part.is_empty() {
            return Ok(());
        }
        let part = std::mem::take(&mut self.part);
        let kept = self
            .meter
            .as_mut()
            .map_or(0, |meter| std::mem::take(&mut meter.kept));
        self.hand_on(part, kept)
    }

    /// Hands a part on, of which so much was counted already.
    fn hand_on(&mut self, part: PartWriter, kept: u64) -> Result<(), DeltaError> {
        let part = part.finish();
        let lease = self.meter.as_ref().map(|meter| {
            let bytes = part.memory() + meter.compressing;
            meter.budget.lease(kept, bytes)
        });
        (self.take)(part.leased(lease))
    }
}

/// Holds what was read, if it could be, against the name it was read by.
fn read_as(name: ObjectName, read: io::Result<Checksum>) -> Result<(), DeltaError> {
    check(
        name,
        read.map_err(|error| DeltaError::at(name)(error.into()))?,
    )
}
