//! Everything that can be wrong with bytes or names.

use std::io;

use super::{delta::DeltaFault, gvariant::Fault, stored_xz::StoredXzFault};
use crate::Class;

/// Why bytes are not what they claim to be, or why a name cannot be one.
///
/// Each variant holds the facts; whoever knows the file or object at fault adds its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A type string is not one complete definite GVariant type.
    #[error("`{0}` is not a GVariant type")]
    Signature(String),
    /// A GVariant is not in normal form, so two readers could see two contents in it.
    #[error("not a GVariant of type `{signature}` in normal form: {fault}")]
    NotNormal {
        /// The type of the outermost value.
        signature: String,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A dictionary entry has another type than its key promises.
    #[error("`{key}` has type `{found}`, not `{expected}`")]
    EntryType {
        /// The key of the entry.
        key: String,
        /// The type the key promises.
        expected: &'static str,
        /// The type it has.
        found: String,
    },
    /// A checksum is not 32 bytes long.
    #[error("a checksum has {0} bytes, not 32")]
    ChecksumLength(usize),
    /// Text is not 64 lower-case hexadecimal digits.
    #[error("`{0}` is not a checksum of 64 lower-case hexadecimal digits")]
    ChecksumText(String),
    /// An object name is not `<checksum>.<kind>`.
    #[error("`{0}` is not an object name")]
    ObjectName(String),
    /// A number stands for no object kind, or for one that cannot stand there.
    #[error("{0} is not the number of an object kind")]
    ObjectKind(u32),
    /// There are more than there may be.
    #[error("{what}: {count}, more than the limit of {limit}")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A size is above the limit for its kind of thing.
    #[error("{what}: {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// Bytes end before the value does.
    #[error("{0} ends too early")]
    Truncated(&'static str),
    /// Names stand in the wrong order.
    #[error("{what}: `{name}` is out of order")]
    Unsorted {
        /// The list.
        what: &'static str,
        /// The first name that should have stood earlier.
        name: String,
    },
    /// A name occurs twice.
    #[error("{what}: `{name}` occurs twice")]
    Duplicate {
        /// The list.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A name that must not be there: empty, too long, `.`, `..`, or with a slash or NUL.
    #[error("{what}: `{name}` is not a possible name")]
    Name {
        /// The list.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A mode whose file type or other bits cannot stand there.
    #[error("{what}: mode {mode:o} is not possible")]
    Mode {
        /// The object.
        what: &'static str,
        /// The mode.
        mode: u32,
    },
    /// A field has a value that the format does not allow.
    #[error("{what}: {fault}")]
    Field {
        /// The value the field belongs to.
        what: &'static str,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A static delta, or a part of one, is malformed.
    #[error("static delta: {0}")]
    Delta(#[from] DeltaFault),
    /// A stored `.xz` stream is malformed.
    #[error("stored .xz stream: {0}")]
    StoredXz(#[from] StoredXzFault),
    /// A ref name, remote name or collection id does not follow its grammar.
    #[error("`{text}` is not a {what}")]
    Grammar {
        /// What it should have been.
        what: &'static str,
        /// The text.
        text: String,
    },
}

impl FormatError {
    /// Returns the class of this failure: names are the user's, everything else is corrupt data.
    pub fn class(&self) -> Class {
        match self {
            FormatError::Grammar { .. } => Class::Usage,
            _ => Class::Corrupt,
        }
    }
}

impl From<FormatError> for io::Error {
    /// Says what is wrong with bytes where reading them can fail for other reasons, too.
    fn from(error: FormatError) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, error)
    }
}
