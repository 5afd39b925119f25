//! What is there and what it is worth: read once, asked again after something was mended.
//!
//! ```text
//! take ──▸ report          what is wrong
//!      ──▸ wanted          what would have to be brought
//!      ──▸ is_sound        may this object be built upon?
//!      ──▸ again(names)    these objects were written: look at them once more
//! ```

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::super::error::RepoError;
use super::super::paths::RefPlace;
use super::super::repository::Repo;
use super::super::{visible, walk};
use super::{FsckFinding, FsckOptions, FsckReport, Heads, Where};
use super::{deltas, heads, leftovers, list, sweep, trees};
use crate::format::{Checksum, ObjectKind, ObjectName};
use crate::{Observer, Silent};

/// The mark that `ostree fsck` puts on a commit of which it found objects missing or bad.
const FOUND_DAMAGED: &[u8] = b"f";

/// All objects of a repository, and which of them are bad.
#[derive(Debug)]
pub struct Survey<'r> {
    repo: &'r Repo,
    options: FsckOptions,
    present: HashSet<ObjectName>,
    bad: BTreeMap<ObjectName, String>,
    bytes: u64,
    strays: Vec<String>,
}

/// What a repository should have, and has not.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Commits that are to be whole: those that are here and not known to be partial, and all heads.
    pub commits: BTreeSet<Checksum>,
    /// Objects that are not what their names say, or that a commit needs and that are not there.
    pub objects: BTreeMap<ObjectName, Option<Where>>,
}

/// The commits of a repository, by how far they are to be followed.
#[derive(Debug, Default)]
struct Commits {
    /// Those that have a ref come first.
    complete: Vec<Checksum>,
    /// Known, and known to lack objects.
    partial: Vec<Checksum>,
    /// Marked by `ostree fsck`: meant to be complete.
    marked: Vec<Checksum>,
}

impl<'r> Survey<'r> {
    /// Reads and checks every object.
    pub fn take(
        repo: &'r Repo,
        options: &FsckOptions,
        observer: &dyn Observer,
    ) -> Result<Survey<'r>, RepoError> {
        let (objects, strays) = list(repo)?;
        let swept = sweep::sweep(repo, &objects, options.threads, observer)?;
        Ok(Survey {
            repo,
            options: options.clone(),
            present: objects.into_iter().collect(),
            bad: swept.bad,
            bytes: swept.bytes,
            strays,
        })
    }

    /// Tells whether an object is there, and is what its name says.
    pub fn is_sound(&self, object: &ObjectName) -> bool {
        self.present.contains(object) && !self.bad.contains_key(object)
    }

    /// Tells whether an object is there, whatever it is.
    pub fn is_present(&self, object: &ObjectName) -> bool {
        self.present.contains(object)
    }

    /// Checks these objects again, for they were written meanwhile.
    pub fn again(&mut self, objects: &[ObjectName]) -> Result<(), RepoError> {
        let swept = sweep::sweep(self.repo, objects, self.options.threads, &Silent)?;
        for object in objects {
            self.present.insert(*object);
            self.bad.remove(object);
        }
        self.bad.extend(swept.bad);
        Ok(())
    }

    /// Lists the objects that are there and are not what their names say.
    pub fn damaged(&self) -> HashSet<ObjectName> {
        self.bad.keys().copied().collect()
    }

    /// Lists what would have to be brought for every commit to be whole, as far as that can be seen:
    /// what lies below a directory that is missing is seen only when that is there again.
    pub fn wanted(&self) -> Result<Wanted, RepoError> {
        let (heads, _) = heads::scan(self.repo)?;
        let own = heads
            .iter()
            .filter(|((place, _), _)| *place == RefPlace::Heads);
        let mut follow = self.commits(&heads)?.complete;
        let mut commits: BTreeSet<Checksum> = own.map(|(_, commit)| *commit).collect();
        follow.extend(&commits);
        commits.extend(&follow);
        let mut wanted = Wanted {
            commits,
            ..Wanted::default()
        };
        for finding in trees::follow(self, &heads, &follow)? {
            match finding {
                FsckFinding::Corrupt { object, place, .. } => {
                    wanted.objects.insert(object, place);
                }
                FsckFinding::Missing { object, place } => {
                    wanted.objects.insert(object, Some(place));
                }
                _ => {}
            }
        }
        Ok(wanted)
    }

    /// Takes away the marks of these commits, which were partial and are whole now.
    pub fn unmark(&self, commits: &[Checksum]) -> Result<(), RepoError> {
        visible::unmark_partial(self.repo, &commits.iter().collect::<Vec<_>>())
    }

    /// Lists the commits that are marked as partial, should be whole, and are.
    pub fn wrongly_marked(&self) -> Result<Vec<Checksum>, RepoError> {
        let mut marked = Vec::new();
        for commit in self.wanted()?.commits {
            let here = self.is_sound(&ObjectName::new(commit, ObjectKind::Commit));
            if here
                && self.repo.partial_mark(&commit)?.is_some()
                && walk::missing(self, &[commit])?.is_empty()
            {
                marked.push(commit);
            }
        }
        Ok(marked)
    }

    /// Follows refs, commits and deltas, and says what is wrong.
    pub fn report(&self) -> Result<FsckReport, RepoError> {
        let (heads, mut broken) = heads::scan(self.repo)?;
        let commits = self.commits(&heads)?;
        let mut findings = trees::follow(self, &heads, &commits.complete)?;
        let marked = commits.marked.iter();
        findings.extend(marked.map(|commit| FsckFinding::Marked { commit: *commit }));
        findings.extend(self.buried());
        findings.append(&mut broken);
        trees::refs(self, &heads, &mut findings)?;
        let deltas = deltas::check(self, &mut findings)?;
        let mut leftovers = self.strays.clone();
        leftovers.extend(leftovers::find(self)?);
        leftovers.extend(deltas.leftovers);
        let own = heads.iter().filter_map(|((place, name), commit)| {
            let own = *place == RefPlace::Heads;
            own.then(|| (name.clone(), *commit))
        });
        Ok(FsckReport {
            objects: self.present.len() as u64,
            bytes: self.bytes,
            commits: commits.complete.len() as u64,
            deltas: deltas.count,
            partial: commits.partial,
            leftovers,
            refs: own.collect(),
            findings,
        })
    }

    pub(super) fn repo(&self) -> &'r Repo {
        self.repo
    }

    pub(super) fn options(&self) -> &FsckOptions {
        &self.options
    }

    pub(super) fn bad(&self) -> &BTreeMap<ObjectName, String> {
        &self.bad
    }

    /// The commits to follow, those that have a ref first, and the ones that are known to be partial.
    fn commits(&self, heads: &Heads) -> Result<Commits, RepoError> {
        let present = self.present.iter();
        let all: BTreeSet<Checksum> = present
            .filter(|name| name.kind == ObjectKind::Commit)
            .map(|name| name.checksum)
            .collect();
        let mut order: Vec<Checksum> = heads.values().copied().collect();
        order.extend(all.iter().copied());
        let mut seen = HashSet::new();
        order.retain(|commit| all.contains(commit) && seen.insert(*commit));
        let mut commits = Commits::default();
        for commit in order {
            match self.repo.partial_mark(&commit)? {
                None => commits.complete.push(commit),
                Some(mark) if mark == FOUND_DAMAGED => {
                    commits.marked.push(commit);
                    commits.complete.push(commit);
                }
                Some(_) => commits.partial.push(commit),
            }
        }
        Ok(commits)
    }

    /// Commits that are here although a tombstone says that they were deleted.
    fn buried(&self) -> Vec<FsckFinding> {
        let mut found: Vec<Checksum> = self
            .present
            .iter()
            .filter(|name| name.kind == ObjectKind::TombstoneCommit)
            .map(|name| name.checksum)
            .filter(|commit| self.is_present(&ObjectName::new(*commit, ObjectKind::Commit)))
            .collect();
        found.sort_unstable();
        let found = found.into_iter();
        found.map(|commit| FsckFinding::Buried { commit }).collect()
    }
}
