//! What a repair did, or would do, and what is left.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::format::{Checksum, ObjectName, RefName};
use crate::repo::Where;
use crate::workflow::CheckOutcome;

/// What a repair did, or would do.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RepairOutcome {
    /// Whether anything was changed.
    pub changed: bool,
    /// How many objects were wanted when it began.
    pub wanted: usize,
    /// The bundles that were read, in this order, and how many objects each brought.
    pub bundles: Vec<ReadBundle>,
    /// The objects that were brought.
    pub mended: Vec<Mended>,
    /// The objects that no bundle brought, and why not.
    pub left: Vec<Left>,
    /// The refs that could not be read, and point where the last bundle put them again.
    pub refs: BTreeMap<RefName, Checksum>,
    /// Whether a signed summary was put back.
    pub summary: bool,
    /// The static deltas that were damaged and were taken away: clients pull objects instead.
    pub deltas: Vec<String>,
    /// The commits that are whole and lost their mark of being partial.
    pub unmarked: Vec<Checksum>,
    /// The repository afterwards; in a dry run, as it is.
    pub check: CheckOutcome,
}

/// A bundle that was read.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ReadBundle {
    /// Its id.
    pub bundle: Checksum,
    /// How many objects it brought.
    pub brought: usize,
}

/// An object that was brought.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Mended {
    /// The object.
    pub object: ObjectName,
    /// Where it belongs, if that was known.
    pub place: Option<Where>,
    /// The bundle that brought it.
    pub bundle: Checksum,
}

/// An object that no bundle brought.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Left {
    /// The object.
    pub object: ObjectName,
    /// Where it belongs, if that is known.
    pub place: Option<Where>,
    /// The old files from which a bundle would make it, and which are themselves damaged or missing.
    pub sources: Vec<Checksum>,
    /// The bundles that may hold it, as the journal tells, the likeliest first.
    pub try_bundles: Vec<Checksum>,
}
