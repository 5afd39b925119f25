//! sign and summary: signatures come and go one by one; the summary pair is written together.

use airlock::format::{Codec, Metadata};
use airlock::openpgp::Keyring;
use airlock::repo::Mode;
use airlock::workflow::seal::{Signing, Unsigned};
use airlock::workflow::sign::{sign_commits, sign_summary, unsign_commits, unsign_summary};
use airlock::workflow::summary::{regenerate, restore};
use airlock::{Class, Silent};

use crate::bench::{Bench, Key, NOW};

const FILES: &[(&str, &str)] = &[("a", "alpha")];

#[test]
fn commits_are_signed_once_by_each_and_signatures_are_taken_away() {
    let (alice, bob) = (Key::new("alice"), Key::new("bob"));
    let bench = Bench::new(Mode::Archive);
    let commit = bench.commit("os/stable", FILES, |_| {});
    let revisions = ["os/stable".to_owned()];
    let sign = |key: &Key| {
        let outcome = sign_commits(&bench.repo, &revisions, key.signers(), NOW, &Silent).unwrap();
        outcome[&commit].added.clone()
    };
    let signatures = || {
        bench
            .repo
            .commitmeta(&commit)
            .unwrap()
            .signatures(Metadata::GPGSIGS)
            .unwrap()
    };
    assert_eq!(sign(&alice), std::slice::from_ref(&alice.fingerprint));
    let first = signatures();
    assert_eq!(sign(&alice), [], "signed already");
    assert_eq!(sign(&bob), std::slice::from_ref(&bob.fingerprint));
    assert_eq!(
        signatures()[0],
        first[0],
        "what was there stays where it was"
    );
    assert_eq!(signatures().len(), 2);

    // The signature names the subkey: without the certificate nobody knows whose it is.
    let unsign = |keyring: &Keyring| {
        let signers = std::slice::from_ref(&alice.fingerprint);
        let outcome =
            unsign_commits(&bench.repo, &revisions, signers, keyring, NOW, &Silent).unwrap();
        outcome[&commit].removed
    };
    assert_eq!(unsign(&Keyring::new()), 0);
    assert_eq!(unsign(&alice.keyring()), 1);
    assert_eq!(signatures().len(), 1);
    let bytes = bench.repo.commit(&commit).unwrap().into_bytes();
    assert_eq!(
        bob.keyring().verify(&bytes, &signatures(), NOW).good.len(),
        1
    );
}

#[test]
fn a_signed_summary_stays_signed_unless_asked_by_name() {
    let (alice, bob) = (Key::new("alice"), Key::new("bob"));
    let bench = Bench::new(Mode::Archive);
    bench.commit("os/stable", FILES, |_| {});
    let again = |signing: Signing<'_>, unsigned, now| {
        regenerate(&bench.repo, signing, unsigned, now, &Silent)
    };

    let first = again(alice.signing(), Unsigned::Refused, NOW).unwrap();
    assert_eq!((first.refs, first.last_modified), (1, NOW));
    let changes = sign_summary(&bench.repo, bob.signers(), NOW, &Silent).unwrap();
    assert_eq!(changes.added, std::slice::from_ref(&bob.fingerprint));
    let summary = bench.repo.summary().unwrap().unwrap();
    let pair = bench.repo.summary_signature().unwrap().unwrap();
    let signatures = Metadata::decode(&pair)
        .unwrap()
        .signatures(Metadata::GPGSIGS)
        .unwrap();
    let mut both = alice.keyring();
    both.extend(&bob.keyring()).unwrap();
    assert_eq!(both.verify(&summary, &signatures, NOW).signers().len(), 2);

    let refused = again(Signing::default(), Unsigned::Refused, NOW + 1).unwrap_err();
    assert_eq!(refused.class(), Class::Refused);
    assert_eq!(
        bench.repo.summary_signature().unwrap().as_ref(),
        Some(&pair)
    );

    let earlier = again(alice.signing(), Unsigned::Refused, NOW - 60).unwrap();
    assert_eq!(
        earlier.last_modified, NOW,
        "a summary never goes back in time"
    );

    again(Signing::default(), Unsigned::AskedFor, NOW + 2).unwrap();
    assert_eq!(bench.repo.summary_signature().unwrap(), None);
}

#[test]
fn a_stray_unsigned_summary_is_undone() {
    let key = Key::new("release");
    let bench = Bench::new(Mode::Archive);
    bench.commit("os/stable", FILES, |_| {});
    assert_eq!(
        restore(&bench.repo, NOW, &Silent).unwrap_err().class(),
        Class::NotFound
    );
    regenerate(&bench.repo, key.signing(), Unsigned::Refused, NOW, &Silent).unwrap();
    let pair = (
        bench.repo.summary().unwrap(),
        bench.repo.summary_signature().unwrap(),
    );
    assert!(!restore(&bench.repo, NOW, &Silent).unwrap().changed);

    // What `ostree summary -u` does.
    regenerate(
        &bench.repo,
        Signing::default(),
        Unsigned::AskedFor,
        NOW + 9,
        &Silent,
    )
    .unwrap();
    assert!(restore(&bench.repo, NOW + 10, &Silent).unwrap().changed);
    assert_eq!(
        (
            bench.repo.summary().unwrap(),
            bench.repo.summary_signature().unwrap()
        ),
        pair
    );

    regenerate(
        &bench.repo,
        Signing::default(),
        Unsigned::AskedFor,
        NOW + 11,
        &Silent,
    )
    .unwrap();
    bench.commit("os/stable", &[("a", "beta")], |_| {});
    let refused = restore(&bench.repo, NOW + 12, &Silent).unwrap_err();
    assert_eq!(
        refused.class(),
        Class::Refused,
        "the kept one lists the old head"
    );
}

#[test]
fn a_signature_that_was_taken_off_the_summary_does_not_come_back() {
    let key = Key::new("release");
    let bench = Bench::new(Mode::Archive);
    bench.commit("os/stable", FILES, |_| {});
    regenerate(&bench.repo, key.signing(), Unsigned::Refused, NOW, &Silent).unwrap();
    let signers = std::slice::from_ref(&key.fingerprint);
    let taken = unsign_summary(&bench.repo, signers, &key.keyring(), NOW + 1, &Silent).unwrap();
    assert_eq!(taken.removed, 1);
    assert_eq!(
        restore(&bench.repo, NOW + 2, &Silent).unwrap_err().class(),
        Class::NotFound
    );
}
