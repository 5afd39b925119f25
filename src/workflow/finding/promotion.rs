//! Why a promotion does not come about.

use serde::Serialize;

use crate::Class;
use crate::format::{Checksum, RefName};

/// What stands against a promotion; part of [`Finding`](crate::workflow::Finding).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(
    tag = "finding",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
#[non_exhaustive]
pub enum PromotionFinding {
    /// No promotion waits for this signature.
    #[error("no promotion waits for signatures")]
    NothingPending,
    /// The ref has moved since the promotion was prepared.
    #[error("{name} has moved since the promotion was prepared: commit {commit} does not follow {}", head.map_or("nothing".to_owned(), |head| head.to_string()))]
    Overtaken {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// The commit that was prepared.
        commit: Checksum,
        /// The commit that the ref has now.
        head: Option<Checksum>,
    },
    /// The timestamp would lie before that of the source or of the target.
    #[error("the timestamp {timestamp} lies before that of the {than}, {limit}")]
    TimestampBelow {
        /// The timestamp asked for.
        timestamp: u64,
        /// Which commit it must not lie before: "source" or "target".
        than: String,
        /// That commit's timestamp.
        limit: u64,
    },
    /// The gate refused.
    #[error("the gate `{command}` refused ({outcome})")]
    GateRefused {
        /// The command.
        command: String,
        /// How it ended.
        outcome: String,
    },
}

impl PromotionFinding {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        match self {
            PromotionFinding::NothingPending => Class::NotFound,
            _ => Class::Refused,
        }
    }

    /// Returns what to do next, in one short sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            PromotionFinding::NothingPending => "prepare one first: airlock promote --prepare FILE",
            PromotionFinding::Overtaken { .. } => "prepare the promotion again",
            PromotionFinding::TimestampBelow { .. } => "leave --timestamp out, or check the clocks",
            PromotionFinding::GateRefused { .. } => "see what the gate said",
        }
    }
}
