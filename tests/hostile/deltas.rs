//! The same releases as static deltas in a directory, which nobody signs: `delta apply` and
//! `delta show`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use airlock::format::gvariant::Value;
use airlock::format::{Checksum, ObjectKind};

use crate::attack::Desk;
use crate::craft::{RawPart, Release, plain_meta, tree_of};
use crate::ops::{out_of_order, out_of_range};
use crate::tree;

/// Writes a release as `ostree static-delta generate` lays it out.
fn write(release: &Release, dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    let (superblock, _) = release.superblock();
    fs::write(dir.join("superblock"), superblock.encode().unwrap()).unwrap();
    for (number, part) in release.parts.iter().enumerate() {
        fs::write(dir.join(number.to_string()), part).unwrap();
    }
}

/// Lets `delta apply` have each, and holds the repository against what it was.
fn apply(desk: &Desk, name: &str, codes: &[i32]) -> Vec<String> {
    let mut wrong = Vec::new();
    for repo in desk.repos() {
        let before = tree::listing(repo.as_ref());
        let ended = desk.run(&["delta", "apply", "--repo", &repo, "delta"]);
        let fault = ended.fault().or_else(|| {
            let expected = ended.code.as_ref().is_ok_and(|code| codes.contains(code));
            (!expected).then(|| format!("{:?}, not {codes:?}: {}", ended.code, ended.stderr))
        });
        wrong.extend(fault.map(|fault| format!("{name}: {fault}")));
        let changes = tree::changes(&before, &tree::listing(repo.as_ref()));
        if !changes.is_empty() {
            wrong.push(format!("{name}: the repository changed: {}", changes[0]));
        }
    }
    wrong
}

#[test]
fn operations() {
    let desk = Desk::new();
    let dir = desk.path().join("delta");
    let mut wrong = Vec::new();
    let attacks = out_of_order().into_iter().chain(out_of_range());
    for (name, release) in attacks {
        write(&release, &dir);
        // A patch may say that it makes more than any disk holds.
        wrong.extend(apply(&desk, &name, &[1, 5]));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn good() -> Release {
    let mut part = RawPart::new();
    let tree = part.metadata(ObjectKind::DirTree, &tree_of(&[]));
    let meta = part.metadata(ObjectKind::DirMeta, &plain_meta());
    let mut release = Release::new(tree, meta);
    release.part(&part);
    release
}

/// Lies and tricks around the parts, and what each must get.
#[test]
fn around_the_parts() {
    type Spoil = fn(&mut Release, &Path);
    let table: [(&str, &[i32], Spoil); 10] = [
        ("a digest that is wrong", &[5], |r, _| {
            r.headers[0].checksum = Checksum::of(b"")
        }),
        ("a size that is wrong", &[5], |r, _| r.headers[0].size += 1),
        ("a size of 2^64-1", &[5], |r, _| {
            r.headers[0].size = u64::MAX
        }),
        ("a size of nothing", &[1, 5], |r, _| r.headers[0].size = 0),
        ("no part", &[1, 3, 5], |r, dir| {
            r.parts.clear();
            fs::remove_file(dir.join("0")).unwrap_or_default();
        }),
        ("100,001 parts", &[5], |r, _| {
            r.headers = vec![r.headers[0].clone(); 100_001]
        }),
        ("a base that is not here", &[3], |r, _| {
            r.from = Some(Checksum::of(b""))
        }),
        ("an inline part that is another", &[5], |r, _| {
            let key = "x/0";
            r.extra.insert(key, Value::byte(0));
            r.parts[0][20] ^= 1;
        }),
        ("a part that is a pipe", &[1, 5], |r, dir| {
            r.parts.clear();
            fs::remove_file(dir.join("0")).unwrap_or_default();
            let fifo = std::process::Command::new("mkfifo")
                .arg(dir.join("0"))
                .status();
            assert!(fifo.unwrap().success());
        }),
        ("a part that never ends", &[1, 5], |r, dir| {
            r.parts.clear();
            fs::remove_file(dir.join("0")).unwrap_or_default();
            symlink("/dev/zero", dir.join("0")).unwrap();
        }),
    ];
    let desk = Desk::new();
    let dir = desk.path().join("delta");
    let mut wrong = Vec::new();
    for (name, codes, spoil) in table {
        fs::remove_dir_all(&dir).unwrap_or_default();
        fs::create_dir(&dir).unwrap();
        let mut release = good();
        spoil(&mut release, &dir);
        write(&release, &dir);
        wrong.extend(apply(&desk, name, codes));
        let repo = desk.repos().remove(0);
        let ended = desk.run(&["delta", "show", "--repo", &repo, "delta"]);
        wrong.extend(ended.fault().map(|fault| format!("{name}: show: {fault}")));
        if !matches!(ended.code, Ok(0 | 5)) {
            wrong.push(format!("{name}: show: {:?}: {}", ended.code, ended.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
