//! The names of a tree in memory, until every file has its checksum.

use std::collections::BTreeMap;

use crate::format::{Checksum, Codec, DirTree, FormatError, ObjectKind};
use crate::repo::Transaction;

use super::super::Error;
use super::source::SourceError;

/// The root directory.
pub(super) const ROOT: usize = 0;

/// Directories by number; a directory's number is above its parent's.
#[derive(Debug)]
pub(super) struct Tree {
    dirs: Vec<Dir>,
}

#[derive(Debug, Default)]
struct Dir {
    meta: Option<Checksum>,
    entries: BTreeMap<String, Entry>,
}

/// What a name in a directory stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A directory, by its number.
    Dir(usize),
    /// A file or link, by the slot its checksum will be in.
    File(usize),
}

impl Tree {
    /// Begins a tree: a root directory without anything.
    pub fn new() -> Tree {
        let dirs = vec![Dir::default()];
        Tree { dirs }
    }

    /// Returns how many directories there are.
    pub fn len(&self) -> usize {
        self.dirs.len()
    }

    /// Says whose a directory is.
    pub fn set_meta(&mut self, dir: usize, meta: Checksum) {
        self.dirs[dir].meta = Some(meta);
    }

    /// Tells whether it was said whose a directory is.
    pub fn has_meta(&self, dir: usize) -> bool {
        self.dirs[dir].meta.is_some()
    }

    /// Looks a name up.
    pub fn get(&self, dir: usize, name: &str) -> Option<Entry> {
        self.dirs[dir].entries.get(name).copied()
    }

    /// Returns the directory of a name, making it if need be.
    pub fn dir(&mut self, parent: usize, name: &str) -> Result<usize, SourceError> {
        match self.get(parent, name) {
            Some(Entry::Dir(dir)) => Ok(dir),
            Some(Entry::File(_)) => Err(conflict(name)),
            None => {
                let dir = self.dirs.len();
                self.dirs.push(Dir::default());
                let entries = &mut self.dirs[parent].entries;
                entries.insert(name.to_owned(), Entry::Dir(dir));
                Ok(dir)
            }
        }
    }

    /// Puts a file under a name, in place of another file.
    pub fn put_file(&mut self, parent: usize, name: &str, slot: usize) -> Result<(), SourceError> {
        if let Some(Entry::Dir(_)) = self.get(parent, name) {
            return Err(conflict(name));
        }
        let entries = &mut self.dirs[parent].entries;
        entries.insert(name.to_owned(), Entry::File(slot));
        Ok(())
    }

    /// Stages all directories, bottom up; returns dirtree and dirmeta of the root.
    pub fn write(
        &self,
        transaction: &Transaction<'_>,
        files: &[Checksum],
    ) -> Result<(Checksum, Checksum), Error> {
        let mut trees = vec![None; self.dirs.len()];
        for (index, dir) in self.dirs.iter().enumerate().rev() {
            let tree = self.names(dir, &trees, files)?;
            let bytes = tree.encode();
            trees[index] = Some(transaction.write_metadata(ObjectKind::DirTree, &bytes)?);
        }
        match (trees.first().copied().flatten(), self.dirs[ROOT].meta) {
            (Some(tree), Some(meta)) => Ok((tree, meta)),
            _ => Err(SourceError::NoRoot.into()),
        }
    }

    /// Puts the names of one directory together; its subdirectories are in `trees` already.
    fn names(
        &self,
        dir: &Dir,
        trees: &[Option<Checksum>],
        files: &[Checksum],
    ) -> Result<DirTree, Error> {
        let mut tree = DirTree::default();
        for (name, entry) in &dir.entries {
            match entry {
                Entry::File(slot) => tree.files.push((name.clone(), files[*slot])),
                Entry::Dir(child) => {
                    let meta = self.dirs[*child].meta.ok_or(SourceError::NoRoot)?;
                    let names = trees[*child].expect("a subdirectory has the higher number");
                    tree.dirs.push((name.clone(), names, meta));
                }
            }
        }
        DirTree::new(tree.files, tree.dirs).map_err(|error: FormatError| Error::from(error))
    }
}

fn conflict(name: &str) -> SourceError {
    let name = name.to_owned();
    SourceError::Conflict { name }
}
