//! What travels with a release: all it reaches, less what the site has and what went before.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::whole::{WholeInParts, order};
use crate::bundle::{ObjectTotals, PackObject};
use crate::delta::{Otherwise, Pair, Pairing, TreeFile};
use crate::format::{Checksum, ObjectKind, ObjectName};
use crate::repo::walk::{reachable, walk};
use crate::repo::{Repo, RepoError};
use crate::workflow::carried::weight;

/// The objects of one release that travel.
#[derive(Debug, Default)]
pub(in crate::workflow) struct Carried {
    /// Trees and their permissions, parents first.
    pub(in crate::workflow) metadata: Vec<ObjectName>,
    /// Files that go into parts.
    pub(in crate::workflow) files: Vec<Checksum>,
    /// Files that go into packs, sorted.
    pub(in crate::workflow) packs: Vec<PackObject>,
    /// Files that go into parts as patches where that pays, in the order of their paths.
    pub(in crate::workflow) pairs: Vec<Pair>,
    /// How many objects, the commit included.
    pub(in crate::workflow) objects: ObjectTotals,
    /// The size of the commit, and of all that goes into parts, in the repository.
    pub(in crate::workflow) spine_stored: u64,
    /// Of that, the commit's and that of trees and their permissions.
    pub(in crate::workflow) metadata_stored: u64,
    /// How many objects the site has already, or gets with an earlier release.
    pub(in crate::workflow) unchanged: u64,
    /// How large they are in the repository.
    pub(in crate::workflow) unchanged_stored: u64,
}

/// Follows releases one after the other, and remembers what has travelled.
pub(in crate::workflow) struct Carrier<'r> {
    repo: &'r Repo,
    whole: WholeInParts,
    travelled: BTreeSet<ObjectName>,
    /// What the trees of all releases count for together.
    pub(in crate::workflow) trees: u64,
}

impl<'r> Carrier<'r> {
    /// Begins with nothing.
    pub(in crate::workflow) fn new(repo: &'r Repo, whole: WholeInParts) -> Carrier<'r> {
        Carrier {
            repo,
            whole,
            travelled: BTreeSet::new(),
            trees: 0,
        }
    }

    /// Lists what a commit needs beyond `held`; an object that is not there is an error.
    pub(in crate::workflow) fn carry(
        &mut self,
        commit: &Checksum,
        held: &Held<'_>,
    ) -> Result<Carried, RepoError> {
        let mut carried = Carried::default();
        let mut reached = HashSet::new();
        let mut files = Vec::new();
        walk(self.repo, &[*commit], &mut |name, path| {
            let size = match held.size_in(self.repo, name) {
                Some(size) => size,
                None => self.repo.object_size(name)?,
            };
            let fresh = !held.objects.contains_key(name) && self.travelled.insert(*name);
            let checksum = name.checksum;
            if !fresh && name.kind != ObjectKind::Commit {
                carried.unchanged += 1;
                carried.unchanged_stored += size;
            }
            if name.kind == ObjectKind::File {
                reached.insert(checksum);
                files.extend(fresh.then(|| TreeFile {
                    path: path.to_string(),
                    checksum,
                    size,
                }));
            } else if fresh || name.kind == ObjectKind::Commit {
                // Its commit stands in every superblock, whoever else has it.
                carried.metadata(*name, size);
                self.trees += weight(name.kind, size);
            }
            Ok(())
        })?;
        self.files(files, held, &reached, &mut carried)?;
        carried.packs.sort_unstable();
        Ok(carried)
    }

    /// Finds an old file for each new one that may have been made from it.
    fn files(
        &self,
        mut files: Vec<TreeFile>,
        held: &Held<'_>,
        reached: &HashSet<Checksum>,
        carried: &mut Carried,
    ) -> Result<(), RepoError> {
        files.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        let mut whole = Vec::new();
        let pairing = Pairing::new(&held.files, reached);
        for file in &files {
            let way = self.way(file)?;
            carried.objects.file += 1;
            match pairing.source(file) {
                Some(old) => carried.pairs.push(Pair {
                    new: file.checksum,
                    old,
                    stored: file.size,
                    otherwise: way,
                }),
                None if way == Otherwise::Whole => {
                    whole.push(file);
                    carried.spine_stored += file.size;
                }
                None => carried.packs.push(PackObject {
                    name: file.checksum,
                    size: file.size,
                }),
            }
        }
        order(&mut whole);
        carried.files = whole.iter().map(|file| file.checksum).collect();
        Ok(())
    }

    /// Decides how a file travels that is no patch.
    fn way(&self, file: &TreeFile) -> Result<Otherwise, RepoError> {
        Ok(match self.whole.takes(self.repo, file)? {
            true => Otherwise::Whole,
            false => Otherwise::Declined,
        })
    }
}

impl Carried {
    fn metadata(&mut self, name: ObjectName, size: u64) {
        match name.kind {
            ObjectKind::Commit => self.objects.commit += 1,
            ObjectKind::DirTree => self.objects.dirtree += 1,
            _ => self.objects.dirmeta += 1,
        }
        if name.kind != ObjectKind::Commit {
            self.metadata.push(name);
        }
        self.metadata_stored += size;
        self.spine_stored += size;
    }

    /// Returns how many objects travel.
    pub(in crate::workflow) fn count(&self) -> u64 {
        let ObjectTotals {
            commit,
            dirtree,
            dirmeta,
            file,
        } = self.objects;
        commit + dirtree + dirmeta + file
    }

    /// Returns the size in the repository of what goes into packs.
    pub(in crate::workflow) fn pack_stored(&self) -> u64 {
        self.packs.iter().map(|object| object.size).sum()
    }

    /// Returns the size in the repository of what may travel as patches.
    pub(in crate::workflow) fn pair_stored(&self) -> u64 {
        self.pairs.iter().map(|pair| pair.stored).sum()
    }
}

/// What a site has, whichever of its bases it has.
#[derive(Debug)]
pub(in crate::workflow) struct Held<'r> {
    /// Where the bases are.
    source: &'r Repo,
    /// All objects, with their sizes there.
    objects: HashMap<ObjectName, u64>,
    /// The files among them, and where they are in the tree of the first base.
    files: Vec<TreeFile>,
}

impl<'r> Held<'r> {
    /// Returns the size of an object in `repo`, if that is where it was found.
    fn size_in(&self, repo: &Repo, name: &ObjectName) -> Option<u64> {
        let is_same = std::ptr::eq(self.source, repo);
        self.objects.get(name).copied().filter(|_| is_same)
    }

    /// Lets no patch build on these files: they may come with the same bundle, and too late.
    pub(in crate::workflow) fn without_sources(mut self) -> Held<'r> {
        self.files.clear();
        self
    }
}

/// Collects the objects that every one of the commits reaches.
pub(in crate::workflow) fn held_by_all<'r>(
    source: &'r Repo,
    commits: &[Checksum],
) -> Result<Held<'r>, (Checksum, Box<RepoError>)> {
    let at = |commit: &Checksum| {
        let commit = *commit;
        move |error| (commit, Box::new(error))
    };
    let mut held = Held {
        source,
        objects: HashMap::new(),
        files: Vec::new(),
    };
    let Some((first, others)) = commits.split_first() else {
        return Ok(held);
    };
    let reached = walk(source, &[*first], &mut |name, path| {
        let size = source.object_size(name)?;
        held.objects.insert(*name, size);
        if name.kind == ObjectKind::File {
            held.files.push(TreeFile {
                path: path.to_string(),
                checksum: name.checksum,
                size,
            });
        }
        Ok(())
    });
    reached.map_err(at(first))?;
    for commit in others {
        let reached = reachable(source, &[*commit]).map_err(at(commit))?;
        held.objects.retain(|object, _| reached.contains(object));
    }
    if !others.is_empty() {
        let objects = &held.objects;
        let named = |file: &TreeFile| ObjectName::new(file.checksum, ObjectKind::File);
        held.files.retain(|file| objects.contains_key(&named(file)));
    }
    Ok(held)
}
