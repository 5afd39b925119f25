//! Summaries are byte for byte what `ostree summary -u` (2022.7) wrote for the same repository and second.

use std::fs;

use airlock::format::gvariant::Value;
use airlock::format::{Metadata, ObjectKind, ObjectName, Summary};
use airlock::repo::summary::{SummaryOptions, SummaryScope, build, metadata_commit, metadata_ref};
use airlock::repo::{Repo, Transaction};

use super::objects::fixture;

fn last_modified(repo: &Repo) -> u64 {
    let bytes = repo.summary().unwrap().unwrap();
    Summary::decode(&bytes).unwrap().last_modified().unwrap()
}

#[test]
fn a_repository_with_deltas_and_aliases() {
    let (_dir, repo) = fixture("archive-repo");
    let options = SummaryOptions {
        timestamp: last_modified(&repo),
        ..SummaryOptions::default()
    };
    let theirs = repo.summary().unwrap().unwrap();
    assert_eq!(build(&repo, &repo, &options).unwrap(), theirs);

    let site = SummaryOptions {
        scope: SummaryScope::Site,
        ..options
    };
    let ours = Summary::decode(&build(&repo, &repo, &site).unwrap()).unwrap();
    assert!(ours.static_deltas().unwrap().is_empty());
    assert_eq!(ours.refs, Summary::decode(&theirs).unwrap().refs);
}

/// What the fixture's summary was asked to hold besides.
fn extra() -> Metadata {
    let mut extra = Metadata::new();
    extra.insert("exampl.extra", Value::variant(&Value::str("v")));
    extra.insert("ostree.summary.expires", Value::u64(i64::MAX as u64));
    extra
}

#[test]
fn a_collection_with_mirrors_and_more_keys() {
    let (_dir, repo) = fixture("collection-repo");
    let options = SummaryOptions {
        timestamp: last_modified(&repo),
        extra: extra(),
        ..SummaryOptions::default()
    };
    let theirs = repo.summary().unwrap().unwrap();
    assert_eq!(build(&repo, &repo, &options).unwrap(), theirs);
}

#[test]
fn a_collections_metadata_commit() {
    let (_dir, repo) = fixture("collection-repo");
    let theirs = repo.ref_commit(&metadata_ref()).unwrap().unwrap();
    fs::remove_file(repo.path().join("refs/heads/ostree-metadata")).unwrap();
    let options = SummaryOptions {
        timestamp: repo.commit(&theirs).unwrap().timestamp,
        extra: extra(),
        ..SummaryOptions::default()
    };
    let tx = Transaction::begin(&repo).unwrap();
    assert_eq!(metadata_commit(&tx, &options).unwrap(), Some(theirs));
    drop(tx);

    let (_dir, plain) = fixture("archive-repo");
    let tx = Transaction::begin(&plain).unwrap();
    assert_eq!(metadata_commit(&tx, &options).unwrap(), None);
}

#[test]
fn delta_indexes_are_made_and_stale_ones_go() {
    let (_dir, repo) = fixture("archive-repo");
    let listed: Vec<_> = super::listing(repo.path())
        .into_iter()
        .filter(|path| path.ends_with(".index"))
        .collect();
    let [index] = listed.as_slice() else {
        panic!("one index: {listed:?}");
    };
    let theirs = fs::read(repo.path().join(index)).unwrap();
    let stale = index.replace(".index", "x.index");
    fs::rename(repo.path().join(index), repo.path().join(&stale)).unwrap();
    repo.reindex_deltas().unwrap();
    assert_eq!(fs::read(repo.path().join(index)).unwrap(), theirs);
    assert!(!repo.path().join(stale).exists());
    let config = fs::read_to_string(repo.path().join("config")).unwrap();
    assert_eq!(config.matches("indexed-deltas=true").count(), 1);
}

#[test]
fn a_ref_to_a_missing_commit_is_a_fault() {
    let (_dir, repo) = fixture("archive-repo");
    let name = "test/x86_64/main".parse().unwrap();
    let commit = repo.ref_commit(&name).unwrap().unwrap();
    let object = ObjectName::new(commit, ObjectKind::Commit);
    let hex = object.to_string();
    let path = repo.path().join("objects").join(&hex[..2]).join(&hex[2..]);
    fs::remove_file(path).unwrap();
    assert!(build(&repo, &repo, &SummaryOptions::default()).is_err());
}
