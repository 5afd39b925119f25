//! What can go wrong with a repository.

use std::io;
use std::path::{Path, PathBuf};

use crate::Class;
use crate::format::{Checksum, FormatError, ObjectKind, ObjectName};

use super::keyfile::KeyFileError;
use super::mode::Mode;

/// Why a repository could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// The system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as a verb: "open", "write".
        action: &'static str,
        /// The file it was tried on.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no repository at this path.
    #[error("{} is not an OSTree repository", path.display())]
    NotARepository {
        /// The path that was given.
        path: PathBuf,
    },
    /// The repository exists already, in another mode.
    #[error("{} is a repository in mode {found} already, not {wanted}", path.display())]
    OtherMode {
        /// The repository.
        path: PathBuf,
        /// Its mode.
        found: Mode,
        /// The mode that was asked for.
        wanted: Mode,
    },
    /// The configuration says something impossible.
    #[error("the configuration {} is wrong", path.display())]
    Config {
        /// The configuration file.
        path: PathBuf,
        /// What is wrong with it.
        source: ConfigFault,
    },
    /// The configuration asks for what airlock does not do.
    #[error("{}: {key}={value} is not supported", path.display())]
    Unsupported {
        /// The configuration file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
    },
    /// The repository's mode cannot do what was asked.
    #[error("a repository in mode {mode} cannot {what}")]
    UnsupportedMode {
        /// The mode.
        mode: Mode,
        /// What was asked, as a verb.
        what: &'static str,
    },
    /// An object is not there.
    #[error("object {name} is missing")]
    ObjectMissing {
        /// The object.
        name: ObjectName,
    },
    /// An object is larger than anything of its kind may be.
    #[error("object {name} has {size} bytes, more than {limit}")]
    ObjectTooLarge {
        /// The object.
        name: ObjectName,
        /// Its size on disk.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// An object is not what its name says.
    #[error("object {name} is corrupt: its content is {actual}")]
    ObjectMismatch {
        /// The object.
        name: ObjectName,
        /// The checksum of what is there.
        actual: Checksum,
    },
    /// An object does not parse.
    #[error("object {name} is malformed")]
    ObjectMalformed {
        /// The object.
        name: ObjectName,
        /// What is wrong with it.
        source: FormatError,
    },
    /// A stored file is of a kind that its repository mode has no use for.
    #[error("object {name} is stored as something that is neither file nor link")]
    ObjectKind {
        /// The object.
        name: ObjectName,
    },
    /// A revision names nothing.
    #[error("no ref or commit {rev:?}")]
    RevMissing {
        /// The revision that was given.
        rev: String,
    },
    /// A prefix fits several commits.
    #[error("{rev:?} is short for several commits")]
    RevAmbiguous {
        /// The prefix that was given.
        rev: String,
    },
    /// A revision cannot be one.
    #[error("{rev:?} is no revision")]
    RevInvalid {
        /// The revision that was given.
        rev: String,
        /// What is wrong with it.
        source: FormatError,
    },
    /// `^` was asked of a commit that has no parent.
    #[error("commit {commit} has no parent")]
    NoParent {
        /// The commit.
        commit: Checksum,
    },
    /// A ref file holds no checksum, or an alias leads nowhere.
    #[error("the ref file {} holds no commit", path.display())]
    RefMalformed {
        /// The file.
        path: PathBuf,
    },
    /// One of airlock's own files in the repository is not as airlock writes it.
    #[error("{} is not as airlock wrote it", path.display())]
    ExtensionMalformed {
        /// The file.
        path: PathBuf,
    },
    /// A ref cannot be written because of another ref's name.
    #[error("the ref {} is in the way", path.display())]
    RefConflict {
        /// The directory or file in the way.
        path: PathBuf,
    },
    /// A file's content is not as long as was said.
    #[error("a file of {declared} bytes turned out to have {found}")]
    SizeMismatch {
        /// What was said.
        declared: u64,
        /// What there was; counting stops one byte after too many.
        found: u64,
    },
    /// Writing would use up the space that is to stay free.
    #[error("{needed} more bytes are needed, and {available} may be used")]
    NoSpace {
        /// How many bytes the next file needs.
        needed: u64,
        /// How many there are above the reserve.
        available: u64,
    },
    /// Hard links cannot lead to another file system.
    #[error("{} and {} are not on one file system", from.display(), to.display())]
    OtherFileSystem {
        /// The repository that has the objects.
        from: PathBuf,
        /// The repository that was to get links.
        to: PathBuf,
    },
    /// Directories are nested deeper than any path can be.
    #[error("directories are nested deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Somebody changed the repository after it was judged.
    #[error("{what} changed meanwhile")]
    Changed {
        /// What changed.
        what: String,
    },
    /// A change was begun that cannot be taken back, and not finished.
    #[error("the change was begun, and could not be finished")]
    Unfinished {
        /// What stopped it.
        source: Box<RepoError>,
    },
    /// Somebody else holds a lock.
    #[error("{} is locked by another process", path.display())]
    Busy {
        /// The lock file.
        path: PathBuf,
    },
}

/// What is wrong with a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigFault {
    /// The file does not parse.
    #[error("it does not parse")]
    Syntax(#[from] KeyFileError),
    /// The file is not UTF-8, or too long.
    #[error("it is no text")]
    NotText,
    /// A key is missing.
    #[error("{key} is missing")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// A value is of the wrong type or out of range.
    #[error("{key}={value} makes no sense")]
    Value {
        /// The key.
        key: &'static str,
        /// What stands there.
        value: String,
    },
}

impl RepoError {
    /// Makes it the reason why something that was begun is not finished.
    pub(in crate::repo) fn unfinished(self) -> RepoError {
        let source = Box::new(self);
        RepoError::Unfinished { source }
    }

    /// Tells whether the repository may be other than it was.
    pub fn is_unfinished(&self) -> bool {
        matches!(self, RepoError::Unfinished { .. })
    }

    /// Returns the class of this failure.
    pub fn class(&self) -> Class {
        match self {
            RepoError::Unfinished { source } => source.class(),
            RepoError::Io { .. } | RepoError::NoSpace { .. } => Class::System,
            RepoError::Config { .. }
            | RepoError::OtherMode { .. }
            | RepoError::OtherFileSystem { .. }
            | RepoError::RevAmbiguous { .. }
            | RepoError::RevInvalid { .. }
            | RepoError::RefConflict { .. } => Class::Usage,
            RepoError::NotARepository { .. }
            | RepoError::RevMissing { .. }
            | RepoError::NoParent { .. } => Class::NotFound,
            RepoError::Unsupported { .. } | RepoError::UnsupportedMode { .. } => Class::Unsupported,
            RepoError::ObjectMissing { name } if name.kind == ObjectKind::Commit => Class::NotFound,
            RepoError::ObjectMissing { .. }
            | RepoError::ObjectTooLarge { .. }
            | RepoError::ObjectMismatch { .. }
            | RepoError::SizeMismatch { .. }
            | RepoError::TooDeep { .. }
            | RepoError::ObjectMalformed { .. }
            | RepoError::ObjectKind { .. }
            | RepoError::RefMalformed { .. }
            | RepoError::ExtensionMalformed { .. } => Class::Corrupt,
            RepoError::Busy { .. } | RepoError::Changed { .. } => Class::Busy,
        }
    }
}

/// Puts what was tried, and on which file, to a system error.
pub(in crate::repo) trait Context<T> {
    /// Names the verb and the path.
    fn at(self, action: &'static str, path: impl AsRef<Path>) -> Result<T, RepoError>;
}

impl<T, E: Into<io::Error>> Context<T> for Result<T, E> {
    fn at(self, action: &'static str, path: impl AsRef<Path>) -> Result<T, RepoError> {
        self.map_err(|source| RepoError::Io {
            action,
            path: path.as_ref().to_owned(),
            source: source.into(),
        })
    }
}
