//! What a commit is made from, and what came of it.

use std::path::PathBuf;

use serde::Serialize;

use crate::format::gvariant::Value;
use crate::format::{Checksum, RefName};
use crate::openpgp::Signer;

use super::exceptions::Exceptions;
use super::modifier::Modifier;

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
    /// The tree of a commit that is in the repository.
    Commit(Checksum),
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

/// Whether the commit says where it may be published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bindings {
    /// It names its refs, and the collection of the repository.
    #[default]
    Write,
    /// It names none, so clients accept it under any ref.
    LeaveOut,
}

/// Whether the commit says that it can be booted, and with which kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bootable {
    /// It says nothing about it.
    #[default]
    Unsaid,
    /// It names the one kernel beneath `usr/lib/modules`.
    NameKernel,
}

/// Whether the commit says how large its objects are; only an archive has such sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sizes {
    /// It does not.
    #[default]
    Unsaid,
    /// It lists them, for clients that show what a download will take.
    List,
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
    /// Keys and values of the commit's metadata, in this order.
    pub metadata: Vec<(String, Value)>,
    /// Whether it says where it may be published.
    pub bindings: Bindings,
    /// Whether it says that it can be booted.
    pub bootable: Bootable,
    /// Whether it says how large its objects are.
    pub sizes: Sizes,
    /// More refs under which the commit may be published; the branch is bound in any case.
    pub bind_refs: Vec<RefName>,
    /// When it was made, in seconds since 1970 UTC.
    pub timestamp: u64,
    /// How owners, modes and xattrs are changed.
    pub modifier: Modifier,
    /// Paths that are left out, or have another mode.
    pub exceptions: Exceptions,
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
