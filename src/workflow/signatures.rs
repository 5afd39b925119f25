//! Who signed a bundle, who does not count and why, and how many are missing: told, not decided.
//!
//! `verify` and `import` refuse by the same counting; this says how far the signing has come, for
//! those who sign one after another.

use std::path::PathBuf;

use serde::Serialize;

use super::error::Error;
use super::policy::{Role, Tally};
use super::release_check::spoken_of;
use super::subject::Subject;
use super::trust::Trust;
use crate::bundle::{Bundle, Manifest};
use crate::format::Checksum;
use crate::openpgp::{CertInfo, Fingerprint, RejectedSignature, Verification, split_signatures};

/// The signatures of a bundle, one by one, and what is missing.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SignatureReport {
    /// The bundle's id.
    pub bundle: Checksum,
    /// The signatures that verify.
    pub signed: Vec<Signed>,
    /// Those that do not count, and why.
    pub rejected: Vec<RejectedSignature>,
    /// How far each rule is met. As long as nobody who may has signed, nothing is known of the
    /// bundle's refs, and every rule is told.
    pub rules: Vec<Tally>,
    /// The names of the certificates above.
    pub names: Vec<Named>,
}

/// A signature that verifies.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Signed {
    /// The certificate.
    pub certificate: Fingerprint,
    /// When it was made, in UNIX seconds.
    pub created: u64,
    /// What it is worth.
    pub standing: Standing,
}

/// What a signature that verifies is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It counts.
    Counts,
    /// Its certificate counts already.
    Repeated,
    /// Its certificate may not sign this.
    MayNotSign,
}

/// The first user ID of a certificate, as it stands there; whoever shows it cleans it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Named {
    /// The certificate.
    pub certificate: Fingerprint,
    /// Its first user ID.
    pub user_id: Option<String>,
}

impl SignatureReport {
    /// Returns how many more must sign before every rule is met.
    pub fn missing(&self) -> usize {
        self.rules
            .iter()
            .map(|rule| rule.missing)
            .max()
            .unwrap_or(0)
    }
}

/// Reports the signatures of a bundle, inside, beside and in further files.
pub fn bundle_signatures(
    paths: &[PathBuf],
    further: &[PathBuf],
    trust: &Trust,
    now: u64,
) -> Result<SignatureReport, Error> {
    let mut bundle = Bundle::open(paths)?;
    for file in further {
        bundle.add_signatures(file)?;
    }
    let mut packets = Vec::new();
    for file in bundle.signatures() {
        packets.extend(split_signatures(file)?);
    }
    let verification = trust.verify(bundle.manifest_bytes(), &packets, now);
    Ok(report(
        *bundle.id(),
        bundle.manifest_bytes(),
        trust,
        &verification,
        now,
    ))
}

/// Reports signatures that were verified already.
pub(super) fn report(
    bundle: Checksum,
    manifest: &[u8],
    trust: &Trust,
    verification: &Verification,
    now: u64,
) -> SignatureReport {
    let admitted = trust.admit(Role::Bundle, &Subject::Bundle, verification);
    // Nothing of the manifest is read before somebody signed it who may.
    let refs = match admitted.is_empty() {
        true => Manifest::parse(manifest).ok().as_ref().map(spoken_of),
        false => None,
    };
    let rules = trust
        .policy()
        .tally(Role::Bundle, refs.as_deref(), verification);
    let signed = signed(&rules, verification);
    let told = signed.iter().map(|one| &one.certificate);
    let mut certificates: Vec<_> = told
        .chain(rules.iter().flat_map(|rule| &rule.could_sign))
        .cloned()
        .collect();
    certificates.sort();
    certificates.dedup();
    let name = |certificate: Fingerprint| {
        let info = trust.keyring().cert(&certificate, now);
        Named {
            user_id: info.and_then(|CertInfo { user_ids, .. }| user_ids.into_iter().next()),
            certificate,
        }
    };
    SignatureReport {
        bundle,
        names: certificates.into_iter().map(name).collect(),
        rejected: verification.rejected.clone(),
        signed,
        rules,
    }
}

fn signed(rules: &[Tally], verification: &Verification) -> Vec<Signed> {
    let mut seen = Vec::new();
    let standing = |certificate: &Fingerprint, seen: &[Fingerprint]| {
        let may = rules.iter().any(|rule| rule.signed.contains(certificate));
        match seen.contains(certificate) {
            _ if !may => Standing::MayNotSign,
            true => Standing::Repeated,
            false => Standing::Counts,
        }
    };
    let one = |good: &crate::openpgp::GoodSignature| {
        let standing = standing(&good.cert, &seen);
        seen.push(good.cert.clone());
        Signed {
            certificate: good.cert.clone(),
            created: good.created,
            standing,
        }
    };
    verification.good.iter().map(one).collect()
}
