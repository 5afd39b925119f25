//! What can go wrong with certificates, secret keys and signers.

use crate::Class;
use crate::openpgp::{Fingerprint, Reason};

/// The error that a lower layer gave; it is the source, never part of the sentence.
pub(super) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A failure of the OpenPGP room. A signature that does not count is not an error: it is a [`Reason`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenPgpError {
    /// The text is not a full fingerprint.
    #[error("`{text}` is not a full fingerprint (40 hexadecimal digits)")]
    NotAFingerprint {
        /// The text as given.
        text: String,
    },
    /// The bytes are not OpenPGP packets, or not of the wanted kind.
    #[error("not {expected}")]
    Malformed {
        /// What the bytes should have been.
        expected: &'static str,
        /// What the parser said.
        #[source]
        source: Option<Cause>,
    },
    /// More bytes or packets than the named limit allows.
    #[error("{what} is over the limit of {limit}")]
    OverLimit {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A secret key stands where a certificate belongs.
    #[error("it holds the secret key of {certificate}")]
    SecretKey {
        /// The certificate whose secret key it is.
        certificate: Fingerprint,
    },
    /// A revocation (or another signature) without its certificate stands where a certificate belongs.
    #[error("it holds a revocation or signature without its certificate")]
    BareSignature,
    /// The file holds a certificate without its secret key.
    #[error("it holds no secret key")]
    NoSecretKey,
    /// The file holds several secret keys where one is wanted.
    #[error("it holds {count} secret keys; one is wanted")]
    SeveralSecretKeys {
        /// How many there are.
        count: usize,
    },
    /// The secret key is protected and no passphrase was given.
    #[error("the secret key of {certificate} needs a passphrase")]
    PassphraseNeeded {
        /// Whose secret key it is.
        certificate: Fingerprint,
    },
    /// The passphrase does not open the secret key.
    #[error("the passphrase does not open the secret key of {certificate}")]
    WrongPassphrase {
        /// Whose secret key it is.
        certificate: Fingerprint,
    },
    /// The certificate cannot sign at this time.
    #[error("{certificate} cannot sign: {reason}")]
    CannotSign {
        /// The certificate that was asked.
        certificate: Fingerprint,
        /// Why it cannot.
        reason: Reason,
    },
    /// The signature that was just made does not verify against the signer's own certificate.
    #[error("the signature made by {certificate} does not count: {reason}")]
    OwnSignatureRejected {
        /// The certificate that was asked.
        certificate: Fingerprint,
        /// Why its signature does not count.
        reason: Reason,
    },
    /// No secret key of gpg matches the name.
    #[error("gpg has no secret key `{name}`")]
    GpgKeyNotFound {
        /// The name as given.
        name: String,
    },
    /// Several secret keys of gpg match the name.
    #[error("`{name}` names {} secret keys of gpg", fingerprints.len())]
    GpgKeyAmbiguous {
        /// The name as given.
        name: String,
        /// The primary keys that match.
        fingerprints: Vec<Fingerprint>,
    },
    /// The gpg program could not be run.
    #[error("cannot run `{program}`")]
    GpgSpawn {
        /// The program that was to be run.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The gpg program ran and failed.
    #[error("gpg failed: {message}")]
    GpgFailed {
        /// The last words of gpg.
        message: String,
    },
    /// Making or writing OpenPGP data failed within the cryptographic library.
    #[error("cannot {action}")]
    Crypto {
        /// What was attempted.
        action: &'static str,
        /// What the library said.
        source: Cause,
    },
}

impl OpenPgpError {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        use OpenPgpError::*;
        match self {
            NotAFingerprint { .. }
            | SecretKey { .. }
            | BareSignature
            | NoSecretKey
            | SeveralSecretKeys { .. }
            | PassphraseNeeded { .. }
            | WrongPassphrase { .. }
            | GpgKeyAmbiguous { .. } => Class::Usage,
            Malformed { .. } | OverLimit { .. } => Class::Corrupt,
            GpgKeyNotFound { .. } => Class::NotFound,
            CannotSign { .. } | OwnSignatureRejected { .. } => Class::Untrusted,
            GpgSpawn { .. } | GpgFailed { .. } | Crypto { .. } => Class::System,
        }
    }

    /// Returns a closure that wraps a parser's error as [`OpenPgpError::Malformed`].
    pub(super) fn malformed<E: Into<Cause>>(expected: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Malformed {
            expected,
            source: Some(source.into()),
        }
    }

    /// Returns a closure that wraps a library error as [`OpenPgpError::Crypto`].
    pub(super) fn crypto<E: Into<Cause>>(action: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self::Crypto {
            action,
            source: source.into(),
        }
    }
}
