//! Spines: the static delta of each release, its parts compressed as they are made.

use std::io;
use std::path::Path;
use std::thread;

use crossbeam_channel::bounded;

use super::Error;
use super::plan::PlannedRelease;
use crate::bundle::PartSpool;
use crate::delta::{DeltaError, SpineInput, compile_spine_to};
use crate::format::delta::Superblock;
use crate::repo::Repo;

/// The zstd level of parts that hold only metadata; they are small.
const METADATA_LEVEL: i32 = 9;

/// The spine of one release.
pub(super) struct Compiled {
    pub(super) superblock: Vec<u8>,
    pub(super) parts: PartSpool,
    /// The bytes of its objects as a checkout would hold them.
    pub(super) content: u64,
}

/// Makes the spine of a release; parts beyond memory wait in `directory`.
pub(super) fn compile(
    repo: &Repo,
    release: &PlannedRelease,
    level: Option<i32>,
    now: u64,
    directory: &Path,
) -> Result<Compiled, Error> {
    let from = match release.from.as_slice() {
        [only] => Some(*only),
        _ => None,
    };
    let input = SpineInput {
        repo,
        commit: &release.head,
        from,
        commitmeta: &release.commitmeta,
        metadata: &release.carried.metadata,
        files: &release.carried.files,
        timestamp: now,
    };
    let (made, parts) = bounded(1);
    let (superblock, parts) = thread::scope(|scope| {
        let maker = scope.spawn(move || {
            // When nobody takes parts any more, the reason is returned below.
            let gone = || DeltaError::Io(io::ErrorKind::BrokenPipe.into());
            let mut emit = |part| made.send(part).map_err(|_| gone());
            compile_spine_to(&input, &mut emit)
        });
        let parts = PartSpool::fill(
            directory,
            level.unwrap_or(METADATA_LEVEL),
            parts.into_iter(),
        );
        let superblock = maker.join().expect("a spine is made without panicking");
        let parts = parts?;
        Ok::<_, Error>((superblock?, parts))
    })?;
    let headers = Superblock::decode(&superblock)?.parts;
    let content = headers.iter().map(|header| header.unpacked).sum();
    Ok(Compiled {
        superblock,
        parts,
        content,
    })
}
