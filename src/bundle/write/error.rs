//! What can go wrong while a bundle is written.

use std::io;
use std::path::{Path, PathBuf};

use crate::Class;
use crate::bundle::{ManifestFault, MemberName};
use crate::format::{Checksum, FormatError};
use crate::repo::RepoError;

/// A failure to write a bundle, or to find it on the medium as it was written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// An operation on a file failed.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A frame could not be compressed.
    #[error("cannot compress")]
    Compress(#[source] io::Error),
    /// The repository could not give an object.
    #[error("cannot read object {object} from the repository")]
    Repo {
        /// The object.
        object: Checksum,
        /// What the repository said.
        #[source]
        source: Box<RepoError>,
    },
    /// An object could not be read to its end.
    #[error("cannot read object {object} from the repository")]
    ReadObject {
        /// The object.
        object: Checksum,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// An object is malformed.
    #[error("object {object} is damaged in the repository")]
    BadObject {
        /// The object.
        object: Checksum,
        /// What is wrong with it.
        #[source]
        source: FormatError,
    },
    /// An object is not the one that its name says.
    #[error("object {object} is damaged in the repository: its content has the checksum {found}")]
    WrongObject {
        /// The object.
        object: Checksum,
        /// What its content hashes to.
        found: Checksum,
    },
    /// An object changed while it was read.
    #[error("object {object} changed while it was read")]
    ObjectChanged {
        /// The object.
        object: Checksum,
    },
    /// An object is larger than a tar entry can be.
    #[error("object {object} has {size} bytes, more than a pack can hold of one object")]
    ObjectTooLarge {
        /// The object.
        object: Checksum,
        /// Its stored size.
        size: u64,
    },
    /// A member would need more pieces, or more bytes, than the format has.
    #[error("{member} would be larger than a bundle member can be")]
    MemberTooLarge {
        /// The member.
        member: MemberName,
    },
    /// The manifest would not be accepted by a reader.
    #[error("the manifest would not be accepted")]
    Manifest(#[source] ManifestFault),
    /// Manifest or signatures outgrew the room kept for them at the front.
    #[error("{name} has {size} bytes, and {room} were kept for it")]
    FrontTooLarge {
        /// Which of the two.
        name: &'static str,
        /// Its size.
        size: u64,
        /// The room that was kept.
        room: u64,
    },
    /// The target exists already.
    #[error("{} exists already", path.display())]
    TargetExists {
        /// The target.
        path: PathBuf,
    },
    /// Another export writes to the same target.
    #[error("another export is writing {}", path.display())]
    TargetBusy {
        /// The unfinished file.
        path: PathBuf,
    },
    /// The first volume could not hold manifest and signatures.
    #[error("the first volume must hold at least {needed} bytes, and volumes have {split}")]
    VolumeTooSmall {
        /// The size of a volume.
        split: u64,
        /// What manifest and signatures take.
        needed: u64,
    },
    /// The target is cut into more volumes than their names can number.
    #[error("volumes of {split} bytes are too small for this bundle")]
    TooManyVolumes {
        /// The size of a volume.
        split: u64,
    },
    /// The medium has too little room.
    #[error(
        "{} has room for {available} bytes, and the bundle may need {needed}",
        path.display()
    )]
    NoSpace {
        /// The target directory.
        path: PathBuf,
        /// How much the bundle may need.
        needed: u64,
        /// How much there is.
        available: u64,
    },
    /// What stands on the medium differs from what was written.
    #[error(
        "{member} differs on the medium from what was written, within its bytes {start} to {end}"
    )]
    ReadBack {
        /// The member that differs.
        member: String,
        /// The first byte of the chunk that differs.
        start: u64,
        /// One past the last byte of that chunk.
        end: u64,
    },
    /// What stands around a member differs from what was written.
    #[error("what stands around {member} differs on the medium from what was written")]
    ReadBackFrame {
        /// The member before or after which the difference lies.
        member: String,
    },
}

impl WriteError {
    /// Wraps what the system said about `path`.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WriteError {
        move |source| WriteError::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// Returns what kind of failure this is.
    pub fn class(&self) -> Class {
        use WriteError as E;
        match self {
            E::ReadObject { source, .. } if is_content(source) => Class::Corrupt,
            E::Io { .. } | E::Compress(_) | E::ReadObject { .. } | E::NoSpace { .. } => {
                Class::System
            }
            E::Repo { source, .. } => source.class(),
            E::TargetExists { .. } | E::TooManyVolumes { .. } | E::VolumeTooSmall { .. } => {
                Class::Usage
            }
            E::TargetBusy { .. } | E::ObjectChanged { .. } => Class::Busy,
            E::BadObject { .. }
            | E::WrongObject { .. }
            | E::ReadBack { .. }
            | E::ReadBackFrame { .. } => Class::Corrupt,
            E::Manifest(_)
            | E::FrontTooLarge { .. }
            | E::ObjectTooLarge { .. }
            | E::MemberTooLarge { .. } => Class::Unsupported,
        }
    }
}

/// Tells a failure of what was read from a failure to read.
fn is_content(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}
