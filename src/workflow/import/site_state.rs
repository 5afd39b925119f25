//! What a repository has before an import: the refs, the summary, and what it accepted earlier.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bundle::{Manifest, VerifiedBundle};
use crate::format::{Checksum, RefName, Summary};
use crate::repo::{Repo, RepoError};
use crate::workflow::error::Error;
use crate::workflow::finding::Finding;
use crate::workflow::rollback::Previous;
use crate::workflow::site::{Accepted, Records};

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
    /// What was accepted before, as repository and copy say together.
    pub accepted: Option<Accepted>,
    /// What there was before the last bundle.
    pub previous: Option<Previous>,
    /// The time to judge at: the later of the clock and what was accepted.
    pub now: u64,
    /// What stands against relying on that.
    pub lost: Vec<Finding>,
    /// What the repository alone says.
    own: Option<Accepted>,
    /// The refs, aliases among them.
    pub heads: BTreeMap<RefName, Checksum>,
    /// The summary as it is.
    pub summary: Option<Vec<u8>>,
    /// Its signatures as they are.
    pub signature: Option<Vec<u8>>,
}

impl SiteState {
    /// Reads the state, of which these are the records.
    pub fn read(repo: &Repo, records: Records, clock: u64) -> Result<SiteState, Error> {
        let refs = repo.refs()?.into_iter();
        Ok(SiteState {
            previous: Previous::load(repo)?,
            accepted: records.accepted(),
            now: records.now(clock)?,
            lost: records.lost(repo)?.into_iter().map(Finding::from).collect(),
            own: records.own,
            heads: refs.map(|(name, entry)| (name, entry.commit)).collect(),
            summary: repo.summary()?,
            signature: repo.summary_signature()?,
        })
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

    /// Returns the sequence number that stands before this bundle. A crash may have left the bundle's
    /// own in the copy; then the repository's counts.
    pub fn sequence_before(&self, bundle: &VerifiedBundle, name: &RefName) -> Option<u64> {
        match self.is_last(bundle) {
            true => self.own.as_ref()?.sequence.get(name).copied(),
            false => self.sequence(bundle.manifest(), name),
        }
    }

    /// Tells whether this is the bundle that was accepted last, and all of it was published.
    pub fn has_published(&self, bundle: &VerifiedBundle) -> bool {
        let last = self.own.as_ref().and_then(|own| own.bundle);
        last.as_ref() == Some(bundle.id())
    }

    /// Tells whether this is the bundle that was accepted last, as the copy may say before it is published.
    pub fn is_last(&self, bundle: &VerifiedBundle) -> bool {
        let last = self.accepted.as_ref().and_then(|accepted| accepted.bundle);
        last.as_ref() == Some(bundle.id())
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
        let last = self.is_last(bundle);
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
