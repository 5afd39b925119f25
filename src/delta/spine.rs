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

use super::{DeltaError, DeltaPart, assemble::Assembler};
use crate::{
    format::{
        Checksum, Commit, Encoded, Metadata, ObjectName,
        delta::{DeltaName, Endian, Superblock},
    },
    repo::Repo,
};

/// Where a part is closed at the latest: what stock calls its maximum chunk size. An object above it
/// has a part of its own.
pub const PART_SIZE: u64 = 32_000_000;
/// What one file may take of a part: it is never cut, and readers take parts of up to 256 MiB.
pub const LARGEST_IN_PART: u64 = 248 << 20;

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

/// Makes a spine in memory, of whole objects: for metadata, which is small.
pub fn compile_spine(input: &SpineInput<'_>) -> Result<Spine, DeltaError> {
    let (mut headers, mut parts) = (Vec::new(), Vec::new());
    let mut take = |part: DeltaPart| {
        let mut file = Vec::new();
        headers.push(part.write_to(&mut file)?);
        parts.push(file);
        Ok(())
    };
    let mut assembler = Assembler::new(input.repo, &mut take);
    for object in input.metadata {
        assembler.metadata(object)?;
    }
    for file in input.files {
        assembler.file(file)?;
    }
    assembler.finish()?;
    let superblock = Superblock {
        parts: headers,
        ..superblock(input)
    };
    Ok(Spine {
        superblock: superblock.encode()?,
        parts,
    })
}

/// Puts the superblock together, as far as parts have nothing to do with it.
pub(super) fn superblock(input: &SpineInput<'_>) -> Superblock {
    Superblock {
        metadata: superblock_metadata(input),
        timestamp: input.timestamp,
        from: input.from,
        commit: input.commit.clone(),
        parts: Vec::new(),
        fallbacks: Vec::new(),
    }
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
