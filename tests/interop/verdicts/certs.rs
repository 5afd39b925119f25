//! Signatures that are as they should be, by keys whose certificates are odd.

use std::time::Duration;

use sequoia_openpgp::Profile;
use sequoia_openpgp::cert::prelude::*;
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{Key4, PrimaryRole, SecretParts};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::signature::subpacket::{Subpacket, SubpacketValue};
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::{Features, HashAlgorithm, KeyFlags, SignatureType};

use super::odd::Odd;
use super::owner::{Back, Owner, bytes, plain, time};

const MINUTE: Duration = Duration::from_secs(60);

/// Makes the signatures, each with its certificate.
pub fn certificates(data: &[u8], now: u64) -> Vec<Odd> {
    let mut all = subkeys(data, now);
    all.extend(primaries(data, now));
    all.extend(revoked_ids(data, now));
    let newer = Key4::generate_ed25519().unwrap();
    all.push(of_key("key-ed25519-of-rfc9580", newer, data, now));
    let ed448 = Key4::generate_ed448().unwrap();
    all.push(of_key("key-ed448-of-rfc9580", ed448, data, now));
    all.push(version_6(data, now));
    all
}

fn subkeys(data: &[u8], now: u64) -> Vec<Odd> {
    let none = KeyFlags::empty;
    let rows = [
        ("cross-signature", Some(Back::Good), none().set_signing()),
        (
            "cross-signature-missing",
            Some(Back::Missing),
            none().set_signing(),
        ),
        (
            "cross-signature-of-another",
            Some(Back::Other),
            none().set_signing(),
        ),
        (
            "subkey-for-encryption",
            Some(Back::Missing),
            none().set_transport_encryption(),
        ),
        (
            "subkey-for-authentication",
            Some(Back::Missing),
            none().set_authentication(),
        ),
        ("subkey-unbound", None, none()),
    ];
    let row = |(name, back, flags)| {
        let owner = Owner::new(now);
        let mut cert = owner.start();
        cert.extend(owner.id("odd", 50, |b| {
            b.set_key_flags(none().set_certification()).unwrap()
        }));
        let (packets, mut key) = owner.subkey(back, flags);
        cert.extend(packets);
        (name, plain(data, &mut key, now), Some(cert))
    };
    rows.into_iter().map(row).collect()
}

type Tweak = fn(SignatureBuilder) -> SignatureBuilder;
/// Whether it is a user ID, how many seconds ago it was bound, and how.
type Binding = (bool, u64, Tweak);

fn signing(builder: SignatureBuilder) -> SignatureBuilder {
    builder
        .set_key_flags(KeyFlags::empty().set_signing())
        .unwrap()
}

fn expired(builder: SignatureBuilder) -> SignatureBuilder {
    signing(builder).set_key_validity_period(MINUTE).unwrap()
}

/// What binds the primary key: user IDs, or the key by itself; and how many seconds ago.
fn primaries(data: &[u8], now: u64) -> Vec<Odd> {
    let certifies: Tweak = |b| {
        b.set_key_flags(KeyFlags::empty().set_certification())
            .unwrap()
    };
    let critical: Tweak = |b| {
        signing(b)
            .add_notation("note@example.org", b"x", None, true)
            .unwrap()
    };
    let critical_signer: Tweak = |b| {
        let signer = SubpacketValue::SignersUserID(b"odd".to_vec());
        let mut builder = signing(b);
        let subpacket = Subpacket::new(signer, true).unwrap();
        builder.hashed_area_mut().add(subpacket).unwrap();
        builder
    };
    let all_critical: Tweak = |b| {
        let mut builder = signing(b)
            .set_key_validity_period(Duration::from_secs(100_000))
            .unwrap()
            .set_features(Features::empty().set_seipdv1())
            .unwrap()
            .set_preferred_hash_algorithms(vec![HashAlgorithm::SHA512])
            .unwrap();
        let subpackets: Vec<Subpacket> = builder.hashed_area().iter().cloned().collect();
        for subpacket in subpackets {
            let critical = Subpacket::new(subpacket.value().clone(), true).unwrap();
            builder.hashed_area_mut().replace(critical).unwrap();
        }
        builder
    };
    let ended: Tweak = |b| signing(b).set_signature_validity_period(MINUTE).unwrap();
    let sha3: Tweak = |b| signing(b).set_hash_algo(HashAlgorithm::SHA3_256);
    let main: Tweak = |b| signing(b).set_primary_userid(true).unwrap();
    let main_expired: Tweak = |b| expired(b).set_primary_userid(true).unwrap();
    const ID: bool = true;
    let rows: &[(&str, &[Binding])] = &[
        ("primary-only-certifies", &[(ID, 500, certifies)]),
        ("primary-only-signs", &[(ID, 500, signing)]),
        ("primary-without-flags", &[(ID, 500, |b| b)]),
        ("self-signature-all-critical", &[(ID, 500, all_critical)]),
        (
            "self-signature-critical-signer",
            &[(ID, 500, critical_signer)],
        ),
        (
            "other-id-certifies",
            &[(ID, 500, main), (ID, 400, certifies)],
        ),
        (
            "older-id-certifies",
            &[(ID, 500, certifies), (ID, 400, signing)],
        ),
        ("user-id-missing", &[(!ID, 500, signing)]),
        ("nothing-bound", &[]),
        ("self-signature-critical-notation", &[(ID, 500, critical)]),
        ("self-signature-expired", &[(ID, 500, ended)]),
        ("self-signature-sha3", &[(ID, 500, sha3)]),
        (
            "newer-id-expired",
            &[(ID, 500, signing), (ID, 400, expired)],
        ),
        (
            "older-id-expired",
            &[(ID, 500, expired), (ID, 400, signing)],
        ),
        (
            "primary-id-expired",
            &[(ID, 500, main_expired), (ID, 400, signing)],
        ),
        ("other-id-expired", &[(ID, 500, main), (ID, 400, expired)]),
        (
            "id-expired-not-key",
            &[(ID, 500, expired), (!ID, 400, signing)],
        ),
        (
            "key-expired-not-id",
            &[(ID, 500, signing), (!ID, 400, expired)],
        ),
        (
            "key-first-expired-not-id",
            &[(!ID, 500, expired), (ID, 400, signing)],
        ),
        (
            "id-first-expired-not-key",
            &[(!ID, 500, signing), (ID, 400, expired)],
        ),
        (
            "key-certifies-id-signs",
            &[(!ID, 500, certifies), (ID, 400, signing)],
        ),
        (
            "key-signs-id-certifies",
            &[(!ID, 500, signing), (ID, 400, certifies)],
        ),
    ];
    let row = |(name, bindings): &(&'static str, &[Binding])| {
        let owner = Owner::new(now);
        let mut cert = owner.start();
        // By the order of RFC 4880, what binds the key itself comes before the user IDs.
        for (_, ago, tweak) in bindings.iter().filter(|row| !row.0) {
            cert.extend(owner.itself(*ago, tweak));
        }
        for (index, (_, ago, tweak)) in bindings.iter().filter(|row| row.0).enumerate() {
            cert.extend(owner.id(&format!("odd-{index}"), *ago, tweak));
        }
        (*name, plain(data, &mut owner.key.clone(), now), Some(cert))
    };
    rows.iter().map(row).collect()
}

/// User IDs that were taken back.
fn revoked_ids(data: &[u8], now: u64) -> Vec<Odd> {
    let one = Owner::new(now);
    let only = [
        one.start(),
        one.id("odd", 500, signing),
        one.revoked_id("odd", 400),
    ]
    .concat();
    let two = Owner::new(now);
    let expired = [
        two.start(),
        two.id("odd", 500, expired),
        two.revoked_id("odd", 450),
        two.id("new", 400, signing),
    ];
    let signed = |owner: &Owner| plain(data, &mut owner.key.clone(), now);
    vec![
        ("user-id-revoked", signed(&one), Some(only)),
        ("revoked-id-expired", signed(&two), Some(expired.concat())),
    ]
}

/// A version 4 certificate with a key of an algorithm that came with RFC 9580.
fn of_key(
    name: &'static str,
    mut key: Key4<SecretParts, PrimaryRole>,
    data: &[u8],
    now: u64,
) -> Odd {
    key.set_creation_time(time(now - 1000)).unwrap();
    let key = Key::from(key).into_keypair().unwrap();
    let owner = Owner { key, now };
    let cert = [owner.start(), owner.id("odd", 500, signing)].concat();
    (name, plain(data, &mut owner.key.clone(), now), Some(cert))
}

/// A version 6 certificate, and a signature of its kind.
fn version_6(data: &[u8], now: u64) -> Odd {
    let builder = CertBuilder::new().set_profile(Profile::RFC9580).unwrap();
    let (cert, _) = builder
        .set_creation_time(time(now - 100))
        .add_userid("six <six@v>")
        .add_signing_subkey()
        .generate()
        .unwrap();
    let key = cert.keys().subkeys().next().unwrap().key().clone();
    let mut pair = key.parts_into_secret().unwrap().into_keypair().unwrap();
    let signed = SignatureBuilder::new(SignatureType::Binary)
        .set_signature_creation_time(time(now))
        .unwrap()
        .sign_message(&mut pair, data)
        .unwrap();
    let public = cert.strip_secret_key_material().to_vec().unwrap();
    ("version-6", bytes(&[signed.into()]), Some(public))
}
