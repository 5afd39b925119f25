//! Commits of directories.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use airlock::Class;
use airlock::repo::Mode;
use airlock::workflow::commit::{Parent, Permissions, Unchanged, XattrPolicy};
use rustix::fs::XattrFlags;
use tempfile::TempDir;

use super::trees::{dirmeta, write_dir};
use super::{BUO, FROM, TO, dir, id, is_root, modes, options, run};
use crate::repo::scratch;

/// Owners can only be set, and closed files only be read, by root; others see the same tree as a tar.
#[test]
fn the_fixtures_tree_gets_the_fixtures_checksum() {
    if !is_root() {
        return;
    }
    let tree = TempDir::new().unwrap();
    write_dir(&id(FROM), tree.path());
    let xattrs = File::open(tree.path().join("etc/xattrs")).unwrap();
    rustix::fs::fsetxattr(&xattrs, "user.empty", b"", XattrFlags::empty()).unwrap();
    for mode in modes() {
        let (_repo, repo) = scratch(mode);
        assert_eq!(
            run(&repo, &options(dir(tree.path()))).unwrap().commit,
            id(FROM),
            "{mode}"
        );
    }
    for mode in [Mode::BareUserOnly, Mode::Archive] {
        let (_repo, repo) = scratch(mode);
        let mut options = options(dir(tree.path()));
        options.branch = Some("test/buo".parse().unwrap());
        options.subject = "canonical".to_owned();
        (options.body, options.metadata) = Default::default();
        options.modifier.permissions = Permissions::Canonical;
        assert_eq!(run(&repo, &options).unwrap().commit, id(BUO), "{mode}");
    }
}

#[test]
fn the_second_tree_has_the_second_commits_content() {
    if !is_root() {
        return;
    }
    let tree = TempDir::new().unwrap();
    write_dir(&id(TO), tree.path());
    let (_fixture, stock) = crate::repo::objects::fixture("archive-repo");
    let (_repo, repo) = scratch(Mode::BareUser);
    let outcome = run(&repo, &options(dir(tree.path()))).unwrap();
    let commit = repo.commit(&outcome.commit).unwrap();
    let expected = stock.commit(&id(TO)).unwrap();
    assert_eq!((commit.tree, commit.meta), (expected.tree, expected.meta));
}

/// Makes a tree that anyone can make and commit.
fn plain() -> TempDir {
    let tree = TempDir::new().unwrap();
    fs::set_permissions(tree.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(tree.path().join("d")).unwrap();
    fs::set_permissions(tree.path().join("d"), fs::Permissions::from_mode(0o750)).unwrap();
    fs::write(tree.path().join("d/file"), "content").unwrap();
    fs::hard_link(tree.path().join("d/file"), tree.path().join("d/linked")).unwrap();
    fs::hard_link(tree.path().join("d/file"), tree.path().join("linked")).unwrap();
    symlink("/nowhere", tree.path().join("link")).unwrap();
    tree
}

#[test]
fn hard_links_are_read_once() {
    let tree = plain();
    let (_repo, repo) = scratch(Mode::Archive);
    let outcome = run(&repo, &options(dir(tree.path()))).unwrap();
    assert_eq!(
        (outcome.files, outcome.directories, outcome.bytes),
        (2, 2, 7)
    );
    let root = repo
        .tree(&repo.commit(&outcome.commit).unwrap().tree)
        .unwrap();
    let below = repo.tree(&root.dir("d").unwrap().0).unwrap();
    assert_eq!(root.file("linked"), below.file("file"));
    assert_eq!(root.file("linked"), below.file("linked"));
    assert_eq!(
        repo.file(&root.file("link").unwrap())
            .unwrap()
            .header
            .target
            .as_deref(),
        Some("/nowhere")
    );
}

#[test]
fn owners_modes_and_attributes_can_be_replaced() {
    let tree = plain();
    let file = File::open(tree.path().join("linked")).unwrap();
    rustix::fs::fsetxattr(&file, "user.x", b"1", XattrFlags::empty()).unwrap();
    let (_repo, repo) = scratch(Mode::Archive);
    let mut options = options(dir(tree.path()));
    (options.modifier.owner_uid, options.modifier.owner_gid) = (Some(3), Some(0));
    let header = |options: &_| {
        let commit = repo.commit(&run(&repo, options).unwrap().commit).unwrap();
        let file = repo.tree(&commit.tree).unwrap().file("linked").unwrap();
        (commit.meta, repo.file(&file).unwrap().header)
    };
    let (meta, file) = header(&options);
    assert_eq!(meta, dirmeta(3, 0o755));
    assert_eq!((file.uid, file.gid, file.xattrs.len()), (3, 0, 1));
    options.modifier.xattrs = XattrPolicy::Drop;
    assert!(header(&options).1.xattrs.is_empty());
}

#[test]
fn a_branch_grows_and_says_when_nothing_changed() {
    let tree = plain();
    let (_repo, repo) = scratch(Mode::BareUser);
    let mut options = options(dir(tree.path()));
    let first = run(&repo, &options).unwrap();
    assert_eq!(first.parent, None);
    let second = run(&repo, &options).unwrap();
    assert_eq!(second.parent, Some(first.commit));
    assert_eq!(repo.resolve("test/x86_64/main^").unwrap(), first.commit);

    options.unchanged = Unchanged::Skip;
    let third = run(&repo, &options).unwrap();
    assert_eq!((third.commit, third.changed), (second.commit, false));
    fs::write(tree.path().join("new"), "").unwrap();
    assert!(run(&repo, &options).unwrap().changed);

    options.parent = Parent::Commit(first.commit);
    assert_eq!(run(&repo, &options).unwrap().parent, Some(first.commit));
    (options.parent, options.branch) = (Parent::None, None);
    let orphan = run(&repo, &options).unwrap();
    let commit = repo.commit(&orphan.commit).unwrap();
    assert_eq!(
        (commit.parent, commit.ref_binding()),
        (None, Some(Vec::new()))
    );
    options.parent = Parent::Commit(id(FROM));
    assert_eq!(run(&repo, &options).unwrap_err().class(), Class::NotFound);
}

#[test]
fn more_refs_are_bound_in_order() {
    let tree = plain();
    let (_repo, repo) = scratch(Mode::BareUser);
    let mut options = options(dir(tree.path()));
    options.bind_refs = ["zz", "aa", "test/x86_64/main"]
        .map(|name| name.parse().unwrap())
        .to_vec();
    let commit = repo.commit(&run(&repo, &options).unwrap().commit).unwrap();
    assert_eq!(
        commit.ref_binding().unwrap(),
        ["aa", "test/x86_64/main", "zz"]
    );
    let keys: Vec<_> = commit.metadata.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["version", "ostree.ref-binding"]);
}

#[test]
fn what_cannot_be_committed_is_named() {
    let tree = plain();
    let (_repo, repo) = scratch(Mode::Archive);
    let class = |path| run(&repo, &options(dir(path))).unwrap_err().class();
    assert_eq!(class(tree.path().join("absent")), Class::NotFound);
    assert_eq!(class(tree.path().join("linked")), Class::System);
    let _socket = UnixListener::bind(tree.path().join("d/socket")).unwrap();
    let error = run(&repo, &options(dir(tree.path()))).unwrap_err();
    assert_eq!(error.class(), Class::Usage);
    assert!(error.to_string().contains("d/socket"), "{error}");
}
