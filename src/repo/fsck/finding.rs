//! What can be wrong with a repository: the sentence, the JSON and the test oracle in one.

use std::fmt;

use serde::Serialize;

use crate::Class;
use crate::format::{Checksum, ObjectName};

/// Where an object belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Where {
    /// The ref whose commit it is, if there is one.
    #[serde(rename = "ref")]
    pub name: Option<String>,
    /// The commit that needs it.
    pub commit: Checksum,
    /// The path in the commit's tree.
    pub path: String,
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}:{}", self.path),
            None => write!(f, "{}:{}", self.commit, self.path),
        }
    }
}

/// One fault of a repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(
    tag = "code",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum FsckFinding {
    /// An object is not what its name says, or breaks the rules of its kind.
    #[error("{}{object} is corrupt: {reason}", belongs(place))]
    Corrupt {
        /// The object.
        object: ObjectName,
        /// What is wrong with it.
        reason: String,
        /// Where it belongs; nowhere when no commit needs it.
        place: Option<Where>,
    },
    /// An object that a commit needs is not there.
    #[error("{place}: {object} is missing")]
    Missing {
        /// The object.
        object: ObjectName,
        /// Where it belongs.
        place: Where,
    },
    /// A ref names a commit that is not there.
    #[error("ref {name} names commit {commit}, which is missing")]
    Dangling {
        /// The ref.
        name: String,
        /// The commit.
        commit: Checksum,
    },
    /// A commit is found under a ref that it is not bound to, so clients refuse it.
    #[error("ref {name} names commit {commit}, which is bound to {}", list(bound))]
    Unbound {
        /// The ref.
        name: String,
        /// The commit.
        commit: Checksum,
        /// The refs that the commit is bound to.
        bound: Vec<String>,
    },
    /// A commit is bound to another collection than it is found in.
    #[error("ref {name} names commit {commit}, which is bound to collection {}", bound.as_deref().unwrap_or("none"))]
    OtherCollection {
        /// The ref.
        name: String,
        /// The commit.
        commit: Checksum,
        /// The collection that the commit is bound to.
        bound: Option<String>,
    },
    /// A commit is bound to a ref that does not exist.
    #[error("commit {commit} is bound to ref {name}, which does not exist")]
    NoBackRef {
        /// The ref.
        name: String,
        /// The commit.
        commit: Checksum,
    },
    /// A file among the refs is no ref that anybody can read.
    #[error("{path} is no ref: {reason}")]
    BadRef {
        /// Its path beneath the repository.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Directories lie within directories beyond every use.
    #[error("commit {commit} has directories more than {limit} levels deep")]
    TooDeep {
        /// The commit.
        commit: Checksum,
        /// How deep they may be.
        limit: usize,
    },
    /// `ostree fsck` found damage, and marked the commit.
    #[error("commit {commit} bears the mark of damage that `ostree fsck` left")]
    Marked {
        /// The commit.
        commit: Checksum,
    },
    /// A commit is here that was deleted, says a tombstone.
    #[error("commit {commit} is here, and a tombstone says that it was deleted")]
    Buried {
        /// The commit.
        commit: Checksum,
    },
    /// A static delta, or a part of it, is not what it should be: clients that take it fail.
    #[error("{path}: {reason}")]
    Delta {
        /// The path of the file beneath the repository.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An index of static deltas is not what it should be.
    #[error("{path}: {reason}")]
    DeltaIndex {
        /// Its path beneath the repository.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl FsckFinding {
    /// Returns the class of this finding.
    pub fn class(&self) -> Class {
        Class::Corrupt
    }
}

fn belongs(place: &Option<Where>) -> String {
    place
        .as_ref()
        .map(|place| format!("{place}: "))
        .unwrap_or_default()
}

fn list(names: &[String]) -> String {
    match names.is_empty() {
        true => "no ref".to_owned(),
        false => names.join(", "),
    }
}
