//! Ed25519 signatures on what is published already, for clients that use `sign-verify`.

use std::collections::BTreeMap;

use super::error::Error;
use super::finding::Finding;
use super::journal::{self, Entry, Verb};
use super::seal::{add_ed25519, stage_pair};
use super::subject::Subject;
use super::trust::Trust;
use crate::Observer;
use crate::ed25519::{self, PublicKey, SecretKey, Verdict};
use crate::format::{Checksum, Codec, Metadata};
use crate::repo::{Repo, SummaryPair, Transaction};

/// Signs commits; returns how many signatures each got.
pub fn sign_commits(
    repo: &Repo,
    revisions: &[String],
    keys: &[SecretKey],
    now: u64,
    observer: &dyn Observer,
) -> Result<BTreeMap<Checksum, usize>, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let tx = Transaction::begin(repo)?;
    let mut outcome = BTreeMap::new();
    for revision in revisions {
        let commit = repo.commit(&repo.resolve(revision)?)?;
        let mut metadata = repo.commitmeta(&commit.checksum())?;
        let added = add_ed25519(commit.bytes(), &mut metadata, keys)?;
        if added > 0 {
            tx.stage_commitmeta(&commit.checksum(), &metadata);
        }
        outcome.insert(commit.checksum(), added);
    }
    if outcome.values().any(|&added| added > 0) {
        let commits: Vec<_> = outcome.keys().map(ToString::to_string).collect();
        let note = format!("commits {}, by Ed25519 keys", commits.join(" "));
        tx.append_journal(journal::next(repo, entry(note), now)?);
        tx.publish(observer)?;
    }
    Ok(outcome)
}

/// Signs the summary as it is; returns how many signatures it got.
pub fn sign_summary(
    repo: &Repo,
    keys: &[SecretKey],
    now: u64,
    observer: &dyn Observer,
) -> Result<usize, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let summary = repo
        .summary()?
        .ok_or_else(|| Error::refused(Finding::NoSummary))?;
    let before = repo.summary_signature()?;
    let mut metadata = before
        .as_deref()
        .map_or(Ok(Metadata::new()), Metadata::decode)?;
    let added = add_ed25519(&summary, &mut metadata, keys)?;
    if added > 0 {
        let tx = Transaction::begin(repo)?;
        tx.expect_summary(Some(Checksum::of(&summary)));
        let signature = Some(metadata.encode_hash_order());
        stage_pair(&tx, SummaryPair { summary, signature });
        let note = format!("{}, by Ed25519 keys", Subject::Summary);
        tx.append_journal(journal::next(repo, entry(note), now)?);
        tx.publish(observer)?;
    }
    Ok(added)
}

fn entry(note: String) -> Entry {
    Entry {
        note: Some(note),
        ..Entry::new(Verb::Sign)
    }
}

/// Adds to `present` the Ed25519 signatures of `offered` that one of these keys made over `data`;
/// tells whether there were any new.
pub(super) fn carry(
    data: &[u8],
    offered: &Metadata,
    present: &mut Metadata,
    keys: &[PublicKey],
) -> Result<bool, Error> {
    let offered = offered.signatures(Metadata::SIGN_ED25519)?;
    let mut signatures = present.signatures(Metadata::SIGN_ED25519)?;
    let before = signatures.len();
    let verdicts = ed25519::verify(data, &offered, keys);
    for (signature, verdict) in offered.into_iter().zip(verdicts) {
        if matches!(verdict, Verdict::Good { .. }) && !signatures.contains(&signature) {
            signatures.push(signature);
        }
    }
    if signatures.len() == before {
        return Ok(false);
    }
    present.set_signatures(Metadata::SIGN_ED25519, &signatures);
    Ok(true)
}

/// Judges the Ed25519 signatures of a commit or summary as a client with the keys of the trust
/// directory would; without such keys there is nothing to judge.
pub(super) fn judge(
    trust: &Trust,
    data: &[u8],
    beside: &Metadata,
    subject: impl FnOnce() -> Subject,
) -> Result<Option<Finding>, Error> {
    let keys = trust.ed25519();
    if keys.is_empty() {
        return Ok(None);
    }
    let signatures = beside.signatures(Metadata::SIGN_ED25519)?;
    let verdicts = ed25519::verify(data, &signatures, keys);
    let refused = ed25519::would_block(&verdicts);
    Ok(refused.then(|| Finding::Ed25519Refused { subject: subject() }))
}
