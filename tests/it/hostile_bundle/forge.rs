//! Whole bundles made by hand out of a repository that stock `ostree` made, and signed by keys of
//! the test, so that each can lie in exactly one way under a good signature.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use airlock::delta::{SpineInput, compile_spine};
use airlock::format::{
    Checksum, Codec, Metadata, ObjectKind, ObjectName, RefName, Summary, SummaryFields, SummaryRef,
};
use airlock::openpgp::{FileSigner, GenerateOptions, Keyring, Signer, armor_signatures, generate};
use airlock::repo::Repo;
use airlock::workflow::Trust;
use sequoia_openpgp as pgp;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fixture;
use crate::handmade::{Part, object_path, tar_of};

/// When everything in these tests happens: after the commits, and before any clock that is right.
pub const NOW: u64 = 1_750_000_000;
/// The ref of the fixture's commits.
pub const REF: &str = "test/x86_64/main";
/// The first commit.
pub const OLD: &str = "308148eac3440c57252437962f8bc9fcce9fb31b7ea2b1da585351be42b259f2";
/// The second commit, whose parent is the first.
pub const NEW: &str = "9162462524b4c03745c3414155eecdb7958631b1d9c3439214b937718b7a688b";

/// More than the content of either.
pub const CONTENT: u64 = 4 << 20;

/// A key of the test.
pub struct Key {
    signer: FileSigner,
    secret: Vec<u8>,
    certificate: Vec<u8>,
}

impl Key {
    fn new(name: &str) -> Key {
        let options = GenerateOptions {
            user_id: name.to_owned(),
            validity_secs: None,
            passphrase: None,
            now: NOW - 1000,
        };
        let key = generate(&options).unwrap();
        Key {
            signer: FileSigner::new(&key.secret_armored, None).unwrap(),
            secret: key.secret_armored.to_vec(),
            certificate: key.certificate_armored,
        }
    }

    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Signs; returns a binary signature packet.
    pub fn sign(&self, data: &[u8]) -> Vec<u8> {
        self.signer.sign(data, NOW - 100).unwrap()
    }

    /// Signs with SHA-1, as airlock would never do.
    pub fn sign_sha1(&self, data: &[u8]) -> Vec<u8> {
        use pgp::parse::Parse;
        use pgp::serialize::stream::{Message, Signer};
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW - 100);
        let policy = pgp::policy::StandardPolicy::new();
        let cert = pgp::Cert::from_bytes(&self.secret).unwrap();
        let keys = cert.keys().with_policy(&policy, at).for_signing().secret();
        let key = keys.into_iter().next().unwrap().key().clone();
        let mut signature = Vec::new();
        let message = Message::new(&mut signature);
        let mut signer = Signer::new(message, key.into_keypair().unwrap())
            .unwrap()
            .hash_algo(pgp::types::HashAlgorithm::SHA1)
            .unwrap()
            .creation_time(at)
            .detached()
            .build()
            .unwrap();
        signer.write_all(data).unwrap();
        signer.finalize().unwrap();
        signature
    }
}

/// The key that the site trusts.
pub static TRUSTED: LazyLock<Key> = LazyLock::new(|| Key::new("Release <release@example.org>"));
/// Another key that the site trusts, where a policy says who may do what.
pub static SECOND: LazyLock<Key> = LazyLock::new(|| Key::new("Officer <officer@example.org>"));
/// A key that the site does not know.
pub static STRANGER: LazyLock<Key> = LazyLock::new(|| Key::new("Stranger <x@example.net>"));

/// What the site trusts: any signature of the trusted key; with a policy, what that says of the
/// trusted key and the second one.
pub fn trust(policy: &str) -> Trust {
    if policy.is_empty() {
        let mut keyring = Keyring::new();
        keyring.add_bytes(&TRUSTED.certificate).unwrap();
        return Trust::of(keyring);
    }
    let dir = TempDir::new().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(dir.path().join(name), bytes).unwrap();
    write("release.asc", &TRUSTED.certificate);
    write("officer.asc", &SECOND.certificate);
    let names = [("release", &TRUSTED), ("officer", &SECOND)]
        .map(|(name, key)| format!("{name} = \"{}\"\n", key.signer.certificate()));
    write(
        "policy.toml",
        format!("[certificates]\n{}{policy}", names.concat()).as_bytes(),
    );
    Trust::load(dir.path()).unwrap()
}

/// The repository that the bundles come from.
pub static TWIN: LazyLock<(TempDir, Repo)> = LazyLock::new(|| fixture::repo("archive-repo"));

/// What the spine and the packs of a release are made from.
pub struct Content {
    /// The commit.
    pub commit: Checksum,
    /// The one commit it builds on.
    pub from: Option<Checksum>,
    /// Who signed the commit.
    pub commit_signers: Vec<&'static Key>,
    /// Trees and their metadata.
    pub metadata: BTreeSet<ObjectName>,
    /// Files, as the packs hold them.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Content {
    /// All that a commit needs, less what `from` has.
    pub fn new(commit: &str, from: Option<&str>) -> Content {
        let repo = &TWIN.1;
        let commit: Checksum = commit.parse().unwrap();
        let from: Option<Checksum> = from.map(|from| from.parse().unwrap());
        let mut objects = reachable(repo, &commit);
        if let Some(from) = &from {
            let old = reachable(repo, from);
            objects.retain(|object| !old.contains(object));
        }
        let (files, metadata): (BTreeSet<_>, BTreeSet<_>) = objects
            .into_iter()
            .partition(|object| object.kind == ObjectKind::File);
        let mut files: Vec<_> = files.iter().map(|file| stored(repo, file)).collect();
        files.sort();
        Content {
            commit,
            from,
            commit_signers: vec![&TRUSTED],
            metadata,
            files,
        }
    }

    /// The members of release 0.
    pub fn members(&self) -> Vec<Part> {
        let repo = &TWIN.1;
        let commit = repo.commit(&self.commit).unwrap();
        let mut commitmeta = Metadata::new();
        let signatures: Vec<Vec<u8>> = self
            .commit_signers
            .iter()
            .map(|key| key.sign(commit.bytes()))
            .collect();
        commitmeta.set_signatures(Metadata::GPGSIGS, &signatures);
        let metadata: Vec<ObjectName> = self.metadata.iter().copied().collect();
        let spine = compile_spine(&SpineInput {
            repo,
            commit: &commit,
            from: self.from,
            commitmeta: &commitmeta,
            metadata: &metadata,
            files: &[],
            timestamp: NOW - 200,
        })
        .unwrap();
        let mut members = vec![Part::plain("payload/0/superblock", &spine.superblock)];
        for (index, part) in spine.parts.iter().enumerate() {
            members.push(Part::zstd(&format!("payload/0/{index}.zst"), part, None));
        }
        members.push(Part::pack("payload/0/objects-0.tar.zst", &self.files));
        members
    }

    /// What the manifest says of release 0.
    pub fn release(&self) -> Value {
        let commit = TWIN.1.commit(&self.commit).unwrap();
        let count = |kind| {
            let of_kind = |object: &&ObjectName| object.kind == kind;
            self.metadata.iter().filter(of_kind).count()
        };
        let stored: usize = self.files.iter().map(|(_, bytes)| bytes.len()).sum();
        json!({
            "ref": REF,
            "commit": self.commit,
            "parent": commit.parent,
            "from": self.from.iter().collect::<Vec<_>>(),
            "version": commit.version(),
            "timestamp": commit.timestamp,
            "objects": {
                "commit": 1,
                "dirtree": count(ObjectKind::DirTree),
                "dirmeta": count(ObjectKind::DirMeta),
                "file": self.files.len(),
            },
            "bytes": {"stored": stored, "content": CONTENT},
        })
    }
}

/// A bundle in the making: change anything, then write it.
pub struct Forged {
    /// The manifest, less its first field and its members.
    pub manifest: Value,
    /// What stands before the manifest.
    pub before: Vec<(String, Vec<u8>)>,
    /// Every member but the manifest and its signatures.
    pub members: Vec<Part>,
    /// What stands in place of `bundle/1`.
    pub kind: &'static str,
    /// Makes the signatures over the manifest.
    pub sign: fn(&[u8]) -> Vec<Vec<u8>>,
}

impl Forged {
    /// A good bundle of this content.
    pub fn new(content: &Content, sequence: u64) -> Forged {
        let manifest = json!({
            "repository": {"id": "5".repeat(32), "collection": null},
            "site": "default",
            "created": NOW - 60,
            "expires": null,
            "origin": {"tool": "by hand"},
            "sequence": {REF: sequence},
            "releases": [content.release()],
            "refs-after": {REF: content.commit},
            "extensions": {},
        });
        let mut members = summary_pair(&[(REF, content.commit)], NOW - 60, &TRUSTED).to_vec();
        members.extend(content.members());
        Forged {
            manifest,
            before: Vec::new(),
            members,
            kind: "bundle/1",
            sign: |manifest| vec![TRUSTED.sign(manifest)],
        }
    }

    /// The first release: everything of the old commit.
    pub fn first() -> Forged {
        Forged::new(&Content::new(OLD, None), NOW - 1000)
    }

    /// The update: from the old commit to the new one.
    pub fn update() -> Forged {
        Forged::new(&Content::new(NEW, Some(OLD)), NOW - 50)
    }

    /// Returns the member of this name, to be changed.
    pub fn member(&mut self, name: &str) -> &mut Part {
        self.members
            .iter_mut()
            .find(|member| member.name == name)
            .unwrap_or_else(|| panic!("{name}"))
    }

    /// The bytes that are signed.
    pub fn manifest_bytes(&self) -> Vec<u8> {
        let mut manifest = self.manifest.clone();
        if manifest.get("members").is_none() {
            manifest["members"] = self.members.iter().map(Part::entry).collect();
        }
        let rest = manifest.to_string();
        format!("{{\"airlock\":\"{}\",{}", self.kind, &rest[1..]).into_bytes()
    }

    /// All members with their names, in order.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let manifest = self.manifest_bytes();
        let signatures = (self.sign)(&manifest);
        let signatures = match signatures.is_empty() {
            true => Vec::new(),
            false => armor_signatures(&signatures),
        };
        let front = [
            ("manifest.json".to_owned(), manifest),
            ("manifest.json.asc".to_owned(), signatures),
        ];
        let members = self
            .members
            .iter()
            .map(|part| (part.name.clone(), part.bytes.clone()));
        let before = self.before.iter().cloned();
        before.chain(front).chain(members).collect()
    }

    /// The tar form.
    pub fn tar(&self) -> Vec<u8> {
        tar_of(&self.files())
    }
}

/// A summary of these refs, and its signatures.
pub fn summary_pair(refs: &[(&str, Checksum)], last_modified: u64, key: &Key) -> [Part; 2] {
    let entry = |(name, commit): &(&str, Checksum)| {
        let name: RefName = name.parse().unwrap();
        let of = TWIN.1.commit(commit).unwrap();
        let size = of.bytes().len() as u64;
        SummaryRef::new(name, size, *commit, of.version(), of.timestamp)
    };
    summary_of(refs.iter().map(entry).collect(), last_modified, key)
}

/// A summary of these entries, and its signatures.
pub fn summary_of(refs: Vec<SummaryRef>, last_modified: u64, key: &Key) -> [Part; 2] {
    let fields = SummaryFields {
        last_modified,
        mode: "archive-z2".into(),
        ..SummaryFields::default()
    };
    let summary = Summary::new(refs, fields).encode();
    let mut signatures = Metadata::new();
    signatures.set_signatures(Metadata::GPGSIGS, &[key.sign(&summary)]);
    [
        Part::plain("summary", &summary),
        Part::plain("summary.sig", &signatures.encode()),
    ]
}

/// What is reachable from a commit, itself left out.
fn reachable(repo: &Repo, commit: &Checksum) -> BTreeSet<ObjectName> {
    let commit = repo.commit(commit).unwrap();
    let mut objects = BTreeSet::new();
    let mut pending = vec![(commit.tree, commit.meta)];
    while let Some((tree, meta)) = pending.pop() {
        objects.insert(ObjectName::new(tree, ObjectKind::DirTree));
        objects.insert(ObjectName::new(meta, ObjectKind::DirMeta));
        let tree = repo.tree(&tree).unwrap();
        let file = |(_, file): &(String, Checksum)| ObjectName::new(*file, ObjectKind::File);
        objects.extend(tree.files.iter().map(file));
        pending.extend(tree.dirs.iter().map(|(_, tree, meta)| (*tree, *meta)));
    }
    objects
}

/// A file object as a pack holds it.
fn stored(repo: &Repo, object: &ObjectName) -> (String, Vec<u8>) {
    let name = object_path(&object.checksum);
    let bytes = std::fs::read(repo.path().join(&name)).unwrap();
    (name, bytes)
}
