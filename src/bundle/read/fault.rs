//! What can be wrong with each of the things that a bundle is made of.

use std::ops::Range;
use std::path::PathBuf;

use crate::format::Checksum;

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
    /// A file has the name and the size of a volume, and other bytes.
    #[error(
        "{} is no volume of this bundle, or is damaged: bytes {} to {} are other ones",
        path.display(), bytes.start, bytes.end
    )]
    Differs {
        /// The file.
        path: PathBuf,
        /// The first of its bytes that were compared.
        bytes: Range<u64>,
    },
    /// Two files begin two bundles.
    #[error("{} is another bundle than {}", path.display(), first.display())]
    Another {
        /// The file.
        path: PathBuf,
        /// The bundle that was named before it.
        first: PathBuf,
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
