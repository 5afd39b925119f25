//! Following commits to everything they need.
//!
//! ```text
//! commit ─▸ root dirmeta
//!        └▸ root dirtree ─▸ files
//!                        └▸ (dirmeta, dirtree) of each directory ─▸ …
//! ```
//!
//! Every dirtree is read once, however many directories or commits share it.

mod quick;

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use super::error::RepoError;
use super::repository::Repo;
use crate::format::limits::MAX_TREE_DEPTH;
use crate::format::{Checksum, Commit, DirTree, Encoded, ObjectKind, ObjectName};

/// Wherever objects can be looked up: a repository, or a transaction on top of one.
pub trait ObjectSource: Sync {
    /// Says whether the object is there.
    fn has(&self, name: &ObjectName) -> Result<bool, RepoError>;

    /// Says whether all of these files are there.
    fn has_files(&self, files: &[Checksum]) -> Result<bool, RepoError> {
        for file in files {
            if !self.has(&ObjectName::new(*file, ObjectKind::File))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads a metadata object whose bytes match its name.
    fn metadata(&self, name: &ObjectName) -> Result<Vec<u8>, RepoError>;
}

impl ObjectSource for Repo {
    fn has(&self, name: &ObjectName) -> Result<bool, RepoError> {
        Repo::has(self, name)
    }

    fn has_files(&self, files: &[Checksum]) -> Result<bool, RepoError> {
        Repo::has_files(self, files)
    }

    fn metadata(&self, name: &ObjectName) -> Result<Vec<u8>, RepoError> {
        self.read_metadata(name)
    }
}

/// Where in a commit an object was met; shown as the path a user knows.
#[derive(Clone, Copy, Debug)]
pub struct TreePath<'a> {
    dirs: &'a [String],
    name: Option<&'a str>,
}

impl TreePath<'_> {
    /// Returns about how long it is as text.
    fn len(&self) -> usize {
        let parts = self.dirs.iter().map(String::as_str).chain(self.name);
        parts.fold(1, |len, part| len + 1 + part.len())
    }
}

impl fmt::Display for TreePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dirs.is_empty() && self.name.is_none() {
            return f.write_str("/");
        }
        for part in self.dirs.iter().map(String::as_str).chain(self.name) {
            write!(f, "/{part}")?;
        }
        Ok(())
    }
}

/// Called for every object that is reached, once per object.
pub type Visitor<'v> = dyn FnMut(&ObjectName, TreePath<'_>) -> Result<(), RepoError> + 'v;

/// An object that a commit needs and the source does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The absent object.
    pub object: ObjectName,
    /// The commit that needs it.
    pub commit: Checksum,
    /// Where in the commit's tree it belongs; empty, where those before it took all the room.
    pub path: String,
}

/// How many bytes of paths one walk keeps. A tree can be so deep, and its names so long, that each
/// path takes half a megabyte.
const PATH_ROOM: usize = 64 << 20;

/// Visits the commits and every object they reach; a metadata object that is absent is an error.
///
/// Whether *files* are there is not asked: see [`missing`].
pub fn walk(
    source: &dyn ObjectSource,
    commits: &[Checksum],
    visit: &mut Visitor<'_>,
) -> Result<(), RepoError> {
    let mut walker = Walker::new(source);
    for commit in commits {
        walker.commit(commit, visit)?;
    }
    Ok(())
}

/// Collects every object the commits reach.
pub fn reachable(
    source: &dyn ObjectSource,
    commits: &[Checksum],
) -> Result<BTreeSet<ObjectName>, RepoError> {
    let mut objects = BTreeSet::new();
    walk(source, commits, &mut |name, _| {
        objects.insert(*name);
        Ok(())
    })?;
    Ok(objects)
}

/// Lists what the commits need and the source does not have; nothing means they are complete.
pub fn missing(source: &dyn ObjectSource, commits: &[Checksum]) -> Result<Vec<Missing>, RepoError> {
    missing_beyond(source, commits, &mut Known::default())
}

/// Says whether a commit is here with everything it needs, and not marked as partial.
pub fn is_complete(repo: &Repo, commit: &Checksum) -> Result<bool, RepoError> {
    is_complete_beyond(repo, commit, &mut Known::default())
}

/// Says what [`is_complete`] says, as [`missing_beyond`] finds it out.
pub fn is_complete_beyond(
    repo: &Repo,
    commit: &Checksum,
    known: &mut Known,
) -> Result<bool, RepoError> {
    Ok(!repo.is_partial(commit)? && missing_beyond(repo, &[*commit], known)?.is_empty())
}

/// What was found to be there, with everything it needs.
#[derive(Debug, Default)]
pub struct Known {
    seen: HashSet<ObjectName>,
    /// How deep its trees are, at most.
    depth: usize,
}

/// Lists what [`missing`] lists without looking at what is known; commits that turn out to be complete
/// are known afterwards.
///
/// **Only while nobody takes objects away**: hold libostree's lock from the first of such calls on.
pub fn missing_beyond(
    source: &dyn ObjectSource,
    commits: &[Checksum],
    known: &mut Known,
) -> Result<Vec<Missing>, RepoError> {
    if let Some(found) = quick::complete(source, commits, std::mem::take(known)) {
        *known = found;
        return Ok(Vec::new());
    }
    let mut walker = Walker::new(source);
    walker.look_for(commits)?;
    Ok(walker.gaps)
}

/// A walk that remembers where it has been, for several commits one after the other.
pub struct Walker<'s> {
    source: &'s dyn ObjectSource,
    seen: HashSet<ObjectName>,
    /// Set: absent objects of this commit are collected instead of being errors.
    gaps_of: Option<Checksum>,
    gaps: Vec<Missing>,
    path_room: usize,
}

/// The directories in a directory that are still to be visited; its files have been.
type Frame = std::vec::IntoIter<(String, Checksum, Checksum)>;

impl<'s> Walker<'s> {
    /// Starts with nothing seen.
    pub fn new(source: &'s dyn ObjectSource) -> Walker<'s> {
        Walker {
            source,
            seen: HashSet::new(),
            gaps_of: None,
            gaps: Vec::new(),
            path_room: PATH_ROOM,
        }
    }

    /// Visits commits and collects what is absent.
    fn look_for(&mut self, commits: &[Checksum]) -> Result<(), RepoError> {
        for commit in commits {
            self.gaps_of = Some(*commit);
            self.commit(commit, &mut |_, _| Ok(()))?;
        }
        Ok(())
    }

    /// From here on, absent objects of this commit are passed over; without one they are errors.
    pub fn tolerate_gaps(&mut self, of: Option<Checksum>) {
        self.gaps_of = of;
    }

    /// Visits one commit and what it reaches, leaving out what was visited before.
    pub fn commit(
        &mut self,
        checksum: &Checksum,
        visit: &mut Visitor<'_>,
    ) -> Result<(), RepoError> {
        let name = ObjectName::new(*checksum, ObjectKind::Commit);
        let root = TreePath {
            dirs: &[],
            name: None,
        };
        if !self.first(&name, root, visit)? {
            return Ok(());
        }
        let Some(commit) = self.read::<Commit>(&name, root)? else {
            return Ok(());
        };
        self.leaf(ObjectKind::DirMeta, &commit.meta, root, visit)?;
        self.tree(&commit.tree, visit)
    }

    fn tree(&mut self, root: &Checksum, visit: &mut Visitor<'_>) -> Result<(), RepoError> {
        let mut dirs: Vec<String> = Vec::new();
        let mut stack: Vec<Frame> = Vec::new();
        stack.extend(self.enter(root, &dirs, visit)?);
        while let Some(frame) = stack.last_mut() {
            let Some((name, tree, meta)) = frame.next() else {
                stack.pop();
                dirs.pop();
                continue;
            };
            dirs.push(name);
            if dirs.len() > MAX_TREE_DEPTH {
                return Err(RepoError::TooDeep {
                    limit: MAX_TREE_DEPTH,
                });
            }
            let path = TreePath {
                dirs: &dirs,
                name: None,
            };
            self.leaf(ObjectKind::DirMeta, &meta, path, visit)?;
            match self.enter(&tree, &dirs, visit)? {
                Some(frame) => stack.push(frame),
                None => {
                    dirs.pop();
                }
            }
        }
        Ok(())
    }

    /// Visits a dirtree and its files; its directories are left to the caller.
    fn enter(
        &mut self,
        checksum: &Checksum,
        dirs: &[String],
        visit: &mut Visitor<'_>,
    ) -> Result<Option<Frame>, RepoError> {
        let name = ObjectName::new(*checksum, ObjectKind::DirTree);
        let path = TreePath { dirs, name: None };
        if !self.first(&name, path, visit)? {
            return Ok(None);
        }
        let Some(tree) = self.read::<DirTree>(&name, path)? else {
            return Ok(None);
        };
        // Its bytes are not wanted any more; a directory may be large.
        let tree = tree.into_value();
        for (file, checksum) in &tree.files {
            let path = TreePath {
                dirs,
                name: Some(file),
            };
            self.leaf(ObjectKind::File, checksum, path, visit)?;
        }
        Ok(Some(tree.dirs.into_iter()))
    }

    /// Visits an object that leads nowhere.
    fn leaf(
        &mut self,
        kind: ObjectKind,
        checksum: &Checksum,
        path: TreePath<'_>,
        visit: &mut Visitor<'_>,
    ) -> Result<(), RepoError> {
        let name = ObjectName::new(*checksum, kind);
        if !self.first(&name, path, visit)? || self.gaps_of.is_none() {
            return Ok(());
        }
        if !self.source.has(&name)? {
            self.gap(&name, path);
        }
        Ok(())
    }

    fn first(
        &mut self,
        name: &ObjectName,
        path: TreePath<'_>,
        visit: &mut Visitor<'_>,
    ) -> Result<bool, RepoError> {
        if !self.seen.insert(*name) {
            return Ok(false);
        }
        visit(name, path)?;
        Ok(true)
    }

    /// Reads an object; nothing when it is absent and gaps are collected.
    fn read<T: crate::format::Codec>(
        &mut self,
        name: &ObjectName,
        path: TreePath<'_>,
    ) -> Result<Option<Encoded<T>>, RepoError> {
        match self.source.metadata(name) {
            Ok(bytes) => decode(name, bytes).map(Some),
            Err(RepoError::ObjectMissing { .. }) if self.gaps_of.is_some() => {
                self.gap(name, path);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn gap(&mut self, object: &ObjectName, path: TreePath<'_>) {
        let Some(commit) = self.gaps_of else { return };
        // Not even measured any more, when there is no room: that would be half a megabyte of work.
        let len = if self.path_room > 0 { path.len() } else { 1 };
        let room = self.path_room.checked_sub(len);
        self.path_room = room.unwrap_or(0);
        let path = room.map_or(String::new(), |_| path.to_string());
        self.gaps.push(Missing {
            object: *object,
            commit,
            path,
        });
    }
}

/// Decodes an object whose bytes were checked against its name.
pub(super) fn decode<T: crate::format::Codec>(
    name: &ObjectName,
    bytes: Vec<u8>,
) -> Result<Encoded<T>, RepoError> {
    Encoded::decode(bytes).map_err(|source| RepoError::ObjectMalformed {
        name: *name,
        source,
    })
}
