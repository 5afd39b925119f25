//! Why a trust directory cannot be used.

use std::io;
use std::path::PathBuf;

use super::load::MAX_FILES;
use crate::Class;
use crate::ed25519::Ed25519Error;
use crate::openpgp::{Fingerprint, OpenPgpError};
use crate::workflow::policy::PolicyError;

/// Why a trust directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A certificate file is not fit for a trust directory.
    #[error("{} is no certificate file", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: OpenPgpError,
    },
    /// A file of Ed25519 keys holds something else.
    #[error("{} holds no Ed25519 keys", path.display())]
    Ed25519 {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Ed25519Error,
    },
    /// A file holds a secret key, which has no place here.
    #[error("{} holds a secret key, which has no place among certificates", path.display())]
    SecretKey {
        /// The file.
        path: PathBuf,
    },
    /// The policy has a mistake.
    #[error("{} has a mistake", path.display())]
    Policy {
        /// The file.
        path: PathBuf,
        /// The mistake and its line.
        source: PolicyError,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory that is to be has versions of its own.
    #[error("{} holds other versions than the directory in force", path.display())]
    OtherChain {
        /// The directory of its versions.
        path: PathBuf,
    },
    /// There is no version to sign.
    #[error("{} holds no version to sign", path.display())]
    NoChain {
        /// The directory of versions.
        path: PathBuf,
    },
    /// The certificates are not those whose fingerprints were given.
    #[error("{} holds other certificates than were given: {}", path.display(), list(found))]
    OtherFingerprint {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: Vec<Fingerprint>,
    },
    /// A directory that is to be made is there.
    #[error("{} exists already", path.display())]
    Exists {
        /// The directory.
        path: PathBuf,
    },
    /// There is no certificate.
    #[error("{} holds no certificate", path.display())]
    Empty {
        /// The directory.
        path: PathBuf,
    },
    /// There are more files than a trust directory may hold.
    #[error("{} holds more than {MAX_FILES} files", path.display())]
    TooManyFiles {
        /// The directory.
        path: PathBuf,
    },
    /// A file is larger than any of its kind may be.
    #[error("{} is over the limit of {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
}

impl TrustError {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        match self {
            TrustError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Class::NotFound
            }
            TrustError::Io { .. } | TrustError::Write { .. } => Class::System,
            TrustError::OtherFingerprint { .. } => Class::Untrusted,
            _ => Class::Usage,
        }
    }
}

fn list(fingerprints: &[Fingerprint]) -> String {
    let all: Vec<&str> = fingerprints.iter().map(Fingerprint::as_str).collect();
    all.join(", ")
}
