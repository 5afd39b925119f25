//! Updates that travel in bundles: what sites make of them, in every form, and what they remember.

use airlock::Silent;
use airlock::bundle::Form;
use airlock::repo::Repo;
use airlock::workflow::site::Accepted;
use airlock::workflow::{Trust, journal, plan_import};

use super::fleet::{Fleet, findings, in_force, options, site};
use super::state::{KEYS, State, chain, revoked};
use crate::bench::Key;
use crate::handmade::tar_of;
use crate::hostile_bundle::tree;

fn version(repo: &Repo) -> u64 {
    Accepted::load(repo).unwrap().unwrap().trust_version
}

#[test]
fn a_site_follows_from_a_to_b_to_c() {
    let (fleet, chain) = (Fleet::new(), chain());
    let (old, new) = (&KEYS.old, &KEYS.new);
    let a = State::a().trust();
    let b = in_force(&State::b(), &chain[..1]);
    let c = in_force(&State::c(), &chain);
    let (_dir, site) = site();
    fleet.import(&site, &fleet.release(old, None), &a).unwrap();
    assert_eq!(version(&site), 0);

    // Without the update nobody here knows the new key.
    let unknown = fleet.release(new, None);
    let refused = fleet.import(&site, &unknown, &a).unwrap_err();
    assert_eq!(findings(&refused), ["too-few-signers"]);

    let second = fleet.release(new, Some(&b));
    let planned = plan_import(&site, &options(&second, &a, fleet.clock.get()), &Silent).unwrap();
    assert_eq!(
        planned.trust.map(|trust| (trust.from, trust.to)),
        Some((0, 1))
    );
    assert_eq!(version(&site), 0);
    let outcome = fleet.import(&site, &second, &a).unwrap();
    assert_eq!(outcome.trust, planned.trust);
    assert_eq!((version(&site), outcome.refs.len()), (1, 1));
    let line = journal::read(&site).unwrap().pop().unwrap();
    assert_eq!(line.entry.trust, outcome.trust);
    // Now it does, and it still knows the old one.
    fleet.import(&site, &fleet.release(new, None), &a).unwrap();
    fleet
        .import(&site, &fleet.release(old, Some(&b)), &a)
        .unwrap();

    fleet
        .import(&site, &fleet.release(new, Some(&c)), &a)
        .unwrap();
    assert_eq!(version(&site), 2);
    let retired = fleet.release(old, Some(&c));
    let refused = fleet.import(&site, &retired, &a).unwrap_err();
    assert_eq!(findings(&refused), ["too-few-signers"]);
    // What clients are told of is the trust in force, not the directory from the beginning.
    let now = a.of_repository(&site).unwrap();
    assert_eq!(now.version(), 2);
    assert!(!now.keyring().contains(&old.fingerprint));
    // A directory that is further on, or that was installed later, says the same.
    for trust in [&b, &c, &State::b().trust(), &State::c().trust()] {
        assert_eq!(trust.of_repository(&site).unwrap().version(), 2);
    }
}

#[test]
fn a_site_that_missed_one_catches_up() {
    let (fleet, chain) = (Fleet::new(), chain());
    let a = State::a().trust();
    let c = in_force(&State::c(), &chain);
    let (_dir, late) = site();
    fleet
        .import(&late, &fleet.release(&KEYS.old, None), &a)
        .unwrap();
    let both = fleet.release(&KEYS.new, Some(&c));
    assert_eq!(fleet.verify(&both, &a).unwrap().trust_version, 2);
    fleet.import(&late, &both, &a).unwrap();
    assert_eq!(version(&late), 2);
    // A site that begins now, with the directory of today, has it all from the beginning.
    let (_dir, fresh) = site();
    fleet.import(&fresh, &both, &c).unwrap();
    assert_eq!(version(&fresh), 2);
    assert_eq!(a.of_repository(&fresh).unwrap().version(), 2);
}

#[test]
fn in_every_form() {
    let (fleet, chain) = (Fleet::new(), chain());
    let a = State::a().trust();
    let c = in_force(&State::c(), &chain);
    for form in [
        Form::Tar { split: None },
        Form::Tar {
            split: Some(40 << 10),
        },
        Form::Directory,
    ] {
        let files = fleet.release_as(&KEYS.new, Some(&c), form).unwrap();
        if matches!(form, Form::Tar { split: Some(_) }) {
            assert!(files.len() > 1, "{files:?}");
        }
        assert_eq!(
            fleet.verify(&files, &a).unwrap().trust_version,
            2,
            "{form:?}"
        );
        let (_dir, site) = site();
        fleet.import(&site, &files, &a).unwrap();
        assert_eq!(version(&site), 2, "{form:?}");
    }
}

#[test]
fn an_update_that_was_taken_off_is_missed() {
    let (fleet, chain) = (Fleet::new(), chain());
    let a = State::a().trust();
    // Both versions know the old key: only the manifest tells that something is missing.
    let b = in_force(&State::b(), &chain[..1]);
    let bundle = fleet.release(&KEYS.old, Some(&b));
    let mut members = Vec::new();
    let mut archive = tar::Archive::new(std::fs::File::open(&bundle[0]).unwrap());
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        members.push((name, bytes));
    }
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names[..4],
        [
            "trust/1.json",
            "trust/1.json.asc",
            "manifest.json",
            "manifest.json.asc"
        ]
    );
    std::fs::write(&bundle[0], tar_of(&members)).unwrap();
    assert_eq!(fleet.verify(&bundle, &a).unwrap().trust_version, 1);
    std::fs::write(&bundle[0], tar_of(&members[2..])).unwrap();
    let refused = fleet.verify(&bundle, &a).unwrap_err();
    assert_eq!(findings(&refused), ["trust-behind"]);
}

#[test]
fn what_was_accepted_does_not_go_back() {
    let (fleet, chain) = (Fleet::new(), chain());
    let a = State::a().trust();
    let (_dir, site) = site();
    let c = in_force(&State::c(), &chain);
    fleet
        .import(&site, &fleet.release(&KEYS.new, Some(&c)), &a)
        .unwrap();
    // A bundle that was on its way since before the last update brings nothing back.
    let b = in_force(&State::b(), &chain[..1]);
    let late = fleet.release(&KEYS.new, Some(&b));
    assert_eq!(fleet.import(&site, &late, &a).unwrap().trust, None);
    assert_eq!(version(&site), 2);
    let next = fleet.release(&KEYS.new, Some(&c));
    let before = tree::listing(site.path());
    for (trust, expected) in [
        // One that does not know who changed the trust, and one that lets nobody change it.
        (
            State::new(&[&KEYS.alice, &KEYS.dave], &[&KEYS.new]).trust(),
            "too-few-signers",
        ),
        (Trust::of(KEYS.new.keyring()), "trust-without-policy"),
    ] {
        let refused = fleet.import(&site, &next, &trust).unwrap_err();
        assert_eq!(findings(&refused), [expected]);
        assert!(trust.of_repository(&site).is_err());
    }
    assert_eq!(tree::changes(&before, &tree::listing(site.path())), [""; 0]);
    // A record that was lost is noticed.
    std::fs::remove_dir_all(site.path().join("extensions/airlock/trust")).unwrap();
    let old = fleet.release(&KEYS.old, None);
    let refused = fleet.import(&site, &old, &a).unwrap_err();
    assert_eq!(findings(&refused), ["trust-behind"]);
    fleet.import(&site, &next, &c).unwrap();
    assert_eq!(a.of_repository(&site).unwrap().version(), 2);
}

#[test]
fn keys_expire_after_they_did_their_work() {
    const DAY: u64 = 86_400;
    let fleet = Fleet::new();
    let leak = |name| -> &'static Key { Box::leak(Box::new(Key::valid(name, 30 * DAY))) };
    let officers = [leak("short-lived"), leak("short-lived too")];
    let before = State::new(&officers, &[&KEYS.new]);
    let after = State::c();
    let signers = [officers[0], officers[1], &KEYS.carol, &KEYS.dave];
    let update = after.update(1, None, &signers);
    let (trust, directory) = (before.trust(), in_force(&after, &[update]));
    let (_dir, site) = site();
    let bundle = fleet.release(&KEYS.new, Some(&directory));
    fleet.import(&site, &bundle, &trust).unwrap();
    fleet.clock.set(fleet.clock.get() + 60 * DAY);
    // What was accepted stands, although those who signed it have expired since.
    let next = fleet.release(&KEYS.new, Some(&directory));
    assert_eq!(fleet.import(&site, &next, &trust).unwrap().trust, None);
    assert_eq!(trust.of_repository(&site).unwrap().version(), 1);
    // But they bring no trust to a site that slept so long.
    let (_dir, late) = super::fleet::site();
    let refused = fleet.import(&late, &next, &trust).unwrap_err();
    assert_eq!(findings(&refused), ["too-few-signers"]);
}

#[test]
fn a_revoked_release_key_signs_nothing_any_more() {
    let fleet = Fleet::new();
    let (lost, says_so) = revoked("lost release key");
    let lost: &'static _ = Box::leak(Box::new(lost));
    let before = State::new(&[&KEYS.alice, &KEYS.bob], &[lost, &KEYS.new]);
    let mut after = before.clone();
    after.copies = vec![(lost, says_so)];
    let update = after.update(1, None, &[&KEYS.alice, &KEYS.bob]);
    let directory = in_force(&after, &[update]);
    let trust = before.trust();
    let (_dir, site) = site();
    fleet
        .import(&site, &fleet.release(lost, None), &trust)
        .unwrap();
    // The thief can carry the update along: it counts first.
    let stolen = fleet.release(lost, Some(&directory));
    let refused = fleet.import(&site, &stolen, &trust).unwrap_err();
    assert_eq!(findings(&refused), ["too-few-signers"]);
    assert_eq!(version(&site), 0);
    fleet
        .import(&site, &fleet.release(&KEYS.new, Some(&directory)), &trust)
        .unwrap();
    let stolen = fleet.release(lost, None);
    let refused = fleet.import(&site, &stolen, &trust).unwrap_err();
    assert_eq!(findings(&refused), ["too-few-signers"]);
}

#[test]
fn what_no_site_would_take_is_not_exported() {
    let fleet = Fleet::new();
    let Some(first) = chain().into_iter().next() else {
        unreachable!("two versions");
    };
    let one = State::c().update(2, Some(&first), &[&KEYS.bob, &KEYS.carol]);
    let other = State::a().update(1, None, &[&KEYS.alice, &KEYS.bob]);
    let unlinked = State::c().update(2, Some(&other), &[&KEYS.bob, &KEYS.carol, &KEYS.dave]);
    for (name, last, class) in [
        ("one of the new is missing", one, airlock::Class::Untrusted),
        ("it follows another", unlinked, airlock::Class::Corrupt),
    ] {
        let trust = in_force(&State::c(), &[first.clone(), last]);
        let form = Form::Tar { split: None };
        let refused = fleet.release_as(&KEYS.new, Some(&trust), form).unwrap_err();
        assert_eq!(refused.class(), class, "{name}: {refused}");
    }
}
