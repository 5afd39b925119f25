//! A release repository and the bundles it gives out, each wrong in one way if need be.

use std::path::PathBuf;
use std::rc::Rc;

use airlock::Silent;
use airlock::delta::{SpineInput, compile_spine};
use airlock::format::{Checksum, Metadata, ObjectKind, ObjectName};
use airlock::openpgp::{Signer, armor_signatures};
use airlock::repo::summary::{SummaryOptions, SummaryScope, build};
use airlock::repo::{Mode, Repo, Transaction, walk};
use airlock::workflow::Trust;
use airlock::workflow::seal::{add_signatures, sign_commit};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bench::{Bench, Key, NOW};
use crate::handmade::{Handmade, Part, object_path};
use crate::repo::hasty;

pub const REF: &str = "os/stable";
pub const FIRST: [(&str, &str); 3] = [("a", "one"), ("b", "two"), ("same", "the same")];
pub const SECOND: [(&str, &str); 3] = [("a", "one more"), ("c", "three"), ("same", "the same")];

/// Changes a manifest before it is signed.
pub type Edit = Rc<dyn Fn(&mut Value)>;

/// Where releases come from.
pub struct Twin {
    pub bench: Bench,
    pub key: Key,
    pub first: Checksum,
    pub second: Checksum,
}

/// What goes into a bundle.
pub struct Cargo {
    pub commit: Checksum,
    pub from: Option<Checksum>,
    pub sequence: u64,
    pub summary: bool,
    /// Whether the summary lists the twin's static deltas.
    pub scope: SummaryScope,
    /// Files that are left out although the release needs them.
    pub without: usize,
    /// Files that are put in although it does not.
    pub strays: Vec<(String, Vec<u8>)>,
    pub edit: Edit,
}

impl Twin {
    /// A repository with two releases, the second an hour after the first.
    pub fn new() -> Twin {
        let bench = Bench::new(Mode::Archive);
        let key = Key::new("release");
        let first = bench.commit(REF, &FIRST, |commit| commit.timestamp = NOW - 7200);
        let second = bench.commit(REF, &SECOND, |commit| commit.timestamp = NOW - 3600);
        let twin = Twin {
            bench,
            key,
            first,
            second,
        };
        for commit in [first, second] {
            let tx = Transaction::begin(&twin.bench.repo).unwrap();
            sign_commit(&tx, &commit, Metadata::new(), twin.key.signers(), NOW).unwrap();
            tx.publish(&Silent).unwrap();
        }
        twin
    }

    pub fn trust(&self) -> Trust {
        Trust::of(self.key.keyring())
    }

    /// The first release, whole.
    pub fn full(&self) -> Cargo {
        self.cargo(self.first, None, 1)
    }

    /// What the second has that the first has not.
    pub fn update(&self) -> Cargo {
        self.cargo(self.second, Some(self.first), 2)
    }

    pub fn cargo(&self, commit: Checksum, from: Option<Checksum>, number: u64) -> Cargo {
        Cargo {
            commit,
            from,
            sequence: NOW - 1000 + number,
            summary: true,
            scope: SummaryScope::Site,
            without: 0,
            strays: Vec::new(),
            edit: Rc::new(|_| ()),
        }
    }

    /// Writes a signed bundle.
    pub fn write(&self, dir: &TempDir, name: &str, cargo: &Cargo) -> PathBuf {
        let mut bundle = self.bundle(cargo);
        bundle.signature = armor_signatures(&[self.sign(&bundle.manifest())]);
        let path = dir.path().join(name);
        std::fs::write(&path, bundle.tar()).unwrap();
        path
    }

    pub fn sign(&self, data: &[u8]) -> Vec<u8> {
        let signer: &dyn Signer = self.key.signers()[0].as_ref();
        signer.sign(data, NOW - 10).unwrap()
    }

    fn bundle(&self, cargo: &Cargo) -> Handmade {
        let repo = &self.bench.repo;
        let (metadata, mut files) = self.objects(cargo);
        files.drain(..cargo.without);
        files.extend(cargo.strays.iter().cloned());
        files.sort();
        let commit = repo.commit(&cargo.commit).unwrap();
        let spine = compile_spine(&SpineInput {
            repo,
            commit: &commit,
            from: cargo.from,
            commitmeta: &repo.commitmeta(&cargo.commit).unwrap(),
            metadata: &metadata,
            files: &[],
            timestamp: NOW,
        })
        .unwrap();
        let mut members = self.summary(cargo);
        members.push(Part::plain("payload/0/superblock", &spine.superblock));
        let parts = spine.parts.iter().enumerate();
        members
            .extend(parts.map(|(i, part)| Part::zstd(&format!("payload/0/{i}.zst"), part, None)));
        members.push(Part::pack("payload/0/objects-0.tar.zst", &files));
        let count = |kind| metadata.iter().filter(|name| name.kind == kind).count();
        let stored: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        let release = json!({
            "ref": REF, "commit": cargo.commit, "parent": commit.parent,
            "from": cargo.from.iter().collect::<Vec<_>>(),
            "version": commit.version(), "timestamp": commit.timestamp,
            "objects": {
                "commit": 1, "dirtree": count(ObjectKind::DirTree),
                "dirmeta": count(ObjectKind::DirMeta), "file": files.len(),
            },
            "bytes": {"stored": stored, "content": stored + (1 << 20)},
        });
        let (id, sequence, edit) = (cargo.commit, cargo.sequence, cargo.edit.clone());
        let edit = move |manifest: &mut Value| {
            manifest["created"] = json!(NOW - 100);
            manifest["releases"] = json!([release]);
            manifest["sequence"] = json!({ REF: sequence });
            manifest["refs-after"] = json!({ REF: id });
            edit(manifest);
        };
        Handmade {
            members,
            signature: Vec::new(),
            edit: Rc::new(edit),
        }
    }

    /// What the release needs beyond its base: metadata, and files as they are stored.
    fn objects(&self, cargo: &Cargo) -> (Vec<ObjectName>, Vec<(String, Vec<u8>)>) {
        let repo = &self.bench.repo;
        let mut needed = walk::reachable(repo, &[cargo.commit]).unwrap();
        if let Some(from) = cargo.from {
            for name in walk::reachable(repo, &[from]).unwrap() {
                needed.remove(&name);
            }
        }
        let (files, metadata): (Vec<_>, Vec<_>) = needed
            .into_iter()
            .filter(|name| name.kind != ObjectKind::Commit)
            .partition(|name| name.kind == ObjectKind::File);
        let stored = |name: ObjectName| {
            let path = object_path(&name.checksum);
            let bytes = std::fs::read(repo.path().join(&path)).unwrap();
            (path, bytes)
        };
        (metadata, files.into_iter().map(stored).collect())
    }

    fn summary(&self, cargo: &Cargo) -> Vec<Part> {
        if !cargo.summary {
            return Vec::new();
        }
        let repo = &self.bench.repo;
        let options = SummaryOptions {
            timestamp: cargo.sequence,
            refs: Some([(REF.parse().unwrap(), cargo.commit)].into()),
            scope: cargo.scope,
            ..SummaryOptions::default()
        };
        let summary = build(repo, repo, &options).unwrap();
        let mut metadata = Metadata::new();
        add_signatures(&summary, &mut metadata, self.key.signers(), NOW).unwrap();
        vec![
            Part::plain("summary", &summary),
            Part::plain("summary.sig", &metadata.encode_hash_order()),
        ]
    }
}

/// A repository without releases, for tests that do not wait for the medium.
pub fn site(mode: Mode) -> (TempDir, Repo) {
    hasty(mode)
}
