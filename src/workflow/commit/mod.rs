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
mod members;
mod modifier;
mod pax;
mod pool;
mod scan;
mod source;
mod tree;
mod worker;

use std::path::PathBuf;

use serde::Serialize;

use crate::event::{Event, Observer, Stage, Unit};
use crate::format::gvariant::Value;
use crate::format::{Checksum, Commit, Encoded, Metadata, ObjectKind, RefName};
use crate::openpgp::Signer;
use crate::repo::{Repo, Transaction};

pub use modifier::{Modifier, Permissions, XattrPolicy};
pub use source::SourceError;

use super::Error;
use super::seal;
use pool::Pool;
use tree::Tree;

/// Where a tree comes from.
#[derive(Clone, Debug)]
pub enum TreeSource {
    /// A directory and everything beneath it.
    Dir(PathBuf),
    /// A tar, plain or compressed by gzip or zstd.
    Tar {
        /// The file.
        path: PathBuf,
        /// What happens when a member's directory is not in the tar.
        parents: MissingParents,
    },
}

/// What happens when a tar holds a file but not its directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingParents {
    /// The tar is refused.
    Refuse,
    /// The directory is made: root's, mode 0755.
    Create,
}

/// Which commit comes before the new one.
#[derive(Clone, Debug)]
pub enum Parent {
    /// The branch's current commit, if it has any.
    Head,
    /// None.
    None,
    /// This one.
    Commit(Checksum),
}

/// What happens when the parent has the same tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// A commit is made all the same.
    Commit,
    /// Nothing is done.
    Skip,
}

/// What to commit, and how.
pub struct CommitOptions<'a> {
    /// The branch; `None` makes a commit that no ref names.
    pub branch: Option<RefName>,
    /// The trees, each laid over the ones before.
    pub trees: Vec<TreeSource>,
    /// Which commit comes before.
    pub parent: Parent,
    /// One line for people.
    pub subject: String,
    /// More lines for people.
    pub body: String,
    /// Keys and strings of the commit's metadata, in this order.
    pub metadata: Vec<(String, String)>,
    /// More refs under which the commit may be published; the branch is bound in any case.
    pub bind_refs: Vec<RefName>,
    /// When it was made, in seconds since 1970 UTC.
    pub timestamp: u64,
    /// How owners, modes and xattrs are changed.
    pub modifier: Modifier,
    /// What happens when the parent has the same tree.
    pub unchanged: Unchanged,
    /// Who signs.
    pub signers: &'a [Box<dyn Signer>],
    /// The time of the signatures, in seconds since 1970 UTC.
    pub now: u64,
    /// How many files are read at the same time.
    pub threads: usize,
}

/// What was committed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CommitOutcome {
    /// The commit; the parent, when nothing had changed.
    pub commit: Checksum,
    /// The commit before it.
    pub parent: Option<Checksum>,
    /// The branch.
    pub branch: Option<RefName>,
    /// Whether a commit was made.
    pub changed: bool,
    /// Directories in the tree.
    pub directories: usize,
    /// Files and links in the tree, hard links counted once.
    pub files: usize,
    /// Bytes of their content.
    pub bytes: u64,
    /// Signatures made.
    pub signatures: usize,
}

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
        metadata: metadata(repo, options),
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
        for source in &options.trees {
            match source {
                TreeSource::Dir(path) => scan::scan(path, &mut tree, pool)?,
                TreeSource::Tar { path, parents } => {
                    archive::unpack(path, *parents, &mut tree, pool)?;
                }
            }
        }
        Ok(())
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

/// Puts together what is said about the commit, in the order in which `ostree commit` writes it.
fn metadata(repo: &Repo, options: &CommitOptions<'_>) -> Metadata {
    let mut metadata = Metadata::new();
    for (key, value) in &options.metadata {
        metadata.insert(key, Value::str(value));
    }
    let mut bound: Vec<&str> = options.branch.iter().map(RefName::as_str).collect();
    bound.extend(options.bind_refs.iter().map(RefName::as_str));
    bound.sort_unstable();
    bound.dedup();
    metadata.insert(Metadata::REF_BINDING, Value::strv(bound));
    if let Some(collection) = repo.collection_id() {
        let value = Value::str(collection.as_str());
        metadata.insert(Metadata::COLLECTION_BINDING, value);
    }
    metadata
}
