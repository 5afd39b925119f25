//! The writer: what it puts on the medium, opened with GNU tar, sha256sum and zstd.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use airlock::Silent;
use airlock::bundle::{
    BundleWriter, Form, Manifest, Origin, PackObject, PartSpool, RawPart, Release, Reserve,
    SealedBundle, Source, Target, WriteError,
};
use airlock::format::filez::Deflater;
use airlock::format::{Checksum, FileHeader, ObjectKind, ObjectName, Xattrs};
use airlock::repo::{Mode, Repo};
use tempfile::TempDir;

use crate::fixture;
use crate::handmade::object_path;
use crate::repo::{flip, listing, scratch};

const RESERVE: Reserve = Reserve {
    manifest: 16384,
    signatures: 4096,
};

/// Unpacks the fixture's archive repository into a directory that goes with the test.
pub fn archive_repo() -> (TempDir, Repo) {
    let directory = TempDir::new().unwrap();
    for (name, bytes) in fixture::repo_files("archive-repo") {
        let path = directory.path().join("repo").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let repo = Repo::open(directory.path().join("repo")).unwrap();
    (directory, repo)
}

/// Lists the files of a repository in archive mode, by name, and their sizes.
fn files(repo: &Repo) -> Vec<PackObject> {
    let objects = repo.path().join("objects");
    let mut files: Vec<_> = listing(&objects)
        .iter()
        .filter_map(|name| {
            let hex = name.strip_suffix(".filez")?.replace('/', "");
            let name = hex.parse().unwrap();
            let size = repo
                .object_size(&ObjectName::new(name, ObjectKind::File))
                .unwrap();
            Some(PackObject { name, size })
        })
        .collect();
    files.sort();
    files
}

/// A release that announces so many files.
fn release(files: u64) -> Release {
    let commit = Checksum::of(b"commit");
    let objects = serde_json::json!({"commit": 1, "dirtree": 0, "dirmeta": 0, "file": files});
    Release {
        name: "os/stable".parse().unwrap(),
        collection: None,
        commit,
        parent: None,
        from: Vec::new(),
        version: None,
        timestamp: 5,
        objects: serde_json::from_value(objects).unwrap(),
        bytes: Default::default(),
    }
}

/// Writes a bundle with a summary, a spine of two parts, and all files of the repository.
fn write(repo: &Repo, path: &Path, form: Form) -> Result<SealedBundle, WriteError> {
    let files = files(repo);
    let target = Target {
        path: path.to_owned(),
        form,
    };
    let mut writer = BundleWriter::create(&target, RESERVE)?;
    writer.summary(b"summary", b"signature")?;
    writer.superblock(0, b"superblock")?;
    let parts = [vec![b'a'; 70_000], b"second".to_vec()];
    let parts = parts.map(|bytes| RawPart {
        is_patches: false,
        level: 3,
        len: bytes.len() as u64,
        write: Box::new(move |out| out.write_all(&bytes)),
    });
    let (mut spool, _) = PartSpool::fill(path.parent().unwrap(), 9, parts.into_iter())?;
    writer.parts(0, &mut spool)?;
    let packed = writer.packs(0, repo, &files, &Silent)?;
    assert_eq!(packed.objects, files.len() as u64);
    assert_eq!(
        packed.stored,
        files.iter().map(|file| file.size).sum::<u64>()
    );
    let source = Source {
        id: "00".repeat(16).parse().unwrap(),
        collection: None,
    };
    let origin = Origin {
        tool: "test".to_owned(),
    };
    let mut manifest = Manifest::new(source, Default::default(), 7, origin);
    let release = release(packed.objects);
    manifest.sequence.insert(release.name.clone(), 1);
    manifest
        .refs_after
        .insert(release.name.clone(), Some(release.commit));
    manifest.releases.push(release);
    manifest.members = writer.members().to_vec();
    let bytes = writer.manifest_bytes(&manifest)?;
    writer.seal(bytes, b"-----SIGNATURE-----\n".to_vec())
}

pub fn publish(repo: &Repo, path: &Path, form: Form) -> Vec<PathBuf> {
    write(repo, path, form).unwrap().publish().unwrap()
}

/// Runs a program in a directory, and returns what it prints.
fn run(directory: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

const MEMBERS: [&str; 8] = [
    "manifest.json",
    "manifest.json.asc",
    "summary",
    "summary.sig",
    "payload/0/superblock",
    "payload/0/0.zst",
    "payload/0/1.zst",
    "payload/0/objects-0.tar.zst",
];

#[test]
fn gnu_tar_sees_plain_files_in_order() {
    let (directory, repo) = archive_repo();
    let files = publish(
        &repo,
        &directory.path().join("b.airlock"),
        Form::Tar { split: None },
    );
    assert_eq!(files, [directory.path().join("b.airlock")]);
    let listed = run(directory.path(), "tar", &["--utc", "-tvf", "b.airlock"]);
    let bytes = fs::read(&files[0]).unwrap();
    let manifest = Manifest::parse(&member(&bytes, "manifest.json")).unwrap();
    let sizes = [RESERVE.manifest, RESERVE.signatures];
    let sizes = sizes
        .into_iter()
        .chain(manifest.members.iter().map(|member| member.size));
    for ((line, name), size) in listed.lines().zip(MEMBERS).zip(sizes) {
        let words: Vec<_> = line.split_whitespace().collect();
        let expected = [
            "-rw-r--r--",
            "0/0",
            &size.to_string(),
            "1970-01-01",
            "00:00",
            name,
        ];
        assert_eq!(words, expected);
    }
    assert_eq!(listed.lines().count(), MEMBERS.len());
}

/// Finds a member in the bytes of a tar.
fn member(tar: &[u8], name: &str) -> Vec<u8> {
    let mut archive = tar::Archive::new(tar);
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path_bytes() == name.as_bytes() {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
            return bytes;
        }
    }
    panic!("{name} is not in the tar");
}

#[test]
fn the_directory_form_holds_the_same_members() {
    let (directory, repo) = archive_repo();
    let tar = publish(
        &repo,
        &directory.path().join("tar"),
        Form::Tar { split: None },
    );
    let form = publish(&repo, &directory.path().join("dir"), Form::Directory);
    assert_eq!(form, [directory.path().join("dir")]);
    let mut expected = [&MEMBERS[..], &["payload/", "payload/0/"]].concat();
    expected.sort();
    assert_eq!(listing(&form[0]), expected);
    let tar = fs::read(&tar[0]).unwrap();
    for name in MEMBERS {
        let plain = fs::read(form[0].join(name)).unwrap();
        let mut packed = member(&tar, name);
        if name.starts_with("manifest") {
            packed.truncate(plain.len());
        }
        assert_eq!(packed, plain, "{name}");
    }
}

/// The command line of the README that makes a tar form from a directory.
const MAKE_TAR: &str = r#"
    { echo manifest.json; echo manifest.json.asc
      grep -o '"name":"[^"]*"' manifest.json | cut -d'"' -f4; } |
    tar -c -f ../made --format=ustar -b1 --numeric-owner --owner=0 --group=0 --mode=u=rw,go=r --mtime=@0 -T -
"#;

#[test]
fn gnu_tar_makes_the_tar_form_from_a_directory_and_back() {
    let (directory, repo) = archive_repo();
    let tar = publish(
        &repo,
        &directory.path().join("tar"),
        Form::Tar { split: None },
    );
    fs::create_dir(directory.path().join("out")).unwrap();
    run(directory.path(), "tar", &["-x", "-f", "tar", "-C", "out"]);
    run(&directory.path().join("out"), "sh", &["-c", MAKE_TAR]);
    let made = fs::read(directory.path().join("made")).unwrap();
    let tar = fs::read(&tar[0]).unwrap();
    let differs = made.iter().zip(&tar).position(|(one, other)| one != other);
    assert_eq!((differs, made.len()), (None, tar.len()));
}

#[test]
fn volumes_joined_are_the_tar() {
    let (directory, repo) = archive_repo();
    let whole = publish(
        &repo,
        &directory.path().join("whole"),
        Form::Tar { split: None },
    );
    let whole = fs::read(&whole[0]).unwrap();
    for split in [RESERVE.size(), 1 << 15, 1 << 20] {
        let path = directory.path().join(format!("cut{split}"));
        let volumes = publish(&repo, &path, Form::Tar { split: Some(split) });
        assert_eq!(volumes.len() as u64, (whole.len() as u64).div_ceil(split));
        let joined: Vec<u8> = volumes
            .iter()
            .flat_map(|volume| fs::read(volume).unwrap())
            .collect();
        assert!(
            joined == whole,
            "volumes of {split} bytes join to something else"
        );
    }
}

#[test]
fn digests_are_those_of_sha256sum() {
    let (directory, repo) = archive_repo();
    let form = publish(&repo, &directory.path().join("dir"), Form::Directory);
    let manifest = Manifest::parse(&fs::read(form[0].join("manifest.json")).unwrap()).unwrap();
    let list: String = manifest
        .members
        .iter()
        .map(|member| format!("{}  {}\n", member.sha256, member.name))
        .collect();
    fs::write(directory.path().join("sums"), list).unwrap();
    run(
        &form[0],
        "sha256sum",
        &["-c", "--strict", "--quiet", "../sums"],
    );
}

#[test]
fn packs_hold_the_files_of_the_repository() {
    let (directory, repo) = archive_repo();
    add_file(&repo, 9 << 20);
    let form = publish(&repo, &directory.path().join("dir"), Form::Directory);
    let manifest = Manifest::parse(&fs::read(form[0].join("manifest.json")).unwrap()).unwrap();
    let pack = form[0].join("payload/0/objects-0.tar.zst");
    let tar = zstd::decode_all(fs::File::open(&pack).unwrap()).unwrap();
    let listed = manifest.members.last().unwrap();
    assert_eq!(listed.unpacked, Some(tar.len() as u64));
    assert_eq!(listed.objects, Some(files(&repo).len() as u64));
    if has("zstd") {
        run(&form[0], "zstd", &["-t", "-q", pack.to_str().unwrap()]);
    }
    fs::create_dir(directory.path().join("out")).unwrap();
    fs::write(directory.path().join("pack.tar"), &tar).unwrap();
    let order = run(directory.path(), "tar", &["-tf", "pack.tar"]);
    assert!(order.lines().is_sorted());
    run(directory.path(), "tar", &["-xf", "pack.tar", "-C", "out"]);
    let contents = |root: &Path| -> BTreeMap<String, Vec<u8>> {
        let names = listing(root)
            .into_iter()
            .filter(|name| name.ends_with(".filez"));
        names
            .map(|name| (name.clone(), fs::read(root.join(name)).unwrap()))
            .collect()
    };
    let carried = contents(&directory.path().join("out"));
    assert!(carried == contents(repo.path()) && !carried.is_empty());
}

/// Adds a file of incompressible content to an archive repository.
fn add_file(repo: &Repo, size: usize) -> ObjectName {
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    let content: Vec<u8> = (0..size).map(|_| next()).collect();
    let header = FileHeader::regular(0, 0, 0o100_644, Xattrs::default());
    let name = ObjectName::new(header.content_checksum(&content), ObjectKind::File);
    let path = loose(repo, &name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, Deflater::new(1).filez(&header, &content)).unwrap();
    name
}

fn loose(repo: &Repo, name: &ObjectName) -> PathBuf {
    repo.path().join(object_path(&name.checksum))
}

#[test]
fn a_damaged_object_is_named_and_nothing_is_left() {
    for size in [5000, 5 << 20] {
        let (directory, repo) = scratch(Mode::Archive);
        let name = add_file(&repo, size);
        let path = loose(&repo, &name);
        let good = fs::read(&path).unwrap();
        let flipped = |at: usize| {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            bytes
        };
        let damages: [(&str, Vec<u8>); 5] = [
            ("cut", good[..good.len() - 1].to_vec()),
            ("more", [&good[..], b"x"].concat()),
            ("mode", flipped(8 + 19)),
            ("padding", flipped(7)),
            ("content", flipped(good.len() / 2)),
        ];
        for (what, bytes) in damages {
            fs::write(&path, bytes).unwrap();
            let error = write(
                &repo,
                &directory.path().join("b"),
                Form::Tar { split: None },
            )
            .err()
            .unwrap_or_else(|| panic!("{size}, {what}: accepted"));
            assert!(
                error.to_string().contains(&name.checksum.to_string()),
                "{what}: {error}"
            );
            assert_eq!(
                error.class(),
                airlock::Class::Corrupt,
                "{size}, {what}: {error}"
            );
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "{what}");
        }
    }
}

#[test]
fn nothing_has_its_name_before_it_is_published() {
    let (directory, repo) = archive_repo();
    let beside = || -> Vec<String> {
        let top = listing(directory.path()).into_iter();
        top.filter(|name| name.starts_with("b.") && !name[2..].contains('/'))
            .collect()
    };
    for form in [
        Form::Tar {
            split: Some(RESERVE.size()),
        },
        Form::Directory,
    ] {
        let sealed = write(&repo, &directory.path().join("b.airlock"), form).unwrap();
        assert!(
            beside().iter().all(|name| name.ends_with(".partial")),
            "{:?}",
            beside()
        );
        drop(sealed);
        assert!(beside().is_empty());
        let again = write(&repo, &directory.path().join("b.airlock"), form).unwrap();
        let files = again.publish().unwrap();
        assert!(beside().iter().all(|name| !name.ends_with(".partial")));
        let error = write(&repo, &directory.path().join("b.airlock"), form)
            .err()
            .unwrap();
        assert!(matches!(error, WriteError::TargetExists { .. }), "{error}");
        for file in files {
            if file.is_dir() {
                fs::remove_dir_all(file)
            } else {
                fs::remove_file(file)
            }
            .unwrap();
        }
    }
}

#[test]
fn reading_back_names_what_differs() {
    let (directory, repo) = archive_repo();
    add_file(&repo, 9 << 20);
    for form in [
        Form::Tar { split: None },
        Form::Tar {
            split: Some(3 << 20),
        },
        Form::Directory,
    ] {
        let sealed = write(&repo, &directory.path().join("b"), form).unwrap();
        sealed.read_back(&Silent).unwrap();
        let pack = match form {
            Form::Directory => "b.partial/payload/0/objects-0.tar.zst",
            Form::Tar { split: None } => "b.partial",
            Form::Tar { .. } => "b.002.partial",
        };
        flip(&directory.path().join(pack), (2 << 20) + 5);
        let error = sealed.read_back(&Silent).unwrap_err();
        let WriteError::ReadBack { member, start, end } = &error else {
            panic!("{error}")
        };
        assert_eq!(member, "payload/0/objects-0.tar.zst");
        let chunk = if pack == "b.002.partial" { 4 << 20 } else { 0 };
        assert_eq!((*start, *end), (chunk, chunk + (4 << 20)), "{form:?}");
    }
}
