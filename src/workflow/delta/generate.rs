//! Making a static delta between two commits.
//!
//! ```text
//! tree of `to` less tree of `from` ─▸ what may be patched, what is whole, what clients fetch loose
//!     ─▸ parts, see `make` ─▸ a file, or a stage ─▸ deltas/, delta-indexes/, summary, journal
//! ```

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::StaticDeltaError;
use super::make::{Made, make};
use super::pack::Output;
use super::publish::{SummaryChange, publish};
use crate::Observer;
use crate::bundle::PackObject;
use crate::delta::{CostModel, LARGEST_IN_PART, Otherwise, PART_SIZE};
use crate::format::Checksum;
use crate::format::delta::DeltaName;
use crate::repo::{AirlockLock, Repo, Transaction};
use crate::workflow::error::Error;
use crate::workflow::export::carry::{Carried, Carrier, held_by_all};
use crate::workflow::export::whole::WholeInParts;
use crate::workflow::seal::Signing;
use crate::workflow::sidecar;

/// What delta to make, and where.
#[derive(Clone, Copy)]
pub struct GenerateOptions<'a> {
    /// The commit it begins at; none for a delta from nothing.
    pub from: Option<Checksum>,
    /// The commit it leads to.
    pub to: Checksum,
    /// Where it is written.
    pub place: Place<'a>,
    /// What becomes of one that is there already.
    pub existing: Existing,
    /// Whether the parts travel inside the superblock.
    pub inline: bool,
    /// When a file travels as a patch of an old one.
    pub costs: CostModel,
    /// Which files are patched at all, and which are left to clients.
    pub limits: DeltaLimits,
    /// Who signs the summary, if it lists deltas.
    pub signing: Signing<'a>,
    /// The time, in UNIX seconds.
    pub now: u64,
}

/// Where a delta is written.
#[derive(Clone, Copy, Debug)]
pub enum Place<'a> {
    /// Into the repository, for its clients.
    Repository,
    /// As this file, parts beside it.
    File(&'a Path),
}

/// What becomes of a delta that the repository has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is made again.
    Replaced,
    /// It stays.
    Kept,
}

/// Which files are patched at all, and which are left to clients; in bytes of content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeltaLimits {
    /// Files of more than this are never patched.
    pub largest_patched: Option<u64>,
    /// Files of more than this that are not patched are fetched loose; those too large for a part are anyway.
    pub largest_whole: Option<u64>,
}

/// A delta that was made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Generated {
    /// The commit it begins at.
    pub from: Option<Checksum>,
    /// The commit it leads to.
    pub to: Checksum,
    /// The superblock.
    pub superblock: PathBuf,
    /// Whether it was made now; if not, it was there already.
    pub changed: bool,
    /// How many bytes it takes, parts included.
    pub size: u64,
    /// How many parts there are.
    pub parts: usize,
    /// How many files are patches of old ones.
    pub patched: usize,
    /// How many files clients fetch loose.
    pub fallbacks: usize,
    /// What became of the summary.
    pub summary: SummaryChange,
}

/// Makes a static delta.
pub fn generate(
    repo: &Repo,
    options: &GenerateOptions<'_>,
    observer: &dyn Observer,
) -> Result<Generated, Error> {
    let (lock, _) = repo.lock_for_writing()?;
    generate_locked(repo, &lock, options, observer)
}

/// Makes a static delta; the caller holds airlock's lock.
pub(in crate::workflow) fn generate_locked(
    repo: &Repo,
    _lock: &AirlockLock,
    options: &GenerateOptions<'_>,
    observer: &dyn Observer,
) -> Result<Generated, Error> {
    let (from, to) = (options.from, options.to);
    if from == Some(to) {
        return Err(StaticDeltaError::Same(to).into());
    }
    if let Place::File(path) = options.place {
        sidecar::probe(path)?;
    }
    let name = DeltaName { from, to };
    let into_repository = matches!(options.place, Place::Repository);
    if into_repository && options.existing == Existing::Kept && repo.has_delta(&name)? {
        return Ok(kept(repo, &name));
    }
    let _shared = repo.lock_shared()?;
    let carried = carried(repo, options)?;
    if !into_repository && !carried.packs.is_empty() {
        let count = carried.packs.len();
        return Err(StaticDeltaError::TooLarge { count }.into());
    }
    let output = match options.place {
        Place::Repository => Output::Stage(repo.stage_delta(&name)?),
        Place::File(path) => Output::File(path),
    };
    let made = make(repo, options, &carried, &output, observer)?;
    let files = made.size_of_files();
    let (path, size, summary) = match output {
        Output::File(path) => {
            let size = sidecar::replace_with(path, |file| made.write_file(file))?;
            (path.to_owned(), files + size, SummaryChange::Untouched)
        }
        Output::Stage(stage) => {
            let superblock = made.superblock()?;
            let size = files + superblock.len() as u64;
            let tx = Transaction::begin(repo)?;
            tx.put_delta(stage, &superblock)?;
            let note = format!("made {name}, {size} bytes");
            let summary = publish(tx, note, options.signing, options.now, observer)?;
            (repo.path().join(name.superblock_path()), size, summary)
        }
    };
    Ok(generated(&name, path, size, &made, summary))
}

fn generated(
    name: &DeltaName,
    superblock: PathBuf,
    size: u64,
    made: &Made,
    summary: SummaryChange,
) -> Generated {
    Generated {
        from: name.from,
        to: name.to,
        superblock,
        changed: true,
        size,
        parts: made.parts(),
        patched: made.patched,
        fallbacks: made.fallbacks(),
        summary,
    }
}

/// Describes a delta that was there already.
fn kept(repo: &Repo, name: &DeltaName) -> Generated {
    Generated {
        from: name.from,
        to: name.to,
        superblock: repo.path().join(name.superblock_path()),
        changed: false,
        size: 0,
        parts: 0,
        patched: 0,
        fallbacks: 0,
        summary: SummaryChange::Untouched,
    }
}

/// Lists what the delta brings, within the limits.
fn carried(repo: &Repo, options: &GenerateOptions<'_>) -> Result<Carried, Error> {
    let DeltaLimits {
        largest_patched,
        largest_whole,
    } = options.limits;
    let bases: Vec<_> = options.from.into_iter().collect();
    let held = held_by_all(repo, &bases).map_err(|(_, error)| *error)?;
    // Nobody who has only the file could fetch what is left out.
    let most = match options.place {
        Place::Repository => PART_SIZE,
        Place::File(_) => LARGEST_IN_PART,
    };
    let whole = largest_whole.map_or(most, |limit| limit.min(most));
    let mut carried = Carrier::new(repo, WholeInParts::UpTo(whole)).carry(&options.to, &held)?;
    let Some(limit) = largest_patched else {
        return Ok(carried);
    };
    for pair in std::mem::take(&mut carried.pairs) {
        if repo.file(&pair.new)?.size <= limit {
            carried.pairs.push(pair);
            continue;
        }
        match pair.otherwise {
            Otherwise::Whole => carried.files.push(pair.new),
            Otherwise::Declined => carried.packs.push(PackObject {
                name: pair.new,
                size: pair.stored,
            }),
        }
    }
    carried.packs.sort_unstable();
    Ok(carried)
}
