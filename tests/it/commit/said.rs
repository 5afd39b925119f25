//! What options make a commit say, and which paths they leave out.

use std::fs;
use std::path::Path;

use airlock::Class;
use airlock::format::delta::varint;
use airlock::format::{Checksum, Metadata, ObjectKind, ObjectName};
use airlock::repo::{Mode, Repo};
use airlock::workflow::commit::{Bindings, Bootable, Sizes, TreeSource};

use super::{dir, options, run, tar};
use crate::repo::scratch;

fn tree(files: &[&str]) -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    for name in files {
        let path = tree.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
    }
    tree
}

fn kernel(version: &str) -> String {
    format!("usr/lib/modules/{version}/vmlinuz")
}

#[test]
fn the_one_kernel_is_named() {
    let (_dir, repo) = scratch(Mode::Archive);
    let (old, new) = (kernel("6.1"), kernel("6.12"));
    for (files, found) in [
        (vec!["etc/hosts"], Err(0)),
        (vec!["usr/lib/modules/6.1/modules.dep"], Err(0)),
        (
            vec![old.as_str(), "usr/lib/modules/5.10/modules.dep"],
            Ok("6.1"),
        ),
        (vec![old.as_str(), new.as_str()], Err(2)),
    ] {
        let tree = tree(&files);
        let mut options = options(dir(tree.path()));
        options.bootable = Bootable::NameKernel;
        match (run(&repo, &options), found) {
            (Ok(outcome), Ok(version)) => {
                let commit = repo.commit(&outcome.commit).unwrap();
                assert_eq!(commit.metadata.get_str(Metadata::LINUX), Some(version));
                assert_eq!(commit.metadata.get_bool(Metadata::BOOTABLE), Some(true));
            }
            (Err(error), Err(count)) => {
                assert_eq!(error.class(), Class::Usage);
                let expected = format!("usr/lib/modules has {count} kernels (VERSION/vmlinuz)");
                assert_eq!(error.to_string(), expected);
            }
            (other, _) => panic!("{files:?}: {other:?}"),
        }
    }
}

#[test]
fn a_commit_without_bindings_names_neither_ref_nor_collection() {
    let tree = tree(&["file"]);
    let (_dir, repo) = scratch(Mode::Archive);
    let mut options = options(dir(tree.path()));
    options.bindings = Bindings::LeaveOut;
    let outcome = run(&repo, &options).unwrap();
    let commit = repo.commit(&outcome.commit).unwrap();
    assert_eq!(commit.ref_binding(), None);
    assert_eq!(commit.metadata.len(), 1);
}

/// Reads `ostree.sizes` back, and compares each entry with the object's file.
#[test]
fn sizes_are_those_of_the_stored_objects() {
    let tree = tree(&["file", "etc/other"]);
    std::os::unix::fs::symlink("target", tree.path().join("link")).unwrap();
    let (_dir, repo) = scratch(Mode::Archive);
    let mut options = options(dir(tree.path()));
    options.sizes = Sizes::List;
    let outcome = run(&repo, &options).unwrap();
    let commit = repo.commit(&outcome.commit).unwrap();
    let sizes = commit.metadata.signatures(Metadata::SIZES).unwrap();
    let mut names = Vec::new();
    for entry in &sizes {
        let (checksum, mut rest) = entry.split_at(32);
        let stored = varint::read(&mut rest).unwrap();
        let unpacked = varint::read(&mut rest).unwrap();
        let [kind] = rest else { panic!("{rest:?}") };
        let checksum = Checksum::from_slice(checksum).unwrap();
        let name = ObjectName::new(checksum, ObjectKind::from_code(*kind).unwrap());
        assert_eq!(repo.object_size(&name).unwrap(), stored, "{name}");
        let content = match name.kind {
            ObjectKind::File => {
                let file = repo.file(&checksum).unwrap();
                file.header
                    .target
                    .map_or(file.size, |target| target.len() as u64)
            }
            _ => stored,
        };
        assert_eq!(content, unpacked, "{name}");
        names.push(checksum);
    }
    assert!(names.is_sorted());
    // Three files, two directories, whose owner and mode are the same or not.
    let all = airlock::repo::walk::reachable(&repo, &[outcome.commit]).unwrap();
    assert_eq!(names.len(), all.len() - 1);
}

fn files(repo: &Repo, commit: &Checksum) -> Vec<String> {
    let mut found = Vec::new();
    airlock::repo::walk::walk(repo, &[*commit], &mut |name, path| {
        if name.kind == ObjectKind::File {
            found.push(path.to_string());
        }
        Ok(())
    })
    .unwrap();
    found.sort();
    found
}

fn pack(tree: &Path, to: &Path) {
    let mut builder = ::tar::Builder::new(fs::File::create(to).unwrap());
    builder.append_dir_all(".", tree).unwrap();
    builder.finish().unwrap();
}

#[test]
fn what_is_skipped_takes_all_beneath_it_along() {
    let tree = tree(&["keep", "gone/deep/file", "gone/file", "also"]);
    let (scratch_dir, repo) = scratch(Mode::Archive);
    let archive = scratch_dir.path().join("tree.tar");
    pack(tree.path(), &archive);
    let base = run(&repo, &options(dir(tree.path()))).unwrap().commit;
    let sources = [
        dir(tree.path()),
        tar(&archive),
        vec![TreeSource::Commit(base)],
    ];
    for source in sources {
        let mut options = options(source);
        options.exceptions.skip("/gone\n/also\n").unwrap();
        options.exceptions.override_modes("=448 /keep").unwrap();
        let commit = run(&repo, &options).unwrap().commit;
        assert_eq!(files(&repo, &commit), ["/keep"]);
        let root = repo.tree(&repo.commit(&commit).unwrap().tree).unwrap();
        let keep = repo.file(&root.file("keep").unwrap()).unwrap();
        assert_eq!(keep.header.mode, 0o100_700);

        options.exceptions.skip("/nowhere").unwrap();
        let error = run(&repo, &options).unwrap_err();
        assert_eq!(error.class(), Class::Usage, "{error}");
    }
}
