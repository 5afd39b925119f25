//! Why something does not go back: a release that is to be taken back, or a ref by permission.

use serde::Serialize;

use super::words::{at, number};
use crate::Class;
use crate::format::{Checksum, RefName};

/// What stands against going back; part of [`Finding`](crate::workflow::Finding).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(
    tag = "finding",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
#[non_exhaustive]
pub enum BackFinding {
    /// The commit was never released under the ref.
    #[error("commit {commit} was never released as {name}")]
    NeverReleased {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// The commit.
        commit: Checksum,
    },
    /// An interrupted change of the ref was finished just now, so what is relative to it means another commit.
    #[error("an interrupted change of {name} was finished just now; it stands at {commit}")]
    FinishedFirst {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// Where it stands.
        commit: Checksum,
    },
    /// Nothing was imported here that could be taken back.
    #[error("nothing was imported here that could be taken back")]
    NothingToTakeBack,
    /// The bundle that was imported last does not permit to go back.
    #[error("the last bundle does not permit {name} to go back to {}", at(commit))]
    ReturnNotPermitted {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// Where it stood before.
        commit: Option<Checksum>,
    },
    /// A ref is neither where the last import put it nor where it was before.
    #[error("{name} was moved since the last import; it stands at {}", at(commit))]
    MovedSince {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// Where it stands.
        commit: Option<Checksum>,
    },
    /// A permission to go back does not start where this site stands.
    #[error(
        "the permission takes {name} back from sequence {from_sequence}; here it is at {}",
        number(accepted)
    )]
    PermissionUnfit {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// The sequence it starts from.
        from_sequence: u64,
        /// The last one accepted here.
        accepted: Option<u64>,
    },
}

impl BackFinding {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        match self {
            BackFinding::NothingToTakeBack => Class::NotFound,
            _ => Class::Refused,
        }
    }

    /// Returns what to do next, in one short sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            BackFinding::NeverReleased { .. } => {
                "name an earlier release, as REF^; or use airlock promote"
            }
            BackFinding::FinishedFirst { .. } => {
                "look at it with airlock log; then name the release by its checksum"
            }
            BackFinding::NothingToTakeBack => {
                "import a bundle first; its predecessor is kept from then on"
            }
            BackFinding::ReturnNotPermitted { .. } => {
                "ask for a newer bundle; one of `export --may-return` can be taken back"
            }
            BackFinding::MovedSince { .. } => "move it back first, or ask for a newer bundle",
            BackFinding::PermissionUnfit { .. } => {
                "export again with --permit-rollback REF=SEQUENCE"
            }
        }
    }
}
