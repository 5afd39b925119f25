//! Makes detached signatures: binary packets, version 4, type 0x00, SHA-512, as every OSTree client reads them.

use sequoia_openpgp::Cert;
use sequoia_openpgp::crypto::{KeyPair, Password};
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{PublicParts, SecretParts, UnspecifiedRole};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::{HashAlgorithm, SignatureType};
use sequoia_openpgp::{Packet, cert::amalgamation::key::ErasedKeyAmalgamation};
use zeroize::Zeroizing;

use super::error::OpenPgpError;
use super::fingerprint::Fingerprint;
use super::judge::{judge_cert, key_revoked};
use super::keyring::{Keyring, parse_certs};
use super::reason::Reason;
use super::time::system_time;

/// Whoever can sign in the name of one certificate.
pub trait Signer: Send + Sync {
    /// Returns the primary fingerprint of the certificate it signs for.
    fn certificate(&self) -> &Fingerprint;

    /// Returns a keyring with that one certificate.
    fn public(&self) -> &Keyring;

    /// Signs `data`; returns one binary signature packet that [`Keyring::verify`] counts at `now`.
    fn sign(&self, data: &[u8], now: u64) -> Result<Vec<u8>, OpenPgpError>;

    /// Returns when its signatures lapse, in UNIX seconds, if they ever do: when the certificate
    /// expires, or the key in it that signs.
    fn expires(&self, now: u64) -> Option<u64> {
        self.public()
            .cert(self.certificate(), now)
            .and_then(|info| info.lapses(self.key()))
    }

    /// Returns the key that shall sign, if one was chosen; else the newest does.
    fn key(&self) -> Option<&Fingerprint> {
        None
    }
}

/// Signs with a secret key that was read from a file.
pub struct FileSigner {
    certificate: Fingerprint,
    public: Keyring,
    cert: Cert,
    passphrase: Option<Password>,
}

impl std::fmt::Debug for FileSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSigner")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

impl FileSigner {
    /// Reads a secret key, armored or binary, and checks that the passphrase opens it.
    pub fn new(bytes: &[u8], passphrase: Option<Zeroizing<String>>) -> Result<Self, OpenPgpError> {
        let mut keys: Vec<Cert> = parse_certs(bytes)?
            .into_iter()
            .filter(Cert::is_tsk)
            .collect();
        let cert = keys.pop().ok_or(OpenPgpError::NoSecretKey)?;
        if !keys.is_empty() {
            return Err(OpenPgpError::SeveralSecretKeys {
                count: keys.len() + 1,
            });
        }
        let mut public = Keyring::new();
        public.merge(cert.clone())?;
        let passphrase = passphrase.map(|text| Password::from(text.as_bytes()));
        let signer = Self {
            certificate: cert.fingerprint().into(),
            public,
            cert,
            passphrase,
        };
        signer.try_passphrase()?;
        Ok(signer)
    }

    /// Opens one secret key, so that a wrong passphrase is noticed before any work is done.
    fn try_passphrase(&self) -> Result<(), OpenPgpError> {
        match self.cert.keys().secret().last() {
            Some(key) => self.open(key.key().clone()).map(drop),
            None => Err(OpenPgpError::NoSecretKey),
        }
    }

    fn open(&self, key: Key<SecretParts, UnspecifiedRole>) -> Result<KeyPair, OpenPgpError> {
        let certificate = || self.certificate.clone();
        let key = match &self.passphrase {
            _ if !key.secret().is_encrypted() => key,
            None => {
                return Err(OpenPgpError::PassphraseNeeded {
                    certificate: certificate(),
                });
            }
            Some(passphrase) => {
                key.decrypt_secret(passphrase)
                    .map_err(|_| OpenPgpError::WrongPassphrase {
                        certificate: certificate(),
                    })?
            }
        };
        key.into_keypair()
            .map_err(OpenPgpError::crypto("open the secret key"))
    }

    /// Finds the newest key that may sign at `now` and whose secret is here.
    fn signing_key(&self, now: u64) -> Result<KeyPair, OpenPgpError> {
        let cannot = |reason| OpenPgpError::CannotSign {
            certificate: self.certificate.clone(),
            reason,
        };
        judge_cert(&self.cert, now).map_err(cannot)?;
        let policy = StandardPolicy::at(system_time(now));
        let why = |error: sequoia_openpgp::anyhow::Error| {
            cannot(Reason::CertificateInvalid {
                why: error.to_string(),
            })
        };
        let valid = self
            .cert
            .with_policy(&policy, system_time(now))
            .map_err(why)?;
        valid
            .keys()
            .alive()
            .for_signing()
            .secret()
            .filter(|key| !key_revoked(&public_half(&self.cert, key.key())))
            .max_by_key(|key| key.key().creation_time())
            .map(|key| self.open(key.key().clone()))
            .unwrap_or_else(|| Err(cannot(Reason::NotForSigning)))
    }
}

/// Finds a secret key's entry in its certificate, by which its revocations are found.
fn public_half<'a>(
    cert: &'a Cert,
    key: &Key<SecretParts, UnspecifiedRole>,
) -> ErasedKeyAmalgamation<'a, PublicParts> {
    cert.keys()
        .find(|ka| ka.key().fingerprint() == key.fingerprint())
        .expect("the key was found in this certificate")
}

impl Signer for FileSigner {
    fn certificate(&self) -> &Fingerprint {
        &self.certificate
    }

    fn public(&self) -> &Keyring {
        &self.public
    }

    fn sign(&self, data: &[u8], now: u64) -> Result<Vec<u8>, OpenPgpError> {
        let mut key = self.signing_key(now)?;
        let crypto = OpenPgpError::crypto("sign");
        let signature = SignatureBuilder::new(SignatureType::Binary)
            .set_hash_algo(HashAlgorithm::SHA512)
            .set_signature_creation_time(system_time(now))
            .and_then(|builder| builder.sign_message(&mut key, data))
            .and_then(|signature| Packet::from(signature).to_vec())
            .map_err(crypto)?;
        confirm(self, data, signature, now)
    }
}

/// Lets a fresh signature through only if the program's own verification counts it.
pub(super) fn confirm(
    signer: &dyn Signer,
    data: &[u8],
    signature: Vec<u8>,
    now: u64,
) -> Result<Vec<u8>, OpenPgpError> {
    let signatures = [signature];
    let verdict = signer.public().verify(data, &signatures, now);
    let [signature] = signatures;
    match (verdict.good.as_slice(), verdict.rejected.into_iter().next()) {
        ([_], None) => Ok(signature),
        (_, rejected) => Err(OpenPgpError::OwnSignatureRejected {
            certificate: signer.certificate().clone(),
            reason: rejected.map_or(Reason::Malformed, |rejected| rejected.reason),
        }),
    }
}
