//! Signing in two steps: the bytes go out to be signed elsewhere, the signatures come back.
//!
//! ```text
//! commit_to_sign  summary_to_sign  bundle_to_sign     the exact bytes
//! attach_summary  attach_bundle                       checked, then stored; commits: `promote::attach`
//! ```

use std::path::PathBuf;

use super::attach::{Admitted, Handed};
use super::error::Error;
use super::finding::Finding;
use super::journal::{self, Entry, Verb};
use super::policy::Role;
use super::seal::stage_pair;
use super::sidecar::Sidecar;
use super::sign::SignatureChanges;
use super::sign_bundle::BundleSignatures;
use super::spoken_of;
use super::subject::Subject;
use super::trust::Trust;
use crate::Observer;
use crate::bundle::{Bundle, ReadError};
use crate::format::{Checksum, Codec, Metadata, RefName, Summary};
use crate::repo::{Repo, SummaryPair, Transaction};

/// Returns the bytes of a commit: what its signatures are over.
pub fn commit_to_sign(repo: &Repo, revision: &str) -> Result<Vec<u8>, Error> {
    Ok(repo.commit(&repo.resolve(revision)?)?.into_bytes())
}

/// Returns the bytes of the summary.
pub fn summary_to_sign(repo: &Repo) -> Result<Vec<u8>, Error> {
    repo.summary()?
        .ok_or_else(|| Error::refused(Finding::NoSummary))
}

/// Returns the bytes of a bundle's manifest.
pub fn bundle_to_sign(paths: &[PathBuf]) -> Result<Vec<u8>, Error> {
    Ok(Bundle::open(paths)?.manifest_bytes().to_vec())
}

/// Adds signatures that were made elsewhere over the summary as it is.
pub fn attach_summary(
    repo: &Repo,
    files: &[Vec<u8>],
    trust: &Trust,
    now: u64,
    observer: &dyn Observer,
) -> Result<SignatureChanges, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let summary = summary_to_sign(repo)?;
    let listed = Summary::decode(&summary)?.refs;
    let refs: Vec<RefName> = listed.into_iter().map(|entry| entry.name).collect();
    let before = repo.summary_signature()?;
    let mut metadata = before
        .as_deref()
        .map_or(Ok(Metadata::new()), Metadata::decode)?;
    let mut signatures = metadata.signatures(Metadata::GPGSIGS)?;
    let handed = Handed {
        files,
        data: &summary,
        subject: Subject::Summary,
        role: Role::Summary,
        refs: &refs,
        trust,
        now,
    };
    let admitted = handed.admit(&signatures)?;
    let mut changes = SignatureChanges::default();
    for one in admitted {
        signatures.push(one.signature);
        changes.added.push(one.certificate);
    }
    if !changes.any() {
        return Ok(changes);
    }
    metadata.set_signatures(Metadata::GPGSIGS, &signatures);
    let tx = Transaction::begin(repo)?;
    tx.expect_summary(Some(Checksum::of(&summary)));
    let signature = Some(metadata.encode_hash_order());
    stage_pair(&tx, SummaryPair { summary, signature });
    let entry = Entry {
        signers: changes.added.clone(),
        note: Some(Subject::Summary.to_string()),
        ..Entry::new(Verb::Sign)
    };
    tx.append_journal(journal::next(repo, entry, now)?);
    tx.publish(observer)?;
    Ok(changes)
}

/// Adds signatures that were made elsewhere over a bundle's manifest, to the file beside it.
pub fn attach_bundle(
    paths: &[PathBuf],
    files: &[Vec<u8>],
    trust: &Trust,
    now: u64,
) -> Result<BundleSignatures, Error> {
    let bundle = Bundle::open(paths)?;
    let manifest = bundle.unverified_manifest().map_err(ReadError::Manifest)?;
    let mut sidecar = Sidecar::open(&bundle)?;
    let handed = Handed {
        files,
        data: bundle.manifest_bytes(),
        subject: Subject::Bundle,
        role: Role::Bundle,
        refs: &spoken_of(&manifest),
        trust,
        now,
    };
    let admitted = handed.admit(&sidecar.all)?;
    let lapses = |one: &Admitted| {
        let info = trust.keyring().cert(&one.certificate, now)?;
        Some(info.lapses(Some(&one.key))? < manifest.expires?)
    };
    let lapsing = admitted.iter().filter(|one| lapses(one) == Some(true));
    let findings = lapsing.map(|one| Finding::KeyExpiresFirst {
        subject: Subject::Bundle,
        certificate: one.certificate.clone(),
    });
    Error::refuse_any(findings.collect())?;
    let mut added = Vec::new();
    for one in admitted {
        sidecar.add(one.signature);
        added.push(one.certificate);
    }
    if !added.is_empty() {
        sidecar.store()?;
    }
    Ok(sidecar.outcome(&bundle, added))
}
