//! The reader of bundles: what a good one yields, and every structural fault by its name.

use std::convert::Infallible;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use airlock::bundle::{Bundle, FilezObject, PayloadSink, ReadError, StreamError};
use airlock::format::Checksum;
use airlock::{Class, Silent, Stage};

use crate::handmade::{Handmade, Part, filez, noise, object_path, tar_of};

/// Notes what arrives.
#[derive(Default)]
struct Recorder {
    seen: Mutex<Vec<String>>,
}

impl Recorder {
    fn note(&self, what: String) -> Result<(), Infallible> {
        self.seen.lock().unwrap().push(what);
        Ok(())
    }

    /// What arrived; parts and objects, which come in any order, sorted among themselves.
    fn sorted(self) -> Vec<String> {
        let mut seen = self.seen.into_inner().unwrap();
        let kind = |text: &String| text.split(' ').next().unwrap_or_default().to_owned();
        seen.chunk_by_mut(|a, b| kind(a) == kind(b))
            .for_each(<[String]>::sort);
        seen
    }
}

impl PayloadSink for Recorder {
    type Error = Infallible;

    fn summary(&self, summary: &[u8], signature: &[u8]) -> Result<(), Infallible> {
        self.note(format!("summary {} {}", summary.len(), signature.len()))
    }

    fn superblock(&self, release: usize, bytes: &[u8]) -> Result<(), Infallible> {
        self.note(format!("superblock {release} {}", bytes.len()))
    }

    fn part(&self, release: usize, part: usize, bytes: &[u8]) -> Result<(), Infallible> {
        self.note(format!(
            "part {release} {part} {}",
            String::from_utf8_lossy(bytes)
        ))
    }

    fn spine(&self, release: usize) -> Result<(), Infallible> {
        self.note(format!("spine {release}"))
    }

    fn object(
        &self,
        release: usize,
        name: &Checksum,
        object: FilezObject<'_>,
    ) -> Result<(), Infallible> {
        let (content, stored) = match object {
            FilezObject::Whole { stored, info } => {
                assert_eq!(info.checksum, *name);
                (info.size, stored.len() as u64)
            }
            FilezObject::Streamed(large) => {
                let stored = large.stored_len();
                (
                    std::io::copy(&mut large.content(), &mut std::io::sink()).unwrap_or(0),
                    stored,
                )
            }
        };
        assert!(stored > 0);
        self.note(format!("object {release} {content}"))
    }
}

/// Reads the whole bundle, whose signatures count as good.
fn read(paths: &[PathBuf]) -> Result<Vec<String>, ReadError> {
    let bundle = Bundle::open(paths)?;
    let (bundle, ()) = bundle.verify_with(|_, _| Ok::<_, ReadError>(()))?;
    let recorder = Recorder::default();
    match bundle.stream(Stage::Verify, &recorder, &Silent) {
        Ok(()) => Ok(recorder.sorted()),
        Err(StreamError::Bundle(error)) => Err(error),
        Err(StreamError::Sink(never)) => match never {},
    }
}

fn read_tar(tar: &[u8]) -> Result<Vec<String>, ReadError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.airlock");
    std::fs::write(&path, tar).unwrap();
    read(&[path])
}

fn read_tree(edit: impl FnOnce(&Path)) -> Result<Vec<String>, ReadError> {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("x.airlock");
    Handmade::sample().write_tree(&root);
    edit(&root);
    read(&[root])
}

/// Holds a failure to its text and class.
fn assert_fault(what: &str, result: Result<Vec<String>, ReadError>, text: &str, class: Class) {
    let error = result.expect_err(what);
    let mut said = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        said.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    assert!(said.contains(text), "{what}: {said}");
    assert_eq!(error.class(), class, "{what}: {said}");
}

/// The offsets at which members begin in a tar, and at last the end blocks.
fn boundaries(tar: &[u8]) -> Vec<usize> {
    let mut at = 0;
    let mut found = vec![0];
    while tar[at] != 0 {
        let size = std::str::from_utf8(&tar[at + 124..at + 135]).unwrap();
        at += 512
            + usize::from_str_radix(size, 8)
                .unwrap()
                .next_multiple_of(512);
        found.push(at);
    }
    found
}

fn sample_content() -> Vec<&'static str> {
    vec![
        "summary 11 13",
        "superblock 0 14",
        "part 0 0 part zero",
        "part 0 1 part one",
        "spine 0",
        "object 0 0",
        "object 0 300000",
        "object 0 5",
    ]
}

#[test]
fn both_forms_yield_the_same() {
    assert_eq!(
        read_tar(&Handmade::sample().tar()).unwrap(),
        sample_content()
    );
    assert_eq!(read_tree(|_| ()).unwrap(), sample_content());
}

#[test]
fn nothing_is_read_when_the_signatures_are_not_good() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.airlock");
    // Whatever follows the front is not even looked at.
    let tar = Handmade::sample().tar();
    let front = boundaries(&tar)[2];
    std::fs::write(&path, &tar[..front]).unwrap();
    let bundle = Bundle::open(&[path]).unwrap();
    assert_eq!(*bundle.id(), Checksum::of(&Handmade::sample().manifest()));
    let refused = bundle.verify_with(|manifest, signatures| {
        assert_eq!(manifest, Handmade::sample().manifest());
        assert_eq!(signatures, [Handmade::sample().signature]);
        Err::<(), _>(ReadError::NotFound {
            path: "judged".into(),
        })
    });
    assert!(matches!(refused, Err(ReadError::NotFound { .. })));
}

#[test]
fn an_altered_byte_is_named() {
    let tar = Handmade::sample().tar();
    let names: Vec<String> = Handmade::sample()
        .files()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    for (at, name) in boundaries(&tar).into_iter().zip(names).skip(2) {
        let mut tar = tar.clone();
        tar[at + 512] ^= 1;
        let text = format!("{name}, bytes 0 to ");
        assert_fault(&name, read_tar(&tar), &text, Class::Corrupt);
        let place = format!("x.airlock, from byte {})", at + 512);
        assert_fault(&name, read_tar(&tar), &place, Class::Corrupt);
    }
}

#[test]
fn a_shorter_or_longer_file_is_named() {
    let tar = Handmade::sample().tar();
    for at in boundaries(&tar).into_iter().skip(1) {
        let text = if at <= boundaries(&tar)[1] {
            "the archive ends"
        } else {
            "the manifest says"
        };
        assert_fault("truncated", read_tar(&tar[..at]), text, Class::Corrupt);
    }
    assert_fault("empty", read_tar(b""), "is not a bundle", Class::Corrupt);
    let longer = [&tar[..], &[0; 512]].concat();
    assert_fault(
        "longer",
        read_tar(&longer),
        "the manifest says",
        Class::Corrupt,
    );
}

#[test]
fn a_tar_form_has_only_its_members() {
    type Edit = fn(&mut Vec<u8>, &[usize]);
    /// Sets a byte of the superblock's header and mends the header's checksum.
    fn header(tar: &mut [u8], at: usize, edit: impl FnOnce(&mut tar::Header)) {
        let mut header = tar::Header::from_byte_slice(&tar[at..at + 512]).clone();
        edit(&mut header);
        header.set_cksum();
        tar[at..at + 512].copy_from_slice(header.as_bytes());
    }
    fn of_type(tar: &mut [u8], at: usize, kind: tar::EntryType) {
        header(tar, at, |h| h.set_entry_type(kind));
    }
    fn name(tar: &mut [u8], at: usize, name: &str) {
        header(tar, at, |h| {
            h.as_mut_bytes()[..100].fill(0);
            h.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        });
    }
    let table: &[(&str, Edit, &str)] = &[
        (
            "symlink member",
            |t, b| of_type(t, b[4], tar::EntryType::Symlink),
            "type '2'",
        ),
        (
            "hard link member",
            |t, b| of_type(t, b[4], tar::EntryType::Link),
            "type '1'",
        ),
        (
            "device member",
            |t, b| of_type(t, b[4], tar::EntryType::Char),
            "type '3'",
        ),
        (
            "directory member",
            |t, b| of_type(t, b[4], tar::EntryType::Directory),
            "type '5'",
        ),
        (
            "pax header",
            |t, b| of_type(t, b[4], tar::EntryType::XHeader),
            "type 'x'",
        ),
        (
            "global pax header",
            |t, b| of_type(t, b[4], tar::EntryType::XGlobalHeader),
            "type 'g'",
        ),
        (
            "sparse member",
            |t, b| of_type(t, b[4], tar::EntryType::GNUSparse),
            "type 'S'",
        ),
        (
            "long name",
            |t, b| of_type(t, b[4], tar::EntryType::GNULongName),
            "type 'L'",
        ),
        (
            "parent directory",
            |t, b| name(t, b[4], "../etc/passwd"),
            "stands \"../etc/passwd\"",
        ),
        (
            "absolute name",
            |t, b| name(t, b[4], "/etc/passwd"),
            "stands \"/etc/passwd\"",
        ),
        (
            "other name",
            |t, b| name(t, b[4], "payload/1/superblock"),
            "payload/1/superblock",
        ),
        (
            "other size",
            |t, b| header(t, b[4], |h| h.set_size(15)),
            "header says 15 bytes",
        ),
        (
            "header checksum",
            |t, b| t[b[4] + 100] ^= 1,
            "checksum is wrong",
        ),
        ("padding", |t, b| t[b[5] - 1] = 1, "padding is not zero"),
        ("first end block", |t, b| t[b[8]] = 1, "two zero blocks"),
        (
            "second end block",
            |t, _| *t.last_mut().unwrap() = 1,
            "two zero blocks",
        ),
        (
            "manifest is a link",
            |t, b| of_type(t, b[0], tar::EntryType::Link),
            "type '1'",
        ),
        (
            "signature renamed",
            |t, b| name(t, b[1], "manifest.asc"),
            "stands \"manifest.asc\"",
        ),
        (
            "front padding",
            |t, b| t[b[2] - 1] = 1,
            "padding is not zero",
        ),
        (
            "huge signature",
            |t, b| header(t, b[1], |h| h.set_size(1 << 20)),
            "are allowed",
        ),
        (
            "huge manifest",
            |t, b| header(t, b[0], |h| h.set_size(17 << 20)),
            "are allowed",
        ),
    ];
    for (what, edit, text) in table {
        let mut tar = Handmade::sample().tar();
        let at = boundaries(&tar);
        edit(&mut tar, &at);
        assert_fault(what, read_tar(&tar), text, Class::Corrupt);
    }
}

#[test]
fn members_missing_extra_reordered_or_twice_are_named() {
    type Edit = fn(&mut Vec<(String, Vec<u8>)>);
    let table: &[(&str, Edit, &str)] = &[
        (
            "missing",
            |files| drop(files.remove(4)),
            "the manifest says",
        ),
        (
            "extra",
            |files| files.push(("extra".into(), vec![1])),
            "the manifest says",
        ),
        (
            "reordered",
            |files| files.swap(5, 6),
            "here stands \"payload/0/1.zst\"",
        ),
        (
            "twice",
            |files| files.insert(5, files[4].clone()),
            "the manifest says",
        ),
        (
            "missing signature member",
            |files| drop(files.remove(1)),
            "here stands \"summary\"",
        ),
        (
            "manifest later",
            |files| files.swap(0, 1),
            "is not a bundle",
        ),
    ];
    for (what, edit, text) in table {
        let mut files = Handmade::sample().files();
        edit(&mut files);
        assert_fault(what, read_tar(&tar_of(&files)), text, Class::Corrupt);
    }
}

#[test]
fn a_manifest_that_lies_is_caught() {
    type Edit = fn(&mut Handmade);
    let table: &[(&str, Edit, &str, Class)] = &[
        (
            "unpacked too small",
            |b| b.members[3].unpacked = Some(3),
            "does not unpack to the 3",
            Class::Corrupt,
        ),
        (
            "unpacked too large",
            |b| b.members[3].unpacked = Some(99),
            "does not unpack to the 99",
            Class::Corrupt,
        ),
        (
            "too few objects",
            |b| b.members[5].objects = Some(2),
            "the manifest says 2",
            Class::Corrupt,
        ),
        (
            "too many objects",
            |b| b.members[5].objects = Some(4),
            "holds 3 objects",
            Class::Corrupt,
        ),
        (
            "pack too short",
            |b| b.members[5].unpacked = Some(512),
            "does not unpack",
            Class::Corrupt,
        ),
        (
            "no zstd",
            |b| b.members[3].bytes = b"not zstd".to_vec(),
            "cannot be decompressed",
            Class::Corrupt,
        ),
        (
            "next version",
            |b| b.edit = |m| m["site"] = "x y".into(),
            "the manifest",
            Class::Corrupt,
        ),
    ];
    for (what, edit, text, class) in table {
        let mut bundle = Handmade::sample();
        edit(&mut bundle);
        assert_fault(what, read_tar(&bundle.tar()), text, *class);
    }
    let text = String::from_utf8(Handmade::sample().manifest()).unwrap();
    let newer = text.replacen("bundle/1", "bundle/2", 1);
    let mut files = Handmade::sample().files();
    files[0].1 = newer.into_bytes();
    assert_fault(
        "version",
        read_tar(&tar_of(&files)),
        "version",
        Class::Unsupported,
    );
}

#[test]
fn a_member_must_match_its_own_digest_too() {
    let mut bundle = Handmade::sample();
    bundle.members[5] = Part::pack("payload/0/objects-0.tar.zst", &[filez(&noise(5 << 20))]);
    bundle.edit = |manifest| manifest["members"][5]["sha256"] = "0".repeat(64).into();
    assert_fault(
        "digest",
        read_tar(&bundle.tar()),
        "though its chunks match",
        Class::Corrupt,
    );
}

#[test]
fn zstd_is_kept_within_bounds() {
    let bomb = Part::zstd("payload/0/0.zst", &vec![0; 32 << 20], None);
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    std::io::copy(&mut std::io::repeat(7).take(200 << 20), &mut encoder).unwrap();
    let wide = Part {
        bytes: encoder.finish().unwrap(),
        unpacked: Some(64 << 20),
        ..bomb.clone()
    };
    let bomb = Part {
        unpacked: Some(1000),
        ..bomb
    };
    let mut trailing = Part::zstd("payload/0/0.zst", b"part", None);
    trailing.bytes.extend(b"tail");
    let mut cut = Part::zstd("payload/0/0.zst", b"part", None);
    cut.bytes.truncate(cut.bytes.len() - 3);
    for (what, part, text) in [
        ("bomb", bomb, "does not unpack to the 1000"),
        ("window", wide, "cannot be decompressed"),
        ("trailing", trailing, "cannot be decompressed"),
        ("cut", cut, "cannot be decompressed"),
    ] {
        let mut bundle = Handmade::sample();
        bundle.members[3] = part;
        assert_fault(what, read_tar(&bundle.tar()), text, Class::Corrupt);
    }
}

#[test]
fn a_pack_holds_only_file_objects_in_order() {
    type Edit = fn(&mut Vec<(String, Vec<u8>)>);
    let table: &[(&str, Edit, &str)] = &[
        ("unsorted", |o| o.reverse(), "out of order or repeated"),
        (
            "twice",
            |o| o.insert(0, o[0].clone()),
            "out of order or repeated",
        ),
        (
            "a tree",
            |o| o[0].0 = o[0].0.replace(".filez", ".dirtree"),
            "not the name of a file object",
        ),
        (
            "a path",
            |o| o[0].0 = "../x".into(),
            "not the name of a file object",
        ),
        (
            "other content",
            |o| o[0].1 = filez(b"other").1,
            "has the checksum",
        ),
        ("not deflate", |o| o[0].1.extend(b"tail"), "is not accepted"),
        ("cut", |o| drop(o[0].1.pop()), "is not accepted"),
        ("empty", |o| o[0].1.clear(), "is not accepted"),
        (
            "lies about its size",
            |o| o[0].1[15] ^= 1,
            "is not accepted",
        ),
        ("claims to be vast", |o| o[0].1[8] = 0x7f, "is not accepted"),
    ];
    for (what, edit, text) in table {
        let mut objects = vec![
            filez(b"hello"),
            filez(b"good morning"),
            filez(b"good night"),
        ];
        objects.sort();
        edit(&mut objects);
        let mut bundle = Handmade::sample();
        bundle.members[5] = Part::pack("payload/0/objects-0.tar.zst", &objects);
        assert_fault(what, read_tar(&bundle.tar()), text, Class::Corrupt);
    }
}

#[test]
fn a_pack_is_a_strict_tar() {
    type Edit = fn(&mut Vec<u8>);
    let table: &[(&str, Edit, &str)] = &[
        ("link", |tar| tar[156] = b'2', "checksum is wrong"),
        ("padding", |tar| tar[1023] = 1, "padding is not zero"),
        (
            "end block",
            |tar| *tar.last_mut().unwrap() = 1,
            "two zero blocks",
        ),
        (
            "after the end",
            |tar| tar.extend([0; 512]),
            "does not unpack",
        ),
        (
            "no end",
            |tar| tar.truncate(tar.len() - 512),
            "does not unpack",
        ),
    ];
    for (what, edit, text) in table {
        let mut tar = tar_of(&[filez(b"hello")]);
        let declared = tar.len() as u64;
        edit(&mut tar);
        let pack = Part::zstd("payload/0/objects-0.tar.zst", &tar, Some(1));
        let mut bundle = Handmade::sample();
        bundle.members[5] = Part {
            unpacked: Some(declared),
            ..pack
        };
        assert_fault(what, read_tar(&bundle.tar()), text, Class::Corrupt);
    }
}

#[test]
fn a_large_object_is_streamed_and_checked() {
    let content = noise(20 << 20);
    let (path, stored) = filez(&content);
    let mut bundle = Handmade::sample();
    let mut objects = vec![(path, stored), filez(b"small")];
    objects.sort();
    bundle.members[5] = Part::pack("payload/0/objects-0.tar.zst", &objects);
    let seen = read_tar(&bundle.tar()).unwrap();
    assert_eq!(&seen[5..], ["object 0 20971520", "object 0 5"]);

    type Edit = fn(&mut (String, Vec<u8>));
    let table: &[(&str, Edit, &str)] = &[
        (
            "name",
            |o| o.0 = object_path(&Checksum::of(b"x")),
            "has the checksum",
        ),
        ("tail", |o| o.1.push(0), "is not accepted"),
        ("cut", |o| drop(o.1.pop()), "is not accepted"),
        ("size", |o| o.1[15] ^= 1, "is not accepted"),
        ("padding", |o| o.1[5] ^= 1, "is not accepted"),
    ];
    for (what, edit, text) in table {
        let mut object = filez(&content);
        edit(&mut object);
        bundle.members[5] = Part::pack("payload/0/objects-0.tar.zst", &[object]);
        assert_fault(what, read_tar(&bundle.tar()), text, Class::Corrupt);
    }
}

#[test]
fn a_directory_form_has_only_its_members() {
    use std::os::unix::fs::symlink;
    type Edit = fn(&Path);
    let table: &[(&str, Edit, &str)] = &[
        (
            "missing",
            |r| std::fs::remove_file(r.join("summary")).unwrap(),
            "summary is missing",
        ),
        (
            "extra",
            |r| std::fs::write(r.join("payload/x"), "x").unwrap(),
            "payload/x is not part",
        ),
        (
            "hidden",
            |r| std::fs::write(r.join(".x"), "x").unwrap(),
            ".x is not part",
        ),
        (
            "deep",
            |r| std::fs::create_dir(r.join("payload/0/x")).unwrap(),
            "payload/0/x is not part",
        ),
        (
            "symlink",
            |r| relink(r, "payload/0/0.zst", |to, at| symlink(to, at)),
            "not a regular file",
        ),
        (
            "linked directory",
            |r| relink(r, "payload/0", |to, at| symlink(to, at)),
            "not a regular file",
        ),
        (
            "size",
            |r| std::fs::write(r.join("summary"), "short").unwrap(),
            "has 5 bytes, the manifest says 11",
        ),
        (
            "altered",
            |r| std::fs::write(r.join("summary"), "The summary").unwrap(),
            "summary, bytes 0 to 11",
        ),
        (
            "manifest is a link",
            |r| relink(r, "manifest.json", |to, at| symlink(to, at)),
            "not a regular file",
        ),
    ];
    for (what, edit, text) in table {
        assert_fault(what, read_tree(edit), text, Class::Corrupt);
    }
}

/// Moves an entry out of the bundle and puts a link in its place.
fn relink(root: &Path, name: &str, link: fn(&Path, &Path) -> std::io::Result<()>) {
    let outside = root.parent().unwrap().join("outside");
    std::fs::rename(root.join(name), &outside).unwrap();
    link(&outside, &root.join(name)).unwrap();
}

#[test]
fn signatures_beside_the_bundle_count_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.airlock");
    let unsigned = Handmade {
        signature: b"\n\n".to_vec(),
        ..Handmade::sample()
    };
    std::fs::write(&path, unsigned.tar()).unwrap();
    let signatures =
        |path: &Path| Bundle::open(&[path.to_owned()]).map(|b| b.signatures().to_vec());
    assert_eq!(signatures(&path).unwrap(), Vec::<Vec<u8>>::new());
    std::fs::write(dir.path().join("x.airlock.asc"), "beside").unwrap();
    assert_eq!(signatures(&path).unwrap(), [b"beside"]);
    std::fs::write(
        dir.path().join("x.airlock.asc"),
        vec![b'x'; (256 << 10) + 1],
    )
    .unwrap();
    assert!(matches!(signatures(&path), Err(ReadError::TooLarge { .. })));
}

/// A bundle cut into volumes of 256 KiB, beneath a directory of its own.
struct Cut {
    dir: tempfile::TempDir,
    paths: Vec<PathBuf>,
}

impl Cut {
    fn new(seed: u8) -> Self {
        let mut bundle = Handmade::sample();
        let objects: Vec<_> = (0..6_u8)
            .map(|i| filez(&noise(100_000 + usize::from(i * 7 + seed))))
            .collect();
        let packs = objects
            .chunks(1)
            .enumerate()
            .map(|(i, objects)| Part::pack(&format!("payload/0/objects-{i}.tar.zst"), objects));
        bundle.members.truncate(5);
        bundle.members.extend(packs);
        let dir = tempfile::tempdir().unwrap();
        let mut paths = Vec::new();
        for (i, bytes) in bundle.tar().chunks(256 << 10).enumerate() {
            paths.push(dir.path().join(format!("x.airlock.{:03}", i + 1)));
            std::fs::write(&paths[i], bytes).unwrap();
        }
        Cut { dir, paths }
    }

    fn rename(&mut self, volume: usize, name: &str) {
        let to = self.dir.path().join(name);
        std::fs::rename(&self.paths[volume], &to).unwrap();
        self.paths[volume] = to;
    }
}

#[test]
fn volumes_are_recognised_in_any_order() {
    let mut cut = Cut::new(0);
    assert_eq!(cut.paths.len(), 3);
    let expected = read(&cut.paths).unwrap();
    for path in [
        cut.paths[0].clone(),
        cut.paths[2].clone(),
        cut.dir.path().join("x.airlock"),
    ] {
        assert_eq!(read(&[path]).unwrap(), expected);
    }
    cut.rename(0, "third");
    cut.rename(1, "x.airlock.001");
    cut.rename(2, "second");
    cut.paths.reverse();
    assert_eq!(read(&cut.paths).unwrap(), expected);
}

#[test]
fn a_wrong_volume_is_named_before_anything_is_read() {
    type Edit = fn(&mut Cut);
    let table: &[(&str, Edit, &str, Class)] = &[
        (
            "missing",
            |c| drop(c.paths.remove(1)),
            "volume 2 of 3 is missing",
            Class::NotFound,
        ),
        (
            "last missing",
            |c| drop(c.paths.pop()),
            "volume 3 of 3 is missing",
            Class::NotFound,
        ),
        (
            "first missing",
            |c| drop(c.paths.remove(0)),
            "volume 1",
            Class::NotFound,
        ),
        (
            "same file twice",
            |c| c.paths.push(c.paths[1].clone()),
            "airlock.002 repeats",
            Class::Corrupt,
        ),
        (
            "copy",
            |c| copy(c, 1, "again"),
            "again repeats",
            Class::Corrupt,
        ),
        (
            "copy of the first",
            |c| copy(c, 0, "again"),
            "again repeats",
            Class::Corrupt,
        ),
        (
            "foreign",
            |c| adopt(c, 1, "x.airlock.002"),
            "x.airlock.002 is no volume",
            Class::Corrupt,
        ),
        (
            "foreign first",
            |c| adopt(c, 0, "other"),
            "is no volume",
            Class::Corrupt,
        ),
        (
            "cut short",
            |c| shorten(c, 1),
            "x.airlock.002 has 1000 bytes",
            Class::Corrupt,
        ),
        (
            "first cut short",
            |c| shorten(c, 0),
            "x.airlock.001",
            Class::Corrupt,
        ),
        (
            "last cut short",
            |c| shorten(c, 2),
            "x.airlock.003 has 1000 bytes",
            Class::Corrupt,
        ),
    ];
    for (what, edit, text, class) in table {
        let mut cut = Cut::new(0);
        edit(&mut cut);
        assert_fault(what, read(&cut.paths), text, *class);
    }

    fn copy(cut: &mut Cut, volume: usize, name: &str) {
        let to = cut.dir.path().join(name);
        std::fs::copy(&cut.paths[volume], &to).unwrap();
        cut.paths.push(to);
    }
    fn adopt(cut: &mut Cut, volume: usize, name: &str) {
        let to = cut.dir.path().join(name);
        std::fs::copy(&Cut::new(9).paths[volume], &to).unwrap();
        if !cut.paths.contains(&to) {
            cut.paths.push(to);
        }
    }
    fn shorten(cut: &mut Cut, volume: usize) {
        std::fs::File::options()
            .write(true)
            .open(&cut.paths[volume])
            .unwrap()
            .set_len(1000)
            .unwrap();
    }
}
