//! Every object of a repository that stock `ostree` wrote, read and written again byte for byte.

use std::collections::BTreeMap;
use std::io::Read;

use airlock::format::{Checksum, Codec, Commit, DirMeta, DirTree, Encoded, Metadata};

/// Unpacks an archive of fixtures in memory, without the directory it begins with.
pub fn unpack(name: &str) -> BTreeMap<String, Vec<u8>> {
    let packed = super::data(name);
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed.as_slice()));
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if let Some((_, path)) = path
            .split_once('/')
            .filter(|_| entry.header().entry_type().is_file())
        {
            files.insert(path.to_owned(), bytes);
        }
    }
    files
}

/// Returns the objects with an extension: checksum and bytes.
pub fn objects(extension: &str) -> Vec<(Checksum, Vec<u8>)> {
    let mut found = Vec::new();
    for archive in ["archive-repo", "collection-repo"] {
        for (path, bytes) in unpack(&format!("{archive}.tar.gz")) {
            let name = path
                .strip_prefix("objects/")
                .and_then(|path| path.rsplit_once('.'));
            if let Some((checksum, _)) = name.filter(|(_, other)| *other == extension) {
                found.push((checksum.replace('/', "").parse().unwrap(), bytes));
            }
        }
    }
    assert!(!found.is_empty(), "no {extension}");
    found
}

fn assert_golden<T: Codec>(extension: &str) {
    for (checksum, bytes) in objects(extension) {
        let object = Encoded::<T>::decode(bytes).unwrap();
        assert_eq!(object.checksum(), checksum);
        assert_eq!(object.bytes(), T::encode(&object), "{checksum}.{extension}");
    }
}

#[test]
fn dirtrees_are_written_as_ostree_writes_them() {
    assert_golden::<DirTree>("dirtree");
}

#[test]
fn dirmetas_are_written_as_ostree_writes_them() {
    assert_golden::<DirMeta>("dirmeta");
}

#[test]
fn commits_are_written_as_ostree_writes_them() {
    assert_golden::<Commit>("commit");
}

#[test]
fn commitmetas_are_written_as_ostree_writes_them() {
    for (checksum, bytes) in objects("commitmeta") {
        let metadata = Metadata::decode(&bytes).unwrap();
        assert_eq!(metadata.encode_hash_order(), bytes, "{checksum}");
        assert!(!metadata.signatures(Metadata::GPGSIGS).unwrap().is_empty());
    }
}

#[test]
fn the_second_commit_says_what_it_was_given() {
    let from = "308148eac3440c57252437962f8bc9fcce9fb31b7ea2b1da585351be42b259f2";
    let to = "9162462524b4c03745c3414155eecdb7958631b1d9c3439214b937718b7a688b"
        .parse()
        .unwrap();
    let (_, bytes) = objects("commit")
        .into_iter()
        .find(|(id, _)| *id == to)
        .unwrap();
    let commit = Encoded::<Commit>::decode(bytes).unwrap();
    assert_eq!(commit.subject, "Second commit");
    assert_eq!(commit.timestamp, 1_700_086_400);
    assert_eq!(commit.parent.unwrap().to_string(), from);
    assert_eq!(commit.version(), Some("2.0"));
    assert_eq!(commit.metadata.get_u64("num"), Some(5));
    assert_eq!(
        commit.ref_binding(),
        Some(vec!["test/x86_64/main".to_owned()])
    );
    assert_eq!(commit.collection_binding(), None);
}
