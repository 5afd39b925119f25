//! Spines: the static delta of each release, its parts compressed as they are made.

use std::io;
use std::path::Path;
use std::thread;

use crossbeam_channel::bounded;

use super::plan::PlannedRelease;
use super::{Base, Error, ExportOptions};
use crate::Observer;
use crate::bundle::{PackObject, PartSpool, RawPart};
use crate::delta::{self, CompileInput, DeltaError, DeltaPart, SpineInput};
use crate::format::delta::Superblock;
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
    let input = input(repo, release, options);
    // A part is large enough not to wait in a queue.
    let (made, parts) = bounded(0);
    let (compiled, parts) = thread::scope(|scope| {
        let maker = scope.spawn(move || {
            // When nobody takes parts any more, the reason is returned below.
            let gone = || DeltaError::Io(io::ErrorKind::BrokenPipe.into());
            let mut take = |part: DeltaPart| made.send(part).map_err(|_| gone());
            delta::compile(&input, observer, &mut take)
        });
        let raw = parts.into_iter().map(|part: DeltaPart| RawPart {
            level: level(options, part.is_dense()),
            len: part.file_len(),
            write: Box::new(move |out| part.write_to(out)),
        });
        let parts = PartSpool::fill(directory, level(options, false), raw);
        let compiled = maker.join().expect("a spine is made without panicking");
        let parts = parts?;
        Ok::<_, Error>((compiled?, parts))
    })?;
    let mut superblock = Superblock::decode(&compiled.superblock)?;
    let content = superblock.parts.iter().map(|header| header.unpacked).sum();
    Ok(Compiled {
        parts,
        content,
        patched_stored: patched_stored(release, &compiled),
        packs: packs(release, &compiled),
        superblock: match release.ancestors.is_empty() {
            true => compiled.superblock,
            false => {
                superblock.set_history(&release.ancestors)?;
                superblock.encode()?
            }
        },
    })
}

/// Returns the level for parts; `dense` are those of which most is compressed already.
fn level(options: &ExportOptions<'_>, dense: bool) -> i32 {
    options.level.unwrap_or(options.costs.effort.level(dense))
}

fn input<'a>(
    repo: &'a Repo,
    release: &'a PlannedRelease,
    options: &ExportOptions<'a>,
) -> CompileInput<'a> {
    let from = match release.from.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    let spine = SpineInput {
        repo,
        commit: &release.head,
        from,
        commitmeta: &release.commitmeta,
        metadata: &release.carried.metadata,
        files: &release.carried.files,
        timestamp: options.now,
    };
    CompileInput {
        spine,
        sources: match options.base {
            Base::Repository(other) => other,
            _ => repo,
        },
        pairs: &release.carried.pairs,
        costs: options.costs,
        threads: thread::available_parallelism().map_or(1, usize::from),
        part_memory: PartSpool::memory(level(options, false)),
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
