//! Why a bundle cannot be read: each names the file, member, volume and bytes it is about.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::fault::{PackFault, TarFault, TreeFault, VolumeFault};
use crate::Class;
use crate::bundle::{MAX_TRUST_UPDATES, ManifestFault, MemberName};
use crate::format::{Checksum, FormatError};

/// Why a bundle cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system failed.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No file, directory or first volume has this name.
    #[error("there is no bundle at {}", path.display())]
    NotFound {
        /// The path that was given.
        path: PathBuf,
    },
    /// The file does not begin as a bundle does.
    #[error("{} is not a bundle", path.display())]
    NotABundle {
        /// The file.
        path: PathBuf,
    },
    /// The manifest or a signature file is larger than may be.
    #[error("{name} has {size} bytes, {limit} are allowed")]
    TooLarge {
        /// The member or file.
        name: String,
        /// What it has.
        size: u64,
        /// What it may have.
        limit: u64,
    },
    /// There are more trust updates than a bundle may carry.
    #[error("it carries more than {MAX_TRUST_UPDATES} trust updates")]
    TooManyTrustUpdates,
    /// A trust update is missing between others.
    #[error("trust update {found} stands after {after}")]
    TrustUpdateOrder {
        /// The version before.
        after: u64,
        /// The version that stands there.
        found: u64,
    },
    /// The manifest or its signatures are no text any more: what no digest is known of yet.
    #[error(
        "{name} is damaged: bytes {} to {} are not what stood there (in {}, from byte {offset})",
        bytes.start, bytes.end, path.display()
    )]
    Damaged {
        /// What should stand there.
        name: String,
        /// The bytes of it that are bad, or may be.
        bytes: Range<u64>,
        /// The file or volume.
        path: PathBuf,
        /// The offset of the first bad byte in it.
        offset: u64,
    },
    /// The manifest is not accepted.
    #[error("the manifest is not accepted")]
    Manifest(#[source] ManifestFault),
    /// The tar form is not what it must be.
    #[error("the archive is not in order at {name}: {fault}")]
    Tar {
        /// The member that should stand there.
        name: String,
        /// What is wrong.
        fault: TarFault,
    },
    /// The directory form is not what it must be.
    #[error("{}: {name} {fault}", root.display())]
    Tree {
        /// The directory.
        root: PathBuf,
        /// The entry beneath it.
        name: String,
        /// What is wrong.
        fault: TreeFault,
    },
    /// The tar form has not the length that the manifest says.
    #[error("{} has {actual} bytes, the manifest says {expected}", path.display())]
    Length {
        /// The file, or the volume.
        path: PathBuf,
        /// What the manifest says.
        expected: u64,
        /// What there is.
        actual: u64,
    },
    /// The volumes do not make one bundle.
    #[error(transparent)]
    Volume(VolumeFault),
    /// A chunk does not match its digest.
    #[error("{place} does not match its digest")]
    Chunk {
        /// Where it is.
        place: Place,
    },
    /// A member does not match its digest although its chunks do: the manifest contradicts itself.
    #[error("{member} does not match its digest, though its chunks match theirs")]
    MemberDigest {
        /// The member.
        member: MemberName,
    },
    /// The zstd frames of a member are broken, or want too large a window.
    #[error("{member} cannot be decompressed")]
    Decompress {
        /// The member.
        member: MemberName,
        /// What zstd said.
        source: io::Error,
    },
    /// A member does not unpack to the size that the manifest says.
    #[error("{member} does not unpack to the {expected} bytes that the manifest says")]
    Unpacked {
        /// The member.
        member: MemberName,
        /// What the manifest says.
        expected: u64,
    },
    /// A pack is not in order.
    #[error("{member} is not in order at byte {at}: {fault}")]
    Pack {
        /// The pack.
        member: Box<MemberName>,
        /// Where in the unpacked member.
        at: u64,
        /// What is wrong.
        fault: PackFault,
    },
    /// An object is not what it is named.
    #[error("{member}: object {name} is not accepted")]
    Object {
        /// The pack that holds it.
        member: Box<MemberName>,
        /// Its name.
        name: Checksum,
        /// What is wrong.
        source: FormatError,
    },
    /// An object's content has another checksum than its name.
    #[error("{member}: object {name} has the checksum {actual}")]
    ObjectChecksum {
        /// The pack that holds it.
        member: Box<MemberName>,
        /// Its name.
        name: Checksum,
        /// What its content says.
        actual: Checksum,
    },
}

/// Where on the medium something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The member.
    pub member: Box<MemberName>,
    /// The bytes of the member.
    pub bytes: Range<u64>,
    /// The files that hold these bytes, with the offset of the first one in the first file.
    pub files: Vec<PathBuf>,
    /// The offset of the first byte in the first of `files`.
    pub offset: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, bytes {} to {}",
            self.member, self.bytes.start, self.bytes.end
        )?;
        for (i, file) in self.files.iter().enumerate() {
            let joint = if i == 0 { " (in " } else { " and " };
            write!(f, "{joint}{}", file.display())?;
        }
        if self.files.is_empty() {
            Ok(())
        } else {
            write!(f, ", from byte {})", self.offset)
        }
    }
}

impl ReadError {
    /// Returns what kind of failure this is.
    pub fn class(&self) -> Class {
        match self {
            ReadError::Io { .. } => Class::System,
            ReadError::NotFound { .. } | ReadError::Volume(VolumeFault::Missing { .. }) => {
                Class::NotFound
            }
            ReadError::Volume(VolumeFault::Another { .. }) => Class::Usage,
            ReadError::Manifest(fault) => fault.class(),
            _ => Class::Corrupt,
        }
    }

    /// Says that the system refused something about `path`.
    pub(super) fn io(path: &Path, source: impl Into<io::Error>) -> Self {
        ReadError::Io {
            path: path.to_owned(),
            source: source.into(),
        }
    }

    /// Says that the tar form is not in order where member `name` should stand.
    pub(super) fn tar(name: impl fmt::Display, fault: TarFault) -> Self {
        ReadError::Tar {
            name: name.to_string(),
            fault,
        }
    }
}

impl From<ReadError> for io::Error {
    /// Carries the error through a [`Read`](io::Read); `ReadError::from_stream` takes it out again.
    fn from(error: ReadError) -> Self {
        io::Error::other(error)
    }
}

impl ReadError {
    /// Takes out an error that came through a reader; what is not ours came from zstd.
    pub(super) fn from_stream(error: io::Error, member: MemberName) -> Self {
        match error.downcast::<ReadError>() {
            Ok(error) => error,
            Err(source) => ReadError::Decompress { member, source },
        }
    }
}
