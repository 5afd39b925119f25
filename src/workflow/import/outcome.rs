//! What an import did, or would do.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::bundle::VerifiedBundle;
use crate::format::{Checksum, RefName};
use crate::openpgp::{Fingerprint, Verification};
use crate::repo::{Published, Repo};
use crate::workflow::delta::Generated;
use crate::workflow::error::Error;
use crate::workflow::finding::Finding;
use crate::workflow::journal::{self, Move, TrustMove};
use crate::workflow::trust::Trust;

use super::ImportOptions;
use super::clock::Clock;
use super::preflight::carries_summary;
use super::site_state::{SiteState, Standing};

/// Whose summary the repository has after an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SummarySource {
    /// The twin's, as it was signed before it left.
    Bundle,
    /// The site's, signed here.
    Site,
    /// The site's, unsigned as it was before.
    Unsigned,
    /// None was there, and none is made.
    None,
}

/// What an import did, or would do.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ImportOutcome {
    /// The bundle's id, the SHA-256 of its manifest.
    pub bundle: Checksum,
    /// Who signed it.
    pub signers: BTreeSet<Fingerprint>,
    /// Whether anything changed.
    pub changed: bool,
    /// How it stood to what the repository had.
    pub standing: Standing,
    /// Whether something newer was here already.
    pub superseded: bool,
    /// Whether an interrupted publish was finished first.
    pub rolled_forward: bool,
    /// The refs that moved, or would.
    pub refs: BTreeMap<RefName, Move>,
    /// The versions that came, per ref.
    pub versions: BTreeMap<RefName, String>,
    /// The version of the trust, if it rose or would.
    pub trust: Option<TrustMove>,
    /// How many objects were added.
    pub objects: u64,
    /// How many objects an interrupted run had left, and were not read again.
    pub resumed: usize,
    /// Whose summary is published.
    pub summary: SummarySource,
    /// The static deltas that were made for clients.
    pub deltas: Vec<Generated>,
    /// Why not all of them were.
    pub deltas_failed: Option<String>,
    /// The time it was judged at, in UNIX seconds.
    pub judged_at: u64,
    /// What should be looked at although nothing was refused for it: the clock, the journal.
    pub warnings: Vec<String>,
    /// Every reason to refuse, of a dry run.
    pub findings: Vec<Finding>,
}

impl ImportOutcome {
    pub(super) fn new(bundle: &VerifiedBundle, verification: &Verification) -> ImportOutcome {
        let releases = bundle.manifest().releases.iter();
        ImportOutcome {
            bundle: *bundle.id(),
            signers: verification.signers(),
            changed: false,
            standing: Standing::Ahead,
            superseded: false,
            rolled_forward: false,
            refs: BTreeMap::new(),
            versions: releases
                .filter_map(|release| Some((release.name.clone(), release.version.clone()?)))
                .collect(),
            trust: None,
            objects: 0,
            resumed: 0,
            summary: SummarySource::None,
            deltas: Vec::new(),
            deltas_failed: None,
            judged_at: 0,
            warnings: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Notes the clock that was judged by, and what is wrong with the journal.
    pub(super) fn looked_at(&mut self, repo: &Repo, clock: &Clock) -> Result<(), Error> {
        self.judged_at = clock.judged;
        self.warnings
            .extend(clock.behind().map(|behind| behind.to_string()));
        if let (_, Some(fault)) = journal::scan(repo)? {
            self.warnings.push(fault.to_string());
        }
        Ok(())
    }

    pub(super) fn standing(&mut self, standing: Standing) {
        self.standing = standing;
        self.superseded = standing == Standing::Superseded;
    }

    pub(super) fn published(&mut self, published: Published) {
        self.changed = true;
        self.objects = (published.objects + published.commits) as u64;
    }

    /// Says what would move, and whose summary would be published.
    pub(super) fn would_move(
        &mut self,
        bundle: &VerifiedBundle,
        site: &SiteState,
        options: &ImportOptions<'_>,
    ) {
        self.refs = moves(bundle, site);
        self.trust = trust_moves(site, options.trust);
        self.summary = summary_source(bundle, site, options);
        self.changed = self.findings.is_empty();
    }
}

/// The refs that a bundle moves, from where they are.
pub(super) fn moves(bundle: &VerifiedBundle, site: &SiteState) -> BTreeMap<RefName, Move> {
    let after = bundle.manifest().refs_after.iter();
    after
        .filter_map(|(name, to)| {
            let from = site.heads.get(name).copied();
            (from != *to).then(|| (name.clone(), Move { from, to: *to }))
        })
        .collect()
}

/// Whose summary there is to be.
pub(super) fn summary_source(
    bundle: &VerifiedBundle,
    site: &SiteState,
    options: &ImportOptions<'_>,
) -> SummarySource {
    if !options.signing.summary.is_empty() {
        SummarySource::Site
    } else if carries_summary(bundle.manifest()) {
        SummarySource::Bundle
    } else if site.summary.is_some() {
        SummarySource::Unsigned
    } else {
        SummarySource::None
    }
}

/// The version of the trust before and after, if it rises.
pub(super) fn trust_moves(site: &SiteState, trust: &Trust) -> Option<TrustMove> {
    let from = site
        .accepted
        .as_ref()
        .map_or(0, |accepted| accepted.trust_version);
    let to = trust.version();
    (from < to).then_some(TrustMove { from, to })
}
