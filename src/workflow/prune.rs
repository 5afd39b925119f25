//! `prune`: old commits go, and with them what only they needed.
//!
//! ```text
//! always kept     what any ref names · the releases before the last import, where rollback goes ·
//!                 what was last exported for a site · promotions that wait for a signature
//! kept as well    without --refs-only  every commit
//!                 with it              ancestors of what refs name, as far as --depth says
//! dropped again   older than --keep-younger-than, unless it is always kept
//! ```

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::Error;
use super::export::SiteProfile;
use super::journal::{self, Entry, Verb};
use super::promote::pending;
use super::rollback::Previous;
use crate::format::{Checksum, ObjectKind, ObjectName};
use crate::repo::Repo;

/// What goes.
#[derive(Clone, Debug, Default)]
pub struct PruneOptions {
    /// Only what refs lead to is kept.
    pub refs_only: bool,
    /// How many ancestors of what a ref names are kept; all of them without this.
    pub depth: Option<u64>,
    /// Commits from before this time go, in UNIX seconds.
    pub not_before: Option<u64>,
    /// The present time, in UNIX seconds.
    pub now: u64,
}

/// Why a commit is kept in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A ref names it.
    Head,
    /// `rollback --hold` would publish it again.
    Hold,
    /// A site that was exported for has it, so the next update starts from it.
    Site,
    /// A prepared promotion waits for a signature.
    Pending,
}

/// What a prune did, or would do.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PruneOutcome {
    /// The commits that went.
    pub commits: Vec<Checksum>,
    /// How many objects went, commits among them.
    pub objects: usize,
    /// How many bytes they took.
    pub bytes: u64,
    /// How many commits are kept.
    pub kept: usize,
    /// Those that nothing here could drop, and why.
    pub held: BTreeMap<Checksum, Reason>,
    /// Whether anything was deleted.
    pub changed: bool,
}

/// Whether it is done or only told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Objects are deleted.
    Delete,
    /// Nothing is changed.
    OnlyTell,
}

/// Prunes a repository.
pub fn prune(repo: &Repo, options: &PruneOptions, deed: Deed) -> Result<PruneOutcome, Error> {
    let (lock, _) = repo.lock_for_writing()?;
    let (mut kept, mut held) = (0, BTreeMap::new());
    let plan = repo.plan_prune(&lock, || -> Result<HashSet<Checksum>, Error> {
        held = protected(repo)?;
        let keep = keep(repo, options, &held)?;
        kept = keep.len();
        Ok(keep)
    })?;
    let mut outcome = PruneOutcome {
        commits: plan.commits().to_vec(),
        objects: plan.objects(),
        bytes: plan.bytes(),
        kept,
        held,
        changed: false,
    };
    if deed == Deed::Delete && outcome.objects > 0 {
        let note = format!(
            "{} commits, {} objects, {} bytes",
            outcome.commits.len(),
            outcome.objects,
            outcome.bytes
        );
        let entry = Entry {
            note: Some(note),
            ..Entry::new(Verb::Prune)
        };
        plan.execute(journal::next(repo, entry, options.now)?)?;
        outcome.changed = true;
    }
    Ok(outcome)
}

/// Collects what is here and kept in any case; the first reason counts.
fn protected(repo: &Repo) -> Result<BTreeMap<Checksum, Reason>, Error> {
    let mut found = Vec::new();
    let mut add = |commit: &Checksum, reason| found.push((*commit, reason));
    for commit in repo.all_heads()? {
        add(&commit, Reason::Head);
    }
    if let Some(previous) = Previous::load(repo)? {
        let moved = previous.moved.values();
        let before = moved.flat_map(|moved| moved.from.iter().chain(&moved.to));
        let permitted = previous.may_return.values().flatten();
        let all = previous.refs.values().chain(before).chain(permitted);
        all.for_each(|commit| add(commit, Reason::Hold));
    }
    for site in SiteProfile::all(repo)? {
        let heads = site.refs.values();
        heads.for_each(|commit| add(commit, Reason::Site));
    }
    for (commit, waiting) in pending(repo)? {
        add(&commit, Reason::Pending);
        let before = waiting.parent.iter().chain([&waiting.source]);
        before.for_each(|commit| add(commit, Reason::Pending));
    }
    let mut protected = BTreeMap::new();
    for (commit, reason) in found {
        if has_commit(repo, &commit)? {
            protected.entry(commit).or_insert(reason);
        }
    }
    Ok(protected)
}

fn keep(
    repo: &Repo,
    options: &PruneOptions,
    held: &BTreeMap<Checksum, Reason>,
) -> Result<HashSet<Checksum>, Error> {
    let mut keep = HashSet::new();
    match options.refs_only {
        false => keep.extend(repo.commits()?),
        true => {
            for head in repo.all_heads()? {
                ancestors(repo, head, options.depth, &mut keep)?;
            }
        }
    }
    if let Some(limit) = options.not_before {
        let mut young = HashSet::new();
        for commit in keep {
            if repo.commit(&commit)?.timestamp >= limit {
                young.insert(commit);
            }
        }
        keep = young;
    }
    keep.extend(held.keys());
    Ok(keep)
}

/// Follows the parents of a commit as far as they are here.
fn ancestors(
    repo: &Repo,
    head: Checksum,
    depth: Option<u64>,
    keep: &mut HashSet<Checksum>,
) -> Result<(), Error> {
    let mut next = Some(head);
    let mut left = depth;
    while let Some(commit) = next {
        if !has_commit(repo, &commit)? {
            break;
        }
        let known = !keep.insert(commit);
        // Two refs may reach a commit from different heights; only without a limit does one suffice.
        if known && depth.is_none() || left == Some(0) {
            break;
        }
        left = left.map(|left| left - 1);
        next = repo.commit(&commit)?.parent;
    }
    Ok(())
}

fn has_commit(repo: &Repo, commit: &Checksum) -> Result<bool, Error> {
    Ok(repo.has(&ObjectName::new(*commit, ObjectKind::Commit))?)
}
