//! The repository on disk.

mod fsck;
mod init;
mod lock;
pub mod objects;
mod redo;
mod refs;
mod summary;
mod transaction;
mod walk;

use std::path::Path;

use airlock::repo::{InitOptions, Mode, Repo};
use tempfile::TempDir;

/// Makes an empty repository in a directory that goes with the test.
pub fn scratch(mode: Mode) -> (TempDir, Repo) {
    let dir = TempDir::new().expect("a temporary directory");
    let options = InitOptions {
        mode,
        collection_id: None,
    };
    let repo = Repo::init(dir.path().join("repo"), &options).expect("a new repository");
    (dir, repo)
}

/// Like [`scratch`], without waiting for the medium.
pub fn hasty(mode: Mode) -> (TempDir, Repo) {
    let (dir, repo) = scratch(mode);
    let config = repo.path().join("config");
    let mut text = std::fs::read_to_string(&config).expect("a configuration");
    text.push_str("fsync=false\n");
    std::fs::write(&config, text).expect("a configuration");
    let repo = Repo::open(repo.path()).expect("the repository");
    (dir, repo)
}

/// Lists everything beneath `root`, directories with a slash, in order.
pub fn listing(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![root.to_owned()];
    while let Some(dir) = pending.pop() {
        for entry in std::fs::read_dir(&dir).expect("a directory") {
            let entry = entry.expect("an entry");
            let is_dir = entry.file_type().expect("a type").is_dir();
            let name = entry
                .path()
                .strip_prefix(root)
                .expect("beneath root")
                .display()
                .to_string();
            found.push(if is_dir { format!("{name}/") } else { name });
            if is_dir {
                pending.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// Changes one byte of a file.
pub fn flip(path: &Path, at: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}
