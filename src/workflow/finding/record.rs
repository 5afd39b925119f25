//! What is wrong with what a site knows of its past, and of the time.

use serde::Serialize;

use super::words::at;
use crate::Class;
use crate::format::{Checksum, RefName};

/// What is wrong with the record of what was accepted; part of [`Finding`](crate::workflow::Finding).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(
    tag = "finding",
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case"
)]
#[non_exhaustive]
pub enum RecordFinding {
    /// A record of what was accepted was there, and is not.
    #[error("the record of what was accepted is lost: {record} ({witness})")]
    RecordLost {
        /// Which record.
        record: String,
        /// How it is known that it was there.
        witness: String,
    },
    /// The journal was altered, so it does not tell all that was accepted.
    #[error("the journal does not tell all that was accepted: {fault}")]
    JournalBroken {
        /// What is wrong with it.
        fault: String,
        /// The refs of which somebody must say what was accepted.
        refs: Vec<String>,
    },
    /// A ref stands elsewhere than the last bundle put it.
    #[error("{name} is at {}, and the last bundle put it at {accepted}", at(here))]
    HeadMoved {
        /// The ref.
        #[serde(rename = "ref")]
        name: RefName,
        /// The commit that was accepted for it.
        accepted: Checksum,
        /// The commit that it names.
        here: Option<Checksum>,
    },
    /// This machine's clock lies behind what was accepted, which was judged by instead.
    #[error("this machine's clock (@{clock}) is behind: judged at @{judged}, accepted before")]
    ClockBehind {
        /// What the clock says, in UNIX seconds.
        clock: u64,
        /// The time of the latest statement accepted, in UNIX seconds.
        judged: u64,
    },
}

impl RecordFinding {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        match self {
            RecordFinding::JournalBroken { .. } | RecordFinding::HeadMoved { .. } => Class::Corrupt,
            _ => Class::Refused,
        }
    }

    /// Returns what to do next, in one short sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            RecordFinding::RecordLost { .. } => "build it again: airlock trust recover",
            RecordFinding::JournalBroken { .. } => {
                "ask the release side, and add --at-least REF=SEQUENCE for every ref"
            }
            RecordFinding::HeadMoved { .. } => {
                "see `airlock log` for who moved it; a newer bundle, or the same again, mends it"
            }
            RecordFinding::ClockBehind { .. } => "set this machine's clock",
        }
    }
}
