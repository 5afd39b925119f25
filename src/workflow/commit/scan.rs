//! Walking a directory, and handing its files to the workers.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{self, AtFlags, Dir, FileType, OFlags};
use rustix::io::Errno;

use crate::format::{DirMeta, FormatError, Xattrs, is_file_name};
use crate::repo::read_xattrs;

use super::super::Error;
use super::modifier::Origin;
use super::pool::Pool;
use super::source::SourceError;
use super::tree::{ROOT, Tree};
use super::worker::{OpenDir, wanted_xattrs};

/// A directory that is still to be read.
struct Pending {
    /// Its number in the tree.
    at: usize,
    /// Where it is, and by which name.
    parent: Arc<OpenDir>,
    name: String,
    /// Its path in the tree, as lists of exceptions have it.
    inner: String,
}

/// Adds a directory and everything beneath it to a tree.
pub(super) fn scan(path: &Path, tree: &mut Tree, pool: &mut Pool<'_>) -> Result<(), Error> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let fd = fs::open(path, flags, fs::Mode::empty());
    let root = open_dir(fd, path)?;
    let mut scan = Scan {
        tree,
        pool,
        links: HashMap::new(),
        pending: Vec::new(),
    };
    scan.read(ROOT, root, "")?;
    while let Some(next) = scan.pending.pop() {
        let (parent, name) = (&next.parent, &next.name);
        let fd = fs::openat(
            &parent.fd,
            name,
            flags | OFlags::NOFOLLOW,
            fs::Mode::empty(),
        );
        let dir = open_dir(fd, &parent.path.join(name))?;
        scan.read(next.at, dir, &next.inner)?;
    }
    Ok(())
}

struct Scan<'s, 'p> {
    tree: &'s mut Tree,
    pool: &'s mut Pool<'p>,
    /// Slots of files with several names, by device and inode.
    links: HashMap<(u64, u64), usize>,
    pending: Vec<Pending>,
}

impl Scan<'_, '_> {
    /// Reads one directory: whose it is, and what is in it.
    fn read(&mut self, at: usize, dir: Arc<OpenDir>, inner: &str) -> Result<(), Error> {
        let failed = |errno| unreadable(&dir.path, errno);
        let stat = fs::fstat(&dir.fd).map_err(failed)?;
        let xattrs = match self.pool.rules().wants_xattrs(Origin::Directory) {
            true => wanted_xattrs(|| dir.path.clone(), || read_xattrs(&dir.fd))?,
            false => Xattrs::default(),
        };
        let meta = DirMeta {
            uid: stat.st_uid,
            gid: stat.st_gid,
            mode: stat.st_mode,
            xattrs,
        };
        let shown = if inner.is_empty() { "/" } else { inner };
        let change = self.pool.exceptions.take_mode(shown);
        let meta = self.pool.dirmeta(Origin::Directory, meta, change)?;
        self.tree.set_meta(at, meta);
        for entry in Dir::read_from(&dir.fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                self.entry(at, &dir, inner, name)?;
            }
        }
        Ok(())
    }

    /// Adds one name.
    fn entry(
        &mut self,
        at: usize,
        dir: &Arc<OpenDir>,
        inner: &str,
        name: &[u8],
    ) -> Result<(), Error> {
        let name = entry_name(&dir.path, name)?;
        let inner = format!("{inner}/{name}");
        if self.pool.exceptions.take_skip(&inner) {
            return Ok(());
        }
        let path = || dir.path.join(name);
        let stat = fs::statat(&dir.fd, name, AtFlags::SYMLINK_NOFOLLOW);
        let stat = stat.map_err(|errno| unreadable(&path(), errno))?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind == FileType::Directory {
            let at = self.tree.dir(at, name)?;
            let (parent, name) = (Arc::clone(dir), name.to_owned());
            self.pending.push(Pending {
                at,
                parent,
                name,
                inner,
            });
            return Ok(());
        }
        let change = self.pool.exceptions.take_mode(&inner);
        let inode = (stat.st_dev, stat.st_ino);
        // One of several names may have a mode of its own.
        let shares = stat.st_nlink > 1 && change.is_none();
        let known = match shares {
            false => None,
            true => self.links.get(&inode).copied(),
        };
        let slot = match (known, kind) {
            (Some(slot), _) => slot,
            (None, FileType::RegularFile) => self.pool.file(dir, name, change)?,
            (None, FileType::Symlink) => self.pool.link(dir, name, change)?,
            _ => return Err(SourceError::Kind { path: path() }.into()),
        };
        if shares {
            self.links.insert(inode, slot);
        }
        Ok(self.tree.put_file(at, name, slot)?)
    }
}

/// Checks that a name can be one in a tree.
pub(super) fn entry_name<'n>(dir: &Path, name: &'n [u8]) -> Result<&'n str, SourceError> {
    let shown = || dir.join(String::from_utf8_lossy(name).as_ref());
    match std::str::from_utf8(name) {
        Err(_) => Err(SourceError::NotUtf8 { path: shown() }),
        Ok(name) if is_file_name(name) => Ok(name),
        Ok(name) => {
            let (what, name) = ("tree", name.to_owned());
            let source = FormatError::Name { what, name };
            Err(SourceError::Name {
                path: shown(),
                source,
            })
        }
    }
}

fn open_dir(fd: Result<OwnedFd, Errno>, path: &Path) -> Result<Arc<OpenDir>, SourceError> {
    let fd = fd.map_err(|errno| unreadable(path, errno))?;
    let path = path.to_owned();
    Ok(Arc::new(OpenDir { fd, path }))
}

fn unreadable(path: &Path, errno: Errno) -> SourceError {
    SourceError::Read {
        path: path.to_owned(),
        source: errno.into(),
    }
}
