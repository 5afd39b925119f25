//! Reads a trust directory, or a certificate file.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Trust, TrustError, chain};
use crate::ed25519::{Ed25519Error, PublicKey, read_public_keys};
use crate::openpgp::{Keyring, MAX_KEYRING_BYTES, OpenPgpError};
use crate::workflow::policy::Policy;

const POLICY: &str = "policy.toml";
const SUFFIXES: [&str; 3] = ["asc", "pgp", "gpg"];
const ED25519: &str = "ed25519";
/// The largest file of Ed25519 keys.
const MAX_ED25519_BYTES: usize = 64 * 1024;
/// The largest `policy.toml` that is read.
const MAX_POLICY_BYTES: usize = 1024 * 1024;
/// The most files a trust directory may hold.
pub(super) const MAX_FILES: usize = 4096;
const SECRET_KEY_ARMOR: &[u8] = b"-----BEGIN PGP PRIVATE KEY";

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

    fn load_directory(path: &Path) -> Result<Self, TrustError> {
        let (mut keyring, mut ed25519) = (Keyring::new(), Vec::new());
        for file in files(path)? {
            if file.extension().is_some_and(|suffix| suffix == ED25519) {
                add_ed25519(&mut ed25519, &file)?;
                continue;
            }
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
        let Some(text) = policy_text(path)? else {
            return Ok(Self {
                ed25519,
                ..Self::of(keyring)
            });
        };
        let certificates = keyring.fingerprints().cloned().collect();
        let policy =
            Policy::parse_bytes(&text, &certificates).map_err(|source| TrustError::Policy {
                path: path.join(POLICY),
                source,
            })?;
        Ok(Self {
            ed25519,
            chain: chain::load(path)?,
            ..Self::new(keyring, policy)
        })
    }
}

/// Reads the policy of a trust directory, if it has one.
pub(super) fn policy_text(directory: &Path) -> Result<Option<Vec<u8>>, TrustError> {
    let path = directory.join(POLICY);
    if !path.exists() {
        return Ok(None);
    }
    read(&path, MAX_POLICY_BYTES).map(Some)
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

fn add_ed25519(keys: &mut Vec<PublicKey>, path: &Path) -> Result<(), TrustError> {
    let bytes = read(path, MAX_ED25519_BYTES)?;
    match read_public_keys(&bytes) {
        Ok(read) => keys.extend(read),
        Err(Ed25519Error::Secret { .. }) => {
            return Err(TrustError::SecretKey { path: path.into() });
        }
        Err(source) => {
            return Err(TrustError::Ed25519 {
                path: path.into(),
                source,
            });
        }
    }
    Ok(())
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

pub(super) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, TrustError> {
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
