//! Deltas with patches: made from a repository of any mode, applied, and what is declined.

mod large;
mod parts;

use std::collections::BTreeMap;
use std::io::Read;
use std::process::Command;

use airlock::delta::{
    Choice, CompileInput, Compiled, CostModel, DeltaError, DeltaPart, Effort, NoSources,
    ObjectSink, Otherwise, Pair, PartKind, RepoSources, SpineInput, Way, Why, apply_part, compile,
    examine_part,
};
use airlock::format::delta::Superblock;
use airlock::format::{
    Checksum, Commit, DirTree, Encoded, FileHeader, Metadata, ObjectKind, ObjectName, Xattrs,
};
use airlock::repo::{Mode, Repo, Transaction};
use airlock::{Class, Silent};

use super::Names;
use crate::bench::{Bench, NOW};
use crate::handmade::{noise_of as noise, object_path};

/// The same bytes, one in a thousand changed, and some inserted.
fn changed(bytes: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for at in (0..changed.len()).step_by(1000) {
        changed[at] = changed[at].wrapping_add(3);
    }
    let middle = changed.len() / 2;
    changed.splice(middle..middle, *b"something new");
    changed
}

/// Two commits of the same names.
struct Two {
    bench: Bench,
    from: Checksum,
    to: Encoded<Commit>,
    pairs: Vec<Pair>,
    contents: BTreeMap<Checksum, Vec<u8>>,
}

/// Writes a commit of these files, which stand at its root.
fn commit(repo: &Repo, files: &[Vec<u8>], timestamp: u64) -> (Checksum, Vec<Checksum>) {
    let tx = Transaction::begin(repo).unwrap();
    let meta = airlock::format::DirMeta {
        uid: 0,
        gid: 0,
        mode: 0o40755,
        xattrs: Xattrs::default(),
    };
    let meta = Encoded::encode(meta);
    let meta = tx
        .write_metadata(ObjectKind::DirMeta, meta.bytes())
        .unwrap();
    let header = FileHeader::regular(0, 0, 0o100644, Xattrs::default());
    let write = |content: &Vec<u8>| {
        let size = content.len() as u64;
        tx.write_file(&header, size, &mut content.as_slice())
            .unwrap()
    };
    let names: Vec<Checksum> = files.iter().map(write).collect();
    let entries = (b'a'..).zip(&names);
    let entries = entries.map(|(letter, name)| (char::from(letter).to_string(), *name));
    let tree = Encoded::encode(DirTree::new(entries.collect(), vec![]).unwrap());
    let tree = tx
        .write_metadata(ObjectKind::DirTree, tree.bytes())
        .unwrap();
    let commit = Encoded::encode(Commit {
        metadata: Metadata::new(),
        parent: None,
        subject: String::new(),
        body: String::new(),
        timestamp,
        tree,
        meta,
    });
    let commit = tx
        .write_metadata(ObjectKind::Commit, commit.bytes())
        .unwrap();
    tx.set_ref(&format!("at/{timestamp}").parse().unwrap(), Some(commit));
    tx.publish(&Silent).unwrap();
    (commit, names)
}

impl Two {
    fn new(mode: Mode, old: &[Vec<u8>], new: &[Vec<u8>]) -> Two {
        let bench = Bench::new(mode);
        let (from, before) = commit(&bench.repo, old, NOW);
        let (to, after) = commit(&bench.repo, new, NOW + 1);
        let pair = |(new, old): (&Checksum, &Checksum)| Pair {
            new: *new,
            old: *old,
            stored: 1,
            otherwise: Otherwise::Declined,
        };
        let pairs = after.iter().zip(&before).map(pair).collect();
        Two {
            from,
            to: bench.repo.commit(&to).unwrap(),
            bench,
            pairs,
            contents: after.into_iter().zip(new.iter().cloned()).collect(),
        }
    }

    /// The same, each pair with what its new file takes where it is.
    fn weighed(mut self) -> Two {
        for pair in &mut self.pairs {
            let name = ObjectName::new(pair.new, ObjectKind::File);
            pair.stored = self.bench.repo.object_size(&name).unwrap();
        }
        self
    }

    /// Makes everything, and holds it against what it was made from.
    fn check(&self, compiled: &Compiled, parts: &[Vec<u8>]) {
        let superblock = compiled.superblock.encode().unwrap();
        let superblock = Superblock::decode(&superblock).unwrap();
        let sources = RepoSources::new(&self.bench.repo, self.bench.dir.path());
        let mut contents = Contents::default();
        for (header, part) in superblock.parts.iter().zip(parts) {
            apply_part(header, part.clone(), &sources, &mut contents).unwrap();
        }
        assert!(contents.0 == self.contents);
    }

    fn compile(&self, effort: Effort) -> Result<(Compiled, Vec<Vec<u8>>), DeltaError> {
        let (mut headers, mut parts) = (Vec::new(), Vec::new());
        let mut compiled = self.with_input(effort, |input| {
            compile(input, &Silent, &mut |part| {
                let mut file = Vec::new();
                headers.push(part.write_to(&mut file)?);
                parts.push(file);
                Ok(())
            })
        })?;
        compiled.superblock.parts = headers;
        Ok((compiled, parts))
    }

    fn with_input<T>(&self, effort: Effort, then: impl FnOnce(&CompileInput<'_>) -> T) -> T {
        let tree = ObjectName::new(self.to.tree, ObjectKind::DirTree);
        then(&CompileInput {
            spine: SpineInput {
                repo: &self.bench.repo,
                commit: &self.to,
                from: Some(self.from),
                commitmeta: &Metadata::new(),
                metadata: &[tree],
                files: &[],
                timestamp: NOW,
            },
            sources: &self.bench.repo,
            pairs: &self.pairs,
            costs: CostModel {
                effort,
                media_speed: None,
            },
            threads: 2,
            part_memory: 0,
            one_window_in: 1,
        })
    }
}

/// Keeps the content of every file it is given.
#[derive(Default)]
struct Contents(BTreeMap<Checksum, Vec<u8>>);

impl ObjectSink for Contents {
    fn metadata(&mut self, _: &ObjectName, _: &[u8]) -> Result<(), DeltaError> {
        Ok(())
    }

    fn file(
        &mut self,
        checksum: &Checksum,
        _: &FileHeader,
        _: u64,
        content: &mut dyn Read,
    ) -> Result<(), DeltaError> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        self.0.insert(*checksum, bytes);
        Ok(())
    }
}

/// Files that are worth patching; the fourth, all new, and the fifth, which was empty, are not.
fn files() -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let old = vec![
        noise(300_000, 1),
        b"short".to_vec(),
        noise(60_000, 2),
        noise(50_000, 3),
        Vec::new(),
        noise(2_000_000, 4),
    ];
    let mut new: Vec<Vec<u8>> = old.iter().map(|file| changed(file)).collect();
    new[1] = b"brief".to_vec();
    new[3] = noise(40_000, 5);
    (old, new)
}

#[test]
fn patched_files_are_made_from_every_mode() {
    let (old, new) = files();
    for mode in [Mode::Archive, Mode::BareUser, Mode::BareUserOnly] {
        let two = Two::new(mode, &old, &new);
        let (compiled, parts) = two.compile(Effort::Balanced).unwrap();
        assert_eq!(compiled.patched, [0, 1, 2, 5], "{mode:?}");
        assert_eq!(compiled.declined, [3, 4], "{mode:?}");
        let choices = compiled
            .choices
            .iter()
            .map(|choice| (choice.way, choice.why));
        assert_eq!(
            choices.collect::<Vec<_>>(),
            [
                (Way::Patched, Why::Saves),
                (Way::Patched, Why::Saves),
                (Way::Patched, Why::Saves),
                (Way::Declined, Why::SavesLittle),
                (Way::Declined, Why::NoOldFile),
                (Way::Patched, Why::Saves),
            ],
            "{mode:?}"
        );
        let superblock = compiled.superblock.encode().unwrap();
        let superblock = Superblock::decode(&superblock).unwrap();
        assert_eq!(superblock.from, Some(two.from));
        let sources = RepoSources::new(&two.bench.repo, two.bench.dir.path());
        let mut contents = Contents::default();
        let mut examined = Examined::default();
        assert_eq!(superblock.parts.len(), parts.len());
        for (header, part) in superblock.parts.iter().zip(&parts) {
            apply_part(header, part.clone(), &sources, &mut contents).unwrap();
            examine_part(header, part, &mut examined).unwrap();
            let without = apply_part(header, part.clone(), &NoSources, &mut Names::default());
            assert_eq!(without.unwrap_err().class(), Class::Corrupt);
        }
        for index in compiled.patched {
            let name = two.pairs[index].new;
            assert!(contents.0.remove(&name) == Some(two.contents[&name].clone()));
            assert_eq!(examined.0.remove(&name), Some(new[index].len() as u64));
        }
        assert!(contents.0.is_empty() && examined.0.is_empty());
    }
}

#[test]
fn a_fast_medium_is_given_files_as_they_are() {
    let (old, new) = files();
    let two = Two::new(Mode::Archive, &old, &new);
    for (media_speed, patched) in [(100, 4), (30_000_000_000, 0)] {
        let choices = two.with_input(Effort::Balanced, |input| {
            let costs = CostModel {
                media_speed: Some(media_speed),
                ..input.costs
            };
            let input = CompileInput { costs, ..*input };
            compile(&input, &Silent, &mut |_| Ok(()))
        });
        let choices = choices.unwrap().choices;
        let is_patched = |choice: &&Choice| choice.way == Way::Patched;
        assert_eq!(choices.iter().filter(is_patched).count(), patched);
        let is_moved = |choice: &Choice| choice.why == Why::MovesFaster;
        assert_eq!(choices.iter().any(is_moved), patched == 0, "{choices:?}");
    }
}

/// Keeps the names and sizes of what is patched.
#[derive(Default)]
struct Examined(BTreeMap<Checksum, u64>);

impl ObjectSink for Examined {
    fn metadata(&mut self, _: &ObjectName, _: &[u8]) -> Result<(), DeltaError> {
        Ok(())
    }

    fn file(
        &mut self,
        checksum: &Checksum,
        _: &FileHeader,
        _: u64,
        _: &mut dyn Read,
    ) -> Result<(), DeltaError> {
        panic!("{checksum} is made without an old file")
    }

    fn patched(&mut self, checksum: &Checksum, size: u64) -> Result<(), DeltaError> {
        self.0.insert(*checksum, size);
        Ok(())
    }
}

#[test]
fn what_is_compressed_already_is_marked() {
    let old = [noise(600_000, 1), noise(600_000, 2)];
    let mostly_new = [&old[0][..200_000], &noise(400_000, 3)].concat();
    for (index, new) in [mostly_new, changed(&old[1])].into_iter().enumerate() {
        let two = Two::new(Mode::Archive, &old[index..=index], &[new]);
        let mut dense = None;
        let take = &mut |part: DeltaPart| {
            dense = Some(part.kind() == PartKind::Dense);
            Ok(())
        };
        let made = two.with_input(Effort::Balanced, |input| compile(input, &Silent, take));
        made.unwrap();
        // What is new cannot be compressed again; what is left of the other is nearly all zeros.
        assert_eq!(dense, Some(index == 0));
    }
    assert!(Effort::Small.level(PartKind::Dense) < Effort::Small.level(PartKind::Whole));
}

#[test]
fn a_damaged_file_does_not_get_into_a_delta() {
    let (old, new) = files();
    for old_one in [false, true] {
        let two = Two::new(Mode::Archive, &old, &new);
        let Pair { new, old, .. } = two.pairs[2];
        let damaged = if old_one { old } else { new };
        let path = two.bench.repo.path().join(object_path(&damaged));
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let error = two.compile(Effort::Balanced).unwrap_err();
        assert_eq!(error.class(), Class::Corrupt, "{error:?}");
        assert!(error.to_string().contains(&damaged.to_string()), "{error}");
    }
}

#[test]
fn an_old_file_that_is_not_there_is_done_without() {
    let (old, new) = files();
    let mut two = Two::new(Mode::Archive, &old, &new);
    two.pairs[0].old = Checksum::of(b"nowhere");
    let (compiled, _) = two.compile(Effort::Balanced).unwrap();
    assert_eq!(compiled.patched, [1, 2, 5]);
}

/// Runs `ostree`; nothing if it is not installed.
fn ostree(args: &[&str]) -> Option<()> {
    let output = match Command::new("ostree").args(args).output() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        output => output.unwrap(),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ostree {args:?}: {said}");
    Some(())
}

#[test]
fn stock_ostree_applies_patches_offline() {
    let (old, mut new) = files();
    // Nothing may be declined here: the delta is all there is.
    new[1].clone_from(&old[1]);
    new[3].clone_from(&old[3]);
    new[4].clone_from(&old[4]);
    for mode in [Mode::Archive, Mode::BareUser] {
        let mut two = Two::new(mode, &old, &new);
        two.pairs.retain(|pair| pair.new != pair.old);
        let (compiled, parts) = two.compile(Effort::Balanced).unwrap();
        assert!(compiled.declined.is_empty());
        let path = |name: &str| two.bench.dir.path().join(name).display().to_string();
        std::fs::create_dir(path("delta")).unwrap();
        let superblock = compiled.superblock.encode().unwrap();
        std::fs::write(path("delta/superblock"), superblock).unwrap();
        for (index, part) in parts.iter().enumerate() {
            std::fs::write(path(&format!("delta/{index}")), part).unwrap();
        }
        let (repo, to) = (format!("--repo={}", path("site")), two.to.checksum());
        let from = two.from.to_string();
        let steps: [&[&str]; 6] = [
            &["init", "--mode=bare-user"],
            &["pull-local", &path("repo"), &from],
            &["static-delta", "apply-offline", &path("delta")],
            &["refs", "--create=new", &to.to_string()],
            &["refs", "--create=old", &from],
            &["fsck", "-q"],
        ];
        for step in steps {
            if ostree(&[&[repo.as_str()], step].concat()).is_none() {
                return eprintln!("ignored: ostree is not installed");
            }
        }
        let site = Repo::open(path("site")).unwrap();
        for (name, content) in &two.contents {
            let mut found = Vec::new();
            site.file(name)
                .unwrap()
                .reader
                .read_to_end(&mut found)
                .unwrap();
            assert!(found == *content);
        }
    }
}
