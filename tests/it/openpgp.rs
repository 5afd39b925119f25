//! Verdicts on signatures, beside those of stock ostree; keys made, used and spoilt.

use airlock::openpgp::*;
use zeroize::Zeroizing;

const NOW: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

fn data(name: &str) -> Vec<u8> {
    let path = format!(
        "{}/tests/data/gpg-verdicts/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn keyring_all() -> Keyring {
    let mut keyring = Keyring::new();
    keyring.add_bytes(&data("keyring-all.gpg")).unwrap();
    keyring
}

fn code(reason: &Reason) -> String {
    serde_json::to_value(reason).unwrap()["reason"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// What is in `ostree.gpgsigs` · whether stock accepts · whose verdicts airlock gives, one per signature.
const VERDICTS: &[(&[&str], bool, &[&str])] = &[
    (&["good"], true, &["good"]),
    (&["good-rsa"], true, &["good"]),
    (&["good-armored"], true, &["good"]),
    // Stricter than stock: a SHA-1 signature can be forged.
    (&["good-sha1"], true, &["weak-hash"]),
    (&["good", "bad"], true, &["good", "bad"]),
    (
        &["expired-key", "revoked-key", "good"],
        true,
        &["certificate-expired", "certificate-revoked", "good"],
    ),
    (&["good-armored", "good"], true, &["good", "good"]),
    (
        &["revoked-key", "good-rsa"],
        true,
        &["certificate-revoked", "good"],
    ),
    (&["expired-key"], false, &["certificate-expired"]),
    (&["revoked-key"], false, &["certificate-revoked"]),
    (&["expired-sig"], false, &["signature-expired"]),
    (&["bad"], false, &["bad"]),
    (&["bad", "good"], false, &["bad", "good"]),
    (
        &["expired-sig", "good"],
        false,
        &["signature-expired", "good"],
    ),
    (
        &["expired-key", "bad", "good"],
        false,
        &["certificate-expired", "bad", "good"],
    ),
    (&["good", "good-armored"], false, &["good", "armored"]),
    (&[], false, &[]),
];

#[test]
fn verdicts_beside_those_of_stock() {
    let (keyring, signed) = (keyring_all(), data("signed-data.bin"));
    for (list, stock_accepts, expected) in VERDICTS {
        let signatures: Vec<Vec<u8>> = list
            .iter()
            .map(|name| data(&format!("{name}.sig")))
            .collect();
        let verdict = keyring.verify(&signed, &signatures, NOW);
        let mut found = vec![String::new(); list.len()];
        verdict
            .good
            .iter()
            .for_each(|good| found[good.index] = "good".into());
        verdict
            .rejected
            .iter()
            .for_each(|bad| found[bad.index] = code(&bad.reason));
        assert_eq!(found, *expected, "{list:?}");
        let accepts = !verdict.good.is_empty() && verdict.blocks_stock_clients().is_none();
        assert!(*stock_accepts || !accepts, "laxer than stock: {list:?}");
    }
}

#[test]
fn two_packets_in_one_element_are_judged_in_order() {
    let (keyring, signed) = (keyring_all(), data("signed-data.bin"));
    let both = [data("bad.sig"), data("good.sig")].concat();
    let verdict = keyring.verify(&signed, &[both], NOW);
    assert_eq!((verdict.good.len(), verdict.rejected.len()), (1, 1));
    assert!(verdict.blocks_stock_clients().is_some());
}

#[test]
fn certificates_are_counted_not_signatures() {
    let (keyring, signed) = (keyring_all(), data("signed-data.bin"));
    let twice = keyring.verify(&signed, &[data("good.sig"), data("good.sig")], NOW);
    assert_eq!((twice.good.len(), twice.signers().len()), (2, 1));
    let two = keyring.verify(&signed, &[data("good.sig"), data("good-rsa.sig")], NOW);
    assert_eq!(two.signers().len(), 2);
}

#[test]
fn unknown_keys_other_bytes_and_noise() {
    let (keyring, signed) = (keyring_all(), data("signed-data.bin"));
    let reason = |keyring: &Keyring, signed: &[u8], signature: Vec<u8>| {
        let verdict = keyring.verify(signed, &[signature], NOW);
        assert!(verdict.good.is_empty());
        code(&verdict.rejected[0].reason)
    };
    assert_eq!(
        reason(&Keyring::new(), &signed, data("good.sig")),
        "unknown-key"
    );
    assert_eq!(reason(&keyring, b"other", data("good.sig")), "bad");
    assert_eq!(
        reason(&keyring, &signed, b"\x88\x05noise".to_vec()),
        "malformed"
    );
    assert_eq!(reason(&keyring, &signed, signed.clone()), "malformed");
    let whole = data("good.sig");
    for cut in 1..whole.len() {
        reason(&keyring, &signed, whole[..cut].to_vec());
    }
}

fn options(user_id: &str) -> GenerateOptions {
    GenerateOptions {
        user_id: user_id.into(),
        validity_secs: Some(365 * DAY),
        passphrase: None,
        now: NOW,
    }
}

#[test]
fn a_generated_key_signs_and_its_life_ends() {
    let key = generate(&options("Release <os@example.org>")).unwrap();
    let signer = FileSigner::new(&key.secret_armored, None).unwrap();
    assert_eq!(signer.certificate(), &key.fingerprint);
    assert_eq!(signer.expires(NOW), Some(NOW + 365 * DAY));
    let signature = vec![signer.sign(b"data", NOW + 10).unwrap()];

    let mut keyring = Keyring::new();
    keyring.add_bytes(&key.certificate_armored).unwrap();
    let at = |now: u64, keyring: &Keyring| {
        let verdict = keyring.verify(b"data", &signature, now);
        verdict
            .rejected
            .first()
            .map(|rejected| code(&rejected.reason))
            .unwrap_or("good".into())
    };
    assert_eq!(at(NOW + 10, &keyring), "good");
    assert_eq!(at(NOW + 364 * DAY, &keyring), "good");
    assert_eq!(at(NOW + 366 * DAY, &keyring), "certificate-expired");
    assert_eq!(at(NOW - DAY, &keyring), "future-signature");
    assert_eq!(at(u64::MAX, &keyring), "certificate-expired");

    let info = keyring.cert(&key.fingerprint, NOW).unwrap();
    assert_eq!(info.user_ids, ["Release <os@example.org>"]);
    assert_eq!(info.signing_keys.len(), 1);
    assert_ne!(
        info.signing_keys[0].fingerprint, info.fingerprint,
        "the primary key only certifies"
    );
    assert!(info.can_sign());
    assert!(
        !keyring
            .cert(&key.fingerprint, NOW + 366 * DAY)
            .unwrap()
            .can_sign()
    );

    let expired = signer.sign(b"data", NOW + 366 * DAY).unwrap_err();
    assert!(
        matches!(
            expired,
            OpenPgpError::CannotSign {
                reason: Reason::CertificateExpired { .. },
                ..
            }
        ),
        "{expired}"
    );
}

#[test]
fn a_revoked_copy_revokes() {
    let key = generate(&options("Release")).unwrap();
    let signer = FileSigner::new(&key.secret_armored, None).unwrap();
    let signature = vec![signer.sign(b"data", NOW).unwrap()];
    let revocation = dearmored(&key.revocation_armored);
    let mut keyring = Keyring::new();
    keyring.add_bytes(&key.certificate_armored).unwrap();
    let plain = keyring.to_binary([&key.fingerprint]).unwrap();
    // The revocation belongs behind the primary key packet: tag, length and body of the first packet.
    let first = 2 + usize::from(plain[1]);
    let revoked = [&plain[..first], &revocation, &plain[first..]].concat();
    keyring.add_bytes(&revoked).unwrap();
    assert_eq!(keyring.len(), 1);
    let verdict = keyring.verify(b"data", &signature, NOW + 1);
    assert_eq!(verdict.rejected[0].reason, Reason::CertificateRevoked);
    assert!(keyring.cert(&key.fingerprint, NOW).unwrap().revoked);
}

/// Strips GnuPG's armor for revocations by hand: header lines, base64, checksum line.
fn dearmored(armored: &[u8]) -> Vec<u8> {
    use base64::prelude::*;
    let text = std::str::from_utf8(armored).unwrap();
    let body = text.split_once("\n\n").unwrap().1;
    let lines = body
        .lines()
        .take_while(|line| !line.starts_with('=') && !line.starts_with('-'));
    BASE64_STANDARD.decode(lines.collect::<String>()).unwrap()
}

#[test]
fn passphrases() {
    let passphrase = || Some(Zeroizing::new("correct horse".to_owned()));
    let key = generate(&GenerateOptions {
        passphrase: passphrase(),
        ..options("Release")
    })
    .unwrap();
    let open = |given| FileSigner::new(&key.secret_armored, given);
    assert!(matches!(
        open(None).unwrap_err(),
        OpenPgpError::PassphraseNeeded { .. }
    ));
    let wrong = open(Some(Zeroizing::new("battery".into()))).unwrap_err();
    assert!(matches!(wrong, OpenPgpError::WrongPassphrase { .. }));
    open(passphrase()).unwrap().sign(b"data", NOW).unwrap();
}

#[test]
fn what_a_keyring_refuses() {
    let key = generate(&options("Release")).unwrap();
    let mut keyring = Keyring::new();
    let refused: &[(&str, &[u8])] = &[
        ("a secret key", &key.secret_armored),
        ("a bare revocation", &key.revocation_armored),
        ("a bare signature", &data("good.sig")),
        ("text", b"hello"),
        ("nothing", b""),
        ("noise", b"\x99\x00\x05noise"),
    ];
    for (name, bytes) in refused {
        assert!(keyring.add_bytes(bytes).is_err(), "{name}");
    }
    assert!(keyring.is_empty());
    assert!(matches!(
        keyring.add_bytes(&key.secret_armored),
        Err(OpenPgpError::SecretKey { .. })
    ));
    assert!(matches!(
        keyring.add_bytes(&key.revocation_armored),
        Err(OpenPgpError::BareSignature)
    ));
    assert!(matches!(
        FileSigner::new(&key.certificate_armored, None),
        Err(OpenPgpError::NoSecretKey)
    ));
    let two = [
        &key.certificate_armored[..],
        &generate(&options("Other")).unwrap().certificate_armored,
    ]
    .concat();
    assert_eq!(keyring.add_bytes(&two).unwrap(), 2);
}
