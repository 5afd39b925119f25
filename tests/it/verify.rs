//! What `verify` accepts, and every lie and omission that a signature does not mend.

use std::collections::BTreeSet;
use std::rc::Rc;

use airlock::delta::{Spine, SpineInput, compile_spine};
use airlock::format::{
    Checksum, Commit, Encoded, Metadata, ObjectKind, ObjectName, RefName, Summary, SummaryFields,
    SummaryRef,
};
use airlock::openpgp::{FileSigner, GenerateOptions, Keyring, Signer, armor_signatures, generate};
use airlock::repo::Repo;
use airlock::workflow::{Error, Trust, VerifyOptions, VerifyOutcome, verify};
use airlock::{Class, Silent};
use serde_json::{Value, json};

use crate::handmade::{Handmade, Part, object_path};
use crate::repo::objects::fixture;

const NOW: u64 = 1_800_000_000;
const COMMIT: &str = "9162462524b4c03745c3414155eecdb7958631b1d9c3439214b937718b7a688b";

/// Somebody who signs, and whoever trusts him.
struct Person {
    signer: FileSigner,
    trust: Trust,
}

impl Person {
    fn new(name: &str) -> Self {
        let options = GenerateOptions {
            user_id: name.into(),
            validity_secs: None,
            passphrase: None,
            now: NOW - 1000,
        };
        let key = generate(&options).unwrap();
        let mut keyring = Keyring::new();
        keyring.add_bytes(&key.certificate_armored).unwrap();
        let signer = FileSigner::new(&key.secret_armored, None).unwrap();
        Person {
            signer,
            trust: Trust::of(keyring),
        }
    }

    fn sign(&self, data: &[u8]) -> Vec<u8> {
        self.signer.sign(data, NOW - 10).unwrap()
    }

    fn signatures(&self, data: &[u8]) -> Metadata {
        let mut metadata = Metadata::new();
        metadata.set_signatures(Metadata::GPGSIGS, &[self.sign(data)]);
        metadata
    }
}

/// A complete, signed bundle of one release, in the making.
struct Scene {
    alice: Person,
    repo: Repo,
    commit: Encoded<Commit>,
    metadata: Vec<ObjectName>,
    files: Vec<(String, Vec<u8>)>,
    /// Over what the commit's signature is made.
    signed_commit: Vec<u8>,
    /// Whose ref the release is.
    name: String,
    /// What the summary lists.
    summary: Vec<(String, Checksum)>,
    edit: Rc<dyn Fn(&mut Value)>,
    _dir: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let (dir, repo) = fixture("archive-repo");
        let commit = repo.commit(&COMMIT.parse().unwrap()).unwrap();
        let (metadata, files) = reachable(&repo, &commit);
        let stored = files.iter().map(|file| {
            let path = object_path(file);
            let bytes = std::fs::read(repo.path().join(&path)).unwrap();
            (path, bytes)
        });
        let name = commit.ref_binding().unwrap()[0].clone();
        Scene {
            alice: Person::new("alice"),
            metadata,
            files: stored.collect(),
            signed_commit: commit.bytes().to_vec(),
            summary: vec![(name.clone(), commit.checksum())],
            name,
            edit: Rc::new(|_| ()),
            repo,
            commit,
            _dir: dir,
        }
    }

    fn spine(&self) -> Spine {
        let input = SpineInput {
            repo: &self.repo,
            commit: &self.commit,
            from: None,
            commitmeta: &self.alice.signatures(&self.signed_commit),
            metadata: &self.metadata,
            files: &[],
            timestamp: NOW,
        };
        compile_spine(&input).unwrap()
    }

    fn summary_pair(&self) -> [Part; 2] {
        let entry = |(name, commit): &(String, Checksum)| {
            let name: RefName = name.parse().unwrap();
            SummaryRef::new(
                name,
                0,
                *commit,
                self.commit.version(),
                self.commit.timestamp,
            )
        };
        let fields = SummaryFields {
            extra: Metadata::new(),
            static_deltas: Vec::new(),
            last_modified: NOW - 10,
            mode: "archive-z2".into(),
            tombstone_commits: false,
            collection_id: None,
            collection_map: Default::default(),
        };
        let summary = Summary::new(self.summary.iter().map(entry).collect(), fields).encode();
        let signature = self.alice.signatures(&summary).encode_hash_order();
        [
            Part::plain("summary", &summary),
            Part::plain("summary.sig", &signature),
        ]
    }

    /// The bundle, signed by nobody yet.
    fn bundle(&self) -> Handmade {
        let spine = self.spine();
        let mut members = Vec::from(self.summary_pair());
        members.push(Part::plain("payload/0/superblock", &spine.superblock));
        let parts = spine.parts.iter().enumerate();
        members
            .extend(parts.map(|(i, part)| Part::zstd(&format!("payload/0/{i}.zst"), part, None)));
        members.push(Part::pack("payload/0/objects-0.tar.zst", &self.files));
        let count = |kind| {
            self.metadata
                .iter()
                .filter(|object| object.kind == kind)
                .count()
        };
        let release = json!({
            "ref": self.name, "commit": self.commit.checksum(), "parent": self.commit.parent, "from": [],
            "version": self.commit.version(), "timestamp": self.commit.timestamp,
            "objects": {
                "commit": 1, "dirtree": count(ObjectKind::DirTree), "dirmeta": count(ObjectKind::DirMeta),
                "file": self.files.len(),
            },
            "bytes": {"stored": 0, "content": 64 << 20},
        });
        let (name, commit, edit) = (self.name.clone(), self.commit.checksum(), self.edit.clone());
        let edit = move |manifest: &mut Value| {
            manifest["releases"] = json!([release]);
            manifest["sequence"] = json!({name.as_str(): NOW});
            manifest["refs-after"] = json!({name.as_str(): commit});
            edit(manifest);
        };
        Handmade {
            members,
            signature: Vec::new(),
            edit: Rc::new(edit),
        }
    }

    fn signed(&self) -> Handmade {
        let mut bundle = self.bundle();
        bundle.signature = armor_signatures(&[self.alice.sign(&bundle.manifest())]);
        bundle
    }

    fn verify(&self) -> Result<VerifyOutcome, Error> {
        self.verify_bundle(&self.signed(), &self.alice.trust)
    }

    fn verify_bundle(&self, bundle: &Handmade, trust: &Trust) -> Result<VerifyOutcome, Error> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.airlock");
        std::fs::write(&path, bundle.tar()).unwrap();
        let options = VerifyOptions {
            bundle: vec![path],
            signatures: Vec::new(),
            trust,
            now: NOW,
        };
        verify(&options, &Silent)
    }
}

/// Everything that belongs to a commit but itself, sorted.
fn reachable(repo: &Repo, commit: &Commit) -> (Vec<ObjectName>, BTreeSet<Checksum>) {
    let mut metadata = BTreeSet::new();
    let mut files = BTreeSet::new();
    let mut next = vec![(commit.tree, commit.meta)];
    while let Some((tree, meta)) = next.pop() {
        metadata.insert(ObjectName::new(tree, ObjectKind::DirTree));
        metadata.insert(ObjectName::new(meta, ObjectKind::DirMeta));
        let tree = repo.tree(&tree).unwrap();
        files.extend(tree.files.iter().map(|(_, file)| *file));
        next.extend(tree.dirs.iter().map(|(_, tree, meta)| (*tree, *meta)));
    }
    (metadata.into_iter().collect(), files)
}

/// Holds a refusal to its class and to the kind and text of a finding.
fn assert_refused(what: &str, result: Result<VerifyOutcome, Error>, class: Class, text: &str) {
    let error = result.expect_err(what);
    let found: Vec<String> = match error.findings() {
        [] => vec![error.to_string()],
        findings => findings.iter().map(ToString::to_string).collect(),
    };
    assert!(
        found.iter().any(|finding| finding.contains(text)),
        "{what}: {found:?}"
    );
    assert_eq!(error.class(), class, "{what}: {found:?}");
}

#[test]
fn a_good_bundle_is_vouched_for() {
    let scene = Scene::new();
    let outcome = scene.verify().unwrap();
    let alice = BTreeSet::from([scene.alice.signer.certificate().clone()]);
    assert_eq!(outcome.signers, alice);
    assert_eq!(outcome.summary_signers, Some(alice.clone()));
    assert_eq!(
        outcome.objects,
        (scene.metadata.len() + scene.files.len() + 1) as u64
    );
    let release = &outcome.releases[0];
    assert_eq!(
        (release.commit, &release.signers),
        (scene.commit.checksum(), &alice)
    );
}

#[test]
fn signatures_decide_before_anything_is_read() {
    let scene = Scene::new();
    let mallory = Person::new("mallory");
    let good = scene.signed();
    let by = |signature: Vec<u8>| Handmade {
        signature,
        ..scene.bundle()
    };
    let other = Handmade {
        signature: armor_signatures(&[scene.alice.sign(b"other")]),
        ..scene.bundle()
    };
    let table = [
        ("unsigned", by(Vec::new())),
        (
            "unknown key",
            by(armor_signatures(
                &[mallory.sign(&scene.bundle().manifest())],
            )),
        ),
        ("over another manifest", other),
    ];
    for (what, bundle) in table {
        let result = scene.verify_bundle(&bundle, &scene.alice.trust);
        assert_refused(what, result, Class::Untrusted, "the bundle");
    }
    let result = scene.verify_bundle(&good, &mallory.trust);
    assert_refused(
        "another trust",
        result,
        Class::Untrusted,
        "the bundle needs 1",
    );
    let noise = by(b"-----BEGIN PGP SIGNATURE-----\n\nnoise".to_vec());
    assert!(scene.verify_bundle(&noise, &scene.alice.trust).is_err());
}

#[test]
fn what_is_signed_must_be_true_and_complete() {
    type Edit = fn(&mut Scene);
    /// Puts a lie into the manifest's only release.
    fn lie(scene: &mut Scene, key: &'static str, value: Value) {
        scene.edit = Rc::new(move |manifest| manifest["releases"][0][key] = value.clone());
    }
    let table: &[(&str, Edit, Class, &str)] = &[
        (
            "commit not signed",
            |s| s.signed_commit = b"other".to_vec(),
            Class::Untrusted,
            "commit 9162",
        ),
        (
            "parent",
            |s| lie(s, "parent", json!(null)),
            Class::Corrupt,
            "the commit's parent",
        ),
        (
            "timestamp",
            |s| lie(s, "timestamp", json!(1)),
            Class::Corrupt,
            "the commit's timestamp",
        ),
        (
            "version",
            |s| lie(s, "version", json!("9")),
            Class::Corrupt,
            "the commit's version",
        ),
        (
            "from",
            |s| lie(s, "from", json!(["0".repeat(64)])),
            Class::Corrupt,
            "the superblock's from",
        ),
        (
            "trees",
            |s| s.metadata.truncate(s.metadata.len() - 1),
            Class::Corrupt,
            "is not complete: 1 object(s)",
        ),
        (
            "a file missing",
            |s| drop(s.files.pop()),
            Class::Corrupt,
            "is not complete: 1 object(s)",
        ),
        (
            "a stray file",
            stray,
            Class::Corrupt,
            "1 object(s) do not belong",
        ),
        (
            "another ref",
            another_ref,
            Class::Refused,
            "does not bind the ref other",
        ),
        (
            "summary lists more",
            summary_more,
            Class::Corrupt,
            "disagree about more",
        ),
        (
            "summary lists less",
            |s| s.summary.clear(),
            Class::Corrupt,
            "disagree about",
        ),
        (
            "expired",
            |s| s.edit = Rc::new(|m| m["expires"] = json!(NOW - 1)),
            Class::Refused,
            "expired",
        ),
    ];
    for (what, edit, class, text) in table {
        let mut scene = Scene::new();
        edit(&mut scene);
        assert_refused(what, scene.verify(), *class, text);
    }

    fn stray(scene: &mut Scene) {
        scene.files.push(crate::handmade::filez(b"not part of it"));
        scene.files.sort();
    }
    fn another_ref(scene: &mut Scene) {
        scene.name = "other".into();
        scene.summary = vec![("other".into(), scene.commit.checksum())];
    }
    fn summary_more(scene: &mut Scene) {
        scene.summary.push(("more".into(), scene.commit.checksum()));
    }
}

#[test]
fn counts_and_another_commit_are_compared() {
    let mut scene = Scene::new();
    scene.edit = Rc::new(|manifest| {
        let files = manifest["releases"][0]["objects"]["file"].as_u64().unwrap();
        manifest["releases"][0]["objects"]["file"] = json!(files + 1);
    });
    assert_refused(
        "files",
        scene.verify(),
        Class::Corrupt,
        "the number of files",
    );

    let mut scene = Scene::new();
    let (name, other) = (scene.name.clone(), "0".repeat(64));
    scene.summary[0].1 = other.parse().unwrap();
    scene.edit = Rc::new(move |manifest| {
        manifest["releases"][0]["commit"] = json!(other);
        manifest["refs-after"][&name] = json!(other);
    });
    assert_refused(
        "commit",
        scene.verify(),
        Class::Corrupt,
        "the superblock's to",
    );
}
