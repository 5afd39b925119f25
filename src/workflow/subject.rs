//! What signatures are wanted on.

use std::fmt;

use serde::Serialize;

use crate::format::{Checksum, RefName};

/// What a signature is wanted on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
pub enum Subject {
    /// A bundle's manifest.
    Bundle,
    /// A commit published under a ref.
    Commit {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// The commit.
        commit: Checksum,
    },
    /// A repository's summary.
    Summary,
    /// The inventory of a site.
    Inventory,
    /// The permission to take a ref back.
    Rollback {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
    },
    /// An update of the trust directory.
    TrustUpdate {
        /// Its version.
        version: u64,
        /// The version by which it is judged; 0 for the trust directory as it was installed.
        under: u64,
    },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Bundle => f.write_str("the bundle"),
            Subject::Commit { name, commit } => write!(f, "commit {commit} of {name}"),
            Subject::Summary => f.write_str("the summary"),
            Subject::Inventory => f.write_str("the inventory"),
            Subject::Rollback { name } => write!(f, "the permission to take {name} back"),
            Subject::TrustUpdate { version, under: 0 } => {
                write!(f, "trust update {version}, by the trust directory,")
            }
            Subject::TrustUpdate { version, under } => {
                write!(f, "trust update {version}, by trust version {under},")
            }
        }
    }
}
