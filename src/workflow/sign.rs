//! Adds signatures to what is published already, and takes signatures away.

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::Error;
use super::journal::{Entry, Verb};
use super::resign::{Change, change_commits, change_summary};
use super::seal::add_signatures;
use super::subject::Subject;
use crate::Observer;
use crate::format::{Checksum, Metadata};
use crate::openpgp::{Fingerprint, Keyring, Signer, issuers};
use crate::repo::Repo;

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

impl Change for SignatureChanges {
    fn happened(&self) -> bool {
        self.any()
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
    let sign = |commit: &[u8], metadata: &mut Metadata| {
        let added = add_signatures(commit, metadata, signers, now)?;
        Ok(SignatureChanges { added, removed: 0 })
    };
    change_commits(repo, revisions, now, observer, sign, entry)
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
    let unsign = |_: &[u8], metadata: &mut Metadata| {
        let removed = take_away(metadata, signers, keyring)?;
        let added = Vec::new();
        Ok(SignatureChanges { added, removed })
    };
    change_commits(repo, revisions, now, observer, unsign, entry)
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
    let sign = |summary: &[u8], metadata: &mut Metadata| {
        let added = add_signatures(summary, metadata, signers, now)?;
        Ok(SignatureChanges { added, removed: 0 })
    };
    change_summary(repo, now, observer, sign, |changes| Entry {
        signers: changes.added.clone(),
        note: Some(Subject::Summary.to_string()),
        ..Entry::new(Verb::Sign)
    })
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
    let unsign = |_: &[u8], metadata: &mut Metadata| {
        let removed = take_away(metadata, signers, keyring)?;
        let added = Vec::new();
        Ok(SignatureChanges { added, removed })
    };
    change_summary(repo, now, observer, unsign, |changes| {
        let removed = changes.removed;
        let note = format!("{}, {removed} signature(s) taken away", Subject::Summary);
        Entry {
            note: Some(note),
            ..Entry::new(Verb::Sign)
        }
    })
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
