//! What stock clients make of a certificate or signature, where it is less than sequoia does.
//!
//! Stock clients verify with GnuPG 2.2. It knows fewer algorithms and subpackets, and where a
//! certificate's own signatures contradict each other, it believes the strictest of them. What it
//! would refuse must not count here: see `tests/data/verdicts.md`.

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::amalgamation::key::{ErasedKeyAmalgamation, PrimaryKey};
use sequoia_openpgp::crypto::mpi::PublicKey;
use sequoia_openpgp::packet::key::{KeyParts, KeyRole, PublicParts};
use sequoia_openpgp::packet::{Key, Signature};
use sequoia_openpgp::types::{Curve, HashAlgorithm, SignatureType};

use super::reason::Reason;
use super::time::unix_seconds;

/// The digests that GnuPG 2.2 knows and has not given up.
const DIGESTS: [HashAlgorithm; 5] = [
    HashAlgorithm::SHA1,
    HashAlgorithm::SHA224,
    HashAlgorithm::SHA256,
    HashAlgorithm::SHA384,
    HashAlgorithm::SHA512,
];
/// The subpackets that a signature over data may mark as critical, by their numbers: creation and
/// expiry, whether it may be exported, issuer, policy.
const CRITICAL_OF_DATA: [u8; 6] = [2, 3, 4, 16, 26, 33];
/// Those that a certificate's own signature may: besides, what it says of the key and its owner.
const CRITICAL_OF_SELF: [u8; 15] = [2, 3, 7, 9, 11, 16, 20, 21, 22, 25, 26, 27, 30, 32, 33];

/// Refuses keys that GnuPG 2.2 does not know, be they ever so good: RFC 9580 brought several.
pub(super) fn judge_kind<P: KeyParts, R: KeyRole>(key: &Key<P, R>) -> Result<(), Reason> {
    let known = match key.mpis() {
        PublicKey::RSA { .. } | PublicKey::DSA { .. } | PublicKey::ECDSA { .. } => true,
        PublicKey::EdDSA { curve, .. } => *curve == Curve::Ed25519,
        _ => false,
    };
    if known && key.version() == 4 {
        return Ok(());
    }
    Err(Reason::UnsupportedKey {
        kind: format!("version {}, {}", key.version(), key.pk_algo()),
    })
}

/// Refuses a signature over data that says something critical which GnuPG 2.2 does not know.
pub(super) fn judge_critical(signature: &Signature) -> Result<(), Reason> {
    match critical_beyond(signature, &CRITICAL_OF_DATA) {
        None => Ok(()),
        Some(tag) => Err(Reason::PolicyViolation {
            why: format!("OSTree clients do not know its critical subpacket {tag}"),
        }),
    }
}

/// Refuses a certificate whose own signatures GnuPG 2.2 cannot read.
pub(super) fn judge_self_signatures(cert: &Cert) -> Result<(), Reason> {
    match of_primary(cert).into_iter().find_map(unreadable) {
        None => Ok(()),
        Some(why) => Err(Reason::CertificateInvalid { why }),
    }
}

/// Returns when the first of the certificate's own signatures lets it expire.
pub(super) fn expires(cert: &Cert) -> Option<u64> {
    let made = unix_seconds(cert.primary_key().key().creation_time());
    let periods = of_primary(cert).into_iter();
    let ends = periods.filter_map(|signature| signature.key_validity_period());
    ends.map(|period| made.saturating_add(period.as_secs()))
        .min()
}

/// Judges what binds a key to its certificate, and whether all of it lets the key sign.
pub(super) fn judge_binding(key: &ErasedKeyAmalgamation<PublicParts>) -> Result<(), Reason> {
    let bindings = match key.primary() {
        true => of_primary(key.cert()),
        false => newest(key.self_signatures()).into_iter().collect(),
    };
    for binding in bindings {
        let back = binding.embedded_signatures();
        let back = back.filter(|back| back.typ() == SignatureType::PrimaryKeyBinding);
        if let Some(why) = [binding].into_iter().chain(back).find_map(unreadable) {
            return Err(Reason::KeyInvalid { why });
        }
        if binding
            .key_flags()
            .is_some_and(|flags| !flags.for_signing())
        {
            return Err(Reason::NotForSigning);
        }
    }
    Ok(())
}

/// Tells how a signature that does not count acts on those that stand beside it in a list.
///
/// In batch mode GnuPG stops at a signature that is bad, has expired, or that it will not check at
/// all, and never looks at one behind it. What is no signature to it fails the whole list.
pub(super) fn effect(signature: Option<&Signature>, reason: &Reason) -> Effect {
    let foreign = signature.is_some_and(|signature| {
        let checked = matches!(signature.typ(), SignatureType::Binary | SignatureType::Text);
        let weak = [HashAlgorithm::MD5, HashAlgorithm::RipeMD];
        let algorithm = signature.hash_algo();
        !checked || !DIGESTS.contains(&algorithm) && !weak.contains(&algorithm)
    });
    match (reason, signature.map(Signature::version)) {
        (Reason::Malformed | Reason::Armored, _) => Effect::Breaks,
        (_, Some(version)) if !matches!(version, 3 | 4) => Effect::Breaks,
        (Reason::Bad | Reason::SignatureExpired { .. } | Reason::PolicyViolation { .. }, _) => {
            Effect::Stops
        }
        _ if foreign => Effect::Stops,
        _ => Effect::None,
    }
}

/// See [`effect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The others are judged as if it were not there.
    None,
    /// Those behind it are not looked at.
    Stops,
    /// The whole list is refused.
    Breaks,
}

/// Returns the signatures that bind the primary key now: the newest of each user ID that is not
/// revoked, and of the key by itself.
fn of_primary(cert: &Cert) -> Vec<&Signature> {
    let primary = cert.primary_key();
    let itself = newest(primary.self_signatures());
    let ids = cert.userids();
    let ids = ids.filter(|id| id.self_revocations().next().is_none());
    let ids = ids.filter_map(|id| newest(id.self_signatures()));
    itself.into_iter().chain(ids).collect()
}

fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|signature| signature.signature_creation_time())
}

fn unreadable(signature: &Signature) -> Option<String> {
    let algorithm = signature.hash_algo();
    if !DIGESTS.contains(&algorithm) || signature.version() != 4 {
        let version = signature.version();
        return Some(format!(
            "OSTree clients cannot read its own signature (version {version}, {algorithm})"
        ));
    }
    critical_beyond(signature, &CRITICAL_OF_SELF)
        .map(|tag| format!("OSTree clients do not know its critical subpacket {tag}"))
}

fn critical_beyond(signature: &Signature, known: &[u8]) -> Option<u8> {
    let subpackets = signature.hashed_area().iter();
    subpackets
        .filter(|subpacket| subpacket.critical())
        .map(|subpacket| u8::from(subpacket.tag()))
        .find(|tag| !known.contains(tag))
}
