//! `commit`: a directory or a tar becomes a commit on a branch.
//!
//! ```text
//! scan / archive ──▸ jobs ──▸ workers: read, hash, compress, stage ──▸ one checksum per slot
//!       │                                                                       │
//!       └──▸ Tree: names, in memory ───────────────▸ dirtrees, bottom up ◂──────┘
//!                                                        └──▸ commit ──▸ ref
//! ```
//!
//! The commit has the checksum that `ostree commit` gives the same tree, options and timestamp.

mod archive;
mod exceptions;
mod members;
mod metadata;
mod modifier;
mod old_tree;
mod options;
mod pax;
mod pool;
mod scan;
mod source;
mod tree;
mod worker;

use crate::event::{Event, Observer, Stage, Unit};
use crate::format::{Checksum, Commit, Encoded, ObjectKind};
use crate::repo::{Repo, Transaction};

pub use exceptions::{Exceptions, ListError, ModeChange};
pub use modifier::{Modifier, Permissions, XattrPolicy};
pub use options::{
    Bindings, Bootable, CommitOptions, CommitOutcome, MissingParents, Parent, Sizes, TreeSource,
    Unchanged,
};
pub use source::SourceError;

use super::Error;
use super::seal;
use pool::Pool;
use tree::Tree;

/// Commits trees to a repository.
pub fn commit(
    repo: &Repo,
    options: &CommitOptions<'_>,
    observer: &dyn Observer,
) -> Result<CommitOutcome, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let transaction = Transaction::begin(repo)?;
    let head = match &options.branch {
        Some(branch) => repo.ref_commit(branch)?,
        None => None,
    };
    let parent = match options.parent {
        Parent::Head => head,
        Parent::None => None,
        Parent::Commit(commit) => Some(repo.commit(&commit)?.checksum()),
    };
    let built = build(&transaction, options, observer)?;
    let commit = Encoded::encode(Commit {
        metadata: metadata::metadata(&transaction, options, &built)?,
        parent,
        subject: options.subject.clone(),
        body: options.body.clone(),
        timestamp: options.timestamp,
        tree: built.tree,
        meta: built.meta,
    });
    if let Some(same) = unchanged(repo, options, &commit)? {
        return Ok(outcome(options, &built, same, parent));
    }
    let signatures = stage(&transaction, options, &commit)?;
    if let Some(branch) = &options.branch {
        transaction.expect_ref(branch, head);
        transaction.set_ref(branch, Some(commit.checksum()));
    }
    transaction.publish(observer)?;
    Ok(CommitOutcome {
        changed: true,
        signatures,
        ..outcome(options, &built, commit.checksum(), parent)
    })
}

/// Returns the parent if it has the same tree, and that is reason enough to do nothing.
fn unchanged(
    repo: &Repo,
    options: &CommitOptions<'_>,
    commit: &Commit,
) -> Result<Option<Checksum>, Error> {
    match (options.unchanged, commit.parent) {
        (Unchanged::Skip, Some(parent)) => {
            let same = repo.commit(&parent)?.content_checksum() == commit.content_checksum();
            Ok(same.then_some(parent))
        }
        _ => Ok(None),
    }
}

/// Stages a commit and the signatures over it; returns how many were made.
fn stage(
    transaction: &Transaction<'_>,
    options: &CommitOptions<'_>,
    commit: &Encoded<Commit>,
) -> Result<usize, Error> {
    let name = transaction.write_metadata(ObjectKind::Commit, commit.bytes())?;
    if options.signers.is_empty() {
        return Ok(0);
    }
    // The same commit may have been made, and signed, before.
    let beside = transaction.repo().commitmeta(&name)?;
    let (signers, now) = (options.signers, options.now);
    let made = seal::sign_commit(transaction, &name, beside, signers, now)?;
    Ok(made.len())
}

fn outcome(
    options: &CommitOptions<'_>,
    built: &Built,
    commit: Checksum,
    parent: Option<Checksum>,
) -> CommitOutcome {
    CommitOutcome {
        commit,
        parent,
        branch: options.branch.clone(),
        changed: false,
        directories: built.directories,
        files: built.files,
        bytes: built.bytes,
        signatures: 0,
    }
}

/// A tree whose objects are all staged.
struct Built {
    tree: Checksum,
    meta: Checksum,
    directories: usize,
    files: usize,
    bytes: u64,
}

/// Stages all files and directories.
fn build(
    transaction: &Transaction<'_>,
    options: &CommitOptions<'_>,
    observer: &dyn Observer,
) -> Result<Built, Error> {
    observer.event(Event::Begin {
        stage: Stage::Commit,
        total: None,
        unit: Unit::Bytes,
    });
    let modifier = options.modifier.within(transaction.repo().mode());
    let mut tree = Tree::new();
    let stored = Pool::run(transaction, &modifier, observer, options.threads, |pool| {
        pool.exceptions = options.exceptions.clone();
        for source in &options.trees {
            match source {
                TreeSource::Dir(path) => scan::scan(path, &mut tree, pool)?,
                TreeSource::Tar { path, parents } => {
                    archive::unpack(path, *parents, &mut tree, pool)?;
                }
                TreeSource::Commit(commit) => {
                    old_tree::overlay(transaction.repo(), commit, &mut tree, pool)?;
                }
            }
        }
        let exceptions = std::mem::take(&mut pool.exceptions);
        Ok(exceptions.finish().map_err(SourceError::from)?)
    })?;
    let (root, meta) = tree.write(transaction, &stored.files)?;
    observer.event(Event::End {
        stage: Stage::Commit,
    });
    Ok(Built {
        tree: root,
        meta,
        directories: tree.len(),
        files: stored.files.len(),
        bytes: stored.bytes,
    })
}
