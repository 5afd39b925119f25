//! What export refuses, before the first byte is written.

use std::collections::BTreeSet;
use std::path::PathBuf;

use airlock::bundle::WriteError;
use airlock::format::gvariant::Value;
use airlock::format::{Commit, Metadata, ObjectKind};
use airlock::repo::Repo;
use airlock::workflow::export::{Base, ExportError, ExportSigners, Index, Waiver, export};
use airlock::workflow::{Error, Finding, Trust, VerifyOptions, verify};
use airlock::{Class, Silent};

use super::{STABLE, Twin, V1, V2};
use crate::bench::NOW;

#[test]
fn without_a_base_the_release_before_is_suggested() {
    let twin = Twin::new();
    let first = twin.release(STABLE, V1);
    twin.release(STABLE, V2);
    for base in [Base::Unstated, Base::Site] {
        let error = twin.export(&[STABLE], base).unwrap_err();
        assert_eq!(error.class(), Class::Usage);
        let Error::Export(ExportError::NoBase { suggestion, .. }) = error else {
            panic!()
        };
        assert_eq!(suggestion, Some(first.to_string()));
    }
    assert!(twin.nothing_was_written());
}

#[test]
fn commits_that_clients_would_refuse_do_not_leave() {
    let bind = |names: &[&str]| Value::strv(names.iter().map(|name| name.to_string()));
    type Describe = fn(&mut Commit);
    let twin = Twin::new();
    let unsigned = twin.bench.commit("os/unsigned", V1, |_| ());
    let unbound: Describe = |commit| {
        commit.metadata.remove(Metadata::REF_BINDING);
    };
    let unbound = twin.release_with("os/unbound", V1, unbound);
    let other = twin.release_with("os/other", V1, |commit| {
        commit
            .metadata
            .insert(Metadata::REF_BINDING, bind(&["os/dev"]));
    });
    for (name, expected) in [
        (
            "os/unsigned",
            format!("commit {unsigned} of os/unsigned is not signed"),
        ),
        (
            "os/unbound",
            format!("commit {unbound} binds no ref: clients would accept it under any"),
        ),
        (
            "os/other",
            format!("commit {other} does not bind the ref os/other; it binds os/dev"),
        ),
    ] {
        let findings = twin.refusal(&[name], Base::Full);
        let said: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(said, [expected]);
    }
    let findings = twin.refusal(&["os/unsigned", "os/unbound", "os/other"], Base::Full);
    assert_eq!(findings.len(), 3, "all are told at once");
}

#[test]
fn a_waiver_lets_one_fault_pass() {
    let mut twin = Twin::new();
    twin.bench.commit(STABLE, V1, |commit| {
        commit.metadata.remove(Metadata::REF_BINDING);
    });
    twin.waivers = BTreeSet::from([Waiver::UnsignedCommit]);
    assert!(matches!(
        twin.refusal(&[STABLE], Base::Full)[..],
        [Finding::Unbound { .. }]
    ));
    twin.waivers = BTreeSet::from([Waiver::UnboundCommit]);
    assert!(matches!(
        twin.refusal(&[STABLE], Base::Full)[..],
        [Finding::Unsigned { .. }]
    ));
    twin.waivers.insert(Waiver::UnsignedCommit);
    twin.exported(&[STABLE], Base::Full);
}

#[test]
fn an_incomplete_commit_does_not_leave() {
    for kind in [ObjectKind::File, ObjectKind::DirTree, ObjectKind::DirMeta] {
        let twin = Twin::new();
        let commit = twin.release(STABLE, V1);
        let object = first_object(&twin.bench.repo, kind);
        std::fs::remove_file(object).unwrap();
        let findings = twin.refusal(&[STABLE], Base::Full);
        assert_eq!(findings, [Finding::Partial { commit }], "{kind:?}");
    }
    let twin = Twin::new();
    let commit = twin.release(STABLE, V1);
    std::fs::create_dir_all(twin.bench.path().join("state")).unwrap();
    let marker = twin
        .bench
        .path()
        .join(format!("state/{commit}.commitpartial"));
    std::fs::write(marker, "").unwrap();
    assert_eq!(
        twin.refusal(&[STABLE], Base::Full),
        [Finding::Partial { commit }]
    );
}

/// Returns the file of some object of this kind.
fn first_object(repo: &Repo, kind: ObjectKind) -> PathBuf {
    let extension = match kind {
        ObjectKind::File => "filez",
        kind => kind.extension(),
    };
    let objects = repo.path().join("objects");
    let names = crate::repo::listing(&objects);
    let suffix = format!(".{extension}");
    objects.join(names.iter().find(|name| name.ends_with(&suffix)).unwrap())
}

#[test]
fn a_damaged_object_stops_the_export_and_leaves_nothing() {
    let twin = Twin::new();
    twin.release(STABLE, V1);
    let object = first_object(&twin.bench.repo, ObjectKind::File);
    let mut bytes = std::fs::read(&object).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::remove_file(&object).unwrap();
    std::fs::write(&object, bytes).unwrap();
    let error = twin.export(&[STABLE], Base::Full).unwrap_err();
    assert_eq!(error.class(), Class::Corrupt, "{error}");
    assert!(matches!(error, Error::Write(_)) && twin.nothing_was_written());
}

#[test]
fn a_release_older_than_its_base_does_not_leave() {
    let twin = Twin::new();
    let newer = twin.release_with("os/other", V2, |commit| commit.timestamp = NOW - 5);
    twin.release(STABLE, V1);
    let findings = twin.refusal(&[STABLE], Base::Revisions(&[newer.to_string()]));
    assert!(
        matches!(findings[..], [Finding::Downgrade { .. }]),
        "{findings:?}"
    );
}

#[test]
fn questions_that_make_no_sense_are_told() {
    let mut twin = Twin::new();
    twin.release(STABLE, V1);
    let usage = |twin: &Twin, refs: &[&str]| match twin.export(refs, Base::Full) {
        Err(Error::Export(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(usage(&twin, &[]).contains("no ref"));
    assert!(usage(&twin, &[STABLE, STABLE]).contains("twice"));
    twin.level = Some(20);
    assert!(usage(&twin, &[STABLE]).contains("level"));
    twin.level = None;
    let missing = twin.export(&["os/none"], Base::Full).unwrap_err();
    assert_eq!(missing.class(), Class::NotFound);
    let refs = [STABLE.parse().unwrap()];
    let nobody = ExportSigners {
        bundle: &[],
        summary: &[],
        ..ExportSigners::default()
    };
    let options = twin.options(&refs, Base::Full);
    let error = export(&twin.bench.repo, &options, nobody, &Silent).unwrap_err();
    assert!(matches!(error, Error::Export(ExportError::SummaryUnsigned)));
    twin.output = twin.output.join("b.airlock");
    twin.exported(&[STABLE], Base::Full);
    let again = twin.export(&[STABLE], Base::Full).unwrap_err();
    assert!(
        matches!(again, Error::Write(WriteError::TargetExists { .. })),
        "{again}"
    );
}

#[test]
fn a_bundle_without_signature_waits_for_the_signing_room() {
    let mut twin = Twin::new();
    twin.index = Index::LeftOut;
    twin.release(STABLE, V1);
    let refs = [STABLE.parse().unwrap()];
    let nobody = ExportSigners {
        bundle: &[],
        summary: &[],
        ..ExportSigners::default()
    };
    let options = twin.options(&refs, Base::Full);
    let outcome = export(&twin.bench.repo, &options, nobody, &Silent).unwrap();
    let trust = Trust::of(twin.key.keyring());
    let options = VerifyOptions {
        bundle: outcome.bundle.unwrap().files,
        signatures: Vec::new(),
        trust: &trust,
        now: NOW,
    };
    let error = verify(&options, &Silent).unwrap_err();
    assert_eq!(error.class(), Class::Untrusted, "{error}");
}
