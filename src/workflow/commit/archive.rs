//! Reading a tar into a tree, as `ostree commit --tree=tar=` does.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use tar::EntryType;

use crate::format::{DirMeta, FileHeader, FormatError, Xattrs};

use super::super::Error;
use super::MissingParents;
use super::exceptions::ModeChange;
use super::members::{Member, Members};
use super::modifier::Origin;
use super::pool::{MAX_IN_HAND, Pool};
use super::scan::entry_name;
use super::source::SourceError;
use super::tree::{Entry, ROOT, Tree};

const S_IFDIR: u32 = 0o040_000;
const S_IFLNK: u32 = 0o120_000;
const PERMISSIONS: u32 = 0o7777;
/// How much of a tar is read at a time.
const BUFFER: usize = 256 * 1024;

/// Adds the members of a tar to a tree.
pub(super) fn unpack(
    path: &Path,
    parents: MissingParents,
    tree: &mut Tree,
    pool: &mut Pool<'_>,
) -> Result<(), Error> {
    let failed = |source| SourceError::Read {
        path: path.to_owned(),
        source,
    };
    let input = decompress(path, File::open(path).map_err(failed)?)?;
    let mut members = Members::new(input);
    let mut unpack = Unpack {
        parents,
        tree,
        pool,
        links: Vec::new(),
        skipped: BTreeSet::new(),
    };
    while let Some(member) = members.next().map_err(failed)? {
        unpack.add(&member, &mut members)?;
    }
    unpack.resolve_links()
}

struct Unpack<'u, 'p> {
    parents: MissingParents,
    tree: &'u mut Tree,
    pool: &'u mut Pool<'p>,
    /// Hard links wait for the end: the file may come later.
    links: Vec<HardLink>,
    /// Paths that were left out, and so is all beneath them.
    skipped: BTreeSet<String>,
}

struct HardLink {
    shown: PathBuf,
    dir: usize,
    name: String,
    target: Vec<u8>,
}

impl Unpack<'_, '_> {
    fn add(&mut self, member: &Member, content: &mut dyn Read) -> Result<(), Error> {
        let elements = elements(&member.path, member)?;
        if self.is_skipped(&elements) {
            return Ok(());
        }
        let inner = format!("/{}", elements.join("/"));
        let change = self.pool.exceptions.take_mode(&inner);
        let Some((name, dirs)) = elements.split_last() else {
            return self.directory(ROOT, member, change);
        };
        let dir = self.parent(dirs, member)?;
        match member.kind {
            EntryType::Directory => {
                let dir = self.tree.dir(dir, name)?;
                self.directory(dir, member, change)
            }
            EntryType::Link => {
                self.links.push(HardLink {
                    shown: member.shown(),
                    dir,
                    name: (*name).to_owned(),
                    target: member.link.clone(),
                });
                Ok(())
            }
            _ => {
                let slot = self.file(member, content, change)?;
                Ok(self.tree.put_file(dir, name, slot)?)
            }
        }
    }

    /// Tells whether a member, or a directory above it, is to be left out.
    fn is_skipped(&mut self, elements: &[&str]) -> bool {
        if self.skipped.is_empty() && self.pool.exceptions.is_empty() {
            return false;
        }
        let mut path = String::new();
        elements.iter().any(|name| {
            path.push('/');
            path.push_str(name);
            let now = self.pool.exceptions.take_skip(&path);
            if now {
                self.skipped.insert(path.clone());
            }
            now || self.skipped.contains(&path)
        })
    }

    fn directory(
        &mut self,
        at: usize,
        member: &Member,
        change: Option<ModeChange>,
    ) -> Result<(), Error> {
        if member.kind != EntryType::Directory {
            return Err(SourceError::Kind {
                path: member.shown(),
            }
            .into());
        }
        let meta = DirMeta {
            uid: member.uid,
            gid: member.gid,
            mode: S_IFDIR | member.mode & PERMISSIONS,
            xattrs: self.xattrs(member)?,
        };
        let meta = self.pool.dirmeta(Origin::Tar, meta, change)?;
        self.tree.set_meta(at, meta);
        Ok(())
    }

    /// Finds the directory of a member, or makes it.
    fn parent(&mut self, names: &[&str], member: &Member) -> Result<usize, Error> {
        let mut at = ROOT;
        if self.parents == MissingParents::Create {
            self.make(at)?;
        }
        for name in names {
            at = match (self.tree.get(at, name), self.parents) {
                (None, MissingParents::Refuse) => {
                    let (path, missing) = (member.shown(), (*name).to_owned());
                    return Err(SourceError::Absent { path, missing }.into());
                }
                (_, MissingParents::Refuse) => self.tree.dir(at, name)?,
                (_, MissingParents::Create) => {
                    let dir = self.tree.dir(at, name)?;
                    self.make(dir)?;
                    dir
                }
            };
        }
        Ok(at)
    }

    /// Gives a directory that no member describes to root.
    fn make(&mut self, dir: usize) -> Result<(), Error> {
        if self.tree.has_meta(dir) {
            return Ok(());
        }
        let meta = DirMeta {
            uid: 0,
            gid: 0,
            mode: S_IFDIR | 0o755,
            xattrs: Xattrs::default(),
        };
        let meta = self.pool.dirmeta(Origin::Tar, meta, None)?;
        self.tree.set_meta(dir, meta);
        Ok(())
    }

    /// Hands a regular file or link over; returns its slot.
    fn file(
        &mut self,
        member: &Member,
        content: &mut dyn Read,
        change: Option<ModeChange>,
    ) -> Result<usize, Error> {
        let path = || member.shown();
        let xattrs = self.xattrs(member)?;
        let mut header = match member.kind {
            EntryType::Regular | EntryType::Continuous if member.records.is_sparse() => {
                return Err(sparse(member));
            }
            EntryType::GNUSparse => return Err(sparse(member)),
            EntryType::Regular | EntryType::Continuous => {
                FileHeader::regular(member.uid, member.gid, member.mode, xattrs)
            }
            EntryType::Symlink => {
                let target = String::from_utf8(member.link.clone());
                let target = target.map_err(|_| SourceError::NotUtf8 { path: path() })?;
                // A link keeps the mode the tar gives it.
                let mode = S_IFLNK | member.mode & PERMISSIONS;
                let link = FileHeader::symlink(member.uid, member.gid, target, xattrs);
                FileHeader { mode, ..link }
            }
            _ => return Err(SourceError::Kind { path: path() }.into()),
        };
        header.mode = change.map_or(header.mode, |change| change.apply(header.mode));
        let header = self.pool.rules().file(Origin::Tar, header);
        if member.size > MAX_IN_HAND {
            return self.pool.inline(&header, member.size, content);
        }
        let mut bytes = Vec::new();
        let read = content.read_to_end(&mut bytes);
        read.map_err(|source| SourceError::Read {
            path: path(),
            source,
        })?;
        self.pool.in_hand(header, bytes)
    }

    fn xattrs(&self, member: &Member) -> Result<Xattrs, SourceError> {
        if !self.pool.rules().wants_xattrs(Origin::Tar) {
            return Ok(Xattrs::default());
        }
        let xattrs = member.records.xattrs();
        xattrs.map_err(|source: FormatError| SourceError::Name {
            path: member.shown(),
            source,
        })
    }

    /// Gives hard links the file they name.
    fn resolve_links(self) -> Result<(), Error> {
        for link in self.links {
            let absent = || SourceError::Absent {
                path: link.shown.clone(),
                missing: String::from_utf8_lossy(&link.target).into_owned(),
            };
            let target = split(&link.target, &link.shown)?;
            let (name, dirs) = target.split_last().ok_or_else(absent)?;
            let step = |at, name: &&str| match self.tree.get(at, name) {
                Some(Entry::Dir(dir)) => Some(dir),
                _ => None,
            };
            let dir = dirs.iter().try_fold(ROOT, step).ok_or_else(absent)?;
            match self.tree.get(dir, name) {
                Some(Entry::File(slot)) => self.tree.put_file(link.dir, &link.name, slot)?,
                _ => return Err(absent().into()),
            }
        }
        Ok(())
    }
}

fn elements<'m>(path: &'m [u8], member: &Member) -> Result<Vec<&'m str>, SourceError> {
    split(path, &member.shown())
}

/// Cuts a member's path into names; the root has none.
fn split<'m>(path: &'m [u8], shown: &Path) -> Result<Vec<&'m str>, SourceError> {
    let mut names = Vec::new();
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => {
                let path = shown.to_owned();
                return Err(SourceError::Upwards { path });
            }
            name => names.push(entry_name(shown.parent().unwrap_or(shown), name)?),
        }
    }
    Ok(names)
}

fn sparse(member: &Member) -> Error {
    let path = member.shown();
    let form = "a sparse file; write the tar without -S";
    SourceError::Form { path, form }.into()
}

/// Looks at the first bytes of a file, and unpacks what was compressed.
fn decompress(path: &Path, file: File) -> Result<Box<dyn Read>, SourceError> {
    let failed = |source| SourceError::Read {
        path: path.to_owned(),
        source,
    };
    let mut input = BufReader::with_capacity(BUFFER, file);
    let start = input.fill_buf().map_err(failed)?;
    let form = match start {
        [0x1f, 0x8b, ..] => return Ok(Box::new(flate2::bufread::MultiGzDecoder::new(input))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = zstd::Decoder::with_buffer(input).map_err(failed)?;
            return Ok(Box::new(decoder));
        }
        [0xfd, b'7', b'z', b'X', b'Z', ..] => "an xz file; unpack it first",
        [b'B', b'Z', b'h', ..] => "a bzip2 file; unpack it first",
        _ => return Ok(Box::new(input)),
    };
    let path = path.to_owned();
    Err(SourceError::Form { path, form })
}
