//! Signatures on what is published: beside commits, and over the summary.
//!
//! ```text
//! commitmeta, summary.sig   {"ostree.gpgsigs": [signature, …]}   appended to, never replaced
//! ```

use std::collections::BTreeMap;

use serde::Serialize;

use super::error::Error;
use super::finding::Finding;
use super::site::{KEPT_SIGNATURE, KEPT_SUMMARY};
use crate::ed25519::{self, SecretKey, Verdict};
use crate::format::{Checksum, Codec, Metadata, ObjectKind, ObjectName, RefName, Summary};
use crate::openpgp::{Fingerprint, Signer};
use crate::repo::summary::{SummaryOptions, build, metadata_commit, metadata_ref};
use crate::repo::{ObjectSource, Repo, RepoError, SummaryPair, Transaction};

/// Who signs what; nobody may stand for nothing to be signed.
#[derive(Clone, Copy, Default)]
pub struct Signing<'a> {
    /// Who signs commits.
    pub commit: &'a [Box<dyn Signer>],
    /// Who signs the summary.
    pub summary: &'a [Box<dyn Signer>],
    /// What signs both besides, for clients that use `sign-verify`.
    pub ed25519: &'a [SecretKey],
}

/// What happens when a summary is signed and the next one would not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsigned {
    /// It is refused: clients that verify the summary would be cut off.
    #[default]
    Refused,
    /// It is done, because somebody asked for it by name.
    AskedFor,
}

/// A summary that is about to be published.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RenewedSummary {
    /// The SHA-256 of its bytes.
    pub checksum: Checksum,
    /// When it was made, in UNIX seconds.
    pub last_modified: u64,
    /// How many refs it lists.
    pub refs: usize,
    /// Who signed it.
    pub signers: Vec<Fingerprint>,
}

/// Adds the signature of each signer who has not signed yet; returns those who did now.
pub fn add_signatures(
    data: &[u8],
    metadata: &mut Metadata,
    signers: &[Box<dyn Signer>],
    now: u64,
) -> Result<Vec<Fingerprint>, Error> {
    let mut signatures = metadata.signatures(Metadata::GPGSIGS)?;
    let mut added = Vec::new();
    for signer in signers {
        if signer
            .public()
            .verify(data, &signatures, now)
            .good
            .is_empty()
        {
            signatures.push(signer.sign(data, now)?);
            added.push(signer.certificate().clone());
        }
    }
    if !added.is_empty() {
        metadata.set_signatures(Metadata::GPGSIGS, &signatures);
    }
    Ok(added)
}

/// Adds the signature of each Ed25519 key that has not signed yet; returns how many did now.
pub fn add_ed25519(
    data: &[u8],
    metadata: &mut Metadata,
    keys: &[SecretKey],
) -> Result<usize, Error> {
    let mut signatures = metadata.signatures(Metadata::SIGN_ED25519)?;
    let before = signatures.len();
    for key in keys {
        let made = ed25519::verify(data, &signatures, &[key.public()]);
        if !made
            .iter()
            .any(|verdict| matches!(verdict, Verdict::Good { .. }))
        {
            signatures.push(key.sign(data));
        }
    }
    if signatures.len() > before {
        metadata.set_signatures(Metadata::SIGN_ED25519, &signatures);
    }
    Ok(signatures.len() - before)
}

/// Signs a commit by OpenPGP alone: see [`seal_commit`].
pub fn sign_commit(
    tx: &Transaction<'_>,
    commit: &Checksum,
    metadata: Metadata,
    signers: &[Box<dyn Signer>],
    now: u64,
) -> Result<Vec<Fingerprint>, Error> {
    let signing = Signing {
        commit: signers,
        ..Signing::default()
    };
    seal_commit(tx, commit, metadata, signing, now)
}

/// Signs a commit of the transaction or of its repository, and stages its detached metadata.
pub fn seal_commit(
    tx: &Transaction<'_>,
    commit: &Checksum,
    mut metadata: Metadata,
    signing: Signing<'_>,
    now: u64,
) -> Result<Vec<Fingerprint>, Error> {
    let bytes = tx.metadata(&ObjectName::new(*commit, ObjectKind::Commit))?;
    let added = add_signatures(&bytes, &mut metadata, signing.commit, now)?;
    add_ed25519(&bytes, &mut metadata, signing.ed25519)?;
    if !metadata.is_empty() {
        tx.stage_commitmeta(commit, &metadata);
    }
    Ok(added)
}

/// Builds the summary of what the repository will be once `moved` has moved, signs it, and stages the pair.
///
/// A collection's repository gets its `ostree-metadata` commit with it, as from `ostree summary -u`.
pub fn renew_summary(
    tx: &Transaction<'_>,
    moved: &BTreeMap<RefName, Option<Checksum>>,
    signing: Signing<'_>,
    unsigned: Unsigned,
    now: u64,
) -> Result<RenewedSummary, Error> {
    let repo = tx.repo();
    let before = repo.summary()?;
    Error::refuse_any(objections(repo, before.as_deref(), signing, unsigned)?)?;
    let mut options = SummaryOptions {
        timestamp: not_before(before.as_deref(), now),
        ..SummaryOptions::default()
    };
    let mut refs = refs_after(repo, moved)?;
    if let Some(commit) = metadata_commit(tx, &options)? {
        seal_commit(tx, &commit, Metadata::new(), signing, now)?;
        refs.insert(metadata_ref(), commit);
    }
    options.refs = Some(refs.clone());
    options.deltas = Some(tx.deltas_after()?);
    let summary = build(repo, tx, &options)?;
    let checksum = Checksum::of(&summary);
    let mut metadata = Metadata::new();
    let signers = add_signatures(&summary, &mut metadata, signing.summary, now)?;
    add_ed25519(&summary, &mut metadata, signing.ed25519)?;
    let signature = (!metadata.is_empty()).then(|| metadata.encode_hash_order());
    tx.expect_summary(before.map(|bytes| Checksum::of(&bytes)));
    stage_pair(tx, SummaryPair { summary, signature });
    Ok(RenewedSummary {
        checksum,
        last_modified: options.timestamp,
        refs: refs.len(),
        signers,
    })
}

/// Stages a summary and its signatures, and keeps a copy of both where `ostree summary -u` does not reach.
pub fn stage_pair(tx: &Transaction<'_>, pair: SummaryPair) {
    if let Some(signature) = &pair.signature {
        tx.write_state(KEPT_SUMMARY, pair.summary.clone(), 0o644);
        tx.write_state(KEPT_SIGNATURE, signature.clone(), 0o644);
    }
    tx.set_summary(pair);
}

/// Lists the refs as they will be once `moved` has moved; an alias follows its ref.
pub fn refs_after(
    repo: &Repo,
    moved: &BTreeMap<RefName, Option<Checksum>>,
) -> Result<BTreeMap<RefName, Checksum>, Error> {
    let mut refs = BTreeMap::new();
    for (name, entry) in repo.refs()? {
        let followed = entry.alias_of.as_ref().unwrap_or(&name);
        match moved.get(&name).or_else(|| moved.get(followed)) {
            Some(Some(commit)) => refs.insert(name, *commit),
            Some(None) => None,
            None => refs.insert(name, entry.commit),
        };
    }
    refs.extend(
        moved
            .iter()
            .filter_map(|(name, commit)| Some((name.clone(), (*commit)?))),
    );
    Ok(refs)
}

/// Collects what stands against a new summary here.
fn objections(
    repo: &Repo,
    before: Option<&[u8]>,
    signing: Signing<'_>,
    unsigned: Unsigned,
) -> Result<Vec<Finding>, Error> {
    let mut findings = Vec::new();
    if let Some(found) = flatpak(repo, before) {
        findings.push(Finding::FlatpakRepository { found });
    }
    if unsigned == Unsigned::Refused && would_lose_signature(repo, signing)? {
        findings.push(Finding::SummaryWouldLoseSignature);
    }
    let signing = !signing.summary.is_empty() || !signing.ed25519.is_empty();
    if signing && repo.config().auto_update_summary() {
        findings.push(Finding::AutoUpdateSummary {
            key: "auto-update-summary".into(),
        });
    }
    Ok(findings)
}

/// Tells whether the summary is signed in a way in which nobody here signs.
pub fn would_lose_signature(repo: &Repo, signing: Signing<'_>) -> Result<bool, RepoError> {
    let beside = repo.summary_signature()?;
    let signed = |key| match beside.as_deref().map(Metadata::decode) {
        None => false,
        Some(Ok(beside)) => beside.get(key).is_some(),
        // Nobody can tell by what; the usual is assumed.
        Some(Err(_)) => key == Metadata::GPGSIGS,
    };
    // Clients that verify one kind do not take the other for it.
    Ok(signed(Metadata::GPGSIGS) && signing.summary.is_empty()
        || signed(Metadata::SIGN_ED25519) && signing.ed25519.is_empty())
}

/// Finds what gives a Flatpak repository away: its summary carries more than a plain one.
fn flatpak(repo: &Repo, summary: Option<&[u8]>) -> Option<String> {
    if repo.config().is_flatpak() {
        return Some("xa.* in its config".into());
    }
    let summary = Summary::decode(summary?).ok()?;
    let key = summary
        .metadata
        .iter()
        .map(|(key, _)| key)
        .find(|key| key.starts_with("xa."))?;
    Some(format!("{key} in its summary"))
}

/// A summary never goes back in time.
fn not_before(summary: Option<&[u8]>, now: u64) -> u64 {
    let made = |summary: Summary| summary.metadata.get_u64_be("ostree.summary.last-modified");
    let before = summary
        .and_then(|bytes| Summary::decode(bytes).ok())
        .and_then(made);
    before.map_or(now, |before| before.max(now))
}
