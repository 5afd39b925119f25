//! `rollback`: a bad release is taken back, at a site without a key and at the twin with one.

use airlock::format::Checksum;
use airlock::workflow::export::{Base, ExportError, MayReturn};
use airlock::workflow::promote::{PromoteOptions, SOURCE_COMMIT};
use airlock::workflow::rollback::{HoldOutcome, Previous, hold, plan_rollback};
use airlock::workflow::seal::Signing;
use airlock::workflow::{BackFinding, Error, Finding, Standing, journal};
use airlock::{Class, Silent};

use crate::bench::Key;
use crate::route::{Route, STABLE, V1, V2, V3};

fn take_back(route: &Route) -> Result<HoldOutcome, Error> {
    hold(&route.site, Signing::default(), route.clock.get(), &Silent)
}

fn findings(error: Error) -> Vec<Finding> {
    error.findings().to_vec()
}

/// Version 1 and then version 2 at the site; what it published between the two.
fn two(route: &Route, may_return: MayReturn<'_>) -> (Checksum, Checksum) {
    let first = route.release(STABLE, V1);
    let full = route.export(Base::Full, MayReturn::Before);
    assert!(full.may_return.is_empty(), "nothing is before the first");
    route.import(&full.files).unwrap();
    let second = route.release(STABLE, V2);
    let from = [first.to_string()];
    let update = route.export(Base::Revisions(&from), may_return);
    route.import(&update.files).unwrap();
    (first, second)
}

#[test]
fn a_permitted_release_is_taken_back_without_a_key() {
    let route = Route::new();
    let first = route.release(STABLE, V1);
    let full = route.export(Base::Full, MayReturn::Nowhere);
    route.import(&full.files).unwrap();
    let before = route.published();
    let second = route.release(STABLE, V2);
    let from = [first.to_string()];
    let update = route.export(Base::Revisions(&from), MayReturn::Before);
    assert_eq!(update.may_return[STABLE], [first]);
    route.import(&update.files).unwrap();
    let bad = route.published();
    assert_ne!(bad, before);

    let outcome = take_back(&route).unwrap();
    assert!(outcome.changed);
    assert_eq!(outcome.bundle, update.id);
    assert_eq!(outcome.refs[STABLE].from, Some(second));
    assert_eq!(route.published(), before);
    let last = journal::read(&route.site).unwrap().pop().unwrap();
    assert_eq!(last.entry.verb, journal::Verb::Rollback);

    // Once more, the same stick once more, and the older one: nothing happens.
    assert!(!take_back(&route).unwrap().changed);
    let again = route.import(&update.files).unwrap();
    assert_eq!(
        (again.standing, again.changed),
        (Standing::TakenBack, false)
    );
    let old = route.import(&full.files).unwrap();
    assert_eq!((old.standing, old.changed), (Standing::Superseded, false));
    assert_eq!(route.published(), before);

    // The next release moves on, from the one that was taken back.
    let third = route.release(STABLE, V3);
    let from = [second.to_string()];
    let next = route.export(Base::Revisions(&from), MayReturn::Before);
    route.import(&next.files).unwrap();
    assert_eq!(route.published().0[STABLE], third);
    // And leads back to what it permits, which is not where the site was.
    let refused = findings(take_back(&route).unwrap_err());
    let commit = Some(first);
    assert_eq!(
        refused,
        [BackFinding::ReturnNotPermitted {
            name: STABLE.parse().unwrap(),
            commit
        }
        .into()]
    );
}

#[test]
fn without_permission_it_is_refused() {
    let route = Route::new();
    let (first, _) = two(&route, MayReturn::Nowhere);
    let before = route.published();
    let error = take_back(&route).unwrap_err();
    assert_eq!(error.class(), Class::Refused);
    let name = STABLE.parse().unwrap();
    let commit = Some(first);
    assert_eq!(
        findings(error),
        [BackFinding::ReturnNotPermitted { name, commit }.into()]
    );
    assert_eq!(route.published(), before);
}

#[test]
fn a_ref_that_was_moved_since_is_left_alone() {
    let route = Route::new();
    let (_, second) = two(&route, MayReturn::Before);
    let tx = airlock::repo::Transaction::begin(&route.site).unwrap();
    tx.set_ref(&STABLE.parse().unwrap(), None);
    tx.publish(&Silent).unwrap();
    let moved = findings(take_back(&route).unwrap_err());
    assert!(
        matches!(
            moved.as_slice(),
            [Finding::Back(BackFinding::MovedSince { commit: None, .. })]
        ),
        "{moved:?}"
    );
    assert!(route.site.commit(&second).is_ok());
}

#[test]
fn before_the_first_import_is_nothing() {
    let route = Route::new();
    let class = take_back(&route).unwrap_err().class();
    assert_eq!(class, Class::NotFound);
    route.release(STABLE, V1);
    let full = route.export(Base::Full, MayReturn::Before);
    route.import(&full.files).unwrap();
    let error = take_back(&route).unwrap_err();
    assert_eq!(findings(error), [BackFinding::NothingToTakeBack.into()]);
}

#[test]
fn a_repeated_import_keeps_the_way_back() {
    let route = Route::new();
    let (first, _) = two(&route, MayReturn::Before);
    let kept = Previous::load(&route.site).unwrap().unwrap();
    assert_eq!(kept.refs[STABLE], first);
    // The ref is lost, and the same bundle brings it back.
    let tx = airlock::repo::Transaction::begin(&route.site).unwrap();
    tx.set_ref(&STABLE.parse().unwrap(), None);
    tx.publish(&Silent).unwrap();
    let mut files: Vec<_> = std::fs::read_dir(route.out.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let last = files.pop().unwrap();
    assert!(route.import(&[last]).unwrap().changed);
    assert_eq!(Previous::load(&route.site).unwrap().unwrap(), kept);
    assert_eq!(take_back(&route).unwrap().refs[STABLE].to, Some(first));
}

#[test]
fn a_site_with_its_own_key_signs_anew() {
    let route = Route::new();
    let (first, _) = two(&route, MayReturn::Before);
    let own = Key::new("site");
    let before = route.published().1;
    let outcome = hold(&route.site, own.signing(), route.clock.get(), &Silent).unwrap();
    let (refs, pair) = route.published();
    assert_eq!(refs[STABLE], first);
    assert_ne!(pair, before);
    assert_eq!(
        outcome.summary,
        pair[0].as_ref().map(|bytes| Checksum::of(bytes))
    );
}

#[test]
fn a_collection_goes_back_with_its_metadata() {
    let route = Route::of_collection("org.example.Os");
    let first = route.promote(V1);
    let full = route.export(Base::Full, MayReturn::Before);
    route.import(&full.files).unwrap();
    let before = route.published();
    assert!(before.0.contains_key("ostree-metadata"), "{before:?}");
    route.promote(V2);
    let from = [first.to_string()];
    let update = route.export(Base::Revisions(&from), MayReturn::Before);
    assert_eq!(update.may_return.len(), 1, "{:?}", update.may_return);
    route.import(&update.files).unwrap();
    assert_ne!(route.published(), before);
    take_back(&route).unwrap();
    assert_eq!(route.published(), before);
}

#[test]
fn only_an_earlier_release_of_the_ref_can_be_named() {
    let route = Route::new();
    let first = route.release(STABLE, V1);
    let other = route.release("os/testing", V1);
    let second = route.release(STABLE, V2);
    let third = route.release(STABLE, V3);
    let from = [second.to_string()];
    let named = [first.to_string(), "os/stable^".to_owned()];
    let refs = [STABLE.parse().unwrap()];
    let export = |named: &[String]| {
        route
            .try_export(&refs, Base::Revisions(&from), |options| {
                options.may_return = MayReturn::Revisions(named);
            })
            .map(Option::unwrap)
    };
    assert_eq!(export(&named).unwrap().may_return[STABLE], [first, second]);
    for wrong in [other, third] {
        let error = export(&[wrong.to_string()]).unwrap_err();
        assert!(
            matches!(&error, Error::Export(ExportError::ForeignReturn { .. })),
            "{error:?}"
        );
    }
}

#[test]
fn the_twin_publishes_an_old_tree_as_a_newer_commit() {
    let route = Route::new();
    let first = route.release(STABLE, V1);
    let second = route.release(STABLE, V2);
    let repo = &route.twin.repo;
    let now = route.clock.get() + 60;
    let back = |rev: &str| {
        let options = PromoteOptions::new(rev, STABLE.parse().unwrap(), now);
        plan_rollback(repo, options)?.execute(route.key.signing(), &Silent)
    };
    let outcome = back("os/stable^").unwrap();
    assert!(outcome.changed);
    let (new, old) = (
        repo.commit(&outcome.commit).unwrap(),
        repo.commit(&first).unwrap(),
    );
    assert_eq!((new.tree, new.meta), (old.tree, old.meta));
    assert_eq!((new.parent, new.timestamp), (Some(second), now));
    assert_eq!(
        new.metadata.get_str(SOURCE_COMMIT).unwrap(),
        first.to_string()
    );
    assert_eq!(new.ref_binding(), Some(vec![STABLE.to_owned()]));
    assert!(!back(&first.to_string()).unwrap().changed);
    let verbs: Vec<_> = journal::read(repo)
        .unwrap()
        .into_iter()
        .map(|record| record.entry.verb)
        .collect();
    assert_eq!(verbs, [journal::Verb::Rollback]);

    let other = route.twin.commit("os/dev", V3, |_| ());
    let error = back(&other.to_string()).unwrap_err();
    assert!(
        matches!(
            error.findings(),
            [Finding::Back(BackFinding::NeverReleased { .. })]
        ),
        "{error:?}"
    );
}
