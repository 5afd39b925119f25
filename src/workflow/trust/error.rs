//! Why a trust directory cannot be used.

use std::io;
use std::path::PathBuf;

use super::load::MAX_FILES;
use crate::Class;
use crate::ed25519::Ed25519Error;
use crate::openpgp::OpenPgpError;
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
            TrustError::Io { .. } => Class::System,
            _ => Class::Usage,
        }
    }
}
