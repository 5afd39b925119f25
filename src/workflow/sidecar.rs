//! The file beside a bundle that holds further signatures over its manifest.
//!
//! ```text
//! NAME.airlock       stays as it is, on whatever medium
//! NAME.airlock.asc   signatures over its manifest; whoever reads the bundle counts them as if inside
//! ```

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::replace_file::{directory_of, place_file, sync_directory};
use super::sign_bundle::BundleSignatures;
use crate::Class;
use crate::bundle::Bundle;
use crate::openpgp::{
    Fingerprint, MAX_SIGNATURE_BYTES, MAX_SIGNATURE_PACKETS, OpenPgpError, armor_signatures,
    split_signatures,
};

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
    /// The file is as it should be, and may not be when the power fails.
    #[error("cannot sync {}", path.display())]
    Unsynced {
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
            SidecarError::Io { .. } | SidecarError::Unsynced { .. } => Class::System,
            SidecarError::Nameless => Class::Usage,
        }
    }
}

/// The signatures of a bundle, and the file beside it.
pub(super) struct Sidecar {
    path: PathBuf,
    /// Every signature, inside and beside.
    pub(super) all: Vec<Vec<u8>>,
    /// Those beside.
    pub(super) beside: Vec<Vec<u8>>,
}

impl Sidecar {
    /// Reads the signatures that a bundle has.
    pub(super) fn open(bundle: &Bundle) -> Result<Sidecar, Error> {
        let path = bundle.sidecar().ok_or(SidecarError::Nameless)?;
        let mut all = Vec::new();
        for file in bundle.signatures() {
            all.extend(split_signatures(file)?);
        }
        let beside = split_signatures(&read(&path)?)?;
        Ok(Sidecar { path, all, beside })
    }

    /// Adds a signature, to be stored later.
    pub(super) fn add(&mut self, signature: Vec<u8>) {
        self.all.push(signature.clone());
        self.beside.push(signature);
    }

    /// Replaces the file beside the bundle; without any signature it goes.
    pub(super) fn store(&self) -> Result<(), Error> {
        if self.beside.is_empty() {
            return Ok(remove(&self.path)?);
        }
        if self.all.len() > MAX_SIGNATURE_PACKETS {
            return Err(Error::OpenPgp(OpenPgpError::OverLimit {
                what: "the number of signatures",
                limit: MAX_SIGNATURE_PACKETS,
            }));
        }
        let armored = armor_signatures(&self.beside);
        // Nothing is written that could not be read again.
        split_signatures(&armored)?;
        Ok(replace(&self.path, &armored)?)
    }

    /// Tells what was done.
    pub(super) fn outcome(self, bundle: &Bundle, added: Vec<Fingerprint>) -> BundleSignatures {
        BundleSignatures {
            bundle: *bundle.id(),
            sidecar: self.path,
            added,
            removed: 0,
            signatures: self.all.len(),
        }
    }
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

fn remove(path: &Path) -> Result<(), SidecarError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(SidecarError::Io {
            action: "remove",
            path: path.into(),
            source,
        }),
        Ok(()) => sync(path),
    }
}

/// Replaces a file, durably; on a medium that may have no modes.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), SidecarError> {
    replace_with(path, |file| file.write_all(bytes))
}

/// As [`replace`], with what is written to the file; it can be read, too.
pub(super) fn replace_with<T>(
    path: &Path,
    write: impl FnOnce(&mut fs::File) -> io::Result<T>,
) -> Result<T, SidecarError> {
    let written = place_file(path, write).map_err(unwritten(path))?;
    sync(path)?;
    Ok(written)
}

/// Finds out whether [`replace`] can write there, before work is done for it.
pub(super) fn probe(path: &Path) -> Result<(), SidecarError> {
    let made = tempfile::tempfile_in(directory_of(path));
    made.map(drop).map_err(unwritten(path))
}

fn unwritten(path: &Path) -> impl FnOnce(io::Error) -> SidecarError {
    |source| SidecarError::Io {
        action: "write",
        path: path.into(),
        source,
    }
}

fn sync(path: &Path) -> Result<(), SidecarError> {
    sync_directory(path).map_err(|source| SidecarError::Unsynced {
        path: path.into(),
        source,
    })
}
