//! The spine of a release: a stock static delta that carries the new commit, its signatures, and
//! its metadata objects.
//!
//! ```text
//! superblock   endianness, detached metadata of the commit; from, to, the commit; part headers
//! part 0 ...   S S S ...   every dirtree and dirmeta the target lacks; files only if asked
//! ```
//!
//! `ostree static-delta apply-offline` takes it as it is. It has no fallbacks: what is not in it
//! travels in packs.

use super::{
    DeltaError,
    part_writer::{Part, PartWriter},
};
use crate::{
    format::{
        Checksum, Commit, Encoded, Metadata, ObjectKind, ObjectName,
        delta::{DeltaName, Endian, Superblock},
    },
    repo::{Repo, RepoError},
};

/// Where a part is closed: what stock calls its maximum chunk size. A metadata object above it has
/// a part of its own.
pub const PART_SIZE: u64 = 32_000_000;

/// What a spine is made from.
#[derive(Clone, Copy)]
pub struct SpineInput<'a> {
    /// Where the objects are.
    pub repo: &'a Repo,
    /// The commit it leads to.
    pub commit: &'a Encoded<Commit>,
    /// The one commit it begins at, if there is one.
    pub from: Option<Checksum>,
    /// Detached metadata of the commit, as it is to travel.
    pub commitmeta: &'a Metadata,
    /// The metadata objects it carries, in this order.
    pub metadata: &'a [ObjectName],
    /// The files it carries whole, in this order; usually none.
    pub files: &'a [Checksum],
    /// When it is made, in UNIX seconds.
    pub timestamp: u64,
}

/// A stock static delta in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spine {
    /// The file `superblock`.
    pub superblock: Vec<u8>,
    /// The files `0`, `1`, ...
    pub parts: Vec<Vec<u8>>,
}

/// Makes a spine in memory: for metadata, which is small.
pub fn compile_spine(input: &SpineInput<'_>) -> Result<Spine, DeltaError> {
    let mut parts = Vec::new();
    let superblock = compile_spine_to(input, &mut |bytes| {
        parts.push(bytes);
        Ok(())
    })?;
    Ok(Spine { superblock, parts })
}

/// Makes a spine and hands on each part as soon as it is full; returns the superblock.
pub fn compile_spine_to(
    input: &SpineInput<'_>,
    emit: &mut dyn FnMut(Vec<u8>) -> Result<(), DeltaError>,
) -> Result<Vec<u8>, DeltaError> {
    let mut headers = Vec::new();
    let mut emit = |Part { header, bytes }| {
        headers.push(header);
        emit(bytes)
    };
    let mut part = PartWriter::default();
    for object in input.metadata {
        let bytes = input.repo.read_metadata(object)?;
        make_room(&mut part, bytes.len() as u64, &mut emit)?;
        part.metadata(*object, &bytes);
    }
    for checksum in input.files {
        let name = ObjectName::new(*checksum, ObjectKind::File);
        let mut file = input.repo.file(checksum)?;
        if file.size > PART_SIZE {
            let size = file.size;
            return Err(DeltaError::FileTooLarge { object: name, size });
        }
        make_room(&mut part, file.size, &mut emit)?;
        let read = part.file(*checksum, &file.header, &mut file.reader);
        let actual = read.map_err(|error| DeltaError::at(name)(error.into()))?;
        if actual != *checksum {
            return Err(RepoError::ObjectMismatch { name, actual }.into());
        }
    }
    if !part.is_empty() {
        emit(part.finish())?;
    }
    let superblock = Superblock {
        metadata: superblock_metadata(input),
        timestamp: input.timestamp,
        from: input.from,
        commit: input.commit.clone(),
        parts: headers,
        fallbacks: Vec::new(),
    };
    Ok(superblock.encode()?)
}

/// Closes the part if `more` bytes would make it too large.
fn make_room(
    part: &mut PartWriter,
    more: u64,
    emit: &mut dyn FnMut(Part) -> Result<(), DeltaError>,
) -> Result<(), DeltaError> {
    if !part.is_empty() && part.len().saturating_add(more) > PART_SIZE {
        emit(std::mem::take(part).finish())?;
    }
    Ok(())
}

fn superblock_metadata(input: &SpineInput<'_>) -> Metadata {
    let name = DeltaName {
        from: input.from,
        to: input.commit.checksum(),
    };
    let mut metadata = Metadata::new();
    metadata.insert(Endian::KEY, Endian::Little.to_value());
    if !input.commitmeta.is_empty() {
        metadata.insert(name.commitmeta_key(), input.commitmeta.to_value());
    }
    metadata
}
