//! What must hold before the first object of a bundle is staged: shared by verify and import.
//!
//! ```text
//! judge_bundle    signatures over the manifest's exact bytes, then the policy for the refs it speaks of
//! ReleaseCheck
//!   ├ summary     the pair verifies; it lists what refs-after says
//!   └ spine       superblock and commit say what the manifest says; the commit is signed and bound
//! ```
//!
//! Pure: bytes, trust and the time come in, findings come out. What cannot be decoded is an error.

mod against;

use std::collections::{BTreeMap, BTreeSet};

use super::{Claim, Error, Finding, Role, Subject, Trust, TrustFinding};
use crate::bundle::{Manifest, ReadError, Release, TrustPoint};
use crate::format::delta::Superblock;
use crate::format::{Checksum, Codec, Commit, Encoded, Metadata, RefName, Summary};
use crate::openpgp::{MAX_SIGNATURE_PACKETS, OpenPgpError, Verification, split_signatures};
use against::{Against, Carries};

/// Judges the signature files of a bundle over its manifest's exact bytes, then the policy.
///
/// Returns what the signatures are worth; refuses with every reason there is.
pub fn judge_bundle(
    trust: &Trust,
    manifest: &[u8],
    signature_files: &[Vec<u8>],
    now: u64,
) -> Result<Verification, Error> {
    let (verification, findings) = weigh_bundle(trust, manifest, signature_files, now)?;
    Error::refuse_any(findings)?;
    Ok(verification)
}

/// Like [`judge_bundle`], but what the policy has against a bundle that is signed is handed back.
pub fn weigh_bundle(
    trust: &Trust,
    manifest: &[u8],
    signature_files: &[Vec<u8>],
    now: u64,
) -> Result<(Verification, Vec<Finding>), Error> {
    let mut signatures: Vec<Vec<u8>> = Vec::new();
    for file in signature_files {
        signatures.extend(split_signatures(file)?);
    }
    if signatures.len() > MAX_SIGNATURE_PACKETS {
        return Err(Error::OpenPgp(OpenPgpError::OverLimit {
            what: "the number of signatures",
            limit: MAX_SIGNATURE_PACKETS,
        }));
    }
    let verification = trust.verify(manifest, &signatures, now);
    Error::refuse_any(trust.admit(Role::Bundle, &Subject::Bundle, &verification))?;
    // Signed by someone who may sign a bundle: only now are the bytes read as a manifest.
    let manifest = Manifest::parse(manifest).map_err(ReadError::Manifest)?;
    let claim = Claim {
        role: Role::Bundle,
        subject: Subject::Bundle,
        refs: &spoken_of(&manifest),
        collection: manifest.repository.collection.as_ref(),
        created: manifest.created,
        expires: manifest.expires,
        now,
    };
    let mut findings = trust.judge(&claim, &verification);
    if let Some(rollback) = &manifest.rollback {
        // Whoever may make a bundle may not take a site back: that changes what it trusts.
        let claim = Claim {
            role: Role::Trust,
            subject: Subject::Rollback {
                name: rollback.name.clone(),
            },
            refs: &[],
            ..claim
        };
        findings.extend(trust.judge(&claim, &verification));
    }
    findings.extend(
        manifest
            .trust
            .and_then(|point| behind(trust, point))
            .map(Finding::from),
    );
    Ok((verification, findings))
}

/// Looks for the version of the trust by which the bundle wants to be judged: nobody can take an
/// update off a bundle unnoticed.
fn behind(trust: &Trust, point: TrustPoint) -> Option<TrustFinding> {
    let (version, known) = (point.version, trust.version());
    match trust.known(version) {
        Some(digest) if digest == point.sha256 => None,
        Some(digest) => Some(TrustFinding::TrustFork {
            version,
            known: digest,
            found: point.sha256,
        }),
        // Older than anything that this directory knows by its digest.
        None if version < known => None,
        None => Some(TrustFinding::TrustBehind {
            wanted: version,
            known,
        }),
    }
}

/// Returns the refs that a bundle changes: those with a sequence number, and those it deletes.
pub fn spoken_of(manifest: &Manifest) -> Vec<RefName> {
    let deleted = manifest
        .refs_after
        .iter()
        .filter(|(_, commit)| commit.is_none());
    let names: BTreeSet<&RefName> = manifest
        .sequence
        .keys()
        .chain(deleted.map(|(name, _)| name))
        .collect();
    names.into_iter().cloned().collect()
}

/// What the superblock of a release holds besides its parts.
#[derive(Clone, Debug)]
pub struct Spine {
    /// The superblock.
    pub superblock: Superblock,
    /// The commit's detached metadata: its signatures.
    pub commitmeta: Metadata,
    /// Who signed the commit.
    pub verification: Verification,
}

impl Spine {
    /// Returns the commit of the release.
    pub fn commit(&self) -> &Encoded<Commit> {
        &self.superblock.commit
    }
}

/// Holds the content of a bundle against its manifest and the trust.
#[derive(Clone, Copy, Debug)]
pub struct ReleaseCheck<'a> {
    /// What the bundle holds, believed.
    pub manifest: &'a Manifest,
    /// Who may sign commits and summaries.
    pub trust: &'a Trust,
    /// The time to judge at, in UNIX seconds.
    pub now: u64,
}

impl ReleaseCheck<'_> {
    /// Checks the superblock of a release; every reason to refuse is added to `findings`.
    pub fn spine(
        &self,
        release: usize,
        bytes: &[u8],
        findings: &mut Vec<Finding>,
    ) -> Result<Spine, Error> {
        let superblock = Superblock::decode(bytes)?;
        let commitmeta = superblock.commitmeta()?.unwrap_or_default();
        superblock.history()?;
        let signatures = commitmeta.signatures(Metadata::GPGSIGS)?;
        let verification = self
            .trust
            .verify(superblock.commit.bytes(), &signatures, self.now);
        let spine = Spine {
            superblock,
            commitmeta,
            verification,
        };
        if let Some(stated) = self.manifest.releases.get(release) {
            let mut against = Against {
                findings,
                of: format!("of {}", stated.name),
            };
            against.delta(stated, &spine.superblock);
            against.commit(stated, spine.commit());
            against.counts(
                stated,
                &spine.superblock,
                &Carries::of(self.manifest, release),
            );
            self.bindings(stated, spine.commit(), findings);
            self.commit_signatures(stated, &spine, findings);
        }
        Ok(spine)
    }

    /// Checks the summary pair; every reason to refuse is added to `findings`.
    pub fn summary(
        &self,
        summary: &[u8],
        signature: &[u8],
        findings: &mut Vec<Finding>,
    ) -> Result<Verification, Error> {
        let signatures = Metadata::decode(signature)?.signatures(Metadata::GPGSIGS)?;
        let verification = self.trust.verify(summary, &signatures, self.now);
        findings.extend(blocked(&Subject::Summary, &verification));
        let before = findings.len();
        findings.extend(
            self.trust
                .admit(Role::Summary, &Subject::Summary, &verification),
        );
        if findings.len() > before {
            return Ok(verification);
        }
        let summary = Summary::decode(summary)?;
        let collection = summary.collection_id()?;
        let judged =
            self.trust
                .judge_summary(&summary, collection.as_ref(), &verification, self.now);
        findings.extend(judged);
        if collection != self.manifest.repository.collection {
            let wanted = self.manifest.repository.collection.clone();
            findings.push(Finding::OtherCollection {
                wanted,
                found: collection,
            });
        }
        let refs = self.refs_that_differ(&summary);
        if !refs.is_empty() {
            findings.push(Finding::SummaryRefs { refs });
        }
        Ok(verification)
    }

    /// Returns the refs of which summary and refs-after do not say the same.
    fn refs_that_differ(&self, summary: &Summary) -> Vec<String> {
        let after = self.manifest.refs_after.iter();
        let after: BTreeMap<&RefName, Checksum> = after
            .filter_map(|(name, at)| Some((name, (*at)?)))
            .collect();
        let listed: BTreeMap<_, _> = summary
            .refs
            .iter()
            .map(|entry| (&entry.name, entry.commit))
            .collect();
        let names: BTreeSet<_> = after.keys().chain(listed.keys()).collect();
        let differ = names
            .into_iter()
            .filter(|name| after.get(*name) != listed.get(*name));
        differ.map(ToString::to_string).collect()
    }

    /// Checks that clients will accept the commit under its ref and collection.
    fn bindings(&self, stated: &Release, commit: &Encoded<Commit>, findings: &mut Vec<Finding>) {
        let (name, commit_id) = (stated.name.clone(), commit.checksum());
        match commit.ref_binding() {
            None => findings.push(Finding::Unbound { commit: commit_id }),
            Some(bindings) if !bindings.iter().any(|bound| *bound == name.to_string()) => {
                findings.push(Finding::NotBound {
                    name,
                    commit: commit_id,
                    bindings,
                });
            }
            Some(_) => {}
        }
        let wanted = &self.manifest.repository.collection;
        if wanted.is_some() && *wanted != stated.collection {
            let (wanted, found) = (wanted.clone(), stated.collection.clone());
            findings.push(Finding::OtherCollection { wanted, found });
        }
    }

    fn commit_signatures(&self, stated: &Release, spine: &Spine, findings: &mut Vec<Finding>) {
        let subject = Subject::Commit {
            name: stated.name.clone(),
            commit: spine.commit().checksum(),
        };
        let claim = Claim {
            role: Role::Commit,
            subject: subject.clone(),
            refs: std::slice::from_ref(&stated.name),
            collection: stated.collection.as_ref(),
            created: spine.commit().timestamp,
            expires: None,
            now: self.now,
        };
        findings.extend(self.trust.judge(&claim, &spine.verification));
        findings.extend(blocked(&subject, &spine.verification));
    }
}

/// Finds the signature at which stock clients stop, though a good one follows.
fn blocked(subject: &Subject, verification: &Verification) -> Option<Finding> {
    let rejected = verification.blocks_stock_clients()?.clone();
    Some(Finding::BlocksStockClients {
        subject: subject.clone(),
        rejected,
    })
}
