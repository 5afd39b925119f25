//! Where a certificate is weaker than it need be: for people to look at, never to decide by.

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::amalgamation::key::ErasedKeyAmalgamation;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::types::{HashAlgorithm, PublicKeyAlgorithm};
use serde::Serialize;

use super::fingerprint::Fingerprint;
use super::keyring::Keyring;

/// The shortest RSA key that is not called weak.
const RSA_BITS: usize = 2048;

/// Something weak about a certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, thiserror::Error)]
#[serde(tag = "weakness", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Weakness {
    /// An RSA key so short that it may be factored.
    #[error("the key {key} is RSA with {bits} bits; {RSA_BITS} are the least")]
    ShortRsa {
        /// The key.
        key: Fingerprint,
        /// Its length.
        bits: usize,
    },
    /// A DSA key, which new tools no longer accept.
    #[error("the key {key} is DSA, which new tools no longer accept")]
    Dsa {
        /// The key.
        key: Fingerprint,
    },
    /// The certificate's own signature over a key or user ID uses a broken digest.
    #[error("the certificate's own signature over {over} uses {algorithm}, which is broken")]
    WeakSelfSignature {
        /// What it binds: a key's fingerprint or a user ID.
        over: String,
        /// The digest.
        algorithm: String,
    },
}

impl Keyring {
    /// Lists what is weak about a certificate.
    pub fn weaknesses(&self, certificate: &Fingerprint) -> Vec<Weakness> {
        let Some(cert) = self.get(certificate) else {
            return Vec::new();
        };
        let mut found: Vec<Weakness> = cert.keys().filter_map(|key| weak_key(&key)).collect();
        found.extend(weak_signatures(cert));
        found.sort();
        found.dedup();
        found
    }
}

fn weak_key(key: &ErasedKeyAmalgamation<PublicParts>) -> Option<Weakness> {
    let (key, algorithm) = (key.key(), key.key().pk_algo());
    let name = || Fingerprint::from(key.fingerprint());
    #[allow(deprecated)] // The names of what is looked for.
    match algorithm {
        PublicKeyAlgorithm::DSA => Some(Weakness::Dsa { key: name() }),
        PublicKeyAlgorithm::RSAEncryptSign | PublicKeyAlgorithm::RSASign => key
            .mpis()
            .bits()
            .filter(|&bits| bits < RSA_BITS)
            .map(|bits| Weakness::ShortRsa { key: name(), bits }),
        _ => None,
    }
}

fn weak_signatures(cert: &Cert) -> Vec<Weakness> {
    let mut found = Vec::new();
    for id in cert.userids() {
        let over = String::from_utf8_lossy(id.userid().value()).into_owned();
        found.extend(weak_newest(id.self_signatures(), &over));
    }
    for key in cert.keys() {
        let over = key.key().fingerprint().to_hex();
        found.extend(weak_newest(key.self_signatures(), &over));
        // A subkey that signs has signed its binding in turn.
        let newest = newest(key.self_signatures());
        let back = newest
            .into_iter()
            .flat_map(|binding| binding.embedded_signatures());
        found.extend(weak_newest(back, &over));
    }
    found
}

/// Judges the newest signature only: it is the one that counts.
fn weak_newest<'a>(
    signatures: impl Iterator<Item = &'a Signature>,
    over: &str,
) -> Option<Weakness> {
    let algorithm = newest(signatures)?.hash_algo();
    let weak = [
        HashAlgorithm::MD5,
        HashAlgorithm::SHA1,
        HashAlgorithm::RipeMD,
    ];
    weak.contains(&algorithm)
        .then(|| Weakness::WeakSelfSignature {
            over: over.to_owned(),
            algorithm: algorithm.to_string(),
        })
}

fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|signature| signature.signature_creation_time())
}
