//! The locks are those of libostree: open-file-description locks on `.lock`.

use std::fs::OpenOptions;
use std::os::fd::OwnedFd;

use airlock::Class;
use airlock::repo::{Mode, Repo};
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

use super::scratch;

/// Opens the repository again, with a lock timeout of no seconds.
fn impatient(repo: &Repo) -> Repo {
    let mut file = repo.config().file().clone();
    file.set_string("core", "lock-timeout-secs", "0");
    repo.write_config(&file).unwrap();
    Repo::open(repo.path()).unwrap()
}

#[test]
fn writers_share_and_prune_does_not() {
    let (_dir, repo) = scratch(Mode::Archive);
    let repo = impatient(&repo);
    let first = repo.lock_shared().unwrap();
    let second = repo.lock_shared().unwrap();
    assert_eq!(repo.lock_exclusive().unwrap_err().class(), Class::Busy);
    drop((first, second));
    let _alone = repo.lock_exclusive().unwrap();
    assert_eq!(repo.lock_shared().unwrap_err().class(), Class::Busy);
}

#[test]
fn a_lock_outlives_other_descriptors_of_its_file() {
    let (_dir, repo) = scratch(Mode::Archive);
    let repo = impatient(&repo);
    let _held = repo.lock_exclusive().unwrap();
    // A lock that belongs to the process would be gone once any descriptor of the file is closed.
    drop(
        OpenOptions::new()
            .read(true)
            .open(repo.path().join(".lock"))
            .unwrap(),
    );
    assert_eq!(repo.lock_shared().unwrap_err().class(), Class::Busy);
}

#[test]
fn a_second_holder_is_seen_whoever_it_is() {
    let (_dir, repo) = scratch(Mode::Archive);
    let repo = impatient(&repo);
    let path = repo.path().join(".lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .unwrap();
    fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive).unwrap();
    assert_eq!(repo.lock_shared().unwrap_err().class(), Class::Busy);
}

#[test]
fn waiting_ends_when_the_holder_lets_go() {
    let (_dir, repo) = scratch(Mode::Archive);
    let held = repo.lock_exclusive().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(std::time::Duration::from_millis(200));
            drop(held);
        });
        let _lock = repo.lock_shared().unwrap();
    });
}

#[test]
fn one_airlock_at_a_time() {
    let (_dir, repo) = scratch(Mode::Archive);
    let held = repo.lock_airlock().unwrap();
    assert_eq!(repo.lock_airlock().unwrap_err().class(), Class::Busy);
    drop(held);
    let _again = repo.lock_airlock().unwrap();
}

#[test]
fn no_lock_is_taken_where_the_configuration_says_so() {
    let (_dir, repo) = scratch(Mode::Archive);
    let mut file = repo.config().file().clone();
    file.set_bool("core", "locking", false);
    repo.write_config(&file).unwrap();
    let repo = Repo::open(repo.path()).unwrap();
    let _first = repo.lock_exclusive().unwrap();
    let _second = repo.lock_exclusive().unwrap();
    assert!(!repo.path().join(".lock").exists());
}

/// A child that another thread is starting has every descriptor until its `exec`.
#[test]
fn a_lock_that_was_dropped_is_free_whoever_has_its_descriptor() {
    let (_dir, repo) = scratch(Mode::Archive);
    let repo = impatient(&repo);
    let (ours, theirs) = (repo.lock_airlock().unwrap(), repo.lock_exclusive().unwrap());
    let _copies = ["extensions/airlock/lock", ".lock"].map(|name| copy_of(&repo, name));
    assert_eq!(repo.lock_airlock().unwrap_err().class(), Class::Busy);
    drop((ours, theirs));
    let _ours = repo.lock_airlock().unwrap();
    let _theirs = repo.lock_exclusive().unwrap();
}

/// Returns another descriptor of what this process has opened as `name` in the repository.
fn copy_of(repo: &Repo, name: &str) -> OwnedFd {
    let path = repo.path().join(name).canonicalize().unwrap();
    let mut open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let found = open.find(|entry| std::fs::read_link(entry.path()).is_ok_and(|to| to == path));
    let number = found
        .unwrap()
        .file_name()
        .to_string_lossy()
        .parse()
        .unwrap();
    let me = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    pidfd_getfd(me, number, PidfdGetfdFlags::empty()).unwrap()
}
