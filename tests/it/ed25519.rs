//! Ed25519 beside OpenPGP: the layout is libostree's, and a repository is judged as its clients would.

use std::path::Path;

use airlock::ed25519::{
    PublicKey, SecretKey, Verdict, read_public_keys, read_secret_keys, verify, would_block,
};
use airlock::format::{Codec, Metadata};
use airlock::repo::Mode;
use airlock::workflow::promote::{PromoteOptions, plan};
use airlock::workflow::seal::{Signing, Unsigned, add_ed25519};
use airlock::workflow::sign_ed25519::{sign_commits, sign_summary};
use airlock::workflow::summary::regenerate;
use airlock::workflow::{
    CheckFinding, CheckOptions, Error, Finding, Subject, Trust, TrustError, check, show,
};
use airlock::{Class, Silent};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::bench::{Bench, Key, NOW};
use crate::repo::objects::fixture;

const FILES: &[(&str, &str)] = &[("a", "alpha")];
const COMMIT: &str = "9162462524b4c03745c3414155eecdb7958631b1d9c3439214b937718b7a688b";

fn data(name: &str) -> Vec<u8> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ed25519");
    std::fs::read(dir.join(name)).unwrap()
}

fn public(number: u8) -> PublicKey {
    read_public_keys(&data(&format!("ed25519-{number}.pub.b64"))).unwrap()[0]
}

fn signatures(bytes: &[u8]) -> Vec<Vec<u8>> {
    let metadata = Metadata::decode(bytes).unwrap();
    metadata.signatures(Metadata::SIGN_ED25519).unwrap()
}

/// A key that was made for a test; the seed is no secret.
fn secret(seed: u8) -> SecretKey {
    let pair = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).to_keypair_bytes();
    let text = STANDARD.encode(pair);
    read_secret_keys(text.as_bytes()).unwrap().remove(0)
}

#[test]
fn what_ostree_signed_verifies() {
    let (_dir, repo) = fixture("archive-repo");
    let commit = repo.commit(&COMMIT.parse().unwrap()).unwrap();
    let summary = data("ed25519-summary.bin");
    let (first, second) = (public(1), public(2));
    let one = |key| Verdict::Good { key };
    for (file, bytes, expected) in [
        ("ed25519-one.commitmeta", commit.bytes(), vec![one(first)]),
        (
            "ed25519-two.commitmeta",
            commit.bytes(),
            vec![one(first), one(second)],
        ),
        ("gpg-ed25519.commitmeta", commit.bytes(), vec![one(first)]),
        (
            "gpg-spki-ed25519.commitmeta",
            commit.bytes(),
            vec![one(first)],
        ),
        ("ed25519-summary.sig", &summary[..], vec![one(first)]),
        (
            "ed25519-two-summary.sig",
            &summary[..],
            vec![one(first), one(second)],
        ),
    ] {
        let found = signatures(&data(file));
        assert_eq!(verify(bytes, &found, &[second, first]), expected, "{file}");
        let other = verify(b"other bytes", &found, &[first, second]);
        assert!(
            other.iter().all(|verdict| *verdict == Verdict::Unknown),
            "{file}"
        );
    }
    let one = signatures(&data("ed25519-one.commitmeta"));
    assert_eq!(verify(commit.bytes(), &one, &[second]), [Verdict::Unknown]);
    // Appending the second signature gives the bytes that ostree wrote: order and layout are its own.
    let two = signatures(&data("ed25519-two.commitmeta"));
    let mut metadata = Metadata::decode(&data("ed25519-one.commitmeta")).unwrap();
    metadata.set_signatures(Metadata::SIGN_ED25519, &two);
    assert_eq!(metadata.encode_hash_order(), data("ed25519-two.commitmeta"));
}

/// What a pull with `sign-verify=ed25519` says of such lists, tried with 2025.2.
#[test]
fn stock_clients_stop_at_a_wrong_length() {
    let key = secret(1);
    let (good, bad, short) = (key.sign(b"data"), key.sign(b"other"), vec![7; 63]);
    for (list, refused) in [
        (vec![&good], false),
        (vec![&bad, &good], false),
        (vec![&good, &bad], false),
        (vec![&short, &good], true),
        (vec![&good, &short], false),
        (vec![&bad, &short, &good], true),
        (vec![&bad], true),
        (vec![], true),
    ] {
        let list: Vec<Vec<u8>> = list.into_iter().cloned().collect();
        let verdicts = verify(b"data", &list, &[key.public()]);
        assert_eq!(would_block(&verdicts), refused, "{verdicts:?}");
    }
}

/// A trust directory with one certificate and these Ed25519 keys.
fn trust(key: &Key, lines: &str) -> Result<Trust, TrustError> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("release.asc"), &key.certificate).unwrap();
    std::fs::write(dir.path().join("sign.ed25519"), lines).unwrap();
    Trust::load(dir.path())
}

fn faults(bench: &Bench, trust: &Trust) -> Vec<Subject> {
    let options = CheckOptions {
        threads: 1,
        bindings: true,
        back_refs: false,
        trust: Some(trust),
        now: NOW,
    };
    let found = check(&bench.repo, &options, &Silent).unwrap().findings;
    let subject = |finding| match finding {
        CheckFinding::Trust(Finding::Ed25519Refused { subject }) => subject,
        other => panic!("{other}"),
    };
    found.into_iter().map(subject).collect()
}

#[test]
fn a_release_is_signed_both_ways_at_once() {
    let (key, ed) = (Key::new("release"), secret(1));
    let bench = Bench::new(Mode::Archive);
    let tested = bench.commit("os/dev", FILES, |_| {});
    let believed = trust(&key, &ed.public().to_string()).unwrap();
    let keys = [ed];
    let signing = Signing {
        ed25519: &keys,
        ..key.signing()
    };
    let promotion = PromoteOptions::new("os/dev", "os/stable".parse().unwrap(), NOW);
    let promotion = plan(&bench.repo, &bench.repo, promotion).unwrap();
    let commit = promotion.execute(signing, &Silent).unwrap().commit;
    let beside = bench.repo.commitmeta(&commit).unwrap();
    let names: Vec<_> = beside.iter().map(|(key, _)| key).collect();
    assert_eq!(names, [Metadata::GPGSIGS, Metadata::SIGN_ED25519]);
    let shown = show(&bench.repo, "os/stable", Some(&believed), NOW).unwrap();
    let good = Verdict::Good {
        key: keys[0].public(),
    };
    assert_eq!(shown.ed25519, Some(vec![good]));

    let all = || {
        let revisions = [tested.to_string(), commit.to_string()];
        sign_commits(&bench.repo, &revisions, &keys, NOW, &Silent).unwrap()
    };
    assert_eq!(all().into_values().sum::<usize>(), 1, "each key once");
    assert_eq!(all().into_values().sum::<usize>(), 0);
    airlock::workflow::sign::sign_commits(
        &bench.repo,
        &[tested.to_string()],
        key.signers(),
        NOW,
        &Silent,
    )
    .unwrap();
    assert_eq!(faults(&bench, &believed), []);

    // With another key in the trust, nothing here would do for its clients.
    let others = trust(&key, &secret(2).public().to_string()).unwrap();
    assert_eq!(
        faults(&bench, &others).len(),
        3,
        "two commits and the summary"
    );
    assert_eq!(
        sign_summary(&bench.repo, &[secret(2)], NOW, &Silent).unwrap(),
        1
    );
    assert!(!faults(&bench, &others).contains(&Subject::Summary));
}

#[test]
fn a_summary_keeps_both_kinds_of_signature() {
    let (key, keys) = (Key::new("release"), [secret(1)]);
    let bench = Bench::new(Mode::Archive);
    bench.commit("os/stable", FILES, |_| {});
    let both = Signing {
        ed25519: &keys,
        ..key.signing()
    };
    let again = |signing| regenerate(&bench.repo, signing, Unsigned::Refused, NOW, &Silent);
    again(both).unwrap();
    let refused = again(key.signing()).unwrap_err();
    assert_eq!(refused.class(), Class::Refused, "{refused}");
    let only_ed25519 = Signing {
        ed25519: &keys,
        ..Signing::default()
    };
    again(only_ed25519).unwrap_err();
    again(both).unwrap();
}

#[test]
fn a_trust_directory_takes_public_keys_only() {
    let key = Key::new("release");
    let (public, pair) = (
        secret(1).public(),
        ed25519_dalek::SigningKey::from_bytes(&[1; 32]),
    );
    let lines = format!("{public}\n\n{}\n", secret(2).public());
    assert_eq!(trust(&key, &lines).unwrap().ed25519().len(), 2);
    let secret = STANDARD.encode(pair.to_keypair_bytes());
    let error = trust(&key, &secret).unwrap_err();
    assert!(matches!(error, TrustError::SecretKey { .. }), "{error}");
    for lines in ["", "nonsense", "ssh-ed25519 AAAA me@example.org"] {
        let error = Error::from(trust(&key, lines).unwrap_err());
        assert_eq!(error.class(), Class::Usage, "{lines}");
    }
    let mut metadata = Metadata::new();
    assert_eq!(add_ed25519(b"data", &mut metadata, &[]).unwrap(), 0);
    assert!(metadata.is_empty());
}
