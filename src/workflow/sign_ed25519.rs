//! Ed25519 signatures on what is published already, for clients that use `sign-verify`.

use std::collections::BTreeMap;

use super::error::Error;
use super::finding::Finding;
use super::journal::{Entry, Verb};
use super::resign::{change_commits, change_summary};
use super::seal::add_ed25519;
use super::subject::Subject;
use super::trust::Trust;
use crate::Observer;
use crate::ed25519::{self, PublicKey, SecretKey, Verdict};
use crate::format::{Checksum, Metadata};
use crate::repo::Repo;

/// Signs commits; returns how many signatures each got.
pub fn sign_commits(
    repo: &Repo,
    revisions: &[String],
    keys: &[SecretKey],
    now: u64,
    observer: &dyn Observer,
) -> Result<BTreeMap<Checksum, usize>, Error> {
    let sign = |commit: &[u8], metadata: &mut Metadata| add_ed25519(commit, metadata, keys);
    change_commits(repo, revisions, now, observer, sign, |outcome| {
        let commits: Vec<_> = outcome.keys().map(ToString::to_string).collect();
        entry(format!("commits {}, by Ed25519 keys", commits.join(" ")))
    })
}

/// Signs the summary as it is; returns how many signatures it got.
pub fn sign_summary(
    repo: &Repo,
    keys: &[SecretKey],
    now: u64,
    observer: &dyn Observer,
) -> Result<usize, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let sign = |summary: &[u8], metadata: &mut Metadata| add_ed25519(summary, metadata, keys);
    change_summary(repo, now, observer, sign, |_| {
        entry(format!("{}, by Ed25519 keys", Subject::Summary))
    })
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
