//! Directories that no two readers would take alike, or that nobody could walk.

use airlock::format::gvariant::Value;
use airlock::format::{Checksum, ObjectKind};

use crate::attack::{Attack, withstand};
use crate::craft::{RawPart, Release, plain_file, plain_meta};

/// What stands for a byte that is not UTF-8, and for a NUL, until the tree is written.
const NOT_UTF8: &str = "@8@";
const NUL: &str = "@0@";

/// A directory of files and directories, in the order given, whatever they are called.
fn tree(files: &[(&str, Checksum)], dirs: &[(&str, Checksum, Checksum)]) -> Vec<u8> {
    let ay = |checksum: &Checksum| Value::ay(*checksum.as_bytes());
    let file = |(name, file): &(&str, Checksum)| Value::tuple([Value::str(name), ay(file)]);
    let dir = |(name, tree, meta): &(&str, Checksum, Checksum)| {
        Value::tuple([Value::str(name), ay(tree), ay(meta)])
    };
    let files = Value::array("(say)", files.iter().map(file));
    let dirs = Value::array("(sayay)", dirs.iter().map(dir));
    let bytes = Value::tuple([files, dirs]).into_bytes();
    let bytes = replaced(bytes, NOT_UTF8, b"a\xffa");
    replaced(bytes, NUL, b"a\0a")
}

fn replaced(mut bytes: Vec<u8>, what: &str, with: &[u8]) -> Vec<u8> {
    let found = bytes
        .windows(what.len())
        .position(|at| at == what.as_bytes());
    if let Some(at) = found {
        bytes[at..at + with.len()].copy_from_slice(with);
    }
    bytes
}

#[test]
fn names() {
    let file = plain_file(b"");
    let long = "n".repeat(256);
    let longer = "n".repeat(300);
    let longest = "n".repeat(100_000);
    let table: [(&str, &[&str], &[&str]); 19] = [
        ("an empty file name", &[""], &[]),
        ("an empty directory name", &[], &[""]),
        ("a file named .", &["."], &[]),
        ("a directory named .", &[], &["."]),
        ("a file named ..", &[".."], &[]),
        ("a directory named ..", &[], &[".."]),
        ("a slash", &["/"], &[]),
        ("a path", &["a/b"], &[]),
        ("an absolute path", &["/etc/passwd"], &[]),
        ("a path out of here", &[], &["../../x"]),
        ("256 bytes", &[&long], &[]),
        ("300 bytes", &[], &[&longer]),
        ("100,000 bytes", &[&longest], &[]),
        ("a byte that is not UTF-8", &[NOT_UTF8], &[]),
        ("a NUL", &[], &[NUL]),
        ("a file twice", &["a", "a"], &[]),
        ("a directory twice", &[], &["a", "a"]),
        ("files not sorted", &["b", "a"], &[]),
        ("a file and a directory of one name", &["a", "b"], &["b"]),
    ];
    let attack = |(name, files, dirs): (&str, &[&str], &[&str])| {
        let empty = Checksum::of(&tree(&[], &[]));
        let meta = Checksum::of(&plain_meta());
        let files: Vec<_> = files.iter().map(|name| (*name, file)).collect();
        let dirs: Vec<_> = dirs.iter().map(|name| (*name, empty, meta)).collect();
        let root = tree(&files, &dirs);
        Attack::new(name, "", move || {
            let mut part = RawPart::new();
            part.file(b"");
            part.metadata(ObjectKind::DirTree, &tree(&[], &[]));
            let meta = part.metadata(ObjectKind::DirMeta, &plain_meta());
            let root = part.metadata(ObjectKind::DirTree, &root);
            let mut release = Release::new(root, meta);
            release.part(&part);
            release.forged()
        })
    };
    withstand(table.into_iter().map(attack).collect());
}
