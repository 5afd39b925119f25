//! Several people sign one bundle, on machines of their own: what is told of it, and how the signatures meet.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use airlock::workflow::two_step::{attach_bundle, bundle_to_sign};
use airlock::workflow::{
    BundleSignatures, Error, Finding, SignatureReport, SignatureStanding, Trust, bundle_signatures,
    sign_bundle, unsign_bundle,
};
use tempfile::TempDir;

use crate::bench::{Key, NOW};
use crate::handmade::Handmade;

const DAY: u64 = 86_400;

/// Three people, of whom two must sign for `stable`; and one more, who may sign for another ref.
struct Room {
    dir: TempDir,
    people: [Key; 4],
    trust: Trust,
}

impl Room {
    fn new(expires: u64) -> Room {
        let dir = TempDir::new().unwrap();
        let people = ["alice", "bob", "carol", "dave"].map(Key::new);
        let trust = dir.path().join("trust");
        std::fs::create_dir(&trust).unwrap();
        for key in &people {
            let file = trust.join(format!("{}.asc", key.fingerprint));
            std::fs::write(file, &key.certificate).unwrap();
        }
        let [a, b, c, d] = people.each_ref().map(|key| key.fingerprint.to_string());
        let policy = format!(
            "[[bundle]]\nrefs = [\"stable\"]\ncertificates = [\"{a}\", \"{b}\", \"{c}\"]\nthreshold = 2\n\
             [[bundle]]\nrefs = [\"other\"]\ncertificates = [\"{d}\"]\n"
        );
        std::fs::write(trust.join("policy.toml"), policy).unwrap();
        let mut bundle = Handmade::sample();
        // As `export --sign-later` leaves it.
        bundle.signature = b"\n\n".to_vec();
        bundle.edit = Rc::new(move |manifest| manifest["expires"] = expires.into());
        for machine in ["one", "two"] {
            std::fs::create_dir(dir.path().join(machine)).unwrap();
            std::fs::write(dir.path().join(machine).join("os.airlock"), bundle.tar()).unwrap();
        }
        let trust = Trust::load(&trust).unwrap();
        Room { dir, people, trust }
    }

    fn bundle(&self, machine: &str) -> PathBuf {
        self.dir.path().join(machine).join("os.airlock")
    }

    fn report(&self, machine: &str) -> SignatureReport {
        bundle_signatures(&[self.bundle(machine)], &[], &self.trust, NOW).unwrap()
    }

    fn sign(&self, machine: &str, who: usize) -> usize {
        let signers = self.people[who].signers();
        sign_bundle(&[self.bundle(machine)], signers, NOW)
            .unwrap()
            .signatures
    }
}

fn sidecar(bundle: &Path) -> Vec<u8> {
    std::fs::read(bundle.with_extension("airlock.asc")).unwrap()
}

fn standings(report: &SignatureReport) -> Vec<SignatureStanding> {
    report.signed.iter().map(|one| one.standing).collect()
}

#[test]
fn signatures_of_two_machines_meet_in_one_file() {
    let room = Room::new(NOW + DAY);
    let [alice, bob, carol, dave] = &room.people;
    let none = room.report("one");
    // Nobody signed, so nothing is known of its refs: every rule is told.
    assert_eq!(
        (none.missing(), none.rules.len(), none.signed.len()),
        (2, 2, 0)
    );

    assert_eq!(room.sign("one", 0), 1);
    assert_eq!(room.sign("two", 1), 1);
    let one = room.report("one");
    assert_eq!((one.missing(), one.rules.len()), (1, 1));
    let could: Vec<_> = one.rules[0].could_sign.iter().collect();
    let mut wanted = [&bob.fingerprint, &carol.fingerprint];
    wanted.sort();
    assert_eq!(could, wanted);
    let names: Vec<_> = one
        .names
        .iter()
        .filter_map(|named| named.user_id.clone())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");

    let file = [sidecar(&room.bundle("two"))];
    let bundle = [room.bundle("one")];
    let outcome = attach_bundle(&bundle, &file, &room.trust, NOW).unwrap();
    assert_eq!(outcome.added, std::slice::from_ref(&bob.fingerprint));
    let both = room.report("one");
    assert_eq!(both.missing(), 0);
    assert_eq!(standings(&both), [SignatureStanding::Counts; 2]);
    assert!(both.rules[0].could_sign.is_empty(), "nobody is missing");
    assert!(
        attach_bundle(&bundle, &file, &room.trust, NOW)
            .unwrap()
            .added
            .is_empty()
    );

    // Who may not sign this is told apart from who signed something else.
    assert_eq!(room.sign("one", 3), 3);
    let told = room.report("one");
    assert_eq!(standings(&told)[2], SignatureStanding::MayNotSign);
    assert_eq!(told.missing(), 0);

    let take = |who: &Key| {
        let signers = std::slice::from_ref(&who.fingerprint);
        unsign_bundle(&bundle, signers, room.trust.keyring())
            .unwrap()
            .removed
    };
    assert_eq!((take(carol), take(dave), take(alice)), (0, 1, 1));
    assert_eq!(room.report("one").missing(), 1);
    assert_eq!(take(bob), 1);
    assert!(!room.bundle("one").with_extension("airlock.asc").exists());
}

#[test]
fn one_certificate_counts_once() {
    let room = Room::new(NOW + DAY);
    let bytes = bundle_to_sign(&[room.bundle("one")]).unwrap();
    let sign = |at| room.people[0].signers()[0].sign(&bytes, at).unwrap();
    let beside = [sign(NOW - 2), sign(NOW - 1)].concat();
    std::fs::write(room.bundle("one").with_extension("airlock.asc"), beside).unwrap();
    let told = room.report("one");
    let expected = [SignatureStanding::Counts, SignatureStanding::Repeated];
    assert_eq!(standings(&told), expected);
    assert_eq!(told.missing(), 1);
}

#[test]
fn what_is_handed_in_must_be_over_this_manifest_and_outlive_it() {
    let room = Room::new(NOW + 9 * 365 * DAY);
    let bundle = [room.bundle("one")];
    let bytes = bundle_to_sign(&bundle).unwrap();
    let sign = |who: usize, data: &[u8]| {
        let signature = room.people[who].signers()[0].sign(data, NOW).unwrap();
        attach_bundle(&bundle, &[signature], &room.trust, NOW)
    };
    let refused = |result: Result<BundleSignatures, Error>| match result {
        Err(error) => error.findings()[0].clone(),
        Ok(outcome) => panic!("not refused: {outcome:?}"),
    };
    assert!(matches!(
        refused(sign(0, b"other")),
        Finding::SignatureNotAdded { .. }
    ));
    assert!(matches!(
        refused(sign(3, &bytes)),
        Finding::MayNotSign { .. }
    ));
    // The key is good for three years, the bundle for nine.
    assert!(matches!(
        refused(sign(0, &bytes)),
        Finding::KeyExpiresFirst { .. }
    ));
    let stranger = Key::new("eve").signers()[0].sign(&bytes, NOW).unwrap();
    let unknown = attach_bundle(&bundle, &[stranger], &room.trust, NOW);
    assert!(matches!(
        refused(unknown),
        Finding::SignatureNotAdded { .. }
    ));
    assert!(!room.bundle("one").with_extension("airlock.asc").exists());
}
