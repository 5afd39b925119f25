//! Mending what is no object: signatures beside commits, refs that cannot be read, the summary,
//! deltas, marks. Nothing of it comes from a bundle but signatures that count and a summary that lists
//! the refs as they are.

use std::collections::{BTreeMap, BTreeSet};

use super::mender::{Need, State};
use crate::Observer;
use crate::format::delta::DeltaName;
use crate::format::{
    Checksum, Codec, Commit, Encoded, Metadata, ObjectKind, ObjectName, RefName, Summary,
};
use crate::repo::{FsckFinding, RefPlace, Repo, RepoError, SummaryPair, Survey, Transaction};
use crate::workflow::error::Error;
use crate::workflow::finding::Finding;
use crate::workflow::import::merge;
use crate::workflow::rollback::Previous;
use crate::workflow::seal::stage_pair;
use crate::workflow::site::{Accepted, kept_summary};
use crate::workflow::subject::Subject;
use crate::workflow::{CheckFinding, SummaryFault, Trust};

/// Stages the signatures of commits that have none that counts; returns what stands beside them.
pub(super) fn signatures(
    need: &Need<'_, '_>,
    state: &State,
    trust: &Trust,
    now: u64,
) -> Result<Vec<ObjectName>, Error> {
    let mut staged = Vec::new();
    for spine in &state.spines {
        let commit = spine.commit();
        if signature(need, state, trust, (commit, &spine.commitmeta), now)? {
            staged.push(ObjectName::new(commit.checksum(), ObjectKind::CommitMeta));
        }
        for ancestor in spine.superblock.history()? {
            let commit = &ancestor.commit;
            if signature(need, state, trust, (commit, &ancestor.commitmeta), now)? {
                staged.push(ObjectName::new(commit.checksum(), ObjectKind::CommitMeta));
            }
        }
    }
    Ok(staged)
}

/// Stages the signatures of one commit, if it is here and has none that counts.
fn signature(
    need: &Need<'_, '_>,
    state: &State,
    trust: &Trust,
    (commit, offered): (&Encoded<Commit>, &Metadata),
    now: u64,
) -> Result<bool, Error> {
    let id = commit.checksum();
    let name = ObjectName::new(id, ObjectKind::Commit);
    if !need.survey.is_sound(&name) && !state.brought.contains(&name) {
        return Ok(false);
    }
    let present = match need.repo.commitmeta(&id) {
        Err(RepoError::ObjectMalformed { .. }) => Metadata::new(),
        other => other?,
    };
    let counts = |beside: &Metadata| {
        let signatures = beside.signatures(Metadata::GPGSIGS).unwrap_or_default();
        trust.verify(commit.bytes(), &signatures, now)
    };
    if !counts(&present).good.is_empty() {
        return Ok(false);
    }
    let merged = merge(present, commit, offered, &counts(offered), trust.ed25519())?;
    let Some(merged) = merged else {
        return Ok(false);
    };
    if let Some(tx) = need.tx {
        tx.stage_commitmeta(&id, &merged);
    }
    Ok(true)
}

/// Lists the refs that cannot be read, and where the site's own record says they were.
///
/// A ref that is gone, or that somebody moved, is not touched; and no bundle says where a ref belongs.
pub(super) fn unreadable_refs(
    repo: &Repo,
    survey: &Survey<'_>,
    findings: &[CheckFinding],
) -> Result<BTreeMap<RefName, Checksum>, Error> {
    let Some(accepted) = Accepted::load(repo)? else {
        return Ok(BTreeMap::new());
    };
    let held = Previous::load(repo)?.filter(|previous| previous.held);
    let mut refs = BTreeMap::new();
    for finding in findings {
        let CheckFinding::Repository(FsckFinding::BadRef { path, .. }) = finding else {
            continue;
        };
        let name = path.strip_prefix("refs/heads/");
        let Some(name) = name.and_then(|name| name.parse::<RefName>().ok()) else {
            continue;
        };
        let moved = held.as_ref().and_then(|held| held.moved.get(&name));
        let commit = match moved {
            Some(moved) => moved.from,
            None => accepted.heads.get(&name).copied(),
        };
        let here =
            |commit: &Checksum| survey.is_sound(&ObjectName::new(*commit, ObjectKind::Commit));
        if let Some(commit) = commit.filter(here) {
            refs.insert(name, commit);
        }
    }
    Ok(refs)
}

/// Points refs that could not be read where they were.
pub(super) fn restore_refs(repo: &Repo, refs: &BTreeMap<RefName, Checksum>) -> Result<(), Error> {
    let _shared = repo.lock_shared()?;
    for (name, commit) in refs {
        repo.write_ref(&RefPlace::Heads, name, Some(commit))?;
    }
    Ok(())
}

/// Tells whether clients that verify the summary stop at it.
fn is_summary_bad(findings: &[CheckFinding]) -> bool {
    findings.iter().any(|finding| match finding {
        CheckFinding::Summary(fault) => !matches!(fault, SummaryFault::SummarySize { .. }),
        CheckFinding::Trust(
            Finding::Unsigned { subject }
            | Finding::TooFewSigners { subject, .. }
            | Finding::BlocksStockClients { subject, .. },
        ) => *subject == Subject::Summary,
        _ => false,
    })
}

/// Puts a signed summary back that lists the refs as they are: the kept one, or one of a bundle.
pub(super) fn summary(
    repo: &Repo,
    trust: &Trust,
    now: u64,
    findings: &[CheckFinding],
    carried: &[SummaryPair],
) -> Result<Option<SummaryPair>, Error> {
    if !is_summary_bad(findings) || repo.config().is_flatpak() {
        return Ok(None);
    }
    let kept = kept_summary(repo)?.map(|(summary, signature)| SummaryPair {
        summary,
        signature: Some(signature),
    });
    for pair in kept.into_iter().chain(carried.iter().cloned()) {
        if fits(repo, trust, now, &pair)? {
            return Ok(Some(pair));
        }
    }
    Ok(None)
}

/// Does a pair verify, and list the refs as they are?
fn fits(repo: &Repo, trust: &Trust, now: u64, pair: &SummaryPair) -> Result<bool, Error> {
    let decoded = (
        Summary::decode(&pair.summary),
        Metadata::decode(pair.signature.as_deref().unwrap_or_default()),
    );
    let (Ok(summary), Ok(beside)) = decoded else {
        return Ok(false);
    };
    let signatures = beside.signatures(Metadata::GPGSIGS)?;
    let verification = trust.verify(&pair.summary, &signatures, now);
    let collection = repo.collection_id();
    let judged = trust.judge_summary(&summary, collection, &verification, now);
    let listed = summary.refs.iter();
    let listed: BTreeSet<_> = listed.map(|entry| (&entry.name, entry.commit)).collect();
    // With a ref that cannot be read there is nothing to hold it against.
    let Ok(refs) = repo.refs() else {
        return Ok(false);
    };
    let present = refs.iter().map(|(name, entry)| (name, entry.commit));
    Ok(judged.is_empty() && listed == present.collect())
}

/// Publishes a pair.
pub(super) fn publish_summary(
    repo: &Repo,
    pair: SummaryPair,
    observer: &dyn Observer,
) -> Result<(), Error> {
    let tx = Transaction::begin(repo)?;
    tx.expect_summary(repo.summary()?.map(|bytes| Checksum::of(&bytes)));
    stage_pair(&tx, pair);
    tx.publish(observer)?;
    Ok(())
}

/// Lists the damaged deltas that no summary lists: clients that look for one pull objects instead.
pub(super) fn damaged_deltas(
    repo: &Repo,
    findings: &[CheckFinding],
) -> Result<BTreeSet<DeltaName>, Error> {
    let listed = match repo.summary()?.map(|bytes| Summary::decode(&bytes)) {
        Some(Ok(summary)) => summary.static_deltas().unwrap_or_default(),
        _ => Vec::new(),
    };
    let mut damaged = BTreeSet::new();
    for finding in findings {
        let CheckFinding::Repository(FsckFinding::Delta { path, .. }) = finding else {
            continue;
        };
        let mut parts = path.split('/').skip(1);
        let (Some(fan), Some(rest)) = (parts.next(), parts.next()) else {
            continue;
        };
        if let Ok(name) = DeltaName::from_path(fan, rest)
            && !listed.iter().any(|(listed, _)| *listed == name)
        {
            damaged.insert(name);
        }
    }
    Ok(damaged)
}

/// Takes deltas away, and brings the indexes up to what is left.
pub(super) fn drop_deltas(repo: &Repo, deltas: &BTreeSet<DeltaName>) -> Result<(), Error> {
    let _shared = repo.lock_shared()?;
    for name in deltas {
        repo.remove_delta(name)?;
    }
    Ok(repo.reindex_deltas()?)
}

/// Tells whether an index of deltas is not as it should be.
pub(super) fn is_index_bad(findings: &[CheckFinding]) -> bool {
    let of_index = |finding: &CheckFinding| {
        matches!(
            finding,
            CheckFinding::Repository(FsckFinding::DeltaIndex { .. })
        )
    };
    findings.iter().any(of_index)
}
