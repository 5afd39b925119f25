//! Signs a finished bundle without writing it anew: the signatures go into a file beside it.
//!
//! ```text
//! NAME.airlock       stays as it is, on whatever medium
//! NAME.airlock.asc   signatures over its manifest; whoever reads the bundle counts them as if inside
//! ```

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::Error;
use super::finding::Finding;
use super::subject::Subject;
use crate::Class;
use crate::bundle::{Bundle, ReadError};
use crate::format::Checksum;
use crate::openpgp::{
    Fingerprint, MAX_SIGNATURE_BYTES, Signer, armor_signatures, split_signatures,
};

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
    /// How many signatures there are now, inside and beside.
    pub signatures: usize,
}

/// Why a signature file beside a bundle cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SidecarError {
    /// The file cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The bundle has no name that a file beside it could carry.
    #[error("the bundle has no name for a file beside it")]
    Nameless,
}

impl SidecarError {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        match self {
            SidecarError::Io { .. } => Class::System,
            SidecarError::Nameless => Class::Usage,
        }
    }
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
    let sidecar = bundle.sidecar().ok_or(SidecarError::Nameless)?;
    let mut inside_and_beside = Vec::new();
    for file in bundle.signatures() {
        inside_and_beside.extend(split_signatures(file)?);
    }
    let mut beside = split_signatures(&read(&sidecar)?)?;
    let mut added = Vec::new();
    for signer in signers {
        let data = bundle.manifest_bytes();
        if signer
            .public()
            .verify(data, &inside_and_beside, now)
            .good
            .is_empty()
        {
            let signature = signer.sign(data, now)?;
            inside_and_beside.push(signature.clone());
            beside.push(signature);
            added.push(signer.certificate().clone());
        }
    }
    if !added.is_empty() {
        let armored = armor_signatures(&beside);
        // Nothing is written that could not be read again.
        split_signatures(&armored)?;
        replace(&sidecar, &armored)?;
    }
    let signatures = inside_and_beside.len();
    Ok(BundleSignatures {
        bundle: *bundle.id(),
        sidecar,
        added,
        signatures,
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

fn read(path: &Path) -> Result<Vec<u8>, SidecarError> {
    let mut bytes = Vec::new();
    let limit = MAX_SIGNATURE_BYTES as u64 + 1;
    match fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes)) {
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(SidecarError::Io {
            action: "read",
            path: path.into(),
            source,
        }),
    }
}

/// Replaces a file, durably; on a medium that may have no modes.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), SidecarError> {
    let dir = path
        .parent()
        .filter(|dir| *dir != Path::new(""))
        .unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(dir)?;
        file.write_all(bytes)?;
        // A medium without modes of its own, as FAT, need not take this one.
        let _ = file
            .as_file()
            .set_permissions(fs::Permissions::from_mode(0o644));
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        fs::File::open(dir)?.sync_all()
    };
    write().map_err(|source| SidecarError::Io {
        action: "write",
        path: path.into(),
        source,
    })
}
