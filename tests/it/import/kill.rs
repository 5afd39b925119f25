//! An import that is killed at any instant leaves the old state or the new one, and is finished by the next.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use airlock::Silent;
use airlock::openpgp::Keyring;
use airlock::repo::{Mode, Repo, walk};
use airlock::workflow::{Trust, import, journal};
use tempfile::TempDir;

use super::twin::{Twin, site};
use super::{assert_sound, head, options, take};

/// How many instants are tried.
const INSTANTS: u32 = 12;
/// Tells the child what to do.
const REPO: &str = "AIRLOCK_TEST_REPO";
const BUNDLE: &str = "AIRLOCK_TEST_BUNDLE";
const CERTIFICATE: &str = "AIRLOCK_TEST_CERTIFICATE";

/// Not a test: the process that is killed.
#[test]
#[ignore = "started by the test below"]
fn child() {
    let path = |name| std::env::var_os(name).expect("set by the test below");
    let mut keyring = Keyring::new();
    keyring
        .add_bytes(&std::fs::read(path(CERTIFICATE)).unwrap())
        .unwrap();
    let trust = Trust::of(keyring);
    let repo = Repo::open(Path::new(&path(REPO))).unwrap();
    let bundle = path(BUNDLE);
    import(&repo, &options(Path::new(&bundle), &trust), &Silent).unwrap();
}

fn start(repo: &Repo, bundle: &Path, certificate: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "import::kill::child", "--ignored"])
        .env(REPO, repo.path())
        .env(BUNDLE, bundle)
        .env(CERTIFICATE, certificate)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn at_any_instant() {
    let twin = Twin::new();
    let (dir, trust) = (TempDir::new().unwrap(), twin.trust());
    let bundle = twin.write(&dir, "full.airlock", &twin.full());
    let certificate = dir.path().join("release.asc");
    std::fs::write(&certificate, &twin.key.certificate).unwrap();
    let (_dir, repo) = site(Mode::Archive);
    let begun = Instant::now();
    assert!(
        start(&repo, &bundle, &certificate)
            .wait()
            .unwrap()
            .success()
    );
    let whole = begun.elapsed();
    for instant in 0..=INSTANTS {
        let (_dir, repo) = site(Mode::Archive);
        let mut child = start(&repo, &bundle, &certificate);
        std::thread::sleep(whole * instant / INSTANTS + Duration::from_millis(1));
        child.kill().unwrap();
        child.wait().unwrap();
        if let Some(commit) = head(&repo) {
            assert_eq!(commit, twin.first);
            assert_eq!(walk::missing(&repo, &[commit]).unwrap(), []);
        }
        assert_sound(&repo);
        take(&repo, &bundle, &trust).unwrap();
        assert_eq!(head(&repo), Some(twin.first));
        assert!(repo.summary_signature().unwrap().is_some());
        assert_eq!(journal::read(&repo).unwrap().len(), 1);
        assert!(!repo.is_interrupted().unwrap());
        assert_sound(&repo);
    }
}
