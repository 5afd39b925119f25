//! Objects that two repositories share: hard links when asked for, blocks where a file system can.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;

use airlock::Class;
use airlock::format::{Checksum, ObjectName};
use airlock::repo::{InitOptions, Mode, Repo, walk};
use airlock::workflow::promote::{Links, PromoteOptions, PromoteOutcome};

use super::{FILES, options, promote};
use crate::bench::{Bench, Key};

fn linked() -> PromoteOptions {
    PromoteOptions {
        links: Links::AskedFor,
        ..options("os/dev", "os/stable")
    }
}

/// Returns the objects a commit needs besides itself.
fn objects(repo: &Repo, commit: &Checksum) -> Vec<ObjectName> {
    let all = walk::reachable(repo, &[*commit]).unwrap();
    let others = all.into_iter().filter(|name| name.checksum != *commit);
    others.collect()
}

fn inode(repo: &Repo, name: &ObjectName) -> (u64, u64) {
    let (file, _) = repo.open_loose(name).unwrap();
    let about = file.metadata().unwrap();
    (about.dev(), about.ino())
}

/// Promotes from one mode to another; returns the outcome and which objects are one file.
fn shared(from: Mode, to: Mode, options: PromoteOptions) -> (PromoteOutcome, Vec<ObjectName>) {
    let key = Key::new("release");
    let (dev, release) = (Bench::new(from), Bench::new(to));
    dev.commit("os/dev", FILES, |_| {});
    let outcome = promote(&dev.repo, &release.repo, options, key.signing()).unwrap();
    assert_eq!(walk::missing(&release.repo, &[outcome.commit]).unwrap(), []);
    let objects = objects(&release.repo, &outcome.commit);
    assert_eq!(objects.len() as u64, outcome.copied.objects);
    let one = |name: &ObjectName| inode(&dev.repo, name) == inode(&release.repo, name);
    (outcome, objects.into_iter().filter(one).collect())
}

#[test]
fn hard_links_are_made_when_asked_for() {
    for mode in [Mode::Archive, Mode::BareUser, Mode::BareUserOnly] {
        let (outcome, one) = shared(mode, mode, linked());
        assert_eq!(one.len() as u64, outcome.copied.objects, "{mode}");
        assert_eq!(outcome.copied.linked, outcome.copied.objects, "{mode}");

        let (outcome, one) = shared(mode, mode, options("os/dev", "os/stable"));
        assert_eq!((one, outcome.copied.linked), (vec![], 0), "{mode}");
    }
}

#[test]
fn between_two_modes_files_are_converted() {
    let (outcome, one) = shared(Mode::BareUser, Mode::Archive, linked());
    assert!(one.iter().all(|name| name.kind.is_metadata()), "{one:?}");
    assert_eq!(outcome.copied.linked, one.len() as u64);
    let files = outcome.copied.objects - outcome.copied.linked;
    assert_eq!(files, FILES.len() as u64);
}

#[test]
fn a_damaged_object_is_not_linked() {
    let key = Key::new("release");
    for mode in [Mode::Archive, Mode::BareUser] {
        let (dev, release) = (Bench::new(mode), Bench::new(mode));
        let tested = dev.commit("os/dev", FILES, |_| {});
        for name in objects(&dev.repo, &tested) {
            let (path, good) = stored(&dev, &name);
            let mut bad = good.clone();
            bad.push(b'!');
            fs::write(&path, bad).unwrap();
            let error = promote(&dev.repo, &release.repo, linked(), key.signing()).unwrap_err();
            assert_eq!(error.class(), Class::Corrupt, "{mode} {name}: {error}");
            assert_eq!(release.head("os/stable"), None);
            fs::write(&path, good).unwrap();
        }
        promote(&dev.repo, &release.repo, linked(), key.signing()).unwrap();
    }
}

fn stored(bench: &Bench, name: &ObjectName) -> (PathBuf, Vec<u8>) {
    let digits = name.checksum.to_string();
    let dir = bench.path().join("objects").join(&digits[..2]);
    let mut found = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let path = found.find(|path| path.to_string_lossy().contains(&digits[2..]));
    let path = path.unwrap();
    let bytes = fs::read(&path).unwrap();
    (path, bytes)
}

/// `/dev/shm` is a file system of its own wherever it is mounted; elsewhere there is nothing to refuse.
#[test]
fn hard_links_to_another_file_system_are_refused() {
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else {
        return;
    };
    let key = Key::new("release");
    let dev = Bench::new(Mode::Archive);
    dev.commit("os/dev", FILES, |_| {});
    let options_of_far = InitOptions {
        mode: Mode::Archive,
        collection_id: None,
    };
    let far = Repo::init(elsewhere.path().join("repo"), &options_of_far).unwrap();
    let device = |path: PathBuf| fs::metadata(path).unwrap().dev();
    let result = promote(&dev.repo, &far, linked(), key.signing());
    if device(dev.path().into()) == device(far.path().into()) {
        result.unwrap();
        return;
    }
    let error = result.unwrap_err();
    assert_eq!(error.class(), Class::Usage, "{error}");
    assert!(error.to_string().contains("not on one file system"));
    assert_eq!(far.ref_commit(&"os/stable".parse().unwrap()).unwrap(), None);
    promote(
        &dev.repo,
        &far,
        options("os/dev", "os/stable"),
        key.signing(),
    )
    .unwrap();
}

/// Whether the temporary directory can share blocks decides what is to be seen.
#[test]
fn blocks_are_shared_where_the_file_system_can() {
    let probe = tempfile::tempdir().unwrap();
    fs::write(probe.path().join("one"), "one").unwrap();
    let one = File::open(probe.path().join("one")).unwrap();
    let other = File::create(probe.path().join("other")).unwrap();
    let can = rustix::fs::ioctl_ficlone(&other, &one).is_ok();
    for mode in [Mode::Archive, Mode::BareUser, Mode::BareUserOnly] {
        let (outcome, one) = shared(mode, mode, options("os/dev", "os/stable"));
        let files = if can { FILES.len() as u64 } else { 0 };
        assert_eq!((one, outcome.copied.cloned), (vec![], files), "{mode}");
    }
}

/// A repository that is reached by two names is one repository.
#[test]
fn within_one_repository_nothing_is_copied() {
    let key = Key::new("release");
    let dev = Bench::new(Mode::Archive);
    dev.commit("os/dev", FILES, |_| {});
    let other_name = dev.dir.path().join("link");
    symlink(dev.path(), &other_name).unwrap();
    let again = Repo::open(&other_name).unwrap();
    let outcome = promote(&dev.repo, &again, linked(), key.signing()).unwrap();
    assert!(outcome.changed);
    assert_eq!(outcome.copied.objects, 0);
}
