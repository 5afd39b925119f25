//! What can be wrong with a part's program: every reason an object is not made.

use crate::format::Checksum;
use thiserror::Error;

/// Why a part's operations do not make the object that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ApplyFault {
    /// The operations end before the object is complete.
    #[error("the operations end before it is complete")]
    Incomplete,
    /// An operation other than `R` follows the last object.
    #[error("an operation follows the last object")]
    AfterLast,
    /// `S` or `o` while an object is open.
    #[error("an object is begun while another is open")]
    AlreadyOpen,
    /// `w`, `B` or `c` while no object is open, or `o` for a metadata object.
    #[error("an operation for an open file, but none is open")]
    NotOpen,
    /// A range is not within the part's data blob.
    #[error("a range is outside the part's data")]
    BlobRange,
    /// An index is not within the table of modes.
    #[error("mode index {0} is outside the table")]
    ModeIndex(u64),
    /// An index is not within the table of extended attribute sets.
    #[error("extended attribute index {0} is outside the table")]
    XattrIndex(u64),
    /// `o` with the mode of a symbolic link, which has no content to write.
    #[error("a symbolic link is opened as a file")]
    OpenSymlink,
    /// A symbolic link's target is not UTF-8.
    #[error("the target of a symbolic link is not UTF-8")]
    LinkTarget,
    /// A range is not within the read source.
    #[error("a range is outside the old file {0}")]
    SourceRange(Checksum),
    /// `B` without a read source.
    #[error("a patch without an old file")]
    NoSource,
    /// `B` in a file that other operations write as well.
    #[error("a patch that does not make the whole file")]
    PartialPatch,
    /// The operations write more, or less, than the size given on opening.
    #[error("{written} bytes are written, {declared} were declared")]
    Size {
        /// The size given on opening.
        declared: u64,
        /// What the operations write.
        written: u64,
    },
    /// A patch ends before the file it makes is complete.
    #[error("the patch is truncated")]
    PatchTruncated,
    /// A patch's control numbers are negative, too large, or write past the end of the file.
    #[error("the patch has impossible control numbers")]
    PatchControl,
    /// The same data is used so often that a small part would be endless work.
    #[error("the same data is used over and over")]
    Repetitive,
    /// The objects are larger than the part's header says.
    #[error("the objects are larger than the {0} bytes that the part's header states")]
    MoreThanStated(u64),
    /// The object was made, and is another one.
    #[error("the result is {0}, another object")]
    WrongChecksum(Checksum),
}
