//! The trees that a bundle carries, and what can be reached through them.
//!
//! Of an image of 100,000 files this keeps some four megabytes: checksums, no names. What it may be
//! at most, a bundle of any shape keeps to:
//!
//! ```text
//! 64 MiB of trees   1.8 million names, 32 bytes each here    60 MB, or 95 MB of directories
//! reach             each name once more, in a set            70 MB
//! ```

use std::collections::{HashMap, HashSet};

use super::Error;
use crate::format::limits::MAX_TREE_DEPTH;
use crate::format::{
    Checksum, Codec, Commit, DirMeta, DirTree, FormatError, ObjectKind, ObjectName,
};
use crate::repo::RepoError;

/// How much one bundle may carry of trees, in bytes: seven images of 100,000 files that have no
/// directory in common. All of them are held at once, and so there is an end to them.
pub const MAX_TREES: u64 = 64 << 20;

/// What keeping any object costs besides: a million directories of one name would be short.
const EACH: u64 = 128;

/// Returns what an object counts for of [`MAX_TREES`].
pub fn weight(kind: ObjectKind, size: u64) -> u64 {
    match kind {
        ObjectKind::File => 0,
        ObjectKind::DirTree => size.saturating_add(EACH),
        // Of these, only the name is kept.
        _ => EACH,
    }
}

/// Metadata objects that travelled, by name.
#[derive(Debug, Default)]
pub struct Carried {
    trees: HashMap<Checksum, Children>,
    metas: HashSet<Checksum>,
    /// Older commits, which explain a release's history, and their parents.
    commits: HashMap<Checksum, Option<Checksum>>,
    weight: u64,
}

/// What a directory names.
#[derive(Debug)]
struct Children {
    files: Box<[Checksum]>,
    dirs: Box<[(Checksum, Checksum)]>,
}

/// What is reached from a commit as far as its trees travelled.
#[derive(Debug, Default)]
pub struct Reach {
    /// Trees that travelled.
    pub trees: HashSet<Checksum>,
    /// Every dirmeta that one of them names.
    pub metas: HashSet<Checksum>,
    /// Every file that one of them names.
    pub files: HashSet<Checksum>,
    /// Its ancestors as far as they travelled.
    pub commits: HashSet<Checksum>,
    /// Trees that one of them names and that did not travel: the target must have them.
    pub elsewhere: HashSet<Checksum>,
}

impl Carried {
    /// Takes a metadata object that was checked against its name; decodes it by the strict rules.
    ///
    /// What is too much is not kept: **[`Carried::join`] tells of it.**
    pub fn add(&mut self, object: &ObjectName, bytes: &[u8]) -> Result<(), FormatError> {
        let weight = weight(object.kind, bytes.len() as u64);
        self.weight = self.weight.saturating_add(weight);
        if self.weight > MAX_TREES {
            return Ok(());
        }
        match object.kind {
            ObjectKind::DirTree => {
                let (files, dirs) = DirTree::targets(bytes)?;
                let children = Children { files, dirs };
                self.trees.insert(object.checksum, children);
            }
            ObjectKind::DirMeta => {
                DirMeta::decode(bytes)?;
                self.metas.insert(object.checksum);
            }
            _ => {
                let parent = Commit::decode(bytes)?.parent;
                self.commits.insert(object.checksum, parent);
            }
        }
        Ok(())
    }

    /// Takes what one part brought, unless all of it together is too much.
    pub fn join(&mut self, part: Carried) -> Result<(), Error> {
        self.weight = self.weight.saturating_add(part.weight);
        if self.weight > MAX_TREES {
            return Err(Error::TooManyTrees { limit: MAX_TREES });
        }
        self.trees.extend(part.trees);
        self.metas.extend(part.metas);
        self.commits.extend(part.commits);
        Ok(())
    }

    /// Returns whether a tree or dirmeta travelled.
    pub fn has(&self, object: &ObjectName) -> bool {
        match object.kind {
            ObjectKind::DirTree => self.trees.contains_key(&object.checksum),
            ObjectKind::DirMeta => self.metas.contains(&object.checksum),
            _ => false,
        }
    }

    /// Follows a commit's trees and ancestors, each once, whatever shape they have; refuses what
    /// [`walk`](crate::repo::walk) refuses, in the same order.
    pub fn reach(&self, commit: &Commit) -> Result<Reach, Error> {
        let mut reach = Reach::default();
        let mut next = vec![(commit.tree, 0)];
        reach.metas.insert(commit.meta);
        let mut ancestor = commit.parent;
        while let Some(parent) =
            ancestor.and_then(|at| self.commits.get(&at).filter(|_| reach.commits.insert(at)))
        {
            ancestor = *parent;
        }
        while let Some((tree, depth)) = next.pop() {
            if depth > MAX_TREE_DEPTH {
                let limit = MAX_TREE_DEPTH;
                return Err(RepoError::TooDeep { limit }.into());
            }
            let Some(children) = self.trees.get(&tree) else {
                reach.elsewhere.insert(tree);
                continue;
            };
            if !reach.trees.insert(tree) {
                continue;
            }
            reach.files.extend(&children.files);
            reach
                .metas
                .extend(children.dirs.iter().map(|(_, meta)| meta));
            let dirs = children.dirs.iter().rev();
            next.extend(dirs.map(|(tree, _)| (*tree, depth + 1)));
        }
        Ok(reach)
    }
}

impl Reach {
    /// Returns whether an object that travelled belongs to this commit.
    pub fn holds(&self, object: &ObjectName) -> bool {
        match object.kind {
            ObjectKind::File => self.files.contains(&object.checksum),
            ObjectKind::DirTree => self.trees.contains(&object.checksum),
            ObjectKind::DirMeta => self.metas.contains(&object.checksum),
            ObjectKind::Commit => self.commits.contains(&object.checksum),
            // Nothing else travels.
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::{Encoded, Metadata};

    fn sum(byte: u8) -> Checksum {
        Checksum::from_bytes([byte; 32])
    }

    fn add(carried: &mut Carried, files: &[u8], dirs: &[Checksum]) -> Checksum {
        let files = files
            .iter()
            .map(|&file| (format!("f{file}"), sum(file)))
            .collect();
        let dirs = dirs
            .iter()
            .enumerate()
            .map(|(i, &tree)| (format!("d{i}"), tree, sum(99)));
        let tree = Encoded::encode(DirTree::new(files, dirs.collect()).unwrap());
        let name = ObjectName {
            checksum: tree.checksum(),
            kind: ObjectKind::DirTree,
        };
        carried.add(&name, tree.bytes()).unwrap();
        assert!(carried.has(&name));
        tree.checksum()
    }

    fn commit(parent: Option<Checksum>, tree: Checksum) -> Commit {
        Commit {
            metadata: Metadata::new(),
            parent,
            subject: String::new(),
            body: String::new(),
            timestamp: 0,
            tree,
            meta: sum(98),
        }
    }

    #[test]
    fn follows_what_travelled() {
        let mut carried = Carried::default();
        let inner = add(&mut carried, &[1, 2], &[]);
        let root = add(&mut carried, &[3], &[inner, sum(77)]);
        let stray = add(&mut carried, &[4], &[]);
        let reach = carried.reach(&commit(None, root)).unwrap();
        assert_eq!(reach.trees, [root, inner].into());
        assert_eq!(reach.files, [sum(1), sum(2), sum(3)].into());
        assert_eq!(reach.metas, [sum(98), sum(99)].into());
        assert_eq!(reach.elsewhere, [sum(77)].into());
        let stray = ObjectName {
            checksum: stray,
            kind: ObjectKind::DirTree,
        };
        assert!(!reach.holds(&stray));
    }

    #[test]
    fn history_is_one_line() {
        let commit = |parent, tree| Encoded::encode(commit(parent, tree));
        let oldest = commit(Some(sum(50)), sum(1));
        let older = commit(Some(oldest.checksum()), sum(2));
        let stray = commit(None, sum(3));
        let mut carried = Carried::default();
        for commit in [&oldest, &older, &stray] {
            let name = ObjectName::new(commit.checksum(), ObjectKind::Commit);
            carried.add(&name, commit.bytes()).unwrap();
        }
        let reach = carried.reach(&commit(Some(older.checksum()), sum(4)));
        let reach = reach.unwrap();
        let line = [oldest.checksum(), older.checksum()].into();
        assert_eq!(reach.commits, line);
        assert!(!reach.holds(&ObjectName::new(stray.checksum(), ObjectKind::Commit)));
    }

    #[test]
    fn refuses_what_is_too_deep_to_walk() {
        let mut carried = Carried::default();
        let mut at = add(&mut carried, &[1], &[]);
        for _ in 0..MAX_TREE_DEPTH {
            at = add(&mut carried, &[], &[at]);
        }
        assert!(carried.reach(&commit(None, at)).is_ok());
        at = add(&mut carried, &[], &[at]);
        let error = carried.reach(&commit(None, at)).unwrap_err();
        assert!(matches!(error, Error::Repo(RepoError::TooDeep { .. })));
    }

    #[test]
    fn refuses_more_than_there_is_room_for() {
        let mut carried = Carried::default();
        let mut part = Carried::default();
        add(&mut part, &[1], &[]);
        carried.weight = MAX_TREES - part.weight;
        carried.join(part).unwrap();
        let mut part = Carried::default();
        add(&mut part, &[2], &[]);
        let error = carried.join(part).unwrap_err();
        assert!(matches!(error, Error::TooManyTrees { limit: MAX_TREES }));
        // And of one part, no more than that is kept.
        let mut part = Carried {
            weight: MAX_TREES,
            ..Carried::default()
        };
        let tree = Encoded::encode(DirTree::default());
        let name = ObjectName::new(tree.checksum(), ObjectKind::DirTree);
        part.add(&name, tree.bytes()).unwrap();
        assert!(!part.has(&name));
    }

    #[test]
    fn refuses_what_does_not_decode() {
        let name = ObjectName {
            checksum: sum(1),
            kind: ObjectKind::DirMeta,
        };
        assert!(Carried::default().add(&name, b"no dirmeta").is_err());
    }
}
