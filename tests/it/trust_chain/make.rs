//! How officers make the next version, together or one after the other.

use std::fs;
use std::path::Path;

use airlock::Class;
use airlock::openpgp::Signer;
use airlock::workflow::{
    Error, Trust, TrustUpdateOptions, TrustUpdateOutcome, init_trust, sign_trust, update_trust,
};
use tempfile::TempDir;

use super::fleet::findings;
use super::state::{KEYS, State};
use crate::bench::NOW;

fn update(
    before: &Path,
    after: &Path,
    signers: &[Box<dyn Signer>],
) -> Result<TrustUpdateOutcome, Error> {
    update_trust(&TrustUpdateOptions {
        before,
        after,
        notes: "alice leaves, carol comes".into(),
        expires: None,
        signers,
        now: NOW,
    })
}

#[test]
fn two_officers_at_two_desks() {
    let dir = TempDir::new().unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|name| dir.path().join(name));
    State::a().install(&a);
    State::b().install(&b);
    State::c().install(&c);

    // Alice begins, Bob adds his in a signing room with another tool, Carol with a key.
    let made = update(&a, &b, KEYS.alice.signers()).unwrap();
    assert_eq!((made.version, made.missing.len()), (1, 1));
    assert_eq!(made.added.len(), 2);
    assert_eq!(made.retired, std::slice::from_ref(&KEYS.alice.fingerprint));
    let bytes = fs::read(&made.statement).unwrap();
    let bobs = KEYS.bob.signers()[0].sign(&bytes, NOW).unwrap();
    let strangers = KEYS.dave.signers()[0].sign(&bytes, NOW).unwrap();
    let before = fs::read(&made.signatures).unwrap();
    let refused = sign_trust(&b, &[strangers], &[], NOW).unwrap_err();
    assert_eq!(refused.class(), Class::Untrusted);
    assert_eq!(fs::read(&made.signatures).unwrap(), before);
    let signed = sign_trust(&b, &[bobs], &[], NOW).unwrap();
    assert_eq!(
        findings(&Error::Refused {
            findings: signed.missing
        }),
        ["too-few-signers"]
    );
    let signed = sign_trust(&b, &[], KEYS.carol.signers(), NOW).unwrap();
    assert_eq!((signed.missing, signed.signers.len()), (Vec::new(), 1));

    // The next one follows from there, and the directory has both behind it.
    let made = update(&b, &c, KEYS.bob.signers()).unwrap();
    assert_eq!((made.version, made.missing.len()), (2, 1));
    for officer in [&KEYS.carol, &KEYS.dave] {
        sign_trust(&c, &[], officer.signers(), NOW).unwrap();
    }
    let directory = Trust::load(&c).unwrap();
    assert_eq!(directory.travelling(NOW).unwrap().len(), 2);
    let site = Trust::load(&a).unwrap();
    let site = site.follow(directory.chain(), NOW).unwrap();
    assert_eq!(site.version(), 2);
    assert_eq!(site.policy(), directory.policy());
}

#[test]
fn what_cannot_be_made() {
    let dir = TempDir::new().unwrap();
    let [a, b, c, bare, stuck] = ["a", "b", "c", "bare", "stuck"].map(|name| dir.path().join(name));
    State::a().install(&a);
    State::b().install(&b);
    State::c().install(&c);
    State::b().install(&bare);
    fs::remove_file(bare.join("policy.toml")).unwrap();
    State::b().install(&stuck);
    fs::write(
        stuck.join("policy.toml"),
        "[[bundle]]\n[[commit]]\n[[summary]]\n",
    )
    .unwrap();
    for (before, after, expected) in [
        (&bare, &b, "trust-without-policy"),
        (&a, &bare, "trust-without-policy"),
        (&a, &stuck, "role-not-listed"),
    ] {
        assert_eq!(
            findings(&update(before, after, &[]).unwrap_err()),
            [expected]
        );
        assert!(!after.join("chain").exists());
    }
    assert_eq!(
        sign_trust(&a, &[], KEYS.alice.signers(), NOW)
            .unwrap_err()
            .class(),
        Class::Usage
    );
    update(&a, &b, KEYS.alice.signers()).unwrap();
    // A second first version beside the first would be a fork.
    assert_eq!(update(&a, &b, &[]).unwrap_err().class(), Class::Usage);
    assert_eq!(update(&c, &b, &[]).unwrap_err().class(), Class::Usage);
}

#[test]
fn the_first_trust_is_what_was_read_out() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("release.asc");
    let output = dir.path().join("trust");
    fs::write(&file, &KEYS.old.certificate).unwrap();
    let right = KEYS.old.fingerprint.clone();
    let other = KEYS.new.fingerprint.clone();
    for wrong in [vec![other.clone()], vec![right.clone(), other]] {
        let refused = init_trust(&file, &wrong, None, &output).unwrap_err();
        assert_eq!(refused.class(), Class::Untrusted);
        assert!(!output.exists());
    }
    init_trust(&file, std::slice::from_ref(&right), None, &output).unwrap();
    let trust = Trust::load(&output).unwrap();
    assert!(trust.policy().is_written());
    assert_eq!(trust.keyring().fingerprints().collect::<Vec<_>>(), [&right]);
    // It can be followed from, and it is not written over.
    let next = State::new(&[&KEYS.old, &KEYS.alice], &[&KEYS.new]);
    let first = next.update(1, None, &[&KEYS.old, &KEYS.alice]);
    assert_eq!(trust.follow(&[first], NOW).unwrap().version(), 1);
    let again = init_trust(&file, &[right], None, &output).unwrap_err();
    assert_eq!(again.class(), Class::Usage);
}
