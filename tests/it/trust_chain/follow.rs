//! Which updates are taken, and what each other one is refused for.

use airlock::Class;
use airlock::bundle::TrustUpdate;
use airlock::format::Checksum;
use airlock::openpgp::{Fingerprint, Keyring};
use airlock::workflow::{Error, Trust};

use super::state::{KEYS, Keys, State, chain, revoked, signed};
use crate::bench::NOW;

fn class_and_name(error: &Error) -> (Class, String) {
    let name = |finding| serde_json::to_value(finding).unwrap()["finding"].to_string();
    (
        error.class(),
        error.findings().iter().map(name).collect::<String>(),
    )
}

fn refused(trust: &Trust, updates: &[TrustUpdate]) -> (Class, String) {
    class_and_name(&trust.follow(updates, NOW).expect_err("it is refused"))
}

fn release(trust: &Trust) -> Vec<Fingerprint> {
    trust.signers(&[airlock::workflow::Role::Bundle], &[])
}

#[test]
fn from_a_to_b_to_c() {
    let chain = chain();
    let a = State::a().trust();
    assert_eq!((a.version(), release(&a).len()), (0, 1));
    let b = a.follow(&chain[..1], NOW).unwrap();
    assert_eq!((b.version(), release(&b).len()), (1, 2));
    // One after the other, or both at once for a site that missed the first.
    for c in [b.follow(&chain[1..], NOW), a.follow(&chain, NOW)] {
        let c = c.unwrap();
        assert_eq!(c.version(), 2);
        assert_eq!(release(&c), std::slice::from_ref(&KEYS.new.fingerprint));
        assert!(!c.keyring().contains(&KEYS.alice.fingerprint));
        assert_eq!(c.chain(), chain);
        // What is known, and less of it, changes nothing.
        for known in [&chain[..], &chain[..1], &chain[1..], &[]] {
            assert_eq!(c.follow(known, NOW).unwrap().version(), 2);
        }
    }
}

#[test]
fn a_directory_without_a_chain_stands_where_its_officers_do() {
    let chain = chain();
    // Whoever installed the directory of B or of C later follows the same chain.
    assert_eq!(State::b().trust().follow(&chain, NOW).unwrap().version(), 2);
    let c = State::c().trust().follow(&chain, NOW).unwrap();
    assert_eq!((c.version(), c.chain()), (2, &chain[1..]));
    // And one of strangers does not.
    let strangers = State::new(&[&KEYS.dave, &KEYS.alice], &[&KEYS.old]).trust();
    let (class, name) = refused(&strangers, &chain);
    assert_eq!(
        (class, name.as_str()),
        (Class::Untrusted, "\"too-few-signers\"")
    );
}

#[test]
fn too_few_and_others() {
    let Keys {
        alice,
        bob,
        carol,
        dave,
        new,
        ..
    } = &*KEYS;
    let (a, b) = (State::a().trust(), State::b());
    for (name, signers) in [
        ("one of the old", &[alice, carol][..]),
        ("one of the new", &[alice, bob]),
        ("one twice", &[alice, alice, carol]),
        ("only the new", &[bob, carol]),
        ("those who sign releases", &[new]),
        ("strangers", &[dave]),
    ] {
        let update = b.update(1, None, signers);
        let (class, found) = refused(&a, &[update]);
        assert_eq!(class, Class::Untrusted, "{name}");
        assert_eq!(found, "\"too-few-signers\"", "{name}");
    }
    let unsigned = b.update(1, None, &[]);
    assert_eq!(refused(&a, &[unsigned]).1, "\"unsigned\"");
    let mut altered = b.update(1, None, &[alice, bob, carol]);
    altered.statement.push(b'\n');
    assert_eq!(refused(&a, &[altered]).1, "\"too-few-signers\"");
}

#[test]
fn forks_gaps_and_ways_back() {
    let chain = chain();
    let Keys {
        alice,
        bob,
        carol,
        dave,
        ..
    } = &*KEYS;
    let b = State::a().trust().follow(&chain[..1], NOW).unwrap();
    let c = b.follow(&chain, NOW).unwrap();
    let other = State::a().update(1, None, &[alice, bob]);
    let on_other = State::c().update(2, Some(&other), &[bob, carol, dave]);
    let third = State::c().update(3, Some(&chain[1]), &[carol, dave]);
    for (name, at, updates, expected) in [
        (
            "another version 1",
            &b,
            vec![other.clone()],
            "\"trust-fork\"",
        ),
        ("another version 1", &c, vec![other], "\"trust-fork\""),
        ("a 2 on another 1", &b, vec![on_other], "\"trust-fork\""),
        ("3 without 2", &b, vec![third.clone()], "\"trust-gap\""),
    ] {
        let (class, found) = refused(at, &updates);
        assert_eq!(
            (class, found.as_str()),
            (Class::Untrusted, expected),
            "{name}"
        );
    }
    assert_eq!(c.follow(&[third], NOW).unwrap().version(), 3);
}

#[test]
fn without_a_policy_nothing_changes() {
    let mut keyring = Keyring::new();
    for key in [&KEYS.alice, &KEYS.bob] {
        keyring.add_bytes(&key.certificate).unwrap();
    }
    let (class, name) = refused(&Trust::of(keyring), &chain());
    assert_eq!(
        (class, name.as_str()),
        (Class::Refused, "\"trust-without-policy\"")
    );
}

#[test]
fn a_revocation_takes_effect_and_stays() {
    let (old, says_so) = revoked("lost key");
    let old: &'static _ = Box::leak(Box::new(old));
    let Keys {
        alice, bob, new, ..
    } = &*KEYS;
    let before = State::new(&[alice, bob], &[old, new]);
    let mut after = before.clone();
    after.copies = vec![(old, says_so)];
    let signs = |trust: &Trust| {
        let signature = old.signers()[0].sign(b"x", NOW - 10).unwrap();
        trust.verify(b"x", &[signature], NOW).good.len()
    };
    let first = after.update(1, None, &[alice, bob]);
    let trust = before.trust();
    assert_eq!(signs(&trust), 1);
    let trust = trust.follow(std::slice::from_ref(&first), NOW).unwrap();
    assert_eq!(signs(&trust), 0);
    // A later version with the copy from before does not make it good again.
    let second = before.update(2, Some(&first), &[alice, bob]);
    let trust = trust.follow(&[second], NOW).unwrap();
    assert_eq!((trust.version(), signs(&trust)), (2, 0));
}

#[test]
fn a_key_that_has_expired_brings_no_trust() {
    let year = 366 * 86_400;
    let a = State::a().trust();
    let (class, name) = class_and_name(&a.follow(&chain(), NOW + 4 * year).unwrap_err());
    assert_eq!(
        (class, name.as_str()),
        (Class::Untrusted, "\"too-few-signers\"")
    );
}

#[test]
fn signed_and_still_not_taken() {
    let Keys {
        alice, bob, carol, ..
    } = &*KEYS;
    let all = [alice, bob, carol];
    let a = State::a().trust();
    let good = State::b().statement(1, None);
    let text = String::from_utf8(good.to_bytes().unwrap()).unwrap();
    let with = |from: &str, to: &str| text.replacen(from, to, 1);
    let without_role = with("[[trust]]", "[[bundle]]");
    for (name, text, class, said) in [
        (
            "noise",
            "{}".to_owned(),
            Class::Corrupt,
            "no trust statement",
        ),
        (
            "another kind",
            with("trust/1", "bundle/1"),
            Class::Corrupt,
            "no trust statement",
        ),
        (
            "a newer format",
            with("trust/1", "trust/2"),
            Class::Unsupported,
            "newer format",
        ),
        (
            "an unknown field",
            with("\"notes\"", "\"note\":\"\",\"notes\""),
            Class::Corrupt,
            "unknown field",
        ),
        (
            "a key twice",
            with("\"notes\"", "\"notes\":\"\",\"notes\""),
            Class::Corrupt,
            "stands twice",
        ),
        (
            "another number",
            with(
                "\"version\":1,\"previous\":null",
                &format!("\"version\":2,\"previous\":\"{}\"", Checksum::of(b"")),
            ),
            Class::Corrupt,
            "it is version 2",
        ),
        (
            "version 0",
            with("\"version\":1", "\"version\":0"),
            Class::Corrupt,
            "the version before",
        ),
        (
            "a first one with another before",
            with(
                "\"previous\":null",
                &format!("\"previous\":\"{}\"", Checksum::of(b"")),
            ),
            Class::Corrupt,
            "the version before",
        ),
        (
            "no certificate",
            with("\"certificates\":[", "\"certificates\":[\"noise\","),
            Class::Corrupt,
            "certificate 0",
        ),
        (
            "a mistake in the policy",
            with("[[bundle]]", "[[bundles]]"),
            Class::Corrupt,
            "line 1",
        ),
        (
            "nobody may change it any more",
            without_role,
            Class::Refused,
            "role trust",
        ),
        (
            "dated ahead",
            with(
                &format!("\"created\":{}", NOW - 100),
                &format!("\"created\":{}", NOW + 100_000),
            ),
            Class::Refused,
            "ahead",
        ),
        (
            "expired",
            with("\"expires\":null", &format!("\"expires\":{NOW}")),
            Class::Refused,
            "expired",
        ),
    ] {
        let update = signed(1, text.into_bytes(), &all);
        let error = a.follow(&[update], NOW).expect_err(name);
        let mut sentence = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            sentence.push_str(&format!(": {error}"));
            cause = error.source();
        }
        assert_eq!(error.class(), class, "{name}: {sentence}");
        assert!(sentence.contains(said), "{name}: {sentence}");
    }
}
