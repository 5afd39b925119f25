//! Trees of shapes that nobody could walk, or only with more memory than there is.

use airlock::format::{Checksum, Codec, DirTree, ObjectKind};

use crate::attack::{Attack, withstand};
use crate::craft::{RawPart, Release, plain_meta};

/// A directory of directories that have the same permissions.
fn dirs(names: &[(String, Checksum)], meta: Checksum) -> Vec<u8> {
    let dirs = names.iter().map(|(name, tree)| (name.clone(), *tree, meta));
    DirTree::new(Vec::new(), dirs.collect()).unwrap().encode()
}

/// A directory of so many names, each of another file that is nowhere.
fn wide(count: u32) -> Vec<u8> {
    let (mut body, mut ends) = (Vec::new(), Vec::new());
    for number in 0..count {
        body.extend_from_slice(format!("{number:07}\0").as_bytes());
        body.extend_from_slice(&number.to_be_bytes());
        body.extend_from_slice(&[7; 28]);
        body.push(8);
        ends.push(body.len());
    }
    let width = match body.len() + 4 * ends.len() {
        0..=0xffff => 2,
        _ => 4,
    };
    for end in ends {
        body.extend_from_slice(&(end as u32).to_le_bytes()[..width]);
    }
    let files = body.len() as u32;
    body.extend_from_slice(&files.to_le_bytes()[..width]);
    body
}

/// A release whose root is this deep, and what lies at the end of it.
fn deep(depth: usize, name: &str, last: &[u8]) -> Release {
    let mut part = RawPart::new();
    let meta = part.metadata(ObjectKind::DirMeta, &plain_meta());
    let mut at = part.metadata(ObjectKind::DirTree, last);
    for _ in 0..depth {
        let one = [(name.to_owned(), at)];
        at = part.metadata(ObjectKind::DirTree, &dirs(&one, meta));
    }
    let mut release = Release::new(at, meta);
    release.part(&part);
    release
}

/// A release whose root has these directories, all of which are in these parts.
fn under_a_root(mut parts: Vec<RawPart>, names: &[(String, Checksum)]) -> Release {
    let mut part = RawPart::new();
    let meta = part.metadata(ObjectKind::DirMeta, &plain_meta());
    let root = part.metadata(ObjectKind::DirTree, &dirs(names, meta));
    parts.push(part);
    let mut release = Release::new(root, meta);
    parts.iter().for_each(|part| release.part(part));
    release
}

/// A release whose root has so many directories of so many files, no two alike.
fn broad(count: u8, files: u32) -> Release {
    let mut one = wide(files);
    let mut parts = Vec::new();
    let mut names = Vec::new();
    for number in 0..count {
        let mut part = RawPart::new();
        // Another first name in each, and still the first.
        one[..2].copy_from_slice(&[b'!' + number % 13, b'0' + number / 13]);
        let tree = part.metadata(ObjectKind::DirTree, &one);
        names.push((format!("d{number:03}"), tree));
        parts.push(part);
    }
    under_a_root(parts, &names)
}

/// A release of so many directories of one file each, in parts of 100,000.
fn many(count: u32) -> Release {
    let mut parts = Vec::new();
    let mut names = Vec::new();
    for number in 0..count {
        if number % 100_000 == 0 {
            parts.push(RawPart::new());
        }
        let file = Checksum::of(&number.to_le_bytes());
        let tree = DirTree::new(vec![("f".to_owned(), file)], Vec::new());
        let part = parts.last_mut().unwrap();
        let tree = part.metadata(ObjectKind::DirTree, &tree.unwrap().encode());
        names.push((format!("{number:x}"), tree));
    }
    names.sort();
    under_a_root(parts, &names)
}

const DEEP: &str = "nested deeper than 2048";

#[test]
fn depths() {
    let empty = || DirTree::default().encode();
    let long = "n".repeat(255);
    withstand(vec![
        Attack::new("2,100 deep", DEEP, move || {
            deep(2100, "d", &empty()).forged()
        }),
        Attack::new("100,000 deep", DEEP, move || {
            deep(100_000, "d", &empty()).forged()
        }),
        Attack::new(
            "files that are nowhere, at the end of long paths",
            "",
            move || deep(2000, &long, &wide(20_000)).forged(),
        )
        .only_at_import(),
    ]);
}

#[test]
fn breadths() {
    const MUCH: &str = "more than 64 MiB of directories";
    withstand(vec![
        Attack::new("a million files that are nowhere", "", || {
            Release::of_tree(&wide(1_000_000)).forged()
        })
        .only_at_import(),
        Attack::new("directories of a million files", MUCH, || {
            broad(3, 1_000_000).forged()
        }),
        Attack::new("400,000 directories", MUCH, || many(400_000).forged()),
    ]);
}
