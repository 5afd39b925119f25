//! What can be wrong with the bytes of a static delta.

use thiserror::Error;

/// What is wrong with a superblock, a part or its operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DeltaFault {
    /// A variable-length integer runs past the end.
    #[error("a number is truncated")]
    NumberTruncated,
    /// A variable-length integer does not fit 64 bits.
    #[error("a number does not fit 64 bits")]
    NumberOverflow,
    /// A variable-length integer has a shorter spelling.
    #[error("a number is not in its shortest form")]
    NumberNotMinimal,
    /// A byte where an operation should be is none.
    #[error("unknown operation {0:#04x}")]
    UnknownOperation(u8),
    /// The superblock has no `ostree.endianness`, or one that is neither `l` nor `B`.
    #[error("the byte order is not marked")]
    Endianness,
    /// The superblock's commit does not have the digest that the superblock names.
    #[error("the embedded commit is not the one the delta leads to")]
    WrongCommit,
    /// The ancestors that travel along are not those of the commit.
    #[error("the history is not that of the commit")]
    BrokenHistory,
    /// The superblock names prerequisite deltas, which nothing ever wrote.
    #[error("the delta names prerequisite deltas")]
    Prerequisites,
    /// A part header's version is newer than 0.
    #[error("part version {0} is too new")]
    PartVersion(u32),
    /// The bytes of a part's object list are not a multiple of 33, or name a kind above 4.
    #[error("a part's list of objects is malformed")]
    ObjectList,
    /// A fallback entry is not a content object.
    #[error("a fallback entry is not a content object")]
    FallbackKind,
    /// There are more parts or fallbacks than the limit.
    #[error("over the limit of {limit} {what}")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
    /// The signed form does not begin with its magic, or holds no superblock.
    #[error("not a signed superblock")]
    SignedForm,
    /// A delta name is neither `<to>` nor `<from>-<to>`.
    #[error("not the name of a delta")]
    Name,
}
