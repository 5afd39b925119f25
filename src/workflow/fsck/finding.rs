//! What can be wrong with a repository as a client that verifies sees it.

use std::fmt;

use serde::Serialize;

use super::super::finding::{Finding, RecordFinding};
use crate::Class;
use crate::format::{Checksum, RefName};
use crate::repo::FsckFinding;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum CheckFinding {
    /// Of the repository itself.
    Repository(FsckFinding),
    /// Of what is signed.
    Trust(Finding),
    /// Of what the repository remembers.
    Record(RecordFinding),
    /// Of the summary.
    Summary(SummaryFault),
    /// Of what clients pull.
    Served(ServedFault),
}

/// What is wrong with a summary, as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(
    tag = "finding",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum SummaryFault {
    /// There is none: clients that verify it cannot pull.
    #[error("there is no summary")]
    NoSummary,
    /// It does not parse.
    #[error("the summary does not parse: {reason}")]
    SummaryMalformed {
        /// What is wrong with it.
        reason: String,
    },
    /// Its signatures do not parse.
    #[error("the signatures of the summary do not parse: {reason}")]
    SignatureMalformed {
        /// What is wrong with them.
        reason: String,
    },
    /// It lists another commit than the ref names.
    #[error(
        "the summary says {name} is {}, the ref says {}",
        show_commit(listed),
        show_commit(here)
    )]
    SummaryStale {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// The commit in the summary.
        listed: Option<Checksum>,
        /// The commit that the ref names.
        here: Option<Checksum>,
    },
    /// It gives a commit another size than it has; clients read no further than that.
    #[error("the summary says the commit of {name} has {listed} bytes, it has {actual}")]
    SummarySize {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// The size in the summary.
        listed: u64,
        /// The size of the commit.
        actual: u64,
    },
}

/// What is wrong with what clients pull besides objects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(
    tag = "finding",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum ServedFault {
    /// A ref's commit is marked as lacking objects.
    #[error("{name} is at commit {commit}, which lacks objects: clients cannot pull it")]
    PartialHead {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// The commit.
        commit: Checksum,
    },
    /// A delta brings the commit with other signatures than are wanted.
    #[error("{path}: clients that take it get {name} without the signatures it needs")]
    DeltaUnsigned {
        /// The superblock, beneath the repository.
        path: String,
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// The commit.
        commit: Checksum,
    },
}

impl CheckFinding {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        match self {
            CheckFinding::Repository(finding) => finding.class(),
            CheckFinding::Trust(finding) => finding.class(),
            CheckFinding::Record(finding) => finding.class(),
            CheckFinding::Summary(_) | CheckFinding::Served(_) => Class::Corrupt,
        }
    }

    /// Returns the class of several findings: corrupt before untrusted before any other.
    pub fn gravest(findings: &[CheckFinding]) -> Option<Class> {
        let has = |class| findings.iter().any(|finding| finding.class() == class);
        let first = [Class::Corrupt, Class::Untrusted]
            .into_iter()
            .find(|class| has(*class));
        first.or_else(|| findings.first().map(CheckFinding::class))
    }
}

impl fmt::Display for CheckFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CheckFinding::Repository(finding) => finding.fmt(f),
            CheckFinding::Trust(finding) => finding.fmt(f),
            CheckFinding::Record(finding) => finding.fmt(f),
            CheckFinding::Summary(fault) => fault.fmt(f),
            CheckFinding::Served(fault) => fault.fmt(f),
        }
    }
}

fn show_commit(commit: &Option<Checksum>) -> String {
    commit.map_or("absent".to_owned(), |commit| commit.to_string())
}
