//! What a repository holds, and under which names.
//!
//! ```text
//! objects/ab/cdef….dirtree
//!         ^^ ^^^^^ ^^^^^^^
//!         checksum extension of the kind; a `file` is `.filez` in archive repositories
//! ```

use std::{fmt, str::FromStr};

use serde::Serialize;

use super::{Checksum, FormatError};

/// The kinds of object, with the numbers that deltas and indexes give them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum ObjectKind {
    /// A regular file or symlink with its owner, mode and xattrs.
    File = 1,
    /// The names in a directory.
    DirTree = 2,
    /// The owner, mode and xattrs of a directory.
    DirMeta = 3,
    /// A root directory, its history and what is said about it.
    Commit = 4,
    /// What is left of a deleted commit; not named by its own checksum.
    TombstoneCommit = 5,
    /// The signatures of a commit; named by the commit, and the only object that changes.
    CommitMeta = 6,
    /// A symlink from the checksum of bare content to its file.
    PayloadLink = 7,
    /// The xattrs of files, in bare-split-xattrs repositories.
    FileXattrs = 8,
    /// A hard link from a file to its xattrs, in bare-split-xattrs repositories.
    FileXattrsLink = 9,
}

impl ObjectKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [ObjectKind; 9] = [
        ObjectKind::File,
        ObjectKind::DirTree,
        ObjectKind::DirMeta,
        ObjectKind::Commit,
        ObjectKind::TombstoneCommit,
        ObjectKind::CommitMeta,
        ObjectKind::PayloadLink,
        ObjectKind::FileXattrs,
        ObjectKind::FileXattrsLink,
    ];

    /// Returns the number of this kind.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// Finds the kind with a number.
    pub fn from_code(code: u8) -> Result<ObjectKind, FormatError> {
        let kind = usize::from(code)
            .checked_sub(1)
            .and_then(|i| ObjectKind::ALL.get(i));
        kind.copied().ok_or(FormatError::ObjectKind(code.into()))
    }

    /// Returns the word after the dot; archive repositories write `filez` for `file`.
    pub fn extension(self) -> &'static str {
        match self {
            ObjectKind::File => "file",
            ObjectKind::DirTree => "dirtree",
            ObjectKind::DirMeta => "dirmeta",
            ObjectKind::Commit => "commit",
            ObjectKind::TombstoneCommit => "tombstone-commit",
            ObjectKind::CommitMeta => "commitmeta",
            ObjectKind::PayloadLink => "payload-link",
            ObjectKind::FileXattrs => "file-xattrs",
            ObjectKind::FileXattrsLink => "file-xattrs-link",
        }
    }

    /// Finds the kind with an extension.
    pub fn from_extension(extension: &str) -> Option<ObjectKind> {
        ObjectKind::ALL
            .into_iter()
            .find(|kind| kind.extension() == extension)
    }

    /// Tells whether the object is one GVariant, read and checked as a whole.
    pub fn is_metadata(self) -> bool {
        use ObjectKind::{Commit, CommitMeta, DirMeta, DirTree, TombstoneCommit};
        matches!(
            self,
            DirTree | DirMeta | Commit | TombstoneCommit | CommitMeta
        )
    }

    /// Tells whether the name is the SHA-256 of what is in the object.
    ///
    /// Only such kinds may stand in a delta.
    pub fn is_named_by_content(self) -> bool {
        self.code() <= ObjectKind::Commit.code()
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.extension())
    }
}

/// The name of one object in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// The checksum part.
    pub checksum: Checksum,
    /// What kind of object it is.
    pub kind: ObjectKind,
}

impl ObjectName {
    /// Names an object.
    pub const fn new(checksum: Checksum, kind: ObjectKind) -> ObjectName {
        ObjectName { checksum, kind }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.checksum, self.kind)
    }
}

impl FromStr for ObjectName {
    type Err = FormatError;

    fn from_str(text: &str) -> Result<ObjectName, FormatError> {
        let wrong = || FormatError::ObjectName(text.to_owned());
        let (checksum, extension) = text.split_once('.').ok_or_else(wrong)?;
        let kind = ObjectKind::from_extension(extension).ok_or_else(wrong)?;
        Ok(ObjectName::new(checksum.parse()?, kind))
    }
}

impl Serialize for ObjectName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_extensions_go_both_ways() {
        for kind in ObjectKind::ALL {
            assert_eq!(ObjectKind::from_code(kind.code()), Ok(kind));
            assert_eq!(ObjectKind::from_extension(kind.extension()), Some(kind));
            let name = ObjectName::new(Checksum::of(b"x"), kind);
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        for code in [0, 10, 255] {
            assert_eq!(
                ObjectKind::from_code(code),
                Err(FormatError::ObjectKind(code.into()))
            );
        }
    }

    #[test]
    fn only_the_first_four_kinds_are_named_by_content() {
        let named = ObjectKind::ALL
            .into_iter()
            .filter(|kind| kind.is_named_by_content());
        assert_eq!(
            named.map(ObjectKind::code).collect::<Vec<_>>(),
            [1, 2, 3, 4]
        );
    }
}
