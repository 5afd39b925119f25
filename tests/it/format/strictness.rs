//! Objects that libostree takes in one version or another, and that are refused here.
//!
//! Every row is in normal form; what is wrong with it is its name.

use airlock::format::gvariant::Value;
use airlock::format::{Codec, Commit, DirMeta, DirTree, FileHeader, Metadata, Xattrs};

fn digest() -> Value {
    Value::ay([7; 32])
}

fn file(name: &str) -> Value {
    Value::tuple([Value::str(name), digest()])
}

fn dir(name: &str) -> Value {
    Value::tuple([Value::str(name), digest(), digest()])
}

fn tree<const F: usize, const D: usize>(files: [Value; F], dirs: [Value; D]) -> Value {
    Value::tuple([Value::array("(say)", files), Value::array("(sayay)", dirs)])
}

#[test]
fn dirtrees() {
    let long = "x".repeat(256);
    assert!(DirTree::decode(tree([file("a"), file("c")], [dir("b"), dir("été")]).bytes()).is_ok());
    assert!(DirTree::decode(tree([file(&long[1..])], []).bytes()).is_ok());
    let short = Value::tuple([Value::str("a"), Value::ay([7; 31])]);
    let no_meta = Value::tuple([Value::str("a"), digest(), Value::ay([])]);
    for (fault, tree, error) in [
        (
            "unsorted-files",
            tree([file("b"), file("a")], []),
            "out of order",
        ),
        (
            "unsorted-dirs",
            tree([], [dir("b"), dir("a")]),
            "out of order",
        ),
        (
            "sorted-as-signed-bytes",
            tree([file("é"), file("z")], []),
            "out of order",
        ),
        ("file-twice", tree([file("a"), file("a")], []), "twice"),
        ("dir-twice", tree([], [dir("a"), dir("a")]), "twice"),
        (
            "file-and-dir",
            tree([file("a"), file("b")], [dir("0"), dir("b")]),
            "twice",
        ),
        ("empty-name", tree([file("")], []), "not a possible name"),
        ("dot", tree([file(".")], []), "not a possible name"),
        ("dot-dot", tree([], [dir("..")]), "not a possible name"),
        ("slash", tree([file("a/b")], []), "not a possible name"),
        ("long-name", tree([file(&long)], []), "not a possible name"),
        ("short-checksum", tree([short], []), "31 bytes"),
        ("no-dirmeta", tree([], [no_meta]), "0 bytes"),
    ] {
        let found = DirTree::decode(tree.bytes()).unwrap_err().to_string();
        assert!(found.contains(error), "{fault}: {found}");
    }
}

#[test]
fn a_new_tree_is_sorted_and_checked() {
    let id = airlock::format::Checksum::of(b"");
    let files = ["b", "a"].map(|name| (name.to_owned(), id)).to_vec();
    let tree = DirTree::new(files, vec![("c".to_owned(), id, id)]).unwrap();
    assert_eq!(DirTree::decode(&tree.encode()), Ok(tree.clone()));
    assert_eq!((tree.file("a"), tree.file("c")), (Some(id), None));
    assert_eq!((tree.dir("c"), tree.dir("a")), (Some((id, id)), None));
    assert!(DirTree::new(tree.files.clone(), vec![("a".to_owned(), id, id)]).is_err());
}

fn xattr(name: &[u8]) -> Value {
    Value::tuple([Value::ay(name), Value::ay(*b"value")])
}

fn xattrs<const N: usize>(pairs: [Value; N]) -> Value {
    Value::array("(ayay)", pairs)
}

#[test]
fn xattr_lists() {
    let good = xattrs([xattr(b"user.a\0"), xattr(b"user.b\0")]);
    assert_eq!(Xattrs::decode(good.bytes()).unwrap().to_value(), good);
    for (fault, list, error) in [
        (
            "unsorted",
            xattrs([xattr(b"user.b\0"), xattr(b"user.a\0")]),
            "out of order",
        ),
        (
            "twice",
            xattrs([xattr(b"user.a\0"), xattr(b"user.a\0")]),
            "twice",
        ),
        ("without-nul", xattrs([xattr(b"user.a")]), "no NUL"),
        (
            "nul-within",
            xattrs([xattr(b"user\0a\0")]),
            "not a possible name",
        ),
        ("empty-name", xattrs([xattr(b"\0")]), "not a possible name"),
        ("no-name", xattrs([xattr(b"")]), "no NUL"),
    ] {
        let found = Xattrs::decode(list.bytes()).unwrap_err().to_string();
        assert!(found.contains(error), "{fault}: {found}");
    }
    let pair = |name: &str| (name.as_bytes().to_vec(), b"value".to_vec());
    assert_eq!(
        Xattrs::new([pair("user.b"), pair("user.a")])
            .unwrap()
            .to_value(),
        good
    );
    for bad in ["", "a\0b"] {
        assert!(Xattrs::new([pair(bad)]).is_err());
    }
    assert!(Xattrs::new([pair("user.a"), pair("user.a")]).is_err());
}

fn owner(mode: u32) -> Vec<u8> {
    let [uid, gid, mode] = [0, 0, mode].map(Value::u32_be);
    Value::tuple([uid, gid, mode, xattrs([])]).into_bytes()
}

#[test]
fn modes() {
    for mode in [0o40755, 0o41777, 0o42750, 0o40000] {
        assert_eq!(DirMeta::decode(&owner(mode)).unwrap().encode(), owner(mode));
    }
    for mode in [0o755, 0o100755, 0o120777, 0o1040755, 0o60755] {
        assert!(DirMeta::decode(&owner(mode)).is_err(), "{mode:o}");
    }
    assert!(
        DirMeta::decode(&[&owner(0o40755)[..], &[0; 4]].concat()).is_err(),
        "trailing zeros"
    );
    let link = || Some("x".to_owned());
    for (mode, target, is_good) in [
        (0o100644, None, true),
        (0o104755, None, true),
        (0o120777, link(), true),
        (0o100644, link(), false),
        (0o120777, None, false),
        (0o120777, Some(String::new()), false),
        (0o120777, Some("x\0".to_owned()), false),
        (0o120777, Some("x".repeat(4096)), false),
        (0o644, None, false),
        (0o40755, None, false),
        (0o20644, None, false),
        (0o1100644, None, false),
    ] {
        let found = FileHeader::from_ostreemeta(&owner(mode), target.clone());
        assert_eq!(found.is_ok(), is_good, "{mode:o} {target:?}");
        if let Ok(header) = found {
            assert_eq!(header.ostreemeta(), owner(mode));
        }
    }
}

#[test]
fn canonical_is_what_bare_user_only_keeps() {
    let attrs = Xattrs::new([(b"user.a".to_vec(), vec![1])]).unwrap();
    for (mode, canonical) in [
        (0o664, 0o644),
        (0o4755, 0o755),
        (0o600, 0o600),
        (0o2775, 0o755),
    ] {
        let file = FileHeader::regular(1, 2, mode, attrs.clone()).canonical();
        assert_eq!(
            file,
            FileHeader::regular(0, 0, canonical, Xattrs::default())
        );
        let dir = DirMeta {
            uid: 1,
            gid: 2,
            mode: 0o40000 | mode,
            xattrs: attrs.clone(),
        };
        assert_eq!(dir.canonical().mode, 0o40000 | canonical);
        assert!(dir.canonical().xattrs.is_empty());
    }
    let link = FileHeader::symlink(1, 2, "x", attrs).canonical();
    assert_eq!(link, FileHeader::symlink(0, 0, "x", Xattrs::default()));
}

#[test]
fn commits() {
    let commit = |metadata: Value, parent: &[u8], related: Value, tree: &[u8]| {
        let texts = [Value::str(""), Value::str(""), Value::u64_be(0)];
        let [subject, body, time] = texts;
        let parent = Value::ay(parent);
        Value::tuple([
            metadata,
            parent,
            related,
            subject,
            body,
            time,
            Value::ay(tree),
            digest(),
        ])
    };
    let none = || Value::array("(say)", []);
    let empty = || Metadata::new().to_value();
    let nameless = Value::vardict([("", &Value::byte(0))]);
    let good = commit(empty(), &[], none(), &[7; 32]);
    assert_eq!(Commit::decode(good.bytes()).unwrap().encode(), good.bytes());
    for (fault, commit) in [
        ("short-parent", commit(empty(), &[7; 31], none(), &[7; 32])),
        ("no-tree", commit(empty(), &[], none(), &[])),
        (
            "related",
            commit(empty(), &[], Value::array("(say)", [file("a")]), &[7; 32]),
        ),
        ("empty-key", commit(nameless, &[], none(), &[7; 32])),
    ] {
        assert!(Commit::decode(commit.bytes()).is_err(), "{fault}");
    }
}
