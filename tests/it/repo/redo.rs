//! After a cut the repository is the old one, or the new one once rolled forward.
//!
//! The record is written by hand here, beside a repository in which the first steps were done.

use std::fs;

use airlock::format::{Checksum, ObjectKind, RefName};
use airlock::repo::{Mode, RefPlace, Repo, SummaryPair, Transaction, walk};
use airlock::{Class, Silent};
use serde_json::json;

use super::objects::fixture;
use super::{hasty, listing};

const TO: &str = "9162462524b4c03745c3414155eecdb7958631b1d9c3439214b937718b7a688b";

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// A repository with everything in it that is renamed before the record is written.
fn prepared() -> (tempfile::TempDir, Repo, Vec<u8>) {
    let (_from, archive) = fixture("archive-repo");
    let (dir, repo) = hasty(Mode::Archive);
    let to: Checksum = TO.parse().unwrap();
    let tx = Transaction::begin(&repo).unwrap();
    for name in walk::reachable(&archive, &[to]).unwrap() {
        match name.kind {
            ObjectKind::Commit => {}
            ObjectKind::File => {
                let mut file = archive.file(&name.checksum).unwrap();
                tx.write_file(&file.header, file.size, &mut file.reader)
                    .unwrap();
            }
            kind => {
                let bytes = archive.read_metadata(&name).unwrap();
                tx.write_metadata(kind, &bytes).unwrap();
            }
        }
    }
    tx.publish(&Silent).unwrap();
    let commit = archive.commit(&to).unwrap().into_bytes();
    (dir, repo, commit)
}

fn write_record(repo: &Repo, commit: &[u8]) {
    let record = json!({
        "airlock": "redo/1",
        "commits": { TO: base64(commit) },
        "partial": [],
        "commitmeta": { TO: base64(b"") },
        "refs": { "os/main": { "old": null, "new": TO } },
        "summary": { "summary": base64(b"new summary"), "signature": base64(b"new signature") },
        "state": { "accepted.json": { "bytes": base64(b"{}"), "mode": 0o644 } },
        "journal": "{\"n\":1}",
    });
    let bytes = serde_json::to_vec(&record).unwrap();
    repo.write_extension("redo.json", &bytes, 0o600).unwrap();
}

fn main_ref() -> RefName {
    "os/main".parse().unwrap()
}

fn assert_new(repo: &Repo) {
    let to: Checksum = TO.parse().unwrap();
    assert_eq!(repo.ref_commit(&main_ref()).unwrap(), Some(to));
    assert_eq!(walk::missing(repo, &[to]).unwrap(), []);
    assert_eq!(repo.summary().unwrap().unwrap(), b"new summary");
    assert_eq!(repo.summary_signature().unwrap().unwrap(), b"new signature");
    let extension = |name| repo.read_extension(name).unwrap();
    assert_eq!(extension("accepted.json").unwrap(), b"{}");
    assert_eq!(extension("journal.jsonl").unwrap(), b"{\"n\":1}\n");
    assert_eq!(extension("redo.json"), None);
}

#[test]
fn rolling_forward_finishes_from_every_step() {
    type Step = fn(&Repo, &[u8]);
    // What was done before the cut; each step on top of those before it.
    let steps: [(&str, Step); 6] = [
        ("nothing", |_, _| {}),
        ("commit", |repo, commit| {
            let tx = Transaction::begin(repo).unwrap();
            tx.write_metadata(ObjectKind::Commit, commit).unwrap();
            tx.publish(&Silent).unwrap();
        }),
        ("ref", |repo, _| {
            let to = TO.parse().unwrap();
            repo.write_ref(&RefPlace::Heads, &main_ref(), Some(&to))
                .unwrap();
        }),
        ("signature", |repo, _| {
            fs::write(repo.path().join("summary.sig"), b"new signature").unwrap();
        }),
        ("summary", |repo, _| {
            fs::write(repo.path().join("summary"), b"new summary").unwrap();
        }),
        ("journal", |repo, _| {
            let line = b"{\"n\":1}\n";
            repo.write_extension("journal.jsonl", line, 0o640).unwrap();
        }),
    ];
    for cut in 0..steps.len() {
        let (_dir, repo, commit) = prepared();
        for (_, step) in &steps[..=cut] {
            step(&repo, &commit);
        }
        write_record(&repo, &commit);
        assert!(repo.is_interrupted().unwrap());
        let (lock, rolled) = repo.lock_for_writing().unwrap();
        assert_new(&repo);
        let rolled = rolled.expect(steps[cut].0);
        assert_eq!(rolled.journal.as_deref(), Some("{\"n\":1}"));
        drop(lock);
        let (_lock, again) = repo.lock_for_writing().unwrap();
        assert_eq!(again, None);
        assert_new(&repo);
    }
}

#[test]
fn rolling_forward_twice_is_once() {
    let (_dir, repo, commit) = prepared();
    for _ in 0..2 {
        write_record(&repo, &commit);
        drop(repo.lock_for_writing().unwrap());
        assert_new(&repo);
    }
}

#[test]
fn a_ref_that_moved_after_the_cut_stays_where_it_is() {
    let (_dir, repo, commit) = prepared();
    let later = Checksum::of(b"later");
    write_record(&repo, &commit);
    repo.write_ref(&RefPlace::Heads, &main_ref(), Some(&later))
        .unwrap();
    drop(repo.lock_for_writing().unwrap());
    assert_eq!(repo.ref_commit(&main_ref()).unwrap(), Some(later));
    assert!(!repo.is_interrupted().unwrap());
}

#[test]
fn a_torn_journal_line_gives_way() {
    let (_dir, repo, commit) = prepared();
    write_record(&repo, &commit);
    repo.write_extension("journal.jsonl", b"{\"n\":0}\n{\"n\"", 0o640)
        .unwrap();
    drop(repo.lock_for_writing().unwrap());
    let journal = repo.read_extension("journal.jsonl").unwrap().unwrap();
    assert_eq!(journal, b"{\"n\":0}\n{\"n\":1}\n");
}

#[test]
fn a_damaged_record_is_a_fault_and_nothing_is_done() {
    let (_dir, repo, _) = prepared();
    for bad in [&b"{"[..], b"{\"airlock\":\"redo/2\"}", b""] {
        repo.write_extension("redo.json", bad, 0o600).unwrap();
        drop(repo.lock_airlock().unwrap());
        let before = listing(repo.path());
        let error = repo.lock_for_writing().unwrap_err();
        assert_eq!(error.class(), Class::Corrupt);
        assert_eq!(listing(repo.path()), before);
    }
}

#[test]
fn the_pair_stays_when_it_is_the_same() {
    let (_dir, repo) = hasty(Mode::Archive);
    let pair = || SummaryPair {
        summary: b"summary".to_vec(),
        signature: None,
    };
    let publish = || {
        let tx = Transaction::begin(&repo).unwrap();
        tx.set_summary(pair());
        tx.publish(&Silent).unwrap();
        fs::metadata(repo.path().join("summary")).unwrap()
    };
    assert_eq!(publish().modified().unwrap(), publish().modified().unwrap());
}
