//! Why a bundle cannot be read: each names the file, member, volume and bytes it is about.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::Class;
use crate::bundle::{ManifestFault, MemberName};
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
        member: MemberName,
        /// Where in the unpacked member.
        at: u64,
        /// What is wrong.
        fault: PackFault,
    },
    /// An object is not what it is named.
    #[error("{member}: object {name} is not accepted")]
    Object {
        /// The pack that holds it.
        member: MemberName,
        /// Its name.
        name: Checksum,
        /// What is wrong.
        source: FormatError,
    },
    /// An object's content has another checksum than its name.
    #[error("{member}: object {name} has the checksum {actual}")]
    ObjectChecksum {
        /// The pack that holds it.
        member: MemberName,
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
    pub member: MemberName,
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

/// What is wrong with a header or the space between members of a tar form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TarFault {
    /// The magic is not that of POSIX ustar.
    #[error("this is no ustar header")]
    NotUstar,
    /// The header's own checksum is wrong.
    #[error("the header's checksum is wrong")]
    Checksum,
    /// The member is a link, directory, device, extension header or sparse file.
    #[error("a member of type {:?}; only regular files are allowed", *.0 as char)]
    Type(u8),
    /// A link name, name prefix or trailing field is in use.
    #[error("a header field is in use that must be empty")]
    Extension,
    /// The name is empty or not plain ASCII.
    #[error("the name is not plain")]
    Name,
    /// The size is not an octal number.
    #[error("the size is not an octal number")]
    Size,
    /// Another member stands here.
    #[error("here stands {0:?}")]
    Stands(String),
    /// The header's size is not the manifest's.
    #[error("the header says {actual} bytes, the manifest {expected}")]
    OtherSize {
        /// What the manifest says.
        expected: u64,
        /// What the header says.
        actual: u64,
    },
    /// Padding is not zero.
    #[error("the padding is not zero")]
    Padding,
    /// The archive ends before all members were seen.
    #[error("the archive ends")]
    EndsEarly,
    /// The archive goes on after its last member.
    #[error("the two zero blocks that end an archive do not stand here")]
    NoEnd,
}

/// What is wrong with an entry of a directory form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeFault {
    /// The manifest names it and it is not there.
    #[error("is missing")]
    Missing,
    /// It is there and the manifest does not name it.
    #[error("is not part of the bundle")]
    Extra,
    /// It is a link, device or directory.
    #[error("is not a regular file")]
    NotAFile,
    /// Its size is not the manifest's.
    #[error("has {actual} bytes, the manifest says {expected}")]
    OtherSize {
        /// What the manifest says.
        expected: u64,
        /// What it has.
        actual: u64,
    },
}

/// Why volumes do not make one bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VolumeFault {
    /// A volume is not there.
    #[error("volume {number} of {of} is missing")]
    Missing {
        /// Which, from 1.
        number: usize,
        /// How many there are; 0 when the first volume, which says so, is the missing one.
        of: usize,
    },
    /// A file does not belong to this bundle.
    #[error("{} is no volume of this bundle", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Two files are the same volume.
    #[error("{} repeats {}", path.display(), first.display())]
    Repeated {
        /// The file.
        path: PathBuf,
        /// The file it repeats.
        first: PathBuf,
    },
    /// The first volume is so small that it does not hold the manifest and its signatures.
    #[error("{} does not hold the whole manifest", path.display())]
    Front {
        /// The first volume.
        path: PathBuf,
    },
}

/// What is wrong with a pack.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackFault {
    /// A header is not accepted.
    #[error("{0}")]
    Tar(TarFault),
    /// A name is not `objects/XX/YYY.filez`.
    #[error("{0:?} is not the name of a file object")]
    Name(String),
    /// Names are not sorted, or one is repeated.
    #[error("{0} is out of order or repeated")]
    Order(Checksum),
    /// There are not as many objects as the manifest says.
    #[error("it holds {actual} objects, the manifest says {expected}")]
    Count {
        /// What the manifest says.
        expected: u64,
        /// What there are.
        actual: u64,
    },
}

impl ReadError {
    /// Returns what kind of failure this is.
    pub fn class(&self) -> Class {
        match self {
            ReadError::Io { .. } => Class::System,
            ReadError::NotFound { .. } | ReadError::Volume(VolumeFault::Missing { .. }) => {
                Class::NotFound
            }
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
    /// Carries the error through a [`Read`](io::Read); [`ReadError::from_stream`] takes it out again.
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
