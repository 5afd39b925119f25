//! What a verb may still open once it is confined.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use airlock::repo::Repo;
use airlock::workflow::site::Accepted;

/// What the C library, the standard library and the library read of the machine: whether memory is
/// promised twice, how many cores there are for us, and since when it runs.
const MACHINE: &[&str] = &[
    "/proc/sys/vm/overcommit_memory",
    "/proc/self/cgroup",
    "/sys/fs/cgroup",
    "/proc/sys/kernel/random/boot_id",
];

/// The files and directories that stay open to a verb.
#[derive(Clone, Debug)]
pub struct Rights {
    list: Vec<PathBuf>,
    read: Vec<PathBuf>,
    change: Vec<PathBuf>,
}

impl Rights {
    /// Names what every verb needs: nothing that belongs to anybody.
    pub fn new() -> Rights {
        Rights {
            list: Vec::new(),
            read: MACHINE.iter().map(PathBuf::from).collect(),
            change: Vec::new(),
        }
    }

    /// Names what taking bundles into a repository needs: them, it, and the copies of the record of
    /// this site, those that were asked for and those that are noted.
    pub fn of_site<P: AsRef<Path>>(
        repo: &Repo,
        bundles: impl IntoIterator<Item = P>,
        record: Option<&Path>,
    ) -> Rights {
        let noted = Accepted::load(repo).ok().flatten();
        let noted = noted.and_then(|accepted| accepted.copy);
        let copies = record.into_iter().chain(noted.as_deref());
        let rights = Rights::new().bundle(bundles).changing(repo.path());
        copies.fold(rights, Rights::changing)
    }

    /// Directories whose names may be listed.
    pub fn list(&self) -> &[PathBuf] {
        &self.list
    }

    /// Files and directories that may be read.
    pub fn read(&self) -> &[PathBuf] {
        &self.read
    }

    /// Files and directories whose content may be changed.
    pub fn change(&self) -> &[PathBuf] {
        &self.change
    }

    /// Adds files, or directories with all that is in them, to be read.
    pub fn reading<P: AsRef<Path>>(mut self, paths: impl IntoIterator<Item = P>) -> Rights {
        let paths = paths.into_iter().map(|path| path.as_ref().to_owned());
        self.read.extend(paths);
        self
    }

    /// Adds a file or directory to be changed; the nearest directory above it, if it is yet to be made.
    pub fn changing(mut self, path: &Path) -> Rights {
        let there = path.ancestors().find(|path| path.exists());
        self.change.push(there.unwrap_or(Path::new(".")).to_owned());
        self
    }

    /// Adds a bundle: a directory, or a file with its volumes and the signatures beside it; of what
    /// else lies there the names can be listed, not more.
    pub fn bundle<P: AsRef<Path>>(mut self, paths: impl IntoIterator<Item = P>) -> Rights {
        for path in paths {
            let path = path.as_ref();
            if path.is_dir() {
                self.read.push(path.to_owned());
            }
            let directory = above(path);
            let entries = fs::read_dir(directory).into_iter().flatten().flatten();
            let beside = entries.filter(|entry| is_beside(path, &entry.file_name()));
            self.read.extend(beside.map(|entry| entry.path()));
            self.read.push(path.to_owned());
            self.list.push(directory.to_owned());
        }
        self
    }

    /// Adds a static delta: a directory, or a superblock with the parts beside it.
    pub fn delta(mut self, path: &Path) -> Rights {
        if !path.is_dir() {
            let entries = fs::read_dir(above(path)).into_iter().flatten().flatten();
            let parts = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_number));
            self.read.extend(parts.map(|entry| entry.path()));
        }
        self.reading([path])
    }
}

/// Tells whether a file belongs to the bundle at `path`: another volume of it, or its signatures.
fn is_beside(path: &Path, name: &OsStr) -> bool {
    let is_volume = path
        .extension()
        .and_then(OsStr::to_str)
        .is_some_and(is_number);
    let stem = match is_volume {
        true => path.file_stem(),
        false => path.file_name(),
    };
    let (Some(stem), Some(name)) = (stem.and_then(OsStr::to_str), name.to_str()) else {
        return false;
    };
    let rest = name
        .strip_prefix(stem)
        .and_then(|rest| rest.strip_prefix('.'));
    rest.is_some_and(|rest| rest == "asc" || is_number(rest))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn above(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_and_signatures_are_beside_a_bundle() {
        for path in ["/m/x.airlock", "/m/x.airlock.001", "x.airlock.002"] {
            for name in ["x.airlock.001", "x.airlock.999", "x.airlock.asc"] {
                assert!(
                    is_beside(Path::new(path), OsStr::new(name)),
                    "{path} {name}"
                );
            }
            for name in ["y.airlock.001", "x.airlock.key", "x.airlock.", "id_rsa"] {
                assert!(
                    !is_beside(Path::new(path), OsStr::new(name)),
                    "{path} {name}"
                );
            }
        }
    }

    #[test]
    fn what_is_missing_is_made_in_the_directory_above() {
        let dir = tempfile::tempdir().unwrap();
        let page = dir.path().join("page.html");
        assert_eq!(Rights::new().changing(&page).change(), [dir.path()]);
        let deep = dir.path().join("new/taken/out");
        assert_eq!(Rights::new().changing(&deep).change(), [dir.path()]);
        fs::write(&page, "").unwrap();
        assert_eq!(Rights::new().changing(&page).change(), [page]);
        assert_eq!(
            Rights::new().changing(Path::new("record")).change(),
            [Path::new(".")]
        );
    }
}
