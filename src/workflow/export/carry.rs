//! What travels with a release: all it reaches, less what the site has and what went before.

use std::collections::BTreeSet;

use crate::bundle::{ObjectTotals, PackObject};
use crate::format::{Checksum, ObjectKind, ObjectName};
use crate::repo::walk::{reachable, walk};
use crate::repo::{Repo, RepoError};

/// Files of up to so much content may go into parts, when these are compressed harder than packs.
const LARGEST_IN_PART: u64 = 8 << 20;

/// The objects of one release that travel.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// Trees and their permissions, parents first.
    pub(super) metadata: Vec<ObjectName>,
    /// Files that go into parts.
    pub(super) files: Vec<Checksum>,
    /// Files that go into packs, sorted.
    pub(super) packs: Vec<PackObject>,
    /// How many objects, the commit included.
    pub(super) objects: ObjectTotals,
    /// The size of the commit, and of all that goes into parts, in the repository.
    pub(super) spine_stored: u64,
}

/// Follows releases one after the other, and remembers what has travelled.
pub(super) struct Carrier<'r> {
    repo: &'r Repo,
    level: Option<i32>,
    travelled: BTreeSet<ObjectName>,
}

impl<'r> Carrier<'r> {
    /// Begins with nothing.
    pub(super) fn new(repo: &'r Repo, level: Option<i32>) -> Carrier<'r> {
        Carrier {
            repo,
            level,
            travelled: BTreeSet::new(),
        }
    }

    /// Lists what a commit needs beyond `held`; an object that is not there is an error.
    pub(super) fn carry(
        &mut self,
        commit: &Checksum,
        held: &BTreeSet<ObjectName>,
    ) -> Result<Carried, RepoError> {
        let mut carried = Carried::default();
        walk(self.repo, &[*commit], &mut |name, _| {
            let size = self.repo.object_size(name)?;
            let fresh = !held.contains(name) && self.travelled.insert(*name);
            // Its commit stands in every superblock, whoever else has it.
            if fresh || name.kind == ObjectKind::Commit {
                carried.add(*name, size, self.way(name)?);
            }
            Ok(())
        })?;
        carried.packs.sort_unstable();
        Ok(carried)
    }

    /// Decides how an object travels. What counts is its content, which may be far larger than
    /// what an archive stores of it.
    fn way(&self, name: &ObjectName) -> Result<Way, RepoError> {
        if name.kind != ObjectKind::File {
            return Ok(Way::Part);
        }
        match self.level {
            Some(_) if self.repo.file(&name.checksum)?.size <= LARGEST_IN_PART => Ok(Way::Part),
            _ => Ok(Way::Pack),
        }
    }
}

/// How an object travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// In a part of the spine.
    Part,
    /// As it is, in a pack.
    Pack,
}

impl Carried {
    fn add(&mut self, name: ObjectName, size: u64, way: Way) {
        match name.kind {
            ObjectKind::Commit => self.objects.commit += 1,
            ObjectKind::DirTree => self.objects.dirtree += 1,
            ObjectKind::DirMeta => self.objects.dirmeta += 1,
            _ => self.objects.file += 1,
        }
        match (name.kind, way) {
            (ObjectKind::Commit, _) => {}
            (ObjectKind::File, Way::Part) => self.files.push(name.checksum),
            (_, Way::Part) => self.metadata.push(name),
            (_, Way::Pack) => {
                let name = name.checksum;
                self.packs.push(PackObject { name, size });
                return;
            }
        }
        self.spine_stored += size;
    }

    /// Returns how many objects travel.
    pub(super) fn count(&self) -> u64 {
        let ObjectTotals {
            commit,
            dirtree,
            dirmeta,
            file,
        } = self.objects;
        commit + dirtree + dirmeta + file
    }

    /// Returns the size in the repository of what goes into packs.
    pub(super) fn pack_stored(&self) -> u64 {
        self.packs.iter().map(|object| object.size).sum()
    }
}

/// Collects the objects that every one of the commits reaches.
pub(super) fn held_by_all(
    source: &Repo,
    commits: &[Checksum],
) -> Result<BTreeSet<ObjectName>, (Checksum, Box<RepoError>)> {
    let mut held: Option<BTreeSet<ObjectName>> = None;
    for commit in commits {
        let reached = reachable(source, &[*commit]).map_err(|error| (*commit, Box::new(error)))?;
        held = Some(match held {
            Some(held) => held.intersection(&reached).copied().collect(),
            None => reached,
        });
    }
    Ok(held.unwrap_or_default())
}
