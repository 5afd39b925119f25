//! Where a site may go back to without a key, should the release turn out to be bad.

use std::collections::{BTreeMap, BTreeSet};

use super::base::Finder;
use super::plan::PlannedRelease;
use super::{Error, ExportError, MayReturn};
use crate::format::{Checksum, RefName};
use crate::repo::Repo;
use crate::repo::summary::METADATA_REF;

/// Lists per ref the commits that the bundle permits the site to publish again.
pub(super) fn find(
    repo: &Repo,
    asked: MayReturn<'_>,
    finder: &Finder<'_>,
    releases: &[PlannedRelease],
    refs_after: &BTreeMap<RefName, Option<Checksum>>,
) -> Result<BTreeMap<RefName, Vec<Checksum>>, Error> {
    match asked {
        MayReturn::Nowhere => Ok(BTreeMap::new()),
        MayReturn::Before => Ok(before(finder, releases, refs_after)),
        MayReturn::Revisions(revisions) => named(repo, revisions, releases),
    }
}

/// What a site can have had: what it builds on, what it was sent last, the release before.
fn before(
    finder: &Finder<'_>,
    releases: &[PlannedRelease],
    refs_after: &BTreeMap<RefName, Option<Checksum>>,
) -> BTreeMap<RefName, Vec<Checksum>> {
    let mut found = BTreeMap::new();
    for (name, head) in refs_after {
        let release = releases.iter().find(|release| release.name == *name);
        // What neither moves nor goes has nowhere to go back to; the metadata follows its summary.
        if name.as_str() == METADATA_REF || (release.is_none() && head.is_some()) {
            continue;
        }
        let mut commits: BTreeSet<_> = finder.last(name).into_iter().collect();
        if let Some(release) = release {
            commits.extend(&release.from);
            commits.extend(release.head.parent);
            commits.remove(&release.commit);
        }
        if !commits.is_empty() {
            found.insert(name.clone(), commits.into_iter().collect());
        }
    }
    found
}

/// Gives each revision to the refs it was released under.
fn named(
    repo: &Repo,
    revisions: &[String],
    releases: &[PlannedRelease],
) -> Result<BTreeMap<RefName, Vec<Checksum>>, Error> {
    let mut found: BTreeMap<RefName, Vec<Checksum>> = BTreeMap::new();
    for revision in revisions {
        let commit = repo.resolve(revision)?;
        let bindings = repo.commit(&commit)?.ref_binding().unwrap_or_default();
        let fits = |release: &&PlannedRelease| {
            release.commit != commit && bindings.iter().any(|name| name == release.name.as_str())
        };
        let mut fitting = releases.iter().filter(fits).peekable();
        if fitting.peek().is_none() {
            let revision = revision.clone();
            return Err(ExportError::ForeignReturn { revision }.into());
        }
        for release in fitting {
            let commits = found.entry(release.name.clone()).or_default();
            if !commits.contains(&commit) {
                commits.push(commit);
            }
        }
    }
    Ok(found)
}
