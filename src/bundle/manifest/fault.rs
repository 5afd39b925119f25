//! What can be wrong with a manifest.

use crate::Class;
use crate::bundle::MemberName;
use crate::format::RefName;

/// Why a manifest is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ManifestFault {
    /// More bytes than a manifest may have.
    #[error("it has {size} bytes, more than a manifest may have")]
    TooLarge {
        /// How many there are.
        size: u64,
    },
    /// It does not begin as a bundle manifest does.
    #[error("it does not begin as a bundle manifest does")]
    Prefix,
    /// It is a bundle manifest of a version this program does not know.
    #[error("it is of a format version this program does not know")]
    Version,
    /// It is not JSON, or not in the one spelling that is accepted.
    #[error("{reason} (line {line}, column {column})")]
    Json {
        /// What is wrong.
        reason: String,
        /// The line, from 1; 0 when unknown.
        line: usize,
        /// The column, from 1; 0 when unknown.
        column: usize,
    },
    /// Something other than newlines follows the last brace.
    #[error("something other than newlines follows the last brace")]
    Trailing,
    /// There is no release, or there are more than one bundle may carry.
    #[error("it lists {count} releases")]
    ReleaseCount {
        /// How many there are.
        count: usize,
    },
    /// A release contradicts itself or another part of the manifest.
    #[error("release {name}: {reason}")]
    Release {
        /// The ref of the release.
        name: RefName,
        /// What is wrong.
        reason: ReleaseFault,
    },
    /// A member stands where it must not, or one before it is missing.
    #[error("member {name} is out of order, or what must precede it is missing")]
    Order {
        /// The member.
        name: MemberName,
    },
    /// A member that must be there is not.
    #[error("the members end where {name} must follow")]
    MissingMember {
        /// The member.
        name: MemberName,
    },
    /// A member contradicts itself.
    #[error("member {name}: {reason}")]
    Member {
        /// The member.
        name: MemberName,
        /// What is wrong.
        reason: MemberFault,
    },
    /// A sequence number is given for a ref that the bundle does not speak of.
    #[error("a sequence number is given for {name}, which is not among refs-after")]
    Sequence {
        /// The ref.
        name: RefName,
    },
    /// The superblocks are larger, together, than what is kept of a bundle may be.
    #[error("its superblocks have {size} bytes together, more than there may be")]
    Superblocks {
        /// How many there are.
        size: u64,
    },
    /// There are more attachments than one bundle may carry.
    #[error("it lists {count} attachments")]
    Attachments {
        /// How many there are.
        count: usize,
    },
    /// A permission to go back names no commit, the same one twice, the new one, or too many; or a
    /// ref the bundle does not speak of.
    #[error("may-return is not in order for {name}")]
    MayReturn {
        /// The ref.
        name: RefName,
    },
    /// The permission to go back is not for a release of this bundle, or not from an earlier number.
    #[error("the permission to take {name} back does not fit the bundle's release of it")]
    Rollback {
        /// The ref.
        name: RefName,
    },
    /// It expires before it was created.
    #[error("it expires before it was created")]
    Expiry,
}

/// What can be wrong with one release of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseFault {
    /// Another release has the same ref.
    #[error("listed twice")]
    Twice,
    /// refs-after does not end at the release's commit.
    #[error("refs-after does not name its commit")]
    RefsAfter,
    /// There is no sequence number.
    #[error("has no sequence number")]
    Sequence,
    /// The commit needs itself, or names a base twice.
    #[error("its bases repeat, or contain the commit itself")]
    From,
    /// Too many alternatives for the base commit.
    #[error("has too many alternative bases")]
    ManyBases,
    /// Packs hold more objects than the release announces.
    #[error("its packs hold more objects than it announces")]
    Objects,
    /// The collection is not the repository's.
    #[error("its collection is not the repository's")]
    Collection,
}

/// What can be wrong with one member of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberFault {
    /// Empty, or larger than such a member may be.
    #[error("its size is outside what such a member may have")]
    Size,
    /// Not one digest for each chunk.
    #[error("its chunk digests do not match its size")]
    Chunks,
    /// Only one chunk, yet its digest is not the member's.
    #[error("the digest of its only chunk is not its own")]
    OneChunk,
    /// The unpacked size is missing where it must be, or is where it must not.
    #[error("its unpacked size is missing, out of place or too large")]
    Unpacked,
    /// The object count is missing where it must be, or is where it must not.
    #[error("its object count is missing, out of place or zero")]
    Objects,
    /// A piece that others follow is not full, or a cut member has only one.
    #[error("it is not cut where members are cut")]
    Piece,
}

impl ManifestFault {
    /// Wraps what the JSON reader said.
    pub(super) fn json(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let place = format!(" at line {line} column {column}");
        let reason = text.strip_suffix(&place).unwrap_or(&text).to_owned();
        ManifestFault::Json {
            reason,
            line,
            column,
        }
    }

    /// Returns what kind of failure this is.
    pub fn class(&self) -> Class {
        match self {
            ManifestFault::Version => Class::Unsupported,
            _ => Class::Corrupt,
        }
    }
}
