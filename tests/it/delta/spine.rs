//! The spine: a stock delta made by airlock.

use std::{collections::BTreeSet, io::Write, process::Command};

use airlock::{
    delta::{NoSources, PART_SIZE, Spine, SpineInput, apply_part, compile_spine, unpack_part},
    format::{
        Checksum, Commit, Encoded, Metadata, ObjectKind, ObjectName,
        delta::{Endian, PartPayload, Superblock},
        stored_xz,
    },
    repo::Repo,
};
use tempfile::TempDir;

use super::{FROM, Names, TO};
use crate::repo;

const NOW: u64 = 1_800_000_000;

/// What is reachable from a commit: metadata, and files.
fn reachable(repo: &Repo, commit: &Commit) -> (BTreeSet<ObjectName>, BTreeSet<Checksum>) {
    let mut metadata = BTreeSet::new();
    let mut files = BTreeSet::new();
    let mut pending = vec![(commit.tree, commit.meta)];
    while let Some((tree, meta)) = pending.pop() {
        metadata.insert(ObjectName::new(tree, ObjectKind::DirTree));
        metadata.insert(ObjectName::new(meta, ObjectKind::DirMeta));
        let tree = repo.tree(&tree).unwrap();
        files.extend(tree.files.iter().map(|(_, file)| *file));
        pending.extend(tree.dirs.iter().map(|(_, tree, meta)| (*tree, *meta)));
    }
    (metadata, files)
}

/// A spine from nothing to the second commit, of all its metadata and, if asked, all its files.
struct Made {
    repo: Repo,
    commit: Encoded<Commit>,
    objects: BTreeSet<ObjectName>,
    spine: Spine,
    _dir: TempDir,
}

fn made(with_files: bool, from: Option<Checksum>) -> Made {
    let (dir, repo) = repo::objects::fixture("archive-repo");
    let commit = repo.commit(&TO.parse().unwrap()).unwrap();
    let (metadata, files) = reachable(&repo, &commit);
    let files: Vec<Checksum> = files.into_iter().filter(|_| with_files).collect();
    let named = files
        .iter()
        .map(|file| ObjectName::new(*file, ObjectKind::File));
    let objects = metadata.iter().copied().chain(named).collect();
    let metadata: Vec<ObjectName> = metadata.into_iter().collect();
    let spine = compile_spine(&SpineInput {
        repo: &repo,
        commit: &commit,
        from,
        commitmeta: &repo.commitmeta(&commit.checksum()).unwrap(),
        metadata: &metadata,
        files: &files,
        timestamp: NOW,
    })
    .unwrap();
    Made {
        repo,
        commit,
        objects,
        spine,
        _dir: dir,
    }
}

#[test]
fn a_spine_makes_what_was_put_in() {
    for with_files in [false, true] {
        let made = made(with_files, None);
        let superblock = Superblock::decode(&made.spine.superblock).unwrap();
        assert_eq!(superblock.commit, made.commit);
        assert_eq!(superblock.timestamp, NOW);
        assert!(superblock.fallbacks.is_empty());
        assert_eq!(superblock.parts.len(), made.spine.parts.len());
        let mut objects = BTreeSet::new();
        for (header, part) in superblock.parts.iter().zip(&made.spine.parts) {
            let mut names = Names::default();
            apply_part(header, part.clone(), &NoSources, &mut names).unwrap();
            assert_eq!(names.0.values().sum::<u64>(), header.unpacked);
            objects.extend(names.0.into_keys());
        }
        assert_eq!(objects, made.objects);
    }
}

#[test]
fn a_spine_carries_the_signatures_and_marks_its_byte_order() {
    let from: Checksum = FROM.parse().unwrap();
    let made = made(false, Some(from));
    let superblock = Superblock::decode(&made.spine.superblock).unwrap();
    assert_eq!(superblock.from, Some(from));
    assert_eq!(Endian::of(&superblock.metadata), Ok(Endian::Little));
    let commitmeta = made.repo.commitmeta(&made.commit.checksum()).unwrap();
    assert_eq!(superblock.commitmeta().unwrap(), Some(commitmeta));
}

#[test]
fn parts_are_stored_streams() {
    for part in made(true, None).spine.parts {
        assert!((part.len() as u64) <= PART_SIZE + (1 << 20));
        assert_eq!(part[0], b'x');
        assert!(stored_xz::is_stored(&part[1..]));
        let payload = unpack_part(&part).unwrap();
        assert!(PartPayload::decode(&payload).is_ok());
    }
}

#[test]
fn an_altered_object_does_not_get_into_a_spine() {
    let made = made(true, None);
    let find = |kind| {
        *made
            .objects
            .iter()
            .find(|object| object.kind == kind)
            .unwrap()
    };
    for (object, extension) in [
        (find(ObjectKind::DirMeta), "dirmeta"),
        (find(ObjectKind::File), "filez"),
    ] {
        let hex = object.checksum.to_string();
        let path = format!("objects/{}/{}.{extension}", &hex[..2], &hex[2..]);
        let path = made.repo.path().join(path);
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let error = compile_spine(&SpineInput {
            repo: &made.repo,
            commit: &made.commit,
            from: None,
            commitmeta: &Metadata::new(),
            metadata: &[object][..usize::from(extension == "dirmeta")],
            files: &[object.checksum][..usize::from(extension == "filez")],
            timestamp: NOW,
        })
        .unwrap_err();
        assert_eq!(error.class(), airlock::Class::Corrupt, "{error:?}");
        assert!(error.to_string().contains(&hex), "{error}");
    }
}

/// Runs a tool, and returns whether it was there and succeeded; a failure is told.
fn run(tool: &str, args: &[&str]) -> Option<bool> {
    let output = match Command::new(tool).args(args).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        output => output.unwrap(),
    };
    if !output.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Some(output.status.success())
}

#[test]
fn xz_reads_stored_streams() {
    let dir = TempDir::new().unwrap();
    for len in [0, 1, 5, 65_536, 65_537, 300_000] {
        let path = dir.path().join(format!("{len}.xz"));
        let content: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(&stored_xz::encode(&content)).unwrap();
        let path = path.to_str().unwrap();
        let Some(fine) = run("xz", &["-d", path]) else {
            return eprintln!("ignored: xz is not installed");
        };
        assert!(fine, "{len}");
        let unpacked = path.strip_suffix(".xz").unwrap();
        assert_eq!(std::fs::read(unpacked).unwrap(), content);
    }
}

#[test]
fn stock_ostree_applies_a_spine_offline() {
    let made = made(true, None);
    let dir = TempDir::new().unwrap();
    let delta = dir.path().join("delta");
    std::fs::create_dir(&delta).unwrap();
    std::fs::write(delta.join("superblock"), &made.spine.superblock).unwrap();
    for (index, part) in made.spine.parts.iter().enumerate() {
        std::fs::write(delta.join(index.to_string()), part).unwrap();
    }
    let repo = format!("--repo={}", dir.path().join("repo").display());
    let delta = delta.to_str().unwrap();
    let steps: [&[&str]; 4] = [
        &["init", "--mode=bare-user"],
        &["static-delta", "apply-offline", delta],
        &["refs", "--create=x", TO],
        &["fsck", "-q"],
    ];
    for step in steps {
        let args: Vec<&str> = [&[repo.as_str()], step].concat();
        let Some(fine) = run("ostree", &args) else {
            return eprintln!("ignored: ostree is not installed");
        };
        assert!(fine, "ostree {args:?}");
    }
    let target = Repo::open(dir.path().join("repo")).unwrap();
    for object in &made.objects {
        assert!(target.has(object).unwrap(), "{object}");
    }
    let signatures = target.commitmeta(&made.commit.checksum()).unwrap();
    assert_eq!(signatures.signatures("ostree.gpgsigs").unwrap().len(), 2);
}
