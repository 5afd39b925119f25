//! `sign commit --all`: a new key joins the older ones on every release.

use std::fs;

use airlock::format::delta::{DeltaName, MAX_SUPERBLOCK};
use airlock::format::{Checksum, Metadata};
use airlock::openpgp::Keyring;
use airlock::repo::Mode;
use airlock::workflow::policy::RefPattern;
use airlock::workflow::rotate::{DeltaChanges, RotateOptions, RotateOutcome, rotate};
use airlock::workflow::seal::Unsigned;
use airlock::workflow::sign::sign_commits;
use airlock::workflow::summary::regenerate;
use airlock::workflow::{Error, journal};
use airlock::{Class, Silent};

use crate::bench::{Bench, Key, NOW};

/// Two releases of one ref and one of another, all signed by one key, and so the summary.
struct Fleet {
    bench: Bench,
    old: Key,
    new: Key,
    commits: [Checksum; 3],
}

impl Fleet {
    fn new() -> Fleet {
        let (old, new) = (Key::new("old"), Key::new("new"));
        let bench = Bench::new(Mode::Archive);
        let commit = |name: &str, text: &str| bench.commit(name, &[("a", text)], |_| {});
        let commits = [
            commit("os/stable", "one"),
            commit("os/stable", "two"),
            commit("os/testing", "three"),
        ];
        let all = commits.map(|commit| commit.to_string());
        sign_commits(&bench.repo, &all, old.signers(), NOW, &Silent).unwrap();
        let refused = Unsigned::Refused;
        regenerate(&bench.repo, old.signing(), refused, NOW, &Silent).unwrap();
        Fleet {
            bench,
            old,
            new,
            commits,
        }
    }

    fn rotate(&self, refs: &[RefPattern], keyring: &Keyring) -> Result<RotateOutcome, Error> {
        let options = RotateOptions {
            refs,
            signing: self.new.signing(),
            keyring,
            now: NOW,
        };
        rotate(&self.bench.repo, &options, &Silent)
    }

    fn signatures(&self, commit: &Checksum) -> Vec<Vec<u8>> {
        let metadata = self.bench.repo.commitmeta(commit).unwrap();
        metadata.signatures(Metadata::GPGSIGS).unwrap()
    }
}

#[test]
fn every_release_gets_the_new_signature_behind_the_old_one() {
    let fleet = Fleet::new();
    let before = fleet.commits.map(|commit| fleet.signatures(&commit));
    let outcome = fleet.rotate(&[], &fleet.old.keyring()).unwrap();
    assert!(outcome.changed() && outcome.commits.len() == 3);
    for (commit, before) in fleet.commits.iter().zip(before) {
        let now = fleet.signatures(commit);
        assert_eq!((now.len(), &now[0]), (2, &before[0]));
        let bytes = fleet.bench.repo.commit(commit).unwrap().into_bytes();
        let verified = fleet.new.keyring().verify(&bytes, &now, NOW);
        assert_eq!(verified.good.len(), 1);
    }
    assert_eq!(
        outcome.summary.unwrap().added,
        [fleet.new.fingerprint.clone()][..]
    );
    let noted = journal::read(&fleet.bench.repo).unwrap().len();
    assert!(!fleet.rotate(&[], &Keyring::new()).unwrap().changed());
    assert_eq!(journal::read(&fleet.bench.repo).unwrap().len(), noted);
}

#[test]
fn other_refs_and_partial_commits_are_left() {
    let fleet = Fleet::new();
    let [first, second, testing] = fleet.commits;
    let mark = format!("state/{first}.commitpartial");
    std::fs::write(fleet.bench.path().join(mark), b"").unwrap();
    let stable = [RefPattern::new("os/sta*").unwrap()];
    let outcome = fleet.rotate(&stable, &Keyring::new()).unwrap();
    assert_eq!(outcome.partial, [first]);
    let counts = [first, second, testing].map(|commit| fleet.signatures(&commit).len());
    assert_eq!(counts, [1, 2, 1]);
}

#[test]
fn nothing_is_added_behind_a_signature_that_stock_clients_stop_at() {
    let fleet = Fleet::new();
    let commit = fleet.commits[1];
    // The old key's signature, but of another commit: gpg stops there.
    let wrong = fleet.signatures(&fleet.commits[0]);
    let tx = airlock::repo::Transaction::begin(&fleet.bench.repo).unwrap();
    let mut metadata = Metadata::new();
    metadata.set_signatures(Metadata::GPGSIGS, &wrong);
    tx.stage_commitmeta(&commit, &metadata);
    tx.publish(&Silent).unwrap();
    let before = fleet.commits.map(|commit| fleet.signatures(&commit));
    let error = fleet.rotate(&[], &{
        let mut keyring = fleet.old.keyring();
        keyring.extend(&fleet.new.keyring()).unwrap();
        keyring
    });
    assert_eq!(error.unwrap_err().class(), Class::Untrusted);
    assert_eq!(
        fleet.commits.map(|commit| fleet.signatures(&commit)),
        before
    );
}

#[test]
fn a_delta_that_no_client_fetches_is_left_alone() {
    let fleet = Fleet::new();
    let [from, to, _] = fleet.commits;
    let name = DeltaName {
        from: Some(from),
        to,
    };
    let path = fleet.bench.repo.path().join(name.superblock_path());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let superblock = fs::File::create(&path).unwrap();
    superblock.set_len(MAX_SUPERBLOCK + 1).unwrap();
    let outcome = fleet.rotate(&[], &fleet.old.keyring()).unwrap();
    assert_eq!(outcome.deltas, DeltaChanges::default());
    let counts = fleet.commits.map(|commit| fleet.signatures(&commit).len());
    assert_eq!(counts, [2, 2, 2]);
    let size = fs::metadata(&path).unwrap().len();
    assert_eq!(size, MAX_SUPERBLOCK + 1);
}
