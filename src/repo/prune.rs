//! Deleting what no commit that is kept needs.
//!
//! ```text
//! libostree's lock, exclusive     nobody writes while it is decided and done
//! journal line                    so what is gone was said, even after a cut
//! commits     .commit ▸ syncfs
//! the rest    .commitmeta, marks of partial commits, trees and files that no kept commit reaches
//! deltas      that lead to a commit that is gone, and their index ▸ syncfs
//! ```
//!
//! A cut before the first sync leaves some of the commits, whole and with their signatures; after it,
//! objects that nothing needs, which the next prune finds. So no commit is ever left without its
//! objects, its signatures, or the mark that says what it lacks.

use std::collections::HashSet;

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::error::{Context, RepoError};
use super::fsck::{heads, list};
use super::lock::{AirlockLock, RepoLock};
use super::mode::Mode;
use super::paths;
use super::publish::sync_filesystem;
use super::redo::Record;
use super::repository::Repo;
use super::transaction::Intent;
use super::walk::Walker;
use crate::format::{Checksum, ObjectKind, ObjectName};

/// What a prune would delete; dropping it deletes nothing.
#[must_use = "dropping a plan deletes nothing"]
pub struct PrunePlan<'r> {
    repo: &'r Repo,
    commits: Vec<Checksum>,
    beside: Vec<ObjectName>,
    objects: Vec<ObjectName>,
    bytes: u64,
    _lock: RepoLock,
}

impl Repo {
    /// Lists the commits that are here, partial ones among them.
    pub fn commits(&self) -> Result<Vec<Checksum>, RepoError> {
        let commits = list(self)?.0.into_iter();
        let commits = commits.filter(|name| name.kind == ObjectKind::Commit);
        Ok(commits.map(|name| name.checksum).collect())
    }

    /// Lists the commits that any ref names: its own, of remotes, of other collections.
    pub fn all_heads(&self) -> Result<HashSet<Checksum>, RepoError> {
        Ok(heads(self)?.into_values().collect())
    }

    /// Waits until nobody else is at the repository, and decides what goes: all but what these commits need.
    ///
    /// `keep` is called under the lock. **A commit that a ref names must be among what it returns.**
    pub fn plan_prune<E: From<RepoError>>(
        &self,
        _lock: &AirlockLock,
        keep: impl FnOnce() -> Result<HashSet<Checksum>, E>,
    ) -> Result<PrunePlan<'_>, E> {
        let lock = self.lock_exclusive()?;
        can_prune(self)?;
        let keep = keep()?;
        Ok(decide(self, lock, &keep)?)
    }
}

fn can_prune(repo: &Repo) -> Result<(), RepoError> {
    if repo.mode() == Mode::BareSplitXattrs {
        return Err(RepoError::UnsupportedMode {
            mode: repo.mode(),
            what: "be pruned",
        });
    }
    match repo.config().tombstone_commits() {
        false => Ok(()),
        true => Err(RepoError::Unsupported {
            path: repo.path().join(paths::CONFIG),
            key: "core.tombstone-commits",
            value: "true".to_owned(),
        }),
    }
}

fn decide<'r>(
    repo: &'r Repo,
    lock: RepoLock,
    keep: &HashSet<Checksum>,
) -> Result<PrunePlan<'r>, RepoError> {
    let mut plan = PrunePlan {
        repo,
        commits: Vec::new(),
        beside: Vec::new(),
        objects: Vec::new(),
        bytes: 0,
        _lock: lock,
    };
    let all = list(repo)?.0;
    let mut needed = HashSet::new();
    let mut walker = Walker::new(repo);
    let (mut whole, mut partial) = (Vec::new(), Vec::new());
    for name in all.iter().filter(|name| name.kind == ObjectKind::Commit) {
        let commit = name.checksum;
        match (keep.contains(&commit), repo.is_partial(&commit)?) {
            (false, _) => plan.commits.push(commit),
            (true, false) => whole.push((commit, None)),
            (true, true) => partial.push((commit, Some(commit))),
        }
    }
    // Where a whole commit lacks a tree, what is below it cannot be told from what nobody needs: that
    // is an error. So they come first, before a partial one has passed over the same tree.
    for (commit, gaps_of) in whole.into_iter().chain(partial) {
        walker.tolerate_gaps(gaps_of);
        walker.commit(&commit, &mut |object, _| {
            needed.insert(*object);
            Ok(())
        })?;
    }
    for name in all {
        match name.kind {
            ObjectKind::Commit if keep.contains(&name.checksum) => continue,
            ObjectKind::CommitMeta if keep.contains(&name.checksum) => continue,
            ObjectKind::CommitMeta => plan.beside.push(name),
            ObjectKind::DirTree | ObjectKind::DirMeta | ObjectKind::File
                if !needed.contains(&name) =>
            {
                plan.objects.push(name);
            }
            ObjectKind::Commit => {}
            _ => continue,
        }
        plan.bytes += repo.object_size(&name)?;
    }
    Ok(plan)
}

impl PrunePlan<'_> {
    /// Returns the commits that go.
    pub fn commits(&self) -> &[Checksum] {
        &self.commits
    }

    /// Returns how many objects go, commits and what stands beside them included.
    pub fn objects(&self) -> usize {
        self.commits.len() + self.beside.len() + self.objects.len()
    }

    /// Returns how many bytes they take as they are stored.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Deletes what was decided, after this line stands in the journal.
    pub fn execute(self, journal: String) -> Result<(), RepoError> {
        let repo = self.repo;
        let intent = Intent {
            journal: Some(journal),
            ..Intent::default()
        };
        let record = Record::new(repo, intent)?;
        record.carry_out(repo)?;
        self.delete().map_err(RepoError::unfinished)
    }

    fn delete(&self) -> Result<(), RepoError> {
        let repo = self.repo;
        for commit in &self.commits {
            remove(repo, &ObjectName::new(*commit, ObjectKind::Commit))?;
        }
        sync_filesystem(repo)?;
        for commit in &self.commits {
            let mark = paths::partial(commit);
            gone(fs::unlinkat(repo.dir(), mark.as_str(), AtFlags::empty()))
                .at("remove", repo.path().join(&mark))?;
        }
        let rest = self.beside.iter().chain(&self.objects);
        rest.copied().try_for_each(|name| remove(repo, &name))?;
        remove_deltas(repo)?;
        sync_filesystem(repo)
    }
}

fn remove(repo: &Repo, name: &ObjectName) -> Result<(), RepoError> {
    let loose = paths::loose(name, repo.mode());
    let removed = fs::unlinkat(repo.objects(), loose.as_str(), AtFlags::empty());
    gone(removed).at("remove", repo.path().join(paths::OBJECTS).join(&loose))
}

fn gone(removed: Result<(), Errno>) -> Result<(), Errno> {
    match removed {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}

/// Removes the static deltas whose target is not here any more.
fn remove_deltas(repo: &Repo) -> Result<(), RepoError> {
    let mut changed = false;
    for (delta, _) in repo.static_deltas()? {
        if repo.has(&ObjectName::new(delta.to, ObjectKind::Commit))? {
            continue;
        }
        repo.remove_delta(&delta)?;
        changed = true;
    }
    match changed && repo.config().indexed_deltas() {
        true => repo.reindex_deltas(),
        false => Ok(()),
    }
}
