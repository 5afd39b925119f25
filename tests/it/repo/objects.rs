//! Files and metadata are read in every mode, and are what their names say.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use airlock::Class;
use airlock::format::{Checksum, ObjectKind, ObjectName, Xattrs};
use airlock::repo::{Mode, Repo};
use tempfile::TempDir;

use super::listing;
pub use crate::fixture::repo as fixture;

const FROM: &str = "308148eac3440c57252437962f8bc9fcce9fb31b7ea2b1da585351be42b259f2";
const TO: &str = "9162462524b4c03745c3414155eecdb7958631b1d9c3439214b937718b7a688b";
const BUO: &str = "c00e4470ba5ccfc93971e43e8b8323121302aa1b63f6f6f7d135eda717d453a3";
const COL: &str = "4c34fabfc61e392297f4508b6db5062500c87d65299f4d4934ff23bf1282357a";

/// Reads a tree through and through; returns the files that are in it.
fn read_tree(repo: &Repo, tree: &Checksum, meta: &Checksum, files: &mut BTreeSet<Checksum>) {
    repo.dirmeta(meta).unwrap();
    let tree = repo.tree(tree).unwrap();
    for (name, checksum) in &tree.files {
        assert_eq!(content_of(repo, checksum), *checksum, "{name}");
        files.insert(*checksum);
    }
    for (_, tree, meta) in &tree.dirs {
        read_tree(repo, tree, meta, files);
    }
}

/// Reads a file and returns the checksum of what was read.
fn content_of(repo: &Repo, checksum: &Checksum) -> Checksum {
    let mut file = repo.file(checksum).unwrap();
    let mut content = Vec::new();
    file.reader.read_to_end(&mut content).unwrap();
    assert_eq!(content.len() as u64, file.size);
    file.header.content_checksum(&content)
}

#[test]
fn every_object_is_what_its_name_says() {
    let table = [
        ("archive-repo", Mode::Archive, &[FROM, TO][..]),
        ("bare-user-repo", Mode::BareUser, &[FROM, TO]),
        ("bare-user-only-repo", Mode::BareUserOnly, &[BUO]),
        ("collection-repo", Mode::Archive, &[COL]),
    ];
    for (name, mode, commits) in table {
        let (_dir, repo) = fixture(name);
        assert_eq!(repo.mode(), mode);
        let mut files = BTreeSet::new();
        for commit in commits {
            let commit = repo.commit(&commit.parse().unwrap()).unwrap();
            read_tree(&repo, &commit.tree, &commit.meta, &mut files);
        }
        let stored = listing(&repo.path().join("objects"));
        let is_file = |path: &&String| path.ends_with(".file") || path.ends_with(".filez");
        assert_eq!(files.len(), stored.iter().filter(is_file).count(), "{name}");
    }
}

#[test]
fn refs_and_revisions_of_a_stock_repository() {
    let (_dir, repo) = fixture("archive-repo");
    let (from, to) = (FROM.parse().unwrap(), TO.parse().unwrap());
    let refs = repo.refs().unwrap();
    assert_eq!(refs.len(), 2);
    assert_eq!(
        refs["stable"].alias_of,
        Some("test/x86_64/main".parse().unwrap())
    );
    let table = [
        ("test/x86_64/main", to),
        ("stable", to),
        ("stable^", from),
        ("308148eac", from),
        (&FROM[..1], from),
        (FROM, from),
    ];
    for (rev, commit) in table {
        assert_eq!(repo.resolve(rev).unwrap(), commit, "{rev}");
    }
    assert_eq!(
        repo.resolve("stable^^").unwrap_err().class(),
        Class::NotFound
    );
    assert_eq!(
        repo.commitmeta(&to)
            .unwrap()
            .signatures("ostree.gpgsigs")
            .unwrap()
            .len(),
        2
    );
    assert!(!repo.is_partial(&to).unwrap());
    std::fs::write(repo.path().join(format!("state/{to}.commitpartial")), "").unwrap();
    assert!(repo.is_partial(&to).unwrap());
}

#[test]
fn absent_and_altered_objects_are_told_apart() {
    let (_dir, repo) = fixture("archive-repo");
    let commit: Checksum = FROM.parse().unwrap();
    let absent = Checksum::of(b"absent");
    let name = ObjectName::new(absent, ObjectKind::File);
    assert!(!repo.has(&name).unwrap());
    assert_eq!(repo.file(&absent).unwrap_err().class(), Class::Corrupt);
    assert_eq!(repo.commit(&absent).unwrap_err().class(), Class::NotFound);
    assert!(repo.commitmeta(&absent).unwrap().is_empty());

    let name = ObjectName::new(commit, ObjectKind::Commit);
    assert!(repo.has(&name).unwrap());
    assert_eq!(repo.object_size(&name).unwrap(), 182);
    let path = repo
        .path()
        .join(format!("objects/{}/{}.commit", &FROM[..2], &FROM[2..]));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[80] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(repo.commit(&commit).unwrap_err().class(), Class::Corrupt);
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    assert_eq!(repo.commit(&commit).unwrap_err().class(), Class::Corrupt);
}

#[test]
fn bare_files_have_the_owner_and_attributes_of_the_disk() {
    for (mode, split) in [("bare", false), ("bare-split-xattrs", true)] {
        let dir = TempDir::new().unwrap();
        for path in ["objects/00", "refs/heads", "tmp", "state"] {
            std::fs::create_dir_all(dir.path().join(path)).unwrap();
        }
        let config = format!("[core]\nrepo_version=1\nmode={mode}\n");
        std::fs::write(dir.path().join("config"), config).unwrap();
        let loose = |extension: &str| {
            dir.path()
                .join(format!("objects/00/{}.{extension}", "0".repeat(62)))
        };
        std::fs::write(loose("file"), "content").unwrap();
        let file = File::open(loose("file")).unwrap();
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::fsetxattr(&file, "user.on-disk", b"1", flags).unwrap();
        let stored = Xattrs::new([(b"user.split".to_vec(), b"2".to_vec())]).unwrap();
        std::fs::write(loose("file-xattrs-link"), stored.to_value().bytes()).unwrap();

        let repo = Repo::open(dir.path()).unwrap();
        let file = repo.file(&Checksum::from_bytes([0; 32])).unwrap();
        let stat = std::fs::metadata(loose("file")).unwrap();
        assert_eq!((file.header.uid, file.header.gid), (stat.uid(), stat.gid()));
        assert_eq!((file.header.mode, file.size), (stat.mode(), 7));
        let names: Vec<_> = file
            .header
            .xattrs
            .iter()
            .map(|(name, _)| name.to_vec())
            .collect();
        let expected: &[u8] = if split {
            b"user.split"
        } else {
            b"user.on-disk"
        };
        assert!(names.contains(&expected.to_vec()), "{mode}: {names:?}");
        assert_eq!(names.len(), 1, "{mode}");
    }
}
