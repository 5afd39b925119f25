//! The directory form: the bundle's members as plain files beneath one root.
//!
//! Every member is opened beneath the root without following a link, and must be a regular file.
//! Nothing else may lie there.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::bundle::{MANIFEST, MANIFEST_SIGNATURE, TrustUpdate};

use super::error::ReadError;
use super::fault::TreeFault;
use super::volumes::Volume;

/// Entries a directory form may hold at most; the manifest's own limit keeps real ones far below.
const MAX_ENTRIES: usize = 1 << 17;
/// `payload/0/superblock` is the deepest there is.
const MAX_DEPTH: usize = 3;

/// An open directory form.
#[derive(Debug)]
pub(super) struct Tree {
    path: PathBuf,
    root: OwnedFd,
    /// The members that stand before those of the manifest.
    front: Vec<String>,
}

impl Tree {
    /// Opens the root; `path` itself may be a symbolic link, what is beneath may not.
    pub(super) fn open(path: &Path) -> Result<Self, ReadError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root =
            rustix::fs::open(path, flags, Mode::empty()).map_err(|e| ReadError::io(path, e))?;
        Ok(Tree {
            path: path.to_owned(),
            root,
            front: [MANIFEST, MANIFEST_SIGNATURE].map(str::to_owned).into(),
        })
    }

    /// Returns the path the root was opened by.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Notes that these updates were found, and may lie there.
    pub(super) fn expect(&mut self, updates: &[TrustUpdate]) {
        let names = updates.iter().flat_map(TrustUpdate::members);
        self.front.extend(names.map(|(name, _)| name));
    }

    /// Returns the members that stand before those of the manifest.
    pub(super) fn front(&self) -> impl Iterator<Item = &str> {
        self.front.iter().map(String::as_str)
    }

    /// Lists a directory right beneath the root, if it is there; nothing when it holds more than `most` names.
    pub(super) fn names_in(
        &self,
        dir: &str,
        most: usize,
    ) -> Result<Option<Vec<String>>, ReadError> {
        let path = self.path.join(dir);
        let opened = match open_component(&self.root, dir.as_bytes(), OFlags::DIRECTORY) {
            Err(Errno::NOENT) => return Ok(Some(Vec::new())),
            Err(Errno::LOOP | Errno::NOTDIR) => return Err(self.fault(dir, TreeFault::NotAFile)),
            opened => opened.map_err(|e| ReadError::io(&path, e))?,
        };
        let mut names = Vec::new();
        for entry in Dir::read_from(opened.as_fd()).map_err(|e| ReadError::io(&path, e))? {
            let entry = entry.map_err(|e| ReadError::io(&path, e))?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            if names.len() == most {
                return Ok(None);
            }
            names.push(name.to_string_lossy().into_owned());
        }
        Ok(Some(names))
    }

    /// Opens a member by its name.
    pub(super) fn member(&self, name: &str) -> Result<Volume, ReadError> {
        let path = self.path.join(name);
        let fd = open_beneath(&self.root, name).map_err(|errno| match errno {
            Errno::NOENT => self.fault(name, TreeFault::Missing),
            Errno::LOOP | Errno::XDEV | Errno::NOTDIR => self.fault(name, TreeFault::NotAFile),
            errno => ReadError::io(&path, errno),
        })?;
        Volume::from_file(File::from(fd), &path).map_err(|error| match error {
            ReadError::NotABundle { .. } => self.fault(name, TreeFault::NotAFile),
            error => error,
        })
    }

    /// Checks that the tree holds the files of `names` and nothing more.
    pub(super) fn holds_exactly(&self, names: &BTreeSet<&str>) -> Result<(), ReadError> {
        let mut found = BTreeSet::new();
        self.list(&self.root, "", MAX_DEPTH, &mut found)?;
        if let Some(name) = found.iter().find(|name| !names.contains(name.as_str())) {
            return Err(self.fault(name, TreeFault::Extra));
        }
        match names.iter().find(|&&name| !found.contains(name)) {
            Some(name) => Err(self.fault(name, TreeFault::Missing)),
            None => Ok(()),
        }
    }

    fn list(
        &self,
        dir: &OwnedFd,
        at: &str,
        depth: usize,
        found: &mut BTreeSet<String>,
    ) -> Result<(), ReadError> {
        let here = self.path.join(at);
        let io = |e| ReadError::io(&here, e);
        for entry in Dir::read_from(dir.as_fd()).map_err(io)? {
            let entry = entry.map_err(io)?;
            let file_name = entry.file_name();
            if matches!(file_name.to_bytes(), b"." | b"..") {
                continue;
            }
            let plain = file_name
                .to_str()
                .ok()
                .filter(|n| n.bytes().all(|b| b.is_ascii_graphic()));
            let Some(plain) = plain else {
                return Err(self.fault(&file_name.to_string_lossy(), TreeFault::Extra));
            };
            let name = if at.is_empty() {
                plain.to_owned()
            } else {
                format!("{at}/{plain}")
            };
            let stat = rustix::fs::statat(dir, file_name, AtFlags::SYMLINK_NOFOLLOW).map_err(io)?;
            match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile if found.len() < MAX_ENTRIES => {
                    found.insert(name);
                }
                FileType::Directory if depth > 1 => {
                    let inner =
                        open_component(dir, file_name.to_bytes(), OFlags::DIRECTORY).map_err(io)?;
                    let before = found.len();
                    self.list(&inner, &name, depth - 1, found)?;
                    // A directory is there for its members only.
                    if found.len() == before {
                        return Err(self.fault(&name, TreeFault::Extra));
                    }
                }
                FileType::RegularFile | FileType::Directory => {
                    return Err(self.fault(&name, TreeFault::Extra));
                }
                _ => return Err(self.fault(&name, TreeFault::NotAFile)),
            }
        }
        Ok(())
    }

    /// Names an entry and what is wrong with it.
    pub(super) fn fault(&self, name: &str, fault: TreeFault) -> ReadError {
        ReadError::Tree {
            root: self.path.clone(),
            name: name.to_owned(),
            fault,
        }
    }
}

/// Opens `name` beneath `root`: by `openat2` where the kernel has it, else component by component,
/// which is as strict because no component is ever a link or `..`.
fn open_beneath(root: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    match rustix::fs::openat2(root, name, flags, Mode::empty(), resolve) {
        Err(Errno::NOSYS | Errno::PERM) => open_by_steps(root, name),
        result => result,
    }
}

fn open_by_steps(root: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    let (dirs, file) = name
        .rsplit_once('/')
        .map_or((None, name), |(dirs, file)| (Some(dirs), file));
    let mut at = rustix::io::fcntl_dupfd_cloexec(root, 0)?;
    for component in dirs.into_iter().flat_map(|dirs| dirs.split('/')) {
        at = open_component(&at, component.as_bytes(), OFlags::DIRECTORY)?;
    }
    open_component(&at, file.as_bytes(), OFlags::NONBLOCK)
}

fn open_component(at: &OwnedFd, component: &[u8], extra: OFlags) -> Result<OwnedFd, Errno> {
    if matches!(component, b"" | b"." | b"..") {
        return Err(Errno::XDEV);
    }
    let name: &OsStr = std::os::unix::ffi::OsStrExt::from_bytes(component);
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | extra;
    rustix::fs::openat(at, name, flags, Mode::empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_opening_refuse_to_leave_the_root() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("root/a")).unwrap();
        std::fs::write(dir.path().join("secret"), "x").unwrap();
        std::fs::write(dir.path().join("root/a/file"), "x").unwrap();
        std::os::unix::fs::symlink("../secret", dir.path().join("root/link")).unwrap();
        std::os::unix::fs::symlink("a", dir.path().join("root/b")).unwrap();
        let tree = Tree::open(&dir.path().join("root")).unwrap();
        for open in [open_beneath, open_by_steps] {
            assert!(open(&tree.root, "a/file").is_ok());
            for bad in [
                "../secret",
                "link",
                "b/file",
                "a/../a/file/..",
                "/etc/passwd",
                "none",
            ] {
                assert!(open(&tree.root, bad).is_err(), "{bad}");
            }
        }
    }
}
