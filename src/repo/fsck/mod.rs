//! Checking a repository: every object against its name, every commit for completeness, every ref, every delta.
//!
//! ```text
//! list objects/ ─▸ sweep   all objects, in parallel, strictly decoded
//!               ─▸ trees   from refs and commits down: what is missing, and where bad objects belong
//!               ─▸ heads   that refs can be read, name commits which are there, and are bound to them
//!               ─▸ deltas  that they lead to commits which are here, and their parts are what they say
//!               ─▸ leftovers   what killed commands left behind, which is no fault
//! ```
//!
//! It finds what `ostree fsck` finds, and what that lets pass: duplicate or empty names, wrong sizes
//! and bytes after the end of `.filez`, padding that is not zero, refs that no ref can be called.

mod deltas;
mod finding;
mod heads;
mod leftovers;
mod survey;
mod sweep;
mod trees;

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::{Context, RepoError};
use super::paths::RefPlace;
use super::repository::Repo;
use super::{disk, paths};
use crate::Observer;
use crate::format::{Checksum, ObjectName, RefName};

pub use finding::{FsckFinding, Where};
pub use survey::{Survey, Wanted};

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
    /// How many static deltas were checked.
    pub deltas: u64,
    /// Commits that are known to lack objects, which is not a fault.
    pub partial: Vec<Checksum>,
    /// What killed commands left, beneath the repository; it does no harm.
    pub leftovers: Vec<String>,
    /// The repository's own refs, as far as they can be read.
    pub refs: BTreeMap<RefName, Checksum>,
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
    Survey::take(repo, options, observer)?.report()
}

/// Lists every object, in the order of the directories, and what else lies there.
pub(in crate::repo) fn list(repo: &Repo) -> Result<(Vec<ObjectName>, Vec<String>), RepoError> {
    let at = || repo.path().join(paths::OBJECTS);
    let (mut objects, mut strays) = (Vec::new(), Vec::new());
    for (fan, is_dir) in disk::entries(repo.objects(), ".").at("list", at())? {
        if !is_dir {
            strays.push(format!("{}/{fan}", paths::OBJECTS));
            continue;
        }
        for (file, _) in disk::entries(repo.objects(), &fan).at("list", at())? {
            let loose = format!("{fan}/{file}");
            match paths::parse_loose(&loose, repo.mode()) {
                Some(name) => objects.push(name),
                None => strays.push(format!("{}/{loose}", paths::OBJECTS)),
            }
        }
    }
    objects.sort_unstable();
    Ok((objects, strays))
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

/// A ref as people write it.
fn show(place: &RefPlace, name: &str) -> String {
    match place {
        RefPlace::Heads => name.to_owned(),
        RefPlace::Remote(remote) => format!("{remote}:{name}"),
        RefPlace::Mirror(collection) => format!("({collection}, {name})"),
    }
}
