//! The trust directory: whose signatures are believed, and for what.
//!
//! ```text
//! trust/
//! ├── release.asc     certificates: *.asc, *.pgp, *.gpg, armored or binary, one or several in a file
//! ├── officer.pgp
//! ├── policy.toml     optional: who may sign what (see `policy`)
//! └── README          anything else is left alone, unless it is a secret key
//! ```

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::policy::{Claim, Policy, PolicyError, Role};
use super::{Finding, Subject};
use crate::Class;
use crate::format::{CollectionId, RefName, Summary};
use crate::openpgp::{Fingerprint, Keyring, MAX_KEYRING_BYTES, OpenPgpError, Verification};

const POLICY: &str = "policy.toml";
const SUFFIXES: [&str; 3] = ["asc", "pgp", "gpg"];
/// The largest `policy.toml` that is read.
const MAX_POLICY_BYTES: usize = 1024 * 1024;
/// The most files a trust directory may hold.
const MAX_FILES: usize = 4096;
const SECRET_KEY_ARMOR: &[u8] = b"-----BEGIN PGP PRIVATE KEY";

/// Certificates and what they may sign.
#[derive(Clone, Debug)]
pub struct Trust {
    keyring: Keyring,
    policy: Policy,
}

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

impl Trust {
    /// Loads a trust directory, or a single certificate file.
    pub fn load(path: &Path) -> Result<Self, TrustError> {
        let metadata = fs::metadata(path).map_err(|source| TrustError::Io {
            path: path.into(),
            source,
        })?;
        match metadata.is_dir() {
            true => Self::load_directory(path),
            false => {
                let mut keyring = Keyring::new();
                add_file(&mut keyring, path)?;
                Ok(Self::of(keyring))
            }
        }
    }

    /// Trusts any one of these certificates, for every role and ref.
    pub fn of(keyring: Keyring) -> Self {
        let policy = Policy::any_one_of(keyring.fingerprints().cloned().collect());
        Self { keyring, policy }
    }

    /// Returns the certificates.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Returns the policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Finds out who signed these bytes; what that is worth, [`Trust::judge`] decides.
    pub fn verify(&self, data: &[u8], signatures: &[Vec<u8>], now: u64) -> Verification {
        self.keyring.verify(data, signatures, now)
    }

    /// Judges a statement before it is read: see [`Policy::admit`].
    #[must_use]
    pub fn admit(
        &self,
        role: Role,
        subject: &Subject,
        verification: &Verification,
    ) -> Vec<Finding> {
        self.policy.admit(role, subject, verification)
    }

    /// Judges a statement: see [`Policy::judge`].
    #[must_use]
    pub fn judge(&self, claim: &Claim<'_>, verification: &Verification) -> Vec<Finding> {
        self.policy.judge(claim, verification)
    }

    /// Judges the summary of a repository with this collection: it speaks of every ref it lists.
    #[must_use]
    pub fn judge_summary(
        &self,
        summary: &Summary,
        collection: Option<&CollectionId>,
        verification: &Verification,
        now: u64,
    ) -> Vec<Finding> {
        let listed = summary.refs.iter();
        let refs: Vec<RefName> = listed.map(|entry| entry.name.clone()).collect();
        let claim = Claim {
            role: Role::Summary,
            subject: Subject::Summary,
            refs: &refs,
            collection,
            created: summary.last_modified().unwrap_or(0),
            expires: summary.expires(),
            now,
        };
        self.judge(&claim, verification)
    }

    fn load_directory(path: &Path) -> Result<Self, TrustError> {
        let mut keyring = Keyring::new();
        for file in files(path)? {
            let certificate = file
                .extension()
                .is_some_and(|suffix| SUFFIXES.iter().any(|known| suffix == *known));
            match certificate {
                true => add_file(&mut keyring, &file)?,
                false => refuse_secret_key(&file)?,
            }
        }
        if keyring.is_empty() {
            return Err(TrustError::Empty { path: path.into() });
        }
        let policy_path = path.join(POLICY);
        if !policy_path.exists() {
            return Ok(Self::of(keyring));
        }
        let text = read(&policy_path, MAX_POLICY_BYTES)?;
        let certificates = keyring.fingerprints().cloned().collect();
        let policy =
            Policy::parse(&String::from_utf8_lossy(&text), &certificates).map_err(|source| {
                TrustError::Policy {
                    path: policy_path,
                    source,
                }
            })?;
        Ok(Self { keyring, policy })
    }

    /// Returns every certificate that may sign for one of these roles on one of these refs.
    pub fn signers(&self, roles: &[Role], refs: &[crate::format::RefName]) -> Vec<Fingerprint> {
        let allowed = roles
            .iter()
            .flat_map(|&role| self.policy.signers(role, refs));
        let distinct: std::collections::BTreeSet<_> = allowed.collect();
        distinct.into_iter().collect()
    }
}

fn files(path: &Path) -> Result<Vec<PathBuf>, TrustError> {
    let io = |source| TrustError::Io {
        path: path.into(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(io)? {
        let file = entry.map_err(io)?.path();
        if file.is_file() {
            files.push(file);
        }
        if files.len() > MAX_FILES {
            return Err(TrustError::TooManyFiles { path: path.into() });
        }
    }
    files.sort();
    Ok(files)
}

fn add_file(keyring: &mut Keyring, path: &Path) -> Result<(), TrustError> {
    let bytes = read(path, MAX_KEYRING_BYTES)?;
    match keyring.add_bytes(&bytes) {
        Ok(_) => Ok(()),
        Err(OpenPgpError::SecretKey { .. }) => Err(TrustError::SecretKey { path: path.into() }),
        Err(source) => Err(TrustError::Certificate {
            path: path.into(),
            source,
        }),
    }
}

/// A secret key under another name than a certificate's would go unnoticed to every site.
fn refuse_secret_key(path: &Path) -> Result<(), TrustError> {
    let io = |source| TrustError::Io {
        path: path.into(),
        source,
    };
    let mut start = Vec::new();
    let file = fs::File::open(path).map_err(io)?;
    file.take(SECRET_KEY_ARMOR.len() as u64)
        .read_to_end(&mut start)
        .map_err(io)?;
    match start == SECRET_KEY_ARMOR {
        true => Err(TrustError::SecretKey { path: path.into() }),
        false => Ok(()),
    }
}

fn read(path: &Path, limit: usize) -> Result<Vec<u8>, TrustError> {
    let io = |source| TrustError::Io {
        path: path.into(),
        source,
    };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(io)?;
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    match bytes.len() > limit {
        true => Err(TrustError::TooLarge {
            path: path.into(),
            limit,
        }),
        false => Ok(bytes),
    }
}
