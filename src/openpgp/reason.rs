//! Why a signature does not count.

use serde::Serialize;

/// The reason why one signature does not count; each is enough on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// The bytes are not one well-formed signature packet.
    #[error("it is not an OpenPGP signature")]
    Malformed,
    /// An armored signature behind another one, which stock clients cannot read.
    #[error("it is armored, which stock clients read only in first place")]
    Armored,
    /// The signature is of a version that OSTree clients do not know; only version 4 counts.
    #[error("signature version {version} is not known to OSTree clients")]
    UnsupportedVersion {
        /// The version found.
        version: u8,
    },
    /// Not a signature over a binary document (type 0x00).
    #[error("it is not a signature over a binary document")]
    WrongType,
    /// The signature does not say who made it, or when.
    #[error("it does not say who made it, or when")]
    Anonymous,
    /// No trusted certificate holds the key that made it.
    #[error("no trusted certificate holds its key")]
    UnknownKey,
    /// The signature is over other bytes, or was not made by the key it names.
    #[error("it does not match the signed bytes")]
    Bad,
    /// The digest algorithm is broken or not one that every client accepts.
    #[error("its digest algorithm {algorithm} does not count")]
    WeakHash {
        /// The digest algorithm.
        algorithm: String,
    },
    /// The signature was made in the future.
    #[error("it was made in the future")]
    FutureSignature {
        /// When it says it was made, in UNIX seconds.
        created: u64,
    },
    /// The signature is older than the key that made it.
    #[error("it is older than its key")]
    BeforeKey {
        /// When it says it was made, in UNIX seconds.
        created: u64,
    },
    /// The signature carries its own expiry, and that has passed.
    #[error("the signature has expired")]
    SignatureExpired {
        /// When it expired, in UNIX seconds.
        expired: u64,
    },
    /// The certificate has expired, whenever the signature was made.
    #[error("its certificate has expired")]
    CertificateExpired {
        /// When it expired, in UNIX seconds.
        expired: u64,
    },
    /// The certificate is revoked, for whatever reason and whenever the signature was made.
    #[error("its certificate is revoked")]
    CertificateRevoked,
    /// The certificate does not hold by its own signatures.
    #[error("its certificate is not valid: {why}")]
    CertificateInvalid {
        /// What is wrong with it.
        why: String,
    },
    /// The signing key has expired.
    #[error("its signing key has expired")]
    KeyExpired {
        /// When it expired, in UNIX seconds.
        expired: u64,
    },
    /// The signing key is revoked.
    #[error("its signing key is revoked")]
    KeyRevoked,
    /// The key is not meant for signing data.
    #[error("its key is not meant for signing")]
    NotForSigning,
    /// The key or its certificate is of a kind that OSTree clients do not know.
    #[error("its key is of a kind that OSTree clients do not know: {kind}")]
    UnsupportedKey {
        /// The kind of the key: its version and algorithm.
        kind: String,
    },
    /// The key is not bound to its certificate, or too weak.
    #[error("its key is not valid: {why}")]
    KeyInvalid {
        /// What is wrong with it.
        why: String,
    },
    /// The signature's own fields break the rules for signatures.
    #[error("its fields are not acceptable: {why}")]
    PolicyViolation {
        /// What is wrong with it.
        why: String,
    },
}

/// Joins an error and its sources into one clause.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
