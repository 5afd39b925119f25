//! What a key file holds, secret keys included: for people to look at, before they use it.

use sequoia_openpgp::Cert;
use serde::Serialize;

use super::error::OpenPgpError;
use super::info::CertInfo;
use super::keyring::parse_certs;

/// Whether the secret of a key is in the file, and open to whoever reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretState {
    /// Only the certificate is there.
    Absent,
    /// A passphrase protects it.
    Protected,
    /// Nothing protects it.
    Plain,
}

/// One certificate of a file, and how much of its secret is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeyFileEntry {
    /// The certificate, as it stands at the moment asked for.
    #[serde(flatten)]
    pub certificate: CertInfo,
    /// Its secret.
    pub secret: SecretState,
}

/// Lists what a certificate or secret key file holds, as it stands at `now`.
pub fn inspect(bytes: &[u8], now: u64) -> Result<Vec<KeyFileEntry>, OpenPgpError> {
    let entry = |cert: &Cert| KeyFileEntry {
        certificate: CertInfo::of(cert, now),
        secret: secret_state(cert),
    };
    Ok(parse_certs(bytes)?.iter().map(entry).collect())
}

fn secret_state(cert: &Cert) -> SecretState {
    let mut secrets = cert.keys().secret().peekable();
    if secrets.peek().is_none() {
        return SecretState::Absent;
    }
    match secrets.all(|key| key.key().secret().is_encrypted()) {
        true => SecretState::Protected,
        false => SecretState::Plain,
    }
}
