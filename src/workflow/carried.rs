//! The trees that a bundle carries, and what can be reached through them.
//!
//! Of an image of 100,000 files this keeps some ten megabytes: checksums, no names.

use std::collections::{HashMap, HashSet};

use super::Error;
use crate::format::{Checksum, Codec, Commit, DirMeta, DirTree, ObjectKind, ObjectName};

/// Metadata objects that travelled, by name.
#[derive(Debug, Default)]
pub struct Carried {
    trees: HashMap<Checksum, Children>,
    metas: HashSet<Checksum>,
    /// Older commits, which explain a release's history, and their parents.
    commits: HashMap<Checksum, Option<Checksum>>,
}

/// What a directory names.
#[derive(Debug)]
struct Children {
    files: Vec<Checksum>,
    dirs: Vec<(Checksum, Checksum)>,
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
    pub fn add(&mut self, object: &ObjectName, bytes: &[u8]) -> Result<(), Error> {
        match object.kind {
            ObjectKind::DirTree => {
                let DirTree { files, dirs } = DirTree::decode(bytes)?;
                let files = files.into_iter().map(|(_, file)| file).collect();
                let dirs = dirs
                    .into_iter()
                    .map(|(_, tree, meta)| (tree, meta))
                    .collect();
                self.trees.insert(object.checksum, Children { files, dirs });
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

    /// Returns whether a tree or dirmeta travelled.
    pub fn has(&self, object: &ObjectName) -> bool {
        match object.kind {
            ObjectKind::DirTree => self.trees.contains_key(&object.checksum),
            ObjectKind::DirMeta => self.metas.contains(&object.checksum),
            _ => false,
        }
    }

    /// Follows a commit's trees and ancestors, each once, whatever shape they have.
    pub fn reach(&self, commit: &Commit) -> Reach {
        let mut reach = Reach::default();
        let mut next = vec![commit.tree];
        reach.metas.insert(commit.meta);
        let mut ancestor = commit.parent;
        while let Some(parent) =
            ancestor.and_then(|at| self.commits.get(&at).filter(|_| reach.commits.insert(at)))
        {
            ancestor = *parent;
        }
        while let Some(tree) = next.pop() {
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
            next.extend(children.dirs.iter().map(|(tree, _)| tree));
        }
        reach
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

    #[test]
    fn follows_what_travelled() {
        let mut carried = Carried::default();
        let inner = add(&mut carried, &[1, 2], &[]);
        let root = add(&mut carried, &[3], &[inner, sum(77)]);
        let stray = add(&mut carried, &[4], &[]);
        let commit = Commit {
            metadata: Metadata::new(),
            parent: None,
            subject: String::new(),
            body: String::new(),
            timestamp: 0,
            tree: root,
            meta: sum(98),
        };
        let reach = carried.reach(&commit);
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
        let commit = |parent, tree| {
            Encoded::encode(Commit {
                metadata: Metadata::new(),
                parent,
                subject: String::new(),
                body: String::new(),
                timestamp: 0,
                tree,
                meta: sum(98),
            })
        };
        let oldest = commit(Some(sum(50)), sum(1));
        let older = commit(Some(oldest.checksum()), sum(2));
        let stray = commit(None, sum(3));
        let mut carried = Carried::default();
        for commit in [&oldest, &older, &stray] {
            let name = ObjectName::new(commit.checksum(), ObjectKind::Commit);
            carried.add(&name, commit.bytes()).unwrap();
        }
        let reach = carried.reach(&commit(Some(older.checksum()), sum(4)));
        let line = [oldest.checksum(), older.checksum()].into();
        assert_eq!(reach.commits, line);
        assert!(!reach.holds(&ObjectName::new(stray.checksum(), ObjectKind::Commit)));
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
