//! A transaction appears whole or not at all, and what it writes looks as libostree's does.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use airlock::format::{Checksum, FileHeader, ObjectKind, ObjectName, Xattrs};
use airlock::repo::{MAX_WHOLE, Mode, Repo, RepoError, SummaryPair, Transaction, walk};
use airlock::{Class, Silent};

use super::objects::fixture;
use super::{hasty, listing, scratch};

/// The second commit of the fixture.
const TO: &str = "9162462524b4c03745c3414155eecdb7958631b1d9c3439214b937718b7a688b";

fn to() -> Checksum {
    TO.parse().unwrap()
}

/// Copies everything the fixture's second commit reaches.
fn copy_all(from: &Repo, tx: &Transaction<'_>) {
    for name in walk::reachable(from, &[to()]).unwrap() {
        match name.kind {
            ObjectKind::File => {
                let mut file = from.file(&name.checksum).unwrap();
                tx.write_file_expecting(&name.checksum, &file.header, file.size, &mut file.reader)
                    .unwrap();
            }
            kind => {
                let bytes = from.read_metadata(&name).unwrap();
                assert_eq!(tx.write_metadata(kind, &bytes).unwrap(), name.checksum);
            }
        }
    }
}

fn file(name: &Checksum) -> ObjectName {
    ObjectName::new(*name, ObjectKind::File)
}

#[test]
fn bare_user_objects_are_stored_as_libostree_stores_them() {
    let (_archive_dir, archive) = fixture("archive-repo");
    let (_theirs_dir, theirs) = fixture("bare-user-repo");
    let (_dir, ours) = hasty(Mode::BareUser);
    let tx = Transaction::begin(&ours).unwrap();
    copy_all(&archive, &tx);
    tx.publish(&Silent).unwrap();
    let objects = ours.path().join("objects");
    let stored: Vec<_> = listing(&objects)
        .into_iter()
        .filter(|path| !path.ends_with('/'))
        .collect();
    assert!(stored.len() > 30);
    for path in stored {
        let (our, their) = (
            objects.join(&path),
            theirs.path().join("objects").join(&path),
        );
        let (a, b) = (fs::metadata(&our).unwrap(), fs::metadata(&their).unwrap());
        assert_eq!(a.permissions(), b.permissions(), "{path}");
        assert_eq!(fs::read(&our).unwrap(), fs::read(&their).unwrap(), "{path}");
        assert_eq!(a.mtime() == 0, b.mtime() == 0, "{path}");
        assert_eq!(ostreemeta(&our), ostreemeta(&their), "{path}");
    }
}

fn ostreemeta(path: &Path) -> Option<Vec<u8>> {
    let mut value = vec![0; 4096];
    let size = rustix::fs::getxattr(path, "user.ostreemeta", &mut value).ok()?;
    value.truncate(size);
    Some(value)
}

#[test]
fn every_mode_gives_back_what_it_was_given() {
    let (_archive_dir, archive) = fixture("archive-repo");
    let root = rustix::process::geteuid().is_root();
    let modes = [Mode::Archive, Mode::BareUser, Mode::Bare];
    for mode in modes.into_iter().filter(|mode| root || *mode != Mode::Bare) {
        let (_dir, repo) = hasty(mode);
        let tx = Transaction::begin(&repo).unwrap();
        copy_all(&archive, &tx);
        tx.publish(&Silent).unwrap();
        assert_eq!(walk::missing(&repo, &[to()]).unwrap(), [], "{mode}");
        for name in walk::reachable(&repo, &[to()]).unwrap() {
            if name.kind == ObjectKind::File {
                let mut file = repo.file(&name.checksum).unwrap();
                let mut content = Vec::new();
                file.reader.read_to_end(&mut content).unwrap();
                assert_eq!(
                    file.header.content_checksum(&content),
                    name.checksum,
                    "{mode}"
                );
            }
        }
        assert_eq!(listing(&repo.path().join("tmp")), ["cache/"], "{mode}");
    }
}

#[test]
fn bare_user_only_takes_canonical_files_and_refuses_others() {
    let xattrs = Xattrs::new([(b"user.a".to_vec(), b"1".to_vec())]).unwrap();
    let table = [
        (
            FileHeader::regular(0, 0, 0o100_644, Xattrs::default()),
            true,
        ),
        (FileHeader::symlink(0, 0, "target", Xattrs::default()), true),
        (
            FileHeader::regular(0, 0, 0o104_755, Xattrs::default()),
            false,
        ),
        (
            FileHeader::regular(0, 0, 0o100_646, Xattrs::default()),
            false,
        ),
        (
            FileHeader::regular(1, 0, 0o100_644, Xattrs::default()),
            false,
        ),
        (FileHeader::regular(0, 0, 0o100_644, xattrs), false),
    ];
    let (_dir, repo) = hasty(Mode::BareUserOnly);
    for (header, taken) in table {
        let tx = Transaction::begin(&repo).unwrap();
        let written = tx.write_file(&header, 0, &mut &b""[..]);
        match taken {
            true => {
                let name = written.unwrap();
                tx.publish(&Silent).unwrap();
                let stored = repo.file(&name).unwrap();
                assert_eq!(stored.header, header);
            }
            false => assert_eq!(written.unwrap_err().class(), Class::Unsupported),
        }
    }
}

#[test]
fn dropping_leaves_no_trace() {
    let (_dir, repo) = hasty(Mode::Archive);
    drop(Transaction::begin(&repo).unwrap());
    let before = listing(repo.path());
    let tx = Transaction::begin(&repo).unwrap();
    let header = FileHeader::regular(0, 0, 0o100_644, Xattrs::default());
    let name = tx.write_file(&header, 3, &mut &b"abc"[..]).unwrap();
    tx.write_metadata(ObjectKind::DirTree, b"\0").unwrap();
    tx.set_ref(&"main".parse().unwrap(), Some(name));
    assert!(tx.has(&file(&name)).unwrap());
    drop(tx);
    assert_eq!(listing(repo.path()), before);
    assert!(!repo.has(&file(&name)).unwrap());
}

#[test]
fn publishing_sets_refs_summary_and_state_together() {
    let (_dir, repo) = scratch(Mode::Archive);
    let (_archive_dir, archive) = fixture("archive-repo");
    let tx = Transaction::begin(&repo).unwrap();
    copy_all(&archive, &tx);
    tx.stage_commitmeta(&to(), &archive.commitmeta(&to()).unwrap());
    tx.set_ref(&"os/main".parse().unwrap(), Some(to()));
    tx.set_summary(SummaryPair {
        summary: b"summary".to_vec(),
        signature: Some(b"signature".to_vec()),
    });
    tx.write_state("state.json", b"{}".to_vec(), 0o640);
    tx.append_journal("{\"entry\":1}".to_owned());
    let published = tx.publish(&Silent).unwrap();
    assert_eq!((published.commits, published.refs), (1, 1));
    assert_eq!(repo.resolve("os/main").unwrap(), to());
    assert_eq!(repo.commitmeta(&to()).unwrap().len(), 1);
    let stat = |name: &str| fs::metadata(repo.path().join(name)).unwrap();
    let mode = |name: &str| stat(name).permissions().mode() & 0o7777;
    assert_eq!(stat("summary").mtime(), stat("summary.sig").mtime());
    assert_eq!(
        stat("summary").mtime_nsec(),
        stat("summary.sig").mtime_nsec()
    );
    assert_eq!(mode("summary"), 0o644);
    assert_eq!(mode("extensions/airlock/state.json"), 0o640);
    assert_eq!(mode("extensions/airlock/journal.jsonl"), 0o640);
    let journal = repo.read_extension("journal.jsonl").unwrap().unwrap();
    assert_eq!(journal, b"{\"entry\":1}\n");
    assert!(!repo.is_interrupted().unwrap());
}

#[test]
fn a_newer_summary_has_a_later_second() {
    let (_dir, repo) = hasty(Mode::Archive);
    let mut last = 0;
    for round in 0..3u8 {
        let tx = Transaction::begin(&repo).unwrap();
        tx.set_summary(SummaryPair {
            summary: vec![round],
            signature: None,
        });
        tx.publish(&Silent).unwrap();
        let time = fs::metadata(repo.path().join("summary")).unwrap().mtime();
        assert!(time > last);
        last = time;
    }
}

#[test]
fn what_changed_since_it_was_judged_is_not_overwritten() {
    let (_dir, repo) = hasty(Mode::Archive);
    let name = "main".parse().unwrap();
    let (judged, meanwhile) = (Checksum::of(b"judged"), Checksum::of(b"meanwhile"));
    repo.write_ref(&airlock::repo::RefPlace::Heads, &name, Some(&meanwhile))
        .unwrap();
    let tx = Transaction::begin(&repo).unwrap();
    tx.expect_ref(&name, Some(judged));
    tx.set_ref(&name, Some(Checksum::of(b"new")));
    let error = tx.publish(&Silent).unwrap_err();
    assert!(matches!(error, RepoError::Changed { .. }));
    assert_eq!(error.class(), Class::Busy);
    assert_eq!(repo.ref_commit(&name).unwrap(), Some(meanwhile));

    let tx = Transaction::begin(&repo).unwrap();
    tx.expect_summary(Some(judged));
    assert_eq!(tx.publish(&Silent).unwrap_err().class(), Class::Busy);
}

#[test]
fn content_that_is_not_what_was_said_is_refused() {
    let (_dir, repo) = hasty(Mode::Archive);
    let header = FileHeader::regular(0, 0, 0o100_644, Xattrs::default());
    let tx = Transaction::begin(&repo).unwrap();
    for size in [2, 4] {
        let error = tx.write_file(&header, size, &mut &b"abc"[..]).unwrap_err();
        assert!(matches!(error, RepoError::SizeMismatch { .. }), "{size}");
    }
    let other = Checksum::of(b"other");
    let error = tx
        .write_file_expecting(&other, &header, 3, &mut &b"abc"[..])
        .unwrap_err();
    assert!(matches!(error, RepoError::ObjectMismatch { .. }));
    assert!(!tx.has(&file(&other)).unwrap());
}

/// Fails where it would end.
struct Unfinished<'a>(&'a [u8]);

impl Read for Unfinished<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::ErrorKind::InvalidData.into()),
            read => Ok(read),
        }
    }
}

#[test]
fn what_its_source_does_not_vouch_for_is_refused() {
    let large = vec![7; MAX_WHOLE as usize + 1];
    for (mode, content) in [
        (Mode::Archive, &b"abc"[..]),
        (Mode::BareUser, b"abc"),
        (Mode::Archive, &large),
        (Mode::BareUser, &large),
    ] {
        let (_dir, repo) = hasty(mode);
        let header = FileHeader::regular(0, 0, 0o100_644, Xattrs::default());
        let name = header.content_checksum(content);
        let size = content.len() as u64;
        let tx = Transaction::begin(&repo).unwrap();
        let error = tx
            .adopt_made(&name, &header, size, &mut Unfinished(content))
            .unwrap_err();
        assert!(matches!(error, RepoError::Io { .. }), "{error:?}");
        let error = tx
            .adopt_made(&name, &header, size - 1, &mut &*content)
            .unwrap_err();
        assert!(matches!(error, RepoError::SizeMismatch { .. }));
        assert!(!tx.has(&file(&name)).unwrap());
        tx.adopt_made(&name, &header, size, &mut &*content).unwrap();
        assert!(tx.has(&file(&name)).unwrap());
        tx.publish(&Silent).unwrap();
        let mut stored = Vec::new();
        let mut object = repo.file(&name).unwrap();
        object.reader.read_to_end(&mut stored).unwrap();
        assert!(stored == content, "{mode:?}");
    }
}

#[test]
fn a_stage_is_taken_up_again_and_what_is_damaged_in_it_goes() {
    let (_dir, repo) = hasty(Mode::Archive);
    let id = Checksum::of(b"bundle");
    let header = FileHeader::regular(0, 0, 0o100_644, Xattrs::default());
    let (tx, found) = Transaction::resume(&repo, &id, 2).unwrap();
    assert_eq!(found, 0);
    let names: Vec<_> = (0..3u8)
        .map(|byte| tx.write_file(&header, 1, &mut &[byte][..]).unwrap())
        .collect();
    // As a kill leaves it.
    std::mem::forget(tx);
    let stage = repo.path().join(format!("extensions/airlock/stage/{id}"));
    let mode = fs::metadata(&stage).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o700);
    let hex = names[0].to_string();
    let damaged = stage.join(format!("{}/{}.filez", &hex[..2], &hex[2..]));
    fs::write(&damaged, b"damaged").unwrap();
    fs::write(stage.join("tmp.stray"), b"").unwrap();

    let (tx, found) = Transaction::resume(&repo, &id, 2).unwrap();
    assert_eq!(found, 2);
    assert!(!tx.has(&file(&names[0])).unwrap());
    assert!(tx.has(&file(&names[1])).unwrap());
    assert!(!damaged.exists());
    tx.publish(&Silent).unwrap();
    assert!(repo.has(&file(&names[2])).unwrap());
    assert!(!stage.exists());

    // A failure that is noticed leaves nothing behind.
    let before = listing(repo.path());
    let (tx, _) = Transaction::resume(&repo, &id, 2).unwrap();
    tx.write_file(&header, 1, &mut &b"x"[..]).unwrap();
    drop(tx);
    assert_eq!(listing(repo.path()), before);
}

#[test]
fn several_threads_write_the_same_objects() {
    let (_dir, repo) = hasty(Mode::Archive);
    let tx = Transaction::begin(&repo).unwrap();
    let header = FileHeader::regular(0, 0, 0o100_644, Xattrs::default());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..200u32 {
                    let content = number.to_le_bytes();
                    tx.write_file(&header, 4, &mut &content[..]).unwrap();
                }
            });
        }
    });
    assert_eq!(tx.publish(&Silent).unwrap().objects, 200);
}

#[test]
fn large_files_flow_in_pieces() {
    let size = MAX_WHOLE + 1;
    for mode in [Mode::Archive, Mode::BareUser] {
        let (_dir, repo) = hasty(mode);
        let tx = Transaction::begin(&repo).unwrap();
        let header = FileHeader::regular(0, 0, 0o100_644, Xattrs::default());
        let name = tx
            .write_file(&header, size, &mut std::io::repeat(7).take(size))
            .unwrap();
        for wrong in [size - 1, size + 1] {
            let mut content = std::io::repeat(7).take(wrong);
            assert!(tx.write_file(&header, size, &mut content).is_err());
        }
        assert_eq!(tx.publish(&Silent).unwrap().objects, 1);
        let mut stored = repo.file(&name).unwrap();
        let mut hash = stored.header.hasher();
        std::io::copy(&mut stored.reader, &mut hash).unwrap();
        assert_eq!(hash.finish(), name);
    }
}

#[test]
fn the_reserve_is_not_touched() {
    let (dir, repo) = hasty(Mode::Archive);
    drop(repo);
    let path = dir.path().join("repo");
    let config = fs::read_to_string(path.join("config")).unwrap();
    fs::write(
        path.join("config"),
        format!("{config}min-free-space-size=900000TB\n"),
    )
    .unwrap();
    let repo = Repo::open(&path).unwrap();
    let tx = Transaction::begin(&repo).unwrap();
    let header = FileHeader::regular(0, 0, 0o100_644, Xattrs::default());
    let error = tx.write_file(&header, 1, &mut &b"x"[..]).unwrap_err();
    assert!(matches!(error, RepoError::NoSpace { .. }));
    assert_eq!(error.class(), Class::System);
    // Metadata is exempt, as with libostree.
    tx.write_metadata(ObjectKind::DirTree, b"\0").unwrap();
}

/// Where `objects` has none of a two-letter directory yet it is moved as a whole: nobody may see that.
#[test]
fn directories_of_objects_look_like_objects_and_take_more() {
    let (_dir, repo) = hasty(Mode::Archive);
    let objects = repo.path().join("objects");
    fs::set_permissions(&objects, fs::Permissions::from_mode(0o2750)).unwrap();
    let header = FileHeader::regular(0, 0, 0o100_644, Xattrs::default());
    let mut names = Vec::new();
    for round in 0..3_u32 {
        let tx = Transaction::begin(&repo).unwrap();
        for number in 0..300_u32 {
            let content = (round * 300 + number).to_le_bytes();
            names.push(tx.write_file(&header, 4, &mut content.as_slice()).unwrap());
        }
        tx.publish(&Silent).unwrap();
    }
    for name in &names {
        assert!(repo.has(&file(name)).unwrap(), "{name}");
    }
    for fan in fs::read_dir(&objects).unwrap() {
        let mode = fan.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o2750);
    }
}
