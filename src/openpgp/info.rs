//! What a certificate says about itself, judged at one moment: for people to read, never to decide by.

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::amalgamation::key::ErasedKeyAmalgamation;
use sequoia_openpgp::cert::prelude::*;
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::policy::StandardPolicy;
use serde::Serialize;

use super::fingerprint::Fingerprint;
use super::judge::{cert_revoked, judge_cert, judge_validity};
use super::reason::Reason;
use super::stock;
use super::time::{system_time, unix_seconds};

/// A certificate, as it stands at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CertInfo {
    /// The primary fingerprint, by which the certificate is named.
    pub fingerprint: Fingerprint,
    /// The user IDs, as they stand in the certificate; whoever shows them cleans them.
    pub user_ids: Vec<String>,
    /// When it was made, in UNIX seconds.
    pub created: u64,
    /// When it expires, in UNIX seconds; absent when it never does or does not hold at all.
    pub expires: Option<u64>,
    /// Whether any revocation of it is known.
    pub revoked: bool,
    /// The algorithm of the primary key, as `EdDSA 256` or `RSA 4096`.
    pub algorithm: String,
    /// The keys that may sign data at that moment.
    pub signing_keys: Vec<KeyInfo>,
    /// Why the certificate does not hold at all, if so.
    pub invalid: Option<String>,
}

/// One key of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct KeyInfo {
    /// The key's own fingerprint.
    pub fingerprint: Fingerprint,
    /// Its algorithm.
    pub algorithm: String,
    /// When it was made, in UNIX seconds.
    pub created: u64,
    /// When it expires, in UNIX seconds.
    pub expires: Option<u64>,
}

impl CertInfo {
    /// Tells whether the certificate can make signatures that count at the moment it was judged.
    pub fn can_sign(&self) -> bool {
        !self.revoked && self.invalid.is_none() && !self.signing_keys.is_empty()
    }

    /// Returns when the last of its signing keys expires, or the certificate itself; nothing if never.
    pub fn signs_until(&self) -> Option<u64> {
        let keys = self.signing_keys.iter().map(|key| key.expires);
        let last = keys.reduce(|one, other| one.zip(other).map(|(one, other)| one.max(other)));
        match (self.expires, last.flatten()) {
            (Some(whole), Some(key)) => Some(whole.min(key)),
            (whole, key) => whole.or(key),
        }
    }

    /// Returns when signatures by this key of it lapse, in UNIX seconds: when the key expires, or the
    /// certificate; without a key, those by the newest, which is the one that signs.
    pub fn lapses(&self, key: Option<&Fingerprint>) -> Option<u64> {
        let newest = || self.signing_keys.iter().max_by_key(|key| key.created);
        let signing = match key {
            Some(key) => self
                .signing_keys
                .iter()
                .find(|info| info.fingerprint == *key),
            None => newest(),
        };
        let ends = [self.expires, signing.and_then(|key| key.expires)];
        ends.into_iter().flatten().min()
    }

    pub(super) fn of(cert: &Cert, now: u64) -> Self {
        let policy = StandardPolicy::at(system_time(now));
        let valid = cert.with_policy(&policy, system_time(now));
        let primary = cert.primary_key();
        let (expires, signing_keys, invalid) = match &valid {
            Ok(valid) => {
                let expires = valid.primary_key().key_expiration_time().map(unix_seconds);
                let ends = [expires, stock::expires(cert)].into_iter().flatten();
                (ends.min(), signing_keys(valid, now), invalid(cert, now))
            }
            Err(error) => (None, Vec::new(), Some(super::reason::chain(error.as_ref()))),
        };
        Self {
            fingerprint: cert.fingerprint().into(),
            user_ids: cert
                .userids()
                .map(|id| String::from_utf8_lossy(id.userid().value()).into_owned())
                .collect(),
            created: unix_seconds(primary.key().creation_time()),
            expires,
            revoked: cert_revoked(cert),
            algorithm: algorithm(&ErasedKeyAmalgamation::<PublicParts>::from(primary)),
            signing_keys,
            invalid,
        }
    }
}

/// Says why the certificate does not hold, unless it is revoked or has expired.
fn invalid(cert: &Cert, now: u64) -> Option<String> {
    let judged = stock::judge_kind(cert.primary_key().key()).and_then(|()| judge_cert(cert, now));
    match judged.err()? {
        Reason::CertificateRevoked | Reason::CertificateExpired { .. } => None,
        Reason::CertificateInvalid { why } => Some(why),
        other => Some(other.to_string()),
    }
}

fn signing_keys(valid: &ValidCert, now: u64) -> Vec<KeyInfo> {
    let cert = valid.cert();
    let primary = cert.primary_key();
    if judge_cert(cert, now).is_err() || stock::judge_kind(primary.key()).is_err() {
        return Vec::new();
    }
    let usable = valid.keys().alive().for_signing();
    usable
        .filter(|key| judge_validity(key.amalgamation(), now).is_ok())
        .filter(|key| stock::judge_kind(key.key()).is_ok())
        .map(|key| KeyInfo {
            fingerprint: key.key().fingerprint().into(),
            algorithm: algorithm(key.amalgamation()),
            created: unix_seconds(key.key().creation_time()),
            expires: key.key_expiration_time().map(unix_seconds),
        })
        .collect()
}

fn algorithm(key: &ErasedKeyAmalgamation<PublicParts>) -> String {
    let key = key.key();
    match key.mpis().bits() {
        Some(bits) => format!("{} {bits}", key.pk_algo()),
        None => key.pk_algo().to_string(),
    }
}
