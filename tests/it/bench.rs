//! A workbench for tests of the verbs: small repositories, commits and keys.

use std::path::Path;

use airlock::format::gvariant::Value;
use airlock::format::{
    Checksum, Commit, DirMeta, DirTree, Encoded, FileHeader, Metadata, ObjectKind, RefName, Xattrs,
};
use airlock::openpgp::{
    FileSigner, Fingerprint, GenerateOptions, GeneratedKey, Keyring, Signer, generate,
};
use airlock::repo::{InitOptions, Mode, Repo, Transaction};
use airlock::{Silent, workflow::seal::Signing};
use tempfile::TempDir;

/// The present of these tests.
pub const NOW: u64 = 1_800_000_000;

/// A key that was made for one test, and whoever signs with it.
pub struct Key {
    pub fingerprint: Fingerprint,
    pub certificate: Vec<u8>,
    signers: Vec<Box<dyn Signer>>,
}

impl Key {
    pub fn new(name: &str) -> Key {
        Key::valid(name, 3 * 365 * 86_400)
    }

    /// A key that lives so many seconds.
    pub fn valid(name: &str, seconds: u64) -> Key {
        let options = GenerateOptions {
            user_id: name.into(),
            validity_secs: Some(seconds),
            passphrase: None,
            now: NOW - 86_400,
        };
        Key::of(&generate(&options).expect("a key"))
    }

    pub fn of(made: &GeneratedKey) -> Key {
        let signer = FileSigner::new(&made.secret_armored, None).expect("a signer");
        Key {
            fingerprint: made.fingerprint.clone(),
            certificate: made.certificate_armored.clone(),
            signers: vec![Box::new(signer)],
        }
    }

    pub fn signers(&self) -> &[Box<dyn Signer>] {
        &self.signers
    }

    /// Signs everything with this key.
    pub fn signing(&self) -> Signing<'_> {
        Signing {
            commit: &self.signers,
            summary: &self.signers,
            ..Signing::default()
        }
    }

    pub fn keyring(&self) -> Keyring {
        let mut keyring = Keyring::new();
        keyring.add_bytes(&self.certificate).expect("a certificate");
        keyring
    }
}

/// A repository in a directory that goes with the test.
pub struct Bench {
    pub dir: TempDir,
    pub repo: Repo,
}

impl Bench {
    pub fn new(mode: Mode) -> Bench {
        Bench::of_collection(mode, None)
    }

    pub fn of_collection(mode: Mode, collection: Option<&str>) -> Bench {
        let dir = TempDir::new().expect("a temporary directory");
        let collection_id = collection.map(|id| id.parse().expect("a collection id"));
        let repo = Repo::init(
            dir.path().join("repo"),
            &InitOptions {
                mode,
                collection_id,
            },
        )
        .expect("a repository");
        Bench { dir, repo }
    }

    pub fn path(&self) -> &Path {
        self.repo.path()
    }

    pub fn head(&self, name: &str) -> Option<Checksum> {
        self.repo
            .ref_commit(&name.parse().expect("a ref"))
            .expect("a repository")
    }

    /// Commits a tree of these files under `usr/`, with what `describe` says about it.
    pub fn commit(
        &self,
        name: &str,
        files: &[(&str, &str)],
        describe: impl FnOnce(&mut Commit),
    ) -> Checksum {
        let tx = Transaction::begin(&self.repo).expect("a transaction");
        let meta = DirMeta {
            uid: 0,
            gid: 0,
            mode: 0o40755,
            xattrs: Xattrs::default(),
        };
        let meta = tx
            .write_metadata(ObjectKind::DirMeta, Encoded::encode(meta).bytes())
            .unwrap();
        let header = FileHeader::regular(0, 0, 0o100644, Xattrs::default());
        let file = |(path, text): &(&str, &str)| {
            let checksum = tx
                .write_file(&header, text.len() as u64, &mut text.as_bytes())
                .unwrap();
            (path.to_string(), checksum)
        };
        let usr = DirTree::new(files.iter().map(file).collect(), vec![]).unwrap();
        let usr = tx
            .write_metadata(ObjectKind::DirTree, Encoded::encode(usr).bytes())
            .unwrap();
        let root = DirTree::new(vec![], vec![("usr".into(), usr, meta)]).unwrap();
        let tree = tx
            .write_metadata(ObjectKind::DirTree, Encoded::encode(root).bytes())
            .unwrap();
        let name: RefName = name.parse().unwrap();
        let mut metadata = Metadata::new();
        metadata.insert(Metadata::VERSION, Value::str("1"));
        metadata.insert(Metadata::REF_BINDING, Value::strv([name.to_string()]));
        let mut commit = Commit {
            metadata,
            parent: self.repo.ref_commit(&name).unwrap(),
            subject: "tested".into(),
            body: String::new(),
            timestamp: NOW - 3600,
            tree,
            meta,
        };
        describe(&mut commit);
        let checksum = tx
            .write_metadata(ObjectKind::Commit, Encoded::encode(commit).bytes())
            .unwrap();
        tx.set_ref(&name, Some(checksum));
        tx.publish(&Silent).unwrap();
        checksum
    }
}

/// Every path below a directory with what it holds; lock files come and go.
pub fn tree(root: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in std::fs::read_dir(dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => waiting.push(path),
                false if path.ends_with(".lock") || path.ends_with("lock") => {}
                false => {
                    let content = std::fs::read(&path).expect("a file");
                    found.push((path, content));
                }
            }
        }
    }
    found.sort();
    found
}
