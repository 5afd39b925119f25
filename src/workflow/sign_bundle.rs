//! Signs a finished bundle without writing it anew: the signatures go into a file beside it.

use std::path::PathBuf;

use serde::Serialize;

use super::error::Error;
use super::finding::Finding;
use super::sidecar::Sidecar;
use super::sign::made_by;
use super::subject::Subject;
use crate::bundle::{Bundle, ReadError};
use crate::format::Checksum;
use crate::openpgp::{Fingerprint, Keyring, Signer};

/// What signing a bundle did.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BundleSignatures {
    /// The bundle.
    pub bundle: Checksum,
    /// The file beside it.
    pub sidecar: PathBuf,
    /// Who signed now.
    pub added: Vec<Fingerprint>,
    /// How many signatures were taken away.
    pub removed: usize,
    /// How many signatures there are now, inside and beside.
    pub signatures: usize,
}

/// Adds the signature of each signer who has not signed the bundle yet.
///
/// A key that expires before the bundle does is refused: its signature would lapse on the way.
pub fn sign_bundle(
    paths: &[PathBuf],
    signers: &[Box<dyn Signer>],
    now: u64,
) -> Result<BundleSignatures, Error> {
    let bundle = Bundle::open(paths)?;
    let manifest = bundle.unverified_manifest().map_err(ReadError::Manifest)?;
    Error::refuse_any(expires_first(manifest.expires, signers, now))?;
    let mut sidecar = Sidecar::open(&bundle)?;
    let mut added = Vec::new();
    for signer in signers {
        let data = bundle.manifest_bytes();
        if signer
            .public()
            .verify(data, &sidecar.all, now)
            .good
            .is_empty()
        {
            sidecar.add(signer.sign(data, now)?);
            added.push(signer.certificate().clone());
        }
    }
    if !added.is_empty() {
        sidecar.store()?;
    }
    Ok(sidecar.outcome(&bundle, added))
}

/// Takes the signatures of these certificates or keys out of the file beside a bundle.
///
/// Those inside stay: the bundle is not written anew. `keyring` tells which certificate a subkey
/// belongs to.
pub fn unsign_bundle(
    paths: &[PathBuf],
    signers: &[Fingerprint],
    keyring: &Keyring,
) -> Result<BundleSignatures, Error> {
    let bundle = Bundle::open(paths)?;
    let mut sidecar = Sidecar::open(&bundle)?;
    let before = sidecar.beside.len();
    sidecar
        .beside
        .retain(|signature| !made_by(signature, signers, keyring));
    let removed = before - sidecar.beside.len();
    if removed > 0 {
        sidecar.store()?;
    }
    let signatures = sidecar.all.len() - removed;
    Ok(BundleSignatures {
        removed,
        signatures,
        ..sidecar.outcome(&bundle, Vec::new())
    })
}

fn expires_first(expires: Option<u64>, signers: &[Box<dyn Signer>], now: u64) -> Vec<Finding> {
    let Some(expires) = expires else {
        return Vec::new();
    };
    let lapses = signers
        .iter()
        .filter(|signer| signer.expires(now).is_some_and(|at| at < expires));
    let finding = |signer: &dyn Signer| Finding::KeyExpiresFirst {
        subject: Subject::Bundle,
        certificate: signer.certificate().clone(),
    };
    lapses.map(|signer| finding(signer.as_ref())).collect()
}
