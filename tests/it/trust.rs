//! Trust directories: what is taken, what is refused.

use std::fs;
use std::path::Path;

use airlock::openpgp::{GenerateOptions, GeneratedKey, generate};
use airlock::workflow::{Role, Trust, TrustError};
use tempfile::TempDir;

const NOW: u64 = 1_800_000_000;

fn key(name: &str) -> GeneratedKey {
    let options = GenerateOptions {
        user_id: name.into(),
        validity_secs: None,
        passphrase: None,
        now: NOW,
    };
    generate(&options).unwrap()
}

fn directory(files: &[(&str, &[u8])]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

#[test]
fn certificates_of_every_form_and_a_policy() {
    let (alice, bob) = (key("alice"), key("bob"));
    let policy = format!("[[bundle]]\ncertificates = [\"{}\"]\n", alice.fingerprint);
    let dir = directory(&[
        ("alice.asc", &alice.certificate_armored),
        ("bob.pgp", &bob.certificate_armored),
        ("alice-again.gpg", &alice.certificate_armored),
        ("README", b"whose these are"),
        ("policy.toml", policy.as_bytes()),
    ]);
    let trust = Trust::load(dir.path()).unwrap();
    assert_eq!(trust.keyring().len(), 2);
    assert!(trust.policy().is_written());

    let single = Trust::load(&dir.path().join("bob.pgp")).unwrap();
    assert_eq!(single.keyring().len(), 1);
    assert!(!single.policy().is_written());
}

#[test]
fn what_is_refused() {
    let alice = key("alice");
    let certificate = ("alice.asc", &alice.certificate_armored[..]);
    type File<'a> = (&'a str, &'a [u8]);
    let table: &[(&str, &[File<'_>], &str)] = &[
        ("empty", &[], "holds no certificate"),
        (
            "only a policy",
            &[("policy.toml", b"[[bundle]]\n")],
            "holds no certificate",
        ),
        (
            "a secret key",
            &[certificate, ("k.asc", &alice.secret_armored)],
            "k.asc holds a secret key",
        ),
        (
            "a secret key in disguise",
            &[certificate, ("notes", &alice.secret_armored)],
            "notes holds a secret key",
        ),
        (
            "a bare revocation",
            &[certificate, ("r.asc", &alice.revocation_armored)],
            "r.asc is no certificate file",
        ),
        (
            "noise",
            &[certificate, ("n.gpg", b"noise")],
            "n.gpg is no certificate file",
        ),
        (
            "a wrong policy",
            &[certificate, ("policy.toml", b"[[bundles]]\n")],
            "policy.toml has a mistake",
        ),
    ];
    for (name, files, expected) in table {
        let dir = directory(files);
        let error = Trust::load(dir.path()).expect_err(name).to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
    assert!(matches!(
        Trust::load(Path::new("/nonexistent")),
        Err(TrustError::Io { .. })
    ));
}

#[test]
fn the_example_directory_means_what_it_says() {
    let trust = Trust::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("keys")).unwrap();
    assert_eq!(trust.keyring().len(), 2);
    let refs = ["example/x86_64/stable".parse().unwrap()];
    let thresholds: Vec<usize> = Role::ALL
        .map(|role| trust.policy().rules(role).map(|rule| rule.threshold).sum())
        .into();
    assert_eq!(thresholds, [2, 1, 1, 1]);
    assert_eq!(
        trust.signers(&[Role::Commit, Role::Summary], &refs).len(),
        1
    );
}
