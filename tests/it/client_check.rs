//! `client-config --check`: what clients verify, and what they do not, from files written by hand.

use std::fs;
use std::path::Path;

use airlock::openpgp::{GenerateOptions, GeneratedKey, Keyring, generate};
use airlock::workflow::{
    ClientCheckError, ClientCheckOptions, ClientConfigOptions, Error, Trust, check_client,
    client_config,
};
use tempfile::TempDir;

const NOW: u64 = 1_800_000_000;
const DAY: u64 = 86_400;

fn key(name: &str, days: Option<u64>) -> GeneratedKey {
    let options = GenerateOptions {
        user_id: name.into(),
        validity_secs: days.map(|days| days * DAY),
        passphrase: None,
        now: NOW,
    };
    generate(&options).unwrap()
}

fn keyring(keys: &[&GeneratedKey]) -> Keyring {
    let mut keyring = Keyring::new();
    for key in keys {
        keyring.add_bytes(&key.certificate_armored).unwrap();
    }
    keyring
}

fn binary(keys: &[&GeneratedKey]) -> Vec<u8> {
    let keyring = keyring(keys);
    keyring.to_binary(keyring.fingerprints()).unwrap()
}

/// Returns `name: finding` for every finding, remarks in brackets.
fn findings(path: &Path, trust: Option<&Trust>, now: u64) -> Vec<String> {
    let options = ClientCheckOptions {
        path: path.into(),
        repo: None,
        trust,
        now,
    };
    let outcome = check_client(&options).unwrap();
    let mut found = Vec::new();
    for remote in &outcome.remotes {
        for finding in &remote.findings {
            let name = serde_json::to_value(finding).unwrap()["finding"]
                .as_str()
                .unwrap()
                .to_owned();
            found.push(match finding.is_remark() {
                true => format!("{}: ({name})", remote.name),
                false => format!("{}: {name}", remote.name),
            });
        }
    }
    found
}

/// A directory with `remotes.d/os.conf` that holds these lines, and a keyring for the remote `os`.
fn client(lines: &str, keys: &[u8]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("remotes.d")).unwrap();
    let conf = format!("[remote \"os\"]\n{lines}");
    fs::write(dir.path().join("remotes.d/os.conf"), conf).unwrap();
    if !keys.is_empty() {
        fs::write(dir.path().join("remotes.d/os.trustedkeys.gpg"), keys).unwrap();
    }
    dir
}

#[test]
fn what_each_line_gives_away() {
    const SOUND: &str = "url=https://x\ngpg-verify=true\ngpg-verify-summary=true\n";
    let good = binary(&[&key("release", None)]);
    let table: &[(&str, &str, &[&str])] = &[
        ("all is verified", SOUND, &[]),
        (
            "commits verified by default",
            "url=https://x\ngpg-verify-summary=1\n",
            &[],
        ),
        (
            "the usual recipe",
            "url=https://x\ngpg-verify=false\n",
            &["commits-unverified", "summary-unverified"],
        ),
        (
            "no summary",
            "url=https://x\ngpg-verify=true\n",
            &["summary-unverified"],
        ),
        (
            "an explicit no",
            "url=https://x\ngpg-verify-summary=false\n",
            &["summary-unverified"],
        ),
        (
            "ed25519 alone, with a key",
            "url=https://x\ngpg-verify=false\nsign-verify=ed25519\nsign-verify-summary=ed25519\nverification-ed25519-key=eA==\n",
            &[],
        ),
        (
            "ed25519 with the machine's keys",
            "url=https://x\ngpg-verify=false\nsign-verify=true\ngpg-verify-summary=true\n",
            &["global-sign-keys"],
        ),
        (
            "sign-verify=false is no verification",
            "url=https://x\ngpg-verify=false\nsign-verify=false\ngpg-verify-summary=true\n",
            &["commits-unverified"],
        ),
        (
            "no TLS is a remark",
            "url=http://x\ngpg-verify-summary=true\n",
            &["(no-tls)"],
        ),
        (
            "a mirror list without TLS",
            "url=mirrorlist=http://x\ngpg-verify-summary=true\n",
            &["(no-tls)"],
        ),
        (
            "TLS that checks nothing",
            &format!("{SOUND}tls-permissive=true\n"),
            &["tls-permissive"],
        ),
        (
            "what GLib does not take for a boolean",
            "url=https://x\ngpg-verify=yes\ngpg-verify-summary=true\n",
            &["not-boolean"],
        ),
        ("no url", "gpg-verify-summary=true\n", &["no-url"]),
    ];
    for (name, lines, expected) in table {
        let dir = client(lines, &good);
        let expected: Vec<String> = expected.iter().map(|one| format!("os: {one}")).collect();
        assert_eq!(findings(dir.path(), None, NOW), expected, "{name}");
    }
}

#[test]
fn keyrings() {
    const SOUND: &str = "url=https://x\ngpg-verify-summary=true\n";
    let [old, new, foreign] = [
        key("old", Some(100)),
        key("new", Some(1000)),
        key("foreign", None),
    ];
    let trust = Trust::of(keyring(&[&old, &new]));
    let both = binary(&[&old, &new]);
    let at = |keys: &[u8], now| findings(client(SOUND, keys).path(), Some(&trust), now);
    let none: [&str; 0] = [];
    assert_eq!(at(&both, NOW), none);
    assert_eq!(at(&both, NOW + 20 * DAY), ["os: expires-soon"]);
    assert_eq!(at(&both, NOW + 101 * DAY), ["os: (dead-certificate)"]);
    assert_eq!(at(&both, NOW + 1001 * DAY), ["os: no-living-certificate"]);
    assert_eq!(at(&binary(&[&old]), NOW), ["os: lacks-certificate"]);
    assert_eq!(
        at(&binary(&[&old, &new, &foreign]), NOW),
        ["os: beyond-trust"]
    );
    assert_eq!(at(b"", NOW), ["os: no-keyring"]);
    assert_eq!(at(b"\x99noise", NOW), ["os: keyring-unreadable"]);
    assert_eq!(
        at(&old.certificate_armored, NOW),
        ["os: keyring-unreadable"],
        "clients read no armor there"
    );

    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.asc"), &old.certificate_armored).unwrap();
    let lines = format!("{SOUND}gpgkeypath={}\n", dir.path().display());
    let beside = client(&lines, b"");
    assert_eq!(
        findings(beside.path(), None, NOW),
        ["os: global-keys"],
        "the keys of the path do not replace the machine's"
    );
}

#[test]
fn where_remotes_are_found() {
    let good = binary(&[&key("release", None)]);
    let dir = client("url=https://x\ngpg-verify-summary=true\n", &good);
    let none: [&str; 0] = [];
    for path in ["", "remotes.d", "remotes.d/os.conf"] {
        assert_eq!(findings(&dir.path().join(path), None, NOW), none, "{path}");
    }
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("ostree/repo")).unwrap();
    fs::create_dir_all(root.path().join("etc/ostree")).unwrap();
    fs::rename(
        dir.path().join("remotes.d"),
        root.path().join("etc/ostree/remotes.d"),
    )
    .unwrap();
    fs::write(
        root.path().join("ostree/repo/config"),
        "[core]\nmode=bare\n[remote \"os\"]\nurl=https://y\ngpg-verify=false\n",
    )
    .unwrap();
    assert_eq!(
        findings(root.path(), None, NOW),
        [
            "os: commits-unverified",
            "os: summary-unverified",
            "os: (shadowed)"
        ]
    );
    let error = |path: &Path| {
        let options = ClientCheckOptions {
            path: path.into(),
            repo: None,
            trust: None,
            now: NOW,
        };
        check_client(&options).unwrap_err()
    };
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(
        error(empty.path()),
        Error::ClientCheck(ClientCheckError::NoRemote { .. })
    ));
    assert!(matches!(
        error(Path::new("/nonexistent")),
        Error::ClientCheck(ClientCheckError::Io { .. })
    ));
    fs::write(empty.path().join("x.conf"), "url\n").unwrap();
    assert!(matches!(
        error(empty.path()),
        Error::ClientCheck(ClientCheckError::Malformed { .. })
    ));
}

/// Whatever client-config writes passes its own check, old and new keys side by side.
#[test]
fn what_client_config_writes_is_sound() {
    let (old, new) = (key("old", Some(100)), key("new", None));
    let trust = Trust::of(keyring(&[&old, &new]));
    let dir = tempfile::tempdir().unwrap();
    let outcome = client_config(
        &trust,
        &ClientConfigOptions {
            remote: "os".parse().unwrap(),
            url: "https://os.example.org/repo".into(),
            refs: vec!["os/x86_64/stable".parse().unwrap()],
            collection: None,
            tls_ca: None,
            sign_verify: false,
            output: dir.path().into(),
            now: NOW,
        },
    )
    .unwrap();
    assert_eq!(outcome.certificates.len(), 2);
    let none: [&str; 0] = [];
    assert_eq!(findings(dir.path(), Some(&trust), NOW), none);
    let keys = fs::read(dir.path().join("remotes.d/os.trustedkeys.gpg")).unwrap();
    assert_eq!(keys.first().map(|first| first & 0x80), Some(0x80), "binary");
    let readme = fs::read_to_string(dir.path().join("README")).unwrap();
    assert!(
        readme.contains("\n    rpm-ostree rebase os:os/x86_64/stable\n"),
        "{readme}"
    );
}

#[test]
fn ed25519_keys_go_to_clients_that_ask_for_them() {
    let release = key("release", None);
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("release.asc"), &release.certificate_armored).unwrap();
    let options = |output: &Path| ClientConfigOptions {
        remote: "os".parse().unwrap(),
        url: "https://os.example.org/repo".into(),
        refs: Vec::new(),
        collection: None,
        tls_ca: None,
        sign_verify: true,
        output: output.into(),
        now: NOW,
    };
    let out = tempfile::tempdir().unwrap();
    let trust = Trust::load(dir.path()).unwrap();
    assert!(client_config(&trust, &options(out.path())).is_err());
    assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);

    // The public key of RFC 8032, section 7.1, test 1.
    let public = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n";
    fs::write(dir.path().join("sign.ed25519"), public).unwrap();
    let trust = Trust::load(dir.path()).unwrap();
    client_config(&trust, &options(out.path())).unwrap();
    let read = |name: &str| fs::read_to_string(out.path().join("remotes.d").join(name)).unwrap();
    assert_eq!(read("os.ed25519"), public);
    let conf = read("os.conf");
    for line in [
        "gpg-verify=true",
        "sign-verify=ed25519",
        "sign-verify-summary=ed25519",
        "verification-ed25519-file=/etc/ostree/remotes.d/os.ed25519",
    ] {
        assert!(conf.lines().any(|found| found == line), "{conf}");
    }
    let none: [&str; 0] = [];
    assert_eq!(findings(out.path(), None, NOW), none);
}
