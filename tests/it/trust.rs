//! Trust directories: what is taken, what is refused.

use std::fs;
use std::path::Path;

use airlock::openpgp::{GenerateOptions, GeneratedKey, generate};
use airlock::workflow::policy::Policy;
use airlock::workflow::{Claim, Finding, Role, Subject, Trust, TrustError};
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

/// Warnings by name, each with the line or certificate it speaks of.
fn warnings(trust: &Trust, now: u64) -> Vec<String> {
    let name = |warning| {
        let value = serde_json::to_value(warning).unwrap();
        let about = ["line", "role", "weakness"].map(|key| match &value[key] {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => format!(" {text}"),
            other => format!(" {other}"),
        });
        format!("{}{}", value["finding"].as_str().unwrap(), about.concat())
    };
    let found = trust.policy().check(trust.keyring(), now);
    found.iter().map(name).collect()
}

#[test]
fn what_check_warns_of() {
    let [alice, bob] = ["alice", "bob"].map(key);
    let policy = format!(
        r#"[certificates]
alice = "{}"
[[bundle]]
refs = ["os/**", "app/*"]
certificates = ["alice"]
collection = "org.example.One"
[[commit]]
refs = ["os/*/stable", "data/x"]
threshold = 2
collection = "org.example.Two"
"#,
        alice.fingerprint
    );
    let dir = directory(&[
        ("alice.asc", &alice.certificate_armored),
        ("bob.asc", &bob.certificate_armored),
        ("policy.toml", policy.as_bytes()),
    ]);
    let trust = Trust::load(dir.path()).unwrap();
    assert_eq!(
        warnings(&trust, NOW),
        [
            "no-rule summary",
            "no-rule trust",
            "no-spare 3 bundle",
            "never-matches 3 commit",
            "no-spare 7 commit",
            "never-matches 7 bundle",
            "collections-differ 3",
        ]
    );
}

#[test]
fn what_check_says_of_certificates() {
    let life = 365 * 86_400;
    let options = GenerateOptions {
        user_id: "short".into(),
        validity_secs: Some(life),
        passphrase: None,
        now: NOW,
    };
    let short = generate(&options).unwrap();
    let spare = key("spare");
    let policy = format!(
        "[[bundle]]\ncertificates = [\"{0}\"]\n[[commit]]\ncertificates = [\"{0}\"]\n[[summary]]\ncertificates = [\"{0}\"]\n[[trust]]\ncertificates = [\"{0}\"]\n",
        short.fingerprint
    );
    let dir = directory(&[
        ("short.asc", &short.certificate_armored),
        ("spare.asc", &spare.certificate_armored),
        ("policy.toml", policy.as_bytes()),
    ]);
    let trust = Trust::load(dir.path()).unwrap();
    let first = |now| warnings(&trust, now)[..3].to_vec();
    assert_eq!(
        first(NOW),
        ["unused", "no-spare 1 bundle", "no-spare 3 commit"]
    );
    assert_eq!(
        first(NOW + life - 89 * 86_400),
        ["expires-soon", "unused", "no-spare 1 bundle"]
    );
    assert_eq!(
        first(NOW + life),
        ["cannot-sign", "unused", "cannot-be-met 1 bundle"]
    );
}

#[test]
fn weak_certificates_are_told() {
    let bytes = include_bytes!("../data/trust/weak.gpg");
    let dir = directory(&[("weak.gpg", bytes)]);
    let trust = Trust::load(dir.path()).unwrap();
    let mut found = warnings(&trust, NOW);
    found.sort();
    assert_eq!(
        found,
        [
            "cannot-sign",
            "cannot-sign",
            "no-policy",
            "weak dsa",
            "weak short-rsa",
            "weak weak-self-signature",
        ]
    );
}

#[test]
fn what_show_tells() {
    let trust = Trust::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("keys")).unwrap();
    let named = "other/ref".parse().unwrap();
    let rules = |name| -> Vec<usize> {
        let meaning = trust.policy().meaning(trust.keyring(), name, NOW);
        meaning.roles.iter().map(|role| role.rules.len()).collect()
    };
    assert_eq!(rules(None), [1, 1, 1, 1]);
    assert_eq!(rules(Some(&named)), [0, 0, 1, 1]);
    let meaning = trust.policy().meaning(trust.keyring(), None, NOW);
    let names: Vec<_> = meaning.certificates.iter().flat_map(|c| &c.names).collect();
    assert_eq!(names, ["release", "officer"]);
    assert_eq!(meaning.roles[0].rules[0].able.len(), 2);
    assert_eq!(meaning.roles[0].rules[0].line, 8);
}

/// One certificate with two signing subkeys, both of which signed, is one signer.
#[test]
fn two_subkeys_of_one_certificate_count_once() {
    let mut keyring = airlock::openpgp::Keyring::new();
    let bytes = include_bytes!("../data/trust/two-subkeys.gpg");
    keyring.add_bytes(bytes).unwrap();
    let data = include_bytes!("../data/trust/two-subkeys.txt");
    let signatures = [
        include_bytes!("../data/trust/two-subkeys.1.sig").to_vec(),
        include_bytes!("../data/trust/two-subkeys.2.sig").to_vec(),
    ];
    let verification = keyring.verify(data, &signatures, NOW);
    let [one, two] = &verification.good[..] else {
        panic!("{verification:?}");
    };
    assert_ne!(one.key, two.key, "two keys");
    assert_eq!(one.cert, two.cert, "of one certificate");
    let mut certificates: std::collections::BTreeSet<_> = keyring.fingerprints().cloned().collect();
    certificates.insert("B".repeat(40).parse().unwrap());
    let policy = Policy::parse("[[bundle]]\nthreshold = 2\n", &certificates).unwrap();
    let claim = Claim {
        role: Role::Bundle,
        subject: Subject::Bundle,
        refs: &[],
        collection: None,
        created: NOW,
        expires: None,
        now: NOW,
    };
    let findings = policy.judge(&claim, &verification);
    let [
        Finding::TooFewSigners {
            needed: 2, signers, ..
        },
    ] = &findings[..]
    else {
        panic!("{findings:?}");
    };
    assert_eq!(signers.len(), 1);
}
