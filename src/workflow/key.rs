//! Makes a key and writes its three files, none over another.
//!
//! ```text
//! NAME.key   0600  the secret key: signs, and stays where it is
//! NAME.asc   0644  the certificate: goes into every trust directory
//! NAME.rev   0600  the revocation: makes the certificate worthless, should the secret be lost
//! ```

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::Error;
use crate::Class;
use crate::openpgp::{Fingerprint, GenerateOptions, GeneratedKey, generate};

/// What a new key shall be, and where its files go.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The key itself.
    pub key: GenerateOptions,
    /// The path of the files, without their endings.
    pub output: PathBuf,
}

/// The files of a new key.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeyFiles {
    /// The certificate's fingerprint.
    pub fingerprint: Fingerprint,
    /// Where the secret key is.
    pub secret: PathBuf,
    /// Where the certificate is.
    pub certificate: PathBuf,
    /// Where the revocation is.
    pub revocation: PathBuf,
    /// Whether a passphrase protects the secret key.
    pub protected: bool,
}

/// Why the files of a new key cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A file of that name exists.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl KeyError {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        match self {
            KeyError::Exists { .. } => Class::Usage,
            KeyError::Io { .. } => Class::System,
        }
    }
}

/// Makes a key and writes its files; an existing file is never replaced.
pub fn generate_key(options: &NewKey) -> Result<KeyFiles, Error> {
    let name = |ending: &str| {
        let mut path = options.output.clone().into_os_string();
        path.push(ending);
        PathBuf::from(path)
    };
    let (secret, certificate, revocation) = (name(".key"), name(".asc"), name(".rev"));
    let paths = [&secret, &certificate, &revocation];
    if let Some(path) = paths
        .into_iter()
        .find(|path| path.symlink_metadata().is_ok())
    {
        return Err(KeyError::Exists { path: path.clone() }.into());
    }
    let made = generate(&options.key)?;
    write_all(&made, paths)?;
    let protected = options.key.passphrase.is_some();
    Ok(KeyFiles {
        fingerprint: made.fingerprint,
        secret,
        certificate,
        revocation,
        protected,
    })
}

/// Writes the three files; half a key is no key, so a failure takes away what was written before it.
fn write_all(
    made: &GeneratedKey,
    [secret, certificate, revocation]: [&PathBuf; 3],
) -> Result<(), KeyError> {
    let files: [(&PathBuf, &[u8], u32); 3] = [
        (secret, &made.secret_armored, 0o600),
        (revocation, &made.revocation_armored, 0o600),
        (certificate, &made.certificate_armored, 0o644),
    ];
    for (index, (path, bytes, mode)) in files.into_iter().enumerate() {
        if let Err(error) = write_new(path, bytes, mode) {
            files[..index]
                .iter()
                .for_each(|(written, ..)| drop(fs::remove_file(written)));
            return Err(error);
        }
    }
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KeyError> {
    let io = |source| KeyError::Io {
        path: path.into(),
        source,
    };
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path);
    let mut file = created.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyError::Exists { path: path.into() },
        _ => io(source),
    })?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|source| {
            let _ = fs::remove_file(path);
            io(source)
        })
}
