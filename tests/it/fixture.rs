//! The repositories that stock `ostree` made, out of their archives.

use std::{collections::BTreeMap, fs::File, io::Read, path::PathBuf, process::Command};

use airlock::repo::Repo;
use flate2::read::GzDecoder;
use tempfile::TempDir;

/// Returns the path of a file under `tests/data`.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// Reads a file under `tests/data`.
pub fn read(name: &str) -> Vec<u8> {
    let path = path(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the regular files of a repository's archive, by their path in the repository.
pub fn repo_files(name: &str) -> BTreeMap<String, Vec<u8>> {
    let archive = File::open(path(&format!("{name}.tar.gz"))).unwrap();
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    let mut files = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let below = path.split_once('/').map_or("", |(_, below)| below);
        files.insert(below.to_owned(), bytes);
    }
    files
}

/// Unpacks a repository, extended attributes included.
pub fn repo(name: &str) -> (TempDir, Repo) {
    let dir = TempDir::new().unwrap();
    let archive = path(&format!("{name}.tar.gz"));
    let status = Command::new("tar")
        .args([
            "--xattrs",
            "--xattrs-include=user.*",
            "--no-same-owner",
            "-xpzf",
        ])
        .arg(archive)
        .arg("-C")
        .arg(dir.path())
        .status();
    assert!(status.unwrap().success());
    let repo = Repo::open(dir.path().join(name)).unwrap();
    (dir, repo)
}
