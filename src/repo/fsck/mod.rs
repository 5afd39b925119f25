//! Checking a repository: every object against its name, every commit for completeness, every ref.
//!
//! ```text
//! list objects/ ─▸ sweep   all objects, in parallel, strictly decoded
//!               ─▸ trees   from refs and commits down: what is missing, and where bad objects belong
//!               ─▸ refs    that they name commits which are there, and are bound to them
//! ```
//!
//! It finds what `ostree fsck` finds, and what that lets pass: duplicate or empty names, wrong sizes
//! and bytes after the end of `.filez`, padding that is not zero.

mod finding;
mod sweep;
mod trees;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use super::error::{Context, RepoError};
use super::paths::RefPlace;
use super::repository::Repo;
use super::{disk, paths};
use crate::Observer;
use crate::format::{Checksum, ObjectKind, ObjectName, RefName};

pub use finding::{FsckFinding, Where};

/// What to check, and with how many threads.
#[derive(Clone, Debug)]
pub struct FsckOptions {
    /// How many objects are checked at the same time.
    pub threads: usize,
    /// Whether a commit has to be bound to the refs and the collection it is found under.
    pub bindings: bool,
    /// Whether the refs that a commit is bound to have to exist.
    pub back_refs: bool,
}

/// What a check found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FsckReport {
    /// How many objects were read.
    pub objects: u64,
    /// How many bytes of content and metadata were hashed.
    pub bytes: u64,
    /// How many commits were followed.
    pub commits: u64,
    /// Commits that are known to lack objects, which is not a fault.
    pub partial: Vec<Checksum>,
    /// What is wrong.
    pub findings: Vec<FsckFinding>,
}

/// A ref, wherever it is kept.
pub(in crate::repo) type Heads = BTreeMap<(RefPlace, RefName), Checksum>;

/// Checks a repository; what is wrong with it is in the report, what stopped the check is the error.
pub fn fsck(
    repo: &Repo,
    options: &FsckOptions,
    observer: &dyn Observer,
) -> Result<FsckReport, RepoError> {
    let objects = list(repo)?;
    let swept = sweep::sweep(repo, &objects, options.threads, observer)?;
    let mut report = FsckReport {
        objects: objects.len() as u64,
        bytes: swept.bytes,
        ..FsckReport::default()
    };
    let present: HashSet<ObjectName> = objects.iter().copied().collect();
    let heads = heads(repo)?;
    let (complete, partial) = commits(repo, &objects, &heads)?;
    report.commits = complete.len() as u64;
    report.partial = partial;
    report.findings = trees::follow(repo, &present, swept.bad, &heads, &complete)?;
    trees::refs(repo, options, &present, &heads, &mut report.findings)?;
    Ok(report)
}

/// Lists every object, in the order of the directories.
pub(in crate::repo) fn list(repo: &Repo) -> Result<Vec<ObjectName>, RepoError> {
    let at = || repo.path().join(paths::OBJECTS);
    let mut objects = Vec::new();
    for (fan, is_dir) in disk::entries(repo.objects(), ".").at("list", at())? {
        if !is_dir {
            continue;
        }
        for (file, _) in disk::entries(repo.objects(), &fan).at("list", at())? {
            objects.extend(paths::parse_loose(&format!("{fan}/{file}"), repo.mode()));
        }
    }
    objects.sort_unstable();
    Ok(objects)
}

/// Finds what every ref names.
pub(in crate::repo) fn heads(repo: &Repo) -> Result<Heads, RepoError> {
    let mut heads = Heads::new();
    for (name, entry) in repo.refs()? {
        heads.insert((RefPlace::Heads, name), entry.commit);
    }
    for ((remote, name), commit) in repo.remote_refs()? {
        heads.insert((RefPlace::Remote(remote), name), commit);
    }
    for ((collection, name), commit) in repo.collection_refs()? {
        heads.insert((RefPlace::Mirror(collection), name), commit);
    }
    Ok(heads)
}

/// The commits to follow, those that have a ref first, and the ones that are known to be partial.
fn commits(
    repo: &Repo,
    objects: &[ObjectName],
    heads: &Heads,
) -> Result<(Vec<Checksum>, Vec<Checksum>), RepoError> {
    let all: BTreeSet<Checksum> = objects
        .iter()
        .filter(|name| name.kind == ObjectKind::Commit)
        .map(|name| name.checksum)
        .collect();
    let mut order: Vec<Checksum> = heads.values().copied().collect();
    order.extend(all.iter().copied());
    let mut seen = HashSet::new();
    order.retain(|commit| all.contains(commit) && seen.insert(*commit));
    let mut complete = Vec::new();
    let mut partial = Vec::new();
    for commit in order {
        match repo.is_partial(&commit)? {
            true => partial.push(commit),
            false => complete.push(commit),
        }
    }
    Ok((complete, partial))
}
