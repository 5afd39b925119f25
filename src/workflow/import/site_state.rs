//! What a repository has before an import: the refs, the summary, and what it accepted earlier.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bundle::{Manifest, VerifiedBundle};
use crate::format::{Checksum, RefName, Summary};
use crate::repo::{Repo, RepoError};
use crate::workflow::error::Error;
use crate::workflow::rollback::Previous;
use crate::workflow::site::Accepted;

/// How a bundle stands to what a repository has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It brings something.
    #[default]
    Ahead,
    /// Exactly this was imported before, and is still there.
    Present,
    /// Something newer was imported before.
    Superseded,
    /// It was imported, and then taken back; only a newer one moves on.
    TakenBack,
}

/// What policy looks at, and what must not have changed when it comes to publishing.
#[derive(Clone, Debug)]
pub struct SiteState {
    /// What was accepted before.
    pub accepted: Option<Accepted>,
    /// What there was before the last bundle.
    pub previous: Option<Previous>,
    /// The refs, aliases among them.
    pub heads: BTreeMap<RefName, Checksum>,
    /// The summary as it is.
    pub summary: Option<Vec<u8>>,
    /// Its signatures as they are.
    pub signature: Option<Vec<u8>>,
}

impl SiteState {
    /// Reads the state.
    pub fn read(repo: &Repo) -> Result<SiteState, Error> {
        let refs = repo.refs()?.into_iter();
        Ok(SiteState {
            accepted: Accepted::load(repo)?,
            previous: Previous::load(repo)?,
            heads: refs.map(|(name, entry)| (name, entry.commit)).collect(),
            summary: repo.summary()?,
            signature: repo.summary_signature()?,
        })
    }

    /// Returns the time to judge at: a clock that was set back counts for nothing.
    pub fn now(&self, clock: u64) -> u64 {
        self.accepted
            .as_ref()
            .map_or(clock, |accepted| accepted.time_floor(clock))
    }

    /// Returns when the present summary was made, if there is one that says so.
    pub fn summary_modified(&self) -> Option<u64> {
        Summary::decode(self.summary.as_deref()?)
            .ok()?
            .last_modified()
    }

    /// Returns the sequence number that was last accepted for a ref of this repository's twin.
    pub fn sequence(&self, manifest: &Manifest, name: &RefName) -> Option<u64> {
        let accepted = self.accepted.as_ref()?;
        let same = accepted.repository == manifest.repository.id.to_string();
        accepted.sequence.get(name).copied().filter(|_| same)
    }

    /// Tells whether a bundle brings anything.
    pub fn standing(&self, repo: &Repo, bundle: &VerifiedBundle) -> Result<Standing, Error> {
        let manifest = bundle.manifest();
        let held = self.previous.as_ref().filter(|previous| previous.held);
        if held.is_some_and(|previous| previous.bundle == *bundle.id()) {
            return Ok(Standing::TakenBack);
        }
        let behind = |(name, number): (&RefName, &u64)| {
            self.sequence(manifest, name)
                .is_some_and(|accepted| *number <= accepted)
        };
        if manifest.sequence.is_empty() || !manifest.sequence.iter().all(behind) {
            return Ok(Standing::Ahead);
        }
        let mut refs = manifest.refs_after.iter();
        let same = refs.all(|(name, commit)| self.heads.get(name) == commit.as_ref());
        let last = self
            .accepted
            .as_ref()
            .is_some_and(|accepted| accepted.bundle.as_ref() == Some(bundle.id()));
        if last && same && self.whole(repo, manifest)? {
            return Ok(Standing::Present);
        }
        match !last && self.is_newer(repo, manifest)? {
            true => Ok(Standing::Superseded),
            false => Ok(Standing::Ahead),
        }
    }

    /// Tells whether every commit of the bundle is here, and not marked as partial.
    fn whole(&self, repo: &Repo, manifest: &Manifest) -> Result<bool, Error> {
        for release in &manifest.releases {
            if commit_time(repo, &release.commit)?.is_none() || repo.is_partial(&release.commit)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tells whether every ref that the bundle speaks of is at its commit or at a later one.
    fn is_newer(&self, repo: &Repo, manifest: &Manifest) -> Result<bool, Error> {
        for release in &manifest.releases {
            let Some(head) = self.heads.get(&release.name) else {
                return Ok(false);
            };
            let time = commit_time(repo, head)?;
            if *head != release.commit && time.is_none_or(|time| time < release.timestamp) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Returns a commit's timestamp, if the commit is here.
pub fn commit_time(repo: &Repo, commit: &Checksum) -> Result<Option<u64>, Error> {
    match repo.commit(commit) {
        Ok(commit) => Ok(Some(commit.timestamp)),
        Err(RepoError::ObjectMissing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
