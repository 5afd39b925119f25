//! Spines: the static delta of each release, its parts compressed as they are made.

use std::io;
use std::path::Path;
use std::thread;

use crossbeam_channel::bounded;

use super::plan::PlannedRelease;
use super::{Base, Error, ExportOptions};
use crate::Observer;
use crate::bundle::{PackObject, PartSpool, RawPart, WriteError};
use crate::delta::{self, CompileInput, DeltaError, DeltaPart, Pair, PartKind, SpineInput};
use crate::format::delta::{PartHeader, Superblock};
use crate::repo::Repo;

/// The spine of one release.
pub(super) struct Compiled {
    pub(super) superblock: Vec<u8>,
    pub(super) parts: PartSpool,
    /// The bytes of its objects as a checkout would hold them.
    pub(super) content: u64,
    /// The size in the repository of the files that are patches.
    pub(super) patched_stored: u64,
    /// What goes into packs, sorted.
    pub(super) packs: Vec<PackObject>,
}

/// Makes the spine of a release; parts beyond memory wait in `directory`.
pub(super) fn compile(
    repo: &Repo,
    release: &PlannedRelease,
    options: &ExportOptions<'_>,
    directory: &Path,
    observer: &dyn Observer,
) -> Result<Compiled, Error> {
    let carried = &release.carried;
    let input = CompileInput {
        spine: SpineInput {
            metadata: &carried.metadata,
            files: &carried.files,
            ..nothing(repo, release, options)
        },
        ..some_pairs(repo, release, options, &carried.pairs)
    };
    let level = |kind| level(options, kind);
    let (compiled, (parts, headers)) = with_parts(&input, observer, |parts| {
        let raw = parts.map(|part: DeltaPart| raw(level(part.kind()), part));
        PartSpool::fill(directory, level(PartKind::Whole), raw)
    })?;
    let content = headers.iter().map(|header| header.unpacked).sum();
    let patched_stored = patched_stored(release, &compiled);
    let packs = packs(release, &compiled);
    let mut superblock = compiled.superblock;
    superblock.parts = headers;
    if !release.ancestors.is_empty() {
        superblock.set_history(&release.ancestors)?;
    }
    let superblock = superblock.encode()?;
    // Nothing is written that could not be read again.
    Superblock::decode(&superblock)?;
    Ok(Compiled {
        superblock,
        parts,
        content,
        patched_stored,
        packs,
    })
}

/// Returns the level for parts of this kind.
pub(super) fn level(options: &ExportOptions<'_>, kind: PartKind) -> i32 {
    options.level.unwrap_or(options.costs.effort.level(kind))
}

/// Prepares a part for being compressed.
pub(super) fn raw(level: i32, part: DeltaPart) -> RawPart<PartHeader> {
    RawPart {
        level,
        is_patches: part.kind() == PartKind::Patches,
        len: part.file_len(),
        write: Box::new(move |out| part.write_to(out)),
    }
}

/// Compiles, and hands the parts to `take` while more are made.
pub(super) fn with_parts<T>(
    input: &CompileInput<'_>,
    observer: &dyn Observer,
    take: impl FnOnce(crossbeam_channel::IntoIter<DeltaPart>) -> Result<T, WriteError>,
) -> Result<(delta::Compiled, T), Error> {
    // A part is large enough not to wait in a queue.
    let (made, parts) = bounded(0);
    thread::scope(|scope| {
        let maker = scope.spawn(move || {
            // When nobody takes parts any more, the reason is returned below.
            let gone = || DeltaError::Io(io::ErrorKind::BrokenPipe.into());
            let mut take = |part: DeltaPart| made.send(part).map_err(|_| gone());
            delta::compile(input, observer, &mut take)
        });
        let taken = take(parts.into_iter());
        let compiled = maker.join().expect("a spine is made without panicking");
        let taken = taken?;
        Ok((compiled?, taken))
    })
}

/// The spine of a release with nothing in it.
pub(super) fn nothing<'a>(
    repo: &'a Repo,
    release: &'a PlannedRelease,
    options: &ExportOptions<'a>,
) -> SpineInput<'a> {
    SpineInput {
        repo,
        commit: &release.head,
        from: match release.from.as_slice() {
            [only] => Some(*only),
            _ => None,
        },
        commitmeta: &release.commitmeta,
        metadata: &[],
        files: &[],
        timestamp: options.now,
    }
}

/// The same with some of the release's pairs.
pub(super) fn some_pairs<'a>(
    repo: &'a Repo,
    release: &'a PlannedRelease,
    options: &ExportOptions<'a>,
    pairs: &'a [Pair],
) -> CompileInput<'a> {
    CompileInput {
        spine: nothing(repo, release, options),
        sources: match options.base {
            Base::Repository(other) => other,
            _ => repo,
        },
        pairs,
        costs: options.costs,
        threads: thread::available_parallelism().map_or(1, usize::from),
        part_memory: PartSpool::memory(level(options, PartKind::Whole)),
        one_window_in: 1,
    }
}

/// Returns the size in the repository of the pairs that are in parts.
fn patched_stored(release: &PlannedRelease, compiled: &delta::Compiled) -> u64 {
    let declined = compiled.declined.iter();
    let declined = declined.filter_map(|index| release.carried.pairs.get(*index));
    let declined: u64 = declined.map(|pair| pair.stored).sum();
    release.carried.pair_stored() - declined
}

/// Lists what goes into packs: what has no old file, and what no patch makes smaller.
fn packs(release: &PlannedRelease, compiled: &delta::Compiled) -> Vec<PackObject> {
    let mut packs = release.carried.packs.clone();
    let declined = compiled.declined.iter();
    let declined = declined.filter_map(|index| release.carried.pairs.get(*index));
    packs.extend(declined.map(|pair| PackObject {
        name: pair.new,
        size: pair.stored,
    }));
    packs.sort_unstable();
    packs
}
