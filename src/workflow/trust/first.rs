//! `trust init`: the first trust of a site, from certificates that somebody vouches for aloud.
//!
//! ```text
//! OUT/
//! ├── <FINGERPRINT>.asc   each certificate, after its fingerprint was compared
//! └── policy.toml         any one of them for every role, so that trust updates can follow
//! ```

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::load::read;
use super::{Trust, TrustError};
use crate::openpgp::{Fingerprint, Keyring, MAX_KEYRING_BYTES};
use crate::workflow::Error;
use crate::workflow::policy::Policy;
use crate::workflow::replace_file::make_file;

/// What a site begins with when nobody wrote a policy.
const POLICY: &str = "\
# Who may sign what: `airlock trust show` explains it.
# Any one certificate of this directory, for every ref. The last table lets
# bundles bring updates of the trust, which have to be signed as it says.

[[bundle]]
[[commit]]
[[summary]]
[[trust]]
";

/// The first trust of a site.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FirstTrust {
    /// The directory.
    pub directory: PathBuf,
    /// Its certificates.
    pub certificates: Vec<Fingerprint>,
    /// Its files.
    pub files: Vec<PathBuf>,
}

/// Writes a trust directory if the certificates of `file` are exactly those that were read out.
pub fn init_trust(
    file: &Path,
    read_out: &[Fingerprint],
    policy: Option<&Path>,
    output: &Path,
) -> Result<FirstTrust, Error> {
    let mut keyring = Keyring::new();
    let added = keyring.add_bytes(&read(file, MAX_KEYRING_BYTES)?);
    added.map_err(|source| TrustError::Certificate {
        path: file.into(),
        source,
    })?;
    let found: BTreeSet<Fingerprint> = keyring.fingerprints().cloned().collect();
    let wanted: BTreeSet<Fingerprint> = read_out.iter().cloned().collect();
    if found != wanted {
        let (path, found) = (file.into(), found.into_iter().collect());
        return Err(TrustError::OtherFingerprint { path, found }.into());
    }
    if output.exists() {
        let path = output.into();
        return Err(TrustError::Exists { path }.into());
    }
    let text = match policy {
        Some(path) => read(path, MAX_KEYRING_BYTES)?,
        None => POLICY.into(),
    };
    Policy::parse_bytes(&text, &found).map_err(|source| TrustError::Policy {
        path: policy.unwrap_or(output).into(),
        source,
    })?;
    let mut files = Vec::new();
    let mut write = |name: String, bytes: &[u8]| {
        let path = output.join(name);
        make_file(&path, bytes).map_err(|source| TrustError::Write {
            path: path.clone(),
            source,
        })?;
        files.push(path);
        Ok::<_, TrustError>(())
    };
    write("policy.toml".to_owned(), &text)?;
    for certificate in &found {
        let armored = keyring.to_armored(certificate)?.unwrap_or_default();
        write(format!("{certificate}.asc"), &armored)?;
    }
    // What was written is what a site would read.
    Trust::load(output)?;
    Ok(FirstTrust {
        directory: output.into(),
        certificates: found.into_iter().collect(),
        files,
    })
}
