//! promote: what the release commit says, what is refused, and that nothing happens then.

mod shared;

use airlock::format::gvariant::Value;
use airlock::format::{Codec, Commit, Metadata, ObjectKind, ObjectName, Summary};
use airlock::repo::{Mode, Repo, walk};
use airlock::workflow::promote::{Form, PromoteOptions, PromoteOutcome, plan};
use airlock::workflow::seal::Signing;
use airlock::workflow::{Error, journal};
use airlock::{Class, Silent};

use crate::bench::{Bench, Key, NOW};
use crate::handmade::object_path;

const FILES: &[(&str, &str)] = &[("a", "alpha"), ("b", ""), ("c", "a third file")];

fn options(source: &str, target: &str) -> PromoteOptions {
    PromoteOptions::new(source, target.parse().unwrap(), NOW)
}

fn promote(
    source: &Repo,
    target: &Repo,
    options: PromoteOptions,
    signing: Signing<'_>,
) -> Result<PromoteOutcome, Error> {
    plan(source, target, options)?.execute(signing, &Silent)
}

fn names(error: &Error) -> Vec<String> {
    let name = |finding| {
        serde_json::to_value(finding).unwrap()["finding"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    error.findings().iter().map(name).collect()
}

#[test]
fn a_release_commit_keeps_the_tree_and_replaces_the_bindings() {
    let key = Key::new("release");
    for (from, to) in [
        (Mode::Archive, Mode::Archive),
        (Mode::BareUser, Mode::Archive),
        (Mode::Archive, Mode::BareUser),
        (Mode::BareUser, Mode::BareUserOnly),
    ] {
        let (dev, release) = (Bench::new(from), Bench::new(to));
        let tested = dev.commit("os/dev", FILES, |commit| {
            commit
                .metadata
                .insert("rpmostree.inputhash", Value::str("abc"));
            commit
                .metadata
                .insert("ostree.endoflife", Value::str("dead"));
            commit
                .metadata
                .insert(Metadata::COLLECTION_BINDING, Value::str("org.dev.Os"));
        });
        let outcome = promote(
            &dev.repo,
            &release.repo,
            options("os/dev", "os/stable"),
            key.signing(),
        )
        .unwrap();
        assert!(
            outcome.changed && outcome.copied.objects > 0,
            "{from:?} {to:?}"
        );
        assert_eq!((outcome.source, outcome.parent), (tested, None));
        assert_eq!(release.head("os/stable"), Some(outcome.commit));

        let (old, new) = (
            dev.repo.commit(&tested).unwrap(),
            release.repo.commit(&outcome.commit).unwrap(),
        );
        assert_eq!(
            (new.tree, new.meta, new.timestamp),
            (old.tree, old.meta, NOW)
        );
        let keys: Vec<&str> = new.metadata.iter().map(|(key, _)| key).collect();
        let expected = [
            "version",
            "ostree.ref-binding",
            "rpmostree.inputhash",
            "airlock.source-commit",
            "airlock.source-ref",
        ];
        assert_eq!(keys, expected);
        assert_eq!(new.ref_binding().unwrap(), ["os/stable"]);
        assert_eq!(
            new.metadata.get_str("airlock.source-commit"),
            Some(tested.to_string().as_str())
        );
        assert!(
            walk::missing(&release.repo, &[outcome.commit])
                .unwrap()
                .is_empty()
        );

        let signatures = release
            .repo
            .commitmeta(&outcome.commit)
            .unwrap()
            .signatures(Metadata::GPGSIGS)
            .unwrap();
        let verdict = key.keyring().verify(new.bytes(), &signatures, NOW);
        assert_eq!(
            verdict.signers().into_iter().collect::<Vec<_>>(),
            std::slice::from_ref(&key.fingerprint)
        );
        let records = journal::read(&release.repo).unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!(
            records[0].entry.signers,
            std::slice::from_ref(&key.fingerprint)
        );
        assert!(release.repo.id().unwrap().is_some());
    }
}

#[test]
fn the_summary_moves_with_the_ref() {
    let key = Key::new("release");
    let dev = Bench::new(Mode::Archive);
    dev.commit("os/dev", FILES, |_| {});
    let collection = Bench::of_collection(Mode::Archive, Some("org.example.Os"));
    let outcome = promote(
        &dev.repo,
        &collection.repo,
        options("os/dev", "os/stable"),
        key.signing(),
    )
    .unwrap();
    let bytes = collection.repo.summary().unwrap().unwrap();
    let summary = Summary::decode(&bytes).unwrap();
    let refs: Vec<String> = summary
        .refs
        .iter()
        .map(|entry| entry.name.to_string())
        .collect();
    assert_eq!(refs, ["os/stable", "ostree-metadata"]);
    assert_eq!(summary.refs[0].commit, outcome.commit);
    let commit = collection.repo.commit(&outcome.commit).unwrap();
    assert_eq!(commit.collection_binding(), Some("org.example.Os"));

    let signature = collection.repo.summary_signature().unwrap().unwrap();
    let signatures = Metadata::decode(&signature)
        .unwrap()
        .signatures(Metadata::GPGSIGS)
        .unwrap();
    assert_eq!(key.keyring().verify(&bytes, &signatures, NOW).good.len(), 1);
    let metadata = collection.head("ostree-metadata").unwrap();
    let signatures = collection
        .repo
        .commitmeta(&metadata)
        .unwrap()
        .signatures(Metadata::GPGSIGS)
        .unwrap();
    assert_eq!(signatures.len(), 1, "the metadata commit is signed as well");
}

#[test]
fn promoting_again_is_a_no_op_against_the_current_head_only() {
    let key = Key::new("release");
    let bench = Bench::new(Mode::Archive);
    let tested = bench.commit("os/dev", FILES, |_| {});
    let again = |at: u64| {
        let options = PromoteOptions {
            now: at,
            ..options("os/dev", "os/stable")
        };
        promote(&bench.repo, &bench.repo, options, key.signing()).unwrap()
    };
    let first = again(NOW);
    let second = again(NOW + 60);
    assert!(first.changed && !second.changed);
    assert_eq!(first.commit, second.commit);

    let other = bench.commit("os/dev", &[("a", "beta")], |_| {});
    let third = again(NOW + 120);
    assert_eq!((third.parent, third.source), (Some(first.commit), other));

    let back = PromoteOptions {
        now: NOW + 180,
        ..options(&tested.to_string(), "os/stable")
    };
    let fourth = promote(&bench.repo, &bench.repo, back, key.signing()).unwrap();
    assert!(
        fourth.changed,
        "an older promotion of the same commit is no reason to do nothing"
    );
    assert_eq!(fourth.parent, Some(third.commit));
}

#[test]
fn options_say_what_the_release_commit_says() {
    let bench = Bench::new(Mode::Archive);
    bench.commit("os/dev", FILES, |commit| {
        commit.metadata.insert("secret", Value::str("x"))
    });
    let options = PromoteOptions {
        version: Some("2026.11".into()),
        subject: Some("November".into()),
        bind_refs: vec!["os/latest".parse().unwrap()],
        add_metadata: vec![("channel".into(), Value::str("stable"))],
        drop_metadata: vec!["secret".into()],
        ..options("os/dev", "os/stable")
    };
    let outcome = promote(&bench.repo, &bench.repo, options, Signing::default()).unwrap();
    let commit = bench.repo.commit(&outcome.commit).unwrap();
    assert_eq!(
        (commit.version(), commit.subject.as_str()),
        (Some("2026.11"), "November")
    );
    assert_eq!(commit.ref_binding().unwrap(), ["os/latest", "os/stable"]);
    assert_eq!(commit.metadata.get_str("channel"), Some("stable"));
    assert!(commit.metadata.get("secret").is_none());
    assert!(outcome.signers.is_empty());
}

#[test]
fn the_same_commit_must_bind_the_release_ref() {
    let (dev, release) = (Bench::new(Mode::Archive), Bench::new(Mode::Archive));
    dev.commit("os/dev", FILES, |_| {});
    let same = PromoteOptions {
        form: Form::SameCommit,
        ..options("os/dev", "os/stable")
    };
    let refused = promote(&dev.repo, &release.repo, same.clone(), Signing::default()).unwrap_err();
    assert_eq!(
        (names(&refused), refused.class()),
        (vec!["not-bound".to_owned()], Class::Refused)
    );

    let both = Value::strv(["os/dev", "os/stable"]);
    let tested = dev.commit("os/dev", FILES, |commit| {
        commit.metadata.insert(Metadata::REF_BINDING, both)
    });
    let outcome = promote(&dev.repo, &release.repo, same, Signing::default()).unwrap();
    assert_eq!(outcome.commit, tested);
    assert_eq!(release.head("os/stable"), Some(tested));
}

#[test]
fn what_is_refused_changes_nothing() {
    let key = Key::new("release");
    let release = Bench::new(Mode::Archive);
    let dev = Bench::new(Mode::Archive);
    dev.commit("os/dev", FILES, |_| {});
    promote(
        &dev.repo,
        &release.repo,
        options("os/dev", "os/stable"),
        key.signing(),
    )
    .unwrap();
    dev.commit("os/dev", &[("a", "beta")], |_| {});
    dev.commit("os/late", FILES, |commit| commit.timestamp = NOW + 1);
    let holey = dev.commit("os/holey", &[("x", "a file that gets lost")], |_| {});
    let lost = walk::reachable(&dev.repo, &[holey]).unwrap();
    for name in lost.iter().filter(|name| name.kind == ObjectKind::File) {
        if !walk::reachable(&dev.repo, &[dev.head("os/dev").unwrap()])
            .unwrap()
            .contains(name)
        {
            std::fs::remove_file(loose(&dev.repo, name)).unwrap();
        }
    }
    let before = tree(release.path());
    let early = PromoteOptions {
        timestamp: Some(NOW - 7200),
        ..options("os/dev", "os/stable")
    };
    let table: Vec<(&str, PromoteOptions, Signing<'_>, Vec<&str>)> = vec![
        (
            "source of the future",
            options("os/late", "os/stable"),
            key.signing(),
            vec!["timestamp-below"],
        ),
        (
            "timestamp before both",
            early,
            key.signing(),
            vec!["timestamp-below", "timestamp-below"],
        ),
        (
            "incomplete source",
            options("os/holey", "os/stable"),
            key.signing(),
            vec!["partial"],
        ),
        (
            "summary would lose its signature",
            options("os/dev", "os/stable"),
            Signing::default(),
            vec!["summary-would-lose-signature"],
        ),
    ];
    for (name, options, signing, expected) in table {
        let error = promote(&dev.repo, &release.repo, options, signing).expect_err(name);
        assert_eq!(names(&error), expected, "{name}");
        assert_eq!(tree(release.path()), before, "{name}");
    }
    let missing = promote(
        &dev.repo,
        &release.repo,
        options("os/none", "os/stable"),
        key.signing(),
    )
    .unwrap_err();
    assert_eq!(missing.class(), Class::NotFound);
}

#[test]
fn a_corrupt_object_is_never_copied() {
    let (dev, release) = (Bench::new(Mode::Archive), Bench::new(Mode::Archive));
    let tested = dev.commit("os/dev", FILES, |_| {});
    let objects = walk::reachable(&dev.repo, &[tested]).unwrap();
    let file = objects
        .iter()
        .find(|name| name.kind == ObjectKind::File)
        .unwrap();
    let path = loose(&dev.repo, file);
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = promote(
        &dev.repo,
        &release.repo,
        options("os/dev", "os/stable"),
        Signing::default(),
    )
    .unwrap_err();
    assert_eq!(error.class(), Class::Corrupt, "{error}");
    assert_eq!(release.head("os/stable"), None);
}

#[test]
fn the_gate_sees_the_commit_and_decides() {
    let bench = Bench::new(Mode::Archive);
    let tested = bench.commit("os/dev", FILES, |_| {});
    let plan = plan(&bench.repo, &bench.repo, options("os/dev", "os/stable")).unwrap();
    plan.gate(&format!(
        "test $AIRLOCK_COMMIT = {tested} -a $AIRLOCK_REF = os/stable -a -d $AIRLOCK_REPO"
    ))
    .unwrap();
    plan.gate("! ls -l /proc/self/fd | grep -F \"$AIRLOCK_REPO\"")
        .expect("no descriptor of ours");
    let refused = plan.gate("exit 3").unwrap_err();
    assert_eq!(
        (names(&refused), refused.class()),
        (vec!["gate-refused".to_owned()], Class::Refused)
    );
    assert_eq!(bench.head("os/stable"), None);
}

#[test]
fn published_aliases_are_bound_as_well() {
    let bench = Bench::new(Mode::Archive);
    bench.commit("os/dev", FILES, |_| {});
    promote(
        &bench.repo,
        &bench.repo,
        options("os/dev", "os/stable"),
        Signing::default(),
    )
    .unwrap();
    bench
        .repo
        .write_alias(
            &"os/current".parse().unwrap(),
            &"os/stable".parse().unwrap(),
        )
        .unwrap();
    bench.commit("os/dev", &[("a", "beta")], |_| {});
    let outcome = promote(
        &bench.repo,
        &bench.repo,
        options("os/dev", "os/stable"),
        Signing::default(),
    )
    .unwrap();
    let commit = Commit::decode(bench.repo.commit(&outcome.commit).unwrap().bytes()).unwrap();
    assert_eq!(commit.ref_binding().unwrap(), ["os/current", "os/stable"]);
    let summary = Summary::decode(&bench.repo.summary().unwrap().unwrap()).unwrap();
    let listed = summary
        .refs
        .iter()
        .filter(|entry| entry.commit == outcome.commit)
        .count();
    assert_eq!(listed, 2, "the alias follows its ref");
    let error = promote(
        &bench.repo,
        &bench.repo,
        options("os/dev", "os/current"),
        Signing::default(),
    )
    .unwrap_err();
    assert!(names(&error).contains(&"alias".to_owned()));
}

fn loose(repo: &Repo, name: &ObjectName) -> std::path::PathBuf {
    repo.path().join(object_path(&name.checksum))
}

/// Every file beneath a directory with its content, but for what comes and goes with locks.
fn tree(root: &std::path::Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut pending = vec![root.to_owned()];
    while let Some(dir) = pending.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => pending.push(path),
                false => found.push((path.clone(), std::fs::read(path).unwrap())),
            }
        }
    }
    found.sort();
    found
}
