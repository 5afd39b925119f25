//! `fsck` holds what a repository remembers against what it is.

use std::fs;
use std::path::Path;

use airlock::repo::Transaction;
use airlock::workflow::export::{Base, MayReturn};
use airlock::workflow::rollback::hold;
use airlock::workflow::seal::Signing;
use airlock::workflow::{CheckFinding, CheckOptions, ImportOptions, Trust, check, import};
use airlock::{Class, Silent};

use crate::route::{Route, STABLE, V1, V2};

/// A site with two releases, the last of which may be taken back.
fn site() -> Route {
    let route = Route::new();
    let first = route.release(STABLE, V1);
    let full = route.export(Base::Full, MayReturn::Nowhere);
    route.import(&full.files).unwrap();
    route.release(STABLE, V2);
    let from = [first.to_string()];
    let update = route.export(Base::Revisions(&from), MayReturn::Before);
    let trust = Trust::of(route.key.keyring());
    let options = ImportOptions {
        bundle: update.files,
        signatures: Vec::new(),
        trust: &trust,
        signing: Signing::default(),
        site_record: Some(route.out.path().join("record")),
        deltas: Default::default(),
        now: route.clock.get(),
        threads: 2,
    };
    import(&route.site, &options, &Silent).unwrap();
    route
}

fn codes(route: &Route) -> Vec<(String, Class)> {
    let options = CheckOptions {
        trust: None,
        now: route.clock.get(),
        threads: 2,
        bindings: false,
        back_refs: false,
    };
    let findings = check(&route.site, &options, &Silent).unwrap().findings;
    let code = |finding: &CheckFinding| {
        let code = serde_json::to_value(finding).unwrap()["finding"].clone();
        (code.as_str().unwrap().to_owned(), finding.class())
    };
    findings.iter().map(code).collect()
}

/// What is spoilt and how, and what is found then.
type Fault = (&'static str, fn(&Path, &Route), &'static str, Class);

#[test]
fn every_fault_of_memory_is_named() {
    let table: [Fault; 5] = [
        (
            "a line of the journal is altered",
            |airlock, _| {
                let journal = airlock.join("journal.jsonl");
                let text = fs::read_to_string(&journal).unwrap();
                fs::write(&journal, text.replacen("import", "export", 1)).unwrap();
            },
            "journal-broken",
            Class::Corrupt,
        ),
        (
            "the record is gone",
            |airlock, _| fs::remove_file(airlock.join("accepted.json")).unwrap(),
            "record-lost",
            Class::Refused,
        ),
        (
            "the record does not parse",
            |airlock, _| fs::write(airlock.join("accepted.json"), "{").unwrap(),
            "record-lost",
            Class::Refused,
        ),
        (
            "its copy is gone",
            |_, route| fs::remove_dir_all(route.out.path().join("record")).unwrap(),
            "record-lost",
            Class::Refused,
        ),
        (
            "somebody moved the ref",
            |_, route| {
                let head = route.published().0[STABLE];
                let parent = route.site.commit(&head).unwrap().parent;
                let tx = Transaction::begin(&route.site).unwrap();
                tx.set_ref(&STABLE.parse().unwrap(), parent);
                tx.publish(&Silent).unwrap();
            },
            "head-moved",
            Class::Corrupt,
        ),
    ];
    for (name, spoil, code, class) in table {
        let route = site();
        assert_eq!(codes(&route), [], "{name}");
        spoil(&route.site.path().join("extensions/airlock"), &route);
        assert_eq!(codes(&route), [(code.to_owned(), class)], "{name}");
    }
}

#[test]
fn what_was_taken_back_by_permission_is_no_fault() {
    let route = site();
    let now = route.clock.get();
    let outcome = hold(&route.site, Signing::default(), now, &Silent).unwrap();
    assert!(outcome.changed);
    assert_eq!(codes(&route), []);
}
