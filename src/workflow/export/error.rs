//! What can be wrong with the question that export was asked.

use std::path::PathBuf;

use crate::Class;
use crate::bundle::SiteName;
use crate::format::delta::MAX_HISTORY;
use crate::format::{Checksum, RefName};
use crate::workflow::carried::MAX_TREES;

/// Why an export makes no sense as it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Nobody said what the site has already.
    #[error("nothing says what the site has already of {name}")]
    NoBase {
        /// The ref.
        name: RefName,
        /// What the site probably has: what was exported last, or the release before.
        suggestion: Option<String>,
        /// The site that was named, for which nothing was exported before.
        site: Option<SiteName>,
    },
    /// None of the base commits belongs to the ref.
    #[error("none of the revisions given with --from is a commit of {name}")]
    ForeignBase {
        /// The ref.
        name: RefName,
    },
    /// The inventory is of a site that imports from another repository.
    #[error("site {site} does not import from this repository")]
    ForeignInventory {
        /// The site.
        site: SiteName,
    },
    /// The site has a commit that is not here to compare with.
    #[error("the site has commit {commit} as {name}, which is not here")]
    UnknownHead {
        /// The ref.
        name: RefName,
        /// What the site has.
        commit: Checksum,
    },
    /// A file cannot ride along.
    #[error("{} cannot be attached: {reason}", path.display())]
    Attachment {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// More ancestors are asked for than may travel.
    #[error("{asked} ancestors are more than the {MAX_HISTORY} that may travel")]
    History {
        /// How many were asked for.
        asked: usize,
    },
    /// A release to go back to belongs to none of the refs.
    #[error("{revision} is no earlier release of any ref that is exported")]
    ForeignReturn {
        /// What was given.
        revision: String,
    },
    /// The ref that may go back does not travel, or never had the number that it goes back from.
    #[error("there is no release of {name} here that takes a site back")]
    NothingToPermit {
        /// The ref.
        name: RefName,
    },
    /// No site could take in so many directories at once.
    #[error("with {name} the bundle would carry more than {} MiB of directories", MAX_TREES >> 20)]
    TooManyTrees {
        /// The ref that is one too many.
        name: RefName,
    },
    /// No ref was named.
    #[error("no ref was named")]
    NoRefs,
    /// A ref was named twice.
    #[error("{name} is named twice")]
    RefTwice {
        /// The ref.
        name: RefName,
    },
    /// A summary is to travel, and nobody signs it.
    #[error("a summary is to travel along, and no key signs it")]
    SummaryUnsigned,
    /// The compression level does not exist.
    #[error("{level} is no compression level")]
    Level {
        /// What was asked for.
        level: i32,
    },
    /// The bundle would expire before it is made.
    #[error("the bundle would have expired before it is made")]
    Expiry,
    /// The target's name has no end.
    #[error("the target has no file name")]
    NoName,
}

impl ExportError {
    /// Returns what kind of failure it is.
    pub fn class(&self) -> Class {
        Class::Usage
    }

    /// Returns what to do next, in one short sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            ExportError::NoBase { .. } => "add --from REV, or --full",
            ExportError::ForeignBase { .. } => {
                "add --from with a commit of that ref, or export it alone"
            }
            ExportError::ForeignInventory { .. } => "take the inventory of a site of this one",
            ExportError::UnknownHead { .. } => {
                "add --from with a release the site has had, or --full"
            }
            ExportError::Attachment { .. } => "attach a plain file under another name",
            ExportError::History { .. } => "ask for fewer",
            ExportError::ForeignReturn { .. } => "name one, as --may-return=REF^",
            ExportError::NothingToPermit { .. } => {
                "set the ref back first, and name what the site accepted last: REF=SEQUENCE"
            }
            ExportError::TooManyTrees { .. } => {
                "export fewer refs at a time, or name a later release with --from"
            }
            ExportError::NoRefs => "name a ref; `airlock refs` lists them",
            ExportError::RefTwice { .. } => "name it once",
            ExportError::SummaryUnsigned => "add --key FILE or --gpg-sign KEY-ID, or --no-summary",
            ExportError::Level { .. } => "choose a level from 1 to 19",
            ExportError::Expiry => "give --expires a longer time",
            ExportError::NoName => "name a file, or an existing directory",
        }
    }
}
