//! Why a delta cannot be made or applied.

use std::io;

use super::ApplyFault;
use crate::{
    Class,
    format::{Checksum, FormatError, ObjectName, delta::DeltaFault, stored_xz::StoredXzFault},
    repo::RepoError,
};

/// Why a delta cannot be made or applied.
#[derive(Debug, thiserror::Error)]
pub enum DeltaError {
    /// A superblock, a payload or an object in it is malformed.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A part is not as long as its header says.
    #[error("a part has {found} bytes, its header says {declared}")]
    PartSize {
        /// What the header says.
        declared: u64,
        /// What there is.
        found: u64,
    },
    /// A part is not the one its header names.
    #[error("a part has the digest {found}, its header says {declared}")]
    PartChecksum {
        /// What the header says.
        declared: Checksum,
        /// What it is.
        found: Checksum,
    },
    /// A part's compression is none that stock readers know.
    #[error("a part's compression is {0:#04x}, neither none nor xz")]
    Compression(u8),
    /// A part's xz stream cannot be unpacked.
    #[error("a part's xz stream cannot be unpacked")]
    Xz(#[source] io::Error),
    /// A part of a bundle is compressed inside.
    #[error("a part is compressed by xz; in a bundle, xz only stores")]
    NotStored,
    /// A part, unpacked, is over the limit.
    #[error("a part unpacks to more than {limit} bytes")]
    PayloadTooLarge {
        /// The limit, [`super::MAX_PAYLOAD`].
        limit: u64,
    },
    /// A part's operations are at fault.
    #[error("a part's operations are wrong: {0}")]
    Program(ApplyFault),
    /// An object cannot be made by a part's operations, or read to be put into one.
    #[error("cannot make {object}")]
    Object {
        /// The object that was due.
        object: ObjectName,
        /// Why not.
        #[source]
        source: Box<DeltaError>,
    },
    /// A file is too large to travel in a part; packs have no such limit.
    #[error("{object} has {size} bytes, too many for a part")]
    FileTooLarge {
        /// The file.
        object: ObjectName,
        /// The length of its content.
        size: u64,
    },
    /// A patch was made, tried, and found not to make the file it was made for.
    #[error("its patch makes another file; this is a fault of airlock")]
    WrongPatch,
    /// Reading an old file, or what reads the new one, failed.
    #[error("reading or writing an object failed")]
    Io(#[from] io::Error),
    /// The repository failed.
    #[error(transparent)]
    Repo(#[from] RepoError),
}

impl DeltaError {
    /// Returns the class of this failure.
    pub fn class(&self) -> Class {
        match self {
            DeltaError::Object { source, .. } => source.class(),
            // What inflates an object reports what is wrong with its bytes as an I/O error.
            DeltaError::Io(error) if error.kind() == io::ErrorKind::InvalidData => Class::Corrupt,
            DeltaError::Io(_) | DeltaError::WrongPatch => Class::System,
            DeltaError::FileTooLarge { .. } => Class::Unsupported,
            DeltaError::Repo(error) => error.class(),
            _ => Class::Corrupt,
        }
    }
}

impl DeltaError {
    /// Names the object at which it happened.
    pub(super) fn at(object: ObjectName) -> impl FnOnce(DeltaError) -> DeltaError {
        move |source| DeltaError::Object {
            object,
            source: Box::new(source),
        }
    }
}

impl From<ApplyFault> for DeltaError {
    /// The sentence has the fault in it, so it is not its source as well.
    fn from(fault: ApplyFault) -> Self {
        DeltaError::Program(fault)
    }
}

impl From<DeltaFault> for DeltaError {
    fn from(fault: DeltaFault) -> DeltaError {
        DeltaError::Format(fault.into())
    }
}

impl From<StoredXzFault> for DeltaError {
    fn from(fault: StoredXzFault) -> DeltaError {
        DeltaError::Format(fault.into())
    }
}
