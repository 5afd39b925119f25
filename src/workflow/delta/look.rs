//! Looking at static deltas, and taking them away.

use std::path::Path;

use serde::Serialize;

use super::StaticDeltaError;
use super::file::DeltaFile;
use super::publish::{SummaryChange, publish};
use crate::Observer;
use crate::format::Checksum;
use crate::format::delta::DeltaName;
use crate::repo::{Repo, Transaction};
use crate::workflow::error::Error;
use crate::workflow::seal::Signing;

/// What a static delta holds.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DeltaLook {
    /// The commit it begins at.
    pub from: Option<Checksum>,
    /// The commit it leads to.
    pub to: Checksum,
    /// When it was made, in UNIX seconds.
    pub timestamp: u64,
    /// Its parts.
    pub parts: Vec<LookedPart>,
    /// How many objects it leaves out; clients fetch them loose.
    pub fallbacks: usize,
    /// How large they are where it was made.
    pub fallback_size: u64,
}

/// One part of a static delta.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LookedPart {
    /// Its SHA-256.
    pub checksum: Checksum,
    /// Its size, compressed.
    pub size: u64,
    /// The size of what it makes.
    pub unpacked: u64,
    /// How many objects it makes.
    pub objects: usize,
    /// Whether it travels inside the superblock.
    pub inline: bool,
}

/// Says what the delta at `path` holds: a superblock, or the directory it is in.
pub fn look(path: &Path) -> Result<DeltaLook, Error> {
    Ok(describe(&DeltaFile::open(path)?))
}

/// Lists the deltas of a repository.
pub fn list(repo: &Repo) -> Result<Vec<DeltaName>, Error> {
    let found = repo.static_deltas()?.into_iter();
    let mut names: Vec<_> = found.map(|(name, _)| name).collect();
    names.sort_unstable();
    Ok(names)
}

/// A delta that was taken away.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deleted {
    /// Its name, as it was listed.
    pub delta: String,
    /// What became of the summary.
    pub summary: SummaryChange,
}

/// Takes a delta away; clients that look for it pull objects instead.
pub fn delete(
    repo: &Repo,
    name: &DeltaName,
    signing: Signing<'_>,
    now: u64,
    observer: &dyn Observer,
) -> Result<Deleted, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    if !repo.has_delta(name)? {
        return Err(StaticDeltaError::Missing(*name).into());
    }
    let tx = Transaction::begin(repo)?;
    tx.drop_delta(name);
    let note = format!("deleted {name}");
    Ok(Deleted {
        delta: name.to_string(),
        summary: publish(tx, note, signing, now, observer)?,
    })
}

fn describe(file: &DeltaFile) -> DeltaLook {
    let superblock = file.superblock();
    let stored = superblock.fallbacks.iter().map(|entry| entry.stored);
    DeltaLook {
        from: superblock.from,
        to: superblock.to(),
        timestamp: superblock.timestamp,
        parts: superblock
            .parts
            .iter()
            .enumerate()
            .map(|(number, part)| LookedPart {
                checksum: part.checksum,
                size: part.size,
                unpacked: part.unpacked,
                objects: part.objects.len(),
                inline: file.is_inline(number),
            })
            .collect(),
        fallbacks: superblock.fallbacks.len(),
        fallback_size: stored.fold(0, u64::saturating_add),
    }
}
