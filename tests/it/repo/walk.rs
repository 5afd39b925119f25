//! Following commits, and what is known to be there.

use std::fs;

use airlock::format::{Checksum, FileHeader, ObjectKind, ObjectName, Xattrs};
use airlock::repo::walk::{self, Known};
use airlock::repo::{Mode, Repo};

use crate::bench::Bench;
use crate::handmade::object_path;

fn file(content: &str) -> ObjectName {
    let header = FileHeader::regular(0, 0, 0o100_644, Xattrs::default());
    let checksum = header.content_checksum(content.as_bytes());
    ObjectName::new(checksum, ObjectKind::File)
}

fn lose(repo: &Repo, name: &ObjectName) {
    fs::remove_file(repo.path().join(object_path(&name.checksum))).unwrap();
}

#[test]
fn what_is_known_is_not_looked_at_again() {
    let bench = Bench::new(Mode::Archive);
    let repo = &bench.repo;
    let commit = |files: &[(&str, &str)]| bench.commit("os/stable", files, |_| ());
    let old = commit(&[("same", "same"), ("old", "old")]);
    let new = commit(&[("same", "same"), ("new", "new")]);
    let gaps = |commit: Checksum, known: &mut Known| -> Vec<ObjectName> {
        let missing = walk::missing_beyond(repo, &[commit], known).unwrap();
        missing.into_iter().map(|gap| gap.object).collect()
    };
    let mut known = Known::default();
    assert_eq!(gaps(old, &mut known), []);
    lose(repo, &file("same"));
    // It was there, and whoever calls promises that it still is.
    assert_eq!(gaps(old, &mut known), []);
    assert_eq!(gaps(new, &mut known), []);
    assert_eq!(gaps(new, &mut Known::default()), [file("same")]);
    // What is missing is found, and so it is beside what is known.
    let mut known = Known::default();
    assert_eq!(gaps(old, &mut known), [file("same")]);
    let third = commit(&[("same", "same"), ("third", "third")]);
    lose(repo, &file("third"));
    assert_eq!(gaps(third, &mut known), [file("third")]);
}
