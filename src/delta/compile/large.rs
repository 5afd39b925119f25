//! A file that is too large for a patch, or of which most is compressed already: made of ranges of the
//! old one, while it is read once.
//!
//! ```text
//! old ─ read once ─▸ index of its blocks, at most 32 MB     and, out of an archive, a file without
//!                                                          a name that can be read at any place
//! new ─ read once ─▸ ranges and new bytes                   at most a part's
//! ```

use std::fs::File;
use std::io::{Read, Write};

use super::Job;
use crate::delta::DeltaError;
use crate::delta::SourceFile;
use crate::delta::copies::{BlockIndex, Care, Copies, scan};
use crate::delta::whole::check;
use crate::format::{FileHeader, Hashed, ObjectKind, ObjectName};
use crate::repo::{Mode, Repo};

/// The most new bytes: all of them are in memory.
const MAX_NEW: u64 = 62 << 20;
/// What a scan takes besides index and new bytes: its buffers.
const BUFFERS: u64 = 4 << 20;

/// Returns the memory that making a file of these sizes of ranges takes at most.
pub(super) fn memory(old: u64, new: u64) -> u64 {
    BlockIndex::memory(old) + new.min(MAX_NEW) + BUFFERS
}

/// Makes a file of ranges of the old one; nothing if too much of it is new.
pub(super) fn make(
    new_repo: &Repo,
    old_repo: &Repo,
    job: &Job,
) -> Result<Option<(FileHeader, Copies)>, DeltaError> {
    let (index, source) = open_old(new_repo, old_repo, job)?;
    let name = ObjectName::new(job.pair.new, ObjectKind::File);
    let at = DeltaError::at(name);
    let file = new_repo.file(&job.pair.new)?;
    let mut hash = file.header.hasher();
    let mut content = Hashed::new(file.reader.take(job.new + 1), &mut hash);
    let care = match job.is_dense {
        true => Care::Skimming,
        false => Care::Full,
    };
    let copies = scan(&index, &source, &mut content, care, MAX_NEW);
    let Some(copies) = copies.map_err(|error| at(error.into()))? else {
        return Ok(None);
    };
    check(name, hash.finish())?;
    Ok(Some((file.header, copies)))
}

/// Reads the old file once: checks and indexes it, and makes it readable at any place.
pub(super) fn open_old(
    scratch: &Repo,
    repo: &Repo,
    job: &Job,
) -> Result<(BlockIndex, SourceFile), DeltaError> {
    let name = ObjectName::new(job.pair.old, ObjectKind::File);
    let file = repo.file(&job.pair.old)?;
    let mut hash = file.header.hasher();
    let content = file.reader.take(job.old + 1);
    let mut inflated = match repo.mode() {
        Mode::Archive => Some(tempfile::tempfile_in(scratch.path().join("tmp"))?),
        _ => None,
    };
    let index = BlockIndex::read(content, job.old, |piece| {
        hash.update(piece);
        inflated
            .as_mut()
            .map_or(Ok(()), |file| file.write_all(piece))
    });
    let index = index.map_err(|error| DeltaError::at(name)(error.into()))?;
    check(name, hash.finish())?;
    let file: File = match inflated {
        Some(file) => file,
        None => repo.open_loose(&name)?.0,
    };
    Ok((index, SourceFile::from_file(file, job.old)))
}
