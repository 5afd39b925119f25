//! What `fsck` finds: what `ostree fsck` finds, and what that lets pass.

use std::fs;
use std::path::PathBuf;

use airlock::Silent;
use airlock::format::{Checksum, DirTree, Encoded, FileHeader, ObjectKind, Xattrs};
use airlock::repo::{
    FsckFinding, FsckOptions, FsckReport, Mode, RefPlace, Repo, Transaction, fsck,
};

use super::hasty;
use super::objects::fixture;

const HELLO: &str = "930fc25874c26c343a792858523e747af11db9709ee14af708b8ff3fd81f9fc6";

fn check(repo: &Repo) -> FsckReport {
    let options = FsckOptions {
        threads: 2,
        bindings: false,
        back_refs: false,
    };
    fsck(repo, &options, &Silent).unwrap()
}

fn stored(repo: &Repo, object: &str) -> PathBuf {
    repo.path()
        .join("objects")
        .join(&object[..2])
        .join(&object[2..])
}

#[test]
fn stock_repositories_are_in_order() {
    for name in [
        "archive-repo",
        "bare-user-repo",
        "bare-user-only-repo",
        "collection-repo",
    ] {
        let (_dir, repo) = fixture(name);
        let report = check(&repo);
        assert_eq!(report.findings, [], "{name}");
        assert!(
            report.objects > 3 && report.commits > 0 && report.bytes > 0,
            "{name}"
        );
    }
}

#[test]
fn faults_of_a_stored_file_are_named_with_its_path() {
    type Damage = fn(&mut Vec<u8>);
    let table: [(&str, Damage, &str); 6] = [
        ("content", |bytes| *bytes.last_mut().unwrap() ^= 1, ""),
        ("size field", |bytes| bytes[15] += 1, "shorter"),
        ("trailing bytes", |bytes| bytes.push(0), "follow"),
        ("cut off", |bytes| bytes.truncate(40), ""),
        ("padding", |bytes| bytes[4] = 1, ""),
        ("empty", Vec::clear, ""),
    ];
    for (fault, damage, words) in table {
        let (_dir, repo) = fixture("archive-repo");
        let path = stored(&repo, &format!("{HELLO}.filez"));
        let mut bytes = fs::read(&path).unwrap();
        damage(&mut bytes);
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let findings = check(&repo).findings;
        let [
            FsckFinding::Corrupt {
                object,
                reason,
                place: Some(place),
            },
        ] = findings.as_slice()
        else {
            panic!("{fault}: {findings:?}");
        };
        assert_eq!(object.checksum.to_string(), HELLO, "{fault}");
        assert!(reason.contains(words), "{fault}: {reason}");
        assert_eq!(place.path, "/bin/hello", "{fault}");
        assert!(place.name.is_some(), "{fault}");
    }
}

#[test]
fn missing_objects_are_named_with_their_path() {
    let (_dir, repo) = fixture("archive-repo");
    fs::remove_file(stored(&repo, &format!("{HELLO}.filez"))).unwrap();
    let findings = check(&repo).findings;
    let [FsckFinding::Missing { place, .. }] = findings.as_slice() else {
        panic!("{findings:?}");
    };
    assert_eq!(place.path, "/bin/hello");
}

#[test]
fn a_damaged_tree_is_one_finding() {
    let (_dir, repo) = fixture("archive-repo");
    let head = repo.resolve("test/x86_64/main").unwrap();
    let root = repo.commit(&head).unwrap().tree;
    let (name, tree, _) = repo.tree(&root).unwrap().dirs[0].clone();
    let path = stored(&repo, &format!("{tree}.dirtree"));
    let mut bytes = fs::read(&path).unwrap();
    bytes.push(0);
    fs::remove_file(&path).unwrap();
    fs::write(&path, bytes).unwrap();
    let findings = check(&repo).findings;
    let first = findings.first().unwrap();
    assert!(matches!(first, FsckFinding::Corrupt { .. }));
    assert!(first.to_string().contains(&format!("/{name}")), "{first}");
}

#[test]
fn trees_that_ostree_lets_pass_are_found() {
    let (_dir, repo) = hasty(Mode::Archive);
    let tx = Transaction::begin(&repo).unwrap();
    let header = FileHeader::regular(0, 0, 0o100_644, Xattrs::default());
    let file = tx.write_file(&header, 1, &mut &b"x"[..]).unwrap();
    for names in [["b", "a"], ["a", "a"], ["", "a"]] {
        let tree = DirTree {
            files: names.map(|name| (name.to_owned(), file)).to_vec(),
            dirs: Vec::new(),
        };
        let tree = Encoded::encode(tree);
        tx.write_metadata(ObjectKind::DirTree, tree.bytes())
            .unwrap();
    }
    tx.publish(&Silent).unwrap();
    assert_eq!(check(&repo).findings.len(), 3);
}

#[test]
fn refs_must_lead_to_commits_that_are_bound_to_them() {
    let (_dir, repo) = fixture("archive-repo");
    let head = repo.resolve("test/x86_64/main").unwrap();
    let set = |name: &str, commit| {
        let name = name.parse().unwrap();
        repo.write_ref(&RefPlace::Heads, &name, Some(&commit))
            .unwrap();
    };
    set("nowhere", Checksum::of(b"nothing"));
    set("other", head);
    let findings = check(&repo).findings;
    assert!(matches!(
        findings.as_slice(),
        [FsckFinding::Dangling { .. }]
    ));
    let options = FsckOptions {
        threads: 1,
        bindings: true,
        back_refs: true,
    };
    let findings = fsck(&repo, &options, &Silent).unwrap().findings;
    let unbound = |finding: &&FsckFinding| matches!(finding, FsckFinding::Unbound { .. });
    // The fixture's own alias is not bound, either.
    assert_eq!(findings.iter().filter(unbound).count(), 2, "{findings:?}");
}

#[test]
fn partial_commits_are_no_fault() {
    let (_dir, repo) = fixture("archive-repo");
    let head = repo.resolve("test/x86_64/main").unwrap();
    fs::remove_file(stored(&repo, &format!("{HELLO}.filez"))).unwrap();
    for commit in [head, repo.commit(&head).unwrap().parent.unwrap()] {
        let mark = format!("state/{commit}.commitpartial");
        fs::write(repo.path().join(mark), b"").unwrap();
    }
    let report = check(&repo);
    assert_eq!(report.findings, []);
    assert_eq!(report.partial.len(), 2);
}
