//! key generate, client-config and sign bundle: the files they write, and what they refuse.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use airlock::Class;
use airlock::openpgp::{FileSigner, GenerateOptions, Keyring, inspect};
use airlock::workflow::{
    ClientConfigOptions, Error, KeyError, NewKey, Trust, client_config, generate_key, judge_bundle,
    sign_bundle,
};
use tempfile::TempDir;

use crate::bench::{Key, NOW};
use crate::handmade::Handmade;

fn new_key(output: PathBuf) -> NewKey {
    let user_id = "Release".into();
    let key = GenerateOptions {
        user_id,
        validity_secs: None,
        passphrase: None,
        now: NOW,
    };
    NewKey { key, output }
}

#[test]
fn a_new_key_is_three_files_and_replaces_none() {
    let dir = TempDir::new().unwrap();
    let made = generate_key(&new_key(dir.path().join("release"))).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&made.secret), mode(&made.revocation)), (0o600, 0o600));
    FileSigner::new(&std::fs::read(&made.secret).unwrap(), None).unwrap();
    assert_eq!(
        inspect(&std::fs::read(&made.certificate).unwrap(), NOW)
            .unwrap()
            .len(),
        1
    );

    std::fs::remove_file(&made.secret).unwrap();
    let before = std::fs::read(&made.certificate).unwrap();
    let error = generate_key(&new_key(dir.path().join("release"))).unwrap_err();
    assert!(
        matches!(error, Error::Key(KeyError::Exists { .. })),
        "{error}"
    );
    assert_eq!(std::fs::read(&made.certificate).unwrap(), before);
    assert!(
        !made.secret.exists(),
        "nothing is begun when one of the files exists"
    );
}

fn options(output: &Path) -> ClientConfigOptions {
    ClientConfigOptions {
        remote: "os".parse().unwrap(),
        url: "https://ostree.example.org/repo/".into(),
        refs: vec!["os/stable".parse().unwrap()],
        collection: None,
        tls_ca: None,
        sign_verify: false,
        output: output.into(),
        now: NOW,
    }
}

#[test]
fn a_client_gets_the_certificates_of_two_roles_and_nothing_unsafe() {
    let dir = TempDir::new().unwrap();
    let keys = [Key::new("commit"), Key::new("summary"), Key::new("bundle")];
    let names = ["commit", "summary", "bundle"];
    let trust = TempDir::new().unwrap();
    let mut policy = String::new();
    for (key, name) in keys.iter().zip(names) {
        std::fs::write(trust.path().join(format!("{name}.asc")), &key.certificate).unwrap();
        policy += &format!("[[{name}]]\ncertificates = [\"{}\"]\n", key.fingerprint);
    }
    std::fs::write(trust.path().join("policy.toml"), policy).unwrap();
    let trust = Trust::load(trust.path()).unwrap();
    let pem = b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n".to_vec();
    let options = ClientConfigOptions {
        tls_ca: Some(pem),
        ..options(dir.path())
    };
    let outcome = client_config(&trust, &options).unwrap();
    assert_eq!(
        outcome.certificates.len(),
        2,
        "the bundle's signer is none of a client's business"
    );

    let read = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
    let conf = String::from_utf8(read("remotes.d/os.conf")).unwrap();
    let expected = "[remote \"os\"]\nurl=https://ostree.example.org/repo\ngpg-verify=true\n\
                    gpg-verify-summary=true\ntls-ca-path=/etc/ostree/remotes.d/os.ca.pem\n";
    assert_eq!(conf, expected);
    let binary = read("remotes.d/os.trustedkeys.gpg");
    assert_ne!(binary[0] & 0x80, 0, "stock clients find nothing in armor");
    let mut keyring = Keyring::new();
    keyring.add_bytes(&binary).unwrap();
    assert!(!keyring.contains(&keys[2].fingerprint));
    client_config(&trust, &options).expect("files of the same remote are replaced");
}

#[test]
fn what_no_client_is_told() {
    let dir = TempDir::new().unwrap();
    let key = Key::new("release");
    let trust = Trust::of(key.keyring());
    let base = || options(dir.path());
    let late = NOW + 10 * 365 * 86_400;
    let table: [(&str, ClientConfigOptions, Class); 5] = [
        (
            "a URL without scheme",
            ClientConfigOptions {
                url: "ostree.example.org".into(),
                ..base()
            },
            Class::Usage,
        ),
        (
            "a URL that would begin a key of its own",
            ClientConfigOptions {
                url: "http://x/\ngpg-verify=false".into(),
                ..base()
            },
            Class::Usage,
        ),
        (
            "a TLS certificate that is none",
            ClientConfigOptions {
                tls_ca: Some(b"DER".to_vec()),
                ..base()
            },
            Class::Usage,
        ),
        (
            "certificates that have expired",
            ClientConfigOptions {
                now: late,
                ..base()
            },
            Class::Untrusted,
        ),
        (
            "a directory that cannot be made",
            ClientConfigOptions {
                output: "/proc/none".into(),
                ..base()
            },
            Class::System,
        ),
    ];
    for (name, options, class) in table {
        assert_eq!(
            client_config(&trust, &options).expect_err(name).class(),
            class,
            "{name}"
        );
    }
    assert!(
        std::fs::read_dir(dir.path()).unwrap().next().is_none(),
        "nothing was written"
    );
}

#[test]
fn a_bundle_is_signed_by_several_people_without_being_written_anew() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("os.airlock");
    let mut bundle = Handmade::sample();
    bundle.signature = b"\n\n".to_vec();
    bundle.edit = std::rc::Rc::new(|manifest| manifest["expires"] = (NOW + 86_400).into());
    std::fs::write(&path, bundle.tar()).unwrap();
    let before = std::fs::read(&path).unwrap();
    let (alice, bob) = (Key::new("alice"), Key::new("bob"));
    let paths = [path.clone()];
    let sign = |key: &Key| sign_bundle(&paths, key.signers(), NOW).unwrap();
    assert_eq!(sign(&alice).added, std::slice::from_ref(&alice.fingerprint));
    assert!(sign(&alice).added.is_empty(), "signed already");
    let second = sign(&bob);
    assert_eq!(
        (second.signatures, second.sidecar),
        (2, dir.path().join("os.airlock.asc"))
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);

    let mut keyring = alice.keyring();
    keyring.extend(&bob.keyring()).unwrap();
    let opened = airlock::bundle::Bundle::open(&paths).unwrap();
    let trust = Trust::of(keyring);
    let verdict = judge_bundle(&trust, opened.manifest_bytes(), opened.signatures(), NOW).unwrap();
    assert_eq!(verdict.signers().len(), 2);

    bundle.edit =
        std::rc::Rc::new(|manifest| manifest["expires"] = (NOW + 9 * 365 * 86_400).into());
    std::fs::write(&path, bundle.tar()).unwrap();
    let lapses = sign_bundle(&paths, alice.signers(), NOW).unwrap_err();
    assert_eq!(
        lapses.class(),
        Class::Refused,
        "the key expires before the bundle: {lapses}"
    );
}
