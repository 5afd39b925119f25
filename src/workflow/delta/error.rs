//! What can be wrong with a static delta on its own.

use std::io;
use std::path::PathBuf;

use crate::Class;
use crate::format::Checksum;
use crate::format::delta::DeltaName;

/// Why a static delta is not made, not applied, or not there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StaticDeltaError {
    /// A file of the delta cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It leads from a commit to the same commit.
    #[error("the delta would lead from {0} to itself")]
    Same(Checksum),
    /// The repository has no such delta.
    #[error("there is no static delta {0}")]
    Missing(DeltaName),
    /// Files are too large for a part, and a file is not accompanied by loose objects.
    #[error("{count} files are too large for a part, and would have to be fetched one by one")]
    TooLarge {
        /// How many.
        count: usize,
    },
    /// The parts do not fit into a superblock that clients fetch.
    #[error("its parts take more than {limit} bytes, and clients fetch no larger superblock")]
    TooMuchInline {
        /// How large a superblock may be.
        limit: u64,
    },
    /// The delta leaves objects out that the repository lacks.
    #[error("the delta leaves out {count} objects that are not here, {example} among them")]
    Fallbacks {
        /// How many.
        count: usize,
        /// One of them.
        example: Checksum,
    },
    /// The commit that it begins at is not here whole.
    #[error("the delta begins at commit {0}, which is not here, or not whole")]
    Base(Checksum),
}

impl StaticDeltaError {
    /// Returns what kind of failure it is.
    pub fn class(&self) -> Class {
        match self {
            StaticDeltaError::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => Class::NotFound,
                io::ErrorKind::FileTooLarge | io::ErrorKind::InvalidData => Class::Corrupt,
                _ => Class::System,
            },
            StaticDeltaError::Same(_) => Class::Usage,
            StaticDeltaError::Missing(_) | StaticDeltaError::Base(_) => Class::NotFound,
            StaticDeltaError::TooLarge { .. }
            | StaticDeltaError::TooMuchInline { .. }
            | StaticDeltaError::Fallbacks { .. } => Class::Unsupported,
        }
    }

    /// Returns what to do next, in one short sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            StaticDeltaError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "name a superblock, or the directory it is in"
            }
            StaticDeltaError::Io { .. } if self.class() == Class::Corrupt => {
                "make it anew, or copy it again from where it came"
            }
            StaticDeltaError::Io { .. } => "mend the machine or the medium, and run it again",
            StaticDeltaError::Same(_) => "name two commits, or --empty for a delta from nothing",
            StaticDeltaError::Missing(_) => "`airlock delta list` names those that are here",
            StaticDeltaError::TooLarge { .. } => {
                "make it in the repository, or carry a bundle: `airlock export`"
            }
            StaticDeltaError::TooMuchInline { .. } => "leave `--inline` out",
            StaticDeltaError::Fallbacks { .. } => "pull it over HTTP, or carry a bundle",
            StaticDeltaError::Base(_) => "bring that commit first",
        }
    }
}
