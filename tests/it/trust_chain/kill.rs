//! An import that brings a trust update and is killed leaves the old trust or the new one.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use airlock::Silent;
use airlock::repo::Repo;
use airlock::workflow::site::Accepted;
use airlock::workflow::{Trust, import, journal};
use tempfile::TempDir;

use super::fleet::{Fleet, REF, in_force, options, site};
use super::state::{KEYS, State, chain};

/// How many instants are tried.
const INSTANTS: u32 = 10;
/// Tell the child what to do.
const REPO: &str = "AIRLOCK_TEST_REPO";
const BUNDLE: &str = "AIRLOCK_TEST_BUNDLE";
const TRUST: &str = "AIRLOCK_TEST_TRUST";
const TIME: &str = "AIRLOCK_TEST_TIME";

/// Not a test: the process that is killed.
#[test]
#[ignore = "started by the test below"]
fn child() {
    let value = |name| std::env::var(name).expect("set by the test below");
    let trust = Trust::load(Path::new(&value(TRUST))).unwrap();
    let repo = Repo::open(Path::new(&value(REPO))).unwrap();
    let bundle = [PathBuf::from(value(BUNDLE))];
    let now = value(TIME).parse().unwrap();
    import(&repo, &options(&bundle, &trust, now), &Silent).unwrap();
}

fn start(repo: &Repo, bundle: &Path, trust: &Path, now: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "trust_chain::kill::child", "--ignored"])
        .env(REPO, repo.path())
        .env(BUNDLE, bundle)
        .env(TRUST, trust)
        .env(TIME, now.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn at_any_instant() {
    let fleet = Fleet::new();
    let dir = TempDir::new().unwrap();
    State::a().install(dir.path());
    let a = Trust::load(dir.path()).unwrap();
    let c = in_force(&State::c(), &chain());
    let bundle = fleet.release(&KEYS.new, Some(&c));
    let now = fleet.clock.get();
    let (_dir, repo) = site();
    let begun = Instant::now();
    let whole = start(&repo, &bundle[0], dir.path(), now).wait().unwrap();
    assert!(whole.success());
    let whole = begun.elapsed();
    for instant in 0..=INSTANTS {
        let (_dir, repo) = site();
        let mut child = start(&repo, &bundle[0], dir.path(), now);
        std::thread::sleep(whole * instant / INSTANTS + Duration::from_millis(1));
        child.kill().unwrap();
        child.wait().unwrap();
        let (_lock, _) = repo.lock_for_writing().unwrap();
        let accepted = Accepted::load(&repo).unwrap().unwrap_or_default();
        let known = a.of_repository(&repo).unwrap().version();
        let head = repo.ref_commit(&REF.parse().unwrap()).unwrap();
        // All of the new, or nothing of it.
        assert_eq!(known, accepted.trust_version);
        assert_eq!(known == 2, head.is_some());
        drop(_lock);
        fleet.import(&repo, &bundle, &a).unwrap();
        assert_eq!(a.of_repository(&repo).unwrap().version(), 2);
        assert_eq!(
            repo.ref_commit(&REF.parse().unwrap()).unwrap(),
            fleet.head()
        );
        assert_eq!(journal::read(&repo).unwrap().len(), 1);
    }
}
