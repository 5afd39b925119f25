//! What becomes visible with a bundle: signatures, refs, summary, the record of it all.

use std::collections::{BTreeMap, BTreeSet};

use crate::Observer;
use crate::bundle::VerifiedBundle;
use crate::format::{Checksum, RefName};
use crate::openpgp::Fingerprint;
use crate::repo::{Repo, SummaryPair, Transaction};
use crate::workflow::error::Error;
use crate::workflow::journal::{self, Entry, Verb};
use crate::workflow::rollback::Previous;
use crate::workflow::seal::{Unsigned, renew_summary, stage_pair};
use crate::workflow::site::{Accepted, KEPT_SIGNATURE, KEPT_SUMMARY};

use super::ImportOptions;
use super::merge::merge;
use super::outcome::{ImportOutcome, SummarySource, moves, summary_source};
use super::sink::Carried;
use super::site_state::SiteState;

/// Everything that publishing looks at.
pub(super) struct Publication<'a> {
    pub(super) bundle: &'a VerifiedBundle,
    pub(super) site: &'a SiteState,
    pub(super) options: &'a ImportOptions<'a>,
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
            let commit = spine.commit().checksum();
            let present = tx.repo().commitmeta(&commit)?;
            if let Some(merged) = merge(present, spine)? {
                tx.stage_commitmeta(&commit, &merged);
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
        self.summary(tx, carried.summary, outcome)?;
        self.keep_previous(tx, outcome)?;
        let accepted = self.accepted();
        tx.write_state(Accepted::FILE, accepted.to_bytes(), 0o644);
        let entry = Entry {
            refs: outcome.refs.clone(),
            bundle: Some(*self.bundle.id()),
            signers: self.signers.iter().cloned().collect(),
            ..Entry::new(Verb::Import)
        };
        tx.append_journal(journal::next(tx.repo(), entry, self.options.now)?);
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
        let last = self.site.accepted.as_ref().and_then(|last| last.bundle);
        if last == Some(*self.bundle.id()) || outcome.refs.is_empty() {
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

    /// The record after this import: numbers and times only grow.
    fn accepted(&self) -> Accepted {
        let manifest = self.bundle.manifest();
        let mut accepted = self.site.accepted.clone().unwrap_or_default();
        accepted.repository = manifest.repository.id.to_string();
        accepted.collection = manifest.repository.collection.clone();
        for (name, &number) in &manifest.sequence {
            let last = accepted.sequence.entry(name.clone()).or_default();
            *last = number.max(*last);
        }
        accepted.latest = accepted.latest.max(manifest.created);
        accepted.bundle = Some(*self.bundle.id());
        accepted
    }
}

/// Puts the last signed summary back, if a stray `ostree summary -u` took it away; tells whether it did.
pub(super) fn restore_summary(
    repo: &Repo,
    site: &SiteState,
    observer: &dyn Observer,
) -> Result<bool, Error> {
    let kept = (
        repo.read_extension(KEPT_SUMMARY)?,
        repo.read_extension(KEPT_SIGNATURE)?,
    );
    let (Some(summary), Some(signature)) = kept else {
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
