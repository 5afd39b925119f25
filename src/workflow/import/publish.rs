//! What becomes visible with a bundle: signatures, refs, summary, the record of it all.

use std::collections::{BTreeMap, BTreeSet};

use crate::Observer;
use crate::bundle::VerifiedBundle;
use crate::format::{Checksum, Commit, Encoded, Metadata, RefName, Summary};
use crate::openpgp::{Fingerprint, Verification};
use crate::repo::{Repo, SummaryPair, Transaction};
use crate::workflow::error::Error;
use crate::workflow::journal::{self, Claims, Entry, Verb};
use crate::workflow::rollback::Previous;
use crate::workflow::seal::{Unsigned, renew_summary, stage_pair};
use crate::workflow::site::{Accepted, RecordCopy, kept_summary};
use crate::workflow::trust::TrustRecord;

use super::ImportOptions;
use super::merge::merge;
use super::outcome::{ImportOutcome, SummarySource, moves, summary_source, trust_moves};
use super::sink::Carried;
use super::site_state::SiteState;

/// Everything that publishing looks at.
pub(super) struct Publication<'a> {
    pub(super) bundle: &'a VerifiedBundle,
    pub(super) site: &'a SiteState,
    pub(super) options: &'a ImportOptions<'a>,
    /// Where the copy of the record is kept.
    pub(super) copy: Option<&'a RecordCopy>,
    /// The trust that was accepted before.
    pub(super) record: &'a TrustRecord,
    pub(super) signers: BTreeSet<Fingerprint>,
}

impl Publication<'_> {
    /// Stages all that is published besides objects.
    pub(super) fn stage(
        &self,
        tx: &Transaction<'_>,
        carried: Carried,
        outcome: &mut ImportOutcome,
    ) -> Result<(), Error> {
        for spine in &carried.spines {
            self.signatures(tx, spine.commit(), &spine.commitmeta, &spine.verification)?;
            for ancestor in spine.superblock.history()? {
                let signatures = ancestor.commitmeta.signatures(Metadata::GPGSIGS)?;
                let now = self.site.now;
                let trust = self.options.trust;
                let verification = trust.verify(ancestor.commit.bytes(), &signatures, now);
                self.signatures(tx, &ancestor.commit, &ancestor.commitmeta, &verification)?;
            }
        }
        for name in self.site.heads.keys() {
            tx.expect_ref(name, self.site.heads.get(name).copied());
        }
        outcome.refs = moves(self.bundle, self.site);
        for (name, moved) in &outcome.refs {
            tx.expect_ref(name, moved.from);
            tx.set_ref(name, moved.to);
        }
        outcome.summary = summary_source(self.bundle, self.site, self.options);
        let claims = self.claims(carried.summary.as_ref());
        self.summary(tx, carried.summary, outcome)?;
        self.keep_previous(tx, outcome)?;
        let trust = self.options.trust;
        self.record.stage(tx, trust, self.site.now);
        outcome.trust = trust_moves(self.site, trust);
        let accepted = self.accepted(&claims);
        let entry = Entry {
            refs: outcome.refs.clone(),
            bundle: Some(*self.bundle.id()),
            signers: self.signers.iter().cloned().collect(),
            accepted: Some(claims),
            trust: outcome.trust,
            ..Entry::new(Verb::Import)
        };
        tx.append_journal(journal::next(tx.repo(), entry, self.options.now)?);
        tx.write_state(Accepted::FILE, accepted.to_bytes(), 0o644);
        // The last thing before publishing: see `site` for what a crash behind it leaves.
        match self.copy {
            Some(copy) => copy.store(&self.bundle.manifest().repository.id, &accepted),
            None => Ok(()),
        }
    }

    /// Adds the signatures of a commit that count.
    fn signatures(
        &self,
        tx: &Transaction<'_>,
        commit: &Encoded<Commit>,
        offered: &Metadata,
        verification: &Verification,
    ) -> Result<(), Error> {
        let name = commit.checksum();
        let present = tx.repo().commitmeta(&name)?;
        let ed25519 = self.options.trust.ed25519();
        if let Some(merged) = merge(present, commit, offered, verification, ed25519)? {
            tx.stage_commitmeta(&name, &merged);
        }
        Ok(())
    }

    fn summary(
        &self,
        tx: &Transaction<'_>,
        carried: Option<SummaryPair>,
        outcome: &ImportOutcome,
    ) -> Result<(), Error> {
        match (outcome.summary, carried) {
            (SummarySource::Bundle, Some(pair)) => {
                let present = self.site.summary.as_ref();
                tx.expect_summary(present.map(|bytes| Checksum::of(bytes)));
                stage_pair(tx, pair);
            }
            (SummarySource::Site | SummarySource::Unsigned, _) => {
                let moved: BTreeMap<RefName, Option<Checksum>> = outcome
                    .refs
                    .iter()
                    .map(|(name, moved)| (name.clone(), moved.to))
                    .collect();
                let (signing, now) = (self.options.signing, self.options.now);
                renew_summary(tx, &moved, signing, Unsigned::Refused, now)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Keeps what this import replaces; a repeated one replaces nothing.
    fn keep_previous(&self, tx: &Transaction<'_>, outcome: &ImportOutcome) -> Result<(), Error> {
        if self.site.has_published(self.bundle) || outcome.refs.is_empty() {
            return Ok(());
        }
        let previous = Previous {
            refs: self.site.heads.clone(),
            bundle: *self.bundle.id(),
            moved: outcome.refs.clone(),
            may_return: self.bundle.manifest().may_return.clone(),
            summary: None,
            held: false,
        };
        previous.keep(tx)
    }

    /// What this bundle states: its numbers, and the latest moment that it names.
    fn claims(&self, summary: Option<&SummaryPair>) -> Claims {
        let manifest = self.bundle.manifest();
        let made = manifest.releases.iter().map(|release| release.timestamp);
        let summary = summary.and_then(|pair| Summary::decode(&pair.summary).ok());
        let summary = summary.and_then(|summary| summary.last_modified());
        Claims {
            repository: manifest.repository.id,
            sequence: manifest.sequence.clone(),
            latest: made.chain(summary).fold(manifest.created, u64::max),
        }
    }

    /// The record after this import: numbers and times only grow.
    fn accepted(&self, claims: &Claims) -> Accepted {
        let manifest = self.bundle.manifest();
        let mut accepted = self.site.accepted.clone().unwrap_or_default();
        accepted.repository = claims.repository.to_string();
        accepted.collection = manifest.repository.collection.clone();
        // A run that was cut off behind the copy has counted this one already.
        if !self.site.is_last(self.bundle) {
            accepted.imports = accepted.imports.saturating_add(1);
        }
        accepted.raise(&claims.sequence, claims.latest);
        if let Some(point) = self.options.trust.point() {
            accepted.trust_version = point.version;
            accepted.trust = Some(point.sha256);
        }
        accepted.bundle = Some(*self.bundle.id());
        let heads = manifest.refs_after.iter();
        accepted.heads = heads
            .filter_map(|(name, head)| Some((name.clone(), (*head)?)))
            .collect();
        accepted.copy = self.copy.map(|copy| copy.dir().to_owned());
        accepted
    }
}

/// Puts the last signed summary back, if a stray `ostree summary -u` took it away; tells whether it did.
pub(super) fn restore_summary(
    repo: &Repo,
    site: &SiteState,
    observer: &dyn Observer,
) -> Result<bool, Error> {
    let Some((summary, signature)) = kept_summary(repo)? else {
        return Ok(false);
    };
    if site.summary.as_ref() == Some(&summary) && site.signature.as_ref() == Some(&signature) {
        return Ok(false);
    }
    // One that is signed is somebody's own; only an unsigned one is stray.
    if site.signature.is_some() {
        return Ok(false);
    }
    let tx = Transaction::begin(repo)?;
    tx.set_summary(SummaryPair {
        summary,
        signature: Some(signature),
    });
    tx.publish(observer)?;
    Ok(true)
}
