//! Why a version of the trust is not taken, apart from who signed it.

use serde::Serialize;

use crate::Class;
use crate::format::Checksum;

/// What is wrong with a version of the trust; part of [`Finding`](crate::workflow::Finding).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(
    tag = "finding",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
#[non_exhaustive]
pub enum TrustFinding {
    /// Two statements of the trust have the same version.
    #[error("there are two versions {version} of the trust: {known} here, {found} there")]
    TrustFork {
        /// The version.
        version: u64,
        /// The digest that is known here.
        known: Checksum,
        /// The digest that was offered.
        found: Checksum,
    },
    /// A version of the trust was left out.
    #[error("trust update {offered} does not follow version {known}, which is known here")]
    TrustGap {
        /// The version that is known here.
        known: u64,
        /// The version that was offered.
        offered: u64,
    },
    /// A version of the trust is asked for that nobody brought.
    #[error("trust version {wanted} is asked for, and {known} is known here")]
    TrustBehind {
        /// The version asked for.
        wanted: u64,
        /// The version that is known here.
        known: u64,
    },
    /// Without a policy nobody may change the trust.
    #[error("the trust has no policy.toml, so nobody may change it")]
    TrustWithoutPolicy,
}

impl TrustFinding {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        match self {
            TrustFinding::TrustWithoutPolicy => Class::Refused,
            _ => Class::Untrusted,
        }
    }

    /// Returns what to do next, in one short sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            TrustFinding::TrustFork { .. } => {
                "ask who signed which; the trust changes in one line only"
            }
            TrustFinding::TrustGap { .. } => {
                "take a bundle with every update since, or install the new directory"
            }
            TrustFinding::TrustBehind { .. } => {
                "take the bundle that brings it: the same one again, if its import was cut off"
            }
            TrustFinding::TrustWithoutPolicy => {
                "use a trust directory with a policy.toml that has [[trust]]"
            }
        }
    }
}
