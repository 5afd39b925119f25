//! Refs: names for commits, one small file each.
//!
//! ```text
//! refs/heads/os/x86_64/stable    446a0ef1…5488\n          64 hex digits, a newline
//! refs/heads/stable              -> os/x86_64/stable      a relative link: an alias
//! ```
//!
//! Names that the grammar of refs does not allow are passed over, as libostree does.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::PathBuf;

use rustix::fs::{self, AtFlags, Dir, FileType};
use rustix::io::Errno;

use crate::format::{Checksum, CollectionId, RefName, RemoteName};

use super::durable;
use super::error::{Context, RepoError};
use super::paths::{self, RefPlace};
use super::repository::Repo;

/// The longest ref file: a checksum, and room for stray blanks.
const MAX_REF_FILE: u64 = 512;
/// The longest chain of aliases that is followed.
const MAX_ALIASES: usize = 8;
/// The deepest ref name; with 255 bytes a level that is more than any path may have.
const MAX_DEPTH: usize = 64;

/// What a ref names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefEntry {
    /// The commit.
    pub commit: Checksum,
    /// The ref it is an alias of, if it is one.
    pub alias_of: Option<RefName>,
}

impl Repo {
    /// Returns the repository's own refs, aliases among them.
    pub fn refs(&self) -> Result<BTreeMap<RefName, RefEntry>, RepoError> {
        let mut refs = BTreeMap::new();
        self.each_ref(
            &format!("{}/{}", paths::REFS, paths::HEADS),
            &mut |name, path| {
                let Ok(name) = name.parse() else {
                    return Ok(());
                };
                if let Some(commit) = self.follow(path)? {
                    refs.insert(
                        name,
                        RefEntry {
                            commit,
                            alias_of: self.alias_target(path)?,
                        },
                    );
                }
                Ok(())
            },
        )?;
        Ok(refs)
    }

    /// Returns the refs of all remotes, as they were last pulled.
    pub fn remote_refs(&self) -> Result<BTreeMap<(RemoteName, RefName), Checksum>, RepoError> {
        self.foreign_refs(paths::REMOTES)
    }

    /// Returns the mirrored refs of other collections.
    pub fn collection_refs(
        &self,
    ) -> Result<BTreeMap<(CollectionId, RefName), Checksum>, RepoError> {
        self.foreign_refs(paths::MIRRORS)
    }

    /// Returns the commit of one of the repository's own refs.
    pub fn ref_commit(&self, name: &RefName) -> Result<Option<Checksum>, RepoError> {
        self.ref_commit_at(&RefPlace::Heads, name)
    }

    /// Returns the commit of a ref, wherever it is kept.
    pub fn ref_commit_at(
        &self,
        place: &RefPlace,
        name: &RefName,
    ) -> Result<Option<Checksum>, RepoError> {
        self.follow(&paths::reference(place, name))
    }

    fn foreign_refs<O>(&self, kind: &str) -> Result<BTreeMap<(O, RefName), Checksum>, RepoError>
    where
        O: std::str::FromStr + Ord,
    {
        let mut refs = BTreeMap::new();
        self.each_ref(&format!("{}/{kind}", paths::REFS), &mut |name, path| {
            let (owner, name) = name.split_once('/').unwrap_or_default();
            let (Ok(owner), Ok(name)) = (owner.parse(), name.parse()) else {
                return Ok(());
            };
            if let Some(commit) = self.follow(path)? {
                refs.insert((owner, name), commit);
            }
            Ok(())
        })?;
        Ok(refs)
    }

    /// Calls `visit` with the name and path of every file and link beneath `root`.
    fn each_ref(
        &self,
        root: &str,
        visit: &mut dyn FnMut(&str, &str) -> Result<(), RepoError>,
    ) -> Result<(), RepoError> {
        let mut pending = vec![root.to_owned()];
        while let Some(path) = pending.pop() {
            for (name, kind) in self.list(&path)? {
                let child = format!("{path}/{name}");
                match kind {
                    FileType::Directory if child.matches('/').count() < MAX_DEPTH => {
                        pending.push(child)
                    }
                    FileType::RegularFile | FileType::Symlink => {
                        let name = child
                            .strip_prefix(root)
                            .unwrap_or_default()
                            .trim_start_matches('/');
                        visit(name, &child)?;
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Lists a directory of refs, without names that no ref can have.
    fn list(&self, path: &str) -> Result<Vec<(String, FileType)>, RepoError> {
        let full = || self.path().join(path);
        let dir = match durable::open_dir(self.dir(), path) {
            Err(Errno::NOENT) => return Ok(Vec::new()),
            other => other.at("open", full())?,
        };
        let mut entries = Vec::new();
        for entry in Dir::read_from(&dir).at("list", full())? {
            let entry = entry.at("list", full())?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let kind = match entry.file_type() {
                FileType::Unknown => kind_of(dir.as_fd(), name).at("inspect", full())?,
                kind => kind,
            };
            entries.push((name.to_owned(), kind));
        }
        Ok(entries)
    }

    /// Reads the ref file at `path`, beneath the repository, through aliases.
    fn follow(&self, path: &str) -> Result<Option<Checksum>, RepoError> {
        let mut path = path.to_owned();
        for step in 0..=MAX_ALIASES {
            match durable::read_file(self.dir(), &path, MAX_REF_FILE) {
                Ok(Some(bytes)) => return self.parse_ref(&path, &bytes).map(Some),
                // The first step may find nothing, an alias must lead somewhere.
                Ok(None) if step == 0 => return Ok(None),
                Ok(None) => break,
                Err(error) => match Errno::from_io_error(&error) {
                    // A directory, or a file where a directory would be, is no ref.
                    Some(Errno::ISDIR | Errno::NOTDIR) => return Ok(None),
                    Some(Errno::LOOP) => path = self.read_alias(&path)?,
                    _ if self.is_dir(&path) => return Ok(None),
                    _ => return Err(error).at("read", self.path().join(&path)),
                },
            }
        }
        Err(self.malformed(&path))
    }

    fn is_dir(&self, path: &str) -> bool {
        durable::open_dir(self.dir(), path).is_ok()
    }

    fn parse_ref(&self, path: &str, bytes: &[u8]) -> Result<Checksum, RepoError> {
        std::str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.trim_end().parse().ok())
            .ok_or_else(|| self.malformed(path))
    }

    /// Returns the ref that the file at `path` is an alias of, if it is a link within `refs/heads`.
    fn alias_target(&self, path: &str) -> Result<Option<RefName>, RepoError> {
        match kind_of(self.dir(), path) {
            Ok(FileType::Symlink) => {}
            Ok(_) | Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(errno).at("inspect", self.path().join(path)),
        }
        let target = self.read_alias(path)?;
        let heads = format!("{}/{}/", paths::REFS, paths::HEADS);
        Ok(target
            .strip_prefix(&heads)
            .and_then(|name| name.parse().ok()))
    }

    /// Returns the path, beneath the repository, to which the link at `path` leads.
    fn read_alias(&self, path: &str) -> Result<String, RepoError> {
        let full = || self.path().join(path);
        let target = fs::readlinkat(self.dir(), path, Vec::new()).at("read", full())?;
        let target = target
            .to_str()
            .ok()
            .filter(|target| !target.starts_with('/'));
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        target
            .and_then(|target| normalise(parent, target))
            .filter(|target| target.starts_with(&format!("{}/", paths::REFS)))
            .ok_or_else(|| self.malformed(path))
    }

    fn malformed(&self, path: &str) -> RepoError {
        let path: PathBuf = self.path().join(path);
        RepoError::RefMalformed { path }
    }
}

/// Joins a relative link target to its directory; `None` when it leaves the root.
fn normalise(parent: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = parent.split('/').collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn kind_of(dir: BorrowedFd<'_>, path: &str) -> Result<FileType, Errno> {
    let stat = fs::statat(dir, path, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(FileType::from_raw_mode(stat.st_mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_joined_to_their_directory() {
        let table = [
            ("refs/heads", "os/x", Some("refs/heads/os/x")),
            ("refs/heads/a/b", "../../os/x", Some("refs/heads/os/x")),
            ("refs/heads", "../remotes/o/x", Some("refs/remotes/o/x")),
            ("refs", "../../x", None),
        ];
        for (parent, target, expected) in table {
            assert_eq!(
                normalise(parent, target).as_deref(),
                expected,
                "{parent} {target}"
            );
        }
    }
}
