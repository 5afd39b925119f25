//! What can be wrong with a tree that is to be committed.

use std::io;
use std::path::PathBuf;

use crate::Class;
use crate::format::FormatError;

use super::exceptions::ListError;

/// Why a directory or tar cannot be committed.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The system refused.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A name that no tree can hold.
    #[error("{} cannot be part of a tree", path.display())]
    Name {
        /// The file or directory.
        path: PathBuf,
        /// What is wrong with it.
        source: FormatError,
    },
    /// A path that is not UTF-8.
    #[error("{} is not UTF-8", path.display())]
    NotUtf8 {
        /// The file or directory.
        path: PathBuf,
    },
    /// A device, fifo or socket.
    #[error("{} is neither a regular file nor a link nor a directory", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
    },
    /// A file stands where another tree has a directory, or the reverse.
    #[error("{name} is a file in one tree and a directory in another")]
    Conflict {
        /// The last element of the path.
        name: String,
    },
    /// A tar member's path leads upwards.
    #[error("{} has an element that leads upwards", path.display())]
    Upwards {
        /// The member.
        path: PathBuf,
    },
    /// A tar member's directory, or the file it is a hard link to, is not there.
    #[error("{} needs {missing}, which is not in the tar before it", path.display())]
    Absent {
        /// The member.
        path: PathBuf,
        /// What it needs.
        missing: String,
    },
    /// Nothing says whose the root directory is, and with which mode.
    #[error("there is no root directory in the tree")]
    NoRoot,
    /// A list of paths that cannot be used.
    #[error("the skip list or statoverride is not in order")]
    List(#[from] ListError),
    /// No kernel, or several, where one was to be named.
    #[error("usr/lib/modules has {found} kernels (VERSION/vmlinuz)")]
    Kernels {
        /// How many there are.
        found: usize,
    },
    /// A tar member in a form that is not understood.
    #[error("{} is stored as {form}", path.display())]
    Form {
        /// The member.
        path: PathBuf,
        /// What it is stored as.
        form: &'static str,
    },
}

impl SourceError {
    /// Returns the class of this failure.
    pub fn class(&self) -> Class {
        match self {
            SourceError::Read { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => Class::NotFound,
                io::ErrorKind::InvalidData
                | io::ErrorKind::InvalidInput
                | io::ErrorKind::UnexpectedEof => Class::Corrupt,
                _ => Class::System,
            },
            SourceError::Form { .. } => Class::Unsupported,
            _ => Class::Usage,
        }
    }
}
