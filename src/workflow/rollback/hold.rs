//! Publishing again what was there before the last import.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Previous;
use crate::Observer;
use crate::format::{Checksum, RefName, Summary};
use crate::repo::summary::METADATA_REF;
use crate::repo::{Repo, SummaryPair, Transaction, walk};
use crate::workflow::error::Error;
use crate::workflow::finding::{BackFinding, Finding};
use crate::workflow::journal::{self, Entry, Move, Verb};
use crate::workflow::seal::{Signing, Unsigned, refs_after, renew_summary, stage_pair};

/// What taking back did.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HoldOutcome {
    /// The bundle that was taken back.
    pub bundle: Checksum,
    /// The refs that moved back.
    pub refs: BTreeMap<RefName, Move>,
    /// The SHA-256 of the summary that is published now, if there is one.
    pub summary: Option<Checksum>,
    /// Whether anything was changed; if not, it had been taken back already.
    pub changed: bool,
}

/// Puts the refs and the signed summary back to where they were before the last import, as far as
/// the bundle of that import permits it.
///
/// Whoever signs the summary here signs a new one; otherwise the one of before is published again.
pub fn hold(
    repo: &Repo,
    signing: Signing<'_>,
    now: u64,
    observer: &dyn Observer,
) -> Result<HoldOutcome, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let nothing = || Error::refused(BackFinding::NothingToTakeBack);
    let previous = Previous::load(repo)?.ok_or_else(nothing)?;
    let mut outcome = HoldOutcome {
        bundle: previous.bundle,
        refs: BTreeMap::new(),
        summary: repo.summary()?.map(|bytes| Checksum::of(&bytes)),
        changed: false,
    };
    if previous.held {
        return Ok(outcome);
    }
    if previous.moved.values().all(|moved| moved.from.is_none()) {
        return Err(nothing());
    }
    Error::refuse_any(objections(repo, &previous)?)?;
    let own = !signing.summary.is_empty();
    let tx = Transaction::begin(repo)?;
    outcome.refs = moves_back(repo, &previous)?;
    if own {
        outcome.refs.retain(|name, _| name.as_str() != METADATA_REF);
    }
    for (name, moved) in &outcome.refs {
        tx.expect_ref(name, moved.from);
        tx.set_ref(name, moved.to);
    }
    let moved: BTreeMap<_, _> = outcome
        .refs
        .iter()
        .map(|(name, moved)| (name.clone(), moved.to))
        .collect();
    match previous.pair(repo)?.filter(|_| !own) {
        Some(pair) => outcome.summary = Some(republish(&tx, pair, &moved)?),
        None if own || outcome.summary.is_some() => {
            let renewed = renew_summary(&tx, &moved, signing, Unsigned::Refused, now)?;
            outcome.summary = Some(renewed.checksum);
        }
        None => {}
    }
    let held = true;
    Previous { held, ..previous }.store(&tx);
    let entry = Entry {
        refs: outcome.refs.clone(),
        bundle: Some(outcome.bundle),
        note: Some("taken back".to_owned()),
        ..Entry::new(Verb::Rollback)
    };
    tx.append_journal(journal::next(repo, entry, now)?);
    tx.publish(observer)?;
    outcome.changed = true;
    Ok(outcome)
}

/// Stages the summary of before, if it lists the refs as they will be.
fn republish(
    tx: &Transaction<'_>,
    pair: SummaryPair,
    moved: &BTreeMap<RefName, Option<Checksum>>,
) -> Result<Checksum, Error> {
    let repo = tx.repo();
    let listed = Summary::decode(&pair.summary)?.refs.into_iter();
    let listed: BTreeMap<_, _> = listed.map(|entry| (entry.name, entry.commit)).collect();
    let after = refs_after(repo, moved)?;
    let names = listed.keys().chain(after.keys());
    let mut refs: Vec<_> = names
        .filter(|name| listed.get(*name) != after.get(*name))
        .map(ToString::to_string)
        .collect();
    refs.dedup();
    if !refs.is_empty() {
        return Err(Error::refused(Finding::KeptSummaryRefs { refs }));
    }
    let checksum = Checksum::of(&pair.summary);
    tx.expect_summary(repo.summary()?.map(|bytes| Checksum::of(&bytes)));
    stage_pair(tx, pair);
    Ok(checksum)
}

/// Collects what stands against going back.
fn objections(repo: &Repo, previous: &Previous) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    for (name, moved) in &previous.moved {
        let stands = repo.ref_commit(name)?;
        if stands != moved.to && stands != moved.from {
            let (name, commit) = (name.clone(), stands);
            findings.push(BackFinding::MovedSince { name, commit }.into());
        }
    }
    for (name, moved) in moves_back(repo, previous)? {
        // A ref that was not there is none that could be old.
        let Some(to) = moved.to else {
            continue;
        };
        let permitted = previous.may_return.get(&name);
        // The metadata of a collection has no releases; it follows its summary.
        if name.as_str() != METADATA_REF && !permitted.is_some_and(|all| all.contains(&to)) {
            let commit = moved.to;
            findings.push(BackFinding::ReturnNotPermitted { name, commit }.into());
        } else if !walk::is_complete(repo, &to)? {
            findings.push(Finding::Partial { commit: to });
        }
    }
    if repo.config().auto_update_summary() {
        let key = "auto-update-summary".to_owned();
        findings.push(Finding::AutoUpdateSummary { key });
    }
    Ok(findings)
}

/// Turns the moves of the last import around, but for refs that are back already.
fn moves_back(repo: &Repo, previous: &Previous) -> Result<BTreeMap<RefName, Move>, Error> {
    let mut back = BTreeMap::new();
    for (name, moved) in &previous.moved {
        let stands = repo.ref_commit(name)?;
        if stands != moved.from {
            let (from, to) = (stands, moved.from);
            back.insert(name.clone(), Move { from, to });
        }
    }
    Ok(back)
}
