//! prune: what goes, what nothing makes it drop, and that a repository is whole after it.

use std::collections::BTreeSet;
use std::fs;

use airlock::format::{Checksum, ObjectKind, ObjectName};
use airlock::repo::{FsckOptions, Mode, Repo, fsck, walk};
use airlock::workflow::prune::{Deed, PruneOptions, PruneOutcome, Reason, prune};
use airlock::workflow::{Error, journal};
use airlock::{Class, Silent};

use crate::bench::{Bench, NOW};

/// Makes a history of three commits, each with a file of its own; the last is the head.
fn history(bench: &Bench) -> [Checksum; 3] {
    [("a", 3), ("b", 2), ("c", 1)].map(|(name, days)| {
        let files = [("same", "same"), (name, name)];
        bench.commit("os/stable", &files, |commit| {
            commit.timestamp = NOW - days * 86_400;
        })
    })
}

fn run(repo: &Repo, options: PruneOptions) -> Result<PruneOutcome, Error> {
    prune(
        repo,
        &PruneOptions {
            now: NOW,
            ..options
        },
        Deed::Delete,
    )
}

fn depth(depth: u64) -> PruneOptions {
    PruneOptions {
        refs_only: true,
        depth: Some(depth),
        ..PruneOptions::default()
    }
}

fn commits(repo: &Repo) -> BTreeSet<Checksum> {
    repo.commits().unwrap().into_iter().collect()
}

/// Every object must be needed, and everything that is needed be there.
fn assert_whole(repo: &Repo) {
    let options = FsckOptions {
        threads: 2,
        bindings: true,
        back_refs: false,
    };
    let report = fsck(repo, &options, &Silent).unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    let all: Vec<Checksum> = repo.commits().unwrap();
    let needed = walk::reachable(repo, &all).unwrap().len() as u64;
    assert_eq!(report.objects, needed);
}

#[test]
fn history_goes_as_far_as_it_was_asked() {
    for mode in [Mode::Archive, Mode::BareUser] {
        for (left, options) in [
            (3, PruneOptions::default()),
            (3, depth(2)),
            (2, depth(1)),
            (1, depth(0)),
            (
                1,
                PruneOptions {
                    not_before: Some(NOW),
                    ..PruneOptions::default()
                },
            ),
            (
                2,
                PruneOptions {
                    not_before: Some(NOW - 2 * 86_400),
                    ..PruneOptions::default()
                },
            ),
        ] {
            let bench = Bench::new(mode);
            let made = history(&bench);
            let expected: BTreeSet<_> = made.into_iter().rev().take(left).collect();

            let before = crate::bench::tree(bench.path());
            let told = prune(&bench.repo, &options, Deed::OnlyTell).unwrap();
            assert_eq!(crate::bench::tree(bench.path()), before, "{options:?}");

            let done = run(&bench.repo, options.clone()).unwrap();
            assert_eq!(
                (done.commits.len(), done.kept),
                (3 - left, left),
                "{options:?}"
            );
            assert_eq!(
                (&told.commits, told.objects, told.bytes),
                (&done.commits, done.objects, done.bytes)
            );
            assert_eq!(done.changed, left < 3);
            assert_eq!(commits(&bench.repo), expected, "{options:?}");
            assert_whole(&bench.repo);
            assert!(!run(&bench.repo, options).unwrap().changed);
        }
    }
}

#[test]
fn what_no_commit_needs_goes_by_default() {
    let bench = Bench::new(Mode::Archive);
    let [first, ..] = history(&bench);
    let name = ObjectName::new(first, ObjectKind::Commit);
    let digits = first.to_string();
    let path = bench.path().join("objects").join(&digits[..2]);
    fs::remove_file(path.join(format!("{}.commit", &digits[2..]))).unwrap();
    assert!(!bench.repo.has(&name).unwrap());
    let done = run(&bench.repo, PruneOptions::default()).unwrap();
    // Its file, the two trees above it.
    assert_eq!((done.commits.len(), done.objects), (0, 3));
    assert_whole(&bench.repo);
    let last = journal::read(&bench.repo).unwrap().pop().unwrap().entry;
    assert_eq!(last.verb, journal::Verb::Prune);
}

#[test]
fn a_rollback_a_site_and_a_prepared_promotion_keep_their_commits() {
    let bench = Bench::new(Mode::Archive);
    let [first, second, head] = history(&bench);
    let zeros = "0".repeat(64);
    let previous = format!(
        r#"{{"refs":{{"os/stable":"{first}"}},"bundle":"{zeros}","moved":{{}},"may-return":{{}},"summary":null,"held":false}}"#
    );
    let site = format!(r#"{{"refs":{{"os/stable":"{second}"}},"bundle":"{zeros}","exported":1}}"#);
    let pending = format!(
        r#"{{"{second}":{{"ref":"os/stable","parent":"{head}","source":"{first}","prepared":1}}}}"#
    );
    for (file, content, kept, reason) in [
        ("previous.json", &previous, vec![first], Reason::Hold),
        ("sites/north.json", &site, vec![second], Reason::Site),
        (
            "pending.json",
            &pending,
            vec![first, second],
            Reason::Pending,
        ),
    ] {
        bench
            .repo
            .write_extension(file, content.as_bytes(), 0o644)
            .unwrap();
        let options = PruneOptions {
            not_before: Some(NOW),
            ..depth(0)
        };
        let told = prune(&bench.repo, &options, Deed::OnlyTell).unwrap();
        let held = told.held.iter().filter(|(_, why)| **why == reason);
        assert_eq!(
            held.map(|(commit, _)| *commit).collect::<BTreeSet<_>>(),
            kept.into_iter().collect()
        );
        assert_eq!(told.held.get(&head), Some(&Reason::Head));
        let path = bench.path().join("extensions/airlock").join(file);
        fs::remove_file(path).unwrap();
    }
    bench
        .repo
        .write_extension("previous.json", b"{}", 0o644)
        .unwrap();
    let error = run(&bench.repo, depth(0)).unwrap_err();
    assert_eq!(error.class(), Class::Corrupt);
    assert_eq!(commits(&bench.repo).len(), 3);
}

#[test]
fn a_whole_commit_that_lacks_a_tree_stops_it_and_a_partial_one_does_not() {
    let bench = Bench::new(Mode::Archive);
    let [_, _, head] = history(&bench);
    let tree = bench.repo.commit(&head).unwrap().tree.to_string();
    let path = bench.path().join("objects").join(&tree[..2]);
    fs::remove_file(path.join(format!("{}.dirtree", &tree[2..]))).unwrap();
    let error = run(&bench.repo, depth(0)).unwrap_err();
    assert_eq!(error.class(), Class::Corrupt, "{error}");
    assert_eq!(commits(&bench.repo).len(), 3);
    fs::write(bench.path().join(format!("state/{head}.commitpartial")), "").unwrap();
    assert_eq!(run(&bench.repo, depth(0)).unwrap().commits.len(), 2);
    assert_eq!(commits(&bench.repo), [head].into());
}

#[test]
fn another_writer_is_waited_for() {
    let bench = Bench::new(Mode::Archive);
    let mut config = bench.repo.config().file().clone();
    config.set_string("core", "lock-timeout-secs", "0");
    bench.repo.write_config(&config).unwrap();
    let repo = Repo::open(bench.path()).unwrap();
    let writer = bench.repo.lock_shared().unwrap();
    assert_eq!(run(&repo, depth(0)).unwrap_err().class(), Class::Busy);
    drop(writer);
    run(&repo, depth(0)).unwrap();
}
