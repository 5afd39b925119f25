//! `diff`: which paths differ between the trees of two commits.
//!
//! Directories that have one checksum are not entered, so two releases that share most are quick.

use serde::Serialize;

use super::Error;
use crate::format::limits::MAX_TREE_DEPTH;
use crate::format::{Checksum, DirTree};
use crate::repo::{Repo, RepoError};

/// How a path differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Only the second commit has it.
    Added,
    /// Only the first commit has it.
    Removed,
    /// Both have it: another content, owner, mode, target, or another kind of thing.
    Modified,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Thing {
    /// A regular file.
    File {
        /// The bytes of its content.
        size: u64,
    },
    /// A symbolic link.
    Link,
    /// A directory.
    Directory,
}

/// A path that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Difference {
    /// The path, absolute.
    pub path: String,
    /// How it differs.
    pub change: Change,
    /// What the first commit has there.
    pub before: Option<Thing>,
    /// What the second commit has there.
    pub after: Option<Thing>,
}

/// How two commits differ.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct DiffOutcome {
    /// The first commit.
    pub from: Checksum,
    /// The second commit.
    pub to: Checksum,
    /// Every path that differs, sorted.
    pub paths: Vec<Difference>,
}

/// Compares the trees of two revisions.
pub fn diff(repo: &Repo, from: &str, to: &str) -> Result<DiffOutcome, Error> {
    let (from, to) = (repo.resolve(from)?, repo.resolve(to)?);
    let (old, new) = (repo.commit(&from)?, repo.commit(&to)?);
    let mut compare = Compare {
        repo,
        paths: Vec::new(),
    };
    let sides = [Some((old.tree, old.meta)), Some((new.tree, new.meta))];
    compare.dirs("", sides, 0)?;
    compare.paths.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(DiffOutcome {
        from,
        to,
        paths: compare.paths,
    })
}

/// Names and metadata of a directory.
type Dir = (Checksum, Checksum);

/// What a name stands for on one side.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    File(Checksum),
    Dir(Dir),
}

struct Compare<'r> {
    repo: &'r Repo,
    paths: Vec<Difference>,
}

impl Compare<'_> {
    /// Compares a directory; on one side it may be absent.
    fn dirs(&mut self, path: &str, sides: [Option<Dir>; 2], depth: usize) -> Result<(), Error> {
        let metas = sides.map(|dir| dir.map(|(_, meta)| meta));
        if metas[0] != metas[1] {
            let shown = if path.is_empty() { "/" } else { path };
            self.note(shown, metas.map(|meta| meta.map(|_| Thing::Directory)));
        }
        self.below(path, sides.map(|dir| dir.map(|(tree, _)| tree)), depth)
    }

    /// Compares what is in a directory.
    fn below(
        &mut self,
        path: &str,
        trees: [Option<Checksum>; 2],
        depth: usize,
    ) -> Result<(), Error> {
        if depth > MAX_TREE_DEPTH {
            let limit = MAX_TREE_DEPTH;
            return Err(RepoError::TooDeep { limit }.into());
        }
        if trees[0] == trees[1] {
            return Ok(());
        }
        let [old, new] = [self.names(trees[0])?, self.names(trees[1])?];
        let mut names: Vec<&str> = names_of(&old).chain(names_of(&new)).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            let (old, new) = (entry(&old, name), entry(&new, name));
            if old != new {
                self.entry(&format!("{path}/{name}"), [old, new], depth)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &str, sides: [Option<Entry>; 2], depth: usize) -> Result<(), Error> {
        let dirs = sides.map(|side| match side {
            Some(Entry::Dir(dir)) => Some(dir),
            _ => None,
        });
        let is_file = |side: &Option<Entry>| matches!(side, Some(Entry::File(_)));
        if !sides.iter().any(is_file) {
            return self.dirs(path, dirs, depth + 1);
        }
        let [old, new] = sides;
        let things = [self.thing(old)?, self.thing(new)?];
        self.note(path, things);
        // Where a directory gave way to a file, or the reverse, all beneath it differs, too.
        let trees = dirs.map(|dir| dir.map(|(tree, _)| tree));
        self.below(path, trees, depth + 1)
    }

    fn note(&mut self, path: &str, [before, after]: [Option<Thing>; 2]) {
        let change = match (&before, &after) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            _ => Change::Modified,
        };
        let path = path.to_owned();
        self.paths.push(Difference {
            path,
            change,
            before,
            after,
        });
    }

    fn thing(&self, side: Option<Entry>) -> Result<Option<Thing>, Error> {
        let Some(Entry::File(checksum)) = side else {
            return Ok(side.map(|_| Thing::Directory));
        };
        let file = self.repo.file(&checksum)?;
        Ok(Some(match file.header.is_symlink() {
            true => Thing::Link,
            false => Thing::File { size: file.size },
        }))
    }

    fn names(&self, tree: Option<Checksum>) -> Result<DirTree, Error> {
        Ok(match tree {
            Some(tree) => self.repo.tree(&tree)?.into_value(),
            None => DirTree::default(),
        })
    }
}

fn names_of(tree: &DirTree) -> impl Iterator<Item = &str> {
    let files = tree.files.iter().map(|(name, _)| name.as_str());
    files.chain(tree.dirs.iter().map(|(name, ..)| name.as_str()))
}

fn entry(tree: &DirTree, name: &str) -> Option<Entry> {
    let file = tree.file(name).map(Entry::File);
    file.or_else(|| tree.dir(name).map(Entry::Dir))
}
