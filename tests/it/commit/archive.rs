//! Commits of tars.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use airlock::Class;
use airlock::format::Checksum;
use airlock::format::gvariant::Value;
use airlock::repo::{InitOptions, Mode, Repo};
use airlock::workflow::commit::{MissingParents, TreeSource};
use tar::EntryType::{Block, Char, Directory, Fifo, Link, Regular, Symlink};
use tempfile::TempDir;

use super::trees::{dirmeta, write_tar};
use super::{BUO, COL, FROM, TO, id, modes, options, run, tar};
use crate::repo::{listing, scratch};

/// One member: path, kind, what it names, content.
type Member<'m> = (&'m str, tar::EntryType, &'m str, &'m str);

/// Writes a small tar, owned by user 7, files 0644 and directories 0755.
fn small(dir: &TempDir, members: &[Member<'_>]) -> PathBuf {
    let path = dir.path().join("small.tar");
    let mut builder = tar::Builder::new(File::create(&path).unwrap());
    for (name, kind, target, content) in members {
        let mut header = tar::Header::new_gnu();
        // What `append_data` would refuse has to get in.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.as_mut_bytes()[157..157 + target.len()].copy_from_slice(target.as_bytes());
        header.set_entry_type(*kind);
        header.set_uid(7);
        header.set_gid(0);
        header.set_mode(if *kind == Directory { 0o755 } else { 0o644 });
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content.as_bytes()).unwrap();
    }
    builder.finish().unwrap();
    path
}

#[test]
fn the_fixtures_tree_gets_the_fixtures_checksum() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("from.tar");
    write_tar(&id(FROM), &path);
    for mode in modes() {
        let (_repo, repo) = scratch(mode);
        let outcome = run(&repo, &options(tar(&path))).unwrap();
        assert_eq!(outcome.commit, id(FROM), "{mode}");
        assert_eq!((outcome.files, outcome.directories), (23, 9));
        assert_eq!(repo.resolve("test/x86_64/main").unwrap(), id(FROM));
        assert_eq!(repo.commit(&id(FROM)).unwrap().subject, "First commit");
    }
}

#[test]
fn bare_user_only_takes_what_every_repository_can_hold() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("from.tar");
    write_tar(&id(FROM), &path);
    let (_repo, repo) = scratch(Mode::BareUserOnly);
    let mut options = options(tar(&path));
    options.branch = Some("test/buo".parse().unwrap());
    options.subject = "canonical".to_owned();
    (options.body, options.metadata) = (String::new(), Vec::new());
    assert_eq!(run(&repo, &options).unwrap().commit, id(BUO));
}

#[test]
fn the_second_tree_has_the_second_commits_content() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("to.tar");
    write_tar(&id(TO), &path);
    let (_fixture, stock) = crate::repo::objects::fixture("archive-repo");
    let (_repo, repo) = scratch(Mode::Archive);
    let commit = repo
        .commit(&run(&repo, &options(tar(&path))).unwrap().commit)
        .unwrap();
    let expected = stock.commit(&id(TO)).unwrap();
    assert_eq!((commit.tree, commit.meta), (expected.tree, expected.meta));
}

#[test]
fn a_collection_is_bound() {
    let dir = TempDir::new().unwrap();
    let collection_id = Some("org.example.Os".parse().unwrap());
    let init = InitOptions {
        mode: Mode::Archive,
        collection_id,
    };
    let repo = Repo::init(dir.path().join("repo"), &init).unwrap();
    let path = small(
        &dir,
        &[("./", Directory, "", ""), ("x", Regular, "", "x\n")],
    );
    let mut options = options(tar(&path));
    options.branch = Some("os/x".parse().unwrap());
    (options.subject, options.body) = Default::default();
    options.metadata = vec![("version".to_owned(), Value::str("9"))];
    options.modifier.owner_uid = Some(0);
    assert_eq!(run(&repo, &options).unwrap().commit, id(COL));
}

#[test]
fn compressed_tars_are_unpacked() {
    let dir = TempDir::new().unwrap();
    let plain = dir.path().join("from.tar");
    write_tar(&id(FROM), &plain);
    let bytes = std::fs::read(&plain).unwrap();
    let gzip = dir.path().join("from.tar.gz");
    let mut encoder =
        flate2::write::GzEncoder::new(File::create(&gzip).unwrap(), Default::default());
    encoder.write_all(&bytes).unwrap();
    encoder.finish().unwrap();
    let zst = dir.path().join("from.tar.zst");
    std::fs::write(&zst, zstd::encode_all(&bytes[..], 1).unwrap()).unwrap();
    let xz = dir.path().join("from.tar.xz");
    std::fs::write(&xz, b"\xfd7zXZ\0").unwrap();
    for path in [&gzip, &zst] {
        let (_repo, repo) = scratch(Mode::Archive);
        assert_eq!(run(&repo, &options(tar(path))).unwrap().commit, id(FROM));
    }
    let (_repo, repo) = scratch(Mode::Archive);
    assert_eq!(
        run(&repo, &options(tar(&xz))).unwrap_err().class(),
        Class::Unsupported
    );
}

#[test]
fn members_are_read_as_ostree_reads_them() {
    let root: Member<'_> = ("./", Directory, "", "");
    let long = "n".repeat(90);
    let table: [(&str, &[Member<'_>], &[&str]); 6] = [
        (
            "absolute",
            &[("/", Directory, "", ""), ("/a", Regular, "", "1")],
            &["a"],
        ),
        (
            "last wins",
            &[root, ("a", Regular, "", "1"), ("./a", Regular, "", "2")],
            &["a"],
        ),
        (
            "hard links",
            &[
                root,
                ("b", Link, "./a", ""),
                ("a", Regular, "", "1"),
                ("c", Link, "/a", ""),
            ],
            &["a", "b", "c"],
        ),
        (
            "linked links",
            &[root, ("l", Symlink, "x", ""), ("m", Link, "l", "")],
            &["l", "m"],
        ),
        (
            "directories",
            &[root, ("d", Directory, "", ""), ("d/e", Regular, "", "")],
            &["d"],
        ),
        ("long names", &[root, (&long, Regular, "", "")], &[&long]),
    ];
    for (what, members, names) in table {
        let dir = TempDir::new().unwrap();
        let (_repo, repo) = scratch(Mode::BareUser);
        let outcome = run(&repo, &options(tar(&small(&dir, members)))).expect(what);
        let commit = repo.commit(&outcome.commit).unwrap();
        assert_eq!(commit.meta, dirmeta(7, 0o755), "{what}");
        let tree = repo.tree(&commit.tree).unwrap();
        let files = tree.files.iter().map(|(name, _)| name.as_str());
        let dirs = tree.dirs.iter().map(|(name, ..)| name.as_str());
        assert_eq!(files.chain(dirs).collect::<Vec<_>>(), names, "{what}");
        if what == "hard links" {
            assert_eq!(tree.file("a"), tree.file("c"));
        }
    }
}

#[test]
fn missing_directories_are_made_when_that_is_asked_for() {
    let dir = TempDir::new().unwrap();
    let path = small(&dir, &[("d/e/f", Regular, "", "1")]);
    let (_repo, repo) = scratch(Mode::Archive);
    assert_eq!(
        run(&repo, &options(tar(&path))).unwrap_err().class(),
        Class::Usage
    );
    let parents = MissingParents::Create;
    let outcome = run(&repo, &options(vec![TreeSource::Tar { path, parents }])).unwrap();
    let commit = repo.commit(&outcome.commit).unwrap();
    assert_eq!(commit.meta, dirmeta(0, 0o755));
    let (_, meta) = repo.tree(&commit.tree).unwrap().dir("d").unwrap();
    assert_eq!(meta, dirmeta(0, 0o755));
}

#[test]
fn what_cannot_be_committed_changes_nothing() {
    let root: Member<'_> = ("./", Directory, "", "");
    let table: [(&str, &[Member<'_>], Class); 11] = [
        (
            "upwards",
            &[root, ("a/../b", Regular, "", "")],
            Class::Usage,
        ),
        ("no root", &[("a", Regular, "", "")], Class::Usage),
        (
            "no directory",
            &[root, ("d/a", Regular, "", "")],
            Class::Usage,
        ),
        ("device", &[root, ("a", Char, "", "")], Class::Usage),
        ("disk", &[root, ("a", Block, "", "")], Class::Usage),
        ("fifo", &[root, ("a", Fifo, "", "")], Class::Usage),
        (
            "dead hard link",
            &[root, ("a", Link, "b", "")],
            Class::Usage,
        ),
        (
            "hard link to a directory",
            &[root, ("a", Link, "./", "")],
            Class::Usage,
        ),
        (
            "file below a file",
            &[root, ("a", Regular, "", ""), ("a/b", Regular, "", "")],
            Class::Usage,
        ),
        (
            "file over a directory",
            &[root, ("a", Directory, "", ""), ("a", Regular, "", "")],
            Class::Usage,
        ),
        (
            "root that is a file",
            &[("./", Regular, "", "")],
            Class::Usage,
        ),
    ];
    for (what, members, class) in table {
        let dir = TempDir::new().unwrap();
        let (_repo, repo) = scratch(Mode::Archive);
        let error = run(&repo, &options(tar(&small(&dir, members)))).expect_err(what);
        assert_eq!(error.class(), class, "{what}: {error}");
        assert_nothing_was_stored(&repo, what);
    }
}

#[test]
fn damaged_tars_are_refused() {
    let dir = TempDir::new().unwrap();
    let path = small(&dir, &[("./", Directory, "", ""), ("a", Regular, "", "1")]);
    let whole = std::fs::read(&path).unwrap();
    let cases = [
        ("cut header", 700),
        ("cut content", 1024),
        ("cut padding", 1025),
    ];
    for (what, length) in cases {
        std::fs::write(&path, &whole[..length]).unwrap();
        let (_repo, repo) = scratch(Mode::Archive);
        let error = run(&repo, &options(tar(&path))).map(|outcome| outcome.commit);
        // A tar without its end marker is read as far as it goes, as every tar reader does.
        if what != "cut padding" {
            assert_eq!(error.expect_err(what).class(), Class::Corrupt, "{what}");
            assert_nothing_was_stored(&repo, what);
        }
    }
    let mut altered = whole.clone();
    altered[513] ^= 1;
    std::fs::write(&path, &altered).unwrap();
    let (_repo, repo) = scratch(Mode::Archive);
    assert_eq!(
        run(&repo, &options(tar(&path))).unwrap_err().class(),
        Class::Corrupt
    );
    let absent = dir.path().join("absent.tar");
    assert_eq!(
        run(&repo, &options(tar(&absent))).unwrap_err().class(),
        Class::NotFound
    );
}

fn assert_nothing_was_stored(repo: &Repo, what: &str) {
    let beneath = |path: &str| listing(&repo.path().join(path));
    assert!(
        beneath("objects").iter().all(|path| path.ends_with('/')),
        "{what}"
    );
    assert!(beneath("refs/heads").is_empty(), "{what}");
    assert_eq!(beneath("tmp"), ["cache/"], "{what}");
}

#[test]
fn a_tree_can_lie_over_another() {
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let lower = small(
        &one,
        &[
            ("./", Directory, "", ""),
            ("a", Regular, "", "1"),
            ("b", Regular, "", "1"),
        ],
    );
    let upper = small(
        &two,
        &[
            ("./", Directory, "", ""),
            ("a", Regular, "", "2"),
            ("c", Regular, "", "2"),
        ],
    );
    let (_repo, repo) = scratch(Mode::Archive);
    let trees = [tar(&lower), tar(&upper)].concat();
    let commit = repo
        .commit(&run(&repo, &options(trees)).unwrap().commit)
        .unwrap();
    let tree = repo.tree(&commit.tree).unwrap();
    assert_eq!(tree.files.len(), 3);
    let checksum = |name| tree.file(name).unwrap();
    assert_eq!(checksum("a"), checksum("c"), "the upper tree's");
    assert_ne!(checksum("a"), checksum("b"));
    let _: Checksum = checksum("b");
}
