//! `export --history`: a site learns of the releases it skipped.

use airlock::Silent;
use airlock::format::delta::{DeltaFault, MAX_HISTORY, Superblock};
use airlock::format::{Checksum, FormatError, Metadata, RefName};
use airlock::repo::{FsckOptions, fsck};
use airlock::workflow::Error;
use airlock::workflow::export::{Base, ExportError, Exported};

use crate::route::{Route, STABLE, V1, V2, V3};

fn export(route: &Route, base: Base<'_>, history: usize) -> Result<Exported, Error> {
    let refs: [RefName; 1] = [STABLE.parse().unwrap()];
    let exported = route.try_export(&refs, base, |options| options.history = history);
    exported.map(Option::unwrap)
}

fn has(route: &Route, commit: &Checksum) -> Option<bool> {
    route.site.commit(commit).ok()?;
    Some(route.site.is_partial(commit).unwrap())
}

fn assert_sound(route: &Route, partial: &[Checksum]) {
    let options = FsckOptions {
        threads: 2,
        bindings: true,
        back_refs: true,
    };
    let report = fsck(&route.site, &options, &Silent).unwrap();
    assert_eq!(report.findings, []);
    let mut partial = partial.to_vec();
    partial.sort();
    let mut found = report.partial;
    found.sort();
    assert_eq!(found, partial);
}

#[test]
fn skipped_releases_are_known_and_partial() {
    let route = Route::new();
    let first = route.release(STABLE, V1);
    let full = export(&route, Base::Full, 5).unwrap();
    route.import(&full.files).unwrap();
    let second = route.release(STABLE, V2);
    let third = route.release(STABLE, V3);
    let fourth = route.release(STABLE, V1);
    let from = [first.to_string()];
    let bundle = export(&route, Base::Revisions(&from), 9).unwrap();
    route.verify(&bundle.files);
    route.import(&bundle.files).unwrap();
    let known = [first, second, third, fourth].map(|commit| has(&route, &commit));
    assert_eq!(known, [Some(false), Some(true), Some(true), Some(false)]);
    for commit in [second, third] {
        let theirs = route.twin.repo.commitmeta(&commit).unwrap();
        assert_eq!(route.site.commitmeta(&commit).unwrap(), theirs);
    }
    assert_sound(&route, &[second, third]);

    // The next one tells of nothing that is here, and spoils nothing.
    let fifth = route.release(STABLE, V2);
    let bundle = export(&route, Base::Full, 9).unwrap();
    route.import(&bundle.files).unwrap();
    let all = [first, second, third, fourth, fifth].map(|commit| has(&route, &commit));
    let expected = [
        Some(false),
        Some(true),
        Some(true),
        Some(false),
        Some(false),
    ];
    assert_eq!(all, expected);
    assert_sound(&route, &[second, third]);
}

#[test]
fn no_more_than_was_asked_for() {
    let route = Route::new();
    let first = route.release(STABLE, V1);
    let second = route.release(STABLE, V2);
    route.release(STABLE, V3);
    let full = export(&route, Base::Full, 1).unwrap();
    route.import(&full.files).unwrap();
    assert_eq!(has(&route, &second), Some(true));
    assert_eq!(has(&route, &first), None);
    let error = export(&route, Base::Full, MAX_HISTORY + 1).unwrap_err();
    assert!(
        matches!(error, Error::Export(ExportError::History { .. })),
        "{error:?}"
    );
}

#[test]
fn a_release_of_the_same_bundle_stays_complete() {
    let route = Route::new();
    let old = route.release(STABLE, V1);
    let tx = airlock::repo::Transaction::begin(&route.twin.repo).unwrap();
    tx.set_ref(&"os/both".parse().unwrap(), Some(old));
    tx.publish(&Silent).unwrap();
    let head = route.twin.commit("os/both", V2, |commit| {
        commit.timestamp = route.clock.get();
    });
    let tx = airlock::repo::Transaction::begin(&route.twin.repo).unwrap();
    let signers = route.key.signers();
    let now = route.clock.get();
    airlock::workflow::seal::sign_commit(&tx, &head, Metadata::new(), signers, now).unwrap();
    tx.publish(&Silent).unwrap();
    // The head of one ref is the ancestor of the other's, which travels first.
    let refs = ["os/both".parse().unwrap(), STABLE.parse().unwrap()];
    let bundle = route
        .try_export(&refs, Base::Full, |options| options.history = 9)
        .unwrap()
        .unwrap();
    route.import(&bundle.files).unwrap();
    assert_eq!(has(&route, &old), Some(false));
    assert_sound(&route, &[]);
}

#[test]
fn a_history_of_another_commit_is_refused() {
    let route = Route::new();
    let first = route.release(STABLE, V1);
    let second = route.release(STABLE, V2);
    let third = route.release(STABLE, V3);
    let ancestor = |commit: &Checksum| airlock::format::delta::Ancestor {
        commit: route.twin.repo.commit(commit).unwrap(),
        commitmeta: route.twin.repo.commitmeta(commit).unwrap(),
    };
    let mut metadata = Metadata::new();
    let little = airlock::format::delta::Endian::Little;
    metadata.insert(airlock::format::delta::Endian::KEY, little.to_value());
    let mut superblock = Superblock {
        metadata,
        timestamp: 1,
        from: None,
        commit: route.twin.repo.commit(&third).unwrap(),
        parts: Vec::new(),
        fallbacks: Vec::new(),
    };
    for (chain, good) in [
        (vec![&second, &first], true),
        (vec![&second], true),
        (vec![&first], false),
        (vec![&first, &second], false),
        (vec![&third, &second], false),
        (vec![&second, &second], false),
    ] {
        let history: Vec<_> = chain.iter().map(|commit| ancestor(commit)).collect();
        superblock.set_history(&history).unwrap();
        let read = Superblock::decode(&superblock.encode().unwrap()).unwrap();
        match read.history() {
            Ok(read) => assert!(good && read == history),
            Err(FormatError::Delta(DeltaFault::BrokenHistory)) => assert!(!good, "{chain:?}"),
            Err(error) => panic!("{error}"),
        }
    }
}
