//! Are commits complete? Mostly they are, and then this says so sooner than a walk.
//!
//! ```text
//! commits ─▸ trees of one depth ─▸ …            read on all cores; no path is kept
//!         └▸ files ─▸ listings of directories   instead of a question for each
//! ```
//!
//! Whatever is not in order, the walk finds it again and says where.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Known, ObjectSource, decode};
use crate::format::limits::MAX_TREE_DEPTH;
use crate::format::{Checksum, Commit, DirTree, ObjectKind, ObjectName};
use crate::repo::error::RepoError;
use crate::repo::spread::{spread, threads};

/// More trees than this are not in memory at a time.
const MAX_THREADS: usize = 4;
/// Trees of more bytes are taken one at a time.
const LARGE: usize = 1 << 20;

/// Returns what is known after the commits turned out to be complete; nothing means that they may
/// not be.
pub(super) fn complete(
    source: &dyn ObjectSource,
    commits: &[Checksum],
    before: Known,
) -> Option<Known> {
    let mut level = Level {
        seen: before.seen,
        ..Level::default()
    };
    for commit in commits {
        level.commit(source, commit).ok()?;
    }
    let (mut files, mut deep) = (Vec::new(), 0);
    while !level.trees.is_empty() {
        // How deep a tree that is known lies here was not measured.
        if deep + before.depth > MAX_TREE_DEPTH {
            return None;
        }
        level = level.next(source).ok()?;
        files.append(&mut level.files);
        deep += 1;
    }
    let is_there = source.has_files(&files).ok()?;
    is_there.then(|| Known {
        seen: level.seen,
        depth: before.depth + deep.saturating_sub(1),
    })
}

/// Trees of one depth, none of which was read; and what was met on the way to them.
#[derive(Default)]
struct Level {
    seen: HashSet<ObjectName>,
    trees: Vec<Checksum>,
    files: Vec<Checksum>,
}

impl Level {
    fn commit(&mut self, source: &dyn ObjectSource, checksum: &Checksum) -> Result<(), RepoError> {
        let name = ObjectName::new(*checksum, ObjectKind::Commit);
        if self.seen.insert(name) {
            let commit = decode::<Commit>(&name, source.metadata(&name)?)?.into_value();
            let meta = self.dir(commit.tree, commit.meta);
            look(source, meta)?;
        }
        Ok(())
    }

    /// Takes a directory; returns its metadata if that was not seen before.
    fn dir(&mut self, tree: Checksum, meta: Checksum) -> Option<ObjectName> {
        if self.seen.insert(ObjectName::new(tree, ObjectKind::DirTree)) {
            self.trees.push(tree);
        }
        let meta = ObjectName::new(meta, ObjectKind::DirMeta);
        self.seen.insert(meta).then_some(meta)
    }

    /// Reads the trees of this depth, and returns those beneath.
    fn next(self, source: &dyn ObjectSource) -> Result<Level, RepoError> {
        let trees = self.trees;
        let below = Mutex::new(Level {
            seen: self.seen,
            ..Level::default()
        });
        spread(
            threads().min(MAX_THREADS),
            &trees,
            || (),
            |(), tree| read(source, tree, &below),
        )?;
        Ok(below.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes what is in a directory; returns the metadata of others that were not seen before.
    fn contents(&mut self, tree: DirTree) -> Vec<ObjectName> {
        for (_, file) in tree.files {
            if self.seen.insert(ObjectName::new(file, ObjectKind::File)) {
                self.files.push(file);
            }
        }
        let dirs = tree.dirs.into_iter();
        dirs.filter_map(|(_, tree, meta)| self.dir(tree, meta))
            .collect()
    }
}

fn read(source: &dyn ObjectSource, tree: &Checksum, below: &Mutex<Level>) -> Result<(), RepoError> {
    let name = ObjectName::new(*tree, ObjectKind::DirTree);
    let bytes = source.metadata(&name)?;
    let held = (bytes.len() > LARGE).then(|| hold(below));
    let tree = decode::<DirTree>(&name, bytes)?.into_value();
    let metas = held.unwrap_or_else(|| hold(below)).contents(tree);
    metas
        .into_iter()
        .try_for_each(|meta| look(source, Some(meta)))
}

/// Fails unless an object is there.
fn look(source: &dyn ObjectSource, name: Option<ObjectName>) -> Result<(), RepoError> {
    match name {
        Some(name) if !source.has(&name)? => Err(RepoError::ObjectMissing { name }),
        _ => Ok(()),
    }
}

fn hold(level: &Mutex<Level>) -> MutexGuard<'_, Level> {
    level.lock().unwrap_or_else(PoisonError::into_inner)
}
