//! Signatures that are odd in themselves, by keys that are not.

use sequoia_openpgp::crypto::KeyPair;
use sequoia_openpgp::types::HashAlgorithm;

use super::forge::{Draft, created, issuer, key_pair, packet, subpacket, version_3};

/// A signature by its name; the certificate of its key, unless `all.gpg` has it.
pub type Odd = (&'static str, Vec<u8>, Option<Vec<u8>>);

/// Makes signatures that are odd in themselves, by two keys of `all.gpg`.
pub fn signatures(data: &[u8], rsa: &[u8], ed25519: &[u8], now: u64) -> Vec<Odd> {
    let (mut rsa, mut key) = (key_pair(rsa), key_pair(ed25519));
    let draft = Draft::new(&key, now);
    let maker = issuer(&key.public().fingerprint());
    let other = issuer(&rsa.public().fingerprint());
    let id = subpacket(16, key.public().keyid().as_bytes());
    let with = |extra: Vec<u8>| Draft {
        hashed: [&draft.hashed[..], &extra].concat(),
        ..draft.clone()
    };
    let hashed = |parts: &[&[u8]]| Draft {
        hashed: parts.concat(),
        ..draft.clone()
    };
    let unhashed = |hashed: Vec<u8>, unhashed: Vec<u8>| Draft {
        hashed,
        unhashed,
        ..draft.clone()
    };
    let kind = |kind| Draft {
        kind,
        ..draft.clone()
    };
    let day = subpacket(3, &[0, 0, 0, 1]);
    let drafts: Vec<(&str, Draft)> = vec![
        ("hand-made", draft.clone()),
        ("issuer-missing", hashed(&[&created(now)])),
        ("creation-time-missing", hashed(&[&maker])),
        ("creation-time-twice", with(created(now))),
        (
            "creation-time-unhashed",
            unhashed(maker.clone(), created(now)),
        ),
        ("issuer-unhashed", unhashed(created(now), id.clone())),
        ("issuer-id-only", hashed(&[&created(now), &id])),
        ("issuer-of-another", hashed(&[&created(now), &other])),
        ("issuer-twice", with(other)),
        (
            "expiry-unhashed",
            unhashed(draft.hashed.clone(), day.clone()),
        ),
        (
            "expired-in-a-second",
            hashed(&[&created(now - 10), &maker, &day]),
        ),
        ("unknown-subpacket", with(subpacket(100, b"x"))),
        (
            "critical-unknown-subpacket",
            with(subpacket(0x80 | 100, b"x")),
        ),
        (
            "critical-creation-time",
            hashed(&[&critical(&created(now)), &maker]),
        ),
        (
            "critical-issuer",
            hashed(&[&created(now), &critical(&maker)]),
        ),
        (
            "critical-issuer-id",
            hashed(&[&created(now), &critical(&id)]),
        ),
        (
            "critical-expiry",
            with(critical(&subpacket(3, &[0, 1, 0, 0]))),
        ),
        ("critical-signer", with(critical(&subpacket(28, b"x")))),
        ("critical-recipient", with(critical(&issuer_of(35, &key)))),
        ("critical-exportable", with(critical(&subpacket(4, &[1])))),
        ("before-its-key", hashed(&[&created(1_000_000_000), &maker])),
        ("type-standalone", kind(0x02)),
        ("type-certification", kind(0x13)),
        ("type-direct-key", kind(0x1f)),
        ("type-timestamp", kind(0x40)),
    ];
    let mut made: Vec<(&str, Vec<u8>)> = drafts
        .into_iter()
        .map(|(name, draft)| (name, draft.sign(&mut key, data)))
        .collect();
    made.push(("version-3", version_3(&mut rsa, data, now)));
    let md5 = Draft {
        hash: HashAlgorithm::MD5,
        ..Draft::new(&rsa, now)
    };
    made.push(("digest-md5", md5.sign(&mut rsa, data)));
    let sha3 = Draft {
        hash: HashAlgorithm::SHA3_256,
        ..draft.clone()
    };
    made.push(("digest-sha3", sha3.sign(&mut key, data)));
    made.extend(shapes(&draft, &mut key, data));
    made.into_iter()
        .map(|(name, bytes)| (name, bytes, None))
        .collect()
}

/// Marks a subpacket as one that must be understood.
fn critical(subpacket: &[u8]) -> Vec<u8> {
    let mut marked = subpacket.to_vec();
    marked[1] |= 0x80;
    marked
}

/// Returns a subpacket of another kind that names a key as an issuer is named.
fn issuer_of(kind: u8, key: &KeyPair) -> Vec<u8> {
    let mut named = issuer(&key.public().fingerprint());
    named[1] = kind;
    named
}

/// Good signatures whose bytes are not as usual.
fn shapes(draft: &Draft, key: &mut KeyPair, data: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let body = draft.body(key, data);
    let mut prefix = body.clone();
    let at = 6 + draft.hashed.len() + 2;
    prefix[at] ^= 1;
    let behind = [&body[..], b"x"].concat();
    let new_format = [&[0xc2, 0xff], &(body.len() as u32).to_be_bytes()[..], &body].concat();
    let marker = [&[0xca, 3][..], b"PGP", &packet(&body)].concat();
    let half = body.len() / 2;
    let mut partial = vec![0xc2, 0xe0 | 6];
    partial.extend(&body[..64]);
    partial.push((body.len() - 64) as u8);
    partial.extend(&body[64..]);
    let indeterminate = [&[0x8b], &body[..]].concat();
    assert!(half > 32 && body.len() < 64 + 192);
    vec![
        ("digest-prefix-wrong", packet(&prefix)),
        ("byte-behind-the-numbers", packet(&behind)),
        ("header-new-format", new_format),
        ("header-partial-length", partial),
        ("header-indeterminate-length", indeterminate),
        ("marker-before", marker),
    ]
}
