//! Two-step signing: what goes out is what is signed, and nothing comes in that does not count.

use airlock::Silent;
use airlock::format::gvariant::Value;
use airlock::format::{Checksum, Metadata};
use airlock::repo::Mode;
use airlock::workflow::promote::{
    AttachOptions, Attached, Prepared, PromoteOptions, attach, attach_to_pending, pending, plan,
};
use airlock::workflow::seal::{Signing, Unsigned};
use airlock::workflow::summary::regenerate;
use airlock::workflow::two_step::{attach_summary, commit_to_sign, summary_to_sign};
use airlock::workflow::{Error, Finding, PromotionFinding, Signable, Statement, Trust};

use crate::bench::{Bench, Key, NOW};

const FILES: &[(&str, &str)] = &[("a", "alpha")];

/// A trust directory with these certificates and this policy.
fn trust(keys: &[&Key], policy: &str) -> Trust {
    let dir = tempfile::tempdir().unwrap();
    for key in keys {
        let file = dir.path().join(format!("{}.asc", key.fingerprint));
        std::fs::write(file, &key.certificate).unwrap();
    }
    if !policy.is_empty() {
        std::fs::write(dir.path().join("policy.toml"), policy).unwrap();
    }
    Trust::load(dir.path()).unwrap()
}

fn sign(key: &Key, bytes: &[u8]) -> Vec<u8> {
    key.signers()[0].sign(bytes, NOW).unwrap()
}

fn options<'a>(files: &'a [Vec<u8>], trust: &'a Trust) -> AttachOptions<'a> {
    AttachOptions {
        files,
        trust,
        signing: Signing::default(),
        unsigned: Unsigned::Refused,
        now: NOW,
    }
}

fn prepare(bench: &Bench, now: u64) -> Prepared {
    let options = PromoteOptions::new("os/dev", "os/stable".parse().unwrap(), now);
    let plan = plan(&bench.repo, &bench.repo, options).unwrap();
    plan.prepare(Signing::default(), &Silent).unwrap()
}

fn signatures(bench: &Bench, commit: &Checksum) -> usize {
    let beside = bench.repo.commitmeta(commit).unwrap();
    beside.signatures(Metadata::GPGSIGS).unwrap().len()
}

#[track_caller]
fn finding(error: Error) -> Finding {
    match error {
        Error::Refused { mut findings } => findings.remove(0),
        other => panic!("{other}"),
    }
}

#[test]
fn a_promotion_waits_until_enough_have_signed() {
    let (alice, bob) = (Key::new("alice"), Key::new("bob"));
    let bench = Bench::new(Mode::Archive);
    bench.commit("os/dev", FILES, |_| {});
    let prepared = prepare(&bench, NOW);
    let commit = prepared.commit;
    assert!(prepared.changed && bench.head("os/stable").is_none());
    assert_eq!(Checksum::of(&prepared.bytes), commit);
    assert_eq!(
        pending(&bench.repo)
            .unwrap()
            .into_keys()
            .collect::<Vec<_>>(),
        [commit]
    );
    let again = prepare(&bench, NOW + 60);
    assert!(!again.changed, "the same promotion is the same commit");
    assert_eq!(again.bytes, prepared.bytes);

    let trust = trust(&[&alice, &bob], "[[commit]]\nthreshold = 2\n[[summary]]\n");
    let hand_in = |key: &Key| -> Attached {
        let files = [sign(key, &prepared.bytes)];
        attach_to_pending(&bench.repo, &options(&files, &trust), &Silent).unwrap()
    };
    let first = hand_in(&alice);
    assert!(!first.promoted && bench.head("os/stable").is_none());
    assert!(matches!(
        first.wanting[..],
        [Finding::TooFewSigners { needed: 2, .. }]
    ));
    let twice = hand_in(&alice);
    assert!(!twice.changed(), "one certificate counts once");
    let last = hand_in(&bob);
    assert!(last.promoted && last.wanting.is_empty());
    assert_eq!(bench.head("os/stable"), Some(commit));
    assert_eq!(signatures(&bench, &commit), 2);
    assert!(pending(&bench.repo).unwrap().is_empty());
    let summary = Signable::read(&summary_to_sign(&bench.repo).unwrap()).unwrap();
    let Statement::Summary(summary) = summary.statement else {
        panic!("a summary")
    };
    assert!(summary.refs.iter().any(|listed| listed.commit == commit));
}

#[test]
fn what_does_not_count_is_not_stored() {
    let (alice, eve) = (Key::new("alice"), Key::new("eve"));
    let bench = Bench::new(Mode::Archive);
    bench.commit("os/dev", FILES, |_| {});
    let prepared = prepare(&bench, NOW);
    let commit = prepared.commit;
    let only_alice = format!("[[commit]]\ncertificates = [\"{}\"]\n", alice.fingerprint);
    let both = trust(&[&alice, &eve], &only_alice);
    let alone = trust(&[&alice], "");
    let good = sign(&alice, &prepared.bytes);
    let mut other = prepared.bytes.clone();
    other.push(0);
    let cases: [(&str, Vec<Vec<u8>>, &Trust); 5] = [
        ("over other bytes", vec![sign(&alice, &other)], &alone),
        ("by nobody known", vec![sign(&eve, &prepared.bytes)], &alone),
        (
            "by one who may not",
            vec![sign(&eve, &prepared.bytes)],
            &both,
        ),
        (
            "one good, one bad",
            vec![good.clone(), sign(&alice, &other)],
            &alone,
        ),
        ("nothing", vec![Vec::new()], &alone),
    ];
    for (what, files, trust) in &cases {
        let error = attach_to_pending(&bench.repo, &options(files, trust), &Silent).unwrap_err();
        assert_eq!(error.class(), airlock::Class::Untrusted, "{what}: {error}");
        let by_name = attach(
            &bench.repo,
            &commit.to_string(),
            &options(files, trust),
            &Silent,
        );
        by_name.expect_err(what);
        assert_eq!(signatures(&bench, &commit), 0, "{what}");
        assert_eq!(bench.head("os/stable"), None, "{what}");
    }
    let garbage = [b"no signature".to_vec()];
    attach_to_pending(&bench.repo, &options(&garbage, &alone), &Silent).unwrap_err();
    assert_eq!(signatures(&bench, &commit), 0);
}

#[test]
fn a_ref_that_moved_is_not_overrun() {
    let alice = Key::new("alice");
    let bench = Bench::new(Mode::Archive);
    bench.commit("os/dev", FILES, |_| {});
    let prepared = prepare(&bench, NOW);
    let other = bench.commit("os/stable", &[("a", "somebody else's")], |_| {});
    let trust = trust(&[&alice], "");
    let files = [sign(&alice, &prepared.bytes)];
    let error = attach_to_pending(&bench.repo, &options(&files, &trust), &Silent).unwrap_err();
    assert!(
        matches!(finding(error), Finding::Promotion(PromotionFinding::Overtaken { head, .. }) if head == Some(other))
    );
    assert_eq!(bench.head("os/stable"), Some(other));
    assert_eq!(signatures(&bench, &prepared.commit), 0);

    // The next promotion follows the new head, and takes the overtaken one away when it is done.
    let next = prepare(&bench, NOW + 5);
    assert_eq!(
        (next.parent, pending(&bench.repo).unwrap().len()),
        (Some(other), 2)
    );
    let files = [sign(&alice, &next.bytes)];
    let done = attach_to_pending(&bench.repo, &options(&files, &trust), &Silent).unwrap();
    assert!(done.promoted && pending(&bench.repo).unwrap().is_empty());
    let none = attach_to_pending(&bench.repo, &options(&files, &trust), &Silent).unwrap_err();
    assert_eq!(finding(none), PromotionFinding::NothingPending.into());
}

#[test]
fn a_summary_is_signed_as_it_is_now() {
    let (alice, bob) = (Key::new("alice"), Key::new("bob"));
    let bench = Bench::new(Mode::Archive);
    bench.commit("os/stable", FILES, |_| {});
    regenerate(
        &bench.repo,
        alice.signing(),
        Unsigned::Refused,
        NOW,
        &Silent,
    )
    .unwrap();
    let trust = trust(&[&alice, &bob], "");
    let stale = [sign(&bob, &summary_to_sign(&bench.repo).unwrap())];
    regenerate(
        &bench.repo,
        alice.signing(),
        Unsigned::Refused,
        NOW + 1,
        &Silent,
    )
    .unwrap();
    let pair = || bench.repo.summary_signature().unwrap();
    let before = pair();
    let error = attach_summary(&bench.repo, &stale, &trust, NOW, &Silent).unwrap_err();
    assert!(matches!(finding(error), Finding::SignatureNotAdded { .. }));
    assert_eq!(pair(), before);

    let fresh = [sign(&bob, &summary_to_sign(&bench.repo).unwrap())];
    let changes = attach_summary(&bench.repo, &fresh, &trust, NOW, &Silent).unwrap();
    assert_eq!(changes.added, std::slice::from_ref(&bob.fingerprint));
    let again = attach_summary(&bench.repo, &fresh, &trust, NOW, &Silent).unwrap();
    assert!(!again.any());
}

#[test]
fn a_statement_is_read_from_the_bytes_alone() {
    let bench = Bench::new(Mode::Archive);
    let commit = bench.commit("os/stable", FILES, |commit| {
        commit.metadata.insert("odd", Value::u64(7));
        commit.metadata.insert("version", Value::u64(7));
    });
    let bytes = commit_to_sign(&bench.repo, "os/stable").unwrap();
    let signable = Signable::read(&bytes).unwrap();
    assert_eq!(signable.sha256, commit);
    let Statement::Commit(said) = signable.statement else {
        panic!("a commit")
    };
    assert_eq!(said.refs, Some(vec!["os/stable".to_owned()]));
    let others: Vec<_> = said
        .metadata
        .iter()
        .map(|entry| entry.key.as_str())
        .collect();
    assert_eq!(
        others,
        ["version", "odd"],
        "of another type than it should be"
    );

    let document = br#"{"airlock":"trust/1","version":2,"add":["x"]}"#;
    let Statement::Document(said) = Signable::read(document).unwrap().statement else {
        panic!("a document")
    };
    assert_eq!((said.document.as_str(), said.fields.len()), ("trust/1", 2));

    for (bytes, reason) in [
        (&b""[..], "no commit, no summary"),
        (&b"hello"[..], "no commit, no summary"),
        (
            &br#"{"airlock":"trust/1","a":1,"a":2}"#[..],
            "does not go on",
        ),
        (&br#"{"airlock":"bundle/1","x":1}"#[..], "does not go on"),
        (&br#"{"airlock":"bundle/9","x":1}"#[..], "does not go on"),
    ] {
        let error = Signable::read(bytes).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
