//! How the library speaks while it works: events, never words and never a terminal.

use serde::Serialize;

/// A stretch of work that takes long enough to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Following commits and trees to the objects they need.
    Walk,
    /// Reading a file tree or tar, hashing it, storing its objects.
    Commit,
    /// Copying objects from another repository.
    Copy,
    /// Making patches from old files.
    Patch,
    /// Reading, checking and packing objects into a bundle.
    Pack,
    /// Reading a finished bundle again, past the page cache.
    ReadBack,
    /// Checking a bundle's chunks and objects against their digests.
    Verify,
    /// Checking a bundle and staging its objects in a repository.
    Import,
    /// Making staged objects visible: sync, rename, refs, summary.
    Publish,
    /// Checking every object of a repository.
    Fsck,
}

/// What a stage counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Bytes read or written.
    Bytes,
    /// Objects of a repository.
    Objects,
}

/// One thing that happened, as told to an [`Observer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// A stage begins; `total` is in `unit`s, when it is known beforehand.
    Begin {
        /// The stage that begins.
        stage: Stage,
        /// How much there is to do, if known.
        total: Option<u64>,
        /// What is counted.
        unit: Unit,
    },
    /// A stage came further by `by` of its units.
    Advance {
        /// The stage that advances.
        stage: Stage,
        /// How far, in the stage's unit.
        by: u64,
    },
    /// A stage is over.
    End {
        /// The stage that ended.
        stage: Stage,
    },
}

/// Whoever wants to watch: a progress bar, a log, a test. Called from several threads.
pub trait Observer: Sync {
    /// Takes note of one event; must return quickly.
    fn event(&self, event: Event);
}

/// The observer that ignores everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _event: Event) {}
}
