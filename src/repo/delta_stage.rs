//! Static deltas on their way into `deltas/`, or out of it: together with everything else that a
//! transaction publishes.
//!
//! ```text
//! extensions/airlock/deltas/FROM-TO/0, 1, …, superblock    being made; synced, and nobody looks there
//! redo record {"deltas":{"FROM-TO":digest|null}}           from here on it appears, or goes
//! what is replaced or goes     indexes without it ▸ superblock ▸ parts
//! what is put                  renamed to deltas/MI/FI6s… ▸ indexes with it ▸ the summary
//! ```
//!
//! So the parts of one delta are never found beside the superblock of another. Between the two a
//! client pulls objects, as it does where there is no delta at all.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs;
use rustix::io::Errno;

use super::durable;
use super::error::{Context, RepoError};
use super::repository::Repo;
use super::transaction::Transaction;
use super::{disk, paths};
use crate::format::Checksum;
use crate::format::delta::DeltaName;

/// What becomes of deltas, by name: the digest of the superblock of one that is put, nothing for
/// one that goes.
pub(in crate::repo) type DeltaChanges = BTreeMap<DeltaName, Option<Checksum>>;

/// A delta in the making; dropping it discards it.
#[must_use = "dropping a staged delta discards it"]
#[derive(Debug)]
pub struct DeltaStage<'r> {
    repo: &'r Repo,
    name: DeltaName,
    dir: OwnedFd,
    kept: bool,
}

impl Repo {
    /// Begins a delta. What earlier runs left is removed: **the caller holds airlock's lock.**
    pub fn stage_delta(&self, name: &DeltaName) -> Result<DeltaStage<'_>, RepoError> {
        let path = paths::delta_stage(name);
        let at = || self.path().join(&path);
        let own = self.extension_dir()?;
        disk::remove_tree(own.as_fd(), paths::DELTA_STAGES).at("remove", at())?;
        Ok(DeltaStage {
            dir: self.dir_at(&path)?,
            repo: self,
            name: *name,
            kept: false,
        })
    }
}

impl DeltaStage<'_> {
    /// Writes one file: a part, or the superblock.
    pub fn write<T>(
        &self,
        file: &str,
        write: impl FnOnce(&mut File) -> io::Result<T>,
    ) -> Result<T, RepoError> {
        let (tmp, sync) = (self.repo.tmp()?, self.repo.sync());
        let at = || self.repo.path().join(paths::delta_stage(&self.name));
        let (tmp, dir) = (tmp.as_fd(), self.dir.as_fd());
        durable::place_with(tmp, dir, file, write, 0o644, sync).at("write", at())
    }
}

impl Drop for DeltaStage<'_> {
    fn drop(&mut self) {
        if !self.kept {
            let _ = disk::remove_tree(self.repo.dir(), &paths::delta_stage(&self.name));
        }
    }
}

impl Transaction<'_> {
    /// Puts a delta into the repository, in the place of one with the same name; `superblock` is the
    /// last of its files.
    pub fn put_delta(&self, mut stage: DeltaStage<'_>, superblock: &[u8]) -> Result<(), RepoError> {
        stage.write("superblock", |file| file.write_all(superblock))?;
        let at = || self.repo().path().join(paths::delta_stage(&stage.name));
        self.repo().sync().dir(&stage.dir).at("sync", at())?;
        stage.kept = true;
        self.change_delta(&stage.name, Some(Checksum::of(superblock)));
        Ok(())
    }

    /// Takes a delta out of the repository; clients that look for it pull objects instead.
    pub fn drop_delta(&self, name: &DeltaName) {
        self.change_delta(name, None);
    }

    /// Lists the static deltas as they will be, with the digest of each superblock.
    pub fn deltas_after(&self) -> Result<Vec<(DeltaName, Checksum)>, RepoError> {
        let changes = self.delta_changes();
        let mut deltas = self.repo().static_deltas()?;
        deltas.retain(|(name, _)| !changes.contains_key(name));
        let put = changes.into_iter();
        deltas.extend(put.filter_map(|(name, digest)| Some((name, digest?))));
        Ok(deltas)
    }
}

/// Does what was decided; each step may have been done before.
pub(in crate::repo) fn apply(
    repo: &Repo,
    changes: impl IntoIterator<Item = (DeltaName, Option<Checksum>)>,
) -> Result<(), RepoError> {
    let (mut changed, mut going, mut waiting) = (false, Vec::new(), Vec::new());
    for (name, put) in changes {
        changed = true;
        // One that is staged no more is in its place already.
        let staged = put.is_some() && is_staged(repo, &name)?;
        if staged || put.is_none() {
            going.push(name);
        }
        waiting.extend(staged.then_some(name));
    }
    if !changed {
        return Ok(());
    }
    if !going.is_empty() {
        repo.index_deltas_but(&going)?;
    }
    for name in &going {
        repo.remove_delta(name)?;
    }
    for name in &waiting {
        place(repo, name)?;
    }
    repo.reindex_deltas()
}

fn is_staged(repo: &Repo, name: &DeltaName) -> Result<bool, RepoError> {
    let path = paths::delta_stage(name);
    match durable::open_dir(repo.dir(), &path) {
        Ok(_) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error).at("open", repo.path().join(path)),
    }
}

/// Renames a staged delta to where clients find it.
fn place(repo: &Repo, name: &DeltaName) -> Result<(), RepoError> {
    let directory = name.directory();
    let at = || repo.path().join(&directory);
    let (fan, rest) = directory.rsplit_once('/').unwrap_or((".", &directory));
    let fan_dir = repo.dir_at(fan)?;
    let stages = repo.dir_at(&format!("{}/{}", paths::AIRLOCK, paths::DELTA_STAGES))?;
    fs::renameat(&stages, name.to_string(), &fan_dir, rest).at("publish", at())?;
    let sync = repo.sync();
    sync.dir(&fan_dir)
        .and_then(|()| sync.dir(&stages))
        .at("sync", at())
}
