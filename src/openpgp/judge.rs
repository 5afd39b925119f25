//! Judges one signature against one key of one certificate, at `now`. Each function is one link of
//! the chain that [`super::verify`] draws; the first that breaks gives the reason.

use sequoia_openpgp::cert::amalgamation::key::ErasedKeyAmalgamation;
use sequoia_openpgp::cert::prelude::*;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::policy::{HashAlgoSecurity, Policy, StandardPolicy};
use sequoia_openpgp::types::{HashAlgorithm, SignatureType};
use sequoia_openpgp::{Cert, KeyHandle, Packet};

use super::reason::{Reason, chain};
use super::stock;
use super::time::{system_time, unix_seconds};

/// How far a signature's date may lie ahead of `now`: clocks of two networks differ a little.
const CLOCK_SKEW_SECS: u64 = 30 * 60;

/// Reads the one signature packet.
pub(super) fn parse(packet: &[u8]) -> Result<Signature, Reason> {
    match Packet::from_bytes(packet) {
        Ok(Packet::Signature(signature)) => Ok(signature),
        _ => Err(Reason::Malformed),
    }
}

/// Checks what can be checked before any key is known.
pub(super) fn check_form(signature: &Signature, issuers: &[KeyHandle]) -> Result<(), Reason> {
    if signature.version() != 4 {
        return Err(Reason::UnsupportedVersion {
            version: signature.version(),
        });
    }
    if signature.typ() != SignatureType::Binary {
        return Err(Reason::WrongType);
    }
    if issuers.is_empty() || signature.signature_creation_time().is_none() {
        return Err(Reason::Anonymous);
    }
    Ok(())
}

/// Judges a signature as made by this key of this certificate; returns when it was made.
pub(super) fn judge_key(
    data: &[u8],
    signature: &Signature,
    cert: &Cert,
    key: &ErasedKeyAmalgamation<PublicParts>,
    now: u64,
) -> Result<u64, Reason> {
    let created = signature
        .signature_creation_time()
        .map(unix_seconds)
        .ok_or(Reason::Anonymous)?;
    if created < unix_seconds(key.key().creation_time()) {
        return Err(Reason::BeforeKey { created });
    }
    signature
        .verify_message(key.key(), data)
        .map_err(|error| crypto_reason(&error))?;
    stock::judge_kind(cert.primary_key().key())?;
    stock::judge_kind(key.key())?;
    judge_fields(signature, created, now)?;
    judge_cert(cert, now)?;
    judge_validity(key, now)?;
    Ok(created)
}

/// Tells a signature that does not match from one whose algorithm this build cannot check.
fn crypto_reason(error: &sequoia_openpgp::anyhow::Error) -> Reason {
    use sequoia_openpgp::Error::*;
    match error.downcast_ref() {
        Some(UnsupportedHashAlgorithm(algorithm)) => Reason::WeakHash {
            algorithm: algorithm.to_string(),
        },
        Some(UnsupportedPublicKeyAlgorithm(_) | UnsupportedEllipticCurve(_)) => {
            Reason::KeyInvalid {
                why: chain(error.as_ref()),
            }
        }
        _ => Reason::Bad,
    }
}

fn judge_fields(signature: &Signature, created: u64, now: u64) -> Result<(), Reason> {
    let algorithm = signature.hash_algo();
    let strong = [
        HashAlgorithm::SHA224,
        HashAlgorithm::SHA256,
        HashAlgorithm::SHA384,
        HashAlgorithm::SHA512,
    ];
    if !strong.contains(&algorithm) {
        return Err(Reason::WeakHash {
            algorithm: algorithm.to_string(),
        });
    }
    if created > now.saturating_add(CLOCK_SKEW_SECS) {
        return Err(Reason::FutureSignature { created });
    }
    if let Some(expired) = signature
        .signature_expiration_time()
        .map(unix_seconds)
        .filter(|&at| at <= now)
    {
        return Err(Reason::SignatureExpired { expired });
    }
    stock::judge_critical(signature)?;
    StandardPolicy::at(system_time(now))
        .signature(signature, HashAlgoSecurity::CollisionResistance)
        .map_err(|error| Reason::PolicyViolation {
            why: chain(error.as_ref()),
        })
}

/// Judges the certificate as a whole at `now`: revocation first, for it is the strongest word.
pub(super) fn judge_cert(cert: &Cert, now: u64) -> Result<(), Reason> {
    if cert_revoked(cert) {
        return Err(Reason::CertificateRevoked);
    }
    let policy = StandardPolicy::at(system_time(now));
    let invalid = |error: sequoia_openpgp::anyhow::Error| Reason::CertificateInvalid {
        why: chain(error.as_ref()),
    };
    let valid = cert
        .with_policy(&policy, system_time(now))
        .map_err(invalid)?;
    let expires = valid.primary_key().key_expiration_time().map(unix_seconds);
    let ends = [expires, stock::expires(cert)].into_iter().flatten();
    if let Some(expired) = ends.filter(|&at| at <= now).min() {
        return Err(Reason::CertificateExpired { expired });
    }
    stock::judge_self_signatures(cert)?;
    valid.alive().map_err(invalid)
}

/// Judges the signing key within its certificate at `now`.
pub(super) fn judge_validity(
    key: &ErasedKeyAmalgamation<PublicParts>,
    now: u64,
) -> Result<(), Reason> {
    let policy = StandardPolicy::at(system_time(now));
    let invalid = |error: sequoia_openpgp::anyhow::Error| Reason::KeyInvalid {
        why: chain(error.as_ref()),
    };
    if key_revoked(key) {
        return Err(Reason::KeyRevoked);
    }
    let valid = key
        .clone()
        .with_policy(&policy, system_time(now))
        .map_err(invalid)?;
    if let Some(expired) = valid
        .key_expiration_time()
        .map(unix_seconds)
        .filter(|&at| at <= now)
    {
        return Err(Reason::KeyExpired { expired });
    }
    valid.alive().map_err(invalid)?;
    if !valid.for_signing() {
        return Err(Reason::NotForSigning);
    }
    stock::judge_binding(key)
}

/// Tells whether any revocation of the certificate is known: its own, or one by a revoker it named.
pub(super) fn cert_revoked(cert: &Cert) -> bool {
    let primary = cert.primary_key();
    primary.self_revocations().next().is_some()
        || by_designated_revoker(cert, primary.other_revocations())
}

/// Tells whether any revocation of the key by its own certificate is known.
pub(super) fn key_revoked(key: &ErasedKeyAmalgamation<PublicParts>) -> bool {
    key.self_revocations().next().is_some()
        || by_designated_revoker(key.cert(), key.other_revocations())
}

/// Looks for a revocation that names a designated revoker as its maker. It is believed unchecked:
/// the trust directory is curated, and the mistake would be on the safe side.
fn by_designated_revoker<'a>(
    cert: &'a Cert,
    mut others: impl Iterator<Item = &'a Signature>,
) -> bool {
    let revokers: Vec<KeyHandle> = cert
        .primary_key()
        .self_signatures()
        .flat_map(|signature| signature.revocation_keys())
        .map(|revoker| KeyHandle::from(revoker.revoker().1.clone()))
        .collect();
    others.any(|revocation| {
        revocation
            .get_issuers()
            .iter()
            .any(|issuer| revokers.iter().any(|r| r.aliases(issuer)))
    })
}
