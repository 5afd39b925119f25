//! Adds signatures to what is published already, and takes signatures away.

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::Error;
use super::finding::Finding;
use super::journal::{self, Entry, Verb};
use super::seal::{add_signatures, stage_pair};
use super::subject::Subject;
use crate::Observer;
use crate::format::{Checksum, Codec, Metadata};
use crate::openpgp::{Fingerprint, Keyring, Signer, issuers};
use crate::repo::{Repo, SummaryPair, Transaction};

/// What happened to the signatures of one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SignatureChanges {
    /// Who signed now.
    pub added: Vec<Fingerprint>,
    /// How many signatures were taken away.
    pub removed: usize,
}

impl SignatureChanges {
    /// Tells whether anything changed.
    pub fn any(&self) -> bool {
        !self.added.is_empty() || self.removed > 0
    }
}

/// Signs commits, each signer once; commits they signed already stay as they are.
pub fn sign_commits(
    repo: &Repo,
    revisions: &[String],
    signers: &[Box<dyn Signer>],
    now: u64,
    observer: &dyn Observer,
) -> Result<BTreeMap<Checksum, SignatureChanges>, Error> {
    change_commits(repo, revisions, now, observer, &|commit, metadata| {
        let added = add_signatures(commit, metadata, signers, now)?;
        Ok(SignatureChanges { added, removed: 0 })
    })
}

/// Takes the signatures of these certificates or keys off commits.
///
/// A signature made by a subkey names that subkey; `keyring` tells which certificate it belongs to.
pub fn unsign_commits(
    repo: &Repo,
    revisions: &[String],
    signers: &[Fingerprint],
    keyring: &Keyring,
    now: u64,
    observer: &dyn Observer,
) -> Result<BTreeMap<Checksum, SignatureChanges>, Error> {
    change_commits(repo, revisions, now, observer, &|_, metadata| {
        let removed = take_away(metadata, signers, keyring)?;
        let added = Vec::new();
        Ok(SignatureChanges { added, removed })
    })
}

/// Signs the summary as it is, beside those who signed it before.
pub fn sign_summary(
    repo: &Repo,
    signers: &[Box<dyn Signer>],
    now: u64,
    observer: &dyn Observer,
) -> Result<SignatureChanges, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    sign_summary_locked(repo, signers, now, observer)
}

/// Signs the summary; the caller holds airlock's lock.
pub(super) fn sign_summary_locked(
    repo: &Repo,
    signers: &[Box<dyn Signer>],
    now: u64,
    observer: &dyn Observer,
) -> Result<SignatureChanges, Error> {
    let summary = repo
        .summary()?
        .ok_or_else(|| Error::refused(Finding::NoSummary))?;
    let before = repo.summary_signature()?;
    let mut metadata = before
        .as_deref()
        .map_or(Ok(Metadata::new()), Metadata::decode)?;
    let added = add_signatures(&summary, &mut metadata, signers, now)?;
    if !added.is_empty() {
        let tx = Transaction::begin(repo)?;
        tx.expect_summary(Some(Checksum::of(&summary)));
        stage_pair(
            &tx,
            SummaryPair {
                summary,
                signature: Some(metadata.encode_hash_order()),
            },
        );
        let note = Some(Subject::Summary.to_string());
        let entry = Entry {
            signers: added.clone(),
            note,
            ..Entry::new(Verb::Sign)
        };
        tx.append_journal(journal::next(repo, entry, now)?);
        tx.publish(observer)?;
    }
    Ok(SignatureChanges { added, removed: 0 })
}

/// Takes the signatures of these certificates or keys off the summary; without any left, `summary.sig` goes.
pub fn unsign_summary(
    repo: &Repo,
    signers: &[Fingerprint],
    keyring: &Keyring,
    now: u64,
    observer: &dyn Observer,
) -> Result<SignatureChanges, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let summary = repo
        .summary()?
        .ok_or_else(|| Error::refused(Finding::NoSummary))?;
    let Some(before) = repo.summary_signature()? else {
        return Ok(SignatureChanges::default());
    };
    let mut metadata = Metadata::decode(&before)?;
    let removed = take_away(&mut metadata, signers, keyring)?;
    if removed > 0 {
        let signature = (!metadata.is_empty()).then(|| metadata.encode_hash_order());
        let tx = Transaction::begin(repo)?;
        tx.expect_summary(Some(Checksum::of(&summary)));
        stage_pair(&tx, SummaryPair { summary, signature });
        let note = format!("{}, {removed} signature(s) taken away", Subject::Summary);
        let entry = Entry {
            note: Some(note),
            ..Entry::new(Verb::Sign)
        };
        tx.append_journal(journal::next(repo, entry, now)?);
        tx.publish(observer)?;
    }
    let added = Vec::new();
    Ok(SignatureChanges { added, removed })
}

/// Takes signatures out of detached metadata; returns how many.
fn take_away(
    metadata: &mut Metadata,
    signers: &[Fingerprint],
    keyring: &Keyring,
) -> Result<usize, Error> {
    let mut kept = metadata.signatures(Metadata::GPGSIGS)?;
    let before = kept.len();
    kept.retain(|signature| !made_by(signature, signers, keyring));
    let removed = before - kept.len();
    if removed > 0 {
        metadata.set_signatures(Metadata::GPGSIGS, &kept);
    }
    Ok(removed)
}

type Change<'a> = dyn Fn(&[u8], &mut Metadata) -> Result<SignatureChanges, Error> + 'a;

/// Applies a change to the detached metadata of commits, and publishes what did change in one step.
fn change_commits(
    repo: &Repo,
    revisions: &[String],
    now: u64,
    observer: &dyn Observer,
    change: &Change<'_>,
) -> Result<BTreeMap<Checksum, SignatureChanges>, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let tx = Transaction::begin(repo)?;
    let mut outcome = BTreeMap::new();
    for revision in revisions {
        let commit = repo.commit(&repo.resolve(revision)?)?;
        let mut metadata = repo.commitmeta(&commit.checksum())?;
        let changes = change(commit.bytes(), &mut metadata)?;
        if changes.any() {
            tx.stage_commitmeta(&commit.checksum(), &metadata);
        }
        outcome.insert(commit.checksum(), changes);
    }
    if outcome.values().any(SignatureChanges::any) {
        tx.append_journal(journal::next(repo, entry(&outcome), now)?);
        tx.publish(observer)?;
    }
    Ok(outcome)
}

fn entry(outcome: &BTreeMap<Checksum, SignatureChanges>) -> Entry {
    let changed: Vec<_> = outcome
        .iter()
        .filter(|(_, changes)| changes.any())
        .collect();
    let commits: Vec<_> = changed
        .iter()
        .map(|(commit, _)| commit.to_string())
        .collect();
    let mut signers: Vec<_> = changed
        .iter()
        .flat_map(|(_, changes)| changes.added.clone())
        .collect();
    signers.sort();
    signers.dedup();
    let removed: usize = changed.iter().map(|(_, changes)| changes.removed).sum();
    let note = match removed {
        0 => format!("commits {}", commits.join(" ")),
        _ => format!(
            "commits {}, {removed} signature(s) taken away",
            commits.join(" ")
        ),
    };
    Entry {
        signers,
        note: Some(note),
        ..Entry::new(Verb::Sign)
    }
}

/// Tells whether a signature names one of these certificates, or a key of theirs, as its maker.
pub(super) fn made_by(signature: &[u8], signers: &[Fingerprint], keyring: &Keyring) -> bool {
    let makers = issuers(signature);
    let keys = signers
        .iter()
        .flat_map(|signer| keyring.keys(signer))
        .chain(signers.iter().cloned());
    keys.into_iter().any(|key| {
        makers
            .iter()
            .any(|maker| key.as_str().ends_with(maker.as_str()))
    })
}
